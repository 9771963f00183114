/* Positions: what is held, how each stands between its stop and its targets, and the way out. */

import { actButton, closing } from "../core/acts.js";
import { h } from "../core/dom.js";
import * as f from "../core/format.js";
import { candles } from "../parts/candles.js";
import { barsOf, FRAMES, streamOf } from "../parts/bars.js";
import { chip, choice, empty, figure, figures, panel, swing, table } from "../parts/panel.js";

const MOVES = ["fill", "position.updated", "stop.requested", "order.updated", "market.klines", "market.opens"];

const BARS_MIN = 110;
const BARS_BEFORE = 14;

export default {
  name: "positions",
  title: "Positions",
  place: 20,
  reads: () => [
    { path: "/positions", wakes: MOVES },
    { path: "/orders", wakes: ["order.requested", "order.updated"] },
    { path: "/markets", wakes: ["market_data", "market.klines"] },
    { path: "/exits?limit=100", wakes: ["exit.intent", "stop.requested"] },
  ],
  view(page) {
    const answer = page.read("/positions");
    const rows = answer.body?.positions ?? [];
    const chosen = rows.find((row) => row.position_id === page.params[0]) ?? (page.params[0] ? null : rows[0]);
    return [listed(answer, rows, chosen, page), ...(chosen ? one(chosen, page) : []), ...(page.params[0] && answer.body && !chosen ? [gone(page)] : [])];
  },
};

function listed(answer, rows, chosen, page) {
  const most = Math.max(1, ...rows.map((row) => Math.abs(row.r_now ?? 0)));
  return panel("Open positions", answer, () =>
    table(
      "Open positions",
      [
        { name: "Symbol", cell: (row) => h("a", { href: `#/positions/${row.position_id}` }, f.short(row.symbol)) },
        { name: "Side", cell: (row) => h("span", null, chip(row.side.toLowerCase(), row.side === "LONG" ? "long" : "short"), ` ${row.leverage}×`) },
        { name: "Quantity", end: true, cell: (row) => f.quantity(row.qty) },
        { name: "Entry", end: true, cell: (row) => f.price(row.entry) },
        { name: "Mark", end: true, cell: (row) => f.price(row.mark) },
        { name: "Stop", end: true, cell: (row) => (row.stop === null ? chip("none rests", "bad") : f.price(row.stop)) },
        { name: "At risk", end: true, cell: (row) => f.usd(row.risk_to_stop) },
        { name: "R now", wide: true, cell: (row) => swing(row.r_now ?? 0, most, f.multiple(row.r_now)) },
        { name: "", end: true, tone: (row) => f.tone(row.r_now), cell: (row) => f.multiple(row.r_now) },
        { name: "Unrealised", end: true, tone: (row) => f.tone(row.unrealised), cell: (row) => f.usd(row.unrealised, { sign: true }) },
        { name: "Way out", cell: (row) => (row.closing ? chip(`closing: ${f.words(row.closing)}`, "warn") : actButton(closing(row, `${f.short(row.symbol)} ${row.side.toLowerCase()}`), page.acted, { small: true })) },
      ],
      rows,
      { rowKey: (row) => row.position_id, chosen: (row) => row === chosen, none: "Nothing is held. The fund waits for an edge after costs." },
    ),
  );
}

function gone(page) {
  return panel("Not open any more", null, () => h("p", null, "This position is closed. ", h("a", { href: `#/decisions/trace/${page.params[0]}` }, "Follow it from bar to exit"), "."));
}

function one(row, page) {
  const name = `${f.short(row.symbol)} ${row.side.toLowerCase()}`;
  return [h("div", { class: "columns wide-left", key: "one" }, charted(row, name, page), facts(row, page))];
}

