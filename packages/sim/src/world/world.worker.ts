/** A thread with one world: its own MuJoCo, its own heap. Calls are answered in the order in which they came. */
import { parentPort, workerData } from "node:worker_threads";
import { OrreryError, type World, messageOf } from "@orrery/core";
import { type WorldRecipe, makeWorld } from "./recipe.ts";
import type { WorldAnswer, WorldCall } from "./thread-messages.ts";

let world: World | undefined;

async function answer(work: () => Promise<WorldAnswer>): Promise<void> {
  try {
    parentPort?.postMessage(await work());
  } catch (error) {
    // Anything but our own errors is a crash, and the handle reports it as one.
    if (!(error instanceof OrreryError)) throw error;
    const failed: WorldAnswer = { kind: "error", message: messageOf(error), isMisuse: error.exitCode === 2 };
    parentPort?.postMessage(failed);
  }
}

async function serve(call: WorldCall): Promise<WorldAnswer> {
  if (!world) throw new OrreryError("internal: a call came before the world was made.");
  switch (call.kind) {
    case "reset":
      return {
        kind: "reset",
        observation: await world.reset(call.seed, call.options),
        instruction: world.instruction,
      };
    case "step":
      return { kind: "step", transition: await world.step(call.action) };
    case "close":
      await world.close();
      return { kind: "closed" };
  }
}

let last = answer(async () => {
  world = await makeWorld(workerData as WorldRecipe);
  return { kind: "made", embodiment: world.embodiment };
});
parentPort?.on("message", (call: WorldCall) => {
  last = last.then(() => answer(() => serve(call)));
});
