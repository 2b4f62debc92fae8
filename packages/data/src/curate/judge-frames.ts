/** From a camera's measures to findings: thresholds, runs of frames, and reasons. */
import type { CurationConfig } from "./config.ts";
import type { Finding, Verdict } from "./finding.ts";
import { slowLag, type FrameMeasure, type FrameMeasures } from "./frame-meter.ts";
import type { MeasuredCamera } from "./measures.ts";
import { maskOf, runsOf, type Span } from "./spans.ts";

/** What judging a camera depends on beside its pictures. */
export interface FrameContext {
  readonly fps: number;
  /** Rows of the episode. */
  readonly length: number;
  /** Drawn pictures: a white ground is meant. */
  readonly isSimulated: boolean;
  /** [T]: 1 where the body stands still; null where there is no state or action to tell. */
  readonly bodyStill: Uint8Array | null;
}

/** A repeated frame differs by less than this in every block. */
const REPEAT_CHANGE = 0.1;
/** Share of repeated frames among moving ones from which the rate is said to be another. */
const REPEAT_SHARE = 0.2;
/** A text slide stands as still as this. */
const TEXT_CHANGE = 3;

export function judgeFrames(
  camera: MeasuredCamera,
  config: CurationConfig,
  context: FrameContext,
): Finding[] {
  const { frames, facts } = camera;
  const { fps, length, bodyStill } = context;
  const n = facts.frames;
  const lag = slowLag(fps);
  const of = (name: FrameMeasure, t: number): number => frames[name][t] as number;
  const findings: Finding[] = [];
  const inFrames = (sec: number): number => Math.max(1, Math.round(sec * fps));
  const find = (
    verdict: Verdict,
    span: Span,
    { value, threshold, action, reason }: Omit<Finding, "verdict" | "camera" | "from" | "to">,
  ): void => {
    findings.push({ verdict, action, camera: facts.camera, ...span, reason, value, threshold });
  };
  /** Spans of one measure beyond a threshold, with the mean over the span as its value. */
  const findRuns = (
    verdict: "black" | "overexposed" | "frozen" | "static" | "text",
    measure: FrameMeasure,
    threshold: number,
    spans: readonly Span[],
    say: (value: string, span: Span) => string,
  ): void => {
    const { action } = config[verdict];
    if (action === "off") return;
    for (const span of spans) {
      const looksBack = measure === "slowChange" ? lag : 0;
      const value = meanOf(frames[measure], { from: span.from + looksBack, to: span.to });
      find(verdict, span, { value, threshold, action, reason: say(value.toFixed(2), span) });
    }
  };
  const seconds = ({ from, to }: Span): string => `${((to - from) / fps).toFixed(1)} s`;

  if (facts.error !== undefined || n < length) {
    const reason = facts.error ?? `the camera has ${n} of ${length} frames`;
    find("unreadable", { from: n, to: length }, { value: n, threshold: length, action: "drop", reason });
  }

  const { black, overexposed, frozen, static: still, text } = config;
  findRuns(
    "black",
    "dark",
    black.darkShare,
    runsOf(n, (t) => of("dark", t) >= black.darkShare, inFrames(black.minSec)),
    (value, span) => `black for ${seconds(span)}: ${value} of the picture is dark`,
  );
  if (!context.isSimulated) {
    const { brightShare } = overexposed;
    findRuns(
      "overexposed",
      "bright",
      brightShare,
      runsOf(n, (t) => of("bright", t) >= brightShare, inFrames(overexposed.minSec)),
      (value, span) => `over-exposed for ${seconds(span)}: ${value} of the picture is burnt out`,
    );
  }
  const isFrozen = (t: number): boolean =>
    t > 0 && of("blockChange", t) <= frozen.change && bodyStill?.[t] !== 1;
  const frozenSpans = runsOf(n, isFrozen, inFrames(frozen.minSec));
  findRuns("frozen", "blockChange", frozen.change, frozenSpans, (value, span) => {
    const body = bodyStill ? " while the body moves" : "";
    return `the same picture for ${seconds(span)}${body}: no block changes by more than ${value} on average`;
  });
  let stillSpans: Span[] = [];
  if (!bodyStill) {
    // slowChange looks one second back, so the stillness began that much earlier.
    const slow = runsOf(n, (t) => t >= lag && of("slowChange", t) <= still.change, 1);
    stillSpans = slow
      .map(({ from, to }) => ({ from: from - lag, to }))
      .filter(({ from, to }) => to - from >= inFrames(still.minSec));
    findRuns("static", "slowChange", still.change, stillSpans, (value, span) => {
      return `nothing moves for ${seconds(span)}: no block changes by more than ${value} within a second`;
    });
    const isText = (t: number): boolean =>
      of("blockChange", t) <= TEXT_CHANGE &&
      of("inLines", t) >= text.inkInLines &&
      ((of("lines", t) >= 2 && of("ground", t) >= text.groundShare) ||
        (of("lines", t) >= 1 && of("ground", t) >= Math.min(0.98, text.groundShare + 0.2)));
    findRuns(
      "text",
      "inLines",
      text.inkInLines,
      runsOf(n, isText, inFrames(text.minSec)),
      (value, span) =>
        `lines of text for ${seconds(span)}: ${value} of the ink is in lines on a plain ground`,
    );
  }

  const { cuts, glitches } = findJumps(frames, n, fps, config);
  const distance = (t: number): string =>
    `structure ${of("structure", t).toFixed(2)}, histogram ${of("histogram", t).toFixed(2)} away from the frame before`;
  if (config.cut.action !== "off") {
    const action = bodyStill ? "note" : config.cut.action;
    for (const at of cuts) {
      const [value, threshold] = [of("structure", at), config.cut.structure];
      const reason = `a new shot: ${distance(at)}`;
      find("cut", { from: at, to: at + 1 }, { value, threshold, action, reason });
    }
  }
  if (config.glitch.action !== "off") {
    const { action } = config.glitch;
    for (const span of glitches) {
      const [value, threshold] = [of("structure", span.from), config.cut.structure];
      const reason = `torn picture or flash: ${distance(span.from)}, and back ${span.to - span.from} later`;
      find("glitch", span, { value, threshold, action, reason });
    }
  }
  if (config.dissolve.action !== "off") {
    const { structure, blend, area } = config.dissolve;
    const action = bodyStill ? "note" : config.dissolve.action;
    const isBlend = (t: number): boolean =>
      t >= lag &&
      of("blend", t) <= blend &&
      of("structureSlow", t) >= structure &&
      of("slowArea", t) >= area &&
      isGradual(frames, t, lag);
    for (const { from, to } of runsOf(n, isBlend, 1)) {
      const span = { from: from - lag, to };
      const value = Math.min(...frames.blend.subarray(from, to));
      find("dissolve", span, {
        value,
        threshold: blend,
        action,
        reason: `one picture fades into another within ${seconds(span)}: the middle is ${value.toFixed(2)} from the mean of both`,
      });
    }
  }
  findings.push(...noteFacts(camera, [...frozenSpans, ...stillSpans], fps));
  return findings;
}

