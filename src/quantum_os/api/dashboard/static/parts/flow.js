/* What flows through the bus: each stream, who says it, who hears it, how much, how fast. */

import { h } from "../core/dom.js";
import * as f from "../core/format.js";
import { flowGraph } from "./flow_graph.js";
import { chip, gauge, panel, table } from "./panel.js";

const WINDOW_MS = 10_000;
const KEY = "Down an order's life: whole lines. Back up: dashed. The wider, the more a second; thin and grey: nothing in the last ten seconds. Beside each domain: what it hears a second, and its slowest timed call.";

/** The table of streams; `own` remembers earlier counts, from which the rates come. */
export function flowed(answer, lineup, own) {
  return panel(
    "What flows",
    answer,
    () => {
      const rates = ratesOf(answer, own);
      const says = saidBy(lineup.body?.modules ?? []);
      const rows = answer.body.streams.filter((row) => row.numbered > 0).sort((one, other) => (rates.get(other.stream) ?? 0) - (rates.get(one.stream) ?? 0) || other.numbered - one.numbered);
      const most = Math.max(1, ...rows.map((row) => rates.get(row.stream) ?? 0));
      const streams = table(
        "Streams",
        [
          { name: "Stream", cell: (row) => h("code", null, row.stream) },
          { name: "Said by", cell: (row) => sayers(says.get(row.stream)) },
          { name: "Heard by", cell: (row) => (row.heard_by.length ? h("span", { title: row.heard_by.join(", ") }, `${row.heard_by.length} module${row.heard_by.length > 1 ? "s" : ""}`) : "the journal only") },
          { name: "Numbered", end: true, cell: (row) => f.count(row.numbered) },
          { name: "Delivered", end: true, cell: (row) => f.count(row.delivered) },
          { name: "Dead letters", end: true, cell: (row) => (row.dead_lettered ? chip(f.count(row.dead_lettered), "bad") : "0") },
          { name: "A second", end: true, cell: (row) => (rates.has(row.stream) ? f.decimal(rates.get(row.stream), 1) : f.decimal(null)) },
          { name: "Rate", wide: true, cell: (row) => gauge((rates.get(row.stream) ?? 0) / most, `${row.stream}: ${f.decimal(rates.get(row.stream) ?? null, 1)} a second`) },
          { name: "Last", cell: (row) => f.moment(row.last_at) },
        ],
        rows,
        { rowKey: (row) => row.stream, none: "Nothing flowed yet." },
      );
      const graph = lineup.body ? flowGraph(answer.body, lineup.body.modules, rates) : null;
      return [graph, h("p", { class: "source" }, KEY), streams];
    },
    { kind: "tall", note: "Numbered = delivered + dead letters, always. Rates are over the last ten seconds." },
  );
}

/** Events a second, from the counts of this answer and of one about ten seconds older. */
function ratesOf(answer, own) {
  own.counts ??= [];
  if (own.counts.at(-1)?.at !== answer.receivedAt) {
    const counts = new Map(answer.body.streams.map((row) => [row.stream, row.numbered]));
    own.counts = [...own.counts.filter((each) => answer.receivedAt - each.at <= WINDOW_MS), { at: answer.receivedAt, counts }];
  }
  const [first, last] = [own.counts[0], own.counts.at(-1)];
  const spanS = (last.at - first.at) / 1000;
  if (spanS < 1) return new Map();
  return new Map([...last.counts].map(([stream, numbered]) => [stream, (numbered - (first.counts.get(stream) ?? 0)) / spanS]));
}

/** The first of those who say a stream, and how many more do. */
function sayers(names) {
  if (!names) return "an input";
  return h("span", { title: names.join(", ") }, names.length > 1 ? `${names[0]} and ${names.length - 1} more` : names[0]);
}

function saidBy(modules) {
  const found = new Map();
  for (const module of modules) for (const stream of module.says) found.set(stream, [...(found.get(stream) ?? []), module.name]);
  return found;
}
