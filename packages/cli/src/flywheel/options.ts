/** What can be said of a loop on the command line or in a file, and the plan that follows from it. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { ConfigError, isRecord, messageOf, UsageError } from "@orrery/core";
import type { Command } from "commander";
import type { FlywheelSettings } from "@orrery/flywheel";
import type { CameraSize } from "@orrery/sim";
import { cameraList } from "../commands/sim/record.ts";
import { fraction, nameList, positiveNumber, positiveWhole, wholeNumber } from "../options.ts";

export interface FlywheelFlags {
  readonly out: string;
  readonly resume?: boolean;
  readonly robots?: number;
  readonly answerLimit: number;
  readonly settings?: string;
  readonly rounds: number;
  readonly tasks: readonly string[];
  readonly minutes: number;
  readonly config: string;
  readonly homes: string;
  readonly planner: string;
  readonly margin: number;
  readonly body?: string;
  readonly cameras?: readonly CameraSize[];
  readonly experts?: number;
  readonly plays?: number;
  readonly expertLimit?: number;
  readonly playLimit?: number;
  readonly fleetEpisodes?: number;
  readonly episodeLimit?: number;
  readonly fleetLimit?: number;
  readonly takeoverLimit?: number;
  readonly baseMinutes?: number;
  readonly roundMinutes?: number;
  readonly baseSteps?: number;
  readonly roundSteps?: number;
  readonly trials?: number;
}

/** Options that decide what a loop does, by the setting that each stands for. */
const SETTING_OF = {
  rounds: "rounds",
  tasks: "tasks",
  minutes: "minutes",
  config: "config",
  homes: "homes",
  planner: "planner",
  margin: "margin",
  body: "body",
  cameras: "cameras",
  experts: "expertEpisodes",
  plays: "playEpisodes",
  expertLimit: "expertSec",
  playLimit: "playSec",
  fleetEpisodes: "fleetEpisodes",
  episodeLimit: "episodeSec",
  fleetLimit: "fleetSec",
  takeoverLimit: "takeoverSec",
  baseMinutes: "baseMinutes",
  roundMinutes: "roundMinutes",
  baseSteps: "baseSteps",
  roundSteps: "roundSteps",
  trials: "trials",
} as const satisfies Partial<Record<keyof FlywheelFlags, keyof FlywheelSettings>>;

export function addFlywheelOptions(command: Command): Command {
  return command
    .requiredOption("--out <folder>", "store, releases, trials and journal of the loop")
    .option("--resume", "go on with a loop that was stopped")
    .option("--rounds <n>", "turns of the loop", positiveWhole, 2)
    .option("--tasks <list>", "tasks of the kitchen, parted by commas", nameList, ["reach", "push"])
    .option("--minutes <m>", "about how long the whole may take on two cores", positiveNumber, 90)
    .option("--config <preset>", "model that is trained: a preset, or a .json file", "jepa-tiny")
    .option("--homes <split>", "where fleet and trials act: seen, novel-<family>, novel-combination", "seen")
    .option("--planner <options>", "how every release plans, as search=cem:samples=64", "")
    .option("--margin <share>", "a candidate must be better by more than this", fraction, 0.05)
    .option("--body <name>", "robot of operators and fleet")
    .option("--cameras <list>", "its cameras and sizes, as head:64x64,left_wrist:64x64", cameraList)
    .option("--settings <file.json>", "any of the settings, by their names in the journal; options win")
    .option("--robots <n>", "fleet and trial processes at once; one per core where left out", positiveWhole)
    .option(
      "--answer-limit <seconds>",
      "a robot that is silent for so long is started anew",
      positiveNumber,
      300,
    )
    .optionsGroup("Amounts, which follow from --minutes where left out:")
    .option("--experts <n>", "episodes that experts record, per task", wholeNumber)
    .option("--plays <n>", "episodes of play, per task", wholeNumber)
    .option("--expert-limit <seconds>", "longest recording of an expert", positiveNumber)
    .option("--play-limit <seconds>", "longest recording of play in one scene", positiveNumber)
    .option("--fleet-episodes <n>", "episodes per round and task", positiveWhole)
    .option("--episode-limit <seconds>", "longest episode of fleet and trials", positiveNumber)
    .option(
      "--fleet-limit <seconds>",
      "longest episode of the fleet, where it may look for longer",
      positiveNumber,
    )
    .option(
      "--takeover-limit <seconds>",
      "an operator takes over for so long where the fleet has not succeeded",
      positiveNumber,
    )
    .option("--base-minutes <m>", "training before the first round", positiveNumber)
    .option("--round-minutes <m>", "training of a round's candidate", positiveNumber)
    .option("--base-steps <n>", "steps of the main phase instead of --base-minutes", positiveWhole)
    .option("--round-steps <n>", "the same of --round-minutes", positiveWhole)
    .option("--trials <n>", "trials of each release on each task", positiveWhole);
}

