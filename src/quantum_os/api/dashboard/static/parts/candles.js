/* Candles with what we did on them: entries, exits, the path of the stop, and the targets ahead. */

import { s } from "../core/dom.js";
import * as f from "../core/format.js";
import { across, below, tab, written } from "./axes.js";
import { chart } from "./chart.js";
import { extent, linear, steps } from "./scale.js";

const RIGHT_PX = 104;
const TAB_PX = 19;
const BOTTOM_PX = 22;

/**
 * `bars`: `{ at, open, high, low, close }` with `at` in ms, oldest first. `marks`: `{ at, price,
 * side, kind, words }` with kind `entry` or `exit`. `stops`: `{ at, price }`, oldest first.
 * `levels`: `{ price, words, kind }` with kind `entry`, `stop` or `target`.
 */
export function candles({ bars, marks = [], stops = [], levels = [], height = 320, label }) {
  const draw = (width, at) => drawn({ bars, marks, stops, levels, height }, width, at);
  return chart("chart-candles", draw, label);
}

function drawn({ bars, marks, stops, levels, height }, width, pointer) {
  const right = width - RIGHT_PX;
  const bottom = height - BOTTOM_PX;
  const values = [
    ...bars.flatMap((bar) => [bar.low, bar.high]),
    ...levels.map((level) => level.price),
    ...stops.map((stop) => stop.price),
  ];
  const domain = extent(values, 0.05);
  const y = linear(domain, [bottom, 10]);
  const x = linear([-0.5, bars.length - 0.5], [4, right - 6]);
  const places = placesIn(bars);
  const svg = s("svg", { width, height, class: "candles" });
  svg.append(
    ...across(y, domain, { left: 0, right, write: f.price, wanted: height > 220 ? 5 : 3, taken: levels.map((level) => y(level.price)) }),
    ...below(bars.map((bar) => bar.at), x, { top: bottom, left: 0, right }),
    ...bodies(bars, x, y),
    ...path(stops, places, x, y, bars.length),
    ...levelled(levels, y, right),
    ...marks.map((mark) => marked(mark, places, x, y)).filter(Boolean),
  );
  svg.stops = bars.map((bar, at) => x(at));
  svg.append(...(pointer === null ? [] : crossed(bars, x, y, pointer, { right, bottom })));
  return svg;
}

/** Gives the place among the bars of a moment; null before the first. */
function placesIn(bars) {
  const times = bars.map((bar) => bar.at);
  const span = times.length > 1 ? times[1] - times[0] : 1;
  return (at) => {
    if (!times.length || at < times[0]) return null;
    let low = 0;
    let high = times.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (times[middle] <= at) low = middle;
      else high = middle - 1;
    }
    return Math.min(low + Math.min(1, (at - times[low]) / span), times.length - 0.5);
  };
}

function bodies(bars, x, y) {
  const half = Math.max(0.5, Math.min(6, (x(1) - x(0)) * 0.34));
  const paths = { up: ["", ""], down: ["", ""] };
  bars.forEach((bar, at) => {
    const kind = paths[bar.close >= bar.open ? "up" : "down"];
    const middle = x(at).toFixed(1);
    const top = y(Math.max(bar.open, bar.close));
    const depth = Math.max(1, y(Math.min(bar.open, bar.close)) - top);
    kind[0] += `M${middle} ${y(bar.high).toFixed(1)}V${y(bar.low).toFixed(1)}`;
    kind[1] += `M${(x(at) - half).toFixed(1)} ${top.toFixed(1)}h${(2 * half).toFixed(1)}v${depth.toFixed(1)}h${(-2 * half).toFixed(1)}Z`;
  });
  return Object.entries(paths).flatMap(([name, [wicks, boxes]]) => [
    s("path", { class: `wick ${name}`, d: wicks }),
    s("path", { class: `body ${name}`, d: boxes }),
  ]);
}

function path(stops, places, x, y, length) {
  const earlier = stops.filter((stop) => places(stop.at) === null).slice(-1).map((stop) => [-0.5, stop.price]);
  const seen = stops.map((stop) => [places(stop.at), stop.price]).filter(([at]) => at !== null);
  const points = [...earlier, ...seen].map(([at, price]) => [x(at), y(price)]);
  if (!points.length) return [];
  points.push([x(length - 0.5), points.at(-1)[1]]);
  return [s("path", { class: "stop-path", d: steps(points) })];
}

/** Lines across with their tabs, which give way to each other so that all can be read. */
function levelled(levels, y, right) {
  let taken = Infinity;
  return [...levels]
    .sort((one, other) => one.price - other.price)
    .map(({ price, words, kind }) => {
      const place = Math.min(y(price), taken - TAB_PX);
      taken = place;
      return s(
        "g",
        { class: `level ${kind}` },
        s("line", { x1: 0, x2: right, y1: y(price), y2: y(price) }),
        tab(place, right, `${words} ${f.price(price)}`, kind, RIGHT_PX - 4),
      );
    });
}

function marked({ at, price, side, kind, words }, places, x, y) {
  const place = places(at);
  if (place === null) return null;
  const up = (side === "BUY") === true;
  const [cx, cy] = [x(place), y(price)];
  const tip = up ? 1 : -1;
  const d = `M${cx.toFixed(1)} ${(cy + 3 * tip).toFixed(1)}l5 ${9 * tip}h-10Z`;
  return s("path", { class: `mark ${kind} ${up ? "buy" : "sell"}`, d }, s("title", null, words));
}

function crossed(bars, x, y, pointer, { right, bottom }) {
  const at = Math.max(0, Math.min(bars.length - 1, Math.round(x.back(pointer))));
  const bar = bars[at];
  if (!bar) return [];
  const place = x(at);
  const words = `${written(bar.at, 0)}  O ${f.price(bar.open)}  H ${f.price(bar.high)}  L ${f.price(bar.low)}  C ${f.price(bar.close)}`;
  return [
    s("line", { class: "cross", x1: place, x2: place, y1: 0, y2: bottom }),
    s("line", { class: "cross", x1: 0, x2: right, y1: y(bar.close), y2: y(bar.close) }),
    s("text", { class: "readout", x: 6, y: 14 }, words),
    tab(y(bar.close), right, f.price(bar.close), "cursor"),
  ];
}
