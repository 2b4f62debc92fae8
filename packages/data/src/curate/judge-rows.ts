/** From the rows of one episode to findings: stillness, leaps, limits, clocks, and numbers that are none. */
import { namesOf, type Embodiment } from "@orrery/core";
import { spoiledRows } from "../assemble.ts";
import type { EpisodeColumns } from "../episode-info.ts";
import type { CurationConfig } from "./config.ts";
import type { Finding, Verdict } from "./finding.ts";
import { thirdDifference, type NumberScale, type RowScale } from "./row-scale.ts";
import { runsOf, type Span } from "./spans.ts";

/** An extreme value that this share of all rows has is where the number rests, not where it was clipped. */
const RESTING_SHARE = 0.3;

export interface RowJudgement {
  readonly findings: readonly Finding[];
  /** [T]: 1 where no number of state or action moves; null where there is neither. */
  readonly bodyStill: Uint8Array | null;
  /** Root mean square over rows and numbers of the third difference in the dataset's robust deviations. */
  readonly jerk: number | null;
}

export function judgeRows(
  columns: EpisodeColumns,
  embodiment: Embodiment,
  fps: number,
  scale: RowScale,
  config: CurationConfig,
): RowJudgement {
  const vectors = makeVectors(columns, embodiment, scale);
  const findings = [...findGaps(columns, fps, config), ...findNonFinite(columns, config)];
  const bodyStill = vectors.length > 0 ? stillRows(vectors, columns.length, fps, config.idle.range) : null;
  if (bodyStill) findings.push(...findIdle(bodyStill, fps, config));
  findings.push(
    ...vectors.flatMap((vector) => [...findOutliers(vector, config), ...findClipped(vector, config)]),
  );
  const state = vectors.find(({ of }) => of === "state") ?? vectors[0];
  if (!state) return { findings, bodyStill, jerk: null };
  const { jerk, spikes } = findJerk(state, config);
  return { findings: [...findings, ...spikes], bodyStill, jerk };
}

/** State or action, with what is known of each of its numbers. */
interface Vector {
  readonly of: "state" | "action";
  readonly values: Float32Array;
  readonly mask: Uint8Array;
  readonly length: number;
  readonly width: number;
  readonly names: readonly string[];
  readonly scales: readonly NumberScale[];
  /** Declared limits of each number, null where there are none. */
  readonly limits: readonly (readonly [number, number] | null)[];
  /** Whether each number is a switch, by declaration or by its few values. */
  readonly isDiscrete: readonly boolean[];
}

function makeVectors(columns: EpisodeColumns, embodiment: Embodiment, scale: RowScale): Vector[] {
  const vectors: Vector[] = [];
  for (const of of ["state", "action"] as const) {
    const values = columns[of];
    if (!values || columns.length === 0) continue;
    const width = values.length / columns.length;
    const parts = embodiment[of];
    const names = namesOf(parts);
    const each = parts.flatMap((part) =>
      Array.from({ length: part.width }, (_, i) => ({
        limits: part.limits?.[i] ?? null,
        isSwitch: "kind" in part && part.kind !== "continuous",
      })),
    );
    vectors.push({
      of,
      values,
      mask: of === "state" ? columns.stateMask : columns.actionMask,
      length: columns.length,
      width,
      names: Array.from({ length: width }, (_, i) => names[i] ?? `${of}_${i}`),
      scales: scale[of],
      limits: Array.from({ length: width }, (_, i) => each[i]?.limits ?? null),
      isDiscrete: Array.from(
        { length: width },
        (_, i) => each[i]?.isSwitch || (scale[of][i]?.isDiscrete ?? true),
      ),
    });
  }
  return vectors;
}

