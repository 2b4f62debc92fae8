import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { h5wasm } from "h5wasm/node";
import sharp from "sharp";
import { beforeAll, expect, test } from "vitest";
import { collect, fuzz, sample, scratchFolder, survives } from "../shared/testing.ts";
import { hdf5Format, openHdf5 } from "./hdf5.ts";

const folder = scratchFolder();
const T = 3;

/** A small file written by the C library itself, so that the reader is not tested against its own idea of HDF5. */
function write(name: string, fill: (file: InstanceType<typeof h5wasm.File>) => void): string {
  const path = join(folder, name);
  // The oldest layout has no checksums over its headers, so that damage reaches the checks under test.
  const file = new h5wasm.File(path, "w", { libver: ["earliest", "latest"] });
  fill(file);
  file.close();
  return path;
}

const range = (n: number, from = 0): Float32Array => Float32Array.from({ length: n }, (_, i) => from + i);

let aloha = "";
let robomimic = "";

beforeAll(async () => {
  await h5wasm.ready;
  const jpegs: Buffer[] = [];
  for (let t = 0; t < T; t++) {
    const background = { r: 60 * t, g: 0, b: 0 };
    jpegs.push(
      await sharp({ create: { width: 24, height: 16, channels: 3, background } })
        .jpeg()
        .toBuffer(),
    );
  }
  const width = Math.max(...jpegs.map((j) => j.length)) + 7;
  const padded = new Uint8Array(T * width);
  jpegs.forEach((jpeg, t) => padded.set(jpeg, t * width));
  aloha = write("episode_0.hdf5", (file) => {
    file.create_attribute("sim", 1, null, "<i");
    file.create_dataset({ name: "action", data: range(T * 14), shape: [T, 14] });
    file.create_group("observations");
    file.create_group("observations/images");
    file.create_dataset({ name: "observations/qpos", data: range(T * 14, 100), shape: [T, 14] });
    file.create_dataset({ name: "observations/qvel", data: range(T * 14, 200), shape: [T, 14] });
    file.create_dataset({ name: "observations/images/top", data: padded, shape: [T, width] });
  });
  robomimic = write("robomimic.hdf5", (file) => {
    const data = file.create_group("data");
    data.create_attribute(
      "env_args",
      JSON.stringify({ env_name: "Lift", env_kwargs: { robots: ["Panda"], control_freq: 40 } }),
    );
    for (const demo of ["demo_10", "demo_2"]) {
      file.create_group(`data/${demo}`);
      file.create_group(`data/${demo}/obs`);
      file.create_dataset({ name: `data/${demo}/actions`, data: range(T * 2), shape: [T, 2] });
      file.create_dataset({ name: `data/${demo}/states`, data: range(T * 5), shape: [T, 5] });
      file.create_dataset({ name: `data/${demo}/rewards`, data: range(T), shape: [T] });
      file.create_dataset({ name: `data/${demo}/dones`, data: Int32Array.from([0, 0, 1]), shape: [T] });
      file.create_dataset({ name: `data/${demo}/obs/eef`, data: range(T * 3, 7), shape: [T, 3] });
      const pixels = Uint8Array.from({ length: T * 8 * 9 * 3 }, (_, i) => i % 251);
      const chunks = [1, 8, 9, 3];
      file.create_dataset({
        name: `data/${demo}/obs/agentview`,
        data: pixels,
        shape: [T, 8, 9, 3],
        chunks,
        compression: "gzip",
        compression_opts: 4,
      });
    }
    file.create_group("mask");
    file.create_dataset({ name: "mask/train", data: ["demo_2"] });
  });
});

test("an ALOHA file with padded JPEG rows gives qpos, action and pictures", async () => {
  const { episodes, skips } = await collect(await openHdf5(aloha, {}));
  expect(skips).toEqual([]);
  const [{ episode, steps } = expect.fail()] = episodes;
  expect(episode.embodiment.controlRateHz).toBe(50);
  expect(episode.provenance.stream).toBe("sim");
  expect(episode.embodiment.state[0]?.names?.[7]).toBe("right_waist");
  expect(steps.length).toBe(T);
  expect(Array.from(steps[1]?.action ?? [])).toEqual(Array.from(range(14, 14)));
  expect(Array.from(steps[2]?.state ?? [])).toEqual(Array.from(range(14, 128)));
  expect(steps[2]?.extra?.["qvel"]?.[0]).toBe(228);
  // JPEG of one colour comes back within a few levels.
  expect(Math.abs((steps[2]?.images["top"]?.data[0] ?? 0) - 120)).toBeLessThan(4);
});

