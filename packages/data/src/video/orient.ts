/**
 * Rotation and mirroring that a camera wrote beside the picture instead of turning the pixels (phones do).
 * Source: the 3x3 "display matrix" of ISO/IEC 14496-12, of which only the upper-left 2x2 turns the picture.
 */

/** Signs and axes: output x axis is (a, b) and output y axis is (c, d) in source axes; entries are -1, 0 or 1. */
export interface Orientation {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
}

export const UPRIGHT: Orientation = { a: 1, b: 0, c: 0, d: 1 };

/** Reads the display matrix (nine int32, 16.16 fixed point); anything but quarter turns counts as upright. */
export function parseDisplayMatrix(bytes: Uint8Array | null): Orientation {
  if (!bytes || bytes.byteLength < 36) return UPRIGHT;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entry = (i: number): number => Math.round(view.getInt32(i * 4, true) / 65536);
  const [a, b, c, d] = [entry(0), entry(1), entry(3), entry(4)];
  const isQuarterTurn =
    Math.abs(a * d - b * c) === 1 && a * c + b * d === 0 && Math.abs(a) + Math.abs(b) === 1;
  return isQuarterTurn ? { a, b, c, d } : UPRIGHT;
}

/** True if width and height swap. */
export function swapsSides(o: Orientation): boolean {
  return o.a === 0;
}

/** Clockwise turn in degrees that shows the picture upright, mirroring aside: 0, 90, 180 or 270. */
export function turnDeg(o: Orientation): number {
  return (Math.round((Math.atan2(o.b, o.a) * 180) / Math.PI) + 360) % 360;
}

/** Turns packed RGB [height, width, 3] and returns a new array of the same number of pixels. */
export function orientRgb(data: Uint8Array, width: number, height: number, o: Orientation): Uint8Array {
  const out = new Uint8Array(data.length);
  const outWidth = swapsSides(o) ? height : width;
  // A source pixel (x, y) lands on x' = a x + c y and y' = b x + d y, moved so that the smallest is 0.
  const shiftX = Math.max(0, -o.a * (width - 1)) + Math.max(0, -o.c * (height - 1));
  const shiftY = Math.max(0, -o.b * (width - 1)) + Math.max(0, -o.d * (height - 1));
  let from = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++, from += 3) {
      const to = ((o.b * x + o.d * y + shiftY) * outWidth + (o.a * x + o.c * y + shiftX)) * 3;
      out[to] = data[from] as number;
      out[to + 1] = data[from + 1] as number;
      out[to + 2] = data[from + 2] as number;
    }
  }
  return out;
}
