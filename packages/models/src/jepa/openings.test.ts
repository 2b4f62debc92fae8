import { join } from "node:path";
import { makeRng, TAKEOVER_ROW } from "@orrery/core";
import { episodeFrames, makeClipLoader } from "@orrery/data";
import { expect, test } from "vitest";
import { recordSquare, temporaryFolder } from "../testing.ts";
import { Hindsight } from "./hindsight.ts";
import { Openings } from "./openings.ts";

const size = { width: 32, height: 32 };

/** The i-th of some pictures, to be compared. */
function pictureIn(frames: Uint8Array, i: number): string {
  const bytes = size.width * size.height * 3;
  return Buffer.from(frames.subarray(i * bytes, (i + 1) * bytes)).toString("hex");
}

test("words learn from the first picture of each episode that came to something, one as often as another", async () => {
  const folder = temporaryFolder("openings");
  const failed = await recordSquare(join(folder, "failed"), { episodes: 2, length: 12, seed: 1 });
  const done = await recordSquare(join(folder, "done"), { episodes: 3, length: 12, seed: 2, succeeds: true });
  const loader = await makeClipLoader({
    // A span that begins later has no opening of its own, though the task was done in it.
    sources: [
      { dataset: failed },
      {
        dataset: done,
        spans: new Map([
          [
            1,
            [
              { from: 0, to: 5 },
              { from: 6, to: 12 },
            ],
          ],
        ]),
      },
    ],
    batch: 2,
    window: 4,
    size,
    seed: 0,
  });
  const hindsight = new Hindsight(loader.episodes);
  const openings = await Openings.read(loader, hindsight);
  await loader.close();
  expect(openings.size).toBe(3);

  const expected = new Map<string, readonly number[]>(); // picture to goal
  for await (const { frames, columns } of episodeFrames({ dataset: done, size })) {
    expected.set(pictureIn(frames, 0), Array.from(columns.state ?? []).slice(-2));
  }
  const { B, V, H, W, frames, goal } = openings.draw(300, makeRng(3));
  expect([B, V, H, W]).toEqual([300, 1, 32, 32]);
  const counts = new Map<string, number>();
  for (let b = 0; b < B; b++) {
    const picture = pictureIn(frames, b);
    expect([...goal.subarray(2 * b, 2 * b + 2)]).toEqual(expected.get(picture));
    counts.set(picture, (counts.get(picture) ?? 0) + 1);
  }
  expect(counts.size).toBe(3);
  for (const count of counts.values()) expect(Math.abs(count - 100)).toBeLessThan(41); // five deviations
});

test("some are held back, by what is in their pictures", async () => {
  const dataset = await recordSquare(join(temporaryFolder("openings"), "many"), {
    episodes: 100,
    length: 6,
    seed: 4,
    succeeds: true,
  });
  const read = async (episodes: readonly number[]): Promise<Openings> => {
    const loader = await makeClipLoader({
      sources: [{ dataset, episodes }],
      batch: 2,
      window: 4,
      size,
      seed: 0,
    });
    const openings = await Openings.read(loader, new Hindsight(loader.episodes));
    await loader.close();
    return openings;
  };
  const picturesOf = (openings: Openings): string[] =>
    [...openings.batches(7)].flatMap(({ B, frames }) =>
      Array.from({ length: B }, (_, b) => pictureIn(frames, b)),
    );
  const numbers = Array.from({ length: 100 }, (_, i) => i);
  const all = (await read(numbers)).divided();
  expect(all.learnt.size + all.held.size).toBe(100);
  expect(all.held.size).toBeGreaterThan(5);
  expect(all.held.size).toBeLessThan(31);
  const [learnt, held] = [picturesOf(all.learnt), picturesOf(all.held)];
  expect(held.filter((picture) => learnt.includes(picture))).toEqual([]);
  // Of fewer episodes none is learnt from that is held back of more.
  const fewer = (await read(numbers.slice(0, 80))).divided();
  expect(fewer.held.size).toBeGreaterThan(0);
  expect(picturesOf(fewer.learnt).filter((picture) => held.includes(picture))).toEqual([]);
  const few = (await read([0, 1, 2])).divided();
  expect([few.learnt.size, few.held.size]).toEqual([3, 0]);
});

test("where an operator took over there is a second picture, held back with the first", async () => {
  const dataset = await recordSquare(join(temporaryFolder("openings"), "taken-over"), {
    episodes: 40,
    length: 8,
    seed: 6,
    succeeds: true,
    labels: { [TAKEOVER_ROW]: 5 },
  });
  const loader = await makeClipLoader({ sources: [{ dataset }], batch: 2, window: 4, size, seed: 0 });
  const openings = await Openings.read(loader, new Hindsight(loader.episodes));
  await loader.close();
  expect(openings.size).toBe(80);
  const { learnt, held } = openings.divided();
  expect(held.size).toBeGreaterThan(0);
  const goalOf = new Map<string, string>(); // picture to goal
  for await (const { frames, columns } of episodeFrames({ dataset, size })) {
    const goal = String([...(columns.state ?? [])].slice(-2));
    for (const row of [0, 5]) goalOf.set(pictureIn(frames, row), goal);
  }
  for (const part of [learnt, held]) {
    const pictures = [...part.batches(100)].flatMap(({ B, frames, goal }) =>
      Array.from({ length: B }, (_, b) => {
        const picture = pictureIn(frames, b);
        expect(goalOf.get(picture)).toBe(String([...goal.subarray(2 * b, 2 * b + 2)]));
        return goalOf.get(picture);
      }),
    );
    // Both pictures of an episode are on the same side.
    const counts = new Map<unknown, number>();
    for (const goal of pictures) counts.set(goal, (counts.get(goal) ?? 0) + 1);
    for (const count of counts.values()) expect(count % 2).toBe(0);
  }
});

test("where goals are rests, moments on the way are asked beside openings and rests", async () => {
  const dataset = await recordSquare(join(temporaryFolder("openings"), "ways"), {
    episodes: 4,
    length: 12,
    seed: 7,
    succeeds: true,
  });
  const loader = await makeClipLoader({ sources: [{ dataset }], batch: 2, window: 4, size, seed: 0 });
  const hindsight = new Hindsight(loader.episodes, "rests");
  const openings = await Openings.read(loader, hindsight);
  await loader.close();
  const goalAt = new Map<string, number[]>(); // picture to goal
  for await (const { index, frames } of episodeFrames({ dataset, size })) {
    const { id } = loader.episodes.find((episode) => episode.index === index)!;
    expect(hindsight.waysOf(id).length).toBeGreaterThan(0);
    for (const { from, goal } of [...hindsight.stagesOf(id), ...hindsight.waysOf(id)])
      goalAt.set(pictureIn(frames, from), [...goal]);
  }
  expect(openings.size).toBe(goalAt.size);
  for (const { B, frames, goal } of openings.batches(5)) {
    for (let b = 0; b < B; b++) {
      const picture = pictureIn(frames, b);
      expect([...goal.subarray(2 * b, 2 * b + 2)]).toEqual(goalAt.get(picture));
    }
  }
});
