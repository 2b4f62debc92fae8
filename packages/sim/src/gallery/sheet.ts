/** Contact sheets: rows of pictures, each under a line of text. */
import { ConfigError, type Image } from "@orrery/core";
import { ADVANCE_PX, LINE_PX, writeText } from "./font.ts";

export interface SheetRow {
  /** One line over the whole row, or one over each picture. */
  readonly caption?: string | readonly string[];
  readonly images: readonly Image[];
}

const GAP_PX = 2;
const PAPER = 250;
/** Pictures at least this wide get letters of double size. */
const LARGE_PX = 96;

/** Lays rows of pictures, all of one size, out on paper, the captions above them. */
export function sheetOf(rows: readonly SheetRow[]): Image {
  const { width, height } = rows[0]!.images[0]!;
  const scale = width >= LARGE_PX ? 2 : 1;
  const columns = Math.max(...rows.map(({ images }) => images.length));
  const sheetWidth = columns * (width + GAP_PX) - GAP_PX;
  const heights = rows.map(({ caption }) => height + GAP_PX + (caption === undefined ? 0 : LINE_PX * scale));
  const sheetHeight = heights.reduce((sum, rowHeight) => sum + rowHeight, 0) - GAP_PX;
  const sheet: Image = {
    width: sheetWidth,
    height: sheetHeight,
    data: new Uint8Array(sheetWidth * sheetHeight * 3).fill(PAPER),
  };
  let top = 0;
  rows.forEach(({ caption, images }, r) => {
    const line = caption === undefined ? 0 : LINE_PX * scale;
    const lines = typeof caption === "string" ? [caption] : (caption ?? []);
    const room = typeof caption === "string" ? sheetWidth : width;
    lines.forEach((text, c) =>
      writeText(sheet, fit(text, room, scale), 2 + c * (width + GAP_PX), top, scale),
    );
    images.forEach((image, c) => paste(sheet, image, c * (width + GAP_PX), top + line));
    top += heights[r]!;
  });
  return sheet;
}

/** `count` of the items, from the first to the last at even distances. */
export function evenly<T>(items: readonly T[], count: number): T[] {
  return evenIndices(items.length, count).map((i) => items[i]!);
}

/** Which `count` of `length` items are taken, from the first to the last at even distances. */
export function evenIndices(length: number, count: number): number[] {
  const gaps = Math.max(1, count - 1);
  return Array.from({ length: count }, (_, i) => Math.round((i * (length - 1)) / gaps));
}

/** @throws {ConfigError} if a number is no whole number from 1 to 2048 */
export function checkSizes(where: string, sizes: Readonly<Record<string, number>>): void {
  const problems = Object.entries(sizes)
    .filter(([, value]) => !Number.isInteger(value) || value < 1 || value > 2048)
    .map(([name, value]) => `${name} must be a whole number from 1 to 2048, got ${value}`);
  if (problems.length > 0) throw new ConfigError(where, problems);
}

/** A picture of half the width and height: each pixel is the mean of four, so edges are smooth. */
export function halved({ width, height, data }: Image): Image {
  const half = { width: width >> 1, height: height >> 1 };
  const out = new Uint8Array(3 * half.width * half.height);
  for (let y = 0; y < half.height; y++) {
    for (let x = 0; x < half.width; x++) {
      const from = 3 * (2 * y * width + 2 * x);
      for (let k = 0; k < 3; k++) {
        const sum = data[from + k]! + data[from + 3 + k]!;
        const below = data[from + 3 * width + k]! + data[from + 3 * width + 3 + k]!;
        out[3 * (y * half.width + x) + k] = (sum + below + 2) >> 2;
      }
    }
  }
  return { ...half, data: out };
}

/** As much of a caption as fits into the width. */
function fit(caption: string, widthPx: number, scale: number): string {
  const letters = Math.floor((widthPx - 4) / (ADVANCE_PX * scale));
  return caption.length <= letters ? caption : `${caption.slice(0, Math.max(0, letters - 2))}..`;
}

function paste(sheet: Image, picture: Image, left: number, top: number): void {
  for (let y = 0; y < picture.height; y++) {
    const row = picture.data.subarray(3 * y * picture.width, 3 * (y + 1) * picture.width);
    sheet.data.set(row, 3 * ((top + y) * sheet.width + left));
  }
}