function findGaps({ timestamp, length }: EpisodeColumns, fps: number, { gap }: CurationConfig): Finding[] {
  if (gap.action === "off") return [];
  const findings: Finding[] = [];
  for (let t = 1; t < length; t++) {
    const steps = ((timestamp[t] as number) - (timestamp[t - 1] as number)) * fps;
    if (steps > 0 && steps <= gap.steps) continue;
    const what = steps > 0 ? `${(steps / fps).toFixed(2)} s pass` : "the clock does not advance";
    findings.push({
      verdict: "gap",
      action: gap.action,
      camera: "",
      from: t,
      to: t + 1,
      reason: `${what} between rows ${t - 1} and ${t}, where a step takes ${(1 / fps).toFixed(3)} s`,
      value: steps,
      threshold: gap.steps,
    });
  }
  return findings;
}

function findNonFinite(columns: EpisodeColumns, { nonfinite }: CurationConfig): Finding[] {
  if (nonfinite.action === "off" || columns.nonFiniteRows.length === 0) return [];
  const { length } = columns;
  const spoiled = new Set(spoiledRows(columns));
  const extra = new Set(columns.nonFiniteRows.filter((row) => !spoiled.has(row)));
  const found = (rows: ReadonlySet<number>, action: "drop" | "note", what: string): Finding[] =>
    runsOf(length, (t) => rows.has(t), 1, 0).map((span) =>
      rowFinding("nonfinite", action, span, `${what} a NaN or an infinity`, span.to - span.from, 0),
    );
  return [
    ...found(spoiled, nonfinite.action, "state, action or reward of rows hold"),
    ...found(extra, "note", "extra streams of rows hold"),
  ];
}

/** Rows after which nothing moved for half a second, and before. */
function stillRows(vectors: readonly Vector[], length: number, fps: number, share: number): Uint8Array {
  const window = Math.max(2, Math.round(fps / 2));
  const still = new Uint8Array(length);
  const quietFor = new Int32Array(length); // rows of the window that ends here and is quiet
  for (let t = window; t < length; t++) {
    const isQuiet = vectors.every((vector) => isQuietOver(vector, t - window, t, share));
    if (isQuiet) quietFor[t] = window;
  }
  for (let t = 0; t < length; t++) if ((quietFor[t] as number) > 0) still.fill(1, t - window, t + 1);
  return still;
}

function isQuietOver(
  { values, mask, width, scales }: Vector,
  from: number,
  to: number,
  share: number,
): boolean {
  for (let i = 0; i < width; i++) {
    // A constant number never moves; a switch moves by any change.
    const allowed = share * (scales[i]?.range ?? 0);
    let [low, high] = [Infinity, -Infinity];
    for (let t = from; t <= to; t++) {
      if (mask[t] !== 1) return false;
      const value = values[t * width + i] as number;
      if (value < low) low = value;
      if (value > high) high = value;
      if (high - low > allowed) return false;
    }
  }
  return true;
}

function findIdle(still: Uint8Array, fps: number, { idle }: CurationConfig): Finding[] {
  if (idle.action === "off") return [];
  const { action } = idle;
  const margin = Math.round(idle.marginSec * fps);
  return runsOf(still.length, (t) => still[t] === 1, Math.max(1, Math.round(idle.minSec * fps)))
    .map(({ from, to }) => ({
      // An episode's own ends have nothing to lead over to.
      from: from === 0 ? 0 : from + margin,
      to: to === still.length ? to : to - margin,
    }))
    .filter(({ from, to }) => to > from)
    .map((span) => {
      const sec = (span.to - span.from) / fps;
      return rowFinding(
        "idle",
        action,
        span,
        `the body stands still for ${sec.toFixed(1)} s`,
        sec,
        idle.minSec,
      );
    });
}

