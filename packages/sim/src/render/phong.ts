/**
 * A small highlight: Phong's, exponent 32, for a view along (dx, dy, dz) of any length.
 * @param mirror the view's mirror image towards the light, times that length
 */
export function phong(gloss: number, mirror: number, dx: number, dy: number, dz: number): number {
  if (mirror <= 0) return 0;
  const m2 = (mirror * mirror) / (dx * dx + dy * dy + dz * dz);
  const m8 = m2 * m2 * m2 * m2;
  return gloss * 0.5 * m8 * m8 * m8 * m8;
}
