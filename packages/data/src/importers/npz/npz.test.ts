import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { collectGarbage } from "@orrery/core/node";
import * as fc from "fast-check";
import { zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { halfToNumber } from "../shared/arrays.ts";
import { parseNpyHeader } from "../shared/npy.ts";
import { collect, fuzz, sample, scratchFolder, survives } from "../shared/testing.ts";
import { isSafeName } from "../shared/zip.ts";
import { openNpz } from "./npz.ts";

const folder = scratchFolder();

/** A .npy file as numpy writes it: header padded so that the data starts at a multiple of 64. */
function npy(descr: string, shape: string, data: Uint8Array, fortran = "False"): Uint8Array {
  const dict = `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;
  const header = `${dict.padEnd(Math.ceil((dict.length + 11) / 64) * 64 - 11)}\n`;
  const prefix = Buffer.from([
    0x93,
    0x4e,
    0x55,
    0x4d,
    0x50,
    0x59,
    1,
    0,
    header.length & 255,
    header.length >> 8,
  ]);
  return Buffer.concat([prefix, Buffer.from(header), data]);
}

const bytesOf = (array: ArrayBufferView): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const floats = (n: number): Uint8Array => bytesOf(Float32Array.from({ length: n }, (_, i) => i));
const image = npy(
  "<i8",
  "(3, 8, 9, 3)",
  bytesOf(BigInt64Array.from({ length: 3 * 216 }, (_, i) => BigInt(i % 256))),
);

function write(name: string, files: Record<string, Uint8Array>, level: 0 | 6 = 6): string {
  const path = join(folder, name);
  writeFileSync(path, zipSync(files, { level }));
  return path;
}

test.each([0, 6] as const)(
  "64-bit pictures and one action fewer than pictures (deflate level %i)",
  async (level) => {
    const path = write(
      `toy${level}.npz`,
      { "image.npy": image, "action.npy": npy("<f4", "(2, 2)", floats(4)) },
      level,
    );
    const { episodes, skips } = await collect(await openNpz(path, { settings: { rateHz: 5, task: "push" } }));
    expect(skips).toEqual([]);
    const [{ episode, steps } = expect.fail()] = episodes;
    expect(episode.task).toBe("push");
    expect(steps.map((s) => s.action && Array.from(s.action))).toEqual([[0, 1], [2, 3], undefined]);
    expect(steps[2]?.images["image"]?.data[10]).toBe((2 * 216 + 10) % 256);
  },
);

test("pickles, text, wrong lengths and bad names are left out by name", async () => {
  const path = write("odd.npz", {
    "image.npy": image,
    "pickle.npy": npy("|O", "(3,)", Buffer.from("cos\nsystem\n")),
    "text.npy": npy("<U2", "(3,)", new Uint8Array(24)),
    "long.npy": npy("<f4", "(9, 1)", floats(9)),
    "state.npy": npy("<f4", "(3, 2)", floats(6), "True"),
    "../evil.npy": npy("<f4", "(3, 2)", floats(6)),
  });
  const { episodes, skips } = await collect(await openNpz(path, {}));
  // Column-major: the file holds 0 1 2 | 3 4 5 as two columns.
  expect(episodes[0]?.steps.map((s) => Array.from(s.state ?? []))).toEqual([
    [0, 3],
    [1, 4],
    [2, 5],
  ]);
  expect(Object.fromEntries(skips.map((s) => [s.what.replace("odd.npz: ", ""), s.reason]))).toEqual({
    pickle: expect.stringContaining("never loaded"),
    text: "text has no place in a row",
    long: "has 9 rows where the episode has 3 steps",
    "../evil.npy": "its name leads out of the archive",
  });
});

test("a header that promises more than there is asks for no memory", async () => {
  const lying = npy("<f4", "(1000000000000, 4)", floats(8));
  const path = write("lying.npz", { "action.npy": lying });
  const { episodes } = await collect(await openNpz(path, {})).catch((error: Error) => {
    expect(error.message).toMatch(/ended after 2 of 1000000000000 rows/);
    return { episodes: [] };
  });
  expect(episodes).toEqual([]);
  const wide = write("wide.npz", { "image.npy": npy("|u1", "(1, 16384, 16384, 3)", floats(1)) });
  await expect(collect(await openNpz(wide, {}))).resolves.toMatchObject({ episodes: [] });
});

test("an archive that inflates to 120 MB is read in a small part of that", async () => {
  const [T, side] = [40, 1000];
  const path = write("bomb.npz", {
    "image.npy": npy("|u1", `(${T}, ${side}, ${side}, 3)`, new Uint8Array(T * side * side * 3)),
  });
  const source = await openNpz(path, {});
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  let rows = 0;
  for await (const item of source.episodes()) {
    if ("reason" in item) continue;
    for await (const step of item.steps()) {
      rows += step.images["image"]?.width === side ? 1 : 0;
      collectGarbage(); // or what is measured is how far behind the collector happens to be
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }
  }
  expect(rows).toBe(T);
  // One row is 3 MB; the sweeper may be a few of them late.
  expect(most).toBeLessThan(30e6);
});

test("numpy's half floats and header forms", () => {
  expect([0x3c00, 0xc000, 0x7c00, 0x0001, 0x3555].map(halfToNumber)).toEqual([
    1,
    -2,
    Infinity,
    2 ** -24,
    0.333251953125,
  ]);
  expect(parseNpyHeader("{'descr': '>f8', 'fortran_order': False, 'shape': (), }", 64, "x")).toMatchObject({
    shape: [],
    dtype: { kind: "f", bytes: 8, littleEndian: false },
  });
  expect(["a/b.npy", "../a", "/a", "a/../b", "C:/a", "a\\b", "a\u0000b", ""].filter(isSafeName)).toEqual([
    "a/b.npy",
  ]);
});

test("random damage is refused, never more", async () => {
  const good = zipSync({ "image.npy": image, "action.npy": npy("<f4", "(2, 2)", floats(4)) }, { level: 0 });
  const path = join(folder, "fuzz.npz");
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      fc.nat(good.length),
      async (edits, cut) => {
        const damaged = Buffer.from(good);
        for (const [at, value] of edits) damaged[at] = value;
        writeFileSync(path, cut % 3 === 0 ? damaged.subarray(0, cut) : damaged);
        await survives(() => openNpz(path, {}));
      },
    ),
    fuzz(200, 9),
  );
});

describe("iVideoGPT samples", () => {
  const path = sample("ivideogpt-npz");
  test.skipIf(!path)("BAIR: 30 steps, two cameras, four actions; fractal: pictures alone", async () => {
    if (!path) return;
    const source = await openNpz(path, { settings: { rateHz: 10 } });
    expect(await source.describe()).toMatchObject({ episodes: 2, frames: 52 });
    const { episodes, skips } = await collect(source);
    expect(skips.map((s) => s.what)).toEqual(["2 other files"]);
    const [bair, fractal] = episodes;
    expect(bair?.episode.embodiment.cameras).toEqual([
      { name: "image", width: 64, height: 64 },
      { name: "aux1_image", width: 64, height: 64 },
    ]);
    expect(bair?.steps.length).toBe(30);
    expect(bair?.steps[0]?.action?.length).toBe(4);
    expect(fractal?.steps.length).toBe(22);
    expect(fractal?.steps[0]?.action).toBeUndefined();
    expect(fractal?.steps[0]?.images["image"]).toMatchObject({ width: 320, height: 256 });
  });
});
