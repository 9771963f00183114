/* The frame around every page: who is logged in, which page is open, what is live, what is stale. */

import { known, request, whenExpired, forget } from "./core/api.js";
import { h, show } from "./core/dom.js";
import { frame } from "./core/frame.js";
import { STALE_AFTER_S } from "./core/fresh.js";
import { Keeper } from "./core/keeper.js";
import { Live } from "./core/live.js";
import { farewell, login, redeemed } from "./core/login.js";
import { Series } from "./core/series.js";
import * as session from "./core/session.js";
import { apply } from "./core/theme.js";

const HEADER = [
  { path: "/balance", wakes: ["fill", "funding.paid", "account.updated", "market.opens", "market.klines"] },
  { path: "/risk", wakes: ["account.updated", "portfolio.exposure_updated"] },
  { path: "/locks", wakes: ["safety.tripped", "safety.cleared"] },
  { path: "/version", every: 60 },
  { path: "/markets/feed", every: 2 },
];

/** Streams that are announced or drawn over time; what makes an answer old is said beside it. */
const FOLLOWED = ["alert.raised", "alert.resolved", "feed.state", "market.candle", "market.klines", "portfolio.snapshot_updated", "safety.cleared", "safety.fault", "safety.tripped", "stop.requested"];

/** Between two questions for the list of pages, where it was refused: no page can be without it. */
const AGAIN_MS = 1_000;

const pages = [];
const app = document.getElementById("app");
const state = { page: null, params: [], live: "off", problem: "", own: {} };
let scheduled = false;

const series = new Series(draw);
const keeper = new Keeper(draw);
const live = new Live({ streams: FOLLOWED, onEvent: hear, onState: heardOf });

/** Draws what has changed, once per frame. */
function draw() {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(() => {
    scheduled = false;
    if (session.token()) show(app, ...frame({ state, pages, page: drawnPage, leave: goodbye, acted }));
    else show(app, ...login({ problem: state.problem, enter }));
  });
}

function drawnPage() {
  if (!state.page) return state.problem ? [h("p", { class: "empty" }, `The pages are not there yet: ${state.problem}. They are asked for again.`)] : [];
  return state.page.view({
    read: known,
    series: (stream, limit) => series.of(stream, limit),
    params: state.params,
    own: (state.own[state.page.name] ??= {}),
    redraw: draw,
    rewatch: watch,
    acted,
  });
}

function hear(stream, told) {
  if (stream === "gap") {
    series.again();
    keeper.now();
    return;
  }
  if (stream === "dropped") return;
  series.hear(told);
  keeper.hear(stream);
  announce(told);
}

/** Says aloud what a person must hear. */
function announce({ stream, event }) {
  const words = {
    "safety.tripped": () => `Latch closed: ${event.cause}`,
    "safety.cleared": () => `Latch opened: ${event.cause}`,
    "alert.raised": () => `Alert: ${event.summary}`,
  }[stream];
  if (words) document.getElementById("announcer").textContent = words();
}

function heardOf(words) {
  state.live = words;
  draw();
}

function acted() {
  keeper.now();
}

function watch() {
  const here = { params: state.params, own: (state.own[state.page.name] ??= {}) };
  keeper.watch("page", state.page.reads(here));
}

/** Opens the page that the address names. */
function turn() {
  if (!pages.length) return;
  const [name, ...params] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  const next = pages.find((page) => page.name === name) ?? pages[0];
  const isOther = next !== state.page;
  state.page = next;
  state.params = params;
  document.title = `${next.title} · Quantum OS`;
  watch();
  draw();
  if (!isOther) return;
  scrollTo(0, 0);
  requestAnimationFrame(() => document.getElementById("content")?.focus({ preventScroll: true }));
}

async function enter(text, told) {
  forget();
  series.forget();
  session.enter(text, told);
  state.problem = "";
  await begin();
}

/** Ends the session here and at the process; a token that somebody pasted stays good. */
function goodbye() {
  farewell();
  leave();
}

function leave(problem = "") {
  live.stop();
  keeper.watch("header", []);
  keeper.watch("page", []);
  session.leave();
  forget();
  series.forget();
  state.problem = problem;
  draw();
}

async function begin() {
  while (!pages.length) {
    try {
      await gather();
    } catch (error) {
      if (!session.token()) return;
      state.problem = error.message;
      draw();
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
  state.problem = "";
  keeper.watch("header", HEADER);
  live.streams = followed();
  live.start();
  turn();
}

/** All that any page wakes for, so that a further page changes no other file. */
function followed() {
  const reads = [...HEADER, ...pages.flatMap((page) => page.reads({ params: [], own: {} }))];
  const wakes = reads.flatMap((read) => read.wakes ?? []);
  return [...new Set([...FOLLOWED, ...wakes, ...pages.flatMap((page) => page.follows ?? [])])].sort();
}

/** Loads every page that the process serves, in the order in which they want to stand. */
async function gather() {
  const { body } = await request("GET", "/pages.json", undefined, "/dashboard");
  const found = await Promise.all(body.pages.map((file) => import(`/dashboard/pages/${file}`)));
  pages.push(...found.map((module) => module.default).sort((one, other) => one.place - other.place));
}

/** Digits open pages, 0 the tenth; the rest of the keyboard is the browser's. */
function keys(event) {
  const typing = event.target.closest("input, textarea, select, dialog");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !session.token()) return;
  const page = /^\d$/.test(event.key) ? pages[(Number(event.key) + 9) % 10] : undefined;
  if (page) location.hash = `#/${page.name}`;
}

apply();
whenExpired(() => leave("The token is no longer good. Log in again."));
addEventListener("hashchange", () => (session.token() ? turn() : arrive()));
addEventListener("keydown", keys);
setInterval(() => session.token() && draw(), (STALE_AFTER_S * 1000) / 6);

/** A one-time link brings its word behind the `#`, where no server and no log sees it. */
async function arrive() {
  const code = /^#login=([\w-]+)$/.exec(location.hash)?.[1];
  if (code) {
    history.replaceState(null, "", "/");
    try {
      const { token, ...told } = await redeemed(code);
      await enter(token, told);
      return;
    } catch (error) {
      state.problem = error.message;
    }
  }
  if (session.token()) await begin();
  else draw();
}

arrive();
