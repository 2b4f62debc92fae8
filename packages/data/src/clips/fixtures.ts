/** A small dataset on disk whose pictures and rows tell their own episode and row. */
import type { Embodiment } from "@orrery/core";
import { openDataset } from "../open.ts";
import type { DatasetReader } from "../reader.ts";
import { openDatasetWriter } from "../store/dataset-writer.ts";
import { numberedImage, NUMBERED } from "../video/fixtures.ts";

const EMBODIMENT: Embodiment = {
  name: "counter",
  controlRateHz: 10,
  state: [{ name: "row", width: 2, unit: "1" }],
  action: [{ name: "next", width: 1, unit: "1", kind: "continuous", mode: "absolute" }],
  cameras: [
    { name: "a", ...NUMBERED },
    { name: "b", ...NUMBERED },
  ],
};

/** The number shown by camera 0 or 1 on a row: below 256, different for neighbouring episodes and rows. */
export function shownNumber(episode: number, row: number, camera: number): number {
  return (episode * 50 + row + camera * 128) % 256;
}

export interface CounterOptions {
  /** Rows of each episode. */
  readonly lengths: readonly number[];
  /** Episode and row whose state is NaN. */
  readonly nan?: { readonly episode: number; readonly row: number };
}

/** Records episodes whose state is [episode, row], whose action is the row, and whose reward is 1 on each row. */
export async function recordCounter(folder: string, options: CounterOptions): Promise<DatasetReader> {
  const writer = await openDatasetWriter(folder, { embodiment: EMBODIMENT });
  for (const [episode, length] of options.lengths.entries()) {
    const recorder = writer.recorder();
    for (let row = 0; row < length; row++) {
      const isNan = options.nan?.episode === episode && options.nan.row === row;
      recorder.add({
        state: [episode, isNan ? Number.NaN : row],
        action: [row],
        reward: 1,
        success: row === length - 1,
        images: {
          a: numberedImage(shownNumber(episode, row, 0)),
          b: numberedImage(shownNumber(episode, row, 1)),
        },
      });
    }
    writer.append(
      recorder.finish({
        task: episode % 2 ? "odd" : "even",
        provenance: { stream: "sim", operator: "counter" },
      }),
    );
  }
  writer.close();
  return openDataset(folder);
}
