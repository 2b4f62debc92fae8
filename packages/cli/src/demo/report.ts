/** The demo's report: what was recorded, learnt, foreseen and dreamt, with baselines and facts to do it again. */
import { cpus } from "node:os";
import { flywheelSections, type FlywheelResult, type FlywheelSettings } from "@orrery/flywheel";
import type { Block, HorizonScores, PredictionResult, Report, Role, Section, Series } from "@orrery/eval";
import { readMetrics, type TrainResult } from "@orrery/models";
import { formatDuration, formatNumber } from "../format.ts";
import type { DemoDreams } from "./dreams.ts";
import type { Recorded } from "./stages.ts";

export interface DemoFindings {
  readonly recorded: Recorded;
  readonly heldOut: Recorded;
  readonly trained: TrainResult;
  readonly prediction: PredictionResult;
  readonly dreams: DemoDreams;
  /** The turn of the loop, and the folder that it is in. */
  readonly loop: {
    readonly result: FlywheelResult;
    readonly settings: FlywheelSettings;
    readonly out: string;
  };
  readonly metricsPath: string;
  readonly seed: number;
  readonly minutes: number;
  readonly seconds: number;
}

/** Horizon of the numbers that come first. */
const HEADLINE = 5;

export function demoReport(findings: DemoFindings): Report {
  const { prediction, dreams, trained, loop } = findings;
  const at = prediction.horizons.indexOf(HEADLINE);
  const ratio = prediction.shuffleRatio;
  return {
    title: "First light",
    subtitle:
      "A humanoid at a kitchen table was simulated and recorded; a world model was trained from scratch on what its head camera saw; then it was asked what happens next. A second model learnt to act with one arm: a fleet planned in it, and what the fleet lived through was learnt from.",
    highlights: [
      ...successOf(loop),
      {
        label: `${HEADLINE} frames ahead, held-out episodes`,
        value: `${prediction.model.psnr[at]?.toFixed(1)} dB`,
        against: `copy last frame: ${prediction.copyLast.psnr[at]?.toFixed(1)} dB`,
      },
      ...(ratio === null
        ? []
        : [
            {
              label: "error when actions are shuffled",
              value: `${ratio.value.toFixed(2)} x`,
              against: "above 1: the actions are used",
            },
          ]),
      {
        label: "dreamt frames per second",
        value: formatNumber(dreams.framesPerSecond),
        against: "real time is 10",
      },
    ],
    facts: factsOf(findings),
    sections: [
      {
        title: "Dreams of what it never saw",
        text: "Each pair begins with the same eight recorded frames of a held-out episode, in a kitchen whose colours, objects and light were not in training. After those the model sees actions only.",
        blocks: [
          { kind: "videoGrid", title: "Recording and dream", videos: dreams.pairs, isPixelated: true },
        ],
      },
      {
        title: "One start, four futures",
        text: "The same start and the same noise; only the actions differ. A model that ignores its actions would show the same film four times.",
        blocks: [{ kind: "videoGrid", title: "What if", videos: dreams.futures, isPixelated: true }],
      },
      {
        title: "How far it sees",
        text: "One sample per window is scored. The ceiling is what the tokenizer loses when it merely encodes and decodes the true frame.",
        blocks: measured(findings),
      },
      {
        title: "Half a minute of dreaming",
        text: `${dreams.long.frames} frames, each from the ones before. Contrast of the last frame: ${dreams.long.facts.lastDeviation.toFixed(0)} grey levels; of the recorded start: ${dreams.long.facts.contextDeviation.toFixed(0)}.`,
        blocks: [
          { kind: "videoGrid", title: "A long dream", videos: [dreams.long.video], isPixelated: true },
        ],
      },
      ...loopSections(findings),
      {
        title: "Learning",
        text: `Tokenizer: ${formatNumber(trained.steps.tokenizer)} steps at ${formatNumber(trained.framesPerSecond.tokenizer)} frames/s, ${formatNumber(trained.parameters.tokenizer)} parameters. Dynamics: ${formatNumber(trained.steps.dynamics)} steps at ${formatNumber(trained.framesPerSecond.dynamics)} frames/s, ${formatNumber(trained.parameters.dynamics)} parameters.`,
        blocks: lossCharts(findings.metricsPath),
      },
      {
        title: "Next",
        blocks: [
          {
            kind: "note",
            text: "Train on recordings of your own, for longer:",
            commands: [
              "./orrery data import /path/to/lerobot-dataset --to store/mine",
              "./orrery train tiny --data store/mine --episodes 0-63 --minutes 20 --out runs/mine",
              "./orrery eval prediction --model runs/mine --data store/mine",
              "./orrery flywheel --out loop --tasks reach,push --rounds 2 --minutes 90",
            ],
          },
        ],
      },
    ],
  };
}

/** The page of a flywheel, under a name that says what it is within this one. */
function loopSections({ loop: { result, settings, out } }: DemoFindings): readonly Section[] {
  const [success, ...rest] = flywheelSections(result, { out, settings, facts: [] });
  return success === undefined ? [] : [{ ...success, title: "One turn of the loop" }, ...rest];
}

/** Of the planner, on the same trials before and after the turn. */
function successOf({
  result: { rounds },
  settings,
}: DemoFindings["loop"]): NonNullable<Report["highlights"]> {
  return rounds.slice(-1).map(({ judged: { champion, candidate, control } }) => ({
    label: `of ${candidate.trials} trials of ${settings.tasks.join(" and ")} succeed after one turn of the loop`,
    value: `${(100 * candidate.success).toFixed(0)} %`,
    against: `before: ${(100 * champion.success).toFixed(0)} %; training alone: ${(100 * control.success).toFixed(0)} %`,
  }));
}