function charted(row, name, page) {
  const venue = page.read("/markets").body?.venue;
  const frame = page.own.frame ?? "5m";
  const past = page.series(streamOf(frame), FRAMES[frame].limit);
  const bars = lived(barsOf(past.events, row.symbol, venue, frame), f.time(row.opened_at));
  const requested = page.series("order.requested", 500).events.map(({ event }) => event).filter((event) => event.position_id === row.position_id || event.intent_id === row.intent_id);
  const fills = page.series("fill", 500).events.map(({ event }) => event);
  const mine = new Map(requested.map((event) => [event.client_id, event]));
  const tool = choice("Bars", Object.keys(FRAMES).map((each) => [each, each]), frame, (each) => {
    page.own.frame = each;
    page.redraw();
  });
  return panel(
    `${name}: entry, stop path and targets`,
    page.read("/positions"),
    () => {
      if (!bars.length) return empty(past.problem ?? (past.isRead ? "No bar of this symbol is in the journal." : "Reading the journal…"));
      return candles({
        bars,
        marks: fills.filter((fill) => mine.has(fill.client_id)).map((fill) => markOf(fill, mine.get(fill.client_id))),
        stops: requested.filter((event) => event.leg === "stop").map((event) => ({ at: f.time(event.created), price: Number(event.trigger) })),
        levels: levelsOf(row, requested, page.read("/orders").body?.orders),
        height: 400,
        label: `${name}, entry ${f.price(row.entry)}, mark ${f.price(row.mark)}, stop ${f.price(row.stop)}`,
      });
    },
    { tools: [tool] },
  );
}

/** The bars since a little before the entry, and never only a few. */
function lived(bars, openedAt) {
  const first = bars.findIndex((bar) => bar.at >= openedAt);
  const since = first < 0 ? 0 : bars.length - first;
  return bars.slice(-Math.max(BARS_MIN, since + BARS_BEFORE));
}

function markOf(fill, order) {
  const kind = order.reduce_only ? "exit" : "entry";
  return { at: f.time(fill.venue_ts), price: Number(fill.price), side: fill.side, kind, words: `${order.leg} ${fill.side.toLowerCase()} ${f.quantity(fill.qty)} at ${f.price(fill.price)}` };
}

/** Entry, the stop that rests now, and the targets whose orders still work. */
function levelsOf(row, requested, working) {
  const open = new Set((working ?? []).map((order) => order.client_id));
  const targets = requested.filter((event) => /^tp/.test(event.leg) && open.has(event.client_id));
  return [
    { price: Number(row.entry), words: "entry", kind: "entry" },
    ...(row.stop === null ? [] : [{ price: Number(row.stop), words: "stop", kind: "stop" }]),
    ...targets.map((event) => ({ price: Number(event.price), words: event.leg.toUpperCase(), kind: "target" })),
  ];
}

function facts(row, page) {
  const moves = (page.read("/exits?limit=100").body?.items ?? []).filter(({ event }) => event.position_id === row.position_id);
  return panel("How it stands", page.read("/positions"), () => [
    figures(
      figure("R now", f.multiple(row.r_now), { tone: `large ${f.tone(row.r_now)}` }),
      figure("Best and worst", `${f.multiple(row.mfe_r)} / ${f.multiple(row.mae_r)}`, { hint: "The furthest it went in our favour and against us, in R" }),
      figure("Unrealised", f.usd(row.unrealised, { sign: true }), { tone: f.tone(row.unrealised) }),
      figure("Margin", f.usd(row.margin), { extra: `${row.leverage}× isolated` }),
      figure("Opened", f.moment(row.opened_at), { extra: `${row.strategy || "adopted"}, ${f.words(row.regime)}` }),
      figure("Stop covers", row.stop === null ? "nothing" : f.quantity(row.stop_qty), { extra: `of ${f.quantity(row.qty)}` }),
    ),
    row.unknown.length ? h("p", { class: "warn-text" }, `Not judged last time: ${row.unknown.join("; ")}.`) : null,
    h("h3", null, "What the exit brain did"),
    moves.length
      ? h("ol", { class: "moves" }, moves.slice(0, 6).map(({ seq, at, stream, event }) => h("li", { key: seq }, h("time", null, f.moment(at)), ` ${stream === "stop.requested" ? `stop to ${f.price(event.stop_price)}` : "leaves"}: ${f.words(event.reason)}`)))
      : empty("It has moved nothing yet."),
    h("p", { class: "links" }, h("a", { href: `#/decisions/trace/${row.position_id}` }, "Follow it from bar to here")),
  ]);
}
