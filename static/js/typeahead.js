// Suggestions for inputs with data-suggest="customer|account|name", and for the search box after `customer:` and its
// like. A combobox by ARIA practice: arrows choose, Enter takes, Escape closes; without scripts a plain field.
const WAIT_MS = 150;
const SHORTEST = 2;
const IN_BOX = /(?:^|[\s(-])(customer|account|name):(?:"([^"]*)|([^\s"(),]*))$/;
const PLAIN = /^[\p{L}\p{N}][\p{L}\p{N}_/-]*$/u;

class Suggestions {
  constructor(input, number) {
    this.input = input;
    this.list = document.createElement("ul");
    this.list.className = "v-suggestions";
    this.list.id = `suggestions-${number}`;
    this.list.role = "listbox";
    this.list.ariaLabel = input.labels?.[0]?.textContent.trim() ?? "";
    this.list.hidden = true;
    const around = document.createElement("span");
    around.className = "v-suggest";
    const hadFocus = document.activeElement === input;
    input.replaceWith(around);
    around.append(input, this.list);
    if (hadFocus) input.focus();
    for (const [name, value] of Object.entries({
      role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": this.list.id,
      autocomplete: "off",
    })) input.setAttribute(name, value);
    input.addEventListener("input", () => this.soon());
    input.addEventListener("keydown", (event) => this.key(event));
    input.addEventListener("blur", () => this.close());
    this.list.addEventListener("mousedown", (event) => {
      event.preventDefault();
      const item = event.target.closest("li");
      if (item) this.take(item);
    });
  }

  /** What is typed: the field, its beginning, and where in the text it begins. */
  get asked() {
    const field = this.input.dataset.suggest;
    if (field !== "query") return { field, typed: this.input.value, from: 0 };
    const before = this.input.value.slice(0, this.input.selectionStart ?? 0);
    const found = IN_BOX.exec(before);
    if (!found) return null;
    const [, name, quoted, plain] = found;
    const typed = quoted ?? plain;
    const inQuotes = quoted !== undefined;
    return { field: name, typed, from: before.length - typed.length - Number(inQuotes), inQuotes };
  }

  soon() {
    clearTimeout(this.timer);
    this.turn = (this.turn ?? 0) + 1;  // an answer to what stood there before comes too late
    this.timer = setTimeout(() => this.ask(), WAIT_MS);
  }

  async ask() {
    const asked = this.asked;
    if (!asked || asked.typed.trim().length < SHORTEST) return void this.close();
    const turn = (this.turn = (this.turn ?? 0) + 1);
    const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
    const body = new URLSearchParams({ field: asked.field, q: asked.typed });
    let values = [];
    try {
      const answer = await fetch("/search/suggest", { method: "POST", body, headers: { "X-CSRFToken": token } });
      if (answer.ok) values = (await answer.json()).values;
    } catch {
      values = [];  // suggestions are a help; the search itself says what is wrong
    }
    if (turn === this.turn && document.activeElement === this.input) this.show(values);
  }

  show(values) {
    const items = values.map((value, number) => {
      const item = document.createElement("li");
      item.role = "option";
      item.id = `${this.list.id}-${number}`;
      item.textContent = value;
      return item;
    });
    this.list.replaceChildren(...items);
    this.list.hidden = items.length === 0;
    this.input.setAttribute("aria-expanded", String(items.length > 0));
    this.choose(null);
  }

  close() {
    clearTimeout(this.timer);
    this.turn = (this.turn ?? 0) + 1;
    if (!this.list.hidden) this.show([]);
  }

  choose(item) {
    for (const other of this.list.children) other.setAttribute("aria-selected", String(other === item));
    if (item) this.input.setAttribute("aria-activedescendant", item.id);
    else this.input.removeAttribute("aria-activedescendant");
    this.chosen = item;
  }

  key(event) {
    if (this.list.hidden || event.isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
    const items = [...this.list.children];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      const at = items.indexOf(this.chosen);
      this.choose(items[(at + step + items.length + (at < 0 && step < 0 ? 1 : 0)) % items.length]);
    } else if (event.key === "Enter" && this.chosen) this.take(this.chosen);
    else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  take(item) {
    const asked = this.asked;
    if (!asked) return;
    const input = this.input;
    if (input.dataset.suggest !== "query") input.value = item.textContent;
    else {
      const text = item.textContent;
      const value = PLAIN.test(text) ? text : `"${text.replace(/[\\"]/g, "\\$&")}"`;
      const after = input.value.slice(input.selectionStart ?? input.value.length);
      const rest = asked.inQuotes ? after.replace(/^"/, "") : after;
      input.value = `${input.value.slice(0, asked.from)}${value}${rest}`;
      input.setSelectionRange(asked.from + value.length, asked.from + value.length);
    }
    this.close();
  }
}

[...document.querySelectorAll("[data-suggest]")].forEach((input, number) => new Suggestions(input, number));
// A form that is ready to type in: its first field has the focus, unless something else asked for it.
if (document.activeElement === document.body && !document.querySelector("[data-focus]")) {
  document.querySelector("[data-focus-first] input:not([type=hidden])")?.focus({ preventScroll: true });
}
