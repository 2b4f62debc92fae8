/** The real parts of a flywheel: operators in the simulated kitchen, world models of either family, planners in them. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { makeSearch, parsePolicySpec, readPlannerSpec } from "@orrery/agents";
import { UsageError } from "@orrery/core";
import { writeJsonAtomic } from "@orrery/core/node";
import { openDataset, readMixture } from "@orrery/data";
import { checkCell, PUSHT_TASKS } from "@orrery/eval/control";
import {
  isFinished,
  isJepa,
  isRun,
  loadConfig,
  trainWorldModel,
  type AnyConfig,
  type TrainProgress,
} from "@orrery/models";
import { bodyNamed, DEFAULT_BODY, recordEpisodes, taskFor, TASKS, type RecordProgress } from "@orrery/sim";
import type { FlywheelParts, TrainFacts, TrainLength, TrainOrder } from "../loop/parts.ts";
import type { FlywheelSettings } from "../loop/settings.ts";

export interface KitchenHooks {
  readonly onRecord?: (task: string, operator: string, progress: RecordProgress) => void;
  readonly onTrain?: (run: string, progress: TrainProgress) => void;
  readonly onNote?: (note: string) => void;
}

/** What was trained, kept beside the weights, so that a journal that was cut off after the training finds it. */
const FACTS = "trained.json";

/**
 * @param policies URL of the module that knows the policies: `import.meta.resolve("@orrery/agents")` of the caller
 */
export function kitchenParts(policies: string, hooks: KitchenHooks = {}): FlywheelParts {
  return {
    policyModule: policies,
    references: ["random", "expert"],
    operator: "expert",
    check,
    policyOf: (run, { planner }) => `${run}${planner}`,
    minFrames: (config) => clipRows(loadConfig(config)),
    async record({ task, operator, episodes, seed, body, cameras, timeLimitSec, to, signal }) {
      // Recording goes on counting where the dataset ends, so the rest are the episodes that were missing.
      const there = existsSync(join(to, "meta")) ? (await openDataset(to)).episodes.length : 0;
      if (there >= episodes) return;
      await recordEpisodes({
        task,
        operator,
        episodes: episodes - there,
        seed,
        to,
        ...(body === null ? {} : { body }),
        ...(cameras === null ? {} : { cameras }),
        ...(timeLimitSec === null ? {} : { timeLimitSec }),
        onProgress: (progress) => hooks.onRecord?.(task, operator, progress),
        ...(signal === undefined ? {} : { signal }),
      });
    },
    train: (order) => train(order, hooks),
  };
}

/** Everything that would fail only once something had been recorded or trained. */
function check(settings: FlywheelSettings): void {
  const config = loadConfig(settings.config);
  checkWorld(settings, clipRows(config));
  checkPictures(settings, config);
  checkPlanner(settings.planner);
}

/** Tasks, homes, body and cameras that there are, and recordings that a clip fits into. */
function checkWorld(
  { tasks, homes, body, cameras, expertSec, playSec, playEpisodes }: FlywheelSettings,
  clip: number,
): void {
  const { spec } = bodyNamed(body ?? DEFAULT_BODY);
  for (const task of tasks) {
    if ((PUSHT_TASKS as readonly string[]).includes(task)) {
      throw new UsageError(
        `flywheel: the loop turns in the kitchen, ${task} has no homes that a fleet could be sent to. Name tasks of ${TASKS.map(({ name }) => name).join(", ")}.`,
      );
    }
    checkCell(task, homes);
    taskFor(spec, task);
  }
  const known = spec.cameras.map(({ name }) => name);
  const unknown = cameras?.find(({ name }) => !known.includes(name));
  if (unknown !== undefined)
    throw new UsageError(
      `flywheel: a camera of ${spec.name} must be one of ${known.join(", ")}, got "${unknown.name}".`,
    );
  for (const [operator, seconds] of [
    ["expert", expertSec],
    ["play", playEpisodes > 0 ? playSec : null],
  ] as const) {
    if (seconds === null || Math.round(seconds * spec.controlRateHz) >= clip) continue;
    throw new UsageError(
      `flywheel: recordings of ${operator} must last the ${clip} rows of a training clip, ${clip / spec.controlRateHz} s at ${spec.controlRateHz} Hz, got ${seconds} s: nothing could be learnt from them.`,
    );
  }
}

