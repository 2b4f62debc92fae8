/** Pictures side by side. */
import type { Image } from "@orrery/core";

const GAP = 2;
const GAP_GREY = 32;

/** Puts pictures of one size in a row, a thin dark gap between them; null leaves a dark place. */
export function sideBySide(pictures: readonly (Image | null)[]): Image {
  const first = pictures.find((picture) => picture !== null);
  if (first === undefined || first === null)
    throw new RangeError("sideBySide: at least one picture is needed.");
  const { height } = first;
  const width = pictures.length * first.width + (pictures.length - 1) * GAP;
  const data = new Uint8Array(width * height * 3).fill(GAP_GREY);
  for (const [i, picture] of pictures.entries()) {
    if (picture === null) continue;
    const left = i * (first.width + GAP);
    for (let y = 0; y < height; y++) {
      const row = picture.data.subarray(y * first.width * 3, (y + 1) * first.width * 3);
      data.set(row, (y * width + left) * 3);
    }
  }
  return { width, height, data };
}

/** Truth on the left, dream on the right; where the recording has ended its last picture is not repeated but left out. */
export function truthBesideDream(truth: readonly Image[], dream: readonly Image[]): Image[] {
  return dream.map((picture, t) => sideBySide([truth[t] ?? null, picture]));
}

/** A film strip: the recording above, the dream below it, `count` moments from the last given frame to the end. */
export function filmStrip(
  truth: readonly Image[],
  dream: readonly Image[],
  contextFrames: number,
  count: number,
): Image {
  const first = contextFrames - 1;
  const last = dream.length - 1;
  const moments = Array.from({ length: count }, (_, i) =>
    Math.round(first + ((last - first) * i) / Math.max(1, count - 1)),
  );
  const above = sideBySide(moments.map((t) => truth[t] ?? null));
  const below = sideBySide(moments.map((t) => dream[t] ?? null));
  const gap = new Uint8Array(GAP * above.width * 3).fill(GAP_GREY);
  const data = new Uint8Array(above.data.length + gap.length + below.data.length);
  data.set(above.data);
  data.set(gap, above.data.length);
  data.set(below.data, above.data.length + gap.length);
  return { width: above.width, height: 2 * above.height + GAP, data };
}
