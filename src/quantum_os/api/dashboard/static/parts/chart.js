/* A place for a drawing: as wide as its column, read by pointer or by arrow keys, drawn anew on change. */

import { h, morph } from "../core/dom.js";

const LEAP = 10;

/**
 * A drawing. `draw(width, at)` gives an svg; `at` is where the reader is, in px, null if away. The
 * svg's `stops` are the places that arrow keys walk over; what its `.readout` says is said aloud.
 */
export function chart(kind, draw, label) {
  return h("q-chart", { class: kind, tabindex: "0", role: "group", "aria-label": `${label}. Arrow keys read it point by point.`, model: { draw, label } });
}

class Chart extends HTMLElement {
  constructor() {
    super();
    this.at = null;
    this.stop = null;
    this.width = 0;
    this.sizes = new ResizeObserver(() => {
      if (Math.abs(this.clientWidth - this.width) >= 1) this.paint();
    });
  }

  set model(model) {
    this._model = model;
    if (this.isConnected) this.paint();
  }

  get model() {
    return this._model;
  }

  connectedCallback() {
    this.sizes.observe(this);
    this.onpointermove = (event) => this.point(event.clientX - this.getBoundingClientRect().left);
    this.onpointerleave = () => this.point(null);
    this.onkeydown = (event) => this.walk(event);
    this.onblur = () => this.point(null);
    this.paint();
  }

  disconnectedCallback() {
    this.sizes.disconnect();
  }

  point(at) {
    this.at = at;
    this.stop = null;
    this.paint();
  }

  /** Arrow keys go from point to point, pages ten at once, Home and End to the ends; Escape leaves. */
  walk(event) {
    const last = (this.drawing?.stops?.length ?? 0) - 1;
    const here = this.stop === null ? last : Math.min(this.stop, last);
    const step = this.stop === null ? 0 : 1;
    const next = { ArrowLeft: here - step, ArrowRight: here + step, PageUp: here - LEAP, PageDown: here + LEAP, Home: 0, End: last }[event.key];
    if (event.key === "Escape") this.point(null);
    if (next === undefined || last < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.stop = Math.max(0, Math.min(last, next));
    this.paint();
    this.say(this.drawing.querySelector(".readout")?.textContent ?? "");
  }

  say(words) {
    this.spoken.textContent = words;
  }

  paint() {
    this.width = this.clientWidth;
    if (!this._model || this.width < 40) return;
    if (this.stop !== null) this.at = this.drawing?.stops?.[this.stop] ?? this.at;
    let drawing = this._model.draw(this.width, this.at);
    // The points may lie elsewhere by now: a reader stays at the point, not at the pixel.
    const place = this.stop === null ? null : drawing.stops?.[Math.min(this.stop, drawing.stops.length - 1)];
    if (place !== null && place !== undefined && place !== this.at) drawing = this._model.draw(this.width, (this.at = place));
    drawing.setAttribute("role", "img");
    drawing.setAttribute("aria-label", this._model.label);
    const { stops } = drawing;
    if (this.drawing) this.drawing = morph(this.drawing, drawing);
    else {
      this.drawing = drawing;
      this.spoken = h("span", { class: "unseen", role: "status", "aria-live": "polite" });
      this.append(drawing, this.spoken);
    }
    this.drawing.stops = stops;
  }
}

customElements.define("q-chart", Chart);
