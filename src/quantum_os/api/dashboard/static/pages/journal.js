/* Journal & Reports: every closed trade, what days and months came to, and the runs that were recorded. */

import { request } from "../core/api.js";
import { h } from "../core/dom.js";
import * as f from "../core/format.js";
import { may } from "../core/session.js";
import { compared } from "../parts/compared.js";
import { chip, empty, figure, figures, panel, swing, table } from "../parts/panel.js";

const TRADES = "/trades?limit=500";
const RUNS = "/runs?limit=500";
const comparison = ({ left, right }) => (left && right && left !== right ? `/runs/compare?left=${encodeURIComponent(left)}&right=${encodeURIComponent(right)}` : null);

export default {
  name: "journal",
  title: "Journal & Reports",
  sign: "M5 3h9a2 2 0 0 1 2 2v12H6a2 2 0 0 1-2-2V4a1 1 0 0 1 1-1zM7.500 7h5m-5 3h5m-5 3h3",
  place: 67,
  reads: ({ own }) => [
    { path: TRADES, wakes: ["trade.closed"] },
    { path: "/daily?limit=500", wakes: ["trade.closed"] },
    { path: "/monthly", wakes: ["trade.closed"] },
    { path: "/profit", wakes: ["trade.closed"] },
    { path: RUNS, every: 8 },
    ...(comparison(own) ? [{ path: comparison(own), every: 5 }] : []),
  ],
  view(page) {
    return [trades(page), h("div", { class: "columns even", key: "periods" }, months(page), days(page)), runs(page), beside(page)];
  },
};

const FILTERS = {
  symbol: ["Symbol", (event) => f.short(event.symbol)],
  side: ["Side", (event) => event.side.toLowerCase()],
  end: ["Result", (event) => (Number(event.net) > 0 ? "won" : "lost")],
  exit: ["Left by", (event) => f.words(event.exit_reason)],
};

function trades(page) {
  const answer = page.read(TRADES);
  const wanted = (page.own.only ??= {});
  return panel(
    "The trade journal",
    answer,
    () => {
      const all = answer.body.items;
      const shown = all.filter(({ event }) => Object.entries(FILTERS).every(([name, [, of]]) => !wanted[name] || of(event) === wanted[name]));
      return [h("div", { class: "filters" }, Object.keys(FILTERS).map((name) => filter(name, all, page))), summed(shown, all, page.read("/profit").body), list(shown)];
    },
    { kind: "tall" },
  );
}

function filter(name, all, page) {
  const [words, of] = FILTERS[name];
  const wanted = page.own.only;
  const choices = [...new Set([...all.map(({ event }) => of(event)), ...(wanted[name] ? [wanted[name]] : [])])].sort();
  const changed = (event) => {
    wanted[name] = event.target.value;
    page.redraw();
  };
  return h("label", { key: name }, h("span", null, words), h("select", { name, onchange: changed }, h("option", { value: "" }, "all"), choices.map((each) => h("option", { value: each, key: each }, each))));
}

/** What the trades that are shown came to; nothing is added up that is not listed. */
function summed(shown, all, profit) {
  const net = shown.reduce((sum, { event }) => sum + Number(event.net), 0);
  const won = shown.filter(({ event }) => Number(event.net) > 0).length;
  const rs = shown.map(({ event }) => event.r).filter((r) => r !== null);
  const beyond = profit && profit.trades > all.length ? ` (of ${f.count(profit.trades)}; older ones are in the journal)` : "";
  return figures(
    figure("Shown", f.count(shown.length), { extra: `of ${f.count(all.length)} trades${beyond}` }),
    figure("Net", shown.length ? f.usd(net, { sign: true }) : f.decimal(null), { tone: f.tone(net) }),
    figure("Won", shown.length ? f.percent(won / shown.length, { digits: 0 }) : f.decimal(null), { extra: `${f.count(won)} of ${f.count(shown.length)}` }),
    figure("Mean R", rs.length ? f.multiple(rs.reduce((sum, r) => sum + r, 0) / rs.length) : f.decimal(null)),
  );
}

function list(shown) {
  const most = Math.max(1, ...shown.map(({ event }) => Math.abs(event.r ?? 0)));
  return table(
    "The trade journal",
    [
      { name: "Symbol", cell: ({ event }) => f.short(event.symbol) },
      { name: "Side", cell: ({ event }) => chip(event.side.toLowerCase(), event.side === "LONG" ? "long" : "short") },
      { name: "Opened", cell: ({ event }) => f.moment(event.opened_at) },
      { name: "Closed", cell: ({ event }) => f.moment(event.closed_at) },
      { name: "Held", end: true, cell: ({ event }) => f.duration(event.hold_s) },
      { name: "In", end: true, cell: ({ event }) => f.price(event.entry_price) },
      { name: "Out", end: true, cell: ({ event }) => f.price(event.exit_price) },
      { name: "Left by", cell: ({ event }) => f.words(event.exit_reason) },
      { name: "Net", end: true, tone: ({ event }) => f.tone(event.net), cell: ({ event }) => f.usd(event.net, { sign: true }) },
      { name: "R", wide: true, cell: ({ event }) => swing(event.r ?? 0, most, f.multiple(event.r)) },
      { name: "", end: true, tone: ({ event }) => f.tone(event.r), cell: ({ event }) => f.multiple(event.r) },
      { name: "", cell: ({ seq, event }) => h("a", { href: `#/decisions/trace/${event.position_id}` }, "trace", h("span", { class: "unseen" }, ` of trade ${seq}`)) },
    ],
    shown,
    { rowKey: ({ seq }) => seq, none: "No closed trade is like that." },
  );
}

