import { Generator, noGrad, ones, randn, type Tensor } from "@orrery/torch";
import { expect, test } from "vitest";
import { loadConfig } from "../config.ts";
import { Dynamics } from "./dynamics.ts";
import { afterFrame, denoise, dreamt, seen, settle } from "./sampling.ts";

const config = loadConfig("debug").dynamics; // levels 0 to 8
const [B, N, C, A] = [2, 3, 4, 1];
const frame = ones([B, 1, N, C]);

/** Mean of some numbers that are all alike. */
function valueOf(x: Tensor): number {
  return x.mean().item();
}

test("what was seen is clean; what was dreamt is as doubtful as the configuration says", () => {
  expect(seen(frame, config).level).toBe(8);
  expect(valueOf(seen(frame, config).latents)).toBe(1);
  const doubtful = dreamt(frame, { ...config, doubt: 0.25 });
  expect(doubtful.level).toBe(6);
  expect(valueOf(doubtful.latents)).toBe(0.75); // tau z, without noise
  expect(dreamt(frame, { ...config, doubt: 0 }).level).toBe(8);
});

test("the next frame is told of the last one in the same words", () => {
  const { before, levelBefore } = afterFrame(dreamt(frame, { ...config, doubt: 0.25 }));
  expect(valueOf(before as Tensor)).toBe(0.75);
  expect(levelBefore?.toArray()).toEqual([[6], [6]]);
});

test("denoising ends at what the last step expects, and leaves the memory as it was", () => {
  noGrad(() => {
    const generator = new Generator(3);
    const shape = { numTokens: N, channels: C, actionWidth: A, stateWidth: 0 };
    const dynamics = new Dynamics(config, shape, 6, generator);
    for (const p of dynamics.parameters()) p.copy_(randn(p.shape, { generator }).mul(0.2));
    const cache = dynamics.stack.makeCache(config.contextFrames);
    const streams = { dynamics, cache };
    const condition = {
      ...afterFrame(seen(frame, config)),
      action: ones([B, 1, A]),
      hasAction: ones([B, 1, 1]).bool(),
      state: ones([B, 1, 0]),
      hasState: ones([B, 1, 1]).bool(),
    };
    settle(streams, seen(frame, config), condition);
    const noise = randn([B, 1, N, C], { generator });
    const first = denoise(streams, noise, condition, 4);
    const again = denoise(streams, noise, condition, 4);
    expect(again.sample.toArray()).toEqual(first.sample.toArray());
    expect(first.sample.sub(first.guess).abs().max().item()).toBeGreaterThan(1e-4);
    // One step of the whole way is the guess itself.
    const short = denoise(streams, noise, condition, 1);
    expect(short.sample.sub(short.guess).abs().max().item()).toBeLessThan(1e-6);
    cache.free();
  });
});
