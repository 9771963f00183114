/* The bus as a graph: domains in the order of an order's life, and how much flows from each to each. */

import { h, s } from "../core/dom.js";
import * as f from "../core/format.js";
import "./chart.js";

const ROW_PX = 30;
const NAME_PX = 96;
const WORDS_PX = 172;
const RATE_PX = 46;
const NARROW_PX = 520;
const WIDE_PX = 7;

export const INPUTS = "inputs";
export const JOURNAL = "journal";

/**
 * Nodes and edges of the bus. `rates` are events a second by stream, of an answer of `/bus`; a
 * stream that several domains say is drawn from each of them, since nobody counts them apart.
 */
export function graphOf(bus, modules, rates) {
  const domain = (module) => module.split(".")[0];
  const says = new Map();
  for (const module of modules) for (const stream of module.says) says.set(stream, (says.get(stream) ?? new Set()).add(domain(module.name)));
  const names = [INPUTS, ...new Set(modules.map((module) => domain(module.name))), JOURNAL];
  const nodes = new Map(names.map((name) => [name, { name, hears: 0, slowest: null }]));
  const edges = new Map();
  for (const row of bus.streams) {
    const rate = rates.get(row.stream) ?? 0;
    const hearers = new Set(row.heard_by.map(domain));
    for (const hearer of hearers) if (nodes.has(hearer)) nodes.get(hearer).hears += rate;
    nodes.get(JOURNAL).hears += rate;
    for (const from of says.get(row.stream) ?? [INPUTS]) {
      for (const to of hearers) {
        if (from === to || !nodes.has(to)) continue;
        const edge = edges.get(`${from} ${to}`) ?? { from, to, rate: 0, streams: [] };
        edge.rate += rate;
        edge.streams.push(row.stream);
        edges.set(`${from} ${to}`, edge);
      }
    }
  }
  for (const { module, slowest_s: slowest } of bus.slowest) {
    const node = nodes.get(domain(module));
    if (node) node.slowest = Math.max(node.slowest ?? 0, slowest);
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
}

/** Draws the graph; what a node says of its lag is beside it. */
export function flowGraph(bus, modules, rates) {
  const graph = graphOf(bus, modules, rates);
  const lags = { [INPUTS]: `${f.count(bus.waiting)} waiting`, [JOURNAL]: `${f.count(bus.journal_lag)} behind` };
  const most = graph.edges.reduce((one, other) => (other.rate > (one?.rate ?? 0) ? other : one), null);
  const label = `The bus: ${graph.nodes.length} domains, ${graph.edges.length} ways between them${most ? `; most flows from ${most.from} to ${most.to}, ${f.decimal(most.rate, 1)} a second` : ""}`;
  return h("q-chart", { class: "chart-flow", model: { draw: (width) => drawn(graph, lags, most?.rate ?? 0, width), label } });
}

function drawn({ nodes, edges }, lags, most, width) {
  const isNarrow = width < NARROW_PX;
  const left = NAME_PX + (isNarrow ? RATE_PX : WORDS_PX);
  const place = new Map(nodes.map((node, at) => [node.name, at * ROW_PX + ROW_PX / 2]));
  const reach = (width - left - 24) / Math.max(1, (nodes.length - 1) * ROW_PX);
  const quietFirst = [...edges].sort((one, other) => one.rate - other.rate);
  return s(
    "svg",
    { width, height: nodes.length * ROW_PX + 4, class: "flow" },
    quietFirst.map((edge) => way(edge, place.get(edge.from), place.get(edge.to), { left, reach, most })),
    nodes.map((node) => named(node, place.get(node.name), lags[node.name], { left, isNarrow })),
  );
}

/** A bow to the right; with the order of an order's life it goes down, back it goes up. */
function way({ from, to, rate, streams }, start, end, { left, reach, most }) {
  const out = left + 14 + Math.abs(end - start) * reach * 1.3;
  const kind = rate ? (end > start ? "ahead" : "back") : "still";
  const wide = rate ? Math.max(0.8, WIDE_PX * Math.sqrt(rate / most)) : 0.6;
  return s(
    "path",
    { class: `way ${kind}`, "stroke-width": wide.toFixed(2), d: `M${left + 8} ${start}C${out.toFixed(1)} ${start} ${out.toFixed(1)} ${end} ${left + 8} ${end}` },
    s("title", null, `${from} to ${to}: ${f.decimal(rate, 1)} a second (${streams.join(", ")})`),
  );
}

function named(node, y, lag, { left, isNarrow }) {
  const rate = node.name === INPUTS ? "" : `${f.decimal(node.hears, 1)}/s`;
  const words = `${rate}  ${lag ?? (node.slowest === null ? "" : `slowest ${f.decimal(node.slowest * 1000, 1)} ms`)}`.trim();
  return s(
    "g",
    { class: "node" },
    s("text", { class: "readout", x: 0, y: y + 4 }, node.name),
    s("title", null, `${node.name}: ${words}`),
    s("text", { class: "tick", x: NAME_PX, y: y + 4 }, isNarrow ? rate : words),
    s("circle", { class: "dot", cx: left + 4, cy: y, r: 4 }),
  );
}
