/* Overview: what the fund is worth, what it holds, what it last decided, and what wants an eye. */

import { h } from "../core/dom.js";
import * as f from "../core/format.js";
import { equity } from "../parts/equity.js";
import { endsOf, heat, legend } from "../parts/heat.js";
import { chip, empty, figure, figures, panel, swing, table } from "../parts/panel.js";

const MONEY = ["fill", "funding.paid", "account.updated", "market.klines", "market.opens"];
const BARS = 30;
const CURVE = "/equity?points=600";

export default {
  name: "overview",
  title: "Overview",
  place: 10,
  reads: () => [
    { path: "/balance", wakes: MONEY },
    { path: "/profit", wakes: ["trade.closed"] },
    { path: "/risk", wakes: ["account.updated", "portfolio.exposure_updated"] },
    { path: "/positions", wakes: [...MONEY, "position.updated", "stop.requested"] },
    { path: `/decisions?limit=${BARS}`, wakes: ["decision.summary"] },
    { path: "/intents?limit=1", wakes: ["trade.intent", "execution.result", "risk.refusal"] },
    { path: "/decisions/ends?limit=500", wakes: ["execution.result", "risk.refusal", "candidate.refused"] },
    { path: "/locks", wakes: ["safety.tripped", "safety.cleared"] },
    { path: "/incidents?limit=1", wakes: ["incident.opened", "incident.closed"] },
    { path: "/alerts?limit=20", wakes: ["alert.raised", "alert.resolved"] },
    { path: "/trades?limit=8", wakes: ["trade.closed"] },
    { path: CURVE },
    { path: "/health", wakes: ["module.state_changed", "storage.state"] },
  ],
  view({ read }) {
    return [
      h("div", { class: "columns" }, worth(read), curve(read)),
      h("div", { class: "columns even" }, held(read), eye(read)),
      decided(read),
      closed(read),
    ];
  },
};

function worth(read) {
  const answer = read("/balance");
  const profit = read("/profit").body;
  const risk = read("/risk").body;
  return panel(
    "The account",
    answer,
    () => {
      const account = answer.body;
      return figures(
        figure("Equity", f.usd(account.equity), { tone: "large", extra: `${f.usd(account.equity - account.deposits, { sign: true })} on the deposit (${f.percent(account.equity / account.deposits - 1, { sign: true })})` }),
        figure("Unrealised", f.usd(account.unrealised, { sign: true }), { tone: f.tone(account.unrealised) }),
        figure("Realised, net", f.usd(profit?.net, { sign: true }), { tone: f.tone(profit?.net), extra: profit ? `${f.count(profit.trades)} trades, ${f.percent(profit.win_rate, { digits: 0 })} won` : null }),
        figure("Fees and funding", f.usd(profit ? Number(profit.funding) - Number(profit.fees) : null, { sign: true })),
        figure("Drawdown", f.percent(account.drawdown), { extra: profit ? `deepest ${f.percent(profit.drawdown_max)}` : null }),
        figure("Margin used", f.usd(account.margin_used), { extra: `${f.usd(account.available)} available` }),
        figure("Heat", f.percent(risk?.heat), { hint: "What would be lost if every stop were hit, as a share of equity" }),
        figure("Gross leverage", risk?.exposure ? `${f.decimal(risk.exposure.gross_leverage)} ×` : f.decimal(null)),
      );
    },
    { kind: "narrow" },
  );
}

function curve(read) {
  const answer = read(CURVE);
  const deposits = read("/balance").body?.deposits;
  return panel(
    "Equity and how far under its peak",
    answer,
    () => {
      const points = answer.body.points.map((point) => ({ at: f.time(point.at), equity: Number(point.equity) }));
      if (points.length < 2) return empty("The account was marked less than twice yet.");
      const last = points.at(-1);
      const label = `Equity from ${f.usd(points[0].equity)} to ${f.usd(last.equity)} USD over the whole run`;
      return [
        equity({ points, base: Number(deposits) || null, label, height: 350 }),
        h("p", { class: "source" }, `${f.moment(answer.body.points[0].at)} to ${f.moment(answer.body.points.at(-1).at)} UTC · ${f.count(points.length)} of ${f.count(answer.body.marks)} marks, every peak and trough among them · dashed: deposits`),
      ];
    },
  );
}

