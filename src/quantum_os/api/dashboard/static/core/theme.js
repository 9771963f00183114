/* Light or dark: as the system says, until somebody chooses. */

const KEY = "quantum-os.theme";
const CHOICES = ["system", "light", "dark"];

export const theme = () => localStorage.getItem(KEY) ?? "system";

export function apply() {
  const chosen = theme();
  if (chosen === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
}

/** Goes on to the next choice and gives it. */
export function turn() {
  const next = CHOICES[(CHOICES.indexOf(theme()) + 1) % CHOICES.length];
  localStorage.setItem(KEY, next);
  apply();
  return next;
}
