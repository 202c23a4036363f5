// One place speaks outcomes and counts to those who listen.
const place = document.getElementById("say");

/** Speak a text; the same text twice is spoken twice. */
export function say(text) {
  if (!place || !text) return;
  place.textContent = "";
  requestAnimationFrame(() => {
    place.textContent = text;
  });
}

/** Return a sentence that the page carries for scripts, by locale. */
export function words(name) {
  return place?.dataset[name] ?? "";
}

/** Show a message until it is closed; never one that vanishes by itself. */
export function showMessage(text) {
  const messages = document.getElementById("messages");
  if (!messages) return;
  const message = document.createElement("div");
  message.className = "v-message v-message-bad";
  message.setAttribute("role", "alert");
  const body = document.createElement("div");
  body.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "btn btn-ghost btn-small";
  close.textContent = words("close");
  close.addEventListener("click", () => {
    message.remove();
    document.getElementById("main")?.focus();
  });
  message.append(body, close);
  messages.replaceChildren(message);
}
