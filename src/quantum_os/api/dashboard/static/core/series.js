/* What was said over time: read once from the journal, then followed as it is said. */

import { request } from "./api.js";

const PAGE_MAX = 500;
const KEPT_MAX = 2_000;

/** Streams that a page wants the past of; each is read once and kept up by the live events. */
export class Series {
  constructor(changed) {
    this.changed = changed;
    this.byStream = new Map();
  }

  /** What is known of a stream, oldest first; begins to read it when nobody has. */
  of(stream, limit = PAGE_MAX) {
    const found = this.byStream.get(stream);
    if (found && found.limit >= limit) return found;
    const fresh = { limit, events: found?.events ?? [], problem: null, isRead: false };
    this.byStream.set(stream, fresh);
    this.read(stream, fresh);
    return fresh;
  }

  async read(stream, found) {
    const events = [];
    let before = "";
    try {
      while (events.length < found.limit) {
        const most = Math.min(PAGE_MAX, found.limit - events.length);
        const path = `/journal?stream=${encodeURIComponent(stream)}&limit=${most}${before}`;
        const { body } = await request("GET", path);
        events.push(...body.items);
        if (body.next === null) break;
        before = `&before=${body.next}`;
      }
    } catch (error) {
      found.problem = error.message;
    }
    found.events = joined(events.reverse(), found.events);
    found.isRead = true;
    this.changed();
  }

  /** Takes one live event. */
  hear(told) {
    const found = this.byStream.get(told.stream);
    if (!found || (found.events.at(-1)?.seq ?? 0) >= told.seq) return;
    found.events = [...found.events.slice(-KEPT_MAX), told];
  }

  /** Reads everything anew: something was missed. */
  again() {
    for (const [stream, found] of this.byStream) this.read(stream, found);
  }

  forget() {
    this.byStream.clear();
  }
}

function joined(older, newer) {
  const last = older.at(-1)?.seq ?? 0;
  return [...older, ...newer.filter((told) => told.seq > last)];
}
