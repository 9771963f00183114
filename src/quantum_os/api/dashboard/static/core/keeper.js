/* Which answers a page lives on, and when each is asked for again: on its events, and by and by. */

import { ask, known } from "./api.js";

const PACE_MS = 1_000;
const TICK_MS = 250;
const EVERY_S = 4;

/** Keeps the answers of what is on the screen fresh; `changed` is called after new ones. */
export class Keeper {
  constructor(changed) {
    this.changed = changed;
    this.reads = new Map();
    setInterval(() => this.tick(), TICK_MS);
  }

  /** Watches these reads from now on: `{ path, wakes: [stream], every: seconds }`. */
  watch(group, reads) {
    for (const [path, read] of this.reads) if (read.group === group) this.reads.delete(path);
    for (const read of reads) {
      const before = this.reads.get(read.path);
      if (!before) this.reads.set(read.path, { every: EVERY_S, wakes: [], ...read, group, due: 0, asked: -Infinity });
    }
    this.tick();
  }

  /** An event was said: what it makes old is asked for soon. */
  hear(stream) {
    for (const read of this.reads.values()) if (read.wakes.includes(stream)) read.due = Math.min(read.due, read.asked + PACE_MS);
  }

  /** Everything is asked for at once: an act was done. */
  now() {
    for (const read of this.reads.values()) read.due = 0;
    this.tick();
  }

  tick() {
    if (document.hidden) return;
    const now = performance.now();
    for (const read of this.reads.values()) if (now >= read.due && !read.isAsking) this.ask(read, now);
  }

  async ask(read, now) {
    read.isAsking = true;
    read.asked = now;
    read.due = now + read.every * 1000;
    await ask(read.path);
    read.isAsking = false;
    this.changed();
  }
}

export { known };
