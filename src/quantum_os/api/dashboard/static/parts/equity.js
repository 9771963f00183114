/* Equity over time, and below it how far it is under its peak. */

import { h, s } from "../core/dom.js";
import * as f from "../core/format.js";
import { across, below, tab, written } from "./axes.js";
import "./chart.js";
import { extent, line, linear } from "./scale.js";

const RIGHT_PX = 72;
const BOTTOM_PX = 22;
const WATER_SHARE = 0.26;

/** `points`: `{ at, equity }`, oldest first, `at` in ms. `base` is drawn as the line to beat. */
export function equity({ points, base, height = 260, label }) {
  const draw = (width, at) => drawn(points, base, height, width, at);
  return h("q-chart", { class: "chart-equity", model: { draw, label } });
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
  const x = linear([0, Math.max(points.length - 1, 1)], [2, right - 6]);
  const domain = extent([...values, base ?? null], 0.08);
  const y = linear(domain, [middle - 12, 10]);
  const deepest = Math.min(-0.001, ...depths);
  const water = linear([deepest, 0], [bottom - 2, middle + 4]);
  const curve = line(values.map((value, at) => [x(at), y(value)]));
  const depth = line(depths.map((value, at) => [x(at), water(value)]));
  const svg = s("svg", { width, height, class: "equity" });
  svg.append(
    ...across(y, domain, { left: 0, right, write: (value) => f.usd(value, { digits: 0 }), wanted: 4, taken: values.length ? [y(values.at(-1))] : [] }),
    ...below(points.map((point) => point.at), x, { top: bottom, left: 0, right }),
    s("line", { class: "water-top", x1: 0, x2: right, y1: water(0), y2: water(0) }),
    s("path", { class: "water", d: depth ? `${depth}L${x(values.length - 1).toFixed(1)} ${water(0).toFixed(1)}L${x(0).toFixed(1)} ${water(0).toFixed(1)}Z` : "" }),
    s("text", { class: "tick", x: right + 6, y: bottom }, f.percent(deepest, { digits: 1 })),
  );
  if (base) svg.append(s("line", { class: "base", x1: 0, x2: right, y1: y(base), y2: y(base) }));
  svg.append(
    s("path", { class: "curve-fill", d: curve ? `${curve}L${x(values.length - 1).toFixed(1)} ${middle - 12}L${x(0).toFixed(1)} ${middle - 12}Z` : "" }),
    s("path", { class: "curve", d: curve }),
  );
  const last = values.at(-1);
  if (last !== undefined) svg.append(tab(y(last), right, f.usd(last, { digits: 0 }), "last"));
  if (pointer !== null && points.length) {
    const at = Math.max(0, Math.min(points.length - 1, Math.round(x.back(pointer))));
    svg.append(
      s("line", { class: "cross", x1: x(at), x2: x(at), y1: 0, y2: bottom }),
      s("circle", { class: "dot", cx: x(at), cy: y(values[at]), r: 3 }),
      s("text", { class: "readout", x: 6, y: 14 }, `${written(points[at].at, 0)}  ${f.usd(values[at])}  ${f.percent(depths[at])}`),
    );
  }
  return svg;
}
