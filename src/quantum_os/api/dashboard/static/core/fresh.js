/* How old what is shown is: ages tick by themselves, and turn stale without a new answer. */

import { known } from "./api.js";
import { duration } from "./format.js";

/** Wall seconds without a new answer after which nothing on the page is believed to be current. */
export const STALE_AFTER_S = 12;

/** The question whose answer says how old the market is; the frame asks it every other second. */
export const FEED = "/markets/feed";

const TICK_MS = 500;
const shown = new Set();

/** `source · as of · age` of one answer; its `model` is the Answer. */
class Provenance extends HTMLElement {
  set model(answer) {
    this._answer = answer;
    if (this.isConnected) this.tick();
  }

  get model() {
    return this._answer;
  }

  connectedCallback() {
    shown.add(this);
    this.tick();
  }

  disconnectedCallback() {
    shown.delete(this);
  }

  tick() {
    const words = told(this._answer);
    if (this.textContent !== words.text) this.textContent = words.text;
    if (this.dataset.state !== words.state) this.dataset.state = words.state;
    this.closest("[data-panel]")?.setAttribute("data-state", words.state);
  }
}

/** What is said of an answer's source and age, and whether it is `live`, `stale` or `unknown`. */
export function told(answer) {
  if (!answer?.body) return { state: "unknown", text: answer?.problem ?? "not heard yet" };
  const { source, as_of: asOf } = answer.body;
  const stale = answer.body.stale || isSilent(known(FEED));
  const waited = (performance.now() - answer.receivedAt) / 1000;
  const silent = waited > STALE_AFTER_S;
  const parts = [source ?? "this process"];
  if (asOf) parts.push(`as of ${asOf.slice(0, 10)} ${asOf.slice(11, 19)}`);
  if (answer.age !== null) parts.push(`heard ${duration(answer.age / 1000)} ago`);
  if (silent) parts.push(`no answer for ${duration(waited)}`);
  if (answer.problem) parts.push(answer.problem);
  const state = silent || stale ? "stale" : "live";
  return { state, text: (state === "stale" ? "STALE · " : "") + parts.join(" · ") };
}

/** Whether the market has fallen silent since the feed was last asked about, or before. */
export function isSilent(feed) {
  const { market_age_s: age, silent_limit_s: limit } = feed.body ?? {};
  if (age === undefined || limit === undefined) return false;
  return age === null || age + (performance.now() - feed.receivedAt) / 1000 > limit;
}

setInterval(() => shown.forEach((each) => each.tick()), TICK_MS);
customElements.define("q-provenance", Provenance);
