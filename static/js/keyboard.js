// Single keys; off while typing, and off altogether where the user turned them off (WCAG 2.1.4).
import { closeMenu, open } from "./dialogs.js";

const root = document.documentElement;
const SEQUENCE_MS = 1200;
let afterG = 0;

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "Escape") return void escape(event);
  if (root.dataset.singleKeys !== "on" || typing(event.target) || document.querySelector("dialog[open]")) return;
  if (sequence(event) || named(event) || rows(event)) event.preventDefault();
});

function typing(target) {
  return target.closest?.("input, select, textarea, [contenteditable]") !== null;
}

function escape(event) {
  if (document.querySelector("dialog[open]")) return;
  if (closeMenu()) return void event.preventDefault();
  if (typing(event.target)) return void event.target.blur();
  if (root.dataset.singleKeys === "on" && !changedForm()) press("back");
}

// A form that came back with what is wrong holds what was typed, though its fields were filled by the server.
function changedForm() {
  return [...document.querySelectorAll("main form")].some((form) =>
    "changed" in form.dataset || [...form.elements].some((field) =>
      "defaultChecked" in field && /checkbox|radio/.test(field.type)
        ? field.checked !== field.defaultChecked
        : "defaultValue" in field && field.type !== "hidden" && field.value !== field.defaultValue,
    ),
  );
}

function sequence(event) {
  if (Date.now() - afterG < SEQUENCE_MS) {
    afterG = 0;
    const link = document.querySelector(`#rail [data-letter="${CSS.escape(event.key)}"]`);
    link?.click();
    return Boolean(link);
  }
  if (event.key === "g") afterG = Date.now();
  return event.key === "g";
}

function named(event) {
  switch (event.key) {
    case "/":
      return focusSearch();
    case "?":
      return openKeys();
    case "f":
      return find();
    case "n":
      return note();
    case "p":
      return press("p") || printDocument();
    case "x":
      return tick();
    default:
      return /^[a-z1-9[\]]$/.test(event.key) && press(event.key);
  }
}

function press(key) {
  const control = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  control?.click();
  return Boolean(control);
}

function focusSearch() {
  const field = document.getElementById("v-q");
  field?.focus();
  field?.select();
  return Boolean(field);
}

function openKeys() {
  const dialog = document.getElementById("keys");
  if (dialog) open(dialog);
  return Boolean(dialog);
}

function find() {
  const field = document.querySelector(".v-toolbar-find");
  field?.focus();
  field?.select?.();
  return Boolean(field);
}

function printDocument() {
  const control = document.querySelector("[data-print]");
  control?.click();
  return Boolean(control);
}

// The panel with the notes opens first where it is not open; its field gets the focus once it is there.
function note() {
  const focusField = () => {
    const field = document.querySelector("#note-form textarea");
    field?.focus();
    return Boolean(field);
  };
  if (focusField()) return true;
  if (!press("n")) return false;
  document.addEventListener("htmx:afterSettle", focusField, { once: true });
  return true;
}

// Rows: the link of a row is what has the focus, so that Enter opens it without a script.
// Ticks the row that has the focus.
function tick() {
  const box = document.activeElement.closest?.("[data-row]")?.querySelector("[data-pick]");
  box?.click();
  return Boolean(box);
}

function rows(event) {
  const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
  if (!step) return false;
  const links = [...document.querySelectorAll("[data-list] [data-row] :is(th, td):has(a) a:first-of-type")].filter(
    (link, index, all) => all.findIndex((other) => other.closest("[data-row]") === link.closest("[data-row]")) === index,
  );
  const here = links.findIndex((link) => link.closest("[data-row]").contains(document.activeElement));
  // Arrows scroll the page until a row has the focus; j and k go to the first row at once.
  if (here < 0 && event.key.startsWith("Arrow")) return false;
  const next = links[here < 0 ? 0 : Math.min(Math.max(here + step, 0), links.length - 1)];
  next?.focus();
  next?.closest("[data-row]").scrollIntoView({ block: "nearest" });
  return Boolean(next);
}
