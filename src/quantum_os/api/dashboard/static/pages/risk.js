/* Risk: what is taken of what is allowed, who set each limit, which latch is closed, what was refused. */

import { ACTS, actButton, opening } from "../core/acts.js";
import { h } from "../core/dom.js";
import * as f from "../core/format.js";
import { matrix } from "../parts/matrix.js";
import { chip, empty, figure, figures, meter, panel, swing, table } from "../parts/panel.js";
import { spansOf, timeline } from "../parts/timeline.js";

const ACCOUNT = ["account.updated", "portfolio.exposure_updated", "position.updated"];
const FRACTIONS = /^(risk_per_trade|daily_loss|size_factor|gross_margin|symbol_margin|cluster_margin)$/;

export default {
  name: "risk",
  title: "Risk",
  place: 40,
  reads: () => [
    { path: "/risk", wakes: ACCOUNT },
    { path: "/balance", wakes: ACCOUNT },
    { path: "/limits", wakes: ["policy.updated"] },
    { path: "/risk/correlation", wakes: ["market_data"], every: 30 },
    { path: "/locks", wakes: ["safety.tripped", "safety.cleared"] },
    { path: "/locks/history?limit=100", wakes: ["safety.tripped", "safety.cleared"] },
    { path: "/incidents?limit=20", wakes: ["incident.opened", "incident.closed", "invariant.violated"] },
    { path: "/markets/regimes?limit=500", wakes: ["meta.regime"] },
    { path: "/refusals?limit=20", wakes: ["risk.refusal", "candidate.refused"] },
  ],
  view(page) {
    return [
      h("div", { class: "columns even", key: "taken" }, h("div", { class: "stack" }, taken(page), leaning(page)), h("div", { class: "stack" }, latches(page), limits(page))),
      held(page),
      alike(page),
      modes(page),
      refused(page),
    ];
  },
};

function taken({ read }) {
  const answer = read("/risk");
  return panel("Taken of what is allowed", answer, () => {
    const book = answer.body;
    const limits = read("/limits").body?.limits ?? {};
    const loss = book.day_pnl_frac === null ? null : Math.max(0, -book.day_pnl_frac);
    const frac = (value) => f.percent(value);
    const times = (value) => (f.unknown(value) ? f.decimal(null) : `${f.decimal(value)} ×`);
    return [
      meter("Loss today", loss, limits.daily_loss ?? null, frac),
      meter("Margin used", book.margin_util, limits.gross_margin ?? null, frac),
      meter("Gross leverage", book.exposure?.gross_leverage ?? null, limits.gross_notional_x ?? null, times),
      meter("Positions", book.positions, limits.positions_max ?? null, f.count),
      meter("Entries today", book.entries_today, limits.entries_per_day ?? null, f.count),
      figures(
        figure("Heat", f.percent(book.heat), { hint: "What would be lost if every stop were hit, as a share of equity" }),
        figure("Drawdown", f.percent(book.drawdown)),
        figure("Reserved", f.count(book.reservations), { extra: "permits not yet filled" }),
        figure("Reconciled", book.reconciled ? "yes" : "no", { tone: book.reconciled ? "gain" : "loss" }),
        figure("Gate's self-test", book.self_test === null ? "not told" : book.self_test ? "passed" : "failed", { tone: book.self_test ? "gain" : "loss" }),
      ),
    ];
  });
}

/** What must always hold and does not, and what became of it. */
function held({ read }) {
  const answer = read("/incidents?limit=20");
  return panel("What must always hold", answer, () => {
    const { open, items } = answer.body;
    return [
      open.length
        ? table(
            "Broken invariants",
            [
              { name: "No.", end: true, cell: (row) => f.count(row.number) },
              { name: "What must hold", wide: true, cell: (row) => [h("strong", null, row.name), ` ${row.sentence}`] },
              { name: "Broken by", cell: (row) => row.subject },
              { name: "Values", cell: (row) => row.values },
              { name: "Since", cell: (row) => f.moment(row.since) },
              { name: "Again", end: true, cell: (row) => `${f.count(row.repeated)} times` },
              { name: "Way out", cell: (row) => `latch ${f.words(row.cause)}` },
            ],
            open,
            { rowKey: (row) => row.incident_id },
          )
        : h("p", { class: "all-well" }, chip("all hold", "good"), " No invariant that the fund watches over is broken."),
      items.length
        ? table(
            "Incidents, opened and closed",
            [
              { name: "When", cell: (row) => f.moment(row.event.closed_at ?? row.event.opened_at) },
              { name: "", cell: (row) => (row.stream === "incident.opened" ? chip("opened", "bad") : chip("closed", "good")) },
              { name: "What", wide: true, cell: (row) => row.event.summary ?? `${row.event.actor}: ${row.event.reason}` },
              { name: "With the events before it", cell: (row) => h("a", { href: `#/system/event/${row.seq}` }, `#${row.seq}`) },
            ],
            items,
            { rowKey: (row) => row.seq },
          )
        : null,
    ];
  });
}