function held(read) {
  const answer = read("/positions");
  return panel("Open positions", answer, () => {
    const rows = answer.body.positions;
    const most = Math.max(1, ...rows.map((row) => Math.abs(row.r_now ?? 0)));
    return table(
      "Open positions",
      [
        { name: "Symbol", cell: (row) => h("a", { href: `#/positions/${row.position_id}` }, f.short(row.symbol)) },
        { name: "Side", cell: (row) => chip(row.side.toLowerCase(), row.side === "LONG" ? "long" : "short") },
        { name: "R now", wide: true, cell: (row) => swing(row.r_now ?? 0, most, f.multiple(row.r_now)) },
        { name: "", end: true, cell: (row) => h("span", { class: f.tone(row.r_now) }, f.multiple(row.r_now)) },
        { name: "Unrealised", end: true, tone: (row) => f.tone(row.unrealised), cell: (row) => f.usd(row.unrealised, { sign: true }) },
        { name: "To the stop", end: true, cell: (row) => (row.stop === null ? chip("no stop", "bad") : f.percent(Math.abs(row.mark - row.stop) / row.mark)) },
      ],
      rows,
      { rowKey: (row) => row.position_id, none: "Nothing is held." },
    );
  });
}

/** What a person should look at; nothing is listed that is well. */
function eye(read) {
  const locks = read("/locks");
  const health = read("/health").body;
  const intents = read("/intents?limit=1").body;
  const alerts = open(read("/alerts?limit=20").body?.items ?? []);
  const items = [
    ...(locks.body?.locks ?? []).map((lock) => ["bad", `Latch ${f.words(lock.cause)} is closed`, `since ${f.moment(lock.since)}; way out: ${lock.way_out}`, "#/risk"]),
    ...(read("/incidents?limit=1").body?.open ?? []).map((each) => ["bad", `Invariant ${each.number} is broken: ${each.sentence}`, `${each.subject} ${each.values}, since ${f.moment(each.since)}`, "#/risk"]),
    ...(health && !health.ok ? [["bad", "Not everything runs", health.summary, "#/system"]] : []),
    ...(intents && intents.residual !== 0 ? [["bad", `${intents.residual} intents are not accounted for`, "the residual must be 0", "#/orders"]] : []),
    ...alerts.map(({ event }) => [event.severity === "info" ? "" : event.severity === "critical" ? "bad" : "warn", event.summary, `${event.rule}, since ${f.moment(event.since)}`, "#/system"]),
  ];
  return panel("What wants your eye", locks, () => {
    if (!items.length) return h("p", { class: "all-well" }, chip("all well", "good"), " No latch is closed, no invariant is broken, no alert is open, every module runs, and every intent is accounted for.");
    return h("ul", { class: "eye" }, items.slice(0, 8).map(([kind, words, more, href]) => h("li", { class: kind }, h("a", { href }, words), h("span", null, more))));
  });
}

/** Alerts that were raised and not resolved since; the latest first. */
function open(items) {
  const over = new Set();
  return items.filter(({ stream, event }) => {
    const isFirst = !over.has(event.key);
    over.add(event.key);
    return isFirst && stream === "alert.raised";
  });
}

function decided(read) {
  const answer = read(`/decisions?limit=${BARS}`);
  const ends = endsOf(read("/decisions/ends?limit=500").body?.ends);
  return panel(
    "The last decisions",
    answer,
    () => {
      if (!answer.body.bars.length) return empty("No decision bar has closed yet.");
      const choose = (symbol, at) => (location.hash = `#/decisions/${encodeURIComponent(symbol)}/${encodeURIComponent(at)}`);
      return [heat(answer.body.bars, ends, { choose, chosen: "" }), legend()];
    },
    { note: "Choose a cell to ask why." },
  );
}

function closed(read) {
  const answer = read("/trades?limit=8");
  return panel("The last trades", answer, () =>
    table(
      "The last closed trades",
      [
        { name: "Symbol", cell: ({ event }) => f.short(event.symbol) },
        { name: "Side", cell: ({ event }) => chip(event.side.toLowerCase(), event.side === "LONG" ? "long" : "short") },
        { name: "Closed", cell: ({ event }) => f.moment(event.closed_at) },
        { name: "Held", end: true, cell: ({ event }) => f.duration(event.hold_s) },
        { name: "Left by", cell: ({ event }) => f.words(event.exit_reason) },
        { name: "Net", end: true, tone: ({ event }) => f.tone(event.net), cell: ({ event }) => f.usd(event.net, { sign: true }) },
        { name: "R", end: true, tone: ({ event }) => f.tone(event.r), cell: ({ event }) => f.multiple(event.r) },
      ],
      answer.body.items,
      { rowKey: ({ seq }) => seq, none: "No trade was closed yet." },
    ),
  );
}
