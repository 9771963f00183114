/* Governance: which policy is in force, how it came to that, and who did what. */

import { actButton, approving, loosening, returning, tightening, vetoing } from "../core/acts.js";
import { h } from "../core/dom.js";
import * as f from "../core/format.js";
import { may } from "../core/session.js";
import { chip, empty, figure, figures, panel, table } from "../parts/panel.js";

const POLICY = ["policy.updated", "approval.requested", "approval.voted", "approval.decided"];

export default {
  name: "governance",
  title: "Governance",
  place: 80,
  reads: () => [
    { path: "/limits", wakes: ["policy.updated"] },
    { path: "/policy", wakes: POLICY },
    { path: "/policy/proposals", wakes: POLICY },
    { path: "/policy/versions", wakes: POLICY },
    { path: "/version", every: 60 },
    ...(may("analyst") ? [{ path: "/audit?limit=100", wakes: ["audit.entry"] }] : []),
  ],
  view(page) {
    return [inForce(page), waiting(page), bounds(page), versions(page), audit(page), changes(page)];
  },
};

function inForce({ read }) {
  const answer = read("/limits");
  const version = read("/version").body;
  return panel("The policy in force", answer, () => {
    const { version: policy, valid_until: until, profile, report_only: reported } = answer.body;
    if (!policy) return empty("No policy is in force: entries are stopped.");
    return [
      figures(
        figure("Version", policy, { tone: "large code" }),
        figure("Profile", profile, { extra: profile === "research" ? "some entry gates only report" : null }),
        figure("Valid until", f.moment(until), { extra: "UTC, the fund's own time" }),
        figure("Mode", version?.mode ?? f.decimal(null), { extra: version?.is_synthetic ? "the market is made up" : null }),
        figure("Gates that only report", f.count(reported.length)),
      ),
      reported.length ? h("p", { class: "chips" }, reported.map((gate) => chip(f.words(gate), "warn"))) : null,
    ];
  });
}

const valued = (value) => f.quantity(value);

/** Each limit: what holds, who says so, and what the others would allow. */
function bounds({ read, acted }) {
  const answer = read("/policy");
  return panel(
    "Limits in force, and where each comes from",
    answer,
    () =>
      table(
        "Each limit and all who bind it",
        [
          { name: "Limit", cell: (row) => f.words(row.limit) },
          { name: "In force", end: true, cell: (row) => valued(row.value) },
          { name: "Bound by", cell: (row) => chip(f.words(row.source), row.source === "operator" ? "warn" : "") },
          { name: "Written at", cell: (row) => h("code", null, row.path) },
          { name: "Others allow", wide: true, cell: (row) => row.claims.slice(1).map((each) => `${f.words(each.source)} ${valued(each.value)}`).join(", ") || "no other" },
          { name: "Words", cell: (row) => row.words.map((word) => `${valued(word.value)} until ${f.moment(word.until)}, ${word.by}: ${word.reason}`).join("; ") || "none" },
          { name: "Act", cell: (row) => h("span", { class: "row" }, actButton(tightening(row, f.words(row.limit)), acted, { small: true }), row.words.length ? actButton(loosening(row, f.words(row.limit)), acted, { small: true }) : null) },
        ],
        answer.body.limits,
        { rowKey: (row) => row.limit },
      ),
    { note: "The tightest holds. Fractions are of equity: 0.01 is one percent." },
  );
}

function waiting({ read, acted }) {
  const answer = read("/policy/proposals");
  return panel("What waits for approval", answer, () => {
    const { proposals, dwell_s: dwell, approvers } = answer.body;
    if (!proposals.length) return empty(`Nothing waits. Tightening holds at once; loosening waits ${f.duration(dwell)} at least, and for half of ${f.count(approvers)} approver${approvers === 1 ? "" : "s"}.`);
    return table(
      "Proposals",
      [
        { name: "What", cell: (each) => each.subject },
        { name: "Would change", wide: true, cell: (each) => each.changed.map((change) => `${f.words(change.path.replace("limits.", ""))}: ${change.old} → ${change.new}`).join("; ") },
        { name: "Asked by", cell: (each) => `${each.asked_by}, ${f.moment(each.asked_at)}` },
        { name: "Why", wide: true, cell: (each) => each.reason },
        { name: "Approved", end: true, cell: (each) => `${each.approved_by.length} of ${each.quorum}` },
        { name: "Holds from", cell: (each) => f.moment(each.holds_from) },
        { name: "Rejected at", cell: (each) => (each.approved_by.length < each.quorum ? f.moment(each.expires_at) : "approved: it waits for its time") },
        { name: "Act", cell: (each) => h("span", { class: "row" }, actButton(approving(each), acted, { small: true }), actButton(vetoing(each), acted, { small: true })) },
      ],
      proposals,
      { rowKey: (each) => each.approval_id },
    );
  });
}

