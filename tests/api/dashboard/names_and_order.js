/* What has no name, no label, or stands out of order on the page that is open. */

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