function factsOf({
  recorded,
  heldOut,
  seed,
  minutes,
  seconds,
  trained,
  loop,
}: DemoFindings): Report["facts"] {
  return [
    {
      label: "Recorded",
      value: `${recorded.episodes} episodes, ${formatNumber(recorded.steps)} steps at ${formatNumber(recorded.stepsPerSecond)} a second (real time is 10); held out ${heldOut.episodes} episodes, ${formatNumber(heldOut.steps)} steps`,
    },
    {
      label: "Operators",
      value: `expert (succeeds in ${(100 * recorded.expertSuccess).toFixed(0)} %) and play`,
    },
    { label: "Machine", value: `${cpus()[0]?.model.trim() ?? "unknown"}, ${cpus().length} threads` },
    { label: "Seed", value: `${seed}` },
    {
      label: "Time",
      value: `${formatDuration(seconds)}: ${formatDuration(trained.seconds)} training the model that dreams, ${formatDuration(loop.result.seconds)} the turn of the loop, the rest recording, scoring and dreaming`,
    },
    { label: "Command", value: `./orrery demo --minutes ${minutes} --seed ${seed}`, isCode: true },
  ];
}

function measured({ prediction }: DemoFindings): Block[] {
  const predictors: readonly (readonly [string, HorizonScores | null, Role])[] = [
    ["world model", prediction.model, "ours"],
    ["copy last frame", prediction.copyLast, "baseline"],
    ["nearest in training set", prediction.nearest, "baseline"],
    ["tokenizer round trip", prediction.roundTrip, "ceiling"],
  ];
  const present = predictors.filter((p): p is readonly [string, HorizonScores, Role] => p[1] !== null);
  const series: Series[] = present.map(([name, scores, role]) => ({
    name,
    role,
    x: prediction.horizons,
    y: scores.psnr,
    ...(role === "ours"
      ? { low: scores.psnrCi95.map(([low]) => low), high: scores.psnrCi95.map(([, high]) => high) }
      : {}),
  }));
  const shown = [1, 2, 5, 10, 16].filter((h) => prediction.horizons.includes(h));
  const index = (h: number): number => prediction.horizons.indexOf(h);
  const caption = `${prediction.windows} windows of ${prediction.episodes} held-out episodes, ${prediction.contextFrames} frames given, seed ${prediction.seed}; intervals are 95 % by resampling episodes.`;
  const blocks: Block[] = [
    {
      kind: "chart",
      title: "Prediction by horizon",
      x: { label: "horizon", unit: "frames" },
      y: { label: "PSNR", unit: "dB" },
      series,
      caption,
    },
    {
      kind: "table",
      title: "PSNR of the mean squared error",
      rowHeading: "Predictor",
      columns: shown.map((h) => ({ label: `${h}`, unit: "dB", digits: 1 })),
      rows: present.map(([label, scores, role]) => ({
        label,
        role,
        cells: shown.map((h) => ({
          value: scores.psnr[index(h)] as number,
          ci95: scores.psnrCi95[index(h)] as readonly [number, number],
        })),
      })),
      caption,
    },
    {
      kind: "table",
      title: "Mean of the windows' own PSNRs, and SSIM",
      rowHeading: "Predictor",
      columns: [
        ...shown.map((h) => ({ label: `PSNR ${h}`, unit: "dB", digits: 1 })),
        ...[2, 16].map((h) => ({ label: `SSIM ${h}`, digits: 3 })),
      ],
      rows: present.map(([label, scores, role]) => ({
        label,
        role,
        cells: [
          ...shown.map((h) => scores.meanPsnr[index(h)] as number),
          ...[2, 16].map((h) => scores.ssim[index(h)] as number),
        ],
      })),
      caption: "This mean is kinder to copying the last frame, which is perfect while nothing moves.",
    },
  ];
  const { state } = prediction;
  if (state !== null) {
    blocks.push({
      kind: "chart",
      title: "Proprioception",
      x: { label: "horizon", unit: "frames" },
      y: { label: "error", unit: "deviations", fromZero: true },
      series: [
        { name: "world model", role: "ours", x: prediction.horizons, y: state.rmse },
        {
          name: "constant velocity",
          role: "baseline",
          x: prediction.horizons,
          y: state.rmseConstantVelocity,
        },
        { name: "copy last", role: "baseline", x: prediction.horizons, y: state.rmseCopyLast },
      ],
      caption: "Root mean square error of the predicted state, in deviations of the training set.",
    });
  }
  return blocks;
}

function lossCharts(path: string): Block[] {
  const lines = readMetrics(path);
  const chart = (phase: string, name: string, title: string): Block => {
    const own = lines.filter((line) => line.phase === phase && typeof line[name] === "number");
    return {
      kind: "chart",
      title,
      x: { label: "step" },
      y: { label: "loss", scale: "log" },
      series: [
        { name, role: "ours", x: own.map(({ step }) => step), y: own.map((line) => line[name] as number) },
      ],
    };
  };
  return [
    chart("tokenizer", "reconstruction", "Tokenizer: reconstruction error"),
    chart("dynamics", "flow", "Dynamics: flow loss"),
  ];
}
