// The list of trades: sorted by a column, filtered by words and choices, one of them chosen.

const COLUMNS = [
  ["closed", "closed, UTC", (t) => minute(t.closed), (t) => t.closed],
  ["symbol", "symbol", (t) => short(t.symbol), (t) => t.symbol],
  ["side", "side", (t) => t.side, (t) => t.side],
  ["strategy", "strategy", (t) => t.strategy || "adopted", (t) => t.strategy],
  ["regime", "regime", (t) => t.regime, (t) => t.regime],
  ["reason", "left by", (t) => t.reason, (t) => t.reason],
  ["hold", "held, h", (t) => number((t.closed - t.opened) / 3.6e6, 1), (t) => t.closed - t.opened],
  ["net", "net, USD", (t) => number(t.net, 2, true), (t) => t.net],
  ["r", "net, R", (t) => number(t.r, 2, true), (t) => (t.r === null ? -Infinity : t.r)],
];
const NUMERIC = new Set(["hold", "net", "r"]);
const ROOMY = new Set(["strategy", "regime", "reason", "hold"]);

function columnClass(key, colour) {
  return [NUMERIC.has(key) ? "n" : null, ROOMY.has(key) ? "roomy" : null, colour].filter(Boolean).join(" ") || null;
}

class TradeList {
  constructor(trades, chosen) {
    this.trades = trades; this.chosen = chosen; this.current = null; this.order = ["closed", 1];
    this.place = document.getElementById("trade-list");
    this.body = element("tbody");
    this.heads = COLUMNS.map(([key, title]) => this.head(key, title));
    const table = element("table"), head = element("thead"), row = element("tr");
    row.append(...this.heads); head.append(row);
    table.append(element("caption", "Closed trades"), head, this.body);
    this.place.append(table);
    this.offerChoices();
    document.getElementById("trade-search").addEventListener("input", () => this.draw());
    this.draw();
  }

  head(key, title) {
    const cell = element("th", null, { scope: "col", class: columnClass(key) });
    const button = element("button", title, { type: "button", "data-sort": key });
    button.addEventListener("click", () => {
      this.order = [key, this.order[0] === key ? -this.order[1] : NUMERIC.has(key) ? -1 : 1];
      this.draw();
    });
    cell.append(button);
    return cell;
  }

  offerChoices() {
    for (const select of document.querySelectorAll("[data-filter]")) {
      const name = select.dataset.filter;
      if (name !== "result") {
        const values = [...new Set(this.trades.map((trade) => trade[name]))].sort();
        select.append(...values.map((value) => element("option", value, { value })));
      }
      select.addEventListener("change", () => this.draw());
    }
  }

  kept() {
    const words = document.getElementById("trade-search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const choices = [...document.querySelectorAll("[data-filter]")].filter((s) => s.value).map((s) => [s.dataset.filter, s.value]);
    return this.trades.filter((trade) => {
      const text = [trade.symbol, trade.side, trade.strategy, trade.regime, trade.reason, trade.id, trade.decision].join(" ").toLowerCase();
      return words.every((word) => text.includes(word)) &&
        choices.every(([name, value]) => (name === "result" ? signed(trade.net) === value : trade[name] === value));
    });
  }

  draw() {
    const [key, direction] = this.order, value = COLUMNS.find((column) => column[0] === key)[3];
    const kept = this.kept().sort((a, b) => (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0) * direction);
    this.heads.forEach((head, at) => {
      const sorted = COLUMNS[at][0] === key;
      head.setAttribute("aria-sort", sorted ? (direction > 0 ? "ascending" : "descending") : "none");
    });
    this.body.replaceChildren(...kept.map((trade) => this.row(trade)));
    const net = kept.reduce((sum, trade) => sum + trade.net, 0);
    document.getElementById("trade-count").textContent =
      kept.length.toLocaleString("en-US") + " of " + this.trades.length.toLocaleString("en-US") + " trades, net " + number(net, 2, true) + " USD";
    if (kept.length && !kept.includes(this.current)) this.choose(kept[0]);
  }

  row(trade) {
    const row = element("tr", null, { "data-id": trade.id, "aria-current": trade === this.current ? "true" : null });
    for (const [key, , text] of COLUMNS) {
      const colour = key === "net" || key === "r" ? signed(trade[key]) : null;
      const cell = element("td", key === "symbol" ? null : text(trade), { class: columnClass(key, colour) });
      if (key === "symbol") cell.append(element("button", text(trade), { type: "button", "aria-label": "draw the trade in " + trade.symbol + " closed " + minute(trade.closed) }));
      row.append(cell);
    }
    row.addEventListener("click", () => this.choose(trade));
    return row;
  }

  choose(trade) {
    this.current = trade;
    for (const row of this.body.children) {
      if (row.dataset.id === trade.id) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
    this.chosen(trade);
  }
}
