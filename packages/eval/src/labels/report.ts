/** The label-efficiency study as tables, for a terminal and for a report. */
import type { Report, Row, Section, Series } from "../report/index.ts";
import type { ConditionResult, LabelStudyResult } from "./study.ts";

const DESCRIPTIONS = {
  inferred: "video of the rest, actions inferred",
  none: "video of the rest, no actions",
  part: "labelled part alone",
};

const CURVES = ["inferred", "none", "part"] as const;

/** "inferred-30" becomes "30 % labelled, rest inferred". */
export function nameOf({ condition: { kind, share } }: ConditionResult): string {
  const percent = `${(100 * share).toFixed(0)} % labelled`;
  switch (kind) {
    case "all":
      return "all labelled";
    case "inferred":
      return `${percent}, rest inferred`;
    case "none":
      return `${percent}, rest as video`;
    case "part":
      return `${percent}, alone`;
  }
}

/** Report of a finished study. @param facts machine, command and duration */
export function labelReport(result: LabelStudyResult, facts: Report["facts"]): Report {
  const { conditions, inverse, heldEpisodes, windows, contextFrames, horizon } = result;
  const [all] = conditions;
  const best = conditions.find(({ condition }) => condition.kind === "inferred");
  const percent = (value: number): string => `${(100 * value).toFixed(0)} %`;
  return {
    title: "How many labels does a world model need?",
    subtitle: "Trained on video of which only a share of the episodes comes with actions.",
    highlights:
      best === undefined || all === undefined
        ? []
        : [
            {
              label: `of the gain over copying, with actions of ${percent(best.condition.share)} of the episodes`,
              value: percent(best.ratio),
              against: `all labelled: ${all.gain.toFixed(2)} dB of gain`,
            },
          ],
    facts,
    sections: [
      {
        title: "Label efficiency",
        text: `Held out: ${heldEpisodes} episodes, ${windows} windows, ${contextFrames} frames given and ${horizon} predicted with the true actions. The gain is the PSNR of the mean squared error minus that of copying the last frame, mean over the horizons from 2 on. No condition sees states. Intervals: 95 %, by resampling held-out episodes; one training run per condition.`,
        blocks: [
          {
            kind: "chart",
            title: "Gain over copying the last frame",
            x: { label: "episodes with actions", unit: "%" },
            y: { label: "gain", unit: "dB" },
            series: CURVES.filter((kind) => conditions.some(({ condition }) => condition.kind === kind)).map(
              (kind) => curveOf(conditions, kind),
            ),
          },
          {
            kind: "table",
            title: "Conditions",
            columns: [
              { label: "steps", digits: 0 },
              { label: "gain", unit: "dB", better: "higher", digits: 2 },
              { label: "of all labelled", digits: 2, better: "higher" },
              { label: "over part", unit: "dB", digits: 2, better: "higher" },
            ],
            rows: conditions.map(rowOf),
          },
          {
            kind: "table",
            title: "PSNR by horizon",
            columns: [
              { label: "1", unit: "dB", digits: 1 },
              { label: "5", unit: "dB", digits: 1 },
              { label: `${horizon}`, unit: "dB", digits: 1 },
              { label: "ceiling", unit: "dB", digits: 1 },
            ],
            rows: conditions.map(psnrRowOf),
          },
        ],
      },
      ...(inverse.length === 0 ? [] : [inverseSection(inverse)]),
    ],
  };
}

function inverseSection(inverse: LabelStudyResult["inverse"]): Section {
  return {
    title: "Inverse dynamics",
    blocks: [
      {
        kind: "table",
        title: "Variance of each action that is explained on held-out episodes (R²)",
        rowHeading: "Labelled",
        columns: [
          ...(inverse[0]?.scores.names ?? []).map((label) => ({ label, digits: 2 })),
          { label: "confidence", digits: 2 },
          { label: "50 % interval holds", unit: "%", digits: 0 },
          { label: "90 % interval holds", unit: "%", digits: 0 },
        ],
        rows: inverse.map(({ share, scores }) => ({
          label: `${(100 * share).toFixed(0)} %`,
          cells: [...scores.r2, scores.confidence, 100 * scores.coverage50, 100 * scores.coverage90],
        })),
      },
    ],
  };
}

/** A curve over the shares that ends at the reference, where all conditions meet. */
function curveOf(conditions: readonly ConditionResult[], kind: (typeof CURVES)[number]): Series {
  const points = conditions
    .filter(({ condition }) => condition.kind === kind || condition.kind === "all")
    .toSorted((a, b) => a.condition.share - b.condition.share);
  return {
    name: DESCRIPTIONS[kind],
    ...(kind === "inferred"
      ? { role: "ours" as const }
      : kind === "part"
        ? { role: "baseline" as const }
        : {}),
    x: points.map(({ condition }) => 100 * condition.share),
    y: points.map(({ gain }) => gain),
    low: points.map(({ gainCi95 }) => gainCi95[0]),
    high: points.map(({ gainCi95 }) => gainCi95[1]),
  };
}

function rowOf(result: ConditionResult): Row {
  const { condition, steps, gain, gainCi95, ratio, ratioCi95, overPart } = result;
  return {
    label: nameOf(result),
    ...(condition.kind === "part" ? { role: "baseline" as const } : {}),
    cells: [
      steps,
      { value: gain, ci95: gainCi95 },
      condition.kind === "all" ? 1 : { value: ratio, ci95: ratioCi95 },
      overPart === null ? null : { value: overPart.gain, ci95: overPart.ci95 },
    ],
  };
}

function psnrRowOf(result: ConditionResult): Row {
  const { psnr, roundTrip } = result;
  return {
    label: nameOf(result),
    cells: [psnr[0] ?? null, psnr[4] ?? null, psnr.at(-1) ?? null, roundTrip[0] ?? null],
  };
}
