/** Captions inside pictures: 5 by 8 dot letters as character displays have them, one byte per column, lowest bit on top. */
import type { Image } from "@orrery/core";

const GLYPHS: Readonly<Record<string, string>> = {
  a: "2054545478",
  b: "7f48444438",
  c: "3844444420",
  d: "384444487f",
  e: "3854545418",
  f: "087e090102",
  g: "18a4a4a47c",
  h: "7f08040478",
  i: "00447d4000",
  j: "4080847d00",
  k: "7f10284400",
  l: "00417f4000",
  m: "7c04180478",
  n: "7c08040478",
  o: "3844444438",
  p: "fc24242418",
  q: "18242424fc",
  r: "7c08040408",
  s: "4854545420",
  t: "043f444020",
  u: "3c4040207c",
  v: "1c2040201c",
  w: "3c4030403c",
  x: "4428102844",
  y: "1ca0a0a07c",
  z: "4464544c44",
  "0": "3e5149453e",
  "1": "00427f4000",
  "2": "4261514946",
  "3": "2141454b31",
  "4": "1814127f10",
  "5": "2745454539",
  "6": "3c4a494930",
  "7": "0171090503",
  "8": "3649494936",
  "9": "064949291e",
  "-": "0808080808",
  "+": "08083e0808",
  ".": "0060600000",
  ",": "0050300000",
  ":": "0036360000",
  "/": "2010080402",
  "%": "2313086462",
  "(": "001c224100",
  ")": "0041221c00",
  "'": "0005030000",
  "!": "00005f0000",
};

/** Height of a line and advance of a letter at scale 1, pixels; gaps included. */
export const LINE_PX = 10;
export const ADVANCE_PX = 6;
const TOP_PX = 2;
const INK = [44, 48, 56] as const;

/** Writes one line into the picture; capitals become small, letters that there is no glyph for stay blank. */
export function writeText(image: Image, text: string, left: number, top: number, scale = 1): void {
  Array.from(text.toLowerCase()).forEach((letter, i) => {
    const columns = GLYPHS[letter];
    if (!columns) return;
    for (let x = 0; x < 5; x++) {
      const bits = Number.parseInt(columns.slice(2 * x, 2 * x + 2), 16);
      for (let y = 0; y < 8; y++) {
        if (((bits >>> y) & 1) === 0) continue;
        dot(image, left + (i * ADVANCE_PX + x) * scale, top + (TOP_PX + y) * scale, scale);
      }
    }
  });
}

function dot(image: Image, left: number, top: number, size: number): void {
  for (let y = top; y < Math.min(top + size, image.height); y++) {
    for (let x = left; x < Math.min(left + size, image.width); x++) {
      image.data.set(INK, 3 * (y * image.width + x));
    }
  }
}
