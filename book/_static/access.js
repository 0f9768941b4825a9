/* What the theme leaves out for readers who use a keyboard or a screen reader. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const each = (selector, act) => document.querySelectorAll(selector).forEach(act);

  // A label hides the text that it differs from.
  each("summary[aria-label], .search-button-field", (named) => named.removeAttribute("aria-label"));
  each(".theme-switch", (icon) => {
    icon.removeAttribute("title");
    icon.setAttribute("aria-hidden", "true");
  });

  // An arrow that unfolds a part of the contents has no text of its own.
  each("details > summary:has(> .toctree-toggle)", (arrow) => {
    arrow.setAttribute("aria-label", `Pages of ${arrow.parentNode.previousElementSibling.textContent}`);
  });

  // Not all that a list of references holds is an entry.
  each(".citation-list", (list) => list.removeAttribute("role"));

  // What scrolls by itself must be reachable by Tab, to be scrolled with the arrow keys.
  const reach = () => each(".bd-article table, .bd-article div.math, .bd-article pre", (box) => {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  });
  reach();
  window.addEventListener("load", reach);
  window.addEventListener("resize", reach);
});