/** A planner takes pictures as the model does: of its size. */
function checkPictures({ cameras }: FlywheelSettings, config: AnyConfig): void {
  const { width, height } = isJepa(config) ? config.net : config.tokenizer;
  const odd = cameras?.find((camera) => camera.width !== width || camera.height !== height);
  if (odd === undefined) return;
  throw new UsageError(
    `flywheel: cameras must have the size of the model's pictures, ${width}x${height}, got ${odd.name}:${odd.width}x${odd.height}. Write ${odd.name}:${width}x${height}, or change the configuration.`,
  );
}

/** What can be told of a planner without a model: its search, and that its options, but for names of parts, are numbers it may have. */
function checkPlanner(planner: string): void {
  const { options } = parsePolicySpec(`model${planner}`);
  const { search, searching } = readPlannerSpec("flywheel: the planner's", options);
  // Which search plans where none is named depends on the model; so do the options that fit it.
  if (search !== undefined) makeSearch(search, searching);
}

async function train(order: TrainOrder, { onTrain, onNote }: KitchenHooks): Promise<TrainFacts> {
  const { out, mixture, from, seed, length, signal } = order;
  const path = join(out, FACTS);
  if (isFinished(out) && existsSync(path)) return JSON.parse(readFileSync(path, "utf8")) as TrainFacts;
  const config = loadConfig(order.config);
  const { steps, seconds } = await trainWorldModel({
    config: configFor(config, length),
    sources: (await readMixture(mixture)).sources,
    out,
    seed,
    resume: isRun(out),
    ...("minutes" in length ? { minutes: length.minutes } : {}),
    ...(from === null ? {} : { continueFrom: from }),
    ...(signal === undefined ? {} : { signal }),
    ...(onNote === undefined ? {} : { onNote }),
    onProgress: (progress) => onTrain?.(out, progress),
  });
  const facts: TrainFacts = { steps: { ...steps }, seconds };
  writeJsonAtomic(path, facts);
  return facts;
}

function configFor(config: AnyConfig, length: TrainLength): AnyConfig {
  if ("mainSteps" in length) return withMainSteps(config, length.mainSteps);
  return "steps" in length ? withSteps(config, length.steps) : config;
}

/** The same configuration with so many steps of its main phase, the other phases in proportion. */
function withMainSteps(config: AnyConfig, steps: number): AnyConfig {
  const scale = steps / (isJepa(config) ? config.training.jepa.steps : config.training.dynamics.steps);
  const phases = Object.entries(config.training).map(
    ([name, phase]) => [name, Math.max(1, Math.round(scale * phase.steps))] as const,
  );
  return withSteps(config, Object.fromEntries(phases));
}

/** The same configuration with a number of steps for each phase that had any. */
function withSteps(config: AnyConfig, steps: Readonly<Record<string, number>>): AnyConfig {
  const phases = Object.entries(config.training).map(([name, phase]) => {
    const count = steps[name] ?? 0;
    return [name, count > 0 ? { ...phase, steps: count } : phase];
  });
  return { ...config, training: Object.fromEntries(phases) as never };
}

/** Rows that the longest clip of a configuration spans: shorter episodes cannot be learnt from. */
function clipRows(config: AnyConfig): number {
  if (!isJepa(config)) return config.training.dynamics.clipFrames;
  const { net, training } = config;
  return (net.historyFrames + training.jepa.rolloutSteps - 1) * net.maxBlock + 1;
}
