/** Many worlds at once, each in a thread of its own, so that they step on all cores. */
import { UsageError } from "@orrery/core";
import type { WorldRecipe } from "./recipe.ts";
import { ThreadedWorld } from "./threaded-world.ts";

export interface WorldVector {
  /** Step them together with `Promise.all`; each gives what the same world on the main thread would, to the bit. */
  readonly worlds: readonly ThreadedWorld[];
  close(): Promise<void>;
}

/** Above this a mistake is likelier than a machine that has the cores; a thread takes about 120 MB. */
const MAX_WORLDS = 256;

/**
 * Makes `count` worlds of one recipe; seeds are given at `reset`.
 * @throws {UsageError} for a count out of range or a wrong recipe; no thread is then left behind
 */
export async function makeWorldVector(count: number, recipe: WorldRecipe): Promise<WorldVector> {
  if (!Number.isInteger(count) || count < 1 || count > MAX_WORLDS) {
    throw new UsageError(
      `makeWorldVector: the count must be a whole number from 1 to ${MAX_WORLDS}, got ${count}.`,
    );
  }
  const made = await Promise.allSettled(
    Array.from({ length: count }, (_, i) => ThreadedWorld.make(recipe, `world ${i}`)),
  );
  const worlds = made.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const close = async (): Promise<void> => {
    await Promise.all(worlds.map((world) => world.close()));
  };
  const failed = made.find((result) => result.status === "rejected");
  if (failed) {
    await close();
    throw failed.reason;
  }
  return { worlds, close };
}
