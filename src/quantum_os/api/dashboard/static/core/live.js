/* Follows the bus: every event once, resumed where it broke off, silent while nobody looks. */

import * as session from "./session.js";

const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 10_000;
const HIDDEN_MS = 30_000;
const SILENT_MS = 20_000;

/** One connection to `/api/v1/events`; `onEvent(stream, told)` hears it, `onState(words)` too. */
export class Live {
  constructor({ streams, onEvent, onState }) {
    this.streams = streams;
    this.onEvent = onEvent;
    this.onState = onState;
    this.last = null;
    this.state = "off";
    this.wanted = false;
    this.heardAt = null;
    this.hidden = () => this.visibility();
  }

  start() {
    this.wanted = true;
    document.addEventListener("visibilitychange", this.hidden);
    this.run();
  }

  stop() {
    this.wanted = false;
    document.removeEventListener("visibilitychange", this.hidden);
    clearTimeout(this.hiding);
    this.abort?.abort();
    this.say("off");
  }

  /** A tab that nobody sees gives its connection back; browsers allow six to one process. */
  visibility() {
    clearTimeout(this.hiding);
    if (document.hidden) this.hiding = setTimeout(() => this.abort?.abort(), HIDDEN_MS);
    else this.wake?.();
  }

  async run() {
    let wait = RETRY_FIRST_MS;
    while (this.wanted) {
      this.say("connecting");
      const heard = await this.follow().catch(() => false);
      if (!this.wanted) return;
      wait = heard ? RETRY_FIRST_MS : Math.min(wait * 2, RETRY_MAX_MS);
      this.say("lost");
      await this.pause(wait);
    }
  }

  pause(wait) {
    return new Promise((resolve) => {
      this.wake = resolve;
      if (!document.hidden) setTimeout(resolve, wait * (0.75 + 0.5 * (performance.now() % 1)));
    });
  }

  async follow() {
    this.abort = new AbortController();
    const headers = { Accept: "text/event-stream", Authorization: `Bearer ${session.token()}` };
    if (this.last !== null) headers["Last-Event-ID"] = this.last;
    const query = this.streams.map(encodeURIComponent).join(",");
    const response = await fetch(`/api/v1/events?streams=${query}`, {
      headers,
      signal: this.abort.signal,
      cache: "no-store",
      credentials: "omit",
    });
    if (!response.ok) {
      if (response.status !== 429) this.last = null;
      return false;
    }
    this.say("live");
    await this.read(response.body.pipeThrough(new TextDecoderStream()).getReader());
    return true;
  }

  async read(reader) {
    let rest = "";
    for (;;) {
      const silence = setTimeout(() => this.abort.abort(), SILENT_MS);
      const { value, done } = await reader.read().finally(() => clearTimeout(silence));
      if (done) return;
      this.heardAt = performance.now();
      const blocks = (rest + value.replaceAll("\r", "")).split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) this.take(block);
    }
  }

  take(block) {
    const fields = { event: "message", data: [] };
    for (const line of block.split("\n")) {
      const [, name, text] = /^([a-z]+): ?(.*)$/.exec(line) ?? [];
      if (name === "data") fields.data.push(text);
      else if (name) fields[name] = text;
    }
    if (fields.id !== undefined) this.last = fields.id;
    if (!fields.data.length) return;
    this.onEvent(fields.event, JSON.parse(fields.data.join("\n")));
  }

  say(state) {
    if (state === this.state) return;
    this.state = state;
    this.onState(state);
  }
}
