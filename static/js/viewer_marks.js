// The words of a search in pdf.js: whole words, beginnings and phrases, without case and accents, as they were found.

/** Return the words of an attribute (parted by bars, a last * for beginnings): the list, and how the field shows it. */
export function markedWords(attribute) {
  const words = (attribute ?? "").split("|").filter(Boolean);
  return words.length ? { words, shown: words.map((word) => (word.includes(" ") ? `"${word}"` : word)).join(" ") } : null;
}

/** Return pdf.js' finder, which also finds such lists, and leads nowhere while the links of the viewer are still. */
export function marking(Finder) {
  return class extends Finder {
    scrollMatchIntoView(match) {
      if (this._linkService.still) this._scrollMatches = false;
      else super.scrollMatchIntoView(match);
    }

    match(query, content, page) {
      if (typeof query === "string") return super.match(query, content, page);
      return [...content.matchAll(pattern(query))].map((found) => ({ index: found.index, length: found[0].length }));
    }
  };
}

/** Longer ones first, so that a phrase is marked as one. Words may be broken at the end of a line by a hyphen. */
function pattern(words) {
  const one = [...words].sort((a, b) => b.length - a.length).map(source);
  return new RegExp(`(?<![\\p{L}\\p{N}]\\p{M}*)(?:${one.join("|")})`, "giu");
}

function source(word) {
  const beginning = word.endsWith("*");
  const tokens = (beginning ? word.slice(0, -1) : word).split(" ").map(letters);
  return tokens.join("[^\\p{L}\\p{N}]+") + (beginning ? "[\\p{L}\\p{N}\\p{M}]*" : "(?![\\p{L}\\p{N}])");
}

/** Tokens have letters and digits alone, so none means anything in a pattern. */
function letters(token) {
  return [...token.replaceAll("ss", "ß")].map((letter) => (letter === "ß" ? "(?:ß|s\\p{M}*s)\\p{M}*" : `${letter}\\p{M}*`)).join("");
}
