// Build the front end into static/build: styles, fonts, icon sprite, PDF viewer. Run by `make setup` after `npm ci`.
import { cp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as sass from "sass";

const here = dirname(fileURLToPath(import.meta.url));
const packages = join(here, "..", "node_modules");
const out = join(here, "build");

async function styles() {
  const fonts = await readFile(join(packages, "@fontsource-variable/inter/index.css"), "utf8");
  const compiled = sass.compile(join(here, "scss/vellum.scss"), {
    loadPaths: [packages],
    style: "compressed",
    charset: true,
    quietDeps: true,
  });
  const faces = fonts
    .replaceAll(/\/\*.*?\*\//gs, "")
    .replaceAll("./files/", "fonts/")
    .replaceAll(/\s+/g, " ")
    .trim();
  const charset = '@charset "UTF-8";';
  await writeFile(join(out, "vellum.css"), charset + faces + compiled.css.replace(charset, "").replace("\ufeff", "") + "\n");
}

async function fonts() {
  const from = join(packages, "@fontsource-variable/inter/files");
  await mkdir(join(out, "fonts"), { recursive: true });
  const wanted = (await readdir(from)).filter((name) => /-wght-normal\.woff2$/.test(name));
  await Promise.all(wanted.map((name) => cp(join(from, name), join(out, "fonts", name))));
}

async function icons() {
  const names = JSON.parse(await readFile(join(here, "icons.json"), "utf8"));
  const symbols = await Promise.all(names.map(symbol));
  const sprite = `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`;
  await writeFile(join(out, "icons.svg"), sprite);
}

async function symbol(name) {
  const file = join(packages, "@tabler/icons/icons/outline", `${name}.svg`);
  const text = await readFile(file, "utf8");
  const inner = text
    .replace(/^[\s\S]*?<svg[^>]*>/, "")
    .replace(/<\/svg>\s*$/, "")
    .replaceAll(/\s*<path stroke="none"[^>]*\/>/g, "")
    .replaceAll(/\s+/g, " ")
    .trim();
  const drawn = 'fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round"';
  return `<symbol id="${name}" viewBox="0 0 24 24" ${drawn}>${inner}</symbol>`;
}

async function pdfjs() {
  const from = join(packages, "pdfjs-dist");
  const to = join(out, "pdfjs");
  for (const name of ["build/pdf.min.mjs", "build/pdf.worker.min.mjs", "web/pdf_viewer.mjs", "web/pdf_viewer.css"]) {
    const text = await readFile(join(from, name), "utf8");
    await mkdir(dirname(join(to, name)), { recursive: true });
    // Maps are not served, and the names of missing ones stop collectstatic.
    await writeFile(join(to, name), text.replaceAll(/^\/\/# sourceMappingURL=.*$|\/\*# sourceMappingURL=.*?\*\//gm, ""));
  }
  for (const name of ["cmaps", "standard_fonts", "web/images", "LICENSE"]) {
    await cp(join(from, name), join(to, name), { recursive: true });
  }
}

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
await Promise.all([styles(), fonts(), icons(), pdfjs()]);
