/* A place for a drawing: as wide as its column, drawn again when that or the data changes. */

import { morph } from "../core/dom.js";

/** `model` is `{ draw(width, at) -> svg, label }`; `at` is where the pointer is, null if away. */
class Chart extends HTMLElement {
  constructor() {
    super();
    this.at = null;
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
    this.paint();
  }

  disconnectedCallback() {
    this.sizes.disconnect();
  }

  point(at) {
    this.at = at;
    this.paint();
  }

  paint() {
    this.width = this.clientWidth;
    if (!this._model || this.width < 40) return;
    const drawing = this._model.draw(this.width, this.at);
    drawing.setAttribute("role", "img");
    drawing.setAttribute("aria-label", this._model.label);
    if (this.firstElementChild) morph(this.firstElementChild, drawing);
    else this.append(drawing);
  }
}

customElements.define("q-chart", Chart);