function findOutliers(vector: Vector, { outlier }: CurationConfig): Finding[] {
  const { action } = outlier;
  if (action === "off") return [];
  const { of, values, mask, length, width, names, scales, isDiscrete } = vector;
  const findings: Finding[] = [];
  for (let i = 0; i < width; i++) {
    const { median, deviation } = scales[i] as NumberScale;
    if (isDiscrete[i] || !(deviation > 0)) continue;
    const zAt = (t: number): number => Math.abs((values[t * width + i] as number) - median) / deviation;
    for (const span of runsOf(length, (t) => mask[t] === 1 && zAt(t) > outlier.z, 1, 0)) {
      let worst = 0;
      for (let t = span.from; t < span.to; t++) worst = Math.max(worst, zAt(t));
      const reason = `${of} "${names[i]}" lies ${worst.toFixed(1)} robust deviations from its median ${median.toPrecision(3)}`;
      findings.push(rowFinding("outlier", action, span, reason, worst, outlier.z));
    }
  }
  return findings;
}

function findClipped(vector: Vector, { clipped }: CurationConfig): Finding[] {
  const { action } = clipped;
  const { of, values, mask, length, width, names, scales, limits, isDiscrete } = vector;
  if (action === "off" || of !== "action") return [];
  const findings: Finding[] = [];
  for (let i = 0; i < width; i++) {
    if (isDiscrete[i]) continue;
    const scale = scales[i] as NumberScale;
    const declared = limits[i];
    const [low, high] = declared ?? [scale.min, scale.max];
    const near = (declared ? 1e-4 : 1e-6) * (high - low);
    const edges = [
      { edge: low, isHit: (v: number) => v <= low + near, share: scale.atMin },
      { edge: high, isHit: (v: number) => v >= high - near, share: scale.atMax },
    ];
    for (const { edge, isHit, share } of edges) {
      if (!(high > low) || (!declared && share > RESTING_SHARE)) continue;
      const isAt = (t: number): boolean => mask[t] === 1 && isHit(values[t * width + i] as number);
      for (const span of runsOf(length, isAt, clipped.minRows, 0)) {
        const kind = declared ? "limit" : "extreme";
        const reason = `action "${names[i]}" stays at its ${kind} ${edge.toPrecision(3)} for ${span.to - span.from} rows`;
        findings.push(rowFinding("clipped", action, span, reason, span.to - span.from, clipped.minRows));
      }
    }
  }
  return findings;
}

function findJerk(vector: Vector, { jerk: config }: CurationConfig): { jerk: number; spikes: Finding[] } {
  const { of, values, mask, length, width, names, scales, isDiscrete } = vector;
  const worst = new Float32Array(length);
  const worstAt = new Int32Array(length);
  let [squares, count] = [0, 0];
  for (let t = 3; t < length; t++) {
    if (mask[t] !== 1 || mask[t - 1] !== 1 || mask[t - 2] !== 1 || mask[t - 3] !== 1) continue;
    for (let i = 0; i < width; i++) {
      const { jerkDeviation } = scales[i] as NumberScale;
      if (isDiscrete[i] || !(jerkDeviation > 0)) continue;
      const z = Math.abs(thirdDifference(values, width, t, i)) / jerkDeviation;
      squares += z * z;
      count++;
      if (z > (worst[t] as number)) [worst[t], worstAt[t]] = [z, i];
    }
  }
  const jerk = Math.sqrt(squares / Math.max(1, count));
  const { action } = config;
  if (action === "off") return { jerk, spikes: [] };
  const spikes = runsOf(length, (t) => (worst[t] as number) > config.z, 1).map((span) => {
    let top = span.from;
    for (let t = span.from; t < span.to; t++) if ((worst[t] as number) > (worst[top] as number)) top = t;
    const z = worst[top] as number;
    const reason = `${of} "${names[worstAt[top] as number]}" leaps at row ${top}: third difference ${z.toFixed(0)} robust deviations`;
    return rowFinding("jerk", action, span, reason, z, config.z);
  });
  return { jerk, spikes };
}

function rowFinding(
  verdict: Verdict,
  action: "drop" | "note",
  span: Span,
  reason: string,
  value: number,
  threshold: number,
): Finding {
  return { verdict, action, camera: "", ...span, reason, value, threshold };
}
