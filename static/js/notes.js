// What is written down beside a record: a note that is half written survives a look at another part of the panel and is
// not left by accident; a call leads back to the part that is open now.
const drafts = new Map();

function formIn(part) {
  return part.querySelector?.("#note-form");
}

document.addEventListener("input", (event) => {
  const form = event.target.closest?.("#note-form");
  if (form) drafts.set(location.pathname, event.target.value);
});

document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("#note-form");
  if (form && event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});

document.addEventListener("htmx:afterSwap", (event) => {
  const form = formIn(event.target);
  if (!form) return;
  // What was taken is no draft any more; what was refused came back in the form.
  if (document.getElementById("note-added")) drafts.delete(location.pathname);
  const field = form.querySelector("textarea");
  const draft = drafts.get(location.pathname);
  if (draft && !field.value) field.value = draft;
});

addEventListener("beforeunload", (event) => {
  if (drafts.get(location.pathname)?.trim() && !document.querySelector("#note-form[data-sent]")) event.preventDefault();
});

document.querySelector("#call-menu form")?.addEventListener("submit", (event) => {
  event.target.elements.next.value = location.pathname + location.search;
});