/** Whether anything was said that decides what the loop does; one that is resumed without does what it was begun with. */
export function saysWhatToDo(command: Command): boolean {
  return [...Object.keys(SETTING_OF), "settings", "seed"].some(
    (name) => command.getOptionValueSource(name) === "cli",
  );
}

/**
 * The plan: what the command line says, else what the file of settings says, else what follows from the minutes.
 * @throws {UsageError} if the file cannot be read; @throws {ConfigError} for names in it that are no settings
 */
export async function planOf(
  flags: FlywheelFlags,
  command: Command,
  running: { readonly robots: number; readonly seed: number },
): Promise<FlywheelSettings> {
  const { planFlywheel, SELECTION_DEFAULTS } = await import("@orrery/flywheel");
  const said: Record<string, unknown> = {};
  const left: Record<string, unknown> = {};
  for (const [option, setting] of Object.entries(SETTING_OF)) {
    const value = flags[option as keyof typeof SETTING_OF];
    if (value === undefined) continue;
    (command.getOptionValueSource(option) === "cli" ? said : left)[setting] = value;
  }
  const plain = { minutes: 1, tasks: [], rounds: 1, ...running };
  const filed = flags.settings === undefined ? {} : readSettings(flags.settings, planFlywheel(plain));
  const merged = { answerSec: flags.answerLimit, ...left, ...filed, ...said } as Partial<FlywheelSettings>;
  const { minutes = 90, tasks = [], rounds = 2, planner = "", config = "" } = merged;
  return planFlywheel({
    minutes,
    tasks,
    rounds,
    ...running,
    settings: {
      ...merged,
      // A journal may be resumed from elsewhere.
      config: config.endsWith(".json") ? resolve(config) : config,
      planner: planner === "" || planner.startsWith(":") ? planner : `:${planner}`,
      selection: { ...SELECTION_DEFAULTS, ...merged.selection },
    },
  });
}

/** @param known settings whose names and kinds of value the file's must have */
function readSettings(path: string, known: FlywheelSettings): Record<string, unknown> {
  let values: unknown;
  try {
    values = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new UsageError(`flywheel: ${path} cannot be read as JSON (${messageOf(cause)}).`, { cause });
  }
  const problems = isRecord(values)
    ? problemsIn(values, { ...known })
    : ["the file must hold one JSON object"];
  if (problems.length > 0) throw new ConfigError(path, problems);
  return values as Record<string, unknown>;
}

/** Settings that may differ when a loop goes on, or that all commands have: said on the command line alone. */
const OPTIONS_ONLY: readonly string[] = ["robots", "seed"];

function problemsIn(values: Record<string, unknown>, known: Record<string, unknown>, at = ""): string[] {
  return Object.entries(values).flatMap(([name, value]) => {
    const example = known[name];
    if (at === "" && OPTIONS_ONLY.includes(name))
      return [`"${name}" is an option: leave it out and say --${name}`];
    if (!Object.hasOwn(known, name)) {
      const names = Object.keys(known).filter((each) => at !== "" || !OPTIONS_ONLY.includes(each));
      return [`"${at}${name}" is none of ${names.join(", ")}`];
    }
    // A setting that is null in a plan may be of any kind; what it is given to says what it must be.
    if (example === null || value === null || kindOf(value) === kindOf(example))
      return isRecord(value) && isRecord(example) ? problemsIn(value, example, `${name}.`) : [];
    return [`"${at}${name}" must be ${kindOf(example)}, got ${JSON.stringify(value)}`];
  });
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? "a list" : isRecord(value) ? "an object" : `a ${typeof value}`;
}
