/**
 * How fast episodes are recorded on one thread, with and without a 64 x 64 camera.
 * Run: npx tsx packages/data/bench/recorder.bench.ts
 */
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import type { Embodiment, Image, Step } from "@orrery/core";
import { openDatasetWriter } from "../src/index.ts";

const EPISODES = 40;
const STEPS = 100;

function body(hasCamera: boolean): Embodiment {
  return {
    name: "bench",
    controlRateHz: 10,
    state: [{ name: "joint", width: 30, unit: "rad" }],
    action: [{ name: "target", width: 20, kind: "continuous", mode: "absolute", unit: "rad" }],
    cameras: hasCamera ? [{ name: "head", width: 64, height: 64 }] : [],
  };
}

/** Smooth shades with a little noise, moving: about as hard to encode as a rendered scene. */
const pictures = Array.from({ length: 20 }, (_, k): Image => {
  const data = Uint8Array.from(
    { length: 64 * 64 * 3 },
    (_, i) => 120 + 60 * Math.sin((i + 30 * k) / 97) + ((i * 7919 + k) % 9),
  );
  return { width: 64, height: 64, data };
});

async function measure(hasCamera: boolean): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "orrery-bench-"));
  try {
    const writer = await openDatasetWriter(join(folder, "set"), { embodiment: body(hasCamera) });
    const recorder = writer.recorder();
    const started = performance.now();
    for (let episode = 0; episode < EPISODES; episode++) {
      for (let t = 0; t < STEPS; t++) {
        const image = pictures[t % pictures.length] as Image;
        const step: Step = {
          state: new Float32Array(30).fill(t),
          action: new Float32Array(20),
          images: hasCamera ? { head: image } : {},
          reward: 0,
          done: false,
          success: false,
        };
        recorder.add(step);
      }
      writer.append(recorder.finish({ task: "bench", provenance: { stream: "sim" } }));
    }
    const recorded = performance.now();
    writer.close();
    const closed = performance.now();
    const rate = (ms: number): string => ((1000 * EPISODES * STEPS) / ms).toFixed(0);
    console.log(
      `${hasCamera ? "64 x 64 camera" : "no camera"}: ${rate(recorded - started)} steps/s recording, ${rate(closed - started)} with the merge`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

console.log(`${cpus()[0]?.model}, Node ${process.version}`);
await measure(false); // warm-up
await measure(false);
await measure(true);
