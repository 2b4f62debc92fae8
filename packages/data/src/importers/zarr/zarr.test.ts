import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { zipSync } from "fflate";
import { Blosc } from "numcodecs";
import { expect, test } from "vitest";
import { collect, fuzz, scratchFolder, survives } from "../shared/testing.ts";
import { openZarr, zarrFormat } from "./zarr.ts";

const folder = scratchFolder();
const EPISODE_ENDS = [3, 5];

interface Written {
  readonly meta: Record<string, unknown>;
  readonly chunks: Record<string, Uint8Array>;
}

/** A diffusion-policy buffer of 5 steps: action raw, state gzip, img Blosc and cut along height too. */
async function buffer(): Promise<Record<string, Written>> {
  const blosc = { id: "blosc", cname: "zstd", clevel: 5, shuffle: 2, blocksize: 0 };
  const codec = Blosc.fromConfig({ ...blosc, shuffle: 2 });
  const meta = (
    shape: number[],
    chunks: number[],
    dtype: string,
    compressor: unknown,
  ): Record<string, unknown> => ({
    zarr_format: 2,
    shape,
    chunks,
    dtype,
    compressor,
    filters: null,
    order: "C",
    fill_value: 0,
  });
  const action = Float32Array.from({ length: 10 }, (_, i) => i);
  const state = Float64Array.from({ length: 15 }, (_, i) => 100 + i);
  const pixel = (t: number, y: number, x: number, c: number): number => (t * 50 + y * 10 + x + c) % 256;
  const img: Record<string, Uint8Array> = {};
  for (let ct = 0; ct < 3; ct++) {
    for (let cy = 0; cy < 2; cy++) {
      const chunk = new Float32Array(2 * 5 * 9 * 3); // rows of chunks overhang the array: 8 rows in chunks of 5
      let i = 0;
      for (let t = 0; t < 2; t++)
        for (let y = 0; y < 5; y++)
          for (let x = 0; x < 9; x++)
            for (let c = 0; c < 3; c++) chunk[i++] = pixel(ct * 2 + t, cy * 5 + y, x, c);
      img[`${ct}.${cy}.0.0`] = await codec.encode(new Uint8Array(chunk.buffer));
    }
  }
  const bytes = (a: Float32Array | Float64Array): Uint8Array =>
    new Uint8Array(a.buffer, a.byteOffset, a.byteLength);
  const padded = new Float32Array(12);
  padded.set(action);
  return {
    "data/action": {
      meta: meta([5, 2], [3, 2], "<f4", null),
      chunks: { "0.0": bytes(padded.slice(0, 6)), "1.0": bytes(padded.slice(6)) },
    },
    "data/state": {
      meta: meta([5, 3], [5, 3], "<f8", { id: "gzip", level: 5 }),
      chunks: { "0.0": gzipSync(bytes(state)) },
    },
    "data/img": { meta: meta([5, 8, 9, 3], [2, 5, 9, 3], "<f4", blosc), chunks: img },
    "data/n_contacts": { meta: meta([5, 1], [5, 1], "<f4", null), chunks: {} },
    "meta/episode_ends": {
      meta: meta([2], [2], "<i8", null),
      chunks: { "0": new Uint8Array(BigInt64Array.from(EPISODE_ENDS.map(BigInt)).buffer) },
    },
  };
}

function writeFolder(name: string, arrays: Record<string, Written>): string {
  const root = join(folder, name);
  rmSync(root, { recursive: true, force: true });
  for (const [path, { meta, chunks }] of Object.entries(arrays)) {
    mkdirSync(join(root, path), { recursive: true });
    writeFileSync(join(root, path, ".zarray"), JSON.stringify(meta));
    for (const [key, chunk] of Object.entries(chunks)) writeFileSync(join(root, path, key), chunk);
  }
  return root;
}

function writeZip(name: string, arrays: Record<string, Written>): string {
  const files: Record<string, Uint8Array> = {};
  for (const [path, { meta, chunks }] of Object.entries(arrays)) {
    files[`${path}/.zarray`] = Buffer.from(JSON.stringify(meta));
    for (const [key, chunk] of Object.entries(chunks)) files[`${path}/${key}`] = chunk;
  }
  const path = join(folder, name);
  writeFileSync(path, zipSync(files));
  return path;
}

