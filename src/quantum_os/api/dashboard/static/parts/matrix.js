/* How alike every two move, as a table whose cells are coloured by strength and say the number. */

import { h } from "../core/dom.js";
import * as f from "../core/format.js";

const STEPS = 5;

/** `rho[i][j]` in [-1, 1] or null; `count[i][j]` says how much each rests on. */
export function matrix({ symbols, rho, returns, caption }) {
  const rows = symbols.map((one, row) =>
    h(
      "tr",
      { key: one },
      h("th", { scope: "row" }, f.short(one)),
      symbols.map((other, column) => cell(one, other, rho[row][column], returns[row][column], row === column)),
    ),
  );
  return h(
    "div",
    { class: "table-scroll", tabindex: "0", role: "region", "aria-label": caption, key: "matrix" },
    h(
      "table",
      { class: "matrix" },
      h("caption", { class: "unseen" }, caption),
      h("thead", null, h("tr", null, h("th", { scope: "col" }, h("span", { class: "unseen" }, "Symbol")), symbols.map((symbol) => h("th", { scope: "col" }, f.short(symbol))))),
      h("tbody", null, rows),
    ),
  );
}

function cell(one, other, value, count, isSame) {
  const words = `${f.short(one)} and ${f.short(other)}: ${f.decimal(value)} over ${count} hours`;
  if (isSame) return h("td", { class: "self", title: f.short(one) }, "1");
  const strength = value === null ? "none" : `${value < 0 ? "against" : "with"}-${Math.min(STEPS, Math.ceil(Math.abs(value) * STEPS))}`;
  return h("td", { class: strength, title: words }, f.decimal(value));
}
