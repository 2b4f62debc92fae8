/** Models beside the world models on disk: the same files as any run, with a `config.json` that names their kind. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DataError, messageOf, UsageError, type Embodiment } from "@orrery/core";
import { writeJsonAtomic } from "@orrery/core/node";
import { Generator, loadTensors, noGrad, scope, type Module } from "@orrery/torch";
import type { StreamFacts } from "./world-model.ts";

const FORMAT = 1;

/** What tells one kind of run from another. */
export interface SideKind<Config, Model extends Module> {
  /** As `config.json` has it. */
  readonly kind: string;
  /** With its article, for messages. */
  readonly noun: string;
  /** Preset that trains one. */
  readonly preset: string;
  /** Function that errors speak for. */
  readonly loader: string;
  readonly parse: (where: string, values: unknown) => Config;
  readonly make: (config: Config, facts: StreamFacts, generator: Generator) => Model;
}

export function writeSideConfig(folder: string, kind: string, config: object, facts: StreamFacts): void {
  const { embodiment, ...stream } = facts;
  writeJsonAtomic(join(folder, "embodiment.json"), embodiment);
  writeJsonAtomic(join(folder, "config.json"), { format: FORMAT, kind, model: config, stream });
}

/** @throws {UsageError} if there is no run, or one of another kind; @throws {DataError} if it is damaged */
export function readSideConfig<Config>(
  folder: string,
  { kind, noun, preset, loader, parse }: SideKind<Config, Module>,
): { config: Config; facts: StreamFacts } {
  const path = join(folder, "config.json");
  if (!existsSync(path)) {
    throw new UsageError(
      `${loader}: ${folder} must be a run folder with a config.json, there is none. Name what \`orrery train ${preset} --out\` wrote.`,
    );
  }
  let saved: { format?: number; kind?: string; model?: unknown; stream?: Omit<StreamFacts, "embodiment"> };
  let embodiment: Embodiment;
  try {
    saved = JSON.parse(readFileSync(path, "utf8")) as typeof saved;
    embodiment = JSON.parse(readFileSync(join(folder, "embodiment.json"), "utf8")) as Embodiment;
  } catch (cause) {
    throw new DataError(
      `${loader}: the configuration of ${folder} cannot be read (${messageOf(cause)}). Restore the run from a copy, or train it again.`,
      { path, cause },
    );
  }
  if (saved.kind !== kind || saved.format !== FORMAT || saved.stream === undefined) {
    throw new UsageError(
      `${loader}: ${folder} must hold ${noun} of format ${FORMAT}, it holds "${saved.kind}" of format ${saved.format}. Train one with \`orrery train ${preset}\`.`,
    );
  }
  return { config: parse(path, saved.model), facts: { ...saved.stream, embodiment } };
}

/** @throws {UsageError} if the folder is no finished run of this kind; @throws {DataError} if it is damaged */
export function loadSideModel<Config, Model extends Module>(
  folder: string,
  kind: SideKind<Config, Model>,
): Model {
  const { config, facts } = readSideConfig(folder, kind);
  if (!existsSync(join(folder, "model.safetensors"))) {
    throw new UsageError(
      `${kind.loader}: ${folder} must be a finished run, it holds no weights yet. Go on with --resume.`,
    );
  }
  const model = scope(() => kind.make(config, facts, new Generator(0)));
  model.setTrainable(false);
  scope(() => noGrad(() => model.loadStateDict(loadTensors(folder))));
  return model;
}