test("a robomimic file gives demos in natural order, masks, rewards and compressed pictures", async () => {
  const source = await openHdf5(robomimic, { settings: { task: "lift the cube" } });
  expect(await source.describe()).toMatchObject({
    episodes: 2,
    frames: 2 * T,
    notes: ["panda at 40 Hz, 1 cameras"],
  });
  const { episodes } = await collect(source);
  expect(episodes.map((e) => e.episode.id)).toEqual([
    "robomimic.hdf5:data/demo_2",
    "robomimic.hdf5:data/demo_10",
  ]);
  const [{ episode, steps } = expect.fail()] = episodes;
  expect(episode.task).toBe("lift the cube");
  expect(episode.provenance.labels).toEqual({ env: "Lift", mask: "train" });
  expect(Array.from(steps[1]?.state ?? [])).toEqual([10, 11, 12]);
  expect(steps.map((s) => s.reward)).toEqual([0, 1, 2]);
  expect(steps.map((s) => s.done)).toEqual([false, false, true]);
  expect(steps[1]?.images["agentview"]?.data[5]).toBe((216 + 5) % 251);
  expect(steps[0]?.extra?.["states"]?.length).toBe(5);
});

test("a filter that this build lacks is refused by name instead of giving garbage", async () => {
  // In the pipeline message the id of deflate (1) stands eight bytes before its name; 32000 is lzf.
  const bytes = readFileSync(robomimic);
  let edits = 0;
  for (let at = bytes.indexOf("deflate"); at >= 0; at = bytes.indexOf("deflate", at + 1)) {
    bytes.writeUInt16LE(32000, at - 8);
    edits++;
  }
  expect(edits).toBe(2);
  const path = join(folder, "lzf.hdf5");
  writeFileSync(path, bytes);
  const { skips, episodes } = await collect(await openHdf5(path, {}));
  expect(skips[0]?.reason).toMatch(/filter 32000 .* is not read/);
  expect(episodes[0]?.episode.embodiment.cameras).toEqual([]); // the numbers are still read
});

test("files that are cut, foreign or of another layout are skipped with a reason", async () => {
  const bytes = readFileSync(robomimic);
  writeFileSync(join(folder, "cut.hdf5"), bytes.subarray(0, bytes.length / 2));
  writeFileSync(join(folder, "text.hdf5"), "not HDF5 at all");
  const other = write("other.hdf5", (file) => void file.create_dataset({ name: "x", data: range(4) }));
  for (const [name, reason] of [
    ["cut.hdf5", /truncated/],
    ["text.hdf5", /signature not found/],
    ["other.hdf5", /must hold \/data\/<demo>\/actions .* found \/x/],
  ] as const) {
    const { episodes, skips } = await collect(await openHdf5(join(folder, name), {}));
    expect(episodes).toEqual([]);
    expect(skips[0]?.reason).toMatch(reason);
  }
  expect(await hdf5Format.recognise(other)).toBeGreaterThan(0.9);
});

test("random damage to a file is refused, never more", async () => {
  const bytes = readFileSync(robomimic);
  const path = join(folder, "fuzz.hdf5");
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(6000), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      async (edits) => {
        const damaged = Buffer.from(bytes);
        for (const [at, value] of edits) damaged[at % damaged.length] = value;
        writeFileSync(path, damaged);
        await survives(() => openHdf5(path, { settings: { stallSec: 2 } }));
      },
    ),
    fuzz(150, 7),
  );
  // The library still works after all that.
  expect((await collect(await openHdf5(robomimic, {}))).episodes.length).toBe(2);
});

const wipe = sample("robosuite-wipe-hdf5");
test.skipIf(!wipe)("robosuite wiping demonstration", async () => {
  if (!wipe) return;
  const { episodes, skips } = await collect(await openHdf5(wipe, {}));
  expect(skips).toEqual([{ what: "3 other files", reason: expect.stringContaining("not HDF5") }]);
  const [{ episode, steps } = expect.fail()] = episodes;
  expect(episode.embodiment).toMatchObject({ name: "panda", controlRateHz: 20 });
  expect(episode.embodiment.action[0]?.mode).toBe("delta");
  expect(episode.provenance.labels).toEqual({ env: "Wipe" });
  expect(steps.length).toBe(174);
  expect(steps[0]?.state?.length).toBe(15);
  expect(steps[0]?.action?.length).toBe(6);
  expect(steps[0]?.extra?.["joint_torques"]?.length).toBe(7);
});
