/* One event whole: what the kernel knows of it, its fields, and the event that led to it. */

import { h } from "../core/dom.js";
import * as f from "../core/format.js";
import { empty, figure, figures, panel } from "./panel.js";

const DEPTH_OPEN = 2;

/** The inspector of one event; `answer` is that of `/journal/SEQ`. */
export function inspected(answer, seq) {
  return panel(`Event #${seq}`, null, () => {
    const told = answer.body;
    if (!told) return empty(answer.problem ? `Unknown: ${answer.problem}.` : "Asking the journal…");
    const led = (number, words) => (number ? h("a", { href: `#/system/event/${number}` }, `#${number}`) : words);
    return [
      figures(
        figure("Stream", told.stream, { tone: "code" }),
        figure("Said by", told.source, { tone: "code" }),
        figure("At", f.moment(told.at), { extra: `${f.clock(told.at)} UTC` }),
        figure("Caused by", led(told.cause, "an input"), { tone: "code" }),
        figure("Began with", told.trace === told.seq ? "itself" : led(told.trace, "itself"), { tone: "code" }),
      ),
      h("div", { class: "tree" }, branch(told.event, 0)),
      h("p", { class: "links" }, h("a", { href: `#/system/event/${told.seq - 1}` }, "the one before"), h("a", { href: `#/system/event/${told.seq + 1}` }, "the next one"), h("a", { href: `#/decisions/trace/${told.seq}` }, "its whole chain")),
    ];
  });
}

function branch(value, depth) {
  if (value === null) return h("span", { class: "leaf unknown" }, "unknown");
  if (typeof value !== "object") return h("span", { class: `leaf ${typeof value}` }, String(value));
  const entries = Object.entries(value);
  if (!entries.length) return h("span", { class: "leaf dim" }, "none");
  if (Array.isArray(value) && entries.every(([, each]) => each === null || typeof each !== "object")) {
    return h("span", { class: "leaf" }, value.map((each) => each ?? "unknown").join(", "));
  }
  const rows = h("dl", null, entries.map(([name, each]) => h("div", null, h("dt", null, Array.isArray(value) ? `${Number(name) + 1}` : name), h("dd", null, branch(each, depth + 1)))));
  if (depth === 0) return rows;
  return h("details", depth < DEPTH_OPEN && entries.length < 12 ? { open: true } : null, h("summary", null, `${entries.length} ${Array.isArray(value) ? "items" : "fields"}`), rows);
}
