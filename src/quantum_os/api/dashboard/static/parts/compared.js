/* Two recorded runs side by side: what they were told, what came of it, and where they first part. */

import { h } from "../core/dom.js";
import * as f from "../core/format.js";
import { empty, figure, figures, table } from "./panel.js";

const WRITTEN = {
  usd: (value, sign) => f.usd(value, { sign }),
  fraction: (value, sign) => f.percent(value, { sign }),
  probability: (value, sign) => f.percent(value, { sign }),
  count: (value, sign) => f.decimal(value, 0, sign),
};
const UNITS = { r: " R", hours: " h", days: " days", bps: " bp" };

/** Writes a figure in its unit. */
export function written(value, unit, sign = false) {
  if (f.unknown(value)) return f.decimal(null);
  return WRITTEN[unit]?.(value, sign) ?? `${f.decimal(value, unit === "r" ? 3 : 2, sign)}${UNITS[unit] ?? ""}`;
}

/** What `/runs/compare` found. */
export function compared(found) {
  return [
    figures(
      figure("A day, B less A", f.percent(found.paired.mean, { sign: true, digits: 3 }), { extra: doubt(found.paired) }),
      figure("Trades of both", f.count(found.trades_both), { extra: `only A ${f.count(found.trades_left_only)}, only B ${f.count(found.trades_right_only)}` }),
      figure("Decisions of both", f.count(found.decisions.decisions), { extra: parted(found.decisions) }),
    ),
    h("h3", null, "What they were told differently"),
    told(found.differences),
    h("h3", null, "What came of it"),
    table(
      "Figures of both runs",
      [
        { name: "Figure", cell: (row) => row.label },
        { name: "A", end: true, cell: (row) => written(row.left, row.unit) },
        { name: "B", end: true, cell: (row) => written(row.right, row.unit) },
        { name: "B less A", end: true, cell: (row) => written(row.change, row.unit, true) },
      ],
      found.figures,
      { rowKey: (row) => row.key },
    ),
  ];
}

function doubt({ days, interval, reason }) {
  if (!interval) return reason;
  const [low, high] = interval.map((value) => f.percent(value, { sign: true, digits: 3 }));
  return `95 %: ${low} to ${high}, of ${f.count(days)} days in common`;
}

function parted({ first }) {
  if (!first) return "all ended alike";
  const at = new Date(first.bar_close / 1e6).toISOString();
  return `first apart: ${f.short(first.symbol)} ${f.moment(at)}, A ${f.words(first.left.gate)}, B ${f.words(first.right.gate)}`;
}

function told(differences) {
  if (!differences.length) return empty("Nothing: configuration, data and code are the same.");
  return table(
    "What the runs were told differently",
    [
      { name: "What", cell: (row) => f.words(row.name) },
      { name: "Of", cell: (row) => row.kind },
      { name: "A", cell: (row) => h("code", { class: "cut" }, row.left || f.decimal(null)) },
      { name: "B", cell: (row) => h("code", { class: "cut" }, row.right || f.decimal(null)) },
    ],
    differences,
    { rowKey: (row) => `${row.kind} ${row.name}` },
  );
}
