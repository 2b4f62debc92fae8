/** The page that `data curate` writes: where the frames went, with pictures of what was kept and what was not. */
import type { CurationExample, CurationReport, OperatorTotal, VerdictTotal } from "@orrery/data";
import type { Block, Report, Section } from "@orrery/eval/report";
import { formatDuration, formatNumber } from "../../format.ts";

export interface CurationFacts {
  readonly command: string;
  readonly seconds: number;
}

const MEANING: Readonly<Record<CurationExample["action"], string>> = {
  keep: "kept",
  drop: "dropped",
  divide: "divided: no kept span crosses it",
  note: "only noted, and kept",
};

export function curationPage(
  report: CurationReport,
  examples: readonly CurationExample[],
  { command, seconds }: CurationFacts,
): Report {
  const { episodes, keptEpisodes, frames, keptFrames, keptSeconds, keptSpans } = report;
  const share = (100 * keptFrames) / Math.max(1, frames);
  const [worst] = [...report.verdicts].sort((a, b) => b.droppedFrames - a.droppedFrames);
  return {
    title: "Curation",
    subtitle:
      "Which frames are worth learning from, and why the others are not. Nothing was deleted: these are verdicts beside the dataset, and every threshold can be changed without decoding again.",
    highlights: [
      {
        label: "kept",
        value: `${share.toFixed(1)} %`,
        against: `${formatDuration(keptSeconds)} of ${formatDuration(report.seconds)}`,
      },
      { label: "episodes with something kept", value: `${keptEpisodes}`, against: `of ${episodes}` },
      { label: "uninterrupted spans", value: formatNumber(keptSpans), against: "no cut or clock gap inside" },
      ...(worst && worst.droppedFrames > 0
        ? [
            {
              label: `most dropped: ${worst.verdict}`,
              value: `${((100 * worst.droppedFrames) / Math.max(1, frames)).toFixed(1)} %`,
              against: `${formatDuration(worst.droppedSeconds)} in ${worst.episodes} episodes`,
            },
          ]
        : []),
    ],
    facts: [
      { label: "Dataset", value: report.dataset, isCode: true },
      { label: "Verdicts", value: report.sidecar, isCode: true },
      { label: "Command", value: command, isCode: true },
      { label: "Took", value: formatDuration(seconds) },
    ],
    sections: [
      whereFramesWent(report),
      ...picturesOf(report, examples),
      ...(report.operators.length > 0 ? [operators(report.operators)] : []),
      ...cameraMotion(report),
    ],
  };
}

function whereFramesWent(report: CurationReport): Section {
  const { frames, keptFrames, keptSeconds, keptEpisodes, keptSpans, verdicts, notes } = report;
  const share = (n: number): number => (100 * n) / Math.max(1, frames);
  const row = (total: VerdictTotal): (string | number)[] => [
    total.findings,
    total.episodes,
    total.droppedFrames,
    formatDuration(total.droppedSeconds),
    share(total.droppedFrames),
    total.notedFrames,
  ];
  return {
    title: "Where the frames went",
    blocks: [
      ...notes.map((text): Block => ({ kind: "note", tone: "warning", text })),
      {
        kind: "table",
        title: "Frames by verdict",
        rowHeading: "verdict",
        columns: [
          { label: "spans", digits: 0 },
          { label: "episodes", digits: 0 },
          { label: "frames dropped", digits: 0 },
          { label: "time" },
          { label: "share", unit: "%", digits: 1 },
          { label: "frames only noted", digits: 0 },
        ],
        rows: [
          {
            label: "kept",
            role: "ours",
            cells: [
              keptSpans,
              keptEpisodes,
              `${formatNumber(keptFrames)} kept`,
              formatDuration(keptSeconds),
              share(keptFrames),
              null,
            ],
          },
          ...verdicts.map((total) => ({ label: total.verdict, cells: row(total) })),
        ],
        caption:
          "A frame counts as dropped once, under the first verdict that applies. Noted frames are kept and may overlap with anything.",
      },
    ],
  };
}

/** Kept first, then the verdicts that drop, then those that divide or note. */
function picturesOf(report: CurationReport, examples: readonly CurationExample[]): Section[] {
  const order = ["keep", "drop", "divide", "note"] as const;
  const sections: Section[] = [];
  for (const action of order) {
    const ofAction = examples.filter((example) => example.action === action);
    const found = new Set(ofAction.map((example) => example.verdict));
    const sorted = ["kept", ...report.verdicts.map(({ verdict }) => verdict)] as const;
    for (const verdict of sorted.filter((name) => found.has(name))) {
      const shown = ofAction.filter((example) => example.verdict === verdict);
      const total = report.verdicts.find((candidate) => candidate.verdict === verdict);
      const count = verdict === "kept" ? report.keptSpans : total?.findings || shown.length;
      sections.push({
        title: verdict === "kept" ? "Kept" : `${capital(verdict)}: ${MEANING[action]}`,
        text: `${shown.length} of ${formatNumber(count)} spans, spread over the dataset. A coloured bar marks the frames of the span; pictures without one are its neighbours.`,
        blocks: shown.map(pictureBlock),
      });
    }
  }
  return sections;
}

function pictureBlock({
  episode,
  camera,
  from,
  to,
  reason,
  rows,
  strip,
  unreadable,
}: CurationExample): Block {
  const where = `Episode ${episode}, frames ${from} to ${to - 1}${camera === "" ? "" : `, camera ${camera}`}`;
  if (strip === null) return { kind: "note", text: `${where}: ${reason}. No picture: ${unreadable ?? ""}` };
  const caption = `${capital(reason)}. Shown: ${rows.join(", ")}.`;
  return { kind: "image", title: where, data: strip, mime: "image/jpeg", caption };
}

function operators(totals: readonly OperatorTotal[]): Section {
  const percent = (share: number): number => 100 * share;
  return {
    title: "Operators",
    blocks: [
      {
        kind: "table",
        title: "Who recorded what",
        rowHeading: "operator",
        columns: [
          { label: "episodes", digits: 0 },
          { label: "time" },
          { label: "kept", unit: "%", digits: 1 },
          { label: "success", unit: "%", digits: 1 },
          { label: "idle", unit: "%", digits: 1 },
          { label: "clipped", unit: "%", digits: 1 },
          { label: "jerk", digits: 3 },
        ],
        rows: totals.map((total) => ({
          label: total.operator,
          cells: [
            total.episodes,
            formatDuration(total.seconds),
            percent(total.keptSeconds / Math.max(1e-9, total.seconds)),
            total.successRate === null ? null : percent(total.successRate),
            percent(total.idleShare),
            percent(total.clippedShare),
            total.jerk,
          ],
        })),
      },
    ],
  };
}

function cameraMotion({ cameraMotion: byCamera }: CurationReport): Section[] {
  const cameras = Object.entries(byCamera);
  if (cameras.length === 0) return [];
  const labels = [...new Set(cameras.flatMap(([, motion]) => Object.keys(motion)))].sort();
  return [
    {
      title: "Camera motion",
      blocks: [
        {
          kind: "table",
          title: "Episodes by motion",
          rowHeading: "camera",
          columns: labels.map((label) => ({ label, digits: 0 })),
          rows: cameras.map(([camera, motion]) => ({
            label: camera,
            cells: labels.map((label) => motion[label] ?? 0),
          })),
        },
      ],
    },
  ];
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
