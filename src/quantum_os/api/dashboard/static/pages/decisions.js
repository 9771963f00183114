/* Decisions: every symbol at every bar, how it ended, and the whole answer to why or why not. */

import { ask as fetched } from "../core/api.js";
import { h } from "../core/dom.js";
import * as f from "../core/format.js";
import { endOf, endsOf, heat, legend } from "../parts/heat.js";
import { chip, choice, empty, figure, figures, gauge, panel, table } from "../parts/panel.js";
import { traced } from "../parts/trace.js";

const SHOWN = 48;

const whyPath = (symbol, at) => `/why?symbol=${encodeURIComponent(symbol)}&at=${encodeURIComponent(at)}`;
const tracePath = (id) => `/trace/${encodeURIComponent(id)}`;

export default {
  name: "decisions",
  title: "Decisions",
  place: 30,
  reads: () => [
    { path: `/decisions?limit=${SHOWN}`, wakes: ["decision.summary"] },
    { path: "/intents?limit=1", wakes: ["trade.intent", "execution.result", "risk.refusal"] },
    { path: "/decisions/ends?limit=500", wakes: ["execution.result", "risk.refusal", "candidate.refused"] },
  ],
  view(page) {
    if (page.params[0] === "trace") return [traced(asked(page, tracePath(page.params[1])), page.params[1]), strip(page)];
    const chosen = page.params.length === 2 ? page.params : null;
    const below = h("div", { class: "columns even", key: "below" }, reasons(page), conserved(page));
    return [strip(page), chosen ? answered(asked(page, whyPath(...chosen)), chosen) : invite(), below];
  },
};

/** A question that is asked once: what is recorded does not change. */
function asked(page, path) {
  if (page.own.asked !== path) {
    page.own.asked = path;
    fetched(path).then(page.redraw);
  }
  return page.read(path);
}

function strip(page) {
  const answer = page.read(`/decisions?limit=${SHOWN}`);
  const ends = endsOf(page.read("/decisions/ends?limit=500").body?.ends);
  const chosen = page.params.length === 2 ? page.params.join(" ") : "";
  const choose = (symbol, at) => (location.hash = `#/decisions/${encodeURIComponent(symbol)}/${encodeURIComponent(at)}`);
  const only = page.own.only ?? "all";
  const tool = choice("Shown", [["all", "all"], ["candidates", "candidates"]], only, (each) => {
    page.own.only = each;
    page.redraw();
  });
  return panel(
    "Symbol by time",
    answer,
    () => {
      const bars = answer.body.bars.filter((bar) => only === "all" || bar.decisions.some((each) => each.disposition !== "HOLD"));
      if (!bars.length) return empty("No decision bar has closed yet.");
      return [heat(bars, ends, { choose, chosen }), legend()];
    },
    { tools: [tool], note: "The latest at the right. Arrow keys walk, Enter asks why." },
  );
}

/** Which gates held the fund back over the bars shown, the most frequent first. */
function reasons(page) {
  const answer = page.read(`/decisions?limit=${SHOWN}`);
  const ends = endsOf(page.read("/decisions/ends?limit=500").body?.ends);
  return panel("What held it back", answer, () => {
    const counts = new Map();
    for (const bar of answer.body.bars) {
      for (const each of bar.decisions) {
        const end = endOf(each, ends);
        const code = each.disposition === "HOLD" ? each.reason : end === "refused" ? ends.get(each.decision_id)?.code : end;
        counts.set(code, (counts.get(code) ?? 0) + 1);
      }
    }
    const rows = [...counts].sort((one, other) => other[1] - one[1]).slice(0, 8);
    const total = [...counts.values()].reduce((sum, each) => sum + each, 0);
    return h(
      "ul",
      { class: "bars" },
      rows.map(([code, times]) => h("li", { key: code }, h("span", null, f.words(code)), gauge(times / rows[0][1], `${f.words(code)}: ${times} of ${total}`), h("span", { class: "end" }, `${f.count(times)} · ${f.percent(times / total, { digits: 0 })}`))),
    );
  });
}

const invite = () => panel("Why, or why not", null, () => empty("Choose a cell above. The answer names the one gate that decided, what it saw, what it allows, and what would have changed it."));

