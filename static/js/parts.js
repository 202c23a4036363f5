// What happens around parts of a page that htmx fetches: words that are spoken, errors that are shown, focus.
import { say, showMessage, words } from "./say.js";

for (const summary of document.querySelectorAll("[data-focus]")) summary.focus();

document.addEventListener("htmx:afterSwap", (event) => {
  const part = event.detail.elt ?? event.target;
  const summary = part.querySelector?.("[data-focus]");
  if (summary) summary.focus();
  else if (part.matches?.("[data-say]")) say(part.textContent.trim());
});

document.addEventListener("htmx:responseError", (event) => {
  // A part that is polled tries again by itself.
  if (event.target.localName !== "v-poll") showMessage(words("failed"));
});

document.addEventListener("htmx:sendError", (event) => {
  if (event.target.localName !== "v-poll") showMessage(words("unreachable"));
});

// A form is sent once: a second press while the first is on its way does nothing, and the focus stays.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method === "dialog" || event.defaultPrevented) return;
  if (form.dataset.sent) return void event.preventDefault();
  form.dataset.sent = "true";
  setTimeout(() => delete form.dataset.sent, 3000);
});

// Back from another page may show this one from the cache of the browser: its forms can be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// A link to a row (back from a record) puts the focus on the row; only once the page is shown, as the browser takes the
// focus away when it scrolls there.
window.addEventListener("pageshow", () => {
  const row = location.hash.startsWith("#r-") && document.getElementById(location.hash.slice(1));
  if (row && document.activeElement === document.body) row.querySelector("a")?.focus({ preventScroll: true });
});
