// Puts the page to work: numbers stand at once, the list follows, charts are drawn when they come near.

const DATA = JSON.parse(document.getElementById("report-data").textContent);
const DRAWN = new Set();
const PAPER_PX = 680; // a sheet of A4 between its margins
let chosenTrade = null, width; // of the charts; the page's own when undefined

// The drawing library is 4.8 MB of text in this file; it is read once the page stands.
function library() {
  if (!window.Plotly) {
    const kept = document.getElementById("plotly-source"), script = document.createElement("script");
    script.textContent = kept.textContent;
    kept.remove();
    document.head.append(script);
  }
  return window.Plotly;
}

function draw(place) {
  const name = place.dataset.chart, c = colours();
  if (name === "trade" && !(chosenTrade && chosenTrade.candles)) {
    place.replaceChildren(element("p", chosenTrade ? "No candles of this trade are in this file." : "", { class: "quiet" }));
    return;
  }
  const picture = name === "trade" ? tradePicture(chosenTrade, c) : CHARTS[name](DATA, c);
  if (!DRAWN.has(place)) place.replaceChildren();
  DRAWN.add(place);
  const size = width ? { width } : { autosize: true };
  library().react(place, picture.traces, { ...picture.layout, ...size }, CONFIG);
}

function toPaper() {
  width = PAPER_PX;
  for (const place of document.querySelectorAll("[data-chart]")) if (place.dataset.chart !== "trade") draw(place);
}

function backToScreen() {
  width = undefined;
  for (const place of DRAWN) {
    draw(place);
    library().Plots.resize(place);
  }
}

function showTrade(trade) {
  chosenTrade = trade;
  const list = element("dl");
  for (const [name, value] of tradeFacts(trade)) list.append(element("dt", name), element("dd", value));
  const place = document.getElementById("chart-trade");
  document.getElementById("trade-facts").replaceChildren(list);
  place.setAttribute("aria-label", "The chosen trade: " + tradeTitle(trade));
  place.closest("figure").querySelector("figcaption span").textContent = tradeTitle(trade);
  if (DRAWN.has(place)) draw(place);
}

function watch() {
  const near = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((one) => one.isIntersecting)) {
      near.unobserve(entry.target);
      draw(entry.target);
    }
  }, { rootMargin: "500px 0px" });
  for (const place of document.querySelectorAll("[data-chart]")) near.observe(place);
}

if (document.getElementById("trade-list")) new TradeList(DATA.trades, showTrade);
window.addEventListener("beforeprint", toPaper);
window.addEventListener("afterprint", backToScreen);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => [...DRAWN].forEach(draw));
requestAnimationFrame(() => setTimeout(watch, 0));
