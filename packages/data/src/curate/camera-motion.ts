/** What the camera itself did in an episode, from the motion between its frames. */
import type { MeasuredCamera } from "./measures.ts";

/** How a camera moved in an episode, in frame widths (heights) per second. */
export interface CameraMotion {
  readonly label: "fixed" | "pan" | "zoom" | "free" | "unknown";
  /** Signed means of the scene's shift in the picture, right and down. */
  readonly panPerSec: number;
  readonly tiltPerSec: number;
  /** Mean growth per second. */
  readonly zoomPerSec: number;
  /** 95th percentile of the speed. */
  readonly speedPerSec: number;
  /** Share of the frames in which at least half of the picture agreed. */
  readonly trusted: number;
}

const MIN_TRUST = 0.5;

/** Sums up a camera's motion; cuts are left out. */
export function cameraMotion(
  { frames, facts }: MeasuredCamera,
  fps: number,
  cuts: readonly number[],
): CameraMotion {
  const isCut = new Set(cuts);
  const speeds: number[] = [];
  const sum = { dx: 0, dy: 0, zoom: 0 };
  for (let t = 1; t < facts.frames; t++) {
    if ((frames.trust[t] as number) < MIN_TRUST || isCut.has(t)) continue;
    speeds.push(fps * Math.hypot(frames.dx[t] as number, frames.dy[t] as number));
    for (const name of ["dx", "dy", "zoom"] as const) sum[name] += frames[name][t] as number;
  }
  const scale = fps / Math.max(1, speeds.length);
  const [panPerSec, tiltPerSec, zoomPerSec] = [sum.dx * scale, sum.dy * scale, sum.zoom * scale];
  speeds.sort((a, b) => a - b);
  const speedPerSec = speeds[Math.floor(0.95 * speeds.length)] ?? 0;
  const trusted = speeds.length / Math.max(1, facts.frames - 1);
  const steady = Math.hypot(panPerSec, tiltPerSec);
  let label: CameraMotion["label"] = "free";
  if (trusted < 0.3) label = "unknown";
  else if (Math.abs(zoomPerSec) > 0.04 && Math.abs(zoomPerSec) > steady) label = "zoom";
  else if (speedPerSec < 0.04) label = "fixed";
  else if (steady > 0.5 * speedPerSec) label = "pan";
  return { label, panPerSec, tiltPerSec, zoomPerSec, speedPerSec, trusted };
}
