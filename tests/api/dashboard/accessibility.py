"""What somebody who cannot see or point would miss on a page that is open."""

from tests.browser import Page

_CHECKS = r"""
const found = [];
const say = (what, node) => found.push(`${what}: ${node.outerHTML.slice(0, 140)}`);
const shown = (node) => node.checkVisibility({ checkVisibilityCSS: true });
const all = (selector) => [...document.querySelectorAll(selector)].filter(shown);
const named = (node) => (node.getAttribute('aria-label')
  || (node.getAttribute('aria-labelledby') || '').split(' ').map((id) => document.getElementById(id)?.textContent ?? '').join('')
  || node.textContent || node.title || '').trim();

if (!document.documentElement.lang) say('no language', document.documentElement);
if (!document.title.trim()) say('no title', document.head);
for (const node of all('button, a[href], summary')) if (!named(node)) say('no name', node);
for (const node of all('input, textarea, select')) if (!node.labels?.length && !node.getAttribute('aria-label')) say('no label', node);
for (const node of all('img')) if (!node.hasAttribute('alt')) say('no alt', node);
for (const node of all('svg')) {
  const hidden = node.closest('[aria-hidden="true"]');
  if (!hidden && !(node.getAttribute('role') === 'img' && named(node))) say('a drawing without a name', node);
}
for (const node of all('[role]')) {
  if (!['img', 'group', 'region', 'alert', 'status'].includes(node.getAttribute('role'))) say('an odd role', node);
}
for (const node of all('[tabindex]')) if (node.tabIndex > 0) say('jumps the order', node);
for (const name of ['aria-labelledby', 'aria-describedby']) {
  for (const node of all(`[${name}]`)) for (const id of node.getAttribute(name).split(' ')) if (!document.getElementById(id)) say(`${name} leads nowhere`, node);
}
const ids = [...document.querySelectorAll('[id]')].map((node) => node.id);
for (const id of new Set(ids.filter((id, at) => ids.indexOf(id) !== at))) say('an id twice', document.getElementById(id));
for (const node of all('table')) {
  if (!node.caption && !node.getAttribute('aria-label')) say('a table without a name', node);
  if ([...node.querySelectorAll('th')].some((head) => !head.scope)) say('a head without a scope', node);
}
if (all('main').length !== 1 || all('h1').length !== 1) say('not one main with one h1', document.body);
let level = 0;
for (const node of all('h1, h2, h3, h4, h5, h6')) {
  const own = Number(node.tagName[1]);
  if (own > level + 1) say('a heading skips a level', node);
  level = own;
}
return found;
"""

_CONTRAST = r"""
const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
const known = new Map();
const rgba = (text) => {
  if (!known.has(text)) {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    known.set(text, [r, g, b, a / 255]);
  }
  return known.get(text);
};
const over = (top, under) => [0, 1, 2].map((at) => top[at] * top[3] + under[at] * (1 - top[3]));
const ground = (node) => {
  if (!node) return rgba('Canvas').slice(0, 3);
  const own = rgba(getComputedStyle(node).backgroundColor);
  return own[3] === 1 ? own.slice(0, 3) : over(own, ground(node.parentElement));
};
const light = (rgb) => rgb.map((each) => each / 255).map((each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
  .reduce((sum, each, at) => sum + each * [0.2126, 0.7152, 0.0722][at], 0);
const found = new Map();
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const node = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !node.checkVisibility({ checkVisibilityCSS: true })) continue;
  if (node.closest('.unseen, noscript, script, [disabled], [aria-hidden="true"], svg, .skip')) continue;
  const under = ground(node);
  const style = getComputedStyle(node);
  const [one, other] = [light(over(rgba(style.color), under)), light(under)].sort((a, b) => b - a);
  const ratio = (one + 0.05) / (other + 0.05);
  const size = parseFloat(style.fontSize);
  const needed = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
  if (ratio < needed) found.set(`${style.color} on ${under.map(Math.round)}`, `${ratio.toFixed(2)} < ${needed}: "${walker.currentNode.data.trim().slice(0, 30)}"`);
}
return [...found].map(([pair, words]) => `contrast ${words}, ${pair}`);
"""

_WIDTH = r"""
const wide = document.documentElement.scrollWidth;
if (wide <= innerWidth) return [];
const over = [...document.querySelectorAll('body *')].filter((node) => node.getBoundingClientRect().right > innerWidth + 1
  && !node.closest('.table-scroll, .heat-scroll'));
return [`${wide} of ${innerWidth} px`, ...over.slice(0, 5).map((node) => node.outerHTML.slice(0, 120))];
"""


def objections(page: Page) -> list[str]:
    """Lists what is not named, labelled, ordered, or not readable; an empty list is a good page."""
    return [*page.asks(_CHECKS), *page.asks(_CONTRAST)]


def sideways(page: Page) -> list[str]:
    """Lists what makes a page scroll sideways; what scrolls inside itself may be wide."""
    found: list[str] = page.asks(_WIDTH)
    return found
