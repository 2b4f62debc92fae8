/** A flywheel as a page: success round by round beside the control, what became of the fleet's episodes, costs, films. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { differenceTable, inPercent } from "@orrery/eval/control";
import type { Block, Fact, Measured, Report, Role, Section, Video } from "@orrery/eval/report";
import type { Rate, Standing } from "../loop/gate.ts";
import type { FlywheelResult, RoundResult } from "../loop/results.ts";
import type { FlywheelSettings } from "../loop/settings.ts";
import { readTrials } from "../registry/trials.ts";
import { REASONS } from "../select/select.ts";

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
      blocks: [funnelTable(rounds), ...failureTable(rounds)],
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

function successTable({ rounds, baseStanding, references }: FlywheelResult): Block {
  const tasks = Object.keys(baseStanding.tasks);
  const rows: readonly { standing: Standing; role: Role; label: string }[] = [
    { standing: baseStanding, role: "ours", label: "r0: before the loop" },
    ...rounds.flatMap(({ judged: { candidate, control, verdict }, round }) => [
      {
        standing: candidate,
        role: "ours" as const,
        label: `${candidate.release}: round ${round}, ${verdict.isPromoted ? "promoted" : "refused"}`,
      },
      {
        standing: control,
        role: "baseline" as const,
        label: `${control.release}: round ${round}, control`,
      },
    ]),
    ...references.map((standing) => ({
      standing,
      role: standing.release === "expert" ? ("ceiling" as const) : ("baseline" as const),
      label: `${standing.release}, for comparison`,
    })),
  ];
  return {
    kind: "table",
    title: "Releases",
    rowHeading: "Release",
    columns: ["success", ...(tasks.length > 1 ? tasks : [])].map((label) => ({
      label,
      unit: "%",
      better: "higher",
      digits: 0,
    })),
    rows: rows.map(({ standing, role, label }) => ({
      label,
      role,
      cells: [standing, ...(tasks.length > 1 ? tasks.map((task) => standing.tasks[task]) : [])].map((rate) =>
        rate === undefined ? null : shareOf(rate),
      ),
    })),
  };
}

function shareOf({ success, ci95, trials }: Rate): Measured {
  return inPercent({ value: success, ci95 }, trials);
}

function verdictTable(rounds: readonly RoundResult[]): Block {
  return differenceTable(
    rounds.flatMap(({ champion, candidate, control, judged }) => [
      { first: candidate.name, second: `${champion}, the release before`, ...judged.verdict.difference },
      { first: candidate.name, second: `${control.name}, its control`, ...judged.beyondControl },
      {
        first: control.name,
        second: `${champion}: what more training does by itself`,
        ...judged.controlBeyondChampion,
      },
    ]),
  );
}

/** One column per round, so that any number of amounts can be read without scrolling sideways. */
function byRound(
  title: string,
  rounds: readonly RoundResult[],
  amounts: readonly (readonly [label: string, of: (round: RoundResult) => number])[],
  caption?: string,
): Block {
  return {
    kind: "table",
    title,
    rowHeading: "",
    columns: rounds.map(({ round }) => ({ label: `round ${round}`, digits: 0 })),
    rows: amounts.map(([label, of]) => ({ label, cells: rounds.map(of) })),
    ...(caption === undefined ? {} : { caption }),
  };
}

function funnelTable(rounds: readonly RoundResult[]): Block {
  const rejections = REASONS.filter((reason) => reason !== "kept");
  return byRound("Episodes, from the fleet to the training", rounds, [
    ["homes gone to", ({ fleet }) => fleet.homes],
    ["given up: robots died or fell silent", ({ fleet }) => fleet.lost.length],
    ["robots started anew", ({ fleet: { restarts } }) => restarts.died + restarts.silent],
    ["episodes recorded", ({ fleet }) => fleet.episodes],
    ["of these, succeeded", ({ fleet }) => fleet.successes],
    ...takeoverRows(rounds),
    ...rejections.map(
      (reason) => [`rejected: ${reason}`, ({ selection }: RoundResult) => selection.reasons[reason]] as const,
    ),
    ["kept", ({ selection }) => selection.kept],
    ["frames recorded", ({ fleet }) => fleet.frames],
    ["frames kept", ({ selection }) => selection.keptFrames],
  ]);
}

/** What operators had to do; nothing where nobody was there to take over. */
function takeoverRows(
  rounds: readonly RoundResult[],
): (readonly [label: string, of: (round: RoundResult) => number])[] {
  if (rounds.every(({ fleet }) => fleet.takeovers.episodes === 0)) return [];
  return [
    ["taken over by an operator", ({ fleet }) => fleet.takeovers.episodes],
    ["of these, succeeded then", ({ fleet }) => fleet.takeovers.successes],
    ["frames that operators acted", ({ fleet }) => fleet.takeovers.frames],
  ];
}

function failureTable(rounds: readonly RoundResult[]): Block[] {
  const kinds = [...new Set(rounds.flatMap(({ fleet }) => Object.keys(fleet.failures)))];
  if (kinds.length === 0) return [];
  const amounts = kinds.map((kind) => [kind, ({ fleet }: RoundResult) => fleet.failures[kind] ?? 0] as const);
  return [byRound("How the fleet failed", rounds, amounts)];
}

function costTable(rounds: readonly RoundResult[]): Block {
  return byRound(
    "Time and steps",
    rounds,
    [
      ["fleet, s", ({ cost }) => cost.fleetSec],
      ["choosing episodes, s", ({ cost }) => cost.selectSec],
      ["training the candidate, s", ({ candidate }) => candidate.trainingSec],
      ["training the control, s", ({ control }) => control.trainingSec],
      ["trials, s", ({ cost }) => cost.trialsSec],
      ["training steps of the candidate", ({ candidate }) => stepsOf(candidate.steps)],
      ["training steps of the control", ({ control }) => stepsOf(control.steps)],
    ],
    "Wall-clock time. A part that was stopped and resumed counts its last session; training counts all.",
  );
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

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}
