import { makeRng } from "@orrery/core";
import { expect, test } from "vitest";
import { layoutOfSeed } from "./layout.ts";
import { PushTSimulation } from "./simulation.ts";
import { GOLDEN_EPISODES, goldenEpisode, loadGolden } from "./testdata/golden.ts";

const FAR_TEE = { x: 400, y: 60, angle: 0 };

test("the agent follows its target as the closed form says", () => {
  const sim = new PushTSimulation({ agent: [100, 200], block: FAR_TEE });
  // Per physics step: v += (-100 e - 20 v) h, e += v h with h = 0.01. The error obeys
  // e[n+2] = 1.79 e[n+1] - 0.8 e[n], so e[n] = A p^n + B q^n with the roots of z^2 - 1.79 z + 0.8.
  const root = Math.sqrt(1.79 ** 2 - 3.2);
  const p = (1.79 + root) / 2;
  const q = (1.79 - root) / 2;
  const e0 = 100 - 180;
  const e1 = 0.99 * e0;
  const A = (e1 - q * e0) / (p - q);
  const B = e0 - A;
  for (let k = 1; k <= 12; k++) {
    sim.step(180, 200);
    expect(sim.agent[0]).toBeCloseTo(180 + A * p ** (10 * k) + B * q ** (10 * k), 9);
    expect(sim.agent[1]).toBe(200);
  }
});

test("pushing does not slow the agent, and the T stops when the push does", () => {
  const path = (block: typeof FAR_TEE) => {
    const sim = new PushTSimulation({ agent: [100, 200], block });
    return { sim, agents: Array.from({ length: 15 }, () => (sim.step(260, 200), sim.agent)) };
  };
  const free = path(FAR_TEE);
  const pushing = path({ x: 200, y: 150, angle: 0 });
  expect(pushing.agents).toEqual(free.agents);
  expect(pushing.sim.block.x).toBeGreaterThan(210);
  pushing.sim.step(100, 200);
  const left = pushing.sim.block;
  for (let i = 0; i < 5; i++) pushing.sim.step(100, 200);
  expect(pushing.sim.block).toEqual(left);
  expect(Math.hypot(...pushing.sim.blockVelocity)).toBe(0);
});

test("contacts agree with Chipmunk2D", () => {
  const golden = loadGolden();
  expect(golden.map(({ seed, friction }) => ({ seed, friction }))).toEqual(GOLDEN_EPISODES);
  for (const { seed, friction, block } of golden) {
    const { layout, targets } = goldenEpisode(seed);
    const sim = new PushTSimulation(layout, { friction });
    for (const [i, [x, y]] of targets.entries()) {
      sim.step(x, y);
      const [bx = 0, by = 0, angle = 0] = block[i] ?? [];
      // Both compute in doubles but round sums in another order; pushes amplify that a little.
      expect(Math.abs(sim.block.x - bx), `seed ${seed} step ${i}`).toBeLessThan(1e-9);
      expect(Math.abs(sim.block.y - by)).toBeLessThan(1e-9);
      expect(Math.abs(sim.block.angle - angle)).toBeLessThan(1e-9);
    }
    expect(Math.hypot(sim.block.x - layout.block.x, sim.block.y - layout.block.y)).toBeGreaterThan(30);
  }
});

test("the agent never passes through the T, however fast", () => {
  // The bar, 30 thick, lies across the way with its middle level with the agent, so the T is pushed straight ahead.
  // From 300 away the agent arrives with 12 units per physics step, nearly its radius.
  for (const away of [20, 40, 80, 160, 240, 300]) {
    // Turned by 90 degrees, the bar's outer edge faces +x and the stem points to -x.
    const block = { x: 500 - away, y: 250, angle: Math.PI / 2 };
    const sim = new PushTSimulation({ agent: [500, 250], block });
    for (let i = 0; i < 15; i++) sim.step(block.x - 40, 250);
    const gap = sim.agent[0] - sim.block.x;
    // At rest the disc, of radius 15, stands on the bar's edge with the slop of 0.1 in it.
    expect(Math.abs(gap - 14.95), `from ${away} away`).toBeLessThan(0.1);
  }
});

test("a violently shaken board stays finite and repeats to the bit", () => {
  const run = () => {
    const rng = makeRng(5, "shake");
    const sim = new PushTSimulation(layoutOfSeed(5));
    for (let i = 0; i < 3000; i++) sim.step(rng.uniform(0, 512), rng.uniform(0, 512));
    return JSON.stringify(sim.snapshot());
  };
  const first = run();
  expect(first).not.toMatch(/null|NaN/);
  expect(run()).toBe(first);
});

test("a copy goes on exactly as the original, also in the middle of a push", () => {
  const { layout, targets } = goldenEpisode(15);
  const sim = new PushTSimulation(layout);
  for (const [x, y] of targets.slice(0, 20)) sim.step(x, y);
  const twin = sim.copy();
  const saved = JSON.stringify(sim.snapshot());
  const finish = (s: PushTSimulation) => {
    for (const [x, y] of targets.slice(20)) s.step(x, y);
    return JSON.stringify(s.snapshot());
  };
  const end = finish(sim);
  expect(finish(twin)).toBe(end);
  sim.restore(JSON.parse(saved));
  expect(finish(sim)).toBe(end);
});
