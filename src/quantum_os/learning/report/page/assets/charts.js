// What each chart shows: a function of the data and the colours that gives traces and layout.

const CHARTS = {
  equity(data, c) {
    const d = data.equity, x = d.times.map(utc);
    const grown = (y, name, colour, dash) => ({ x, y: y.map((v) => v / d.deposit - 1), name, mode: "lines", type: "scatter",
      yaxis: "y3", line: { color: colour, width: 1.5, dash }, hovertemplate: "%{y:+.2%}" });
    const traces = [
      { x, y: d.equity, name: "equity", type: "scatter", mode: "lines", line: { color: c.accent, width: 1.8 },
        hovertemplate: "%{y:,.2f} USD", legendgroup: "fund" },
      { x: d.fall_times.map(utc), y: d.fall, name: "below the peak", yaxis: "y2", type: "scatter", mode: "lines",
        fill: "tozeroy", line: { color: c.loss, width: 1 }, hovertemplate: "%{y:.2%}", showlegend: false },
      { ...grown(d.equity, "the run", c.accent), showlegend: false, legendgroup: "fund" }];
    if (d.equal_weight) traces.push(grown(d.equal_weight, "buy & hold, equal parts", c.hold, "dash"));
    if (d.bitcoin) traces.push(grown(d.bitcoin, "buy & hold, bitcoin", c.bitcoin, "dot"));
    const lines = d.latches.map(([time, cause]) => ({ type: "line", x0: utc(time), x1: utc(time), yref: "paper",
      y0: 0, y1: 1, line: { color: c.loss, width: 1, dash: "dot" }, label: { text: cause, font: { size: 10 } } }));
    return { traces, layout: layout(c, { hovermode: "x unified", hoversubplots: "axis", shapes: lines,
      xaxis: axis(c, { anchor: "y3", hoverformat: "%Y-%m-%d %H:%M" }),
      yaxis: axis(c, { domain: [0.54, 1], tickformat: ",.0f" }),
      yaxis2: axis(c, { domain: [0.33, 0.5], tickformat: ".1%", rangemode: "tozero" }),
      yaxis3: axis(c, { domain: [0, 0.28], tickformat: "+.0%" }),
    }) };
  },

  costs(data, c) {
    const k = data.costs;
    return { traces: [{ type: "waterfall", x: ["price", "slippage", "gross", "fees", "funding", "net"],
      measure: ["absolute", "relative", "total", "relative", "relative", "total"],
      y: [k.untouched, -k.slippage, k.gross, -k.fees, k.funding, k.net],
      text: [k.untouched, -k.slippage, k.gross, -k.fees, k.funding, k.net].map((v) => number(v, 2, true)),
      textposition: "outside", cliponaxis: false, hovertemplate: "%{x}: %{y:,.2f} USD<extra></extra>",
      increasing: { marker: { color: c.gain } }, decreasing: { marker: { color: c.loss } },
      totals: { marker: { color: c.accent } }, connector: { line: { color: c.line } } }],
    layout: layout(c, { showlegend: false, yaxis: axis(c, { tickformat: ",.0f" }) }) };
  },

  exposure(data, c) {
    const d = data.exposure, x = [...d.times, d.end].map(utc);
    const held = (values) => values.concat(values.length ? values[values.length - 1] : []);
    const step = (y, name, colour, yaxis, fill) => ({ x, y: held(y), name, yaxis, type: "scatter", mode: "lines",
      fill, line: { shape: "hv", color: colour, width: 1.3 } });
    return { traces: [
      { ...step(d.gross, "gross", c.accent, "y", "tozeroy"), hovertemplate: "%{y:.2f}x" },
      { ...step(d.net, "net", c.hold, "y"), hovertemplate: "%{y:+.2f}x" },
      { ...step(d.positions, "positions", c.bitcoin, "y2"), hovertemplate: "%{y}" }],
    layout: layout(c, { hovermode: "x unified", xaxis: axis(c, { anchor: "y2" }),
      yaxis: axis(c, { domain: [0.4, 1], ticksuffix: "x" }),
      yaxis2: axis(c, { domain: [0, 0.3], dtick: 1, rangemode: "tozero", title: { text: "positions" } }) }) };
  },

  refusals(data, c) {
    const d = data.refusals, x = d.days.map(day);
    const traces = d.gates.map((gate, at) => ({ type: "bar", x, y: gate.counts,
      name: gate.gate + " (" + gate.stage + ")", visible: gate.hidden ? "legendonly" : true,
      marker: { color: PALETTE[at % PALETTE.length] }, hovertemplate: "%{y:,}" }));
    return { traces, layout: layout(c, { barmode: "stack", hovermode: "x unified", bargap: 0.15,
      legend: { orientation: "h", y: -0.12, yanchor: "top", traceorder: "normal", font: { size: 10 } },
      yaxis: axis(c, { tickformat: ",d" }) }) };
  },

  regimes(data, c) {
    const d = data.regimes, traces = [];
    d.labels.forEach((label, index) => traces.push({ type: "bar", orientation: "h", name: label, base: [], x: [], y: [],
      customdata: [], marker: { color: REGIMES[label] || c.line, line: { width: 0 } },
      hovertemplate: "%{y}: " + label + "<br>%{customdata}<extra></extra>", index }));
    for (const row of d.rows) {
      row.times.forEach((time, at) => {
        const end = at + 1 < row.times.length ? row.times[at + 1] : d.end, trace = traces[row.labels[at]];
        trace.base.push(utc(time)); trace.x.push(end - time); trace.y.push(short(row.name));
        trace.customdata.push(minute(time) + " to " + minute(end));
      });
    }
    const names = d.rows.map((row) => short(row.name)).reverse();
    return { traces: traces.filter((trace) => trace.x.length), layout: layout(c, { barmode: "overlay", bargap: 0.12,
      xaxis: axis(c, { type: "date", range: [utc(d.start), utc(d.end)] }),
      yaxis: axis(c, { type: "category", categoryorder: "array", categoryarray: names, showgrid: false }) }) };
  },

  results(data, c) {
    const values = data.trades.map((trade) => trade.r).filter((r) => r !== null);
    const size = 0.25, bars = (keep, colour, name) => ({ type: "histogram", x: values.filter(keep), name,
      xbins: { start: -20, end: 40, size }, marker: { color: colour }, hovertemplate: "%{x} R: %{y}<extra></extra>" });
    return { traces: [bars((r) => r <= 0, c.loss, "loss"), bars((r) => r > 0, c.gain, "gain")],
      layout: layout(c, { barmode: "stack", bargap: 0.04, xaxis: axis(c, { ticksuffix: " R" }) }) };
  },

  excursions(data, c) {
    const dots = (keep, colour, name, symbol) => {
      const kept = data.trades.filter((t) => t.mae !== null && t.mfe !== null && keep(t.net));
      return { type: "scatter", mode: "markers", name, x: kept.map((t) => t.mae), y: kept.map((t) => t.mfe),
        customdata: kept.map((t) => t.symbol + ", " + number(t.r, 2, true) + " R"),
        marker: { color: colour, size: 5, opacity: 0.65, symbol },
        hovertemplate: "%{customdata}<br>against %{x:.2f} R, for %{y:.2f} R<extra></extra>" };
    };
    return { traces: [dots((net) => net <= 0, c.loss, "loss", "x"), dots((net) => net > 0, c.gain, "gain", "circle")],
      layout: layout(c, { xaxis: axis(c, { ticksuffix: " R" }), yaxis: axis(c, { ticksuffix: " R" }) }) };
  },

  leverage(data, c) {
    const names = Object.keys(data.leverage);
    return { traces: [{ type: "bar", x: names, y: names.map((name) => data.leverage[name]),
      text: names.map((name) => number(data.leverage[name], 0)), marker: { color: c.accent },
      hovertemplate: "%{x}: %{y} trades<extra></extra>", width: names.length < 4 ? 0.4 : undefined }],
    layout: layout(c, { xaxis: axis(c, { type: "category" }) }) };
  },
};

const PALETTE = ["#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#9a8f7d", "#ee7733",
  "#0077bb", "#33bbee", "#ee3377", "#cc3311", "#009988", "#997700", "#6699cc", "#994455"];

const REGIMES = { TREND_UP: "#2a9d8f", TREND_DOWN: "#d1603d", RANGE: "#d9b44a", NORMAL: "#9aa6b2", CALM: "#8ec5e8",
  VOLATILE: "#8e6bbf", EXTREME: "#c2348b", UNKNOWN: "#d7d4cc" };

function short(symbol) {
  return symbol.split("/")[0];
}
