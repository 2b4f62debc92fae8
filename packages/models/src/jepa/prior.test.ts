import { makeRng } from "@orrery/core";
import { AdamW, fromTyped, Generator, noGrad, randn, scope, tensor, type Tensor } from "@orrery/torch";
import { expect, test } from "vitest";
import { guessError } from "./modes.ts";
import { PriorNet, type Aim, type PriorGuess } from "./prior.ts";

const size = { width: 64, maxBlock: 2, stateWidth: 2, actionWidth: 2, modes: 1 };

function expected(net: PriorNet, state: Tensor, aim: Aim): PriorGuess {
  const modes = net.modes(state, aim);
  return net.way(modes, modes.logit.argmax(-1));
}

/** A walk: steps at random, each kept up for a while; the state is where it stands. */
function walk(seed: number, length: number): { at: number[][]; steps: number[][] } {
  const rng = makeRng(seed);
  const at = [[0, 0]];
  const steps: number[][] = [];
  let step = [0, 0];
  for (let t = 0; t < length; t++) {
    if (t % 6 === 0) step = [rng.normal(0, 0.15), rng.normal(0, 0.15)];
    const [x = 0, y = 0] = at[t] as number[];
    // Back from the edges, so that it stays among the states that are learnt.
    step = step.map((each, i) => ((i === 0 ? x : y) * each > 0.9 * Math.abs(each) ? -each : each));
    steps.push(step);
    at.push([x + (step[0] ?? 0), y + (step[1] ?? 0)]);
  }
  return { at, steps };
}

test("from aimless walks it learns to go where it is told", () => {
  const { at, steps } = walk(3, 20_000);
  const net = new PriorNet(size, new Generator(0));
  const optimizer = new AdamW(net.namedParameters(), { lr: 3e-3 });
  const rng = makeRng(5);
  const B = 128;
  for (let i = 0; i < 400; i++) {
    const rows = Array.from({ length: B }, () => rng.int(19_900));
    scope(() => {
      const pick = (of: (row: number) => number[]) => fromTyped(Float32Array.from(rows.flatMap(of)), [B, 2]);
      const aim = {
        mean: pick((row) => at[row + 6] as number[]),
        isTold: tensor([1, 1]).expand([B, 2]),
        isAsked: tensor([0]).expand([B, 1]),
      };
      const taken = fromTyped(
        Float32Array.from(
          rows.flatMap((row) => [...(steps[row] as number[]), ...(steps[row + 1] as number[])]),
        ),
        [B, 2, 2],
      );
      optimizer.zeroGrad();
      guessError(
        expected(
          net,
          pick((row) => at[row] as number[]),
          aim,
        ),
        taken.mul(6),
      )
        .mean()
        .backward();
      optimizer.step();
    });
  }
  scope(() =>
    noGrad(() => {
      const from = tensor([0, 0]).expand([4, 2]);
      const to = tensor([0.5, 0, -0.5, 0, 0, 0.5, 0, -0.5]).view([4, 2]);
      const { mean } = expected(net, from, {
        mean: to,
        isTold: tensor([1, 1]).expand([4, 2]),
        isAsked: tensor([0]).expand([4, 1]),
      });
      const first = mean.select(1, 0);
      const along = first.mul(to).sum(1).div(first.square().sum(1).sqrt().mul(0.5)); // cosines
      for (const cosine of along.toFloat64()) expect(cosine).toBeGreaterThan(0.8);
    }),
  );
  net.free();
});

test("numbers of the goal that are not told change nothing", () => {
  scope(() => {
    const net = new PriorNet(size, new Generator(1));
    const generator = new Generator(2);
    noGrad(() => {
      for (const parameter of net.parameters()) parameter.copy_(randn(parameter.shape, { generator }));
      const state = tensor([0.3, -0.2]).view([1, 2]);
      const isTold = tensor([1, 0]).view([1, 2]);
      const guess = (x: number, y: number): number[] => [
        ...expected(net, state, {
          mean: tensor([x, y]).view([1, 2]),
          isTold,
          isAsked: tensor([0]).view([1, 1]),
        }).mean.toFloat64(),
      ];
      expect(guess(1, 5)).toEqual(guess(1, -5));
      expect(guess(1, 5)).not.toEqual(guess(-1, 5));
    });
  });
});
