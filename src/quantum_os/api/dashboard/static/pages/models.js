/* Models & Learning: who votes, how far it is trusted and counts, and what its words were worth. */

import { actButton, FREEZE, UNFREEZE } from "../core/acts.js";
import { h } from "../core/dom.js";
import * as f from "../core/format.js";
import { chip, choice, empty, figure, figures, panel, table } from "../parts/panel.js";
import { reliability } from "../parts/reliability.js";
import { timeline } from "../parts/timeline.js";

const LEARNT = ["ai.signal_resolved", "decision.summary"];
const TRUSTED = ["model.state_changed", "federation.reweighed", "decision.summary"];
const CURVES = "/models/reliability";
const BOARD = "/models/board";
const STATES = "/models/states";
const STATES_BEFORE = "/models/states/history?limit=500";
const WEIGHTS = "/models/weights";
const WEIGHTS_BEFORE = "/models/weights/history?limit=500";
const ROWS_MAX = 40;
const HOUR_MS = 3_600_000;

export default {
  name: "models",
  title: "Models & Learning",
  sign: "M4 15a2 2 0 1 0 .01 0M10 5a2 2 0 1 0 .01 0M16 12a2 2 0 1 0 .01 0M5.200 13.500l3.800-5M11.500 8l3.200 3.500",
  place: 65,
  reads: () => [
    { path: "/models", wakes: LEARNT },
    { path: CURVES, wakes: LEARNT },
    { path: BOARD, wakes: LEARNT },
    { path: STATES, wakes: TRUSTED },
    { path: STATES_BEFORE, wakes: TRUSTED },
    { path: WEIGHTS, wakes: TRUSTED },
    { path: WEIGHTS_BEFORE, wakes: TRUSTED },
  ],
  view(page) {
    return [trusted(page), counted(page), measured(page), scores(page), board(page), drift(page), voters(page)];
  },
};

const part = (value, digits = 1) => f.percent(value, { digits });
const between = ([low, high]) => `${f.decimal(low * 100, 1)} to ${part(high)}`;
const named = (who) => (who === "decision" ? "the decision" : f.words(who));

const KINDS = { OK: "good", WATCH: "warn", DEGRADED: "bad", QUARANTINED: "bad" };
const SPANS = { OK: "up", WATCH: "rough", DEGRADED: "down", QUARANTINED: "latch" };
const bounds = (value, interval, write) => (f.unknown(value) ? f.decimal(null) : interval ? `${write(value)} (${write(interval[0])} to ${write(interval[1])})` : `${write(value)} (interval unknown)`);

/** How long something has held, in the fund's own time. */
const held = (since, now) => (since && now ? f.duration((f.time(now) - f.time(since)) / 1000) : "since its first vote");

/** How far each voter is trusted, since when, and everything that was found. */
function trusted(page) {
  const answer = page.read(STATES);
  return panel(
    "How far each voter is trusted",
    answer,
    () => {
      const { voters: found, dwell_h: dwell, as_of: now } = answer.body;
      if (!found.length) return empty("No voter has voted yet.");
      return [
        overTime(page, found),
        table(
          "State of each voter",
          [
            { name: "Voter", cell: (row) => f.words(row.slot) },
            { name: "Version", cell: (row) => h("code", null, row.model_id) },
            { name: "State", cell: (row) => chip(f.words(row.state), KINDS[row.state]) },
            { name: "For", cell: (row) => held(row.since, now) },
            { name: "Weight left", end: true, cell: (row) => part(row.weight_left, 0) },
            { name: "Found now", wide: true, cell: (row) => row.findings.map((each) => h("p", { key: each.code }, `${f.words(each.code)}: ${each.words}.`)) },
          ],
          found,
          { rowKey: (row) => row.slot },
        ),
        table(
          "What came of the latest votes",
          [
            { name: "Voter", cell: (row) => f.words(row.slot) },
            { name: "Reviewed", wide: true, cell: (row) => (row.review ? f.moment(row.review.at) : row.review_reason) },
            { name: "Outcomes", end: true, cell: (row) => f.count(row.review?.outcomes ?? null) },
            { name: "Gain, nats (95 %)", end: true, cell: (row) => bounds(row.review?.gain, row.review?.gain_interval, (value) => f.decimal(value, 4, true)) },
            { name: "Off by", end: true, cell: (row) => (f.unknown(row.review?.ece) ? f.decimal(null) : `${f.decimal(row.review.ece, 3)}, chance ${f.decimal(row.review.ece_noise, 3)}`) },
            { name: "Mean R (95 %)", end: true, cell: (row) => bounds(row.review?.mean_r, row.review?.mean_r_interval, (value) => f.decimal(value, 3, true)) },
          ],
          found,
          { rowKey: (row) => row.slot },
        ),
        h("p", { class: "source" }, `A watched voter counts less; a degraded one and one in quarantine vote and count for nothing. Trust falls at once, and comes back a step after ${f.quantity(dwell)} h of being well.`),
      ];
    },
    { note: "Gain is over always saying the base rate. Off by: the calibration error, and what chance alone would make it." },
  );
}

