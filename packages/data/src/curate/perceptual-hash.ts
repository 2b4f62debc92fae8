/**
 * Perceptual hash of a picture: the signs of its 64 lowest frequencies against their median, as in pHash (Zauner 2010).
 * Re-encoding and resizing flip a few bits; unrelated pictures differ in about 32. A crop moves all frequencies, so a
 * picture is also hashed without its border, in two widths: the hash of a crop is then near one of the original's.
 */
import { SIDE } from "./grey.ts";

/** 64 bits as two words. */
export interface Hash64 {
  readonly high: number;
  readonly low: number;
}

/** Part of the width and height that each hash of a picture covers, around the middle. */
export const HASH_CROPS = [1, 0.9, 0.8] as const;

const SMALL = 32;
const LOW = 8;

/** cos(pi (2 x + 1) u / 64) for u = 1..8; u = 0, the mean, says nothing of the picture's shape. */
const BASIS = Float32Array.from({ length: LOW * SMALL }, (_, i) =>
  Math.cos((Math.PI * (2 * (i % SMALL) + 1) * (Math.floor(i / SMALL) + 1)) / (2 * SMALL)),
);

/** Hash of the middle `crop` of a [SIDE, SIDE] picture. */
export function perceptualHash(grey: Uint8Array, crop = 1): Hash64 {
  const small = shrink(grey, crop);
  const rows = new Float32Array(LOW * SMALL); // [u, y]
  for (let u = 0; u < LOW; u++) {
    for (let y = 0; y < SMALL; y++) {
      let sum = 0;
      for (let x = 0; x < SMALL; x++)
        sum += (BASIS[u * SMALL + x] as number) * (small[y * SMALL + x] as number);
      rows[u * SMALL + y] = sum;
    }
  }
  const frequencies = new Float32Array(LOW * LOW);
  for (let u = 0; u < LOW; u++) {
    for (let v = 0; v < LOW; v++) {
      let sum = 0;
      for (let y = 0; y < SMALL; y++)
        sum += (BASIS[v * SMALL + y] as number) * (rows[u * SMALL + y] as number);
      frequencies[u * LOW + v] = sum;
    }
  }
  const middle = Float32Array.from(frequencies).sort()[32] as number;
  let high = 0;
  let low = 0;
  for (let i = 0; i < 32; i++) {
    if ((frequencies[i] as number) >= middle) high |= 1 << i;
    if ((frequencies[i + 32] as number) >= middle) low |= 1 << i;
  }
  return { high: high >>> 0, low: low >>> 0 };
}

/** Bits in which two hashes differ. */
export function hammingDistance(a: Hash64, b: Hash64): number {
  return countBits(a.high ^ b.high) + countBits(a.low ^ b.low);
}

function countBits(word: number): number {
  let v = word - ((word >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** The middle of the picture at 32 x 32, by bilinear samples two pixels apart (four per output pixel). */
function shrink(grey: Uint8Array, crop: number): Float32Array {
  const out = new Float32Array(SMALL * SMALL);
  const step = (SIDE * crop) / (2 * SMALL);
  const start = (SIDE * (1 - crop)) / 2 + step / 2 - 0.5;
  for (let y = 0; y < 2 * SMALL; y++) {
    const fy = Math.max(0, Math.min(SIDE - 1.001, start + y * step));
    const y0 = Math.floor(fy);
    const wy = fy - y0;
    for (let x = 0; x < 2 * SMALL; x++) {
      const fx = Math.max(0, Math.min(SIDE - 1.001, start + x * step));
      const x0 = Math.floor(fx);
      const wx = fx - x0;
      const at = y0 * SIDE + x0;
      const top = (grey[at] as number) * (1 - wx) + (grey[at + 1] as number) * wx;
      const bottom = (grey[at + SIDE] as number) * (1 - wx) + (grey[at + SIDE + 1] as number) * wx;
      const i = (y >> 1) * SMALL + (x >> 1);
      out[i] = (out[i] as number) + top * (1 - wy) + bottom * wy;
    }
  }
  return out;
}
