/* What a person can have done, in a dialog that says what will happen and asks for the reason. */

import { act } from "./api.js";
import { h, show } from "./dom.js";
import { may } from "./session.js";

const REASON_MAX = 500;

/** What each act is called, who may do it, and what it does, in the words of the fund. */
export const ACTS = {
  pause: {
    title: "Pause entries",
    role: "trader",
    path: "/pause",
    kind: "",
    said: "No new entries. Positions keep their stops and are left as planned.",
  },
  start: {
    title: "End the pause",
    role: "operator",
    path: "/start",
    kind: "",
    said: "Entries are judged again. No other latch is touched.",
  },
  flatten: {
    title: "Flatten",
    role: "trader",
    path: "/flatten",
    kind: "danger",
    said: "Stops entries and leaves every position at the market.",
  },
  kill: {
    title: "Kill",
    role: "trader",
    path: "/kill",
    kind: "danger",
    said: "Stops entries and leaves everything at the market. It stays pulled, over restarts, for 15 minutes at least; only an operator can open it again.",
  },
};

/** The acts that hold the weights of voters still, and let them move again. */
export const FREEZE = {
  title: "Freeze weights",
  role: "trader",
  path: "/models/freeze",
  kind: "",
  said: "What each voter counts stays as it is, over restarts. A voter can still lose trust.",
};

export const UNFREEZE = {
  title: "Let weights move",
  role: "operator",
  path: "/models/unfreeze",
  kind: "",
  said: "Weights move again with what comes of votes, and voters count as far as they are trusted now.",
};

/** The act that closes one position. */
export const closing = (row, words) => ({
  title: `Close ${words}`,
  role: "trader",
  path: "/forceexit",
  kind: "danger",
  body: { tradeid: row.position_id },
  said: `Leaves ${words} whole at the market, reduce-only.`,
});

/** The act that opens a latch again; the API gives the word that confirms it. */
export const opening = (cause) => ({
  title: `Open the latch ${cause}`,
  role: "operator",
  path: "/clear",
  kind: "danger",
  body: { cause },
  confirms: { cause },
  said: `Entries are judged again unless another latch is closed. It is refused while ${cause} cools off.`,
});

/** The act that tightens one limit; the dialog asks to what and for how long. */
export const tightening = (row, words) => ({
  title: `Tighten ${words}`,
  role: "trader",
  path: "/policy/tighten",
  kind: "",
  body: { limit: row.limit },
  fields: [
    { name: "value", words: `New value, ${row.is_minimum ? "above" : "below"} ${row.value}`, value: "" },
    { name: "lasts_h", words: "Hours that it holds", value: "24" },
  ],
  said: "Holds at once, for entries only. Letting it go before its end takes an approval and its time.",
});

/** Asks that the words of operators on a limit be taken back. */
export const loosening = (row, words) => ({
  title: `Ask to loosen ${words}`,
  role: "trader",
  path: "/policy/loosen",
  kind: "",
  body: { limit: row.limit },
  said: "Nothing changes by asking: it waits for its approvals and its time, and never goes beyond the configuration.",
});

/** The act that approves a proposal, or ends it for good. */
export const approving = (proposal) => ({
  title: `Approve ${proposal.subject}`,
  role: "operator",
  path: "/policy/approve",
  kind: "danger",
  body: { approval: proposal.approval_id },
  confirms: { act: "approve", subject: proposal.approval_id },
  confirmsAt: "/policy/confirmations",
  said: "It holds once enough people have approved and its time has come.",
});

export const vetoing = (proposal) => ({
  title: `Veto ${proposal.subject}`,
  role: "trader",
  path: "/policy/reject",
  kind: "",
  body: { approval: proposal.approval_id },
  said: "Ends it for good, whoever has approved. It can be asked for again.",
});

/** The act that goes back to an earlier version of the policy. */
export const returning = (version) => ({
  title: `Go back to ${version}`,
  role: "operator",
  path: "/policy/rollback",
  kind: "danger",
  body: { version },
  confirms: { act: "rollback", subject: version },
  confirmsAt: "/policy/confirmations",
  said: "What is tighter holds at once, as a new version. What would be looser is asked for, and waits.",
});

/** A button for an act; without the role it is shown, and says what is missing. */
export function actButton(given, done, { small = false } = {}) {
  const allowed = may(given.role);
  return h(
    "button",
    {
      type: "button",
      class: `act ${given.kind} ${small ? "small" : ""}`,
      disabled: !allowed,
      title: allowed ? given.said : `${given.title} needs the role ${given.role}`,
      onclick: () => ask(given, done),
    },
    given.title,
  );
}

/** Opens the dialog of an act. `done` is called after it was done. */
export function ask(given, done) {
  const dialog = document.getElementById("act");
  dialog.replaceChildren();
  asking(dialog, given, done, "");
  dialog.showModal();
  dialog.querySelector("input, textarea").focus();
}

function asking(dialog, given, done, trouble) {
  show(
    dialog,
    h(
      "form",
      { method: "dialog", class: "act-form", onsubmit: (event) => submitted(event, dialog, given, done) },
      h("h2", { id: "act-title" }, given.title),
      h("p", { id: "act-said" }, given.said),
      (given.fields ?? []).flatMap((field) => [
        h("label", { for: `act-${field.name}` }, field.words),
        h("input", { id: `act-${field.name}`, name: field.name, type: "number", step: "any", min: "0", required: true, value: field.value }),
      ]),
      h("label", { for: "act-reason" }, "Reason, for the audit"),
      h("textarea", { id: "act-reason", name: "reason", rows: "2", required: true, maxlength: REASON_MAX, "aria-describedby": "act-said" }),
      h("p", { class: "trouble", role: "alert" }, trouble),
      h(
        "div",
        { class: "row end" },
        h("button", { type: "button", class: "act plain", onclick: () => dialog.close() }, "Cancel"),
        h("button", { type: "submit", class: `act solid ${given.kind}`, id: "act-do" }, `${given.title} now`),
      ),
    ),
  );
}

async function submitted(event, dialog, given, done) {
  event.preventDefault();
  const reason = dialog.querySelector("textarea").value.trim();
  const button = dialog.querySelector("#act-do");
  if (!reason) return;
  button.disabled = true;
  try {
    const numbers = (given.fields ?? []).map(({ name }) => [name, Number(dialog.querySelector(`#act-${name}`).value)]);
    const body = { ...given.body, ...Object.fromEntries(numbers), reason };
    if (given.confirms) body.confirm = (await act(given.confirmsAt ?? "/confirmations", given.confirms)).confirm;
    told(dialog, given, await act(given.path, body));
    done?.();
  } catch (error) {
    asking(dialog, given, done, `${sentence(error.message)} Nothing was changed unless the audit says so.`);
    dialog.querySelector("#act-do").disabled = false;
  }
}

function told(dialog, given, answer) {
  const said = [...new Set(answer.said.map((each) => each.stream))].join(", ");
  show(
    dialog,
    h(
      "div",
      { class: "act-form", key: "told" },
      h("h2", { id: "act-title" }, `${given.title}: done`),
      h("p", { role: "status", id: "act-told" }, `Audit entry ${answer.audit}, ${answer.audit_durable ? "durable" : "not durable yet"}; event ${answer.seq}.`),
      h("p", null, said ? `The fund said: ${said}.` : "The fund had nothing to add."),
      h("div", { class: "row end" }, h("button", { type: "button", class: "act solid", id: "act-close", onclick: () => dialog.close() }, "Close")),
    ),
  );
  dialog.querySelector("#act-close").focus();
}

const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
