/** A flywheel as a page: success round by round beside the control, what became of the fleet's episodes, costs, films. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Block, Fact, Measured, Report, Section, Video } from "@orrery/eval/report";
import type { Standing } from "../loop/gate.ts";
import type { FlywheelResult, RoundResult } from "../loop/results.ts";
import type { FlywheelSettings } from "../loop/settings.ts";
import { readTrials } from "../registry/trials.ts";

export interface FlywheelReportOptions {
  /** Folder of the flywheel, which films are read from. */
  readonly out: string;
  readonly settings: FlywheelSettings;
  /** Machine, command. */
  readonly facts: readonly Fact[];
}

export function flywheelReport(result: FlywheelResult, options: FlywheelReportOptions): Report {
  const { rounds, baseStanding, champion, start } = result;
  const last = rounds.at(-1);
  const best =
    last === undefined ? baseStanding : standingsOf(last).find(({ release }) => release === champion.name);
  return {
    title: "Turning the loop",
    subtitle:
      "A model learnt from operators, a fleet acted by it in homes it had never seen, and what that brought back was learnt from in turn. The trials are the same for every release.",
    highlights: [
      {
        label: `success of ${champion.name}, in use at the end`,
        value: best === undefined ? "-" : percent(best.success),
        against: `r0, before the loop: ${percent(baseStanding.success)}`,
      },
      ...(last === undefined
        ? []
        : [
            {
              label: `control ${last.control.name}: as much training, no new data`,
              value: percent(last.judged.control.success),
              against: `${last.candidate.name}: ${percent(last.judged.candidate.success)}`,
            },
          ]),
    ],
    facts: [
      ...options.facts,
      { label: "Recorded by operators", value: `${start.episodes} episodes, ${start.frames} frames` },
      { label: "Tasks and homes", value: `${options.settings.tasks.join(", ")}; ${options.settings.homes}` },
    ],
    sections: flywheelSections(result, options),
  };
}

/** The same without a page around it, for reports that show more than the loop. */
export function flywheelSections(
  result: FlywheelResult,
  { out, settings }: FlywheelReportOptions,
): Section[] {
  const { rounds } = result;
  const videos = filmsOf(out);
  return [
    {
      title: "Success",
      text: `A candidate is promoted if it is better than the release in use by more than ${(100 * settings.margin).toFixed(0)} points on equal trials. The control of a round goes through as many training steps on the operators' recordings alone.`,
      blocks: [successChart(result), successTable(result), verdictTable(rounds)],
    },
    {
      title: "What the fleet brought back",
      text: "Failures are recorded like successes. Nothing is deleted: the verdicts lie beside the dataset, each with its reason.",
      blocks: [funnelTable(rounds), failureTable(rounds)],
    },
    { title: "What it cost", blocks: [costTable(rounds)] },
    ...(videos.length === 0
      ? []
      : [
          {
            title: "The fleet's policies on trial",
            blocks: [{ kind: "videoGrid", title: "Wins and failures", videos } satisfies Block],
          },
        ]),
  ];
}

function standingsOf({ judged }: RoundResult): readonly Standing[] {
  return [judged.champion, judged.candidate, judged.control];
}

function successChart({ rounds, baseStanding }: FlywheelResult): Block {
  const series = (name: string, role: "ours" | "baseline", points: readonly Standing[]) => ({
    name,
    role,
    x: points.map((_, i) => i),
    y: points.map(({ success }) => 100 * success),
    low: points.map(({ ci95 }) => 100 * ci95[0]),
    high: points.map(({ ci95 }) => 100 * ci95[1]),
  });
  return {
    kind: "chart",
    title: "Success by round",
    x: { label: "round" },
    y: { label: "success", unit: "%", fromZero: true },
    series: [
      series("the loop: new data", "ours", [baseStanding, ...rounds.map(({ judged }) => judged.candidate)]),
      series("control: training alone", "baseline", [
        baseStanding,
        ...rounds.map(({ judged }) => judged.control),
      ]),
    ],
    caption: `${baseStanding.trials} trials of each release; bands are Wilson's 95 % intervals.`,
  };
}

function successTable({ rounds, baseStanding }: FlywheelResult): Block {
  const rows = [
    { standing: baseStanding, isControl: false, what: "before the loop" },
    ...rounds.flatMap(({ judged, round }) => [
      {
        standing: judged.candidate,
        isControl: false,
        what: `round ${round}, ${judged.verdict.isPromoted ? "promoted" : "refused"}`,
      },
      { standing: judged.control, isControl: true, what: `round ${round}, control` },
    ]),
  ];
  return {
    kind: "table",
    title: "Releases",
    rowHeading: "Release",
    columns: [{ label: "success", unit: "%", better: "higher", digits: 0 }],
    rows: rows.map(({ standing, isControl, what }) => ({
      label: `${standing.release}: ${what}`,
      role: isControl ? "baseline" : "ours",
      cells: [{ ...inPercent(standing.success, standing.ci95), n: standing.trials }],
    })),
  };
}

