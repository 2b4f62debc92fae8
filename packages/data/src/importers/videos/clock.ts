/** Frames of a video on an even clock: as they are where the video is even already, else the one shown at each tick. */
import type { Image } from "@orrery/core";
import type { TimedImage } from "../../video/reader.ts";

/** How far frames may stray from their even place, in frame periods, before a video counts as uneven. */
const EVEN_PERIODS = 0.6;

/** True where frame i lies near `first + i / rateHz` for all i. */
export function isEven(timesSec: ArrayLike<number>, rateHz: number): boolean {
  const first = timesSec[0] ?? 0;
  for (let i = 0; i < timesSec.length; i++) {
    if (Math.abs((timesSec[i] ?? 0) - first - i / rateHz) > EVEN_PERIODS / rateHz) return false;
  }
  return true;
}

/** A frame that begins a hair after a tick is the one meant: container times are rounded. */
export const SLACK_SEC = 1e-3;

/**
 * The picture on screen at `fromSec + k / rateHz`, for every k up to `toSec`. A frame may be given out twice or not at
 * all, as a player would show it.
 */
export function* framesAtRate(
  frames: Iterable<TimedImage>,
  fromSec: number,
  toSec: number,
  rateHz: number,
): Generator<Image> {
  const slack = SLACK_SEC;
  let tick = 0;
  let shown: TimedImage | undefined;
  const tickSec = (): number => fromSec + tick / rateHz;
  for (const frame of frames) {
    const until = Math.min(frame.timeSec - slack, toSec - slack);
    for (; tickSec() < until; tick++) if (shown) yield shown;
    shown = frame;
  }
  for (; tickSec() < toSec - slack; tick++) if (shown) yield shown;
}
