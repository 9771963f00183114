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
  dialog.querySelector("textarea").focus();
}

function asking(dialog, given, done, trouble) {
  show(
    dialog,
    h(
      "form",
      { method: "dialog", class: "act-form", onsubmit: (event) => submitted(event, dialog, given, done) },
      h("h2", { id: "act-title" }, given.title),
      h("p", { id: "act-said" }, given.said),
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
    const body = { ...given.body, reason };
    if (given.confirms) body.confirm = (await act("/confirmations", given.confirms)).confirm;
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
