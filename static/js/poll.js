// <v-poll hx-get hx-trigger="poll" hx-target>: asks every two seconds, not while the page is hidden, and stops when the
// part that came says that it has ended (data-ended).
const EVERY_MS = 2000;

class Poll extends HTMLElement {
  connectedCallback() {
    this.timer = setInterval(() => this.ask(), EVERY_MS);
  }

  disconnectedCallback() {
    clearInterval(this.timer);
  }

  ask() {
    if (document.hidden || !window.htmx) return;
    const part = document.querySelector(this.getAttribute("hx-target"));
    if (!part || part.hasAttribute("data-ended")) clearInterval(this.timer);
    else window.htmx.trigger(this, "poll");
  }
}

customElements.define("v-poll", Poll);
