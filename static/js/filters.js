// <v-filters>: buttons that show one kind of entry; each says how many there are.
class Filters extends HTMLElement {
  connectedCallback() {
    this.buttons = [...this.querySelectorAll("[data-show]")];
    for (const button of this.buttons) {
      const number = this.entries(button.dataset.show).length;
      const place = button.querySelector("[data-number]");
      if (place) place.textContent = number;
      if (button.dataset.show && number === 0) button.closest("li").hidden = true;
      button.addEventListener("click", () => this.show(button));
    }
  }

  entries(kind) {
    return [...this.querySelectorAll(kind ? `[data-group="${CSS.escape(kind)}"]` : "[data-group]")];
  }

  show(chosen) {
    const kind = chosen.dataset.show;
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(button === chosen));
    for (const entry of this.entries("")) entry.hidden = Boolean(kind) && entry.dataset.group !== kind;
    for (const day of this.querySelectorAll(".v-timeline-day")) {
      const entries = [...(day.nextElementSibling?.children ?? [])];
      day.hidden = entries.every((entry) => entry.hidden);
    }
  }
}

customElements.define("v-filters", Filters);
