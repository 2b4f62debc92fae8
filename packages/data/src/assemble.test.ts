import { join } from "node:path";
import type { Embodiment } from "@orrery/core";
import { expect, test } from "vitest";
import { spoiledRows } from "./assemble.ts";
import { makeClipLoader } from "./clips/index.ts";
import { curateDataset, readCuration } from "./curate/index.ts";
import { openDataset } from "./open.ts";
import { openDatasetWriter } from "./store/dataset-writer.ts";
import { shade } from "./testing.ts";
import { temporaryFolder } from "./testing-datasets.ts";

const EYES: Embodiment = {
  name: "eyes",
  controlRateHz: 10,
  state: [{ name: "head", width: 2, unit: "m" }],
  action: [],
  cameras: [{ name: "rgb", width: 32, height: 32 }],
};

test("a NaN in an extra stream takes nothing from its row, one in the state does", async () => {
  const root = join(temporaryFolder("spoiled"), "eyes");
  const writer = await openDatasetWriter(root, { embodiment: EYES });
  const recorder = writer.recorder();
  for (let t = 0; t < 30; t++) {
    const gaze = [t < 20 ? t : Number.NaN]; // the log of the eyes ends early
    const state = [t === 25 ? Number.NaN : t, t / 2];
    recorder.add({ state, extra: { gaze }, images: { rgb: shade(40 + 6 * t) } });
  }
  writer.append(recorder.finish({ provenance: { stream: "ego" } }));
  writer.close();

  const dataset = await openDataset(root);
  const columns = await dataset.readEpisode(0);
  expect(columns.nonFiniteRows).toEqual([20, 21, 22, 23, 24, 25, 26, 27, 28, 29]);
  expect(spoiledRows(columns)).toEqual([25]);
  expect(spoiledRows(columns, 0, 25)).toEqual([]);

  const { verdicts } = await curateDataset(root, {
    config: { frozen: { action: "off" }, idle: { action: "off" } },
  });
  expect(verdicts.find(({ verdict }) => verdict === "nonfinite")).toMatchObject({
    droppedFrames: 1,
    notedFrames: 9,
  });
  const spans = new Map([[0, (await readCuration(root)).episodes[0]?.kept ?? []]]);
  const size = { width: 8, height: 8 };
  const loader = await makeClipLoader({ sources: [{ dataset, spans }], batch: 1, window: 4, size, seed: 1 });
  expect(loader.episodes.map(({ from, length }) => [from, length])).toEqual([[0, 25]]);
  await loader.close();
});