/** Jumps from one picture to another: for good (first frames of new shots), or for one to three frames. */
export function findJumps(
  { structure, structure4, histogram }: FrameMeasures,
  n: number,
  fps: number,
  { cut }: CurationConfig,
): { cuts: number[]; glitches: Span[] } {
  const reach = Math.max(4, Math.round(fps / 2));
  const cuts: number[] = [];
  const glitches: Span[] = [];
  /** Far from the frame before, in structure and colour. */
  const isFar = (t: number): boolean => {
    const s = structure[t] as number;
    const h = histogram[t] as number;
    // Two views of one room share their colours: twice the structure makes up for half the histogram.
    return h >= cut.histogram ? s >= cut.structure : s >= 2 * cut.structure && h >= cut.histogram / 2;
  };
  const standsOut = (values: Float32Array, t: number): boolean =>
    (values[t] as number) >= cut.ratio * medianAround(values, t, reach, n);
  /** How many frames after `t` a picture from before it is back, up to three; 0 if none is. Compared are t + k and t + k - 4. */
  const backAfter = (t: number): number =>
    [1, 2, 3].find((k) => {
      const [now, jump] = [structure4[t + k], structure[t] as number];
      return t + k >= 4 && now !== undefined && t + k < n && now < jump / 2;
    }) ?? 0;
  for (let t = 1; t < n; t++) {
    if (!isFar(t) || !standsOut(structure, t) || !standsOut(histogram, t)) continue;
    // Like the frame four before: this is the way back, and the way out was too small a jump to be seen.
    if (t >= 4 && (structure4[t] as number) < (structure[t] as number) / 2) {
      glitches.push({ from: t - 1, to: t });
      continue;
    }
    const back = backAfter(t);
    if (back > 0) {
      const isSharp = isFar(t + back) || (back > 1 && isFar(t + back - 1));
      if (isSharp) glitches.push({ from: t, to: t + back }); // else it came back bit by bit: fast motion
      t += back; // the way back is a jump as well
      continue;
    }
    // A steep fade is several jumps in a row: one cut, at the first.
    if (t - (cuts.at(-1) ?? -Infinity) <= 2) continue;
    cuts.push(t);
  }
  return { cuts, glitches };
}

