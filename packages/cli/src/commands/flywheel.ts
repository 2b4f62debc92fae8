/** `orrery flywheel`: record, train, deploy, collect, retrain, judge, promote or refuse; then again. */
import { availableParallelism, cpus } from "node:os";
import { join, resolve } from "node:path";
import { InvalidArgumentError, type Command } from "commander";
import type { FlywheelResult, FlywheelSettings, PlanRequest, RoundResult, Standing } from "@orrery/flywheel";
import type { PairedSuccess } from "@orrery/eval/control";
import { formatDuration, formatNumber } from "../format.ts";
import { fraction, positiveNumber, positiveWhole } from "../options.ts";
import { runs, type Result, type Run } from "../run.ts";
import { showTraining } from "./train.ts";

interface FlywheelFlags {
  readonly out: string;
  readonly rounds: number;
  readonly tasks: readonly string[];
  readonly robots?: number;
  readonly minutes: number;
  readonly resume?: boolean;
  readonly config: string;
  readonly homes: string;
  readonly planner: string;
  readonly trials?: number;
  readonly fleetEpisodes?: number;
  readonly margin: number;
  readonly answerLimit: number;
}

export function addFlywheel(program: Command): void {
  const command = program
    .command("flywheel")
    .requiredOption("--out <folder>", "store, releases, trials and journal of the loop")
    .option("--rounds <n>", "turns of the loop", positiveWhole, 2)
    .option("--tasks <list>", "tasks of the kitchen, parted by commas", list, ["reach", "push"])
    .option("--robots <n>", "fleet and trial processes at once; one per core where left out", positiveWhole)
    .option("--minutes <m>", "about how long the whole may take on two cores", positiveNumber, 90)
    .option("--resume", "go on with a loop that was stopped")
    .option("--config <preset>", "model that is trained", "jepa-tiny")
    .option("--homes <split>", "where fleet and trials act: seen, novel-<family>, novel-combination", "seen")
    .option("--planner <options>", "how every release plans, as search=cem:samples=64", "")
    .option(
      "--trials <n>",
      "trials of each release on each task; follows from --minutes where left out",
      positiveWhole,
    )
    .option(
      "--fleet-episodes <n>",
      "episodes per round and task; follows from --minutes where left out",
      positiveWhole,
    )
    .option("--margin <share>", "a candidate must be better by more than this", fraction, 0.05)
    .option(
      "--answer-limit <seconds>",
      "a robot that is silent for so long is started anew",
      positiveNumber,
      300,
    )
    .description(
      "turn the loop: a fleet acts by the model, what it lives through is learnt from, trials decide",
    );
  runs(command, async (_args, options, run) => {
    const flags = options as FlywheelFlags;
    const { Journal, planFlywheel } = await import("@orrery/flywheel");
    const begun = flags.resume ? Journal.settingsIn(flags.out) : null;
    const isAsBegun = !PLANNED.some((name) => command.getOptionValueSource(name) === "cli");
    const { answerLimit, robots = availableParallelism() } = flags;
    const settings =
      begun !== null && isAsBegun
        ? { ...begun, robots, answerSec: answerLimit }
        : planFlywheel(requestOf(flags, robots, run.seed));
    const report = await pageOf(flags.out, settings);
    const result = await turn(flags.out, settings, flags.resume ?? false, run, (soFar) => {
      report.write(soFar);
      for (const round of soFar.rounds.slice(-1)) printRound(round, run);
    });
    run.print(
      `In use: ${result.champion.name} (${result.champion.id}). Took ${formatDuration(result.seconds)}.`,
    );
    run.print(`Report: ${report.path}`);
    run.print(`Next: ./orrery lineage ${join(flags.out, "releases", result.champion.name)}`);
    return { ...flywheelResult(result), report: report.path };
  });
}

/** Options that decide what a loop does. One that is resumed without any of them does what it was begun with. */
const PLANNED = [
  "rounds",
  "tasks",
  "minutes",
  "config",
  "homes",
  "planner",
  "trials",
  "fleetEpisodes",
  "margin",
  "seed",
] as const;

function requestOf(flags: FlywheelFlags, robots: number, seed: number): PlanRequest {
  const { minutes, tasks, rounds, trials, fleetEpisodes, margin, homes, config, planner } = flags;
  const settings = {
    margin,
    homes,
    config,
    planner: planner === "" ? "" : `:${planner}`,
    answerSec: flags.answerLimit,
    ...(trials === undefined ? {} : { trials }),
    ...(fleetEpisodes === undefined ? {} : { fleetEpisodes }),
  };
  return { minutes, tasks, rounds, robots, seed, settings };
}

