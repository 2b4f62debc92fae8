/** `orrery flywheel`: record, train, deploy, collect, retrain, judge, promote or refuse; then again. */
import { availableParallelism, cpus } from "node:os";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import type { FlywheelResult, FlywheelSettings, RoundResult, Standing } from "@orrery/flywheel";
import type { PairedSuccess } from "@orrery/eval/control";
import { formatDuration, formatNumber } from "../format.ts";
import { addFlywheelOptions, planOf, saysWhatToDo, type FlywheelFlags } from "../flywheel/options.ts";
import { runs, type Result, type Run } from "../run.ts";
import { showTraining } from "./train.ts";

/** What the loop was turned by, as --settings takes it. */
const SETTINGS = "settings.json";

export function addFlywheel(program: Command): void {
  const command = addFlywheelOptions(program.command("flywheel")).description(
    "turn the loop: a fleet acts by the model, what it lives through is learnt from, trials decide",
  );
  runs(command, async (_args, options, run) => {
    const flags = options as FlywheelFlags;
    const { Journal } = await import("@orrery/flywheel");
    const begun = flags.resume ? Journal.settingsIn(flags.out) : null;
    const { answerLimit, robots = availableParallelism() } = flags;
    const settings =
      begun !== null && !saysWhatToDo(command)
        ? { ...begun, robots, answerSec: answerLimit }
        : await planOf(flags, command, { robots, seed: run.seed });
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
  const { robots: _robots, seed: _seed, ...decisive } = settings;
  const path = resolve(join(out, "report.html"));
  const write = (soFar: FlywheelResult): void => {
    const facts = [
      { label: "Machine", value: `${cpus()[0]?.model.trim() ?? "unknown"}, ${cpus().length} threads` },
      { label: "Time", value: formatDuration(soFar.seconds) },
      { label: "Seed", value: `${settings.seed}` },
      { label: "Command", value: command, isCode: true },
    ];
    writeJsonAtomic(join(out, SETTINGS), decisive);
    writeFileAtomic(path, renderReport(flywheelReport(soFar, { out, settings, facts })));
    writeJsonAtomic(join(out, "result.json"), { command, settings, ...soFar });
  };
  return { path, write };
}

/** By the settings that stand in the folder, for what was left to a default decides as well. */
function commandOf(out: string, { robots, seed }: FlywheelSettings): string {
  return `./orrery flywheel --out ${out} --settings ${join(out, SETTINGS)} --robots ${robots} --seed ${seed}`;
}

function printRound({ round, fleet, selection, judged }: RoundResult, run: Run): void {
  const { episodes, successes } = fleet.takeovers;
  const helped = episodes === 0 ? "" : `, an operator took ${episodes} over and succeeded in ${successes}`;
  const share = ({ success, trials }: Standing): string => `${(100 * success).toFixed(0)} % of ${trials}`;
  run.print(
    `Round ${round}: ${fleet.episodes} episodes came in (${fleet.successes} succeeded${helped}), ${selection.kept} were kept. ` +
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
        control_over_champion: difference(judged.controlBeyondChampion),
        homes: fleet.homes,
        episodes_in: fleet.episodes,
        taken_over: fleet.takeovers,
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
