/* How values are written: exact where they are money, and "unknown" where they are not known. */

const UNKNOWN = "—";
const MINUS = "−";

/** Whether an answer left a value out. */
export const unknown = (value) => value === null || value === undefined || value === "";

/** USD to the cent, or to whole dollars when `digits` is 0. */
export function usd(value, { sign = false, digits = 2 } = {}) {
  return decimal(value, digits, sign);
}

/** A fraction as a percentage. */
export function percent(fraction, { sign = false, digits = 2 } = {}) {
  if (unknown(fraction)) return UNKNOWN;
  return `${decimal(Number(fraction) * 100, digits, sign)} %`;
}

/** A number with so many digits after the point, thousands apart. */
export function decimal(value, digits = 2, sign = false) {
  if (unknown(value)) return UNKNOWN;
  const number = Number(value);
  if (!Number.isFinite(number)) return UNKNOWN;
  const text = Math.abs(number).toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  const isZero = !/[1-9]/.test(text);
  if (number < 0 && !isZero) return MINUS + text;
  return sign && !isZero ? `+${text}` : text;
}

/** A whole number. */
export const count = (value) => decimal(value, 0);

/** A price with as many digits as it needs. */
export function price(value) {
  if (unknown(value)) return UNKNOWN;
  const size = Math.abs(Number(value));
  return decimal(value, size >= 10_000 ? 1 : size >= 100 ? 2 : size >= 10 ? 3 : size >= 1 ? 4 : 5);
}

/** A quantity without the zeros at its end. */
export function quantity(value) {
  if (unknown(value)) return UNKNOWN;
  const number = Number(value);
  const text = Math.abs(number).toLocaleString("en-US", { maximumFractionDigits: 8 });
  return number < 0 ? MINUS + text : text;
}

/** A multiple of the risk at entry. */
export const multiple = (r) => (unknown(r) ? UNKNOWN : `${decimal(r, 2, true)} R`);

/** `BTC/USDT:USDT` as people say it. */
export const short = (symbol) => (unknown(symbol) ? UNKNOWN : String(symbol).split("/")[0]);

/** Day and time of an ISO text, UTC. */
export function moment(iso) {
  if (unknown(iso)) return UNKNOWN;
  return `${iso.slice(5, 10)} ${iso.slice(11, 16)}`;
}

/** The time of an ISO text to the second, UTC. */
export const clock = (iso) => (unknown(iso) ? UNKNOWN : iso.slice(11, 19));

/** Seconds in the largest two units. */
export function duration(seconds) {
  if (unknown(seconds) || !Number.isFinite(Number(seconds))) return UNKNOWN;
  const whole = Math.max(0, Number(seconds));
  if (whole < 10) return `${whole.toFixed(1)} s`;
  if (whole < 120) return `${Math.round(whole)} s`;
  if (whole < 7200) return `${Math.round(whole / 60)} min`;
  if (whole < 172_800) return `${Math.floor(whole / 3600)} h ${Math.round((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86_400)} d ${Math.round((whole % 86_400) / 3600)} h`;
}

/** `risk.gate` and `ORDER_RATE` as words. */
export const words = (name) => (unknown(name) ? UNKNOWN : String(name).replaceAll("_", " ").toLowerCase());

/** The class that colours a number by its sign. */
export function tone(value) {
  if (unknown(value)) return "";
  const number = Number(value);
  return number > 0 ? "gain" : number < 0 ? "loss" : "";
}

/** Milliseconds since 1970 of an ISO text. */
export const time = (iso) => (unknown(iso) ? null : Date.parse(iso));