function months({ read }) {
  const answer = read("/monthly");
  return panel("By month", answer, () =>
    table(
      "Returns by month",
      [
        { name: "Month", cell: (row) => `${row.year}-${String(row.month).padStart(2, "0")}` },
        { name: "Days", end: true, cell: (row) => f.count(row.days) },
        { name: "Return", end: true, tone: (row) => f.tone(row.return_frac), cell: (row) => f.percent(row.return_frac, { sign: true }) },
      ],
      answer.body.months,
      { rowKey: (row) => `${row.year} ${row.month}`, none: "No day has ended yet." },
    ),
  );
}

function days({ read }) {
  const answer = read("/daily?limit=500");
  return panel(
    "By day",
    answer,
    () => {
      const most = Math.max(0.001, ...answer.body.days.map((row) => Math.abs(row.return_frac ?? 0)));
      return table(
        "Returns by day",
        [
          { name: "Day", cell: (row) => row.date },
          { name: "Equity", end: true, cell: (row) => f.usd(row.equity) },
          { name: "Loss · gain", wide: true, cell: (row) => swing(row.return_frac ?? 0, most, f.percent(row.return_frac, { sign: true })) },
          { name: "Return", end: true, tone: (row) => f.tone(row.return_frac), cell: (row) => f.percent(row.return_frac, { sign: true }) },
        ],
        answer.body.days,
        { rowKey: (row) => row.date, none: "No day has ended yet." },
      );
    },
    { kind: "tall" },
  );
}

function runs(page) {
  const answer = page.read(RUNS);
  return panel(
    "Recorded runs",
    may("analyst") ? answer : null,
    () => {
      if (!may("analyst")) return empty("To see recorded runs needs the role analyst.");
      const { runs: found, unreadable, unfinished, where } = answer.body;
      return [
        page.own.trouble ? h("p", { class: "warn-text", role: "alert" }, page.own.trouble) : null,
        h("p", { class: "dim" }, `In the folder ${where}.`),
        table(
          "Recorded runs",
          [
            { name: "Run", cell: (row) => row.name },
            { name: "Compare", cell: (row) => [pick("left", "A", row, page), " ", pick("right", "B", row, page)] },
            { name: "Report", cell: (row) => (row.has_report ? h("button", { type: "button", class: "act small", onclick: () => openReport(row.name, page) }, "Open", h("span", { class: "unseen" }, ` the report of ${row.name}`)) : h("span", { class: "dim" }, "not made")) },
            { name: "Profile", cell: ({ result }) => result.profile },
            { name: "Span", cell: ({ result }) => `${String(result.start).slice(0, 10)} to ${String(result.end).slice(0, 10)}` },
            { name: "Trades", end: true, cell: ({ result }) => f.count(result.trades) },
            { name: "Closed, net", end: true, tone: ({ result }) => f.tone(result.net_pnl), cell: ({ result }) => f.usd(result.net_pnl, { sign: true }) },
            { name: "Deepest fall", end: true, cell: ({ result }) => f.percent(result.max_drawdown) },
            { name: "Sharpe", end: true, cell: ({ result }) => f.decimal(result.sharpe) },
          ],
          found,
          { rowKey: (row) => row.name, none: `No run lies in ${where}: quantum-os backtest --out ${where}/NAME records one.` },
        ),
        unfinished.length ? h("p", { class: "dim" }, `Not ended: ${unfinished.join(", ")}.`) : null,
        unreadable.length ? h("p", { class: "dim" }, `Not readable: ${unreadable.join(", ")}.`) : null,
      ];
    },
    { note: "Choose A and B to compare two. quantum-os report makes a report.", kind: "tall" },
  );
}

function pick(which, sign, row, page) {
  const chosen = page.own[which] === row.name;
  const choose = () => {
    page.own[which] = chosen ? null : row.name;
    page.rewatch();
    page.redraw();
  };
  return h("button", { type: "button", class: `act small${chosen ? " solid" : ""}`, "aria-pressed": String(chosen), onclick: choose }, sign, h("span", { class: "unseen" }, ` is ${row.name}`));
}

/** A page opens without a token: it is asked for a word that is good once. */
async function openReport(run, page) {
  page.own.trouble = null;
  try {
    const { body } = await request("POST", "/report", { run }, "/dashboard");
    open(body.path, "_blank", "noopener");
  } catch (error) {
    page.own.trouble = `The report of ${run} cannot be opened: ${error.message}.`;
  }
  page.redraw();
}

function beside(page) {
  const path = comparison(page.own);
  if (!path) return null;
  const { left, right } = page.own;
  return panel(`A: ${left}, B: ${right}`, null, () => {
    const answer = page.read(path);
    if (!answer.body) return empty(answer.problem ? `Not yet: ${answer.problem}.` : "Both runs are being read…");
    return compared(answer.body);
  });
}
