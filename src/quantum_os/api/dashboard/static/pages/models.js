/* Models & Learning: who votes, how often it was right, and what its probabilities were worth. */

import { h } from "../core/dom.js";
import * as f from "../core/format.js";
import { chip, choice, empty, figure, figures, panel, table } from "../parts/panel.js";
import { reliability } from "../parts/reliability.js";

const LEARNT = ["ai.signal_resolved", "decision.summary"];
const CURVES = "/models/reliability";

export default {
  name: "models",
  title: "Models & Learning",
  sign: "M4 15a2 2 0 1 0 .01 0M10 5a2 2 0 1 0 .01 0M16 12a2 2 0 1 0 .01 0M5.200 13.500l3.800-5M11.500 8l3.200 3.500",
  place: 65,
  reads: () => [
    { path: "/models", wakes: LEARNT },
    { path: CURVES, wakes: LEARNT },
  ],
  view(page) {
    return [measured(page), scores(page), voters(page)];
  },
};

const part = (value, digits = 1) => f.percent(value, { digits });
const between = ([low, high]) => `${f.decimal(low * 100, 1)} to ${part(high)}`;
const named = (who) => (who === "decision" ? "the decision" : f.words(who));

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