function latches({ read, acted }) {
  const answer = read("/locks");
  return panel("Latches", answer, () => {
    const { locks } = answer.body;
    if (!locks.length) return h("p", { class: "all-well" }, chip("all open", "good"), " Entries are judged by the gate alone. Exits are never stopped.");
    return h(
      "ul",
      { class: "latches" },
      locks.map((lock) =>
        h(
          "li",
          { key: lock.cause },
          h("div", { class: "row" }, h("strong", null, f.words(lock.cause)), chip(f.words(lock.action), "bad"), lock.cause === "operator_pause" ? actButton(ACTS.start, acted, { small: true }) : actButton(opening(lock.cause), acted, { small: true })),
          h("p", null, `Since ${f.moment(lock.since)}${lock.until ? `, until ${f.moment(lock.until)}` : ""}. Way out: ${lock.way_out}.`),
          lock.value === null ? null : h("p", { class: "dim" }, `It saw ${f.decimal(lock.value, 4)}, its limit is ${f.decimal(lock.limit, 4)}.`),
        ),
      ),
    );
  });
}

function leaning({ read }) {
  const answer = read("/risk");
  return panel("Where the money leans", answer, () => {
    const exposure = answer.body.exposure;
    if (!exposure) return empty("Nothing was said of exposure yet.");
    const rows = exposure.by_symbol.filter((row) => Number(row.notional) !== 0);
    const most = Math.max(1, ...rows.map((row) => Math.abs(Number(row.notional))));
    return [
      figures(
        figure("Gross", f.usd(exposure.gross)),
        figure("Net", f.usd(exposure.net, { sign: true })),
        figure("Concentration", f.decimal(exposure.hhi), { hint: "Herfindahl index of notional: 1 is everything in one symbol" }),
      ),
      table(
        "Notional by symbol",
        [
          { name: "Symbol", cell: (row) => f.short(row.symbol) },
          { name: "Short · long", wide: true, cell: (row) => swing(row.notional, most, `${f.short(row.symbol)} ${f.usd(row.notional, { sign: true })} USD`) },
          { name: "Notional", end: true, cell: (row) => f.usd(row.notional, { sign: true }) },
        ],
        rows,
        { rowKey: (row) => row.symbol, none: "Nothing is held." },
      ),
      exposure.breaches.length ? h("p", { class: "warn-text" }, `Over its limit: ${exposure.breaches.join(", ")}.`) : null,
    ];
  });
}

/** Which positions are one position: symbols that move together fall together. */
function alike({ read }) {
  const answer = read("/risk/correlation");
  return panel("What moves together", answer, () => {
    const { symbols, rho, returns, bars, last_bar: last, returns_min: least, assumed, reason } = answer.body;
    if (!symbols.length) return empty("No bar has closed in this life yet.");
    const caption = "Correlation of hourly returns";
    return [
      h("p", { class: "dim" }, `Correlation of hourly log returns over ${f.count(bars)} bars to ${f.moment(last)} UTC. A pair with fewer than ${least} hours in common is unknown, and counted as ${f.decimal(assumed)}.`),
      reason ? h("p", { class: "warn-text" }, `Unknown: ${reason}.`) : null,
      matrix({ symbols, rho, returns, caption }),
    ];
  });
}

