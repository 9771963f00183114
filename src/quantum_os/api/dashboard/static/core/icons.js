/* The signs of the navigation, as strokes on a 20 by 20 ground. */

import { s } from "./dom.js";

const STROKES = {
  overview: "M3 17V9m5 8V4m5 13v-6m5 6V7",
  positions: "M3 14l5-5 3 3 6-7m0 0h-4m4 0v4",
  decisions: "M3 3h5v5H3zm9 0h5v5h-5zM3 12h5v5H3zm9 2.500l2 2 4-4",
  risk: "M10 2l7 3v5c0 4-3 7-7 8-4-1-7-4-7-8V5z",
  orders: "M4 4h12M4 8h12M4 12h8M4 16h5",
  markets: "M5 3v3m0 6v3M3.500 6h3v6h-3zM10 2v4m0 8v4M8.500 6h3v8h-3zM15 5v2m0 5v3M13.500 7h3v5h-3z",
  system: "M10 3v4m0 6v4M3 10h4m6 0h4M10 7a3 3 0 1 0 .01 0",
  governance: "M10 3l7 4H3zM5 9v6m5-6v6m5-6v6M3 17h14",
  menu: "M3 5h14M3 10h14M3 15h14",
  sun: "M10 6.500a3.500 3.500 0 1 0 .01 0M10 1.500v2m0 13v2M1.500 10h2m13 0h2M4 4l1.400 1.400m9.200 9.200L16 16M4 16l1.400-1.400m9.200-9.200L16 4",
  leave: "M12 3h5v14h-5M3 10h9m-3-3l3 3-3 3",
  other: "M4 4h12v12H4z",
};

/** Draws one sign, or the `strokes` that a page brings; it says nothing to a screen reader, its neighbour does. */
export function icon(name, strokes) {
  return s(
    "svg",
    { class: "icon", viewBox: "0 0 20 20", "aria-hidden": "true", focusable: "false" },
    s("path", { d: strokes ?? STROKES[name] ?? STROKES.other }),
  );
}