function answered(answer, [symbol, at]) {
  const title = `${f.short(symbol)} at ${f.moment(at)} UTC`;
  return panel(title, null, () => {
    const why = answer.body;
    if (!why) return empty(answer.problem ? `Unknown: ${answer.problem}.` : "Asking the journal…");
    return [
      h("p", { class: "verdict" }, chip(f.words(why.disposition), kindOf(why.disposition)), " ", h("strong", null, why.said)),
      why.nearest_said ? h("p", { class: "nearest" }, why.nearest_said) : null,
      h("div", { class: "columns even inner" }, seen(why), voted(why)),
      h("h3", null, "Every gate in the order in which it judged"),
      why.checks_are_whole ? null : h("p", { class: "warn-text" }, "This build's gates do not come to what was recorded; only the gate of the record is shown."),
      gates(why.checks),
      h("p", { class: "links" }, why.ids.decision_id ? h("a", { href: `#/decisions/trace/${why.ids.decision_id}` }, "Follow this decision to its end") : null, ...Object.entries(why.seqs).slice(0, 4).map(([name, seq]) => h("a", { href: `#/system/event/${seq}` }, `${f.words(name)} #${seq}`))),
      h("p", { class: "source" }, `read from the journal · policy ${why.policy_version} · ${why.mode} · bar ${f.moment(why.bar_open)} to ${f.moment(why.bar_close)}`),
    ];
  });
}

function kindOf(disposition) {
  return /fill|traded|open/i.test(disposition) ? "good" : /refus|reject/i.test(disposition) ? "bad" : /hold/i.test(disposition) ? "" : "warn";
}

function seen({ view, market }) {
  return figures(
    figure("Wished side", view.side ? view.side.toLowerCase() : "none", { extra: view.strategy ?? "nobody voted" }),
    figure("Odds of the first target", f.percent(view.q, { digits: 1 })),
    figure("Expectancy, net", f.multiple(view.e_net_r), { tone: f.tone(view.e_net_r), extra: `costs ${f.multiple(view.cost_r)}` }),
    figure("Confidence", f.decimal(view.confidence)),
    figure("Regime", f.words(view.regime)),
    figure("Features known", `${view.features_known} of ${view.features}`),
    figure("Close", f.price(market?.last), { extra: market?.flags?.length ? `flagged ${market.flags.join(", ")}` : null }),
    figure("Range of a bar", f.percent(market?.atr_frac), { hint: "Average true range as a share of price" }),
  );
}

const voted = ({ view }) =>
  table(
    "Who voted what",
    [
      { name: "Voter", cell: (vote) => vote.voter },
      { name: "Side", cell: (vote) => (vote.side ? chip(vote.side.toLowerCase(), vote.side === "LONG" ? "long" : "short") : "abstains") },
      { name: "Odds", end: true, cell: (vote) => f.percent(vote.p, { digits: 1 }) },
      { name: "Weight", end: true, cell: (vote) => f.decimal(vote.weight) },
    ],
    view.votes,
    { rowKey: (vote) => vote.voter, none: "Nobody voted." },
  );

const CAME = { passed: "good", ok: "good", failed: "bad", refused: "bad", reported: "warn" };

const gates = (checks) =>
  table(
    "Gates",
    [
      { name: "Gate", cell: (check) => f.words(check.gate) },
      { name: "Stage", cell: (check) => f.words(check.stage) },
      { name: "Came to", cell: (check) => chip(f.words(check.came), CAME[check.came] ?? "") },
      { name: "It saw", end: true, cell: (check) => check.value_said },
      { name: "It allows", end: true, cell: (check) => check.limit_said },
      { name: "What it measures", wide: true, cell: (check) => [check.measures, check.note ? h("span", { class: "dim" }, ` · ${check.note}`) : null] },
    ],
    checks,
    { rowKey: (check) => `${check.stage} ${check.gate}`, none: "No gate was asked." },
  );

function conserved(page) {
  const answer = page.read("/intents?limit=1");
  return panel(
    "Every intent is accounted for",
    answer,
    () => {
      const { total, filled, refused, expired, superseded, in_flight: flying, residual } = answer.body;
      const parts = [["filled", filled, "end-filled"], ["refused", refused, "end-refused"], ["expired", expired, "end-expired"], ["superseded", superseded, "end-expired"], ["in flight", flying, "end-flight"]];
      return figures(
        figure("Intents", f.count(total), { tone: "large" }),
        ...parts.map(([name, value]) => figure(name.charAt(0).toUpperCase() + name.slice(1), f.count(value))),
        figure("Residual", f.count(residual), { tone: residual === 0 ? "gain" : "loss", extra: residual === 0 ? "none is lost" : "this must be 0" }),
      );
    },
    { note: "Intents = filled + refused + expired + superseded + in flight." },
  );
}

