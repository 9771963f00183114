// The colours of the page, as the charts take them, and what all charts have in common.

function colours() {
  const style = getComputedStyle(document.documentElement);
  const named = (name) => style.getPropertyValue("--" + name).trim();
  const names = ["page", "surface", "ink", "quiet", "line", "grid", "accent", "gain", "loss", "hold", "bitcoin"];
  return Object.fromEntries(names.map((name) => [name, named(name)]));
}

function axis(c, more) {
  return { gridcolor: c.grid, linecolor: c.line, zerolinecolor: c.line, tickcolor: c.line,
    automargin: true, ...more };
}

function layout(c, more) {
  return {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: c.ink },
    margin: { l: 50, r: 12, t: 26, b: 34 }, hoverlabel: { bgcolor: c.surface, bordercolor: c.line,
      font: { color: c.ink } },
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", bgcolor: "rgba(0,0,0,0)" },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: c.line, activecolor: c.quiet },
    xaxis: axis(c), yaxis: axis(c), ...more,
  };
}

// On a phone there is no room for buttons over a chart, and fingers zoom without them.
const CONFIG = { displaylogo: false, responsive: true, displayModeBar: innerWidth < 740 ? false : "hover",
  modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]] };

// Times come in ms; plotly reads a text without a zone as it stands, so UTC stays UTC.
function utc(ms) {
  return new Date(ms).toISOString().slice(0, 19).replace("T", " ");
}

function minute(ms) {
  return utc(ms).slice(0, 16);
}

function day(ms) {
  return utc(ms).slice(0, 10);
}

function number(value, digits, sign) {
  if (value === null || value === undefined) return "unknown";
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits,
    signDisplay: sign ? "exceptZero" : "auto" });
}

function price(value) {
  return value === null ? "none" : value.toLocaleString("en-US", { maximumSignificantDigits: 7 });
}

function element(name, text, attributes) {
  const made = document.createElement(name);
  if (text !== undefined && text !== null) made.textContent = text;
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value !== null && value !== undefined) made.setAttribute(key, value);
  }
  return made;
}

function signed(value) {
  return value > 0 ? "gain" : value < 0 ? "loss" : null;
}
