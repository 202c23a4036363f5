// The toolbar of the viewer: page, zoom, find. Every control has a name and a place that does not move.
const SPRITE = document.querySelector("svg.v-icon use")?.getAttribute("href").split("#")[0] ?? "";

/** Return the toolbar of a viewer: its element, and `show(page, of)`. */
export function toolbar(viewer) {
  const bar = make("div", "v-toolbar");
  bar.setAttribute("role", "toolbar");
  bar.setAttribute("aria-label", viewer.word("toolbar"));
  const page = input("number", "form-control", viewer.word("page"));
  page.id = "viewer-page";
  page.min = 1;
  page.value = 1;
  page.addEventListener("change", () => viewer.goTo(Number(page.value)));
  const of = make("span", "v-figure");
  const zoomOut = button("zoom-out", viewer.word("out"), () => viewer.zoom(-1));
  const zoomIn = button("zoom-in", viewer.word("in"), () => viewer.zoom(1));
  const fit = button("maximize", viewer.word("fit"), () => viewer.zoom(0));
  const query = input("search", "form-control v-toolbar-find", viewer.word("find"));
  query.id = "viewer-find";
  query.placeholder = viewer.word("find");
  const count = make("span", "v-toolbar-count");
  count.setAttribute("role", "status");
  const before = button("chevron-up", viewer.word("previous"), () => viewer.search?.(query.value, { again: true, back: true }));
  const after = button("chevron-down", viewer.word("next"), () => viewer.search?.(query.value, { again: true }));
  query.addEventListener("input", () => viewer.search?.(query.value, {}));
  query.addEventListener("keydown", (event) => {
    if (event.key === "Enter") viewer.search?.(query.value, { again: true, back: event.shiftKey });
    if (event.key === "Escape" && query.value) {
      query.value = "";
      viewer.search?.("", {});
      event.preventDefault();
    }
  });
  bar.append(page, of, gap(), zoomOut, zoomIn, fit, gap(), query, before, after, count);
  // What the page offers for every document stands in this toolbar too.
  const offered = viewer.querySelector(".v-reading-tools");
  if (offered) {
    bar.append(...offered.children);
    offered.remove();
  }
  return {
    element: bar,
    count,
    query,
    show(number, all) {
      page.value = number;
      if (all) page.max = all;
      of.textContent = all ? viewer.word("of", { n: new Intl.NumberFormat(document.documentElement.lang).format(all) }) : "";
    },
  };
}

/** Join the find field to pdf.js: what is searched, and how many matches there are. */
export function find(viewer, bus, states) {
  viewer.search = (text, { again = false, back = false }) => {
    viewer.tools.count.textContent = "";
    bus.dispatch("find", {
      source: viewer,
      type: again ? "again" : "",
      // The words of the search stay words while nobody changes them: a list, for what matches each of them.
      query: text === viewer.marked?.shown ? viewer.marked.words : text,
      caseSensitive: false,
      entireWord: false,
      highlightAll: true,
      findPrevious: back,
      matchDiacritics: false,
    });
  };
  const told = ({ matchesCount, state }) => {
    const { current = 0, total = 0 } = matchesCount ?? {};
    const none = state === states.NOT_FOUND;
    viewer.tools.count.textContent = total ? viewer.word("matches", { i: current, n: total }) : none ? viewer.word("none") : "";
  };
  bus.on("updatefindmatchescount", told);
  bus.on("updatefindcontrolstate", told);
}

function input(type, className, label) {
  const field = document.createElement("input");
  field.type = type;
  field.className = className;
  field.autocomplete = "off";
  field.setAttribute("aria-label", label);
  return field;
}

function button(name, label, run) {
  const made = make("button", "btn btn-ghost btn-icon");
  made.type = "button";
  made.title = label;
  made.setAttribute("aria-label", label);
  made.append(icon(name));
  made.addEventListener("click", run);
  return made;
}

/** Return an icon of the sprite; decoration only, the word stands beside it. */
export function icon(name) {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  svg.setAttribute("class", "v-icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(namespace, "use");
  use.setAttribute("href", `${SPRITE}#${name}`);
  svg.append(use);
  return svg;
}

function gap() {
  return make("span", "v-toolbar-gap");
}

function make(tag, className) {
  const made = document.createElement(tag);
  made.className = className;
  return made;
}
