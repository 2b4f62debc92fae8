import { join } from "node:path";
import { makeClipLoader } from "@orrery/data";
import { expect, test } from "vitest";
import { ChunkReader } from "./demonstrations.ts";
import { SIDE, temporaryFolder } from "./testing.ts";
import { recordPosts } from "./testing-world.ts";

test("a chunk is what was done from the drawn row on, and ends where the episode does", async () => {
  const dataset = await recordPosts(join(temporaryFolder("chunks"), "data"), { episodes: 3 });
  const size = { width: SIDE, height: SIDE };
  const loader = await makeClipLoader({ sources: [{ dataset }], batch: 24, window: 1, size, seed: 1 });
  const clip = await loader.next();
  await loader.close();
  const C = 6;
  const { actions, isKnown } = new ChunkReader(loader.episodes, 2).read(clip, C);
  let cut = 0;
  for (let b = 0; b < clip.B; b++) {
    const [index, row] = [clip.origin[2 * b] as number, clip.origin[2 * b + 1] as number];
    const { action, length } = (await dataset.readEpisode(index)) as { action: Float32Array; length: number };
    const known = Math.min(C, length - row);
    if (known < C) cut++;
    const own = { from: b * C * 2, to: (b + 1) * C * 2 };
    expect(Array.from(isKnown.slice(b * C, (b + 1) * C))).toEqual(
      Array.from({ length: C }, (_, c) => (c < known ? 1 : 0)),
    );
    expect(Array.from(actions.slice(own.from, own.from + known * 2))).toEqual(
      Array.from(action.slice(row * 2, (row + known) * 2)),
    );
    expect(actions.slice(own.from + known * 2, own.to).every((value) => value === 0)).toBe(true);
  }
  expect(cut).toBeGreaterThan(0); // rows near the end are drawn as well
});