/** Share of a second's change in one block that a single step of a fade may make; what moves makes most of it at once. */
const MAX_STEP = 0.35;

/** Whether the change of the second up to `t` came in small steps everywhere. */
function isGradual({ blockChange, slowChange }: FrameMeasures, t: number, lag: number): boolean {
  const most = MAX_STEP * (slowChange[t] as number);
  for (let i = t - lag + 1; i <= t; i++) if ((blockChange[i] as number) > most) return false;
  return true;
}

/** Median of the frames around `t`, itself left out. */
function medianAround(values: Float32Array, t: number, reach: number, n: number): number {
  const around: number[] = [];
  for (let i = Math.max(1, t - reach); i <= Math.min(n - 1, t + reach); i++) {
    if (i !== t) around.push(values[i] as number);
  }
  around.sort((a, b) => a - b);
  return around[around.length >> 1] ?? 0;
}

function meanOf(values: Float32Array, { from, to }: Span): number {
  let sum = 0;
  for (let t = from; t < to; t++) sum += values[t] as number;
  return sum / Math.max(1, to - from);
}

/** What is worth knowing of a whole episode: bars, damage, frames that repeat. */
function noteFacts(
  { facts, frames, contentBox }: MeasuredCamera,
  still: readonly Span[],
  fps: number,
): Finding[] {
  const { frames: n, camera, width, height, damagedFrames } = facts;
  const notes: Finding[] = [];
  const note = (verdict: Verdict, value: number, threshold: number, reason: string): void => {
    notes.push({ verdict, action: "note", camera, from: 0, to: n, reason, value, threshold });
  };
  if (damagedFrames > 0) note("damaged", damagedFrames, 0, `${damagedFrames} pictures do not decode cleanly`);
  const [left, top, right, bottom] = contentBox;
  const covered = (right - left) * (bottom - top);
  if (covered < 0.97) {
    const [w, h] = [Math.round((right - left) * width), Math.round((bottom - top) * height)];
    note("aspect", covered, 0.97, `black bars: the picture is ${w} x ${h} of ${width} x ${height}`);
  }
  const stillMask = maskOf(n, still);
  let moving = 0;
  let repeated = 0;
  for (let t = 1; t < n; t++) {
    if (stillMask[t] === 1) continue;
    moving++;
    if ((frames.blockChange[t] as number) <= REPEAT_CHANGE) repeated++;
  }
  const share = moving > 0 ? repeated / moving : 0;
  if (share >= REPEAT_SHARE && moving >= fps) {
    const real = fps * (1 - share);
    note(
      "rate",
      share,
      REPEAT_SHARE,
      `${(100 * share).toFixed(0)} % of the frames repeat the one before: really ${real.toFixed(1)} frames/s, not ${fps}`,
    );
  }
  return notes;
}
