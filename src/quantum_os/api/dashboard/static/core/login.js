/* The door: a one-time link, or a token that somebody pastes. */

import { request } from "./api.js";
import { h } from "./dom.js";

/** Exchanges the word of a one-time link for a token; raises Refused. */
export async function redeemed(code) {
  return (await request("POST", "/login", { code }, "/dashboard")).body;
}

/** Ends the token of a link; what is left of it ends with the process anyway. */
export function farewell() {
  request("POST", "/logout", undefined, "/dashboard").catch(() => {});
}

/** Asks the process whose token this is; raises Refused. */
async function asked(token) {
  const response = await fetch("/dashboard/whoami", {
    headers: { Authorization: `Bearer ${token}` },
    cache: "no-store",
    credentials: "omit",
  });
  const told = await response.json().catch(() => null);
  if (!response.ok) throw new Error(told?.detail ?? `the answer was ${response.status}`);
  return told;
}

/** The page of somebody who is not logged in. */
export function login({ problem, enter }) {
  const submitted = async (event) => {
    event.preventDefault();
    const field = event.target.querySelector("input");
    const trouble = event.target.querySelector(".trouble");
    trouble.textContent = "";
    try {
      enter(field.value.trim(), await asked(field.value.trim()));
    } catch (error) {
      trouble.textContent = error.message;
      field.focus();
    }
  };
  return [
    h(
      "main",
      { class: "door", id: "content", tabindex: "-1", key: "door" },
      h("img", { src: "/dashboard/mark.svg", alt: "", width: "48", height: "48" }),
      h("h1", null, "Quantum OS"),
      h("p", null, "Open the one-time link that the process printed when it started, or paste a token."),
      h(
        "form",
        { onsubmit: submitted },
        h("label", { for: "token" }, "Token"),
        h("input", { id: "token", name: "token", type: "password", autocomplete: "off", spellcheck: "false", required: true }),
        h("p", { class: "trouble", role: "alert" }, problem),
        h("button", { type: "submit", class: "act solid" }, "Log in"),
      ),
      h("p", { class: "hint" }, h("code", null, "quantum-os tokens create NAME --role viewer"), " makes a token. It stays in this tab, and is forgotten with it."),
    ),
  ];
}