function overTime(page, found) {
  const now = f.time(page.read(STATES).body.as_of);
  const items = [...(page.read(STATES_BEFORE).body?.items ?? [])].filter((item) => item.stream === "model.state_changed").reverse();
  const start = f.time(page.read(CURVES).body?.since) ?? f.time(items[0]?.at);
  if (!now || !start || start >= now) return null;
  const lanes = found.map((row) => {
    const changes = items.filter((item) => item.event.slot === row.slot);
    const all = [{ at: start, state: changes[0]?.event.previous ?? row.state }, ...changes.map((item) => ({ at: f.time(item.at), state: item.event.state, why: item.event.reason }))];
    return { name: f.words(row.slot), spans: all.map((each, at) => ({ from: each.at, to: all[at + 1]?.at ?? now, words: f.words(each.state), title: each.why, kind: SPANS[each.state] ?? "calm" })) };
  });
  return timeline(lanes, [Math.min(start, now - HOUR_MS), now], "State of each voter over time");
}

/** What each voter counts, by regime, and how that came to be. */
function counted(page) {
  const answer = page.read(WEIGHTS);
  const tools = answer.body ? [actButton(answer.body.frozen ? UNFREEZE : FREEZE, page.acted, { small: true })] : [];
  return panel(
    "What each voter counts",
    answer,
    () => {
      const { voters: found, factors, outcomes, regimes, frozen, reason } = answer.body;
      if (!found.length) return empty("No voter has voted yet.");
      return [
        frozen ? h("p", { class: "verdict" }, chip("frozen", "warn"), ` by ${frozen.by} since ${f.moment(frozen.since)} UTC: ${frozen.reason}`) : null,
        weightsOverTime(page, found),
        regimes.length
          ? table(
              "Weights by regime",
              [
                { name: "Regime", cell: (row) => f.words(row.regime) },
                ...found.map((name, at) => ({ name: f.words(name), end: true, cell: (row) => part(row.weights[at]) })),
                { name: "Independent outcomes", end: true, cell: (row) => f.count(row.outcomes) },
                { name: "From", cell: (row) => row.basis },
              ],
              regimes,
              { rowKey: (row) => row.regime },
            )
          : h("p", { class: "dim" }, `By outcomes: ${reason}.`),
        table(
          "What the supervisor leaves of each weight",
          [
            { name: "Voter", cell: (row) => f.words(row.name) },
            { name: "Resolved votes remembered", end: true, cell: (row) => f.count(row.outcomes) },
            { name: "Left of its weight", end: true, cell: (row) => part(row.factor, 0) },
          ],
          found.map((name, at) => ({ name, factor: factors[at], outcomes: outcomes[at] })),
          { rowKey: (row) => row.name },
        ),
      ];
    },
    { tools, note: "Weights move on resolved votes alone, out of sample, between 5 and 50 %." },
  );
}

