/** Many short episodes, whose memory must not grow. */
import { makeRng } from "@orrery/core";
import { TASKS } from "../tasks/registry.ts";
import { type KitchenWorld, makeKitchenWorld } from "../world/kitchen-world.ts";
import { randomAction } from "./soak-steps.ts";

export interface MemoryMark {
  readonly episodes: number;
  readonly rssMb: number;
  readonly heapMb: number;
  /** MuJoCo's WebAssembly memory; it never shrinks. */
  readonly wasmMb: number;
}

const STEPS_PER_SHORT_EPISODE = 3;

/** Short episodes of all tasks in turn, with a picture each; memory is read after each count of `marks`. */
export async function soakEpisodes(
  marks: readonly number[],
  seed: number,
  onProgress: (episodes: number) => void = () => {},
): Promise<readonly MemoryMark[]> {
  const rng = makeRng(seed, "soak-episodes");
  const worlds: KitchenWorld[] = [];
  for (const { name } of TASKS) worlds.push(await makeKitchenWorld({ task: name, endless: true }));
  const found: MemoryMark[] = [];
  try {
    const last = Math.max(...marks);
    for (let episode = 1; episode <= last; episode++) {
      const world = worlds[episode % worlds.length]!;
      await world.reset(rng.uint32());
      for (let i = 0; i < STEPS_PER_SHORT_EPISODE; i++) world.stepNow(randomAction(world, rng));
      if (marks.includes(episode)) found.push(memoryAfter(episode, world));
      onProgress(episode);
    }
  } finally {
    for (const world of worlds) await world.close();
  }
  return found;
}

function memoryAfter(episodes: number, world: KitchenWorld): MemoryMark {
  // Where Node was started with --expose-gc, what is merely not collected yet is left out.
  (globalThis as { gc?: () => void }).gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  const mb = (bytes: number): number => Math.round(bytes / 1e5) / 10;
  // Any view of the state lies in the WebAssembly memory.
  const wasm = world.physics.qpos.buffer.byteLength;
  return { episodes, rssMb: mb(rss), heapMb: mb(heapUsed), wasmMb: mb(wasm) };
}
