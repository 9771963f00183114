/* Every decision as a cell, symbol by time: its colour and sign say how it ended; a click asks why. */

import { h } from "../core/dom.js";
import * as f from "../core/format.js";

/** How each end is drawn: its class and its sign, so that colour is never alone. */
export const ENDS = {
  filled: ["end-filled", "●", "filled"],
  refused: ["end-refused", "×", "refused"],
  expired: ["end-expired", "○", "expired"],
  superseded: ["end-expired", "○", "superseded"],
  "in flight": ["end-flight", "◐", "in flight"],
  hold: ["end-hold", "", "held"],
  blocked: ["end-blocked", "·", "held by a gate"],
  absent: ["end-absent", "", "not decided"],
};

/** Gates that mean that nobody wanted to trade; every other one stood in somebody's way. */
const QUIET = new Set(["NO_VOTE", "WARMUP"]);

/** How one decision ended. `ends` maps decision ids to the end of a candidate. */
export function endOf(decision, ends) {
  if (!decision) return "absent";
  if (decision.disposition === "HOLD") return QUIET.has(decision.reason) ? "hold" : "blocked";
  return ends.get(decision.decision_id)?.ended ?? "in flight";
}

/** The ends of candidates by decision id; `ends` is what `/decisions/ends` lists. */
export const endsOf = (ends) => new Map((ends ?? []).map((each) => [each.decision_id, each]));

/**
 * `bars` are decision bars, the latest first; `choose(symbol, barClose)` is called for a cell;
 * `chosen` is `symbol barClose`.
 */
export function heat(bars, ends, { choose, chosen, keepFocus }) {
  const shown = [...bars].reverse();
  const symbols = [...new Set(bars.flatMap((bar) => bar.decisions.map((each) => each.symbol)))];
  const byBar = shown.map((bar) => new Map(bar.decisions.map((each) => [each.symbol, each])));
  const rows = symbols.map((symbol, row) =>
    h(
      "tr",
      { key: symbol },
      h("th", { scope: "row" }, f.short(symbol)),
      shown.map((bar, column) => {
        const decision = byBar[column].get(symbol);
        const isStop = keepFocus ? chosen === `${symbol} ${bar.bar_close}` : row === 0 && column === shown.length - 1;
        return cell(symbol, bar, decision, endOf(decision, ends), { choose, chosen, isStop, ends });
      }),
    ),
  );
  return h(
    "div",
    { class: "heat-scroll", key: "heat" },
    h(
      "table",
      { class: "heat", "aria-label": "Decisions by symbol and bar; arrow keys move, Enter asks why", onkeydown: walk },
      h("caption", { class: "unseen" }, "Decisions by symbol and bar"),
      h("thead", null, h("tr", null, h("th", { scope: "col" }, h("span", { class: "unseen" }, "Symbol")), shown.map((bar, at) => hour(bar, at)))),
      h("tbody", null, rows),
    ),
  );
}

function hour(bar, at) {
  const words = at % 6 === 0 ? bar.bar_close.slice(11, 16) : "";
  return h("th", { scope: "col", key: bar.bar_close, "aria-label": f.moment(bar.bar_close) }, words ? h("span", null, words) : null);
}

function cell(symbol, bar, decision, end, { choose, chosen, isStop, ends }) {
  const [kind, sign, words] = ENDS[end];
  if (!decision) return h("td", { class: kind, key: bar.bar_close });
  const code = ends.get(decision.decision_id)?.code ?? decision.reason;
  const title = `${f.short(symbol)} ${f.moment(bar.bar_close)}: ${words}${code ? `, ${f.words(code)}` : ""}`;
  const mine = `${symbol} ${bar.bar_close}`;
  return h(
    "td",
    { key: bar.bar_close },
    h(
      "button",
      {
        type: "button",
        class: `cell ${kind}`,
        title,
        "aria-label": title,
        "aria-pressed": String(chosen === mine),
        tabindex: isStop || chosen === mine ? "0" : "-1",
        onclick: () => choose(symbol, bar.bar_close),
      },
      sign,
    ),
  );
}

/** Arrow keys walk over the cells; only one of them is a stop for Tab. */
function walk(event) {
  const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
  const here = event.target.closest("td");
  if (!step || !here) return;
  const row = here.parentElement;
  const rows = [...row.parentElement.children];
  const next = rows[rows.indexOf(row) + step[0]]?.children[here.cellIndex + step[1]]?.querySelector("button");
  if (!next) return;
  event.preventDefault();
  event.target.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

/** What the colours mean. */
export function legend() {
  const shown = ["filled", "refused", "expired", "in flight", "blocked", "hold"];
  return h(
    "ul",
    { class: "legend" },
    shown.map((end) => h("li", null, h("span", { class: `cell ${ENDS[end][0]}`, "aria-hidden": "true" }, ENDS[end][1]), ENDS[end][2])),
  );
}