function weightsOverTime(page, found) {
  const items = [...(page.read(WEIGHTS_BEFORE).body?.items ?? [])].reverse();
  const now = f.time(page.read(WEIGHTS).body.as_of);
  const start = f.time(page.read(CURVES).body?.since) ?? f.time(items[0]?.at);
  if (!now || !start) return null;
  const regime = page.own.regime ?? "RANGE";
  const names = [...new Set(["RANGE", ...items.flatMap((item) => item.event.regimes.map((row) => row.regime))])];
  const pick = choice("Regime", names.map((name) => [name, f.words(name)]), regime, (name) => {
    page.own.regime = name;
    page.redraw();
  });
  const before = { from: start, to: f.time(items[0]?.at) ?? now, words: "as it came", kind: "calm" };
  const lanes = found.map((name) => ({ name: f.words(name), spans: [before, ...items.map((item, at) => weighed(item, name, regime, f.time(items[at + 1]?.at) ?? now))] }));
  return h("div", { key: "weights-over-time" }, names.length > 1 ? pick : null, timeline(lanes, [Math.min(start, now - HOUR_MS), now], `Weights in the regime ${f.words(regime)} over time`));
}

function weighed({ at, event }, name, regime, to) {
  const place = event.voters.indexOf(name);
  const row = event.regimes.find((each) => each.regime === regime);
  const factor = place < 0 ? 1 : event.factors[place];
  const given = row && place >= 0 ? part(row.weights[place], 0) : "as it came";
  const words = factor === 1 ? given : `${given} × ${f.decimal(factor, 1)}`;
  return { from: f.time(at), to, words, title: event.reason, kind: factor === 0 ? "down" : factor < 1 ? "rough" : row ? "up" : "calm" };
}

/** Said and came, by regime and symbol. */
function board(page) {
  const answer = page.read(BOARD);
  const who = page.own.who ?? "decision";
  const mine = (answer.body?.cells ?? []).filter((cell) => cell.who === who);
  return panel(
    `Said and came, by regime and symbol: ${named(who)}`,
    answer,
    () =>
      table(
        "Reliability by regime and symbol",
        [
          { name: "Regime", cell: (cell) => f.words(cell.regime) },
          { name: "Symbol", cell: (cell) => f.short(cell.symbol) },
          { name: "Said", end: true, cell: (cell) => part(cell.said) },
          { name: "Came", end: true, cell: (cell) => part(cell.rate) },
          { name: "95 %", end: true, cell: (cell) => between(cell.interval) },
          { name: "Won of", end: true, cell: (cell) => `${f.count(cell.wins)} / ${f.count(cell.n)}` },
          { name: "Brier", end: true, cell: (cell) => f.decimal(cell.brier, 4) },
          { name: "Mean R", end: true, tone: (cell) => f.tone(cell.mean_r), cell: (cell) => f.multiple(cell.mean_r) },
        ],
        mine.slice(0, ROWS_MAX),
        { rowKey: (cell) => `${cell.regime} ${cell.symbol}`, none: `No vote of ${named(who)} was resolved yet.` },
      ),
    { note: mine.length > ROWS_MAX ? `The ${ROWS_MAX} of ${f.count(mine.length)} with most outcomes.` : "Whose is chosen above. Few outcomes say little: see the interval.", kind: "tall" },
  );
}

/** What a model is fed and says, held against what it learnt from. */
function drift(page) {
  const answer = page.read(STATES);
  return panel(
    "Drift from what was learnt",
    answer,
    () => {
      const rows = (answer.body.voters ?? []).flatMap((row) => (row.drift ? [...(row.drift.said ? [row.drift.said] : []), ...row.drift.features].map((each) => ({ slot: row.slot, at: row.drift.at, bars: row.drift.bars, ...each })) : []));
      const without = answer.body.voters.filter((row) => !row.drift);
      return [
        without.map((row) => h("p", { class: "dim", key: row.slot }, `${f.words(row.slot)}: drift is unknown; ${row.drift_reason}.`)),
        rows.length
          ? table(
              "Drift of inputs and answers",
              [
                { name: "What", cell: (row) => f.words(row.name) },
                { name: "Of", cell: (row) => f.words(row.slot) },
                { name: "", cell: (row) => (row.drifts ? chip("drifts", "bad") : chip("steady", "good")) },
                { name: "PSI, nats", end: true, cell: (row) => f.decimal(row.psi, 3) },
                { name: "KS", end: true, cell: (row) => f.decimal(row.distance, 3) },
                { name: "Odds of chance", end: true, cell: (row) => (f.unknown(row.p) ? f.decimal(null) : row.p < 0.001 ? "below 0.001" : f.decimal(row.p, 3)) },
                { name: "Unknown", end: true, cell: (row) => part(row.unknown) },
                { name: "Over", cell: (row) => `${f.count(row.bars)} bars to ${f.moment(row.at)}` },
              ],
              rows,
              { rowKey: (row) => `${row.slot} ${row.name}` },
            )
          : null,
      ];
    },
    { note: "All are tested together, so that of the drifts found few are none.", kind: "tall" },
  );
}