/** Runs the loop with progress; also what the demo turns once. */
export async function turn(
  out: string,
  settings: FlywheelSettings,
  resume: boolean,
  run: Run,
  onRound?: (soFar: FlywheelResult) => void,
): Promise<FlywheelResult> {
  const [{ runFlywheel }, { kitchenParts }] = await Promise.all([
    import("@orrery/flywheel"),
    import("@orrery/flywheel/kitchen"),
  ]);
  const onNote = (note: string): void => void process.stderr.write(`flywheel: ${note}\n`);
  let stage = "";
  const parts = kitchenParts(import.meta.resolve("@orrery/agents"), {
    onNote,
    onRecord: (task, operator, { episodes, of, stepsPerSecond }) =>
      run.progress.update({
        what: `record ${task} by ${operator}`,
        done: episodes,
        total: of,
        unit: "episodes",
        note: `${formatNumber(stepsPerSecond)} steps/s`,
      }),
    onTrain: (_run, progress) => showTraining(run, progress),
  });
  const result = await runFlywheel({
    out,
    settings,
    parts,
    resume,
    onNote,
    onStage: (name) => {
      stage = name;
      run.progress.end();
      process.stderr.write(`flywheel: ${name}\n`);
    },
    onFleet: (done, total, successes) =>
      run.progress.update({ what: stage, done, total, unit: "homes", note: `${successes} succeeded` }),
    onTrials: ({ done, of }) => run.progress.update({ what: stage, done, total: of, unit: "trials" }),
    onRound: (soFar) => {
      run.progress.end();
      onRound?.(soFar);
    },
    signal: run.signal,
  });
  run.progress.end();
  return result;
}

/** The report of a loop, written anew after every round, and its numbers beside it. */
async function pageOf(
  out: string,
  settings: FlywheelSettings,
): Promise<{ readonly path: string; readonly write: (soFar: FlywheelResult) => void }> {
  const [{ flywheelReport }, { renderReport }, { writeFileAtomic, writeJsonAtomic }] = await Promise.all([
    import("@orrery/flywheel"),
    import("@orrery/eval/report"),
    import("@orrery/core/node"),
  ]);
  const command = commandOf(out, settings);
  const path = resolve(join(out, "report.html"));
  const write = (soFar: FlywheelResult): void => {
    const facts = [
      { label: "Machine", value: `${cpus()[0]?.model.trim() ?? "unknown"}, ${cpus().length} threads` },
      { label: "Time", value: formatDuration(soFar.seconds) },
      { label: "Seed", value: `${settings.seed}` },
      { label: "Command", value: command, isCode: true },
    ];
    writeFileAtomic(path, renderReport(flywheelReport(soFar, { out, settings, facts })));
    writeJsonAtomic(join(out, "result.json"), { command, settings, ...soFar });
  };
  return { path, write };
}

/** With every number that decides, whatever was left to a default, so that it can be done again. */
function commandOf(out: string, settings: FlywheelSettings): string {
  const { minutes, rounds, tasks, robots, config, homes, planner, trials, fleetEpisodes, margin, seed } =
    settings;
  const parts = [
    `--out ${out} --minutes ${minutes} --rounds ${rounds} --tasks ${tasks.join()} --robots ${robots}`,
    `--config ${config} --homes ${homes}`,
    ...(planner === "" ? [] : [`--planner ${planner.slice(1)}`]),
    `--trials ${trials} --fleet-episodes ${fleetEpisodes} --margin ${margin} --seed ${seed}`,
  ];
  return `./orrery flywheel ${parts.join(" ")}`;
}

function printRound({ round, fleet, selection, judged }: RoundResult, run: Run): void {
  const share = ({ success, trials }: Standing): string => `${(100 * success).toFixed(0)} % of ${trials}`;
  run.print(
    `Round ${round}: ${fleet.episodes} episodes came in (${fleet.successes} succeeded), ${selection.kept} were kept. ` +
      `${judged.candidate.release} succeeds in ${share(judged.candidate)}, ${judged.champion.release} before it in ${share(judged.champion)}, ` +
      `its control in ${share(judged.control)}: ${judged.verdict.reason}.`,
  );
}

/** The fields of `--json`. */
export function flywheelResult(result: FlywheelResult): Result {
  const { base, baseStanding, references, rounds, champion, seconds } = result;
  return {
    metrics: {
      before: standing(baseStanding),
      references: references.map(standing),
      rounds: rounds.map(({ round, fleet, selection, judged, cost, candidate, control }) => ({
        round,
        candidate: standing(judged.candidate),
        control: standing(judged.control),
        champion: standing(judged.champion),
        promoted: judged.verdict.isPromoted,
        margin: judged.verdict.margin,
        over_champion: difference(judged.verdict.difference),
        over_control: difference(judged.beyondControl),
        homes: fleet.homes,
        episodes_in: fleet.episodes,
        episodes_kept: selection.kept,
        // Reasons are data, so they stay as they are.
        reasons: selection.reasons,
        frames_in: fleet.frames,
        frames_kept: selection.keptFrames,
        robots_restarted: fleet.restarts,
        seconds: {
          fleet: cost.fleetSec,
          select: cost.selectSec,
          train: candidate.trainingSec,
          control: control.trainingSec,
          trials: cost.trialsSec,
        },
      })),
    },
    runs: [base.run, ...rounds.flatMap(({ candidate, control }) => [candidate.run, control.run])],
    champion: champion.run,
    seconds,
  };
}

function standing({ release, trials, success, ci95 }: Standing): Result {
  return { release, n: trials, success, ci95 };
}

function difference({ pairs, success, p }: PairedSuccess): Result {
  return { n: pairs, success: success.value, ci95: success.ci95, mcnemar_p: p };
}

function list(text: string): string[] {
  const items = text.split(",").map((item) => item.trim());
  if (items.includes("")) throw new InvalidArgumentError(`Names are parted by single commas, got "${text}".`);
  return items;
}
