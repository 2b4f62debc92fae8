/** Scores of models with random weights, in worlds whose answers are known. */
import { join } from "node:path";
import { AbortedError, UsageError } from "@orrery/core";
import { settleGarbage } from "@orrery/core/node";
import type { DatasetReader } from "@orrery/data";
import type { WorldModel } from "@orrery/models";
import { fromTyped, liveTensorCount, noGrad, scope } from "@orrery/torch";
import { beforeAll, expect, test } from "vitest";
import { psnr } from "../statistics.ts";
import { body, recordGrey, scrambledModel, SIDE, squareFacts, temporaryFolder } from "../testing.ts";
import { loadEpisodes } from "./episodes.ts";
import { evaluatePrediction, type PredictionOptions, type PredictionResult } from "./prediction.ts";

let still: DatasetReader;
let model: WorldModel;
let usual: PredictionResult;
beforeAll(async () => {
  // Nothing moves in a picture, and each episode has a grey of its own.
  const grey = (episode: number): number => 100 + 40 * episode;
  still = await recordGrey(join(temporaryFolder("still"), "data"), { episodes: 3, length: 14, grey });
  model = scrambledModel();
  usual = await evaluate();
});

function evaluate(options: Partial<PredictionOptions> = {}): Promise<PredictionResult> {
  return evaluatePrediction({
    model,
    dataset: still,
    seed: 1,
    contextFrames: 4,
    horizon: 3,
    windows: 6,
    ...options,
  });
}

test("where nothing moves, copying the last frame is right to the pixel", () => {
  const { horizons, windows, episodes, copyLast } = usual;
  expect([horizons, windows, episodes]).toEqual([[1, 2, 3], 6, 3]);
  expect(copyLast.psnr).toEqual([100, 100, 100]); // the ceiling of psnr()
  expect(copyLast.meanPsnr).toEqual([100, 100, 100]);
  expect(copyLast.psnrCi95).toEqual([1, 2, 3].map(() => [100, 100]));
  for (const value of copyLast.ssim) expect(value).toBeCloseTo(1, 6);
});

test("a state that goes on as it went is foreseen by constant velocity alone", () => {
  const { state } = usual; // the state is [row, 1], and the model's deviation is 1
  expect(state?.rmseConstantVelocity).toEqual([0, 0, 0]);
  for (const [h, value] of state?.rmseCopyLast.entries() ?? [])
    expect(value).toBeCloseTo(Math.sqrt((h + 1) ** 2 / 2), 6);
  expect(state?.rmse.every((value) => value > 0)).toBe(true);
});

test("the round trip is encoding and decoding on the last frame seen, nothing else", async () => {
  const { roundTrip } = await evaluate({ windows: 1000 }); // every window: rows 0 to 7 of each episode begin one
  const size = { height: SIDE, width: SIDE };
  const errors = roundTrip.psnr.map((): number[] => []);
  for (const { frames, length } of await loadEpisodes(still, undefined, squareFacts, size)) {
    const video = fromTyped(frames, [1, length, 1, SIDE, SIDE, 3]); // all rows are alike
    const decoded = scope(() =>
      noGrad(() => model.decodeLatents(model.encodeFrames(video), video.select(1, 0))),
    ).toTyped();
    const perFrame = frames.length / length;
    for (const [h, list] of errors.entries()) {
      const rest = frames.subarray(h * perFrame, (h + 1) * perFrame);
      const sum = rest.reduce(
        (all, value, i) => all + ((Number(decoded[h * perFrame + i]) - value) / 255) ** 2,
        0,
      );
      list.push(sum / perFrame);
    }
  }
  for (const [h, value] of roundTrip.psnr.entries()) {
    const list = errors[h] ?? [];
    const expected = psnr(list.reduce((sum, e) => sum + e, 0) / list.length);
    // Batches of another size are summed in another order, and a pixel between two greys then rounds the other way.
    expect(Math.abs(value - expected)).toBeLessThan(0.01);
  }
});

test("the same seed gives the same numbers and keeps no tensor; another one dreams otherwise", async () => {
  await settleGarbage(); // or what earlier tests dropped may go meanwhile
  const before = liveTensorCount();
  expect(await evaluate()).toEqual(usual);
  expect(liveTensorCount()).toBeLessThanOrEqual(before);
  const other = await evaluate({ seed: 2 });
  expect(other.model.psnr).not.toEqual(usual.model.psnr);
});

test("a training set that holds the answer is a nearest neighbour without error", async () => {
  const { nearest } = await evaluate({ training: { dataset: still } });
  expect(nearest?.psnr).toEqual([100, 100, 100]);
  expect(usual.nearest).toBeNull();
});

test("a training set that cannot serve leaves the baseline out and says why", async () => {
  const short = await recordGrey(join(temporaryFolder("short"), "data"), { episodes: 1, length: 4 });
  const notes: string[] = [];
  const onNote = (note: string): void => void notes.push(note);
  expect((await evaluate({ training: { dataset: short }, onNote })).nearest).toBeNull();
  const folder = join(temporaryFolder("slider"), "data");
  const slider = await recordGrey(folder, { episodes: 1, length: 14, embodiment: body(1) });
  expect((await evaluate({ training: { dataset: slider }, onNote })).nearest).toBeNull();
  expect(notes).toEqual([
    "the nearest-neighbour baseline is left out: no training episode has 5 rows",
    expect.stringMatching(/^the nearest-neighbour baseline is left out: .*actions of 1 numbers instead of 2/),
  ]);
});

test("the shuffle ratio needs two episodes, and a model without actions has none", async () => {
  const notes: string[] = [];
  const single = await evaluate({ episodes: [1], onNote: (note) => void notes.push(note) });
  expect(single.shuffleRatio).toBeNull();
  expect(notes).toEqual(["the action-shuffle ratio is left out: it needs windows of at least two episodes"]);
  expect(single.model.psnrCi95[0]).toEqual([Number.NaN, Number.NaN]);

  const { shuffleRatio } = usual;
  expect(shuffleRatio?.value).not.toBe(1);
  const [low, high] = shuffleRatio?.ci95 ?? [];
  expect(low).toBeLessThanOrEqual(shuffleRatio?.value ?? 0);
  expect(high).toBeGreaterThanOrEqual(shuffleRatio?.value ?? 0);
  const blind = scrambledModel({ ...squareFacts, actionWidth: 0 });
  expect((await evaluate({ model: blind })).shuffleRatio).toBeNull();
});

test("another body, a context without a velocity and a window too long are refused", async () => {
  const folder = join(temporaryFolder("slider"), "data");
  const slider = await recordGrey(folder, { episodes: 1, length: 14, embodiment: body(1) });
  await expect(evaluate({ dataset: slider })).rejects.toThrow(UsageError);
  await expect(evaluate({ dataset: slider })).rejects.toThrow(
    /model was made for "square", .* holds "slider": actions of 1 numbers instead of 2/,
  );
  const seesMore = scrambledModel({ ...squareFacts, cameras: ["top", "wrist"] });
  await expect(evaluate({ model: seesMore })).rejects.toThrow(/no camera "wrist" \(it has top\)/);
  await expect(evaluate({ contextFrames: 1 })).rejects.toThrow(/at least 2 frames, got 1/);
  await expect(evaluate({ horizon: 40 })).rejects.toThrow(/windows of 44 rows .* the longest has 14/);
  await expect(evaluate({ episodes: [7] })).rejects.toThrow(/must be one of 0 to 2, got 7/);
});

test("it stops when asked", async () => {
  await expect(evaluate({ signal: AbortSignal.abort() })).rejects.toThrow(AbortedError);
});
