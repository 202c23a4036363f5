// <v-upload url>: a file input that is also a drop zone. Each file goes by itself as the body of a PUT, one after the
// other, with progress, cancel and retry; without scripts the form around it sends the file.
import { say } from "./say.js";

// What a load can begin with; anything else belongs into a folder with the CSV or manifest that names it.
const LOADS = /\.(tar|zip|csv|jsonl|gz|tgz)$|^[^.]+$/i;

class Upload extends HTMLElement {
  connectedCallback() {
    this.form = this.closest("form");
    this.input = this.querySelector('input[type="file"]');
    this.zone = this.querySelector(".v-drop");
    this.list = this.querySelector(".v-files");
    this.queue = Promise.resolve();
    this.form.addEventListener("submit", (event) => this.submit(event));
    for (const name of ["dragenter", "dragover"]) this.zone.addEventListener(name, (event) => this.over(event, true));
    for (const name of ["dragleave", "drop"]) this.zone.addEventListener(name, (event) => this.over(event, false));
    this.zone.addEventListener("drop", (event) => this.add(event.dataTransfer.files));
  }

  over(event, inside) {
    event.preventDefault();
    this.zone.classList.toggle("v-over", inside);
  }

  submit(event) {
    event.preventDefault();
    if (this.input.files.length === 0) {
      this.input.focus();
      say(this.dataset.choose);
      return;
    }
    this.add(this.input.files);
    this.input.value = "";
  }

  add(files) {
    for (const file of files) {
      const row = new FileRow(this, file);
      this.list.append(row.element);
      if (LOADS.test(file.name)) this.enqueue(row);
      else row.refuse(this.dataset.loose);
    }
  }

  enqueue(row) {
    this.queue = this.queue.then(() => row.send());
  }

  headers(file) {
    const value = (name) => this.form.elements[name]?.value ?? "";
    return {
      "X-CSRFToken": value("csrfmiddlewaretoken"),
      "X-File-Name": encodeURIComponent(file.name),
      "X-Producer": value("producer"),
      "X-Mapping": value("mapping"),
      "Content-Type": "application/octet-stream",
    };
  }
}

class FileRow {
  constructor(upload, file) {
    this.upload = upload;
    this.file = file;
    this.element = document.createElement("li");
    this.element.className = "v-file";
    this.name = make("span", "v-file-name", `${file.name}, ${size(file.size)}`);
    this.actions = make("span", "v-file-actions");
    this.bar = document.createElement("progress");
    this.bar.max = 100;
    this.bar.value = 0;
    this.bar.setAttribute("aria-label", file.name);
    this.state = make("span", "v-file-state");
    this.element.append(this.name, this.actions, this.bar, this.state);
    this.offer("cancel", () => this.cancel());
  }

  offer(word, run) {
    const button = make("button", "btn btn-small", this.upload.dataset[word]);
    button.type = "button";
    button.addEventListener("click", run);
    this.actions.replaceChildren(button);
  }

  cancel() {
    this.cancelled = true;
    this.request?.abort();
    this.end(this.upload.dataset.cancelled, true);
  }

  send() {
    if (this.cancelled) return Promise.resolve();
    return new Promise((resolve) => {
      const request = new XMLHttpRequest();
      this.request = request;
      request.open("PUT", this.upload.getAttribute("url"));
      for (const [name, value] of Object.entries(this.upload.headers(this.file))) request.setRequestHeader(name, value);
      request.upload.addEventListener("progress", (event) => this.progress(event));
      request.addEventListener("load", () => this.answered(request));
      request.addEventListener("error", () => this.end(this.upload.dataset.broken, true));
      request.addEventListener("loadend", resolve);
      this.state.textContent = this.upload.dataset.sending;
      request.send(this.file);
    });
  }

  progress(event) {
    const percent = event.total ? Math.floor((event.loaded / event.total) * 100) : 0;
    this.bar.value = percent;
    this.state.textContent = `${this.upload.dataset.sending}: ${size(event.loaded)}, ${percent} %`;
  }

  answered(request) {
    let answer = {};
    try {
      answer = JSON.parse(request.responseText);
    } catch {
      // Anything but JSON is a proxy's or the server's error page.
    }
    if (request.status !== 201) return this.end(answer.error || this.upload.dataset.broken, true);
    this.bar.value = 100;
    this.end(this.upload.dataset.sent, false);
    const link = make("a", "btn btn-small", `${this.upload.dataset.open} ${answer.load}`);
    link.href = answer.url;
    return this.actions.replaceChildren(link);
  }

  end(text, failed) {
    this.state.textContent = text;
    this.element.classList.toggle("v-file-bad", failed);
    say(`${this.file.name}: ${text}`);
    if (failed) this.offer("retry", () => this.retry());
    else this.actions.replaceChildren();
  }

  refuse(text) {
    this.state.textContent = text;
    this.element.classList.add("v-file-bad");
    this.actions.replaceChildren();
    this.bar.remove();
    say(`${this.file.name}: ${text}`);
  }

  retry() {
    this.cancelled = false;
    this.bar.value = 0;
    this.element.classList.remove("v-file-bad");
    this.offer("cancel", () => this.cancel());
    this.upload.enqueue(this);
  }
}

function make(tag, className, text = "") {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

function size(bytes) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  let unit = 0;
  let amount = bytes;
  while (amount >= 999.5 && unit < units.length - 1) {
    amount /= 1000;
    unit += 1;
  }
  const form = { style: "unit", unit: units[unit], unitDisplay: unit ? "short" : "long", maximumFractionDigits: unit ? 1 : 0 };
  return new Intl.NumberFormat(document.documentElement.lang || "en", form).format(amount);
}

customElements.define("v-upload", Upload);
