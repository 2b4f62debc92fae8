/** Worlds as plain data, so that another thread can make the same one. */
import type { World } from "@orrery/core";
import { type PushTOptions, PushTWorld } from "../pusht/world.ts";
import { type KitchenOptions, makeKitchenWorld } from "./kitchen-world.ts";

export type WorldRecipe =
  | ({ readonly world: "kitchen" } & KitchenOptions)
  | ({ readonly world: "pusht" } & PushTOptions);

/** @throws {UsageError | ConfigError} where the options are wrong */
export async function makeWorld(recipe: WorldRecipe): Promise<World> {
  const { world, ...options } = recipe;
  if (world === "pusht") return new PushTWorld(options as PushTOptions);
  return makeKitchenWorld(options as KitchenOptions);
}
