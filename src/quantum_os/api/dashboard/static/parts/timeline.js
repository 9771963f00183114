/* What held over which time: lanes of spans, as the regime of the market or a closed latch. */

import { s } from "../core/dom.js";
import { below, written } from "./axes.js";
import { chart } from "./chart.js";
import { nearest } from "./equity.js";
import { linear } from "./scale.js";

const LANE_PX = 26;
const NAMES_PX = 92;
const BOTTOM_PX = 20;
const TICKS = 6;

/** `lanes`: `{ name, spans: [{ from, to, words, kind }] }` in ms; read where something changes. */
export function timeline(lanes, [from, to], label) {
  return chart("chart-timeline", (width, pointer) => drawn(lanes, from, to, width, pointer), label);
}

function drawn(lanes, from, to, width, pointer) {
  const height = lanes.length * LANE_PX + BOTTOM_PX;
  const x = linear([from, to], [NAMES_PX, width - 4]);
  const times = Array.from({ length: TICKS }, (_, at) => from + ((to - from) * (at + 0.5)) / TICKS);
  const places = (at) => x(times[at]);
  const svg = s("svg", { width, height, class: "timeline" }, lanes.map((lane, at) => laned(lane, at * LANE_PX, x, from, to)));
  const changes = [...new Set([...lanes.flatMap((lane) => lane.spans.map((span) => Math.max(from, span.from))), to])].sort((a, b) => a - b);
  svg.stops = changes.map(x);
  if (pointer === null) svg.append(...below(times, places, { top: height - BOTTOM_PX, left: NAMES_PX, right: width }));
  else {
    const at = changes[nearest(svg.stops, pointer)];
    svg.append(
      s("line", { class: "cross", x1: x(at), x2: x(at), y1: 0, y2: height - BOTTOM_PX }),
      s("text", { class: "readout", x: 0, y: height - 6 }, `${written(at, 0)}  ${held(lanes, at)}`),
    );
  }
  return svg;
}

/** What held at a moment, lane by lane; a change counts from its own moment on. */
function held(lanes, at) {
  const found = lanes.flatMap(({ name, spans }) => spans.filter((span) => span.from <= at && at <= span.to).slice(-1).map(({ words }) => `${name} ${words}`));
  return found.join(" · ") || "nothing";
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