function measured(page) {
  const answer = page.read(CURVES);
  const who = page.own.who ?? "decision";
  const curves = answer.body?.curves ?? [];
  const tool = choice("Whose probabilities", curves.map((curve) => [curve.who, named(curve.who)]), who, (each) => {
    page.own.who = each;
    page.redraw();
  });
  return panel(
    "Said before, and what came",
    answer,
    () => {
      const curve = curves.find((each) => each.who === who) ?? curves[0];
      const found = curve.measured;
      if (!found.n) return empty(`No curve of ${named(curve.who)}: ${curve.reason}.`);
      return [
        h("p", { class: "dim" }, about(page.read("/models").body, curve.who)),
        h(
          "div",
          { class: "columns even inner", key: curve.who },
          h("div", null, reliability(found, { label: `Reliability of ${named(curve.who)}: ${found.bins.length} bins of ${f.count(found.n)} outcomes` }), h("p", { class: "source" }, "On the rising line what was said is what came. Whiskers: 95 % (Wilson), as if outcomes were independent; markets move together, so doubt is wider. Dashed: how often any came.")),
          h("div", null, worth(curve), bins(curve)),
        ),
      ];
    },
    { tools: curves.length ? [tool] : [], note: span(answer.body) },
  );
}

const span = (body) => (body?.since ? `Bars from ${f.moment(body.since)} to ${f.moment(body.until)} UTC; only votes that have met target, stop or horizon.` : "");

/** Whose number the probability is: a rule has none of its own. */
function about(models, who) {
  if (who === "decision") return "The pooled probability of the side taken that TP1 comes before the stop: every bar with a side counts, traded or not.";
  const voter = models?.voters.find((each) => each.name === who);
  if (voter?.states_probability === false) return "A rule says a side and no probability. What counted for it is its hit rate until then, shrunk to the prior: that is what is measured here.";
  if (voter?.states_probability) return "Its own probability that TP1 comes before the stop.";
  return `Whether it says probabilities of its own is not known: ${voter?.reason ?? "not heard yet"}.`;
}

function worth({ measured: found, mean_r: r, ended_by: ended }) {
  return figures(
    figure("Won", part(found.base_rate), { extra: `${f.count(found.wins)} of ${f.count(found.n)}; 95 %: ${between(found.base_interval)}` }),
    figure("A vote's worth", f.multiple(r), { tone: f.tone(r), extra: "mean, before costs" }),
    score("Brier score", found.brier, found.brier_base),
    score("Log loss", found.log_loss, found.log_loss_base),
    figure("Ended by", Object.entries(ended).map(([name, times]) => `${f.words(name)} ${f.count(times)}`).join(", "), { tone: "words" }),
  );
}

/** A score beside that of always saying the base rate; less is better. */
function score(name, value, base) {
  const words = value < base ? "better" : value > base ? "worse" : "as good";
  return figure(name, f.decimal(value, 4), { extra: h("span", null, chip(words, value < base ? "good" : value > base ? "bad" : ""), ` than ${f.decimal(base, 4)}, always saying the base rate`), hint: "Less is better" });
}