function verdictTable(rounds: readonly RoundResult[]): Block {
  return {
    kind: "table",
    title: "Differences on equal trials",
    rowHeading: "First minus second",
    columns: [
      { label: "success", unit: "points", digits: 0 },
      { label: "McNemar p", digits: 3 },
    ],
    rows: rounds.flatMap(({ champion, candidate, control, judged }) => {
      const { difference } = judged.verdict;
      return [
        {
          label: `${candidate.name} - ${champion}, the release before`,
          cells: [{ ...inPercent(difference.value, difference.ci95), n: difference.pairs }, difference.p],
        },
        {
          label: `${candidate.name} - ${control.name}, its control`,
          cells: [
            {
              ...inPercent(judged.beyondControl.value, judged.beyondControl.ci95),
              n: judged.beyondControl.pairs,
            },
            judged.beyondControl.p,
          ],
        },
      ];
    }),
    caption: "Newcombe's interval for paired rates and McNemar's exact test, over all tasks.",
  };
}

function funnelTable(rounds: readonly RoundResult[]): Block {
  const reasons = Object.keys(rounds[0]?.selection.reasons ?? {}).filter((reason) => reason !== "kept");
  return {
    kind: "table",
    title: "Episodes, from the fleet to the training",
    rowHeading: "Round",
    columns: ["homes", "given up", "recorded", "succeeded", ...reasons, "kept", "frames kept"].map(
      (label) => ({
        label,
        digits: 0,
      }),
    ),
    rows: rounds.map(({ round, champion, fleet, selection }) => ({
      label: `${round}, by ${champion}`,
      cells: [
        fleet.homes,
        fleet.lost.length,
        fleet.episodes,
        fleet.successes,
        ...reasons.map((reason) => selection.reasons[reason as keyof typeof selection.reasons]),
        selection.kept,
        selection.keptFrames,
      ],
    })),
    caption: `Robots started anew: ${rounds.map(({ round, fleet: { restarts } }) => `round ${round}: ${restarts.died} died, ${restarts.silent} stopped answering`).join("; ")}.`,
  };
}

function failureTable(rounds: readonly RoundResult[]): Block {
  const kinds = [...new Set(rounds.flatMap(({ fleet }) => Object.keys(fleet.failures)))];
  return {
    kind: "table",
    title: "How the fleet failed",
    rowHeading: "Round",
    columns: kinds.map((label) => ({ label, digits: 0 })),
    rows: rounds.map(({ round, fleet }) => ({
      label: `${round}`,
      cells: kinds.map((kind) => fleet.failures[kind] ?? 0),
    })),
  };
}

function costTable(rounds: readonly RoundResult[]): Block {
  return {
    kind: "table",
    title: "Time and amounts",
    rowHeading: "Round",
    columns: [
      { label: "fleet", unit: "s", digits: 0 },
      { label: "choosing", unit: "s", digits: 0 },
      { label: "training", unit: "s", digits: 0 },
      { label: "control", unit: "s", digits: 0 },
      { label: "trials", unit: "s", digits: 0 },
      { label: "fleet frames", digits: 0 },
      { label: "training steps", digits: 0 },
      { label: "control steps", digits: 0 },
    ],
    rows: rounds.map(({ round, cost, fleet, candidate, control }) => ({
      label: `${round}`,
      cells: [
        cost.fleetSec,
        cost.selectSec,
        candidate.trainingSec,
        control.trainingSec,
        cost.trialsSec,
        fleet.frames,
        stepsOf(candidate.steps),
        stepsOf(control.steps),
      ],
    })),
    caption:
      "Wall-clock time. A part that was stopped and resumed counts its last session; training counts all.",
  };
}

function stepsOf(steps: Readonly<Record<string, number>>): number {
  return Object.values(steps).reduce((sum, count) => sum + count, 0);
}

/** One success and one failure of each release, as far as there are films. */
function filmsOf(out: string): Video[] {
  const shown = new Set<string>();
  return readTrials(out).flatMap(({ video, policy, task, success, failure, seed }) => {
    const release = policy.split(":")[0]?.split("/").at(-1) ?? policy;
    const key = `${release} ${task} ${success}`;
    if (video === undefined || shown.has(key) || !existsSync(join(out, "trials", video))) return [];
    shown.add(key);
    return [
      {
        label: `${release}, ${task}: ${success ? "success" : "failure"}`,
        detail: `${failure ?? "done"}, seed ${seed}`,
        data: readFileSync(join(out, "trials", video)),
      },
    ];
  });
}

function inPercent(value: number, [low, high]: readonly [number, number]): Measured {
  return { value: 100 * value, ci95: [100 * low, 100 * high] };
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}
