/* What held over which time: lanes of spans, as the regime of the market or a closed latch. */

import { h, s } from "../core/dom.js";
import { below } from "./axes.js";
import "./chart.js";
import { linear } from "./scale.js";

const LANE_PX = 26;
const NAMES_PX = 92;
const BOTTOM_PX = 20;
const TICKS = 6;

/** `lanes`: `{ name, spans: [{ from, to, words, kind }] }` in ms. */
export function timeline(lanes, [from, to], label) {
  const draw = (width) => drawn(lanes, from, to, width);
  return h("q-chart", { class: "chart-timeline", model: { draw, label } });
}

function drawn(lanes, from, to, width) {
  const height = lanes.length * LANE_PX + BOTTOM_PX;
  const x = linear([from, to], [NAMES_PX, width - 4]);
  const times = Array.from({ length: TICKS }, (_, at) => from + ((to - from) * (at + 0.5)) / TICKS);
  const places = (at) => x(times[at]);
  return s(
    "svg",
    { width, height, class: "timeline" },
    lanes.map((lane, at) => laned(lane, at * LANE_PX, x, from, to)),
    below(times, places, { top: height - BOTTOM_PX, left: NAMES_PX, right: width }),
  );
}

function laned(lane, top, x, from, to) {
  const spans = lane.spans.map((span) => {
    const left = x(Math.max(from, span.from));
    const width = Math.max(2, x(Math.min(to, span.to)) - left);
    return s(
      "g",
      { class: `span ${span.kind}` },
      s("rect", { x: left.toFixed(1), y: top + 3, width: width.toFixed(1), height: LANE_PX - 6, rx: 3 }, s("title", null, span.title ?? span.words)),
      width > span.words.length * 6.6 + 8 ? s("text", { x: left + 6, y: top + 17 }, span.words) : null,
    );
  });
  return s("g", null, s("text", { class: "lane", x: 0, y: top + 17 }, lane.name), s("line", { class: "lane-line", x1: NAMES_PX, x2: x(to), y1: top + LANE_PX / 2, y2: top + LANE_PX / 2 }), spans);
}

/** Turns changes (`{ at, value }`, oldest first) into spans that last until the next change. */
export function spansOf(changes, to, kindOf) {
  return changes.map((change, at) => ({
    from: change.at,
    to: changes[at + 1]?.at ?? to,
    words: String(change.value).replaceAll("_", " ").toLowerCase(),
    kind: kindOf(change.value),
  }));
}
