/** From findings to what is kept of an episode: which frames, in which uninterrupted spans, and why not the rest. */
import type { CurationConfig } from "./config.ts";
import { VERDICTS, type Finding, type Verdict } from "./finding.ts";
import { runsOf, type Span } from "./spans.ts";

const NONE = 255;
/** Cuts of two cameras this many frames apart are the same cut. */
const SAME_CUT = 2;

export interface Combined {
  /** Uninterrupted and in order: no cut, clock gap or dropped frame lies inside one. */
  readonly kept: readonly Span[];
  readonly keptFrames: number;
  /** Frames dropped, each under the first verdict that drops it. */
  readonly droppedFrames: Readonly<Partial<Record<Verdict, number>>>;
}

/**
 * @param length rows of the episode
 * @param cameras names of the cameras that were looked at
 */
export function combine(
  length: number,
  cameras: readonly string[],
  findings: readonly Finding[],
  config: Pick<CurationConfig, "cameraRule" | "minKeptSec">,
  fps: number,
): Combined {
  const ofRows = firstVerdicts(length, findings, "");
  const ofCameras = cameras.map((camera) => firstVerdicts(length, findings, camera));
  const dropped: Partial<Record<Verdict, number>> = {};
  const count = (verdict: Verdict, frames: number): void => {
    dropped[verdict] = (dropped[verdict] ?? 0) + frames;
  };
  const isKept = new Uint8Array(length);
  for (let t = 0; t < length; t++) {
    const hits = ofCameras.filter((first) => first[t] !== NONE);
    const isPictureBad = config.cameraRule === "all" ? hits.length === cameras.length : true;
    const first = Math.min(
      ofRows[t] as number,
      ...(isPictureBad ? hits.map((verdicts) => verdicts[t] as number) : []),
    );
    if (first === NONE) isKept[t] = 1;
    else count(VERDICTS[first] as Verdict, 1);
  }
  const starts = new Set(dividers(cameras, findings, config.cameraRule));
  const minLength = Math.max(1, Math.round(config.minKeptSec * fps));
  const kept: Span[] = [];
  for (const run of runsOf(length, (t) => isKept[t] === 1, 1, 0)) {
    const edges = [run.from];
    for (let t = run.from + 1; t < run.to; t++) if (starts.has(t)) edges.push(t);
    edges.push(run.to);
    for (let i = 1; i < edges.length; i++) {
      const span = { from: edges[i - 1] as number, to: edges[i] as number };
      // An episode that is short as a whole is the recorder's choice, and some sets are cut that way.
      const isWhole = span.from === 0 && span.to === length;
      if (span.to - span.from >= minLength || isWhole) kept.push(span);
      else count("short", span.to - span.from);
    }
  }
  return { kept, keptFrames: kept.reduce((sum, { from, to }) => sum + to - from, 0), droppedFrames: dropped };
}

/** [T]: position in `VERDICTS` of the first verdict that drops each frame. */
function firstVerdicts(length: number, findings: readonly Finding[], camera: string): Uint8Array {
  const first = new Uint8Array(length).fill(NONE);
  for (const finding of findings) {
    if (finding.camera !== camera || finding.action !== "drop") continue;
    const rank = VERDICTS.indexOf(finding.verdict);
    for (let t = Math.max(0, finding.from); t < Math.min(length, finding.to); t++) {
      first[t] = Math.min(first[t] as number, rank);
    }
  }
  return first;
}

/** Frames that begin something new. */
function dividers(
  cameras: readonly string[],
  findings: readonly Finding[],
  rule: CurationConfig["cameraRule"],
): number[] {
  const dividing = findings.filter(({ action }) => action === "divide");
  return dividing
    .filter(({ camera, from }) => {
      if (camera === "" || rule === "any") return true;
      return cameras.every((other) =>
        dividing.some((cut) => cut.camera === other && Math.abs(cut.from - from) <= SAME_CUT),
      );
    })
    .map(({ from }) => from);
}
