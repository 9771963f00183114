// What the charts of a training show; they stand beside those of a run.

const MODELS = { ensemble: "accent", forest: "gain", logistic: "hold", sequence: "bitcoin", together: "accent" };
const DASHES = { forest: "dash", logistic: "dot", sequence: "dashdot" };

function line(c, name, width) {
  return { color: c[MODELS[name] || "quiet"], width, dash: DASHES[name] || "solid" };
}

Object.assign(CHARTS, {
  walk(data, c) {
    const traces = [];
    for (const { name, equity } of data.walk) {
      const x = equity.times.map(utc), first = name === "ensemble";
      if (first) {
        const edge = { x, type: "scatter", mode: "lines", hoverinfo: "skip", line: { width: 0 } };
        traces.push({ ...edge, y: equity.low, showlegend: false },
          { ...edge, y: equity.high, name: "by lot, nine of ten", fill: "tonexty", fillcolor: c.grid },
          { x, y: equity.lot, name: "by lot, mean", type: "scatter", mode: "lines", line: { color: c.quiet, width: 1 }, hovertemplate: "%{y:+.1f} R" },
          { x, y: equity.below, name: "below its highest", yaxis: "y2", type: "scatter", mode: "lines", fill: "tozeroy",
            line: { color: c.loss, width: 1 }, hovertemplate: "%{y:.1f} R", showlegend: false });
      }
      traces.push({ x, y: equity.made, name, type: "scatter", mode: "lines", line: line(c, name, first ? 2 : 1.2),
        hovertemplate: "%{y:+.1f} R" });
    }
    return { traces, layout: layout(c, { hovermode: "x unified", hoversubplots: "axis",
      xaxis: axis(c, { anchor: "y2", hoverformat: "%Y-%m-%d" }),
      yaxis: axis(c, { domain: [0.3, 1], ticksuffix: " R" }),
      yaxis2: axis(c, { domain: [0, 0.24], ticksuffix: " R" }) }) };
  },

  calibration(data, c) {
    const all = data.calibration.flatMap((model) => model.curve.flatMap((point) => [point.said, point.came]));
    const ends = [Math.min(...all), Math.max(...all)];
    const traces = [{ x: ends, y: ends, name: "true", type: "scatter", mode: "lines", hoverinfo: "skip",
      line: { color: c.line, width: 1.5 } }];
    for (const { name, curve } of data.calibration) traces.push({ x: curve.map((p) => p.said), y: curve.map((p) => p.came), name,
      customdata: curve.map((p) => p.n), type: "scatter", mode: "lines+markers", line: line(c, name, name === "ensemble" ? 2 : 1.1),
      marker: { size: name === "ensemble" ? 7 : 4 }, hovertemplate: "said %{x:.3f}, came %{y:.3f}, %{customdata:,} answers" });
    return { traces, layout: layout(c, { xaxis: axis(c, { title: { text: "said" } }), yaxis: axis(c, { title: { text: "came" } }) }) };
  },

  paths(data, c) {
    const traces = Object.entries(data.paths).map(([name, paths]) => ({ type: "box", name, orientation: "h",
      x: paths.map((path) => path.expectancy_r), boxpoints: "all", jitter: 0.4, pointpos: 0, line: { width: 1 },
      marker: { color: c[MODELS[name] || "quiet"], size: 6 }, hovertemplate: "%{x:+.3f} R<extra></extra>" }));
    return { traces, layout: layout(c, { showlegend: false, xaxis: axis(c, { ticksuffix: " R", zeroline: true, zerolinewidth: 2 }) }) };
  },
});

for (const name of Object.keys(DASHES)) CHARTS["features-" + name] = (data, c) => {
  const named = Object.entries(data.features[name]).reverse();
  return { traces: [{ type: "bar", orientation: "h", y: named.map(([feature]) => feature), x: named.map(([, size]) => size),
    marker: { color: c[MODELS[name] || "quiet"] }, hovertemplate: "%{y}: %{x:.3f}<extra></extra>" }],
  layout: layout(c, { showlegend: false, yaxis: axis(c, { tickfont: { size: 11 } }) }) };
};
