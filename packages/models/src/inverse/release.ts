/** An inverse dynamics model on disk. */
import { loadSideModel, type SideKind } from "../side-release.ts";
import { parseInverseConfig, type InverseConfig } from "./config.ts";
import { InverseDynamics } from "./inverse-dynamics.ts";

export const INVERSE_KIND: SideKind<InverseConfig, InverseDynamics> = {
  kind: "inverse-dynamics",
  noun: "an inverse dynamics model",
  preset: "idm-tiny",
  loader: "loadInverseDynamics",
  parse: parseInverseConfig,
  make: (config, facts, generator) => new InverseDynamics(config, facts, generator),
};

/** @throws {UsageError} if the folder is no finished run of this kind; @throws {DataError} if it is damaged */
export function loadInverseDynamics(folder: string): InverseDynamics {
  return loadSideModel(folder, INVERSE_KIND);
}
