/** A report as one HTML file that opens from disk, fetches nothing and carries its own videos. */
import { createHash } from "node:crypto";
import { renderChart } from "./chart.ts";
import { escapeText, inline, paragraphs, slug } from "./markup.ts";
import { renderImage, renderVideoGrid } from "./media.ts";
import { PLAYER_SCRIPT } from "./player.ts";
import { STYLE } from "./style.ts";
import { renderTable } from "./table.ts";
import type { Block, Fact, Highlight, NoteBlock, Report, Section } from "./types.ts";

/** From as many sections on, the page gets a line of links to them. */
const SECTIONS_FOR_NAV = 3;

/** @returns a whole HTML document; write it with `writeFileAtomic` */
export function renderReport(report: Report): string {
  const ids = uniqueIds(report.sections);
  const subtitle = report.subtitle === undefined ? "" : `<p class="subtitle">${inline(report.subtitle)}</p>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${contentPolicy()}">
<title>${escapeText(report.title)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>${inline(report.title)}</h1>
${subtitle}
${renderNav(report.sections, ids)}
${renderHighlights(report.highlights ?? [])}
</header>
<main>
${report.sections.map((section, i) => renderSection(section, ids[i] ?? "")).join("\n")}
${renderFacts(report.facts)}
</main>
<script>${PLAYER_SCRIPT}</script>
</body>
</html>
`;
}

/** Nothing may be fetched, and no script may run but the page's own, whatever a name in it contains. */
function contentPolicy(): string {
  const hash = createHash("sha256").update(PLAYER_SCRIPT).digest("base64");
  return `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; img-src data:; media-src data:`;
}

function renderSection({ title, text, blocks }: Section, id: string): string {
  return [
    `<section id="${id}">`,
    `<h2>${inline(title)}</h2>`,
    text === undefined ? "" : paragraphs(text),
    ...blocks.map(renderBlock),
    "</section>",
  ]
    .filter((line) => line !== "")
    .join("\n");
}

function renderBlock(block: Block): string {
  switch (block.kind) {
    case "chart":
      return renderChart(block);
    case "table":
      return renderTable(block);
    case "videoGrid":
      return renderVideoGrid(block);
    case "image":
      return renderImage(block);
    case "note":
      return renderNote(block);
  }
}

function renderNote({ tone = "plain", text, commands = [] }: NoteBlock): string {
  const shell = commands.length === 0 ? "" : `\n<pre>${commands.map(escapeText).join("\n")}</pre>`;
  return `<div class="note ${tone}">${paragraphs(text)}${shell}</div>`;
}

function renderNav(sections: readonly Section[], ids: readonly string[]): string {
  if (sections.length < SECTIONS_FOR_NAV) return "";
  const links = sections.map(({ title }, i) => `<a href="#${ids[i]}">${inline(title)}</a>`);
  return `<nav>${links.join("\n")}</nav>`;
}

function renderHighlights(highlights: readonly Highlight[]): string {
  if (highlights.length === 0) return "";
  const items = highlights.map(({ label, value, against }) => {
    const last = against === undefined ? "" : `<small>${inline(against)}</small>`;
    return `<li><b>${inline(value)}</b><span>${inline(label)}</span>${last}</li>`;
  });
  return `<ul class="highlights">${items.join("\n")}</ul>`;
}

function renderFacts(facts: readonly Fact[]): string {
  if (facts.length === 0) return "";
  const items = facts.map(({ label, value, isCode }) => {
    const text = isCode ? `<code>${escapeText(value)}</code>` : inline(value);
    return `<dt>${inline(label)}</dt><dd>${text}</dd>`;
  });
  return `<section class="facts" id="facts"><h2>How this was made</h2>\n<dl>${items.join("\n")}</dl></section>`;
}

/** Two sections of one name get two anchors. */
function uniqueIds(sections: readonly Section[]): string[] {
  const taken = new Set(["facts"]);
  return sections.map(({ title }) => {
    let id = slug(title);
    for (let n = 2; taken.has(id); n++) id = `${slug(title)}-${n}`;
    taken.add(id);
    return id;
  });
}
