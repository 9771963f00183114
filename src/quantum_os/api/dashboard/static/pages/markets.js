/* Markets: what each symbol was last said to be, by whom, and what of it is distrusted. */

import { h } from "../core/dom.js";
import * as f from "../core/format.js";
import { barsOf, FRAMES, streamOf } from "../parts/bars.js";
import { candles } from "../parts/candles.js";
import { chip, choice, empty, figure, figures, panel, table } from "../parts/panel.js";
import { sparkline } from "../parts/sparkline.js";

const PRICES = ["market.klines", "market.opens", "market_data"];

export default {
  name: "markets",
  title: "Markets",
  place: 60,
  reads: () => [
    { path: "/markets", wakes: PRICES },
    { path: "/markets/regimes?limit=500", wakes: ["meta.regime"] },
    { path: "/markets/feed", every: 2 },
    { path: "/trades?limit=100", wakes: ["trade.closed"] },
  ],
  view(page) {
    const answer = page.read("/markets");
    const rows = answer.body?.markets ?? [];
    const chosen = rows.find((row) => row.symbol === page.params[0]) ?? rows[0];
    return [chosen ? charted(chosen, answer, page) : null, listed(answer, chosen, page), flowing(page)];
  },
};

function regimes(page) {
  const found = new Map();
  for (const { event } of page.read("/markets/regimes?limit=500").body?.items ?? []) {
    if (!found.has(event.symbol)) found.set(event.symbol, event.label);
  }
  return found;
}

function listed(answer, chosen, page) {
  const labels = regimes(page);
  const hours = page.series(streamOf("1h"), FRAMES["1h"].limit).events;
  const shape = (row) => barsOf(hours, row.symbol, answer.body.venue, "1h").slice(-72).map((bar) => bar.close);
  return panel(
    "Every symbol",
    answer,
    () =>
      table(
        "Every symbol of the price venue",
        [
          { name: "Symbol", cell: (row) => h("a", { href: `#/markets/${encodeURIComponent(row.symbol)}` }, f.short(row.symbol)) },
          { name: "Price", end: true, cell: (row) => f.price(row.price) },
          { name: "Last 72 h", wide: true, cell: (row) => shaped(row, shape(row)) },
          { name: "72 h", end: true, tone: (row) => f.tone(moved(shape(row))), cell: (row) => f.percent(moved(shape(row)), { sign: true }) },
          { name: "Regime", cell: (row) => f.words(labels.get(row.symbol)) },
          { name: "Range of a bar", end: true, cell: (row) => f.percent(row.atr_frac) },
          { name: "Volatility", end: true, cell: (row) => (f.unknown(row.vol_ratio) ? f.decimal(null) : `${f.decimal(row.vol_ratio)} ×`) },
          { name: "Spread", end: true, cell: (row) => (f.unknown(row.spread_bps) ? f.decimal(null) : `${f.decimal(row.spread_bps, 1)} bp`) },
          { name: "Funding, 8 h", end: true, cell: (row) => f.percent(row.funding_rate_8h, { digits: 4, sign: true }) },
          { name: "Between venues", end: true, cell: (row) => (f.unknown(row.divergence_bps) ? f.decimal(null) : `${f.decimal(row.divergence_bps, 1)} bp`) },
          { name: "Distrusted", cell: (row) => row.flags.filter((flag) => flag !== "synthetic").map((flag) => chip(f.words(flag), "warn")) },
        ],
        answer.body.markets,
        { rowKey: (row) => row.symbol, chosen: (row) => row === chosen, none: "No symbol is known." },
      ),
    { note: answer.body ? `Prices of ${answer.body.venue}; quotes from the ${answer.body.quote_source ?? "?"}.` : "" },
  );
}

const moved = (closes) => (closes.length > 1 ? closes.at(-1) / closes[0] - 1 : null);

function shaped(row, closes) {
  if (closes.length < 2) return f.decimal(null);
  const change = moved(closes);
  return sparkline(closes, { label: `${f.short(row.symbol)} over ${closes.length} hours: ${f.percent(change, { sign: true })}`, tone: f.tone(change), height: 26 });
}

function charted(row, answer, page) {
  const frame = page.own.frame ?? "1h";
  const past = page.series(streamOf(frame), FRAMES[frame].limit);
  const tool = choice("Bars", Object.keys(FRAMES).map((each) => [each, each]), frame, (each) => {
    page.own.frame = each;
    page.redraw();
  });
  return panel(
    f.short(row.symbol),
    answer,
    () => {
      const bars = barsOf(past.events, row.symbol, answer.body.venue, frame).slice(-FRAMES[frame].shown);
      if (!bars.length) return empty(past.problem ?? (past.isRead ? "No bar of this symbol is in the journal." : "Reading the journal…"));
      const trades = (page.read("/trades?limit=100").body?.items ?? []).map(({ event }) => event).filter((event) => event.symbol === row.symbol);
      return candles({ bars, marks: trades.flatMap(marksOf), height: 340, label: `${f.short(row.symbol)}: ${bars.length} bars of ${frame}, last close ${f.price(bars.at(-1).close)}` });
    },
    { tools: [tool], note: "Triangles are our entries and exits; hover, or walk with the arrow keys, for the bar." },
  );
}

function marksOf(trade) {
  const buys = trade.side === "LONG";
  return [
    { at: f.time(trade.opened_at), price: Number(trade.entry_price), side: buys ? "BUY" : "SELL", kind: "entry", words: `in at ${f.price(trade.entry_price)}` },
    { at: f.time(trade.closed_at), price: Number(trade.exit_price), side: buys ? "SELL" : "BUY", kind: "exit", words: `out at ${f.price(trade.exit_price)}: ${f.words(trade.exit_reason)}, ${f.multiple(trade.r)}` },
  ];
}

function flowing({ read }) {
  const answer = read("/markets/feed");
  return panel("How the feed flows", answer, () => {
    const { market_age_s: age, offered, conflated, taken, waiting } = answer.body;
    const of = (value) => (typeof value === "object" && value !== null ? Object.values(value).reduce((sum, each) => sum + Number(each), 0) : value);
    return figures(
      figure("Age of the market", f.duration(age)),
      figure("Offered", f.count(of(offered))),
      figure("Conflated", f.count(of(conflated)), { hint: "Merged into a later tick of the same symbol, and counted" }),
      figure("Numbered", f.count(of(taken))),
      figure("Waiting", f.count(waiting)),
    );
  });
}
