/* The pieces that pages are made of: panels, figures, tables, chips, meters. */

import { h, s } from "../core/dom.js";
import "../core/fresh.js";

/** A titled part of a page; `answer` gives its source and age, and whether it is stale. */
export function panel(title, answer, body, { tools = [], kind = "", note = "" } = {}) {
  const id = `panel-${title.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}`;
  return h(
    "section",
    { class: `panel ${kind}`, "data-panel": true, "aria-labelledby": id, key: id },
    h("header", { class: "panel-head" }, h("h2", { id }, title), note ? h("p", { class: "note" }, note) : null, ...tools),
    h("div", { class: "panel-body" }, answer && !answer.body ? waiting(answer) : body()),
    answer ? h("footer", { class: "panel-foot" }, h("q-provenance", { model: answer })) : null,
  );
}

function waiting(answer) {
  return h("p", { class: "empty", role: answer.problem ? "alert" : null }, answer.problem ? `Unknown: ${answer.problem}.` : "Asking the fund…");
}

/** A number with its name; `extra` stands below it. */
export function figure(label, value, { tone = "", extra = null, hint = null } = {}) {
  return h(
    "div",
    { class: "figure", key: label },
    h("dt", hint ? { title: hint } : null, label),
    h("dd", { class: tone }, value, extra ? h("span", { class: "figure-extra" }, extra) : null),
  );
}

export const figures = (...items) => h("dl", { class: "figures" }, items);

/** A word on a coloured ground; never the colour alone. */
export const chip = (text, kind = "") => h("span", { class: `chip ${kind}` }, text);

export const empty = (text) => h("p", { class: "empty" }, text);

/**
 * A table that scrolls inside itself. `columns`: `{ name, cell(row), end, wide }`; `end` aligns
 * numbers to the right. `rowKey(row)` names a row, `chosen(row)` marks one, `open(row)` is its link.
 */
export function table(caption, columns, rows, { rowKey, chosen, none = "Nothing yet." } = {}) {
  if (!rows.length) return empty(none);
  const head = columns.map((column) => h("th", { scope: "col", class: column.end ? "end" : null }, column.name));
  const body = rows.map((row) =>
    h(
      "tr",
      { key: rowKey?.(row), "aria-current": chosen?.(row) ? "true" : null },
      columns.map((column, at) => cell(column, row, at)),
    ),
  );
  return h(
    "div",
    { class: "table-scroll", tabindex: "0", role: "region", "aria-label": caption, key: `table-${caption}` },
    h("table", null, h("caption", { class: "unseen" }, caption), h("thead", null, h("tr", null, head)), h("tbody", null, body)),
  );
}

function cell(column, row, at) {
  const classes = [column.end ? "end" : "", column.wide ? "wide" : "", column.tone?.(row) ?? ""].join(" ").trim();
  const attributes = classes ? { class: classes } : null;
  return at === 0 ? h("th", { scope: "row", ...attributes }, column.cell(row)) : h("td", attributes, column.cell(row));
}

/** How much of a limit is used, as a bar and in words. */
export function meter(label, value, limit, write, { hint = null } = {}) {
  const known = value !== null && value !== undefined && limit !== null && limit !== undefined;
  const share = known && limit ? Math.min(1, Math.max(0, value / limit)) : 0;
  const kind = !known ? "unknown" : share >= 1 ? "full" : share >= 0.8 ? "near" : "well";
  const words = known ? `${write(value)} of ${write(limit)}` : `${write(value)}, limit ${write(limit)}`;
  return h(
    "div",
    { class: `meter ${kind}`, key: label },
    h("span", { class: "meter-name", title: hint }, label),
    h("span", { class: "meter-words" }, words),
    s(
      "svg",
      { class: "meter-bar", viewBox: "0 0 100 4", preserveAspectRatio: "none", role: "img", "aria-label": `${label}: ${words}` },
      s("rect", { class: "meter-ground", width: 100, height: 4 }),
      s("rect", { class: "meter-fill", width: (share * 100).toFixed(1), height: 4 }),
    ),
  );
}

/** A bar that fills from the left; `words` say what it shows. */
export function gauge(part, words) {
  return s(
    "svg",
    { class: "meter-bar", viewBox: "0 0 100 4", preserveAspectRatio: "none", role: "img", "aria-label": words },
    s("rect", { class: "meter-ground", width: 100, height: 4 }),
    s("rect", { class: "meter-fill", width: (Math.min(1, Math.max(0, part)) * 100).toFixed(1), height: 4 }),
  );
}

/** A bar to the left or right of nothing, for values of either sign; `most` is a whole half. */
export function swing(value, most, words) {
  const share = most ? Math.max(-1, Math.min(1, Number(value) / most)) : 0;
  const width = Math.abs(share) * 50;
  return s(
    "svg",
    { class: "swing", viewBox: "0 0 100 8", preserveAspectRatio: "none", role: "img", "aria-label": words },
    s("rect", { class: "swing-ground", width: 100, height: 8 }),
    s("rect", { class: share >= 0 ? "swing-up" : "swing-down", x: share >= 0 ? 50 : 50 - width, width, height: 8 }),
    s("rect", { class: "swing-middle", x: 49.7, width: 0.6, height: 8 }),
  );
}

/** One choice out of a few; `choices`: `[value, words]`. */
export function choice(label, choices, value, choose) {
  return h(
    "div",
    { class: "choice", role: "group", "aria-label": label, key: `choice-${label}` },
    choices.map(([each, words]) =>
      h("button", { type: "button", "aria-pressed": String(each === value), onclick: () => choose(each) }, words),
    ),
  );
}
