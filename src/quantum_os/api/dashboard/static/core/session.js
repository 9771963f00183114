/* Who is at the screen: the token lives in this tab alone, and goes with it. */

const KEY = "quantum-os.token";
const WHO = "quantum-os.who";

/** The token of this tab; null when nobody is logged in. */
export const token = () => sessionStorage.getItem(KEY);

/** What was told of the token at login: name, role and when it ends. */
export function who() {
  try {
    return JSON.parse(sessionStorage.getItem(WHO)) ?? {};
  } catch {
    return {};
  }
}

export function enter(text, told) {
  sessionStorage.setItem(KEY, text);
  sessionStorage.setItem(WHO, JSON.stringify(told));
}

export function leave() {
  sessionStorage.removeItem(KEY);
  sessionStorage.removeItem(WHO);
}

const ORDER = ["viewer", "analyst", "trader", "operator"];

/** Whether the one at the screen may do what needs a role. The API decides; this only shows. */
export const may = (role) => ORDER.indexOf(who().role) >= ORDER.indexOf(role);
