/* What was said against what came: a dot per bin with its interval, the line of truth, and how many. */

import { s } from "../core/dom.js";
import * as f from "../core/format.js";
import { across } from "./axes.js";
import { chart } from "./chart.js";
import { nearest } from "./equity.js";
import { linear, ticks } from "./scale.js";

const RIGHT_PX = 46;
const COUNTS_PX = 46;
const BOTTOM_PX = 38;
const SPAN_MIN = 0.3;

/** `measured` is a Reliability of the API that has bins. */
export function reliability(measured, { label, height = 320 }) {
  return chart("chart-reliability", (width, at) => drawn(measured, height, width, at), label);
}

/** What a bin says in words. */
export const binWords = (bin) => `said ${part(bin.p_mean)}  came ${part(bin.rate)}  (95 %: ${f.decimal(bin.interval[0] * 100, 1)} to ${part(bin.interval[1])})  of ${f.count(bin.n)}`;

const part = (value) => f.percent(value, { digits: 1 });

function drawn({ bins, base_rate: base }, height, width, pointer) {
  const right = width - RIGHT_PX;
  const floor = height - BOTTOM_PX;
  const bottom = floor - COUNTS_PX;
  const across_ = domainOf(bins.flatMap((bin) => [bin.low, bin.high]));
  const up = domainOf([...bins.flatMap((bin) => bin.interval), base]);
  const x = linear(across_, [8, right - 8]);
  const y = linear(up, [bottom, 22]);
  const places = bins.map((bin) => x(bin.p_mean));
  const most = Math.max(...bins.map((bin) => bin.n));
  const [low, high] = [Math.max(across_[0], up[0]), Math.min(across_[1], up[1])];
  const svg = s("svg", { width, height, class: "reliability" });
  svg.stops = places;
  svg.append(
    ...across(y, up, { left: 0, right, write: (value) => f.percent(value, { digits: 0 }), wanted: 4 }),
    ...ticks(across_, Math.max(2, Math.floor(width / 130))).map((value) => s("text", { class: "tick", x: x(value), y: floor + 14, "text-anchor": "middle" }, f.percent(value, { digits: 0 }))),
    s("text", { class: "tick", x: 8, y: height - 4 }, "across: said before · up: came · bars: how many"),
    s("line", { class: "truth", x1: x(low), y1: y(low), x2: x(high), y2: y(high) }),
    s("line", { class: "base", x1: 0, x2: right, y1: y(base), y2: y(base) }),
    ...bins.map((bin, at) => dot(bin, places[at], x, y)),
    ...bins.map((bin) => bar(bin, x, floor, most)),
  );
  if (pointer !== null && bins.length) {
    const at = nearest(places, pointer);
    svg.append(
      s("line", { class: "cross", x1: places[at], x2: places[at], y1: 22, y2: floor }),
      s("text", { class: "readout", x: 6, y: 12 }, binWords(bins[at])),
    );
  }
  return svg;
}

/** Around what there is, inside [0, 1], and never so narrow that chance looks large. */
function domainOf(values) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = Math.max(0.02, (SPAN_MIN - (high - low)) / 2);
  return [Math.max(0, low - room), Math.min(1, high + room)];
}

function dot(bin, place, x, y) {
  const [low, high] = bin.interval.map(y);
  return s(
    "g",
    { class: "bin" },
    s("path", { class: "whisker", d: `M${place.toFixed(1)} ${low.toFixed(1)}V${high.toFixed(1)}M${(place - 4).toFixed(1)} ${low.toFixed(1)}h8M${(place - 4).toFixed(1)} ${high.toFixed(1)}h8` }),
    s("circle", { class: "dot", cx: place, cy: y(bin.rate), r: 4.5 }),
  );
}

function bar(bin, x, floor, most) {
  const tall = Math.max(1, (bin.n / most) * (COUNTS_PX - 22));
  const [from, to] = [x(bin.low) + 1, x(bin.high) - 1];
  return s(
    "g",
    { class: "count" },
    s("rect", { x: from, y: floor - tall, width: Math.max(1, to - from), height: tall }),
    s("text", { class: "tick", x: (from + to) / 2, y: floor - tall - 3, "text-anchor": "middle" }, f.count(bin.n)),
  );
}
