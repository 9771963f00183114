/* System: whether events flow, what runs, how far anything is behind, and any event with its cause. */

import { h } from "../core/dom.js";
import * as f from "../core/format.js";
import { inspected } from "../parts/event.js";
import { flowed } from "../parts/flow.js";
import { chip, empty, figure, figures, panel, table } from "../parts/panel.js";

export default {
  name: "system",
  title: "System",
  place: 70,
  reads: ({ params }) => [
    { path: "/readiness", every: 2 },
    { path: "/health", wakes: ["module.state_changed", "storage.state"] },
    { path: "/bus", every: 2 },
    { path: "/lineup", every: 300 },
    { path: "/version", every: 60 },
    { path: "/alerts?limit=20", wakes: ["alert.raised", "alert.resolved"] },
    { path: "/logs?limit=40", wakes: ["alert.raised", "fill", "trade.closed", "risk.refusal", "safety.tripped"] },
    ...(params[0] === "event" && params[1] ? [{ path: `/journal/${params[1]}`, every: 3_600 }] : []),
  ],
  view(page) {
    return [
      page.params[0] === "event" ? inspected(page.read(`/journal/${page.params[1]}`), page.params[1]) : null,
      h("div", { class: "columns even", key: "state" }, ready(page), standing(page)),
      behind(page),
      flowed(page.read("/bus"), page.read("/lineup"), page.own),
      h("div", { class: "columns even", key: "inside" }, modules(page), slow(page)),
      lines(page),
    ];
  },
};

function ready({ read }) {
  const answer = read("/readiness");
  return panel("Do events flow", null, () => {
    if (!answer.body?.checks) return empty(answer.problem ?? "Asking the process…");
    const { ready: isReady, checks } = answer.body;
    return [
      h("p", { class: "verdict" }, chip(isReady ? "ready" : "not ready", isReady ? "good" : "bad"), isReady ? " Every check holds." : " What fails is named below."),
      table(
        "Checks",
        [
          { name: "Check", cell: (check) => f.words(check.name) },
          { name: "Holds", cell: (check) => chip(check.ok ? "yes" : "no", check.ok ? "good" : "bad") },
          { name: "Measured", end: true, cell: (check) => (check.value === null ? f.decimal(null) : `${f.decimal(check.value, check.unit === "s" ? 2 : 0)} ${check.unit}`) },
          { name: "At most", end: true, cell: (check) => (check.limit === null ? f.decimal(null) : `${f.decimal(check.limit, 0)} ${check.unit}`) },
          { name: "Why", wide: true, cell: (check) => check.reason },
        ],
        checks,
        { rowKey: (check) => check.name },
      ),
    ];
  });
}

function standing({ read }) {
  const answer = read("/bus");
  const version = read("/version").body;
  return panel("Where the bus stands", answer, () => {
    const bus = answer.body;
    return figures(
      figure("Last event", h("a", { href: `#/system/event/${bus.seq}` }, `#${bus.seq}`), { tone: "code" }),
      figure("Durable up to", `#${bus.flushed_seq}`, { extra: `${f.count(bus.journal_lag)} not yet written`, tone: "code" }),
      figure("Inputs waiting", f.count(bus.waiting)),
      figure("Loop late by", bus.loop_late_s === null ? f.decimal(null) : `${f.decimal(bus.loop_late_s * 1000, 0)} ms`, { extra: "the worst of 15 s" }),
      figure("Followers", f.count(bus.followers), { extra: "of events, this page among them" }),
      figure("Version", version?.version ?? f.decimal(null), { extra: version ? `build ${version.build.slice(0, 12)}` : null }),
    );
  });
}

function behind({ read }) {
  const answer = read("/bus");
  return panel("What waits, and for whom", answer, () =>
    table(
      "Readers of events",
      [
        { name: "Reader", cell: (row) => h("code", null, row.reader) },
        { name: "Has still to read", end: true, cell: (row) => (row.count === null ? f.decimal(null) : `${f.count(row.count)} ${row.unit}`) },
        { name: "The oldest has waited", end: true, cell: (row) => (row.oldest_age_s === null ? f.decimal(null) : `${f.decimal(row.oldest_age_s, 1)} s`) },
        { name: "It is", cell: (row) => (row.oldest_seq === null ? (row.oldest_stream ?? "") : h("a", { href: `#/system/event/${row.oldest_seq}` }, `${row.oldest_stream ?? "event"} #${row.oldest_seq}`)) },
        { name: "Why unknown", wide: true, cell: (row) => row.reason },
      ],
      answer.body.readers,
      { rowKey: (row) => row.reader },
    ),
  );
}

const STATES = { running: "good", degraded: "warn", faulted: "bad", stopped: "bad" };

function modules({ read }) {
  const answer = read("/health");
  return panel(
    "Modules, in the order of an order's life",
    answer,
    () => [
      h("p", { class: "verdict" }, chip(answer.body.ok ? "all run" : "not all run", answer.body.ok ? "good" : "bad"), ` ${answer.body.summary}`),
      table(
        "Modules",
        [
          { name: "Module", cell: (row) => h("code", null, row.module) },
          { name: "State", cell: (row) => chip(row.state, STATES[row.state] ?? "") },
          { name: "Last event", cell: (row) => f.moment(row.last_event_at) },
          { name: "Money path", cell: (row) => (row.critical ? "yes" : "no") },
          { name: "Why", wide: true, cell: (row) => row.reason },
        ],
        answer.body.modules,
        { rowKey: (row) => row.module },
      ),
      answer.body.keepers.length ? h("p", { class: "dim after" }, answer.body.keepers.map((keeper) => `${keeper.keeper}: ${keeper.ok ? "well" : `down since ${f.moment(keeper.since)}, ${keeper.reason}`}`).join("; ")) : h("p", { class: "dim after" }, "No keeper of events had trouble in this life."),
    ],
    { kind: "tall" },
  );
}

function slow({ read }) {
  const answer = read("/bus");
  return panel(
    "The slowest handlers",
    answer,
    () =>
      table(
        "Slowest sampled calls",
        [
          { name: "Module", cell: (row) => h("code", null, row.module) },
          { name: "Stream", cell: (row) => row.stream },
          { name: "Slowest", end: true, cell: (row) => `${f.decimal(row.slowest_s * 1000, 2)} ms` },
        ],
        [...answer.body.slowest].sort((one, other) => other.slowest_s - one.slowest_s).slice(0, 24),
        { rowKey: (row) => `${row.module} ${row.stream}`, none: "No call was sampled yet." },
      ),
    { note: "One call in 64 is timed.", kind: "tall" },
  );
}

function lines({ read }) {
  const answer = read("/logs?limit=40");
  return panel("What was notable", answer, () =>
    table(
      "Notable events",
      [
        { name: "When", cell: (line) => f.moment(line.at) },
        { name: "Source", cell: (line) => h("code", null, line.source) },
        { name: "Event", cell: (line) => h("a", { href: `#/system/event/${line.seq}` }, `#${line.seq}`) },
        { name: "Said", wide: true, cell: (line) => h("code", { class: "cut" }, line.message) },
      ],
      answer.body.lines,
      { rowKey: (line) => line.seq, none: "Nothing notable was said yet." },
    ),
    { kind: "tall" },
  );
}
