import {
  AdamW,
  Generator,
  liveTensorCount,
  noGrad,
  ones,
  randn,
  scope,
  tensor,
  zeros,
  type Tensor,
} from "@orrery/torch";
import { expect, test } from "vitest";
import { debugPolicy, moverFacts, SIDE } from "../testing.ts";
import { PolicyNet, type ChunkTarget, type Percept } from "./policy-net.ts";

const C = 4;

function makeNet(preset: "vla-debug" | "bc-debug" = "vla-debug", seed = 0): PolicyNet {
  return new PolicyNet(debugPolicy(preset), moverFacts(), new Generator(seed));
}

/** Random weights: a fresh network ends in zeros, and nothing could be told from its output. */
function scramble(net: PolicyNet): PolicyNet {
  const generator = new Generator(9);
  noGrad(() => {
    for (const p of net.parameters()) p.copy_(randn(p.shape, { generator }).mul(0.2));
  });
  return net;
}

/** Grey pictures, one grey per stream. */
function percept(greys: readonly number[], asked: readonly string[]): Percept {
  const B = greys.length;
  const seen = tensor(Uint8Array.from(greys), {}).view([B, 1, 1, 1, 1]).expand([B, 1, SIDE, SIDE, 3]);
  return { seen, state: zeros([B, 2]), hasState: ones([B, 1], { dtype: "bool" }), asked };
}

function gap(a: Tensor, b: Tensor): number {
  return a.sub(b).abs().max().item();
}

test("a short instruction gives the same chunk beside a long one", () => {
  const net = scramble(makeNet());
  const chunkOf = (texts: readonly string[]): Tensor =>
    noGrad(() => {
      const memory = net.perceive(
        percept(
          texts.map(() => 90),
          texts,
        ),
      );
      const x = randn([1, 1, C, 2], { generator: new Generator(2) }).expand([texts.length, 1, C, 2]);
      return net.velocity(memory, x, zeros([texts.length, 1, 1, 1]), null).select(0, 0);
    });
  // Sums in another order: a few units in the last place.
  expect(gap(chunkOf(["go red"]), chunkOf(["go red", "go go go blue blue"]))).toBeLessThan(1e-5);
  expect(gap(chunkOf(["go red"]), chunkOf(["go blue"]))).toBeGreaterThan(1e-4);
});

test("draws do not see each other, and actions beyond the end are not seen", () => {
  const net = scramble(makeNet());
  const memory = net.perceive(percept([90], ["go red"]));
  const R = net.config.flow.draws;
  const x = randn([1, R, C, 2], { generator: new Generator(2) });
  const tau = zeros([1, R, 1, 1]);
  const all = ones([1, R, C], { dtype: "bool" });
  const v = net.velocity(memory, x, tau, all);
  const alone = net.velocity(memory, x.narrow(1, 1, 1), tau.narrow(1, 1, 1), null);
  expect(gap(v.narrow(1, 1, 1), alone)).toBeLessThan(1e-4);

  const known = tensor([true, true, false, false]).view([1, 1, C]).expand([1, R, C]);
  const cut = net.velocity(memory, x, tau, known);
  const other = x.clone();
  other.narrow(2, 2, 2).fill_(7);
  expect(gap(net.velocity(memory, other, tau, known).narrow(2, 0, 2), cut.narrow(2, 0, 2))).toBe(0);
  expect(gap(cut.narrow(2, 0, 2), v.narrow(2, 0, 2))).toBeGreaterThan(1e-4);
});

test("actions beyond the end do not count in the loss", () => {
  for (const preset of ["vla-debug", "bc-debug"] as const) {
    const net = scramble(makeNet(preset));
    const input = percept([40, 200], ["go", "go"]);
    const isKnown = tensor([true, false, false, false]).view([1, C]).expand([2, C]);
    const actions = randn([2, C, 2], { generator: new Generator(2) });
    const other = actions.clone();
    other.narrow(1, 1, 3).fill_(50);
    const lossOf = (target: ChunkTarget): number =>
      net.loss(input, target, { generator: new Generator(4) }).item();
    expect(lossOf({ actions, isKnown }), preset).toBeCloseTo(lossOf({ actions: other, isKnown }), 4);
  }
});

/** Trains for `steps` on batches made by `draw`. */
function fit(net: PolicyNet, steps: number, draw: () => { input: Percept; target: ChunkTarget }): void {
  const optimizer = new AdamW(net.namedParameters(), { lr: 3e-3, weightDecay: 0 });
  const generator = new Generator(7);
  for (let step = 0; step < steps; step++) {
    scope(() => {
      const { input, target } = draw();
      optimizer.zeroGrad();
      net.loss(input, target, { generator }).backward();
    });
    optimizer.step();
  }
}

/** Half of the streams see dark, half bright; half are asked for red, half for blue. Chunks hold one number throughout. */
function scenes(answer: (isBright: boolean, isRed: boolean) => number): {
  input: Percept;
  target: ChunkTarget;
} {
  const cases = [0, 1, 2, 3].map((i) => ({ isBright: i % 2 === 1, isRed: i >= 2 }));
  const input = percept(
    cases.map(({ isBright }) => (isBright ? 220 : 30)),
    cases.map(({ isRed }) => (isRed ? "go red" : "go blue")),
  );
  const actions = tensor(cases.map(({ isBright, isRed }) => answer(isBright, isRed)))
    .view([4, 1, 1])
    .expand([4, C, 2]);
  return { input, target: { actions, isKnown: ones([4, C], { dtype: "bool" }) } };
}

function actionsOf(net: PolicyNet, input: Percept): number[] {
  return noGrad(() => {
    const chunks = net.act(net.perceive(input), 4, new Generator(1));
    return chunks.mean([1, 2]).toArray() as number[];
  });
}

test("the instruction decides between two targets, and the picture which way each lies", () => {
  const net = makeNet();
  const answer = (isBright: boolean, isRed: boolean): number => (isBright === isRed ? 1 : -1);
  fit(net, 150, () => scenes(answer));
  const found = actionsOf(net, scenes(answer).input);
  // Dark blue, bright blue, dark red, bright red. Found within 0.15.
  [1, -1, -1, 1].forEach((wanted, i) =>
    expect(Math.abs((found[i] as number) - wanted), `${i}`).toBeLessThan(0.5),
  );
});

test("without language a direct head can only give the mean of what is asked for", () => {
  const net = makeNet("bc-debug");
  const answer = (isBright: boolean, isRed: boolean): number => (isBright ? 10 : 0) + (isRed ? 1 : -1);
  fit(net, 150, () => scenes(answer));
  const found = actionsOf(net, scenes(answer).input);
  [0, 10, 0, 10].forEach((wanted, i) =>
    expect(Math.abs((found[i] as number) - wanted), `${i}`).toBeLessThan(0.4),
  );
});

test("acting leaves no tensors behind", () => {
  const net = makeNet();
  const input = percept([90], ["go red"]);
  const generator = new Generator(1);
  const act = (): void => noGrad(() => scope(() => void net.act(net.perceive(input), 1, generator)));
  act();
  const before = liveTensorCount();
  for (let i = 0; i < 5; i++) act();
  expect(liveTensorCount()).toBeLessThanOrEqual(before);
});
