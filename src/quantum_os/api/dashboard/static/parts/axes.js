/* The lines and words around a drawing: prices at the right, time below, a cross under the hand. */

import { s } from "../core/dom.js";
import { ticks } from "./scale.js";

const DAY_MS = 86_400_000;
const LABEL_PX = 72;
const APART_PX = 17;

/** Lines across at round values, with their words at the right where no tab is `taken` there. */
export function across(y, domain, { left, right, write, wanted = 4, taken = [] }) {
  return ticks(domain, wanted).map((value) =>
    s(
      "g",
      { class: "grid" },
      s("line", { x1: left, x2: right, y1: y(value), y2: y(value) }),
      taken.some((place) => Math.abs(place - y(value)) < APART_PX) ? null : s("text", { x: right + 6, y: y(value) + 3.5 }, write(value)),
    ),
  );
}

/** Times below, as many as there is room for. */
export function below(times, x, { top, left, right }) {
  const wanted = Math.max(2, Math.floor((right - left) / (LABEL_PX * 1.6)));
  const step = Math.max(1, Math.ceil(times.length / wanted));
  const spanMs = (times.at(-1) ?? 0) - (times[0] ?? 0);
  const found = [];
  for (let at = Math.floor(step / 2); at < times.length; at += step) {
    const place = x(at);
    if (place < left + 24 || place > right - 24) continue;
    found.push(s("text", { class: "tick", x: place, y: top + 14, "text-anchor": "middle" }, written(times[at], spanMs)));
  }
  return found;
}

/** A word on a coloured tab at the right edge. */
export function tab(y, right, text, kind, width = 66) {
  return s(
    "g",
    { class: `tab ${kind}` },
    s("rect", { x: right + 1, y: y - 9, width, height: 18, rx: 4 }),
    s("text", { x: right + 7, y: y + 3.5 }, text),
  );
}

/** Day, or day and time, of a moment in ms UTC. */
export function written(ms, spanMs) {
  const iso = new Date(ms).toISOString();
  return spanMs > 6 * DAY_MS ? iso.slice(5, 10) : `${iso.slice(5, 10)} ${iso.slice(11, 16)}`;
}