function limits({ read }) {
  const answer = read("/limits");
  return panel("Limits in force, and who set them", answer, () => {
    const { limits: found, version, profile, valid_until: until, report_only: reported } = answer.body;
    if (!found) return empty("No policy is in force: entries are stopped.");
    const sources = new Map(found.sources.map((each) => [each.limit, each.source]));
    const rows = Object.entries(found).filter(([name]) => name !== "sources");
    return [
      h("p", { class: "dim" }, `Policy ${version}, profile ${profile}, valid until ${f.moment(until)}. The most restrictive of all sources holds.`),
      table(
        "Limits in force",
        [
          { name: "Limit", cell: ([name]) => f.words(name) },
          { name: "Value", end: true, cell: ([name, value]) => written(name, value) },
          { name: "Set by", cell: ([name]) => f.words(sources.get(name)) },
        ],
        rows,
        { rowKey: ([name]) => name },
      ),
      reported.length ? h("p", { class: "dim" }, `Reported only by this profile: ${reported.map(f.words).join(", ")}.`) : null,
    ];
  });
}

const written = (name, value) => (FRACTIONS.test(name) ? f.percent(value) : /leverage|notional_x/.test(name) ? `${f.quantity(value)} ×` : f.quantity(value));

const CALM = { calm: "calm", normal: "calm", range: "calm", trend_up: "up", trend_down: "down", volatile: "rough", extreme: "rough", unknown: "unknown" };

function modes({ read, series }) {
  const answer = read("/markets/regimes?limit=500");
  return panel("Regimes and latches over time", answer, () => {
    const changes = [...answer.body.items].reverse();
    const past = series("portfolio.snapshot_updated", 500).events;
    const to = f.time(past.at(-1)?.at ?? answer.body.as_of);
    const history = [...(read("/locks/history?limit=100").body?.items ?? [])].reverse();
    const times = [...changes, ...history].map((told) => f.time(told.at));
    if (!to || !times.length) return empty("Nothing has changed yet.");
    const from = Math.min(...times, to - 1);
    const names = ["GLOBAL", ...new Set(changes.map(({ event }) => event.symbol).filter((symbol) => symbol !== "GLOBAL"))].slice(0, 7);
    const lanes = names.map((name) => ({
      name: name === "GLOBAL" ? "Market" : f.short(name),
      spans: spansOf(changes.filter(({ event }) => event.symbol === name).map((told) => ({ at: f.time(told.at), value: told.event.label })), to, (value) => CALM[value.toLowerCase()] ?? "unknown"),
    }));
    return timeline([{ name: "Latches", spans: closedSpans(history, to) }, ...lanes], [from, to], "Regimes of the market and of symbols, and closed latches, over time");
  });
}

/** From each trip to its clearing. */
function closedSpans(history, to) {
  const open = new Map();
  const spans = [];
  for (const { at, stream, event } of history) {
    if (stream === "safety.tripped" && !open.has(event.cause)) {
      const span = { from: f.time(at), to, words: f.words(event.cause), title: `${f.words(event.cause)}: ${event.way_out}`, kind: "latch" };
      open.set(event.cause, span);
      spans.push(span);
    } else if (stream === "safety.cleared" && open.has(event.cause)) {
      open.get(event.cause).to = f.time(at);
      open.delete(event.cause);
    }
  }
  return spans;
}

function refused({ read }) {
  const answer = read("/refusals?limit=20");
  return panel("What was refused", answer, () =>
    table(
      "Refused intents and dropped candidates",
      [
        { name: "Symbol", cell: ({ event }) => f.short(event.symbol) },
        { name: "When", cell: ({ at }) => f.moment(at) },
        { name: "Gate", cell: ({ event }) => f.words(event.code) },
        { name: "Where", cell: ({ stream, event }) => (stream === "risk.refusal" ? "risk" : f.words(event.stage)) },
        { name: "It saw", end: true, cell: ({ event }) => f.decimal(event.value, 4) },
        { name: "Its limit", end: true, cell: ({ event }) => f.decimal(event.limit, 4) },
        { name: "", cell: ({ event }) => h("a", { href: `#/decisions/trace/${event.decision_id}` }, "trace", h("span", { class: "unseen" }, ` of ${f.short(event.symbol)}`)) },
      ],
      answer.body.items,
      { rowKey: ({ seq }) => seq, none: "Nothing was refused yet." },
    ),
  );
}
