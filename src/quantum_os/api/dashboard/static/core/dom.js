/* Builds elements from data, and changes in the page only what is different. */

const SVG = "http://www.w3.org/2000/svg";
const KEPT_BY_USER = new Set(["open", "value", "checked"]);

/** Builds an HTML element. `on...` become handlers, `key` names a child among its siblings. */
export function h(tag, props, ...children) {
  return built(document.createElement(tag), props, children);
}

/** Builds an SVG element. */
export function s(tag, props, ...children) {
  return built(document.createElementNS(SVG, tag), props, children);
}

/** Shows nodes in a place, keeping whatever is the same: focus, scroll and selection stay. */
export function show(place, ...nodes) {
  const fresh = place.cloneNode(false);
  append(fresh, nodes);
  children(place, fresh);
}

/** Makes `old` equal to `fresh`, and gives the node that now stands there. */
export function morph(old, fresh) {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName || old._key !== fresh._key) {
    old.replaceWith(fresh);
    return fresh;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return old;
  }
  attributes(old, fresh);
  handlers(old, fresh);
  if ("model" in fresh) {
    old.model = fresh.model;
    return old;
  }
  children(old, fresh);
  return old;
}

function built(node, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "key") node._key = value;
    else if (name === "model") node.model = value;
    else if (name.startsWith("on")) handler(node, name, value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  append(node, children);
  return node;
}

function append(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false || child === "") continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

function handler(node, name, value) {
  node[name] = value;
  (node._handlers ??= new Set()).add(name);
}

function handlers(old, fresh) {
  for (const name of old._handlers ?? []) if (!fresh._handlers?.has(name)) old[name] = null;
  for (const name of fresh._handlers ?? []) old[name] = fresh[name];
  old._handlers = fresh._handlers;
}

function attributes(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !KEPT_BY_USER.has(name) && name !== "style") old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value && !KEPT_BY_USER.has(name)) old.setAttribute(name, value);
  }
}

function children(old, fresh) {
  const keyed = new Map();
  for (const child of old.childNodes) if (child._key !== undefined) keyed.set(child._key, child);
  let place = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const known = wanted._key === undefined ? place : keyed.get(wanted._key);
    if (known && known._key === wanted._key) {
      if (known !== place) old.insertBefore(known, place);
      place = morph(known, wanted).nextSibling;
    } else {
      old.insertBefore(wanted, place);
    }
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}
