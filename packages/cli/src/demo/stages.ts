/** The stages of the demo, each skipped where its result is there already, so that an interrupted demo goes on. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DataError, messageOf, UsageError } from "@orrery/core";
import { writeJsonAtomic } from "@orrery/core/node";
import { openDataset } from "@orrery/data";
import { scoreRun, type PredictionResult } from "@orrery/eval";
import { isFinished, isRun, loadConfig, trainWorldModel, type TrainResult } from "@orrery/models";
import { recordEpisodes } from "@orrery/sim";
import { formatNumber } from "../format.ts";
import type { Run } from "../run.ts";
import { showTraining } from "../commands/train.ts";
import type { DemoPlan, Session } from "./plan.ts";

export interface DemoSettings {
  readonly minutes: number;
  readonly seed: number;
}

export interface Recorded {
  readonly episodes: number;
  readonly steps: number;
  readonly stepsPerSecond: number;
  /** Of the expert's episodes. */
  readonly expertSuccess: number;
}

export const trainingSet = (out: string): string => join(out, "store", "kitchen");
export const heldOutSet = (out: string): string => join(out, "store", "kitchen-held-out");
export const runFolder = (out: string): string => join(out, "run");

/**
 * Notes the settings in the folder.
 * @throws {UsageError} if it belongs to a demo with others, or holds something else
 * @throws {DataError} if the note is damaged
 */
export function claimFolder(out: string, settings: DemoSettings): void {
  const path = join(out, "demo.json");
  if (existsSync(path)) {
    const found = readSettings(path);
    if (found.minutes !== settings.minutes || found.seed !== settings.seed) {
      throw new UsageError(
        `demo: ${out} holds a demo of ${found.minutes} minutes with seed ${found.seed}, this one has ${settings.minutes} and ${settings.seed}. Name another folder with --out.`,
      );
    }
    return;
  }
  const stat = statSync(out, { throwIfNoEntry: false });
  const names = stat === undefined ? [] : stat.isDirectory() ? readdirSync(out) : ["a file"];
  if (names.length > 0) {
    throw new UsageError(
      `demo: ${out} must be an empty or a new folder, it holds ${names[0]}${names.length > 1 ? ` and ${names.length - 1} more` : ""}. Name another folder with --out.`,
    );
  }
  writeJsonAtomic(path, settings);
}

function readSettings(path: string): DemoSettings {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as DemoSettings;
  } catch (cause) {
    throw new DataError(
      `demo: ${path} must hold the settings of a demo as JSON (${messageOf(cause)}). Name another folder with --out.`,
      { path, cause },
    );
  }
}

/** Records sessions one after the other into one dataset. */
export async function record(
  name: string,
  sessions: readonly Session[],
  to: string,
  run: Run,
): Promise<Recorded> {
  const statePath = `${to}.recorded.json`;
  const done: SessionDone[] = existsSync(statePath)
    ? (JSON.parse(readFileSync(statePath, "utf8")) as SessionDone[])
    : [];
  const total = sessions.reduce((sum, { episodes }) => sum + episodes, 0);
  for (const session of sessions.slice(done.length)) {
    const before = done.reduce((sum, { episodes }) => sum + episodes, 0);
    // A session that was cut short has left some of its episodes: only what is missing is recorded.
    const already = existsSync(to) ? (await openDataset(to)).episodes.length - before : 0;
    const what = `record ${name}`;
    run.progress.update({ what, done: before + already, total, unit: "episodes" });
    const summary = await recordEpisodes({
      ...session,
      // Seeds go by index from the session's own, so the rest of a session is not the same episodes again.
      seed: session.seed + (already > 0 ? 10_000 + already : 0),
      episodes: session.episodes - already,
      to,
      signal: run.signal,
      onProgress: ({ episodes, stepsPerSecond }) =>
        run.progress.update({
          what,
          done: before + already + episodes,
          total,
          unit: "episodes",
          note: `${session.task} by ${session.operator}, ${formatNumber(stepsPerSecond)} steps/s`,
        }),
    });
    done.push({
      operator: session.operator,
      episodes: session.episodes,
      steps: summary.steps,
      seconds: summary.seconds,
      successRate: summary.successRate,
    });
    writeJsonAtomic(statePath, done);
  }
  run.progress.end();
  const sum = (of: (session: SessionDone) => number, from = done): number =>
    from.reduce((s, session) => s + of(session), 0);
  const experts = done.filter(({ operator }) => operator === "expert");
  return {
    episodes: total,
    steps: sum(({ steps }) => steps),
    stepsPerSecond:
      sum(({ steps }) => steps) /
      Math.max(
        1e-9,
        sum(({ seconds }) => seconds),
      ),
    expertSuccess:
      sum(({ successRate, episodes }) => successRate * episodes, experts) /
      Math.max(
        1,
        sum(({ episodes }) => episodes, experts),
      ),
  };
}

interface SessionDone {
  readonly operator: string;
  readonly episodes: number;
  readonly steps: number;
  readonly seconds: number;
  readonly successRate: number;
}

/** Trains the `tiny` model, or goes on with a run that was stopped. */
export async function train(out: string, plan: DemoPlan, seed: number, run: Run): Promise<TrainResult> {
  const folder = runFolder(out);
  const summary = join(folder, "result.json");
  if (isFinished(folder) && existsSync(summary))
    return JSON.parse(readFileSync(summary, "utf8")) as TrainResult;
  const result = await trainWorldModel({
    config: loadConfig("tiny"),
    sources: [{ dataset: await openDataset(trainingSet(out)) }],
    out: folder,
    seed,
    minutes: plan.trainMinutes,
    resume: isRun(folder),
    onProgress: (progress) => showTraining(run, progress),
    onNote: (note) => process.stderr.write(`demo: ${note}\n`),
    signal: run.signal,
  });
  run.progress.end();
  writeJsonAtomic(summary, result);
  return result;
}

export async function score(out: string, plan: DemoPlan, seed: number, run: Run): Promise<PredictionResult> {
  const result = await scoreRun({
    run: runFolder(out),
    data: heldOutSet(out),
    seed,
    windows: plan.windows,
    onProgress: (done, total) =>
      run.progress.update({ what: "score held-out episodes", done, total, unit: "windows" }),
    signal: run.signal,
  });
  run.progress.end();
  return result;
}
