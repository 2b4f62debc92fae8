/** A latent action model on disk. */
import { saveTensors } from "@orrery/torch";
import { loadSideModel, readSideConfig, writeSideConfig, type SideKind } from "../side-release.ts";
import type { StreamFacts } from "../world-model.ts";
import { parseLatentActionConfig, type LatentActionConfig } from "./config.ts";
import { LatentActionModel } from "./latent-action-model.ts";

const KIND: SideKind<LatentActionConfig, LatentActionModel> = {
  kind: "latent-actions",
  noun: "a latent action model",
  preset: "lam-tiny",
  loader: "loadLatentActions",
  parse: parseLatentActionConfig,
  make: (config, facts, generator) => new LatentActionModel(config, facts, generator),
};

export function writeLatentActionConfig(
  folder: string,
  config: LatentActionConfig,
  facts: StreamFacts,
): void {
  writeSideConfig(folder, KIND.kind, config, facts);
}

export function writeLatentActionWeights(folder: string, model: LatentActionModel): void {
  saveTensors(folder, model.stateDict());
}

/** @throws {UsageError} if there is no run, or one of another kind; @throws {DataError} if it is damaged */
export function readLatentActionConfig(folder: string): { config: LatentActionConfig; facts: StreamFacts } {
  return readSideConfig(folder, KIND);
}

/** @throws {UsageError} if the folder is no finished run of this kind; @throws {DataError} if it is damaged */
export function loadLatentActions(folder: string): LatentActionModel {
  return loadSideModel(folder, KIND);
}
