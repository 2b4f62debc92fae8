/** Videos and pictures, carried inside the page. */
import { dataUri, escapeText, figure, inline } from "./markup.ts";
import type { ImageBlock, VideoGridBlock } from "./types.ts";

/**
 * Videos side by side. They carry the browser's own controls until the page's script takes over and plays them in
 * step, so that a reader without scripts still sees them.
 */
export function renderVideoGrid(block: VideoGridBlock): string {
  const videos = block.videos.map(({ label, detail, data, mime = "video/mp4" }) => {
    const name = `<b>${inline(label)}</b>${detail === undefined ? "" : `<span>${inline(detail)}</span>`}`;
    return `<div class="video"><video src="${dataUri(mime, data)}" aria-label="${escapeText(label)}" controls loop muted playsinline preload="auto"></video><p>${name}</p></div>`;
  });
  const classes = `videos${block.isPixelated ? " pixelated" : ""}`;
  const grid = `<div class="${classes}" data-count="${Math.min(block.videos.length, 5)}">${videos.join("\n")}</div>`;
  return figure("videogrid", block.title, grid, block.caption);
}

export function renderImage(block: ImageBlock): string {
  const classes = block.isPixelated ? ` class="pixelated"` : "";
  const image = `<img${classes} src="${dataUri(block.mime, block.data)}" alt="${escapeText(block.title)}">`;
  return figure("image", block.title, image, block.caption);
}
