// One trade on candles: entry, exits, the way its stop went, and the targets it was planned with.

function unpacked(candles) {
  const scale = 10 ** candles.digits, flat = candles.places, out = { x: [], open: [], high: [], low: [], close: [] };
  let time = candles.start, last = 0;
  for (let at = 0; at < flat.length; at += 5) {
    time += flat[at] * candles.step;
    const open = last + flat[at + 1], close = open + flat[at + 4];
    out.x.push(utc(time)); out.open.push(open / scale); out.close.push(close / scale);
    out.high.push((Math.max(open, close) + flat[at + 2]) / scale);
    out.low.push((Math.min(open, close) - flat[at + 3]) / scale);
    last = close;
  }
  return out;
}

function candleTrace(trade, c) {
  return { type: "candlestick", ...unpacked(trade.candles), name: short(trade.symbol), showlegend: false,
    increasing: { line: { color: c.gain, width: 1 } }, decreasing: { line: { color: c.loss, width: 1 } } };
}

function stopTrace(trade, c) {
  const x = trade.stops.map((stop) => utc(stop[0])), y = trade.stops.map((stop) => stop[1]);
  if (y.length) { x.push(utc(trade.closed)); y.push(y[y.length - 1]); }
  return { type: "scatter", mode: "lines", name: "stop", x, y, connectgaps: false,
    line: { shape: "hv", color: c.loss, width: 2 }, hovertemplate: "stop %{y}<extra></extra>" };
}

function fillTraces(trade, c) {
  const entries = trade.fills.filter((fill) => fill[1] === "entry");
  const exits = trade.fills.filter((fill) => fill[1] !== "entry");
  const marks = (fills, name, colour, symbol) => ({ type: "scatter", mode: "markers", name, x: fills.map((f) => utc(f[0])),
    y: fills.map((f) => f[2]), customdata: fills.map((f) => f[1] + ": " + f[4] + " " + f[3]),
    marker: { color: colour, size: 11, symbol, line: { color: c.surface, width: 1 } },
    hovertemplate: "%{customdata} at %{y}<extra></extra>" });
  const up = trade.side === "LONG";
  return [marks(entries, "entry", c.accent, up ? "triangle-up" : "triangle-down"),
    marks(exits, "exit", c.hold, up ? "triangle-down" : "triangle-up")];
}

function ladder(trade, c) {
  const span = { type: "line", xref: "x", yref: "y", x0: utc(trade.opened), x1: utc(trade.closed) };
  const rung = (value, text, colour, dash) => ({ ...span, y0: value, y1: value, line: { color: colour, width: 1, dash },
    label: { text, textposition: "start", yanchor: "bottom", font: { size: 10, color: colour } } });
  const targets = trade.targets.map((value, at) => value === null ? null : rung(value, "TP" + (at + 1), c.gain, "dash"));
  return [...targets.filter((one) => one), rung(trade.entry, "entry", c.accent, "dot")];
}

// What stands in the picture: a target far away must not flatten the candles.
function reach(trade, candles) {
  const planned = [...trade.fills.map((f) => f[2]), ...trade.stops.map((s) => s[1]), trade.targets[0]];
  const seen = [...candles.high, ...candles.low, ...planned.filter((v) => v !== null && v !== undefined)];
  const low = Math.min(...seen), high = Math.max(...seen), pad = (high - low) * 0.06;
  return [low - pad, high + pad];
}

function tradePicture(trade, c) {
  const candles = candleTrace(trade, c);
  return { traces: [candles, stopTrace(trade, c), ...fillTraces(trade, c)], layout: layout(c, {
    shapes: ladder(trade, c), xaxis: axis(c, { type: "date", rangeslider: { visible: false } }),
    yaxis: axis(c, { range: reach(trade, candles) }), hovermode: "closest" }) };
}

function tradeTitle(trade) {
  return short(trade.symbol) + " " + trade.side + ", " + minute(trade.opened) + " to " + minute(trade.closed) + ", " +
    number(trade.net, 2, true) + " USD, left by " + trade.reason;
}

function tradeFacts(trade) {
  const hours = (trade.closed - trade.opened) / 3.6e6;
  return [["side", trade.side], ["strategy", trade.strategy || "adopted"], ["regime", trade.regime],
    ["confidence", number(trade.confidence, 3)], ["leverage", trade.leverage + "x"],
    ["quantity", price(trade.qty)], ["entry", price(trade.entry)], ["exit", price(trade.exit)],
    ["first stop", price(trade.stop)],
    ["targets", trade.targets.map((t) => t === null ? "runner" : price(t)).join(", ") || "none"],
    ["risk at the stop", number(trade.risk, 2) + " USD"],
    ["liquidation", trade.liquidation === null ? "none estimated" : price(trade.liquidation)],
    ["gross", number(trade.gross, 2, true) + " USD"], ["fees", number(-trade.fees, 2, true) + " USD"],
    ["funding", number(trade.funding, 2, true) + " USD"], ["slippage", number(-trade.slippage, 2, true) + " USD, in gross"],
    ["net", number(trade.net, 2, true) + " USD"], ["net", number(trade.r, 3, true) + " R"],
    ["worst / best", number(trade.mae, 2, true) + " / " + number(trade.mfe, 2, true) + " R"],
    ["held", number(hours, 1) + " h"], ["left by", trade.reason],
    ["fills", String(trade.fills.length)], ["decision", trade.decision || "none"], ["position", trade.id]];
}
