/** Text into HTML. Nothing reaches the page but through `escapeText`. */

/** Safe between tags and inside double-quoted attributes. */
export function escapeText(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

/** One line of text, `code` in backticks set apart. */
export function inline(text: string): string {
  return escapeText(text).replace(/`([^`]+)`/g, "<code>$1</code>");
}

/** Paragraphs parted by blank lines. */
export function paragraphs(text: string): string {
  return text
    .split(/\n\s*\n/)
    .filter((paragraph) => paragraph.trim() !== "")
    .map((paragraph) => `<p>${inline(paragraph.trim())}</p>`)
    .join("\n");
}

/** "Held-out episodes" as an anchor: "held-out-episodes". */
export function slug(text: string): string {
  return (
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, "-")
      .replace(/^-+|-+$/g, "") || "section"
  );
}

export function dataUri(mime: string, data: Uint8Array): string {
  return `data:${mime};base64,${Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64")}`;
}

/** A picture, chart or table with its title above and what it means below. */
export function figure(kind: string, title: string, body: string, caption: string | undefined): string {
  return [
    `<figure class="${kind}">`,
    `<h3>${inline(title)}</h3>`,
    body,
    caption === undefined ? "" : `<figcaption>${inline(caption)}</figcaption>`,
    "</figure>",
  ]
    .filter((line) => line !== "")
    .join("\n");
}
