/* Which bars of the journal are those of one symbol, as a chart wants them. */

import * as f from "../core/format.js";

/** What can be shown: how many events are read, and how many bars. Finer bars come per venue. */
export const FRAMES = {
  "5m": { limit: 1_000, shown: 160 },
  "1h": { limit: 240, shown: 160 },
};

/** The decision timeframe is made by the candle builder; what is finer comes from the feed. */
export const streamOf = (frame) => (frame === "1h" ? "market.candle" : "market.klines");

/** Bars of one symbol, oldest first, by their open time in ms. */
export function barsOf(events, symbol, venue, frame) {
  const found = new Map();
  for (const { event } of events) {
    const row = event.symbols.indexOf(symbol);
    if (row < 0 || event.timeframe !== frame || (venue && event.venue !== venue)) continue;
    const at = f.time(event.open_time);
    found.set(at, { at, open: event.open[row], high: event.high[row], low: event.low[row], close: event.close[row], volume: event.volume[row] });
  }
  return [...found.values()].sort((one, other) => one.at - other.at);
}