function bins({ who, measured: found }) {
  return table(
    `Bins of ${named(who)}`,
    [
      { name: "Said", cell: (bin) => `${part(bin.low, 0)} to ${part(bin.high, 0)}` },
      { name: "On average", end: true, cell: (bin) => part(bin.p_mean) },
      { name: "Came", end: true, cell: (bin) => part(bin.rate) },
      { name: "95 %", end: true, cell: (bin) => between(bin.interval) },
      { name: "Won of", end: true, cell: (bin) => `${f.count(bin.wins)} / ${f.count(bin.n)}` },
    ],
    found.bins,
    { rowKey: (bin) => bin.low },
  );
}

function scores({ read }) {
  const answer = read(CURVES);
  return panel(
    "Against saying always the same",
    answer,
    () =>
      table(
        "Scores of the decision and of each voter",
        [
          { name: "Who", cell: (curve) => named(curve.who) },
          { name: "Resolved", end: true, cell: (curve) => f.count(curve.resolved) },
          { name: "Won", end: true, cell: (curve) => part(curve.measured.base_rate) },
          { name: "Brier", end: true, cell: (curve) => f.decimal(curve.measured.brier, 4) },
          { name: "of the base rate", end: true, cell: (curve) => f.decimal(curve.measured.brier_base, 4) },
          { name: "Log loss", end: true, cell: (curve) => f.decimal(curve.measured.log_loss, 4) },
          { name: "of the base rate", end: true, cell: (curve) => f.decimal(curve.measured.log_loss_base, 4) },
          { name: "Mean R", end: true, tone: (curve) => f.tone(curve.mean_r), cell: (curve) => f.multiple(curve.mean_r) },
          { name: "", wide: true, cell: (curve) => curve.reason },
        ],
        answer.body.curves,
        { rowKey: (curve) => curve.who, none: "No bar has been voted on yet." },
      ),
    { note: "Less is better; a probability is worth something once it beats its base rate." },
  );
}

/** Whether a trained model is among them, as far as they have voted. */
function kinds(found) {
  if (!found.length || found.some((voter) => voter.states_probability === null)) return "";
  const own = found.filter((voter) => voter.states_probability).length;
  return own ? `${f.count(own)} of ${f.count(found.length)} say probabilities of their own.` : "All are rules: no trained model votes.";
}

function voters({ read }) {
  const answer = read("/models");
  return panel(
    "Who votes, and how often it was right",
    answer,
    () => {
      const { voters: found, reason, prior, prior_weight: weight, horizon_h: horizon } = answer.body;
      if (!found.length) return empty(`Nobody is listed: ${reason}.`);
      const rows = found.flatMap((voter) => voter.sides.map((side) => ({ voter, side })));
      return [
        h("p", { class: "dim" }, `A vote is right when TP1 comes before the stop, within ${f.quantity(horizon)} h. A rule's next vote counts with its hit rate, shrunk to ${part(prior)} as if it had ${f.quantity(weight)} more outcomes.`),
        table(
          "Voters by side",
          [
            { name: "Voter", cell: ({ voter }) => f.words(voter.name) },
            { name: "Version", cell: ({ voter }) => h("code", null, voter.version) },
            { name: "Weight", end: true, cell: ({ voter }) => part(voter.weight) },
            { name: "Says", cell: ({ voter }) => (voter.states_probability === null ? voter.reason : voter.states_probability ? "a side, a probability" : "a side only") },
            { name: "Side", cell: ({ side }) => chip(side.side.toLowerCase(), side.side === "LONG" ? "long" : "short") },
            { name: "Won of", end: true, cell: ({ side }) => `${f.count(side.wins)} / ${f.count(side.n)}` },
            { name: "Hit rate", end: true, cell: ({ side }) => h("span", { title: side.reason || null }, part(side.hit_rate)) },
            { name: "95 %", end: true, cell: ({ side }) => (side.interval ? between(side.interval) : f.decimal(null)) },
            { name: "Counts next as", end: true, cell: ({ voter, side }) => (voter.states_probability ? "its own" : part(side.used)) },
          ],
          rows,
          { rowKey: ({ voter, side }) => `${voter.name} ${side.side}` },
        ),
      ];
    },
    { note: kinds(answer.body?.voters ?? []) },
  );
}
