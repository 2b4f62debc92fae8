/** A report with one block of every kind, from made-up numbers, for tests and for looking at. */
import { makeRng } from "@orrery/core";
import type { ChartBlock, Report, Series, Video } from "./types.ts";

const HORIZONS = Array.from({ length: 16 }, (_, i) => i + 1);

/** Made-up curves that fall off with the horizon the way PSNR does. */
export function sampleChart(): ChartBlock {
  const curve = (start: number, fall: number): number[] => HORIZONS.map((h) => start - fall * Math.log2(h));
  const ours = curve(23.4, 1.55);
  const series: Series[] = [
    {
      name: "world model",
      x: HORIZONS,
      y: ours,
      low: ours.map((v) => v - 0.5),
      high: ours.map((v) => v + 0.5),
    },
    { name: "copy last frame", role: "baseline", x: HORIZONS, y: curve(22.9, 2.6) },
    { name: "nearest neighbour", role: "baseline", x: HORIZONS, y: curve(18.2, 0.9) },
    { name: "tokenizer round trip", role: "ceiling", x: HORIZONS, y: HORIZONS.map(() => 26.1) },
  ];
  return {
    kind: "chart",
    title: "Prediction quality by horizon",
    x: { label: "horizon", unit: "frames" },
    y: { label: "PSNR", unit: "dB" },
    series,
    caption:
      "Mean over 9 held-out episodes; the band is the 95 % interval over episodes. Higher is better. The round trip is what the tokenizer alone loses: no prediction can pass it.",
  };
}

export function sampleReport(videos: readonly Video[] = []): Report {
  const rng = makeRng(1);
  const steps = Array.from({ length: 400 }, (_, i) => 10 * (i + 1));
  const loss = (floor: number): number[] => steps.map((s) => floor + 2.2 / s ** 0.6 + 0.004 * rng.normal());
  return {
    title: "A first look through the orrery",
    subtitle:
      "One turn of the loop on made-up numbers: recorded, trained, scored on held-out episodes, and dreamt.",
    highlights: [
      { value: "19.8 dB", label: "5 frames ahead", against: "copy last frame: 16.9 dB" },
      { value: "1.62×", label: "error when actions are shuffled", against: "above 1: the actions are used" },
      { value: "41 /s", label: "dreamt frames", against: "real time is 10 /s" },
    ],
    sections: [
      {
        title: "Dreams",
        text: "Every video starts from the same four recorded frames; after those, the model sees only actions. `truth` is the recording, which the model never saw.",
        blocks: [
          {
            kind: "videoGrid",
            title: "One start, four futures",
            isPixelated: true,
            caption: "All videos play in step. Click one to stop them.",
            videos,
          },
          {
            kind: "note",
            tone: "warning",
            text: "These numbers are made up. They show what a report looks like and nothing else.",
          },
        ],
      },
      {
        title: "Measured",
        text: "Held-out episodes only.\n\nIntervals are 95 % bootstrap intervals over episodes.",
        blocks: [
          sampleChart(),
          {
            kind: "table",
            title: "The same in numbers",
            rowHeading: "Predictor",
            columns: [
              { label: "2 frames", unit: "dB", better: "higher", digits: 1 },
              { label: "5 frames", unit: "dB", better: "higher", digits: 1 },
              { label: "16 frames", unit: "dB", better: "higher", digits: 1 },
              { label: "MSE", better: "lower", digits: 4 },
            ],
            rows: [
              {
                label: "world model",
                role: "ours",
                cells: [
                  { value: 21.8, ci95: [21.4, 22.3] },
                  { value: 19.8, ci95: [19.3, 20.3] },
                  { value: 17.2, ci95: [16.6, 17.8] },
                  0.0105,
                ],
              },
              { label: "copy last frame", role: "baseline", cells: [22.1, 16.9, 12.5, 0.0204] },
              { label: "nearest neighbour", role: "baseline", cells: [17.3, 16.1, 14.6, 0.0245] },
              { label: "tokenizer round trip", role: "ceiling", cells: [26.1, 26.1, 26.1, null] },
            ],
            caption: "Bold: best of its column, whoever it belongs to. n = 9 episodes, 1,284 windows.",
          },
        ],
      },
      {
        title: "Training",
        blocks: [
          {
            kind: "chart",
            title: "Loss",
            x: { label: "step" },
            y: { label: "loss", scale: "log" },
            series: [
              { name: "tokenizer", x: steps, y: loss(0.02) },
              { name: "dynamics", x: steps, y: loss(0.06) },
            ],
          },
          {
            kind: "note",
            text: "What to try next:",
            commands: ["./orrery train tiny --data store/own --out runs/own"],
          },
        ],
      },
    ],
    facts: [
      { label: "Machine", value: "AMD EPYC, 2 threads, 24 GB" },
      { label: "Seed", value: "0" },
      { label: "Command", value: "./orrery demo --minutes 15 --out demo", isCode: true },
      { label: "Took", value: "14 min 12 s" },
    ],
  };
}