test.each(["folder", "zip"])("a replay buffer in a %s gives its episodes", async (kind) => {
  const arrays = await buffer();
  const path = kind === "zip" ? writeZip("toy.zarr.zip", arrays) : writeFolder("toy.zarr", arrays);
  expect(await zarrFormat.recognise(path)).toBeGreaterThan(0.9);
  const source = await openZarr(path, { settings: { rateHz: 20 } });
  expect(await source.describe()).toMatchObject({ episodes: 2, frames: 5, skipped: [] });
  const { episodes, skips } = await collect(source);
  expect(skips).toEqual([]);
  expect(episodes.map((e) => e.steps.length)).toEqual([3, 2]);
  const second = episodes[1];
  expect(second?.episode.embodiment).toMatchObject({ name: "toy", controlRateHz: 20 });
  expect(Array.from(second?.steps[0]?.action ?? [])).toEqual([6, 7]); // row 3, across a chunk border
  expect(Array.from(second?.steps[1]?.state ?? [])).toEqual([112, 113, 114]);
  const image = second?.steps[1]?.images["img"];
  // Row 4, y 7, x 8, channel 2: in the second chunk along both time and height.
  expect(image?.data[(7 * 9 + 8) * 3 + 2]).toBe((4 * 50 + 7 * 10 + 8 + 2) % 256);
  expect(second?.steps[0]?.extra?.["n_contacts"]?.[0]).toBe(0);
  expect(second?.episode.findings?.()).toEqual([expect.stringContaining("1 chunks are not stored")]);
});

test("arrays that cannot be read are skipped with the reason, the rest is imported", async () => {
  const arrays = await buffer();
  const bad = (change: Record<string, unknown>): Written => ({
    meta: { ...arrays["data/img"]?.meta, ...change },
    chunks: {},
  });
  arrays["data/jpeg2k"] = bad({ compressor: { id: "imagecodecs_jpeg2k" } });
  arrays["data/objects"] = bad({ dtype: "|O" });
  arrays["data/huge"] = bad({ chunks: [1_000_000_000, 8, 9, 3] });
  arrays["data/short"] = bad({ shape: [4, 8, 9, 3] });
  const { episodes, skips } = await collect(await openZarr(writeFolder("bad.zarr", arrays), {}));
  expect(episodes.length).toBe(2);
  expect(Object.fromEntries(skips.map((s) => [s.what, s.reason]))).toEqual({
    huge: expect.stringMatching(/must have at most .* bytes/),
    jpeg2k: expect.stringContaining('"imagecodecs_jpeg2k", which is not read'),
    objects: expect.stringContaining("never loaded"),
    short: "has 4 rows where 5 are needed",
  });
});

test("a missing action chunk, a lying Blosc header and a missing group are refused", async () => {
  const arrays = await buffer();
  const chunk = arrays["data/img"]?.chunks["0.0.0.0"];
  if (!chunk) throw new Error("no chunk");
  const lying = Buffer.from(chunk);
  lying.writeUInt32LE(0xfffffff0, 4);
  const path = writeFolder("lying.zarr", {
    ...arrays,
    "data/img": {
      meta: arrays["data/img"]?.meta ?? {},
      chunks: { ...arrays["data/img"]?.chunks, "0.0.0.0": lying },
    },
  });
  await expect(collect(await openZarr(path, {}))).rejects.toThrow(
    /claims 4294967280 bytes where 1080 belong/,
  );
  const incomplete = writeFolder("incomplete.zarr", arrays);
  rmSync(join(incomplete, "data/action/1.0"));
  const { episodes, skips } = await collect(await openZarr(incomplete, {}));
  expect(episodes.length).toBe(1); // rows 0 to 2 lie in the chunk that is there
  expect(skips).toEqual([{ what: "episode_1", reason: expect.stringContaining("is not stored") }]);
  await expect(openZarr(join(folder, "nowhere"), {})).rejects.toThrow(/found none/);
});

test("random damage to a zip is refused, never more", async () => {
  const bytes = readFileSync(writeZip("whole.zarr.zip", await buffer()));
  const path = join(folder, "fuzz.zarr.zip");
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
      async (edits) => {
        const damaged = Buffer.from(bytes);
        for (const [at, value] of edits) damaged[at] = value;
        writeFileSync(path, damaged);
        await survives(() => openZarr(path, {}));
      },
    ),
    fuzz(150, 8),
  );
});
