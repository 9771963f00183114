/* Orders & fills: what works at the venue, what became of it, and each trade that ended. */

import { h } from "../core/dom.js";
import * as f from "../core/format.js";
import { chip, choice, figure, figures, panel, swing, table } from "../parts/panel.js";

const ORDERS = ["order.requested", "order.updated", "fill"];

export default {
  name: "orders",
  title: "Orders & fills",
  icon: "orders",
  place: 50,
  reads: () => [
    { path: "/orders", wakes: ORDERS },
    { path: "/orders/history?limit=150", wakes: ORDERS },
    { path: "/trades?limit=100", wakes: ["trade.closed"] },
    { path: "/profit", wakes: ["trade.closed"] },
    { path: "/performance", wakes: ["trade.closed"] },
  ],
  view(page) {
    return [came(page), working(page), h("div", { class: "columns wide-left", key: "trades" }, trades(page), symbols(page)), past(page)];
  },
};

function came({ read }) {
  const answer = read("/profit");
  return panel("What closed trades came to", answer, () => {
    const profit = answer.body;
    const costs = Number(profit.fees) - Number(profit.funding);
    return figures(
      figure("Net", f.usd(profit.net, { sign: true }), { tone: `large ${f.tone(profit.net)}` }),
      figure("Before costs", f.usd(profit.gross, { sign: true }), { tone: f.tone(profit.gross) }),
      figure("Fees", f.usd(-Number(profit.fees), { sign: true })),
      figure("Funding", f.usd(profit.funding, { sign: true })),
      figure("Costs of the gross", Number(profit.gross) > 0 ? f.percent(costs / Number(profit.gross), { digits: 0 }) : f.decimal(null), { extra: Number(profit.gross) > 0 ? null : "gross is not above 0" }),
      figure("Trades", f.count(profit.trades), { extra: `${f.count(profit.wins)} won, ${f.percent(profit.win_rate, { digits: 0 })}` }),
      figure("Left by", Object.entries(profit.exit_reasons).map(([name, times]) => `${f.words(name)} ${times}`).join(", ") || "no trade yet", { tone: "words" }),
    );
  });
}

function trades({ read }) {
  const answer = read("/trades?limit=100");
  return panel("Closed trades", answer, () => {
    const most = Math.max(1, ...answer.body.items.map(({ event }) => Math.abs(event.r ?? 0)));
    return table(
      "Closed trades",
      [
        { name: "Symbol", cell: ({ event }) => h("a", { href: `#/decisions/trace/${event.position_id}` }, f.short(event.symbol)) },
        { name: "Side", cell: ({ event }) => chip(event.side.toLowerCase(), event.side === "LONG" ? "long" : "short") },
        { name: "Closed", cell: ({ event }) => f.moment(event.closed_at) },
        { name: "Held", end: true, cell: ({ event }) => f.duration(event.hold_s) },
        { name: "In", end: true, cell: ({ event }) => f.price(event.entry_price) },
        { name: "Out", end: true, cell: ({ event }) => f.price(event.exit_price) },
        { name: "Left by", cell: ({ event }) => f.words(event.exit_reason) },
        { name: "Fees", end: true, cell: ({ event }) => f.usd(event.fees) },
        { name: "Net", end: true, tone: ({ event }) => f.tone(event.net), cell: ({ event }) => f.usd(event.net, { sign: true }) },
        { name: "R", wide: true, cell: ({ event }) => swing(event.r ?? 0, most, f.multiple(event.r)) },
        { name: "", end: true, tone: ({ event }) => f.tone(event.r), cell: ({ event }) => f.multiple(event.r) },
      ],
      answer.body.items,
      { rowKey: ({ seq }) => seq, none: "No trade was closed yet." },
    );
  }, { kind: "tall" });
}

function symbols({ read }) {
  const answer = read("/performance");
  return panel("By symbol", answer, () => {
    const most = Math.max(1, ...answer.body.pairs.map((pair) => Math.abs(Number(pair.net))));
    return table(
      "Net by symbol",
      [
        { name: "Symbol", cell: (pair) => f.short(pair.symbol) },
        { name: "Trades", end: true, cell: (pair) => `${pair.wins}/${pair.trades}` },
        { name: "Loss · gain", wide: true, cell: (pair) => swing(pair.net, most, `${f.short(pair.symbol)} ${f.usd(pair.net, { sign: true })} USD`) },
        { name: "Net", end: true, tone: (pair) => f.tone(pair.net), cell: (pair) => f.usd(pair.net, { sign: true }) },
      ],
      answer.body.pairs,
      { rowKey: (pair) => pair.symbol, none: "No trade was closed yet." },
    );
  });
}

function working({ read }) {
  const answer = read("/orders");
  return panel("Working orders", answer, () =>
    table(
      "Orders that have not ended",
      [
        { name: "Symbol", cell: (order) => f.short(order.symbol) },
        { name: "Leg", cell: (order) => chip(order.leg, order.leg === "stop" ? "stop" : order.leg === "entry" ? "long" : "target") },
        { name: "State", cell: (order) => f.words(order.state) },
        { name: "Quantity", end: true, cell: (order) => f.quantity(order.qty) },
        { name: "Filled", end: true, cell: (order) => f.quantity(order.filled) },
        { name: "Trigger", end: true, cell: (order) => f.price(order.trigger) },
        { name: "Since", cell: (order) => f.moment(order.created) },
        { name: "Client id", cell: (order) => h("code", null, order.client_id) },
      ],
      answer.body.orders,
      { rowKey: (order) => order.client_id, none: "No order works at the venue." },
    ),
  );
}

const KINDS = { all: () => true, fills: ({ stream }) => stream === "fill", requests: ({ stream }) => stream === "order.requested" };

function past(page) {
  const answer = page.read("/orders/history?limit=150");
  const only = page.own.only ?? "fills";
  const tool = choice("Shown", [["fills", "fills"], ["requests", "requests"], ["all", "all words"]], only, (each) => {
    page.own.only = each;
    page.redraw();
  });
  return panel(
    "What became of orders",
    answer,
    () =>
      table(
        "Requests, the venue's words and fills",
        [
          { name: "Symbol", cell: ({ event }) => f.short(event.symbol) },
          { name: "When", cell: ({ at }) => f.moment(at) },
          { name: "What", cell: ({ stream, event }) => (stream === "fill" ? chip("fill", "good") : stream === "order.requested" ? `asks ${event.leg}` : f.words(event.state)) },
          { name: "Side", cell: ({ event }) => f.words(event.side) },
          { name: "Quantity", end: true, cell: ({ event }) => f.quantity(event.qty ?? event.cum_qty) },
          { name: "Price", end: true, cell: ({ event }) => f.price(event.price ?? event.trigger ?? event.avg_price) },
          { name: "Fee", end: true, cell: ({ event }) => f.usd(event.fee, { digits: 4 }) },
          { name: "Liquidity", cell: ({ event }) => event.liquidity ?? event.reason ?? "" },
          { name: "Event", end: true, cell: ({ seq }) => h("a", { href: `#/system/event/${seq}` }, `#${seq}`) },
        ],
        answer.body.items.filter(KINDS[only]).slice(0, 60),
        { rowKey: ({ seq }) => seq, none: "Nothing was ordered yet." },
      ),
    { tools: [tool], kind: "tall" },
  );
}
