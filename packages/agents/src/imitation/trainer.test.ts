/** Whole training runs of a few steps, and one that learns, on a toy world whose right actions are known. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AbortedError, DataError, ShapeError, UsageError, type Policy } from "@orrery/core";
import type { DatasetReader } from "@orrery/data";
import type { Tensor } from "@orrery/torch";
import { beforeAll, expect, test } from "vitest";
import type { PolicyConfig } from "./config.ts";
import { openPolicy } from "./open-policy.ts";
import { isPolicyRun, loadPolicyNet } from "./release.ts";
import { debugPolicy, temporaryFolder } from "./testing.ts";
import { PostWorld, recordPosts } from "./testing-world.ts";
import { trainPolicy, type TrainPolicyOptions } from "./trainer.ts";

const STEPS = 12;

let dataset: DatasetReader;
let whole: string;
beforeAll(async () => {
  dataset = await recordPosts(join(temporaryFolder("posts"), "data"), { episodes: 4, failures: 2, plays: 1 });
  whole = join(temporaryFolder("whole"), "run");
  await train(whole);
});

function shortConfig(preset: "vla-debug" | "bc-debug" = "vla-debug"): PolicyConfig {
  const config = debugPolicy(preset);
  return { ...config, training: { ...config.training, steps: STEPS } };
}

function train(out: string, options: Partial<TrainPolicyOptions> = {}): ReturnType<typeof trainPolicy> {
  return trainPolicy({ config: shortConfig(), sources: [{ dataset }], out, seed: 5, ...options });
}

function weightsOf(run: string): Map<string, number[]> {
  const state: ReadonlyMap<string, Tensor> = loadPolicyNet(run).stateDict();
  return new Map([...state].map(([name, tensor]) => [name, Array.from(tensor.toFloat64())]));
}

test("successes are imitated, failures and play are left out and counted", async () => {
  const notes: string[] = [];
  const out = join(temporaryFolder("chosen"), "run");
  const result = await train(out, { onNote: (note) => notes.push(note) });
  expect(result.episodes).toBe(4);
  expect(result.steps).toBe(STEPS);
  expect(notes.join("\n")).toMatch(/4 episodes to imitate; 1 of play left out.*2 failed ones left out/);
  const lineage = JSON.parse(readFileSync(join(out, "lineage.json"), "utf8")) as Record<string, unknown>;
  expect(lineage).toMatchObject({ seed: 5, datasets: [{ episodes: [0, 1, 2, 3] }] });
  const keep = { ...shortConfig(), demonstrations: { failures: "keep", play: "keep" } as const };
  expect((await train(join(temporaryFolder("all"), "run"), { config: keep })).episodes).toBe(7);
  await expect(
    train(join(temporaryFolder("none"), "run"), { sources: [{ dataset, episodes: [5, 6] }] }),
  ).rejects.toThrow(/got 1 of play and 1 failed ones/);
});

test("stopped and resumed, a run ends with the same bits", async () => {
  const run = join(temporaryFolder("stopped"), "run");
  for (const step of [3, 8]) {
    const controller = new AbortController();
    const stopped = train(run, {
      resume: step > 3,
      signal: controller.signal,
      onProgress: (progress) => void (progress.step >= step && controller.abort()),
    });
    await expect(stopped).rejects.toThrow(AbortedError);
    expect(existsSync(join(run, "model.safetensors"))).toBe(false);
  }
  await train(run, { resume: true });
  expect(weightsOf(run)).toEqual(weightsOf(whole));
  await train(run, { resume: true });
  expect(weightsOf(run)).toEqual(weightsOf(whole));
});

test("a run folder is not overwritten, and of another kind or damaged it is named", async () => {
  await expect(train(whole)).rejects.toThrow(/holds a run already\. Add --resume/);
  expect(isPolicyRun(whole)).toBe(true);
  await expect(openPolicy("/no/such/run")).rejects.toThrow(/must be a run folder/);
  const other = temporaryFolder("other");
  writeFileSync(join(other, "config.json"), '{"format": 1, "kind": "world-model"}');
  expect(isPolicyRun(other)).toBe(false);
  await expect(openPolicy(other)).rejects.toThrow(/must hold a policy, it holds a world-model/);
  writeFileSync(join(other, "config.json"), '{"format": 1, "kind": "policy", "policy": {}, "stream": {}}');
  writeFileSync(join(other, "embodiment.json"), "{}");
  await expect(openPolicy(other)).rejects.toThrow(DataError);
});

test("a policy hands out its first actions, the same for the same seed, and checks what it is given", async () => {
  const policy = await openPolicy(whole);
  try {
    const seen = await new PostWorld().reset(1);
    const goal = { kind: "text", text: "go to the red post" } as const;
    await expect(policy.act(seen)).rejects.toThrow(/call reset before act/);
    await policy.reset(3, goal);
    const { actions, belief } = await policy.act(seen);
    expect(actions).toHaveLength(2);
    expect(actions.every((action) => action.length === 2 && action.every(Number.isFinite))).toBe(true);
    expect(belief["latencyMs"]).toBeGreaterThan(0);
    await policy.reset(3, goal);
    expect((await policy.act(seen)).actions).toEqual(actions);
    await policy.reset(4, goal);
    expect((await policy.act(seen)).actions).not.toEqual(actions);

    await expect(policy.act({ ...seen, images: {} })).rejects.toThrow(/camera "top".*no pictures/);
    const small = { width: 8, height: 8, data: new Uint8Array(192) };
    await expect(policy.act({ ...seen, images: { top: small } })).rejects.toThrow(ShapeError);
    await expect(policy.act({ ...seen, state: new Float32Array(5) })).rejects.toThrow(/body "mover"/);
    await expect(policy.reset(1, { kind: "reward" })).rejects.toThrow(UsageError);
  } finally {
    await policy.close();
  }
  await expect(openPolicy(whole, { execute: 9 })).rejects.toThrow(/from 1 to the chunk's 4, got 9/);
});

test("without instructions language is refused and behaviour cloning is not", async () => {
  const silent = await recordPosts(join(temporaryFolder("silent"), "data"), { episodes: 0, plays: 2 });
  const keep = { failures: "keep", play: "keep" } as const;
  const sources = [{ dataset: silent }];
  const out = join(temporaryFolder("silent"), "run");
  await expect(train(out, { sources, config: { ...shortConfig(), demonstrations: keep } })).rejects.toThrow(
    /needs episodes with an instruction/,
  );
  expect(existsSync(out)).toBe(false);
  await train(out, { sources, config: { ...shortConfig("bc-debug"), demonstrations: keep } });
  const policy = await openPolicy(out);
  await policy.reset(0, { kind: "reward" });
  await policy.close();
});

/** Share of `trials` unseen episodes that end at the right post. */
async function successOf(policy: Policy, trials: number): Promise<number> {
  const world = new PostWorld();
  let won = 0;
  for (let trial = 0; trial < trials; trial++) {
    let seen = await world.reset(900_000 + trial);
    await policy.reset(trial, { kind: "text", text: world.instruction });
    for (let isOver = false; !isOver;) {
      for (const action of (await policy.act(seen)).actions) {
        const { observation, success, terminated, truncated } = await world.step(action);
        seen = observation;
        if (success) won++;
        isOver = terminated || truncated;
        if (isOver) break;
      }
    }
  }
  return won / trials;
}

test("learns to go where the words say, chunk by chunk", async () => {
  const folder = temporaryFolder("learning");
  const posts = await recordPosts(join(folder, "data"), { episodes: 90, seed: 2 });
  const base = debugPolicy();
  const config: PolicyConfig = {
    ...base,
    trunk: { width: 48, mlpHidden: 96 },
    expert: { width: 48, mlpHidden: 96 },
    numHeads: 3,
    unknownWordShare: 0,
    training: {
      ...base.training,
      batch: 32,
      steps: 160,
      learningRate: 3e-3,
      warmupSteps: 20,
      emaDecay: 0.98,
    },
  };
  const out = join(folder, "run");
  await trainPolicy({ config, sources: [{ dataset: posts }], out, seed: 1 });
  const policy = await openPolicy(out);
  const success = await successOf(policy, 30);
  await policy.close();
  // Who does not hear goes to the right post half of the time at most. Found 0.87.
  expect(success).toBeGreaterThan(0.65);
}, 240_000);
