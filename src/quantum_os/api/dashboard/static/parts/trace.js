/* The chain of events behind an id, in words, from the bar to the closed trade. */

import { h } from "../core/dom.js";
import * as f from "../core/format.js";
import { chip, empty, panel } from "./panel.js";

const DETAILS_SHOWN = 6;

/** The trace of one id; `answer` is that of `/trace/ID`. */
export function traced(answer, id) {
  return panel(`What led to what: ${id}`, null, () => {
    const trace = answer.body;
    if (!trace) return empty(answer.problem ? `Unknown: ${answer.problem}.` : "Asking the journal…");
    return [
      h("p", { class: "verdict" }, trace.symbol ? h("strong", null, f.short(trace.symbol)) : null, " ", trace.disposition ? chip(f.words(trace.disposition)) : null, " ", `${trace.steps.length} steps${trace.left_out ? `, ${trace.left_out} more followed` : ""}`),
      h("ol", { class: "trace" }, trace.steps.map(stepped)),
      h("p", { class: "source" }, "read from the journal"),
    ];
  });
}

/** What an event held; more than a few lines are folded. */
function detailed(details) {
  if (!details.length) return null;
  const list = h("ul", { class: "details" }, details.map((detail) => h("li", null, detail)));
  if (details.length <= DETAILS_SHOWN) return list;
  return h("details", null, h("summary", null, `${details.length} particulars`), list);
}

function stepped(step) {
  return h(
    "li",
    { key: step.seq, class: step.is_asked ? "asked" : null },
    h("div", { class: "trace-head" }, h("time", null, f.moment(step.time)), h("span", { class: "dim" }, step.source), h("a", { href: `#/system/event/${step.seq}` }, `${step.stream} #${step.seq}`)),
    h("p", null, step.said),
    detailed(step.details),
  );
}
