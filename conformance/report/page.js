"use strict";

// Filtering by words and verdicts, and opening what a link points to. Without this script the page
// shows everything, folded.

const form = document.getElementById("filter");
const items = [...document.querySelectorAll(".item")].map((element) => {
  const words = element.querySelector("summary") ?? element;
  return {element, verdict: element.dataset.v, text: words.textContent.toLowerCase()};
});
const groups = [...document.querySelectorAll("details.group")];

function filter() {
  const words = form.querySelector("input[type=search]").value.toLowerCase().split(/\s+/);
  const boxes = [...form.querySelectorAll("input[type=checkbox]")];
  const wanted = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
  const narrowed = words.some((word) => word) || wanted.size < boxes.length;
  const shown = {article: 0, tr: 0, details: 0};
  for (const {element, verdict, text} of items) {
    const fits = wanted.has(verdict) && words.every((word) => text.includes(word));
    element.hidden = !fits;
    if (fits) ++shown[element.localName];
  }
  for (const group of groups) {
    group.hidden = !group.querySelector(".item:not([hidden])");
    group.open = narrowed && !group.hidden;
  }
  form.querySelector("output").value =
      narrowed ? `${shown.tr} rules, ${shown.details} stories` : "";
}

function open_target() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (let at = target; at; at = at.parentElement) {
    at.hidden = false;
    if (at.localName === "details") at.open = true;
  }
  target.scrollIntoView({block: "center"});
}

for (const box of form.querySelectorAll("input[type=checkbox]")) {
  const known = items.some((item) => item.verdict === box.value);
  box.parentElement.hidden = !known;
}
form.addEventListener("input", filter);
form.addEventListener("submit", (event) => event.preventDefault());
addEventListener("hashchange", open_target);
open_target();