function versions({ read, acted }) {
  const answer = read("/policy/versions");
  return panel("Versions that can be gone back to", answer, () => {
    const { versions: found, in_force: now } = answer.body;
    return table(
      "Versions of the policy",
      [
        { name: "Version", cell: (each) => h("code", null, each.version) },
        { name: "Since", cell: (each) => f.moment(each.at) },
        { name: "By", cell: (each) => each.author },
        { name: "Why", wide: true, cell: (each) => each.reason },
        { name: "Operators' words", end: true, cell: (each) => f.count(each.words) },
        { name: "Act", cell: (each) => (each.version === now ? chip("in force", "good") : each.can_return ? actButton(returning(each.version), acted, { small: true }) : "of another document") },
      ],
      found,
      { rowKey: (each) => each.version, none: "No policy was in force yet." },
    );
  }, { kind: "tall" });
}

function audit(page) {
  if (!may("analyst")) return panel("Who did what", null, () => empty("The audit needs the role analyst."));
  const answer = page.read("/audit?limit=100");
  return panel(
    "Who did what",
    answer,
    () => {
      const { items, checked, broken_at: broken } = answer.body;
      return [
        h("p", { class: "verdict" }, broken === null ? chip("chain unbroken", "good") : chip(`broken at ${broken}`, "bad"), ` Entries checked: ${f.count(checked)}, each written before its act took effect.`),
        table(
          "The audit",
          [
            { name: "Entry", cell: ({ event }) => `${event.position}` },
            { name: "When", cell: ({ event }) => `${f.moment(event.asked_at)}:${event.asked_at.slice(17, 19)}` },
            { name: "Who", cell: ({ event }) => `${event.actor} (${event.role})` },
            { name: "What", cell: ({ event }) => chip(f.words(event.action), /kill|flatten|forceexit/.test(event.action) ? "bad" : "") },
            { name: "Of what", cell: ({ event }) => event.subject || "the fund" },
            { name: "From, to", cell: ({ event }) => `${f.words(event.old)} → ${f.words(event.new)}` },
            { name: "Why", wide: true, cell: ({ event }) => event.reason },
            { name: "Hash", cell: ({ event }) => h("code", { title: event.hash }, event.hash.slice(0, 10)) },
          ],
          items,
          { rowKey: ({ seq }) => seq, none: "Nobody did anything yet. Whatever a person does here is listed." },
        ),
      ];
    },
    { note: "Times of acts are the machine's." },
  );
}

function changes({ series }) {
  const past = series("policy.updated", 60);
  const told = past.events.filter(({ event }, at) => at === 0 || event.changed.length || event.version !== past.events[at - 1].event.version).reverse();
  const renewed = past.events.length - told.length;
  return panel("How the policy came to this", null, () => {
    if (!told.length) return empty(past.problem ?? (past.isRead ? "The policy has not changed." : "Reading the journal…"));
    return [
      table(
        "Changes of the policy",
        [
          { name: "When", cell: ({ at }) => f.moment(at) },
          { name: "Version", cell: ({ seq, event }) => h("a", { href: `#/system/event/${seq}` }, event.version) },
          { name: "Direction", cell: ({ event }) => chip(event.direction, { tighter: "good", looser: "warn" }[event.direction] ?? "") },
          { name: "By", cell: ({ event }) => event.author },
          { name: "Changed", wide: true, cell: ({ event }) => (event.changed.length ? event.changed.slice(0, 3).map((each) => `${each.path}: ${each.old} → ${each.new}`).join("; ") : "as it was given") },
          { name: "Why", wide: true, cell: ({ event }) => event.reason },
        ],
        told.slice(0, 30),
        { rowKey: ({ seq }) => seq },
      ),
      h("p", { class: "source" }, `policy.updated · read from the journal · renewed ${f.count(renewed)} times without a change`),
    ];
  });
}
