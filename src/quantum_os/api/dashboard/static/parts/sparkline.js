/* A line without axes: only its shape. */

import { h, s } from "../core/dom.js";
import "./chart.js";
import { extent, line, linear } from "./scale.js";

/** Draws numbers, the latest at the right; the last one is marked. */
export function sparkline(values, { label, height = 36, tone = "" }) {
  const draw = (width) => {
    const x = linear([0, Math.max(values.length - 1, 1)], [2, width - 5]);
    const y = linear(extent(values), [height - 3, 3]);
    const points = values.map((value, at) => [x(at), y(value)]);
    const [endX, endY] = points.at(-1) ?? [0, 0];
    return s(
      "svg",
      { width, height, class: `spark ${tone}` },
      s("path", { class: "spark-fill", d: points.length ? `${line(points)}L${endX} ${height}L${points[0][0]} ${height}Z` : "" }),
      s("path", { class: "spark-line", d: line(points) }),
      points.length ? s("circle", { class: "spark-end", cx: endX.toFixed(1), cy: endY.toFixed(1), r: 2.5 }) : null,
    );
  };
  return h("q-chart", { class: "chart-spark", model: { draw, label } });
}
