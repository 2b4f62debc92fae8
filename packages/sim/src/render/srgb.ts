/** Linear light to 8-bit sRGB through a table: shading would otherwise spend most of its time in Math.pow. */
const STEPS = 4096;
const TABLE = Uint8Array.from({ length: STEPS + 1 }, (_, i) => {
  const v = i / STEPS;
  return Math.round(255 * (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055));
});

/** Linear light, from 0 up, to 8-bit sRGB. */
export function toSrgb(value: number): number {
  return TABLE[value >= 1 ? STEPS : (value * STEPS) | 0]!;
}
