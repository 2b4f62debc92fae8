/** An inverse dynamics model on disk. */
import { saveTensors } from "@orrery/torch";
import { loadSideModel, readSideConfig, writeSideConfig, type SideKind } from "../side-release.ts";
import type { StreamFacts } from "../world-model.ts";
import { parseInverseConfig, type InverseConfig } from "./config.ts";
import { InverseDynamics } from "./inverse-dynamics.ts";

const KIND: SideKind<InverseConfig, InverseDynamics> = {
  kind: "inverse-dynamics",
  noun: "an inverse dynamics model",
  preset: "idm-tiny",
  loader: "loadInverseDynamics",
  parse: parseInverseConfig,
  make: (config, facts, generator) => new InverseDynamics(config, facts, generator),
};

export function writeInverseConfig(folder: string, config: InverseConfig, facts: StreamFacts): void {
  writeSideConfig(folder, KIND.kind, config, facts);
}

export function writeInverseWeights(folder: string, model: InverseDynamics): void {
  saveTensors(folder, model.stateDict());
}

/** @throws {UsageError} if there is no run, or one of another kind; @throws {DataError} if it is damaged */
export function readInverseConfig(folder: string): { config: InverseConfig; facts: StreamFacts } {
  return readSideConfig(folder, KIND);
}

/** @throws {UsageError} if the folder is no finished run of this kind; @throws {DataError} if it is damaged */
export function loadInverseDynamics(folder: string): InverseDynamics {
  return loadSideModel(folder, KIND);
}
