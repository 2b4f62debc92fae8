/** A latent action model on disk: the same files as any run, with a `config.json` of its own kind. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DataError, messageOf, UsageError, type Embodiment } from "@orrery/core";
import { writeJsonAtomic } from "@orrery/core/node";
import { Generator, loadTensors, noGrad, saveTensors, scope } from "@orrery/torch";
import type { StreamFacts } from "../world-model.ts";
import { parseLatentActionConfig, type LatentActionConfig } from "./config.ts";
import { LatentActionModel } from "./latent-action-model.ts";

const FORMAT = 1;
const KIND = "latent-actions";

export function writeLatentActionConfig(
  folder: string,
  config: LatentActionConfig,
  facts: StreamFacts,
): void {
  const { embodiment, ...stream } = facts;
  writeJsonAtomic(join(folder, "embodiment.json"), embodiment);
  writeJsonAtomic(join(folder, "config.json"), { format: FORMAT, kind: KIND, model: config, stream });
}

export function writeLatentActionWeights(folder: string, model: LatentActionModel): void {
  saveTensors(folder, model.stateDict());
}

/** @throws {UsageError} if there is no run, or one of another kind; @throws {DataError} if it is damaged */
export function readLatentActionConfig(folder: string): { config: LatentActionConfig; facts: StreamFacts } {
  const path = join(folder, "config.json");
  if (!existsSync(path)) {
    throw new UsageError(
      `loadLatentActions: ${folder} must be a run folder with a config.json, there is none. Name what \`orrery train lam-tiny --out\` wrote.`,
    );
  }
  let saved: { format?: number; kind?: string; model?: unknown; stream?: Omit<StreamFacts, "embodiment"> };
  let embodiment: Embodiment;
  try {
    saved = JSON.parse(readFileSync(path, "utf8")) as typeof saved;
    embodiment = JSON.parse(readFileSync(join(folder, "embodiment.json"), "utf8")) as Embodiment;
  } catch (cause) {
    throw new DataError(
      `loadLatentActions: the configuration of ${folder} cannot be read (${messageOf(cause)}). Restore the run from a copy, or train it again.`,
      { path, cause },
    );
  }
  if (saved.kind !== KIND || saved.format !== FORMAT || saved.stream === undefined) {
    throw new UsageError(
      `loadLatentActions: ${folder} must hold a latent action model of format ${FORMAT}, it holds "${saved.kind}" of format ${saved.format}. Train one with \`orrery train lam-tiny\`.`,
    );
  }
  return { config: parseLatentActionConfig(path, saved.model), facts: { ...saved.stream, embodiment } };
}

/** @throws {UsageError} if the folder is no finished run of this kind; @throws {DataError} if it is damaged */
export function loadLatentActions(folder: string): LatentActionModel {
  const { config, facts } = readLatentActionConfig(folder);
  if (!existsSync(join(folder, "model.safetensors"))) {
    throw new UsageError(
      `loadLatentActions: ${folder} must be a finished run, it holds no weights yet. Go on with --resume.`,
    );
  }
  const model = scope(() => new LatentActionModel(config, facts, new Generator(0)));
  model.setTrainable(false);
  scope(() => noGrad(() => model.loadStateDict(loadTensors(folder))));
  return model;
}
