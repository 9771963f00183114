/* What makes the page that is open scroll sideways. */

const wide = document.documentElement.scrollWidth;
if (wide <= innerWidth) return [];
const over = [...document.querySelectorAll('body *')].filter((node) => node.getBoundingClientRect().right > innerWidth + 1
  && !node.closest('.table-scroll, .heat-scroll'));
return [`${wide} of ${innerWidth} px`, ...over.slice(0, 5).map((node) => node.outerHTML.slice(0, 120))];
