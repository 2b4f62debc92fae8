/** A latent action model on disk. */
import { loadSideModel, type SideKind } from "../side-release.ts";
import { parseLatentActionConfig, type LatentActionConfig } from "./config.ts";
import { LatentActionModel } from "./latent-action-model.ts";

export const LATENT_ACTION_KIND: SideKind<LatentActionConfig, LatentActionModel> = {
  kind: "latent-actions",
  noun: "a latent action model",
  preset: "lam-tiny",
  loader: "loadLatentActions",
  parse: parseLatentActionConfig,
  make: (config, facts, generator) => new LatentActionModel(config, facts, generator),
};

/** @throws {UsageError} if the folder is no finished run of this kind; @throws {DataError} if it is damaged */
export function loadLatentActions(folder: string): LatentActionModel {
  return loadSideModel(folder, LATENT_ACTION_KIND);
}
