// <v-pdf-viewer src lang pages download compact>: pdf.js with a toolbar of ours. Texts come in data-words-… attributes.
// The pictures inside it are for those without scripts; the styles hide them here.
import * as pdfjs from "../pdfjs/build/pdf.min.mjs";
import { markedWords, marking } from "./viewer_marks.js";
import { find as findTools, icon, toolbar } from "./viewer_toolbar.js";

const base = new URL("../pdfjs/", import.meta.url);
pdfjs.GlobalWorkerOptions.workerSrc = new URL("build/pdf.worker.min.mjs", base).href;

// pdf_viewer.mjs takes the library from the global place that pdf.mjs fills, so it comes second.
const { EventBus, FindState, LinkTarget, PDFFindController, PDFLinkService, PDFViewer } = await import(
  new URL("web/pdf_viewer.mjs", base).href
);

const Finder = marking(PDFFindController);
const Links = class extends PDFLinkService {
  // While the viewer opens at a page of its address, the first match does not lead elsewhere.
  get page() {
    return super.page;
  }

  set page(number) {
    if (!this.still) super.page = number;
  }
};

class PdfViewer extends HTMLElement {
  connectedCallback() {
    this.build();
    // Opened once it is seen: beside a panel that hides it no byte is fetched, and pdf.js can measure its place.
    this.watch = new IntersectionObserver((entries) => this.seen(entries));
    this.watch.observe(this.scroll);
  }

  disconnectedCallback() {
    this.watch.disconnect();
    this.task?.destroy();
  }

  seen(entries) {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    this.watch.disconnect();
    this.load();
  }

  word(name, values = {}) {
    const text = this.getAttribute(`data-words-${name}`) ?? "";
    return text.replaceAll(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
  }

  build() {
    this.tools = toolbar(this);
    this.frame = element("div", "v-pdf-frame");
    this.scroll = element("div", "v-pdf-scroll");
    this.scroll.tabIndex = 0;
    this.scroll.setAttribute("role", "region");
    this.scroll.lang = this.getAttribute("lang") || "";
    this.pages = element("div", "pdfViewer");
    this.loading = element("p", "v-pdf-loading", this.word("loading"));
    this.scroll.append(this.pages);
    this.frame.append(this.scroll, this.loading);
    this.append(this.tools.element, this.frame);
    this.tell(1, Number(this.getAttribute("pages")) || 0);
  }

  async load() {
    const bus = new EventBus();
    const links = new Links({ eventBus: bus, externalLinkTarget: LinkTarget.BLANK, externalLinkRel: "noopener noreferrer nofollow" });
    const finder = new Finder({ eventBus: bus, linkService: links });
    this.bus = bus;
    this.links = links;
    this.marked = markedWords(this.getAttribute("marked"));
    this.viewer = new PDFViewer({
      container: this.scroll,
      viewer: this.pages,
      eventBus: bus,
      linkService: links,
      findController: finder,
      annotationMode: 1,
      annotationEditorMode: -1,
      textLayerMode: 1,
      enableScripting: false,
    });
    links.setViewer(this.viewer);
    this.listen(bus);
    try {
      const pdf = await this.open();
      this.loading.hidden = true;
      this.viewer.setDocument(pdf);
      links.setDocument(pdf, null);
      finder.setDocument(pdf);
      this.tell(1, pdf.numPages);
    } catch (error) {
      this.refuse(error);
    }
  }

  open() {
    this.task = pdfjs.getDocument({
      url: this.getAttribute("src"),
      rangeChunkSize: 262144,
      disableAutoFetch: true,
      // Streaming helps files whose pages lie scattered; compact ones need only their ranges.
      disableStream: this.hasAttribute("compact"),
      useWasm: false,
      isEvalSupported: false,
      enableXfa: false,
      useSystemFonts: false,
      standardFontDataUrl: new URL("standard_fonts/", base).href,
      cMapUrl: new URL("cmaps/", base).href,
      cMapPacked: true,
    });
    // A password would be asked for here; what the customer got is shown as it is, or not at all.
    this.task.onPassword = () => this.task.destroy().then(() => this.refuse({ name: "PasswordException" }));
    return this.task.promise;
  }

  listen(bus) {
    bus.on("pagesinit", () => {
      this.viewer.currentScaleValue = this.scroll.clientWidth < 700 ? "page-width" : "auto";
      const page = Number(new URLSearchParams(location.hash.slice(1)).get("page"));
      if (page > 0) this.viewer.currentPageNumber = Math.min(page, this.viewer.pagesCount);
      // pdf.js puts the first page's edge under the toolbar; its ground above belongs to the picture.
      else this.scroll.scrollTop = 0;
    });
    bus.on("pagechanging", ({ pageNumber }) => this.tell(pageNumber, this.viewer.pagesCount));
    findTools(this, bus, FindState);
    if (!this.marked) return;
    this.tools.query.value = this.marked.shown;
    // Marking looks at every page. Where pages come one by one, that would fetch them all: there Enter asks for it.
    if (!this.hasAttribute("compact")) bus.on("textlayerrendered", () => this.markWords(), { once: true });
  }

  markWords() {
    if (this.tools.query.value !== this.marked.shown) return;
    const still = /[#&]page=/.test(location.hash);
    this.links.still = still;
    this.search(this.marked.shown, {});
    if (still) this.addEventListener("pointerdown", () => this.free(), { once: true, capture: true });
    if (still) this.addEventListener("keydown", () => this.free(), { once: true, capture: true });
  }

  free() {
    this.links.still = false;
  }

  tell(page, of) {
    this.tools.show(page, of);
    this.scroll.setAttribute("aria-label", this.word("region", { page, n: of || "?" }));
  }

  goTo(page) {
    if (page >= 1 && page <= this.viewer.pagesCount) this.viewer.currentPageNumber = page;
    else this.tell(this.viewer.currentPageNumber, this.viewer.pagesCount);
  }

  zoom(step) {
    if (step === 0) this.viewer.currentScaleValue = "page-width";
    else if (step > 0) this.viewer.increaseScale();
    else this.viewer.decreaseScale();
  }

  refuse(error) {
    if (this.refused) return;
    this.refused = true;
    const kind =
      {
        PasswordException: "locked",
        InvalidPDFException: "broken",
        FormatError: "broken",
        MissingPDFException: "unreachable",
        UnexpectedResponseException: "unreachable",
        ResponseException: "unreachable",
      }[error.name] ?? "broken";
    const note = element("div", "v-pdf-note");
    const message = element("div", "v-message v-message-warn");
    message.setAttribute("role", "alert");
    message.append(icon("alert-triangle"), element("div", "", this.word(kind)));
    note.append(message);
    const url = this.getAttribute("download");
    if (url) {
      const link = element("a", "btn", this.word("download"));
      link.href = url;
      link.download = "";
      link.prepend(icon("download"));
      note.append(link);
    }
    this.tools.element.remove();
    this.frame.replaceChildren(note);
  }
}

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

customElements.define("v-pdf-viewer", PdfViewer);
