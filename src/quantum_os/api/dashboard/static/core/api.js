/* How the page asks the fund: one token, one way to fail, and the last answer to each question. */

import * as session from "./session.js";

const PREFIX = "/api/v1";
/** What is said where nobody listens any more. */
export const GONE = "the process does not answer";

const PATIENCE_MS = 10_000;
const CLOCK_GRAIN_MS = 2_500;

/** A request that was refused, in the API's own words. */
export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** What was last answered to one question. Times in ms of this page's own steady clock. */
export class Answer {
  constructor(body, receivedAt, heardAge) {
    this.body = body;
    this.receivedAt = receivedAt;
    this.heardAge = heardAge;
    this.problem = null;
  }

  /** Milliseconds since the fund heard what this answer tells; null when it does not say. */
  get age() {
    return this.heardAge === null ? null : this.heardAge + performance.now() - this.receivedAt;
  }
}

const answers = new Map();
const asking = new Map();
let onExpired = () => {};

/** Calls back when the token is no longer good. */
export function whenExpired(callback) {
  onExpired = callback;
}

/** The last answer to a question; an empty one before the first. */
export function known(path) {
  return answers.get(path) ?? new Answer(null, performance.now(), null);
}

/** Asks again, once at a time; the answer, or why there is none, is kept. */
export function ask(path) {
  if (!asking.has(path)) asking.set(path, asked(path).finally(() => asking.delete(path)));
  return asking.get(path);
}

async function asked(path) {
  try {
    const { body, at } = await request("GET", path);
    const heard = body?.heard_at ? Math.max(0, at - Date.parse(body.heard_at)) : null;
    answers.set(path, new Answer(body, performance.now(), heard));
  } catch (error) {
    const last = known(path);
    last.problem = error.message;
    answers.set(path, last);
  }
  return known(path);
}

/** Has something done; raises Refused. */
export async function act(path, body, method = "POST") {
  return (await request(method, path, body)).body;
}

/** Sends one request with the token, and gives the body and the server's time in ms. */
export async function request(method, path, body, prefix = PREFIX) {
  const headers = { Accept: "application/json" };
  if (session.token()) headers.Authorization = `Bearer ${session.token()}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const response = await fetched(prefix + path, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(PATIENCE_MS),
    cache: "no-store",
    credentials: "omit",
  });
  const at = serverNow(response.headers.get("date"));
  const told = await response.json().catch(() => null);
  if (response.ok) return { body: told, at };
  if (response.status === 401 && session.token()) onExpired();
  throw new Refused(response.status, told?.detail ?? `the answer was ${response.status}`);
}

/** The server's time in ms: ours, unless the two clocks differ by more than its header's grain. */
function serverNow(date) {
  const told = Date.parse(date ?? "");
  const ours = Date.now();
  return Number.isFinite(told) && Math.abs(ours - told) > CLOCK_GRAIN_MS ? told : ours;
}

async function fetched(url, options) {
  try {
    return await fetch(url, options);
  } catch (error) {
    throw new Refused(0, error.name === "TimeoutError" ? "no answer in 10 s" : GONE);
  }
}

/** Forgets all answers: another person logs in. */
export function forget() {
  answers.clear();
}
