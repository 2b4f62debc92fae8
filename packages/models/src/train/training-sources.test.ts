/** What the dynamics draws from several sources: their weights, their kept spans, and actions recorded, inferred or absent. */
import { join } from "node:path";
import { makeRng } from "@orrery/core";
import { importDataset, makeClipLoader, openDataset, type DatasetReader } from "@orrery/data";
import { Generator, scope, type Tensor } from "@orrery/torch";
import { beforeAll, expect, test } from "vitest";
import { INFERRED_ACTION, INFERRED_CONFIDENCE, inferredFeatures } from "../inverse/inferred-columns.ts";
import { openView } from "../inverse/view-source.ts";
import { debugConfig, recordSquare, scramble, SQUARE, squareFacts, temporaryFolder } from "../testing.ts";
import { WorldModel } from "../world-model.ts";
import { streamFacts } from "./facts.ts";
import { LatentStore, type TrainingSource } from "./latent-store.ts";
import { setScales } from "./scales.ts";

const [B, T] = [400, 3];
const root = temporaryFolder("sources");
let recorded: DatasetReader;
/** The same pictures without numbers, and once more with inferred actions of (7, 7), trusted by a quarter. */
let film: DatasetReader;
let labelled: DatasetReader;
let model: WorldModel;

beforeAll(async () => {
  const path = join(root, "recorded");
  recorded = await recordSquare(path, { episodes: 3, length: 10 });
  const without = ["state", "action", "reward"] as const;
  const write = async (name: string, view: Parameters<typeof openView>[1]): Promise<DatasetReader> => {
    const to = join(root, name);
    await importDataset(await openView(path, view), to);
    return openDataset(to);
  };
  film = await write("film", { without });
  const at = (row: number): Record<string, ArrayLike<number>> =>
    row === 9
      ? {}
      : { [INFERRED_ACTION]: Float32Array.of(7, 7), [INFERRED_CONFIDENCE]: Float32Array.of(0.25) };
  const features = inferredFeatures(SQUARE).slice(0, 3);
  labelled = await write("labelled", { without, add: async () => ({ features, at, labels: {} }) });
  model = new WorldModel(debugConfig(), squareFacts, new Generator(0));
  scramble(model.tokenizer, 1);
});

/** Per frame of many draws, whether its action is known, and the first number of it; frame 0 of a clip never knows. */
async function draw(
  sources: readonly TrainingSource[],
  recordedShare = 0,
): Promise<{ known: number[]; action: number[] }> {
  const store = await LatentStore.build(model, { sources, usesBfloat16: false });
  const drawn = scope(() => {
    const { condition } = store.draw(B, T, makeRng(3), recordedShare);
    const later = condition.hasAction.narrow(1, 1, T - 1).float();
    return {
      known: Array.from(later.flatten().toFloat64()),
      action: Array.from(
        condition.action
          .narrow(1, 1, T - 1)
          .select(-1, 0)
          .flatten()
          .toFloat64(),
      ),
    };
  });
  store.free();
  return drawn;
}

function share(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

test("recorded actions are known, those of plain video are not, and weights decide between the two", async () => {
  expect(share((await draw([{ dataset: recorded }])).known)).toBe(1);
  expect(share((await draw([{ dataset: film }])).known)).toBe(0);
  // 800 frames of 400 independent draws: three deviations are 0.08 (equal windows) and 0.06 (one in five).
  const equal = await draw([{ dataset: recorded }, { dataset: film }]);
  expect(Math.abs(share(equal.known) - 0.5)).toBeLessThan(0.08);
  expect(share((await draw([{ dataset: recorded }, { dataset: film }], 1)).known)).toBe(1);
  const weighted = await draw([
    { dataset: recorded, weight: 0.2 },
    { dataset: film, weight: 0.8 },
  ]);
  expect(Math.abs(share(weighted.known) - 0.2)).toBeLessThan(0.06);
});

test("inferred actions are used, trusted by their confidence, or ignored", async () => {
  const used = await draw([{ dataset: labelled, inferredActions: "use" }]);
  expect(share(used.known)).toBe(1);
  // The model's scale of actions is still that of a fresh one, which leaves them as they are.
  expect(new Set(used.action)).toEqual(new Set([7]));
  const trusted = await draw([{ dataset: labelled, inferredActions: "by-confidence" }]);
  expect(Math.abs(share(trusted.known) - 0.25)).toBeLessThan(0.06);
  expect(share((await draw([{ dataset: labelled, inferredActions: "ignore" }])).known)).toBe(0);
});

test("beside recorded actions, inferred ones are told apart; alone they are what is known of actions", async () => {
  const sources = [{ dataset: recorded }, { dataset: labelled }];
  const facts = streamFacts(sources);
  expect(facts.hintWidth).toBe(2);
  expect(streamFacts([{ dataset: recorded }, { dataset: film }]).hintWidth).toBeUndefined();
  expect(streamFacts([{ dataset: labelled, inferredActions: "use" }]).hintWidth).toBeUndefined();
  const told = new WorldModel(debugConfig(), facts, new Generator(0));
  const store = await LatentStore.build(told, { sources, usesBfloat16: false });
  expect(store.numInferred).toBe(27);
  scope(() => {
    const { hint, hasHint, hasAction } = store.draw(B, T, makeRng(3)).condition;
    if (hint === undefined || hasHint === undefined) throw new Error("there must be hints");
    const [said, known] = [hasHint.float(), hasAction.float()];
    // A frame after the first knows its action or is told the guess, (7, 7), and never both.
    const later = (x: Tensor): Tensor => x.narrow(1, 1, T - 1);
    expect([later(said.add(known)).min().item(), later(said.mul(known)).max().item()]).toEqual([1, 0]);
    expect(hint.sub(said.mul(7)).abs().max().item()).toBe(0);
    expect([said.select(1, 0).max().item(), known.select(1, 0).max().item()]).toEqual([0, 0]);
  });
  store.free();
  told.free();
  // 400 draws of two frames each: all from labels, all taken for actions.
  const alone = await draw([{ dataset: labelled }]);
  expect([share(alone.known), new Set(alone.action)]).toEqual([1, new Set([7])]);
});

test("windows stay inside the spans that are kept", async () => {
  const spans = new Map([
    [
      0,
      [
        { from: 2, to: 5 },
        { from: 6, to: 10 },
      ],
    ],
    [1, []],
  ]);
  const store = await LatentStore.build(model, {
    sources: [{ dataset: recorded, spans, episodes: [0, 0, 1] }],
    usesBfloat16: false,
  });
  expect(store.numFrames).toBe(7);
  expect([1, 3, 4, 5].map((frames) => store.numWindows(frames))).toEqual([7, 3, 1, 0]);
  store.free();
});

test("where no action was recorded, inferred ones give the scale", async () => {
  const size = { width: 32, height: 32 };
  const scaleOf = async (dataset: DatasetReader): Promise<number[]> => {
    const fresh = new WorldModel(debugConfig(), squareFacts, new Generator(0));
    const loader = await makeClipLoader({ sources: [{ dataset }], batch: 1, window: 1, size, seed: 0 });
    setScales(fresh, loader);
    await loader.close();
    const mean = Array.from(fresh.actionScale.mean.toFloat64());
    fresh.free();
    return mean;
  };
  expect(await scaleOf(labelled)).toEqual([7, 7]);
  expect(await scaleOf(film)).toEqual([0, 0]);
});
