/* What stands around every page: navigation, the fund's state in one line, and the controls. */

import { ACTS, actButton } from "./acts.js";
import { GONE, known } from "./api.js";
import { h } from "./dom.js";
import * as f from "./format.js";
import { told } from "./fresh.js";
import { icon } from "./icons.js";
import { who } from "./session.js";
import { theme, turn } from "./theme.js";

/** The whole window of somebody who is logged in. */
export function frame({ state, pages, page, leave, acted }) {
  return [
    rail(pages, state, leave),
    h("div", { class: "window", key: "window" }, bar(state, acted), banner(state), content(state, page)),
  ];
}

function rail(pages, state, leave) {
  return h(
    "nav",
    { class: "rail", "aria-label": "Pages", key: "rail" },
    h("a", { class: "brand", href: `#/${pages[0]?.name ?? ""}` }, h("img", { src: "/dashboard/mark.svg", alt: "", width: "26", height: "26" }), h("span", null, "Quantum OS")),
    h(
      "ul",
      null,
      pages.map((each, at) =>
        h(
          "li",
          { key: each.name },
          h(
            "a",
            { href: `#/${each.name}`, "aria-current": each === state.page ? "page" : null, "aria-keyshortcuts": at < 10 ? String((at + 1) % 10) : null },
            icon(each.icon ?? each.name, each.sign),
            h("span", null, each.title),
          ),
        ),
      ),
    ),
    h(
      "div",
      { class: "rail-end" },
      h("p", { class: "who" }, h("strong", null, who().name ?? "?"), h("span", null, who().role ?? "?")),
      h("button", { type: "button", class: "quiet", onclick: (event) => (event.currentTarget.querySelector("span").textContent = shade(turn())) }, icon("sun"), h("span", null, shade(theme()))),
      h("button", { type: "button", class: "quiet", onclick: () => leave() }, icon("leave"), h("span", null, "Log out")),
    ),
  );
}

const shade = (name) => `Theme: ${name}`;

/** The one line that is true of the fund at any time. */
function bar(state, acted) {
  const balance = known("/balance");
  const risk = known("/risk");
  const locks = known("/locks").body?.locks;
  const version = known("/version").body;
  const isPaused = locks?.some((lock) => lock.cause === "operator_pause");
  return h(
    "header",
    { class: "bar", key: "bar" },
    h("div", { class: "bar-mode" }, h("span", { class: `chip mode ${version?.mode ?? ""}` }, (version?.mode ?? "mode unknown").toUpperCase()), version?.is_synthetic ? h("span", { class: "chip synthetic" }, "synthetic market") : null, entries(locks)),
    h(
      "dl",
      { class: "bar-figures" },
      small("Equity", f.usd(balance.body?.equity), "", balance),
      small("Today", f.percent(risk.body?.day_pnl_frac, { sign: true }), f.tone(risk.body?.day_pnl_frac), risk),
      small("Drawdown", f.percent(balance.body?.drawdown), "", balance),
    ),
    pulse(state),
    h("div", { class: "bar-acts" }, actButton(isPaused ? ACTS.start : ACTS.pause, acted), actButton(ACTS.flatten, acted), actButton(ACTS.kill, acted)),
  );
}

function small(name, value, tone, answer) {
  const { state, text } = told(answer);
  return h("div", { "data-state": state, title: text }, h("dt", null, name), h("dd", { class: tone }, value));
}

function entries(locks) {
  if (!locks) return h("span", { class: "chip unknown" }, "entries: unknown");
  if (!locks.length) return h("span", { class: "chip good" }, "entries open");
  return h("a", { class: "chip bad", href: "#/risk" }, `entries stopped: ${locks.map((lock) => f.words(lock.cause)).join(", ")}`);
}

/** Whether the connection lives, and how old the market is. */
function pulse(state) {
  const feed = known("/markets/feed");
  const { state: kind } = told(feed);
  const waited = (performance.now() - feed.receivedAt) / 1000;
  const age = feed.body?.market_age_s;
  const words = age === null || age === undefined ? "market not heard" : `market ${f.duration(age + waited)} old`;
  const isLive = state.live === "live";
  const shown = !isLive ? "lost" : kind === "live" ? "live" : "stale";
  return h("p", { class: `pulse ${shown}` }, h("span", { class: "dot", "aria-hidden": "true" }), h("span", null, `${isLive ? (shown === "stale" ? "stale" : "live") : state.live} · ${words}`));
}

function banner(state) {
  const feed = known("/markets/feed");
  if (!feed.body && !feed.problem) return null;
  const { state: kind, text } = told(feed);
  if (kind === "live") return null;
  const isGone = Boolean(feed.problem);
  const words = isGone ? `The process does not answer${feed.problem === GONE ? "" : ` (${feed.problem})`}. What is shown is what it last said.` : "The market is silent: prices, and all that is reckoned from them, are stale.";
  return h("p", { class: "banner", role: "alert", id: "stale", title: text, key: "banner" }, words);
}

function content(state, page) {
  return h("main", { id: "content", tabindex: "-1", key: `page-${state.page?.name}` }, h("h1", null, state.page?.title ?? ""), page());
}
