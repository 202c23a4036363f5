// <v-selection url>: around a list of hits. A tick is told to the server at once, which answers with the bar below; the
// head's box ticks the page. Selecting all, and none, set the boxes that are shown.
class Selection extends HTMLElement {
  connectedCallback() {
    this.addEventListener("change", (event) => this.changed(event.target));
    document.addEventListener("htmx:afterRequest", (this.onDone = (event) => this.all(event)));
    this.head();
  }

  disconnectedCallback() {
    document.removeEventListener("htmx:afterRequest", this.onDone);
  }

  get boxes() {
    return [...this.querySelectorAll("tbody [data-pick]")];
  }

  changed(box) {
    if (box.matches("[data-pick-page]")) {
      for (const one of this.boxes) one.checked = box.checked;
      this.tell(this.boxes);
    } else if (box.matches("[data-pick]")) this.tell([box]);
    this.head();
  }

  tell(boxes) {
    const token = document.querySelector("#selection-bar [name=csrfmiddlewaretoken]").value;
    const ticked = boxes.filter((box) => box.checked).map((box) => box.value);
    const values = { csrfmiddlewaretoken: token, shown: boxes.map((box) => box.value), id: ticked };
    window.htmx.ajax("POST", this.getAttribute("url"), { target: "#selection-bar", swap: "outerHTML", values, source: this });
  }

  // The form that asked is gone with the old bar by then, and with it the button that had the focus.
  all(event) {
    const wish = event.detail.requestConfig?.elt.dataset?.selects;
    if (!wish || !event.detail.successful) return;
    for (const box of this.boxes) box.checked = wish === "all";
    this.head();
    document.querySelector(wish === "all" ? "#select-none" : "#select-all")?.focus();
  }

  head() {
    const box = this.querySelector("[data-pick-page]");
    if (!box) return;
    const ticked = this.boxes.filter((one) => one.checked).length;
    box.checked = ticked > 0 && ticked === this.boxes.length;
    box.indeterminate = ticked > 0 && !box.checked;
  }
}

customElements.define("v-selection", Selection);
