import { describe, expect, test } from "vitest";
import { IMPORTERS } from "./index.ts";
import { sample } from "./shared/testing.ts";

/** The surest format for a path, as the registry picks it. */
async function guess(path: string): Promise<string> {
  let best = { name: "none", sure: 0 };
  for (const format of IMPORTERS) {
    const sure = await format.recognise(path);
    expect(sure).toBeGreaterThanOrEqual(0);
    expect(sure).toBeLessThanOrEqual(1);
    if (sure > best.sure) best = { name: format.name, sure };
  }
  return best.name;
}

describe("every sample is recognised as what it is, whole folders and single files alike", () => {
  const cases = [
    ["octo-bridge-rlds", "rlds"],
    ["robosuite-wipe-hdf5", "hdf5"],
    ["ivideogpt-npz", "npz"],
    ["languagetable-irasim", "json"],
    ["donkeycar-tub/tub.tar.gz", "tub"],
    ["comma2k19-segment", "comma"],
    ["commavq-tokens", "tokens"],
    ["commavq-tokens/tokens.npy", "tokens"],
    ["rosbag1-samples", "rosbag"],
    ["rosbag1-samples/tilt_laser.bag", "rosbag"],
    ["mcap-fixtures", "mcap"],
    ["aria-mps-sample", "aria"],
    ["ego10k-activity-logs", "activity"],
    ["opencv-doc-videos", "video"],
    ["bulk-water/bulk-water.mov", "video"],
    ["intel-sample-videos", "video"],
  ] as const;
  test.each(cases)("%s is %s", async (name, format) => {
    const path = sample(name);
    if (path) expect(await guess(path)).toBe(format);
  });
});

test("names are those of the command line, each once; foreign paths are recognised by none", async () => {
  const names = IMPORTERS.map((format) => format.name);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toEqual(
    expect.arrayContaining([
      "rlds",
      "mcap",
      "rosbag",
      "hdf5",
      "zarr",
      "npz",
      "video",
      "tub",
      "comma",
      "1x",
      "tokens",
    ]),
  );
  expect(await guess("/nowhere/at/all")).toBe("none");
});
