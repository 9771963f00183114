/* Equity over time, and below it how far it is under its peak. */

import { s } from "../core/dom.js";
import * as f from "../core/format.js";
import { across, below, tab, written } from "./axes.js";
import { chart } from "./chart.js";
import { extent, line, linear } from "./scale.js";

const RIGHT_PX = 72;
const BOTTOM_PX = 22;
const WATER_SHARE = 0.26;

/** `points`: `{ at, equity }`, oldest first, `at` in ms. `base` is drawn as the line to beat. */
export function equity({ points, base, height = 260, label }) {
  const draw = (width, at) => drawn(points, base, height, width, at);
  return chart("chart-equity", draw, label);
}

/** How far each value is under the highest before it, as a fraction; 0 at a peak. */
export function underwater(values) {
  let peak = -Infinity;
  return values.map((value) => {
    peak = Math.max(peak, value);
    return peak > 0 ? value / peak - 1 : 0;
  });
}

function drawn(points, base, height, width, pointer) {
  const right = width - RIGHT_PX;
  const bottom = height - BOTTOM_PX;
  const middle = bottom - (bottom - 8) * WATER_SHARE;
  const values = points.map((point) => point.equity);
  const depths = underwater(values);
  const x = linear([points[0]?.at ?? 0, points.at(-1)?.at ?? 1], [2, right - 6]);
  const places = points.map((point) => x(point.at));
  // Points lie at their times, closer together where more was said; the words below lie evenly.
  const moments = points.length ? Array.from({ length: Math.max(2, Math.floor(right / 8)) }, (_, each) => each * 8 + 2) : [];
  const domain = extent([...values, base ?? null], 0.08);
  const y = linear(domain, [middle - 12, 10]);
  const deepest = Math.min(-0.001, ...depths);
  const water = linear([deepest, 0], [bottom - 2, middle + 4]);
  const curve = line(values.map((value, at) => [places[at], y(value)]));
  const depth = line(depths.map((value, at) => [places[at], water(value)]));
  const svg = s("svg", { width, height, class: "equity" });
  svg.append(
    ...across(y, domain, { left: 0, right, write: (value) => f.usd(value, { digits: 0 }), wanted: 4, taken: values.length ? [y(values.at(-1))] : [] }),
    ...below(moments.map(x.back), (at) => moments[at], { top: bottom, left: 0, right }),
    s("line", { class: "water-top", x1: 0, x2: right, y1: water(0), y2: water(0) }),
    s("path", { class: "water", d: depth ? `${depth}L${places.at(-1).toFixed(1)} ${water(0).toFixed(1)}L${places[0].toFixed(1)} ${water(0).toFixed(1)}Z` : "" }),
    s("text", { class: "tick", x: right + 6, y: bottom }, f.percent(deepest, { digits: 1 })),
  );
  if (base) svg.append(s("line", { class: "base", x1: 0, x2: right, y1: y(base), y2: y(base) }));
  svg.append(
    s("path", { class: "curve-fill", d: curve ? `${curve}L${places.at(-1).toFixed(1)} ${middle - 12}L${places[0].toFixed(1)} ${middle - 12}Z` : "" }),
    s("path", { class: "curve", d: curve }),
  );
  const last = values.at(-1);
  if (last !== undefined) svg.append(tab(y(last), right, f.usd(last, { digits: 0 }), "last"));
  svg.stops = places;
  if (pointer !== null && points.length) {
    const at = nearest(places, pointer);
    svg.append(
      s("line", { class: "cross", x1: places[at], x2: places[at], y1: 0, y2: bottom }),
      s("circle", { class: "dot", cx: places[at], cy: y(values[at]), r: 3 }),
      s("text", { class: "readout", x: 6, y: 14 }, `${written(points[at].at, 0)}  ${f.usd(values[at])}  ${f.percent(depths[at])}`),
    );
  }
  return svg;
}

/** Which of some places, in rising order, is nearest to another. */
export function nearest(places, wanted) {
  let best = 0;
  places.forEach((place, at) => {
    if (Math.abs(place - wanted) < Math.abs(places[best] - wanted)) best = at;
  });
  return best;
}
