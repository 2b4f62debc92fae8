import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { collect, fuzz, sample, scratchFolder, survives } from "../shared/testing.ts";
import { readTar, unpackTar } from "../shared/tar.ts";
import { openTub, tubFormat } from "./tub.ts";

const folder = scratchFolder();
let jpeg: Buffer;

beforeAll(async () => {
  jpeg = await sharp({ create: { width: 16, height: 12, channels: 3, background: "red" } })
    .jpeg()
    .toBuffer();
});

/** One tar entry, header and padded content. */
function entry(name: string, content: Uint8Array, type = "0", link = ""): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, 100, "utf8");
  header.write("0000644\0", 100);
  header.write(`${content.length.toString(8).padStart(11, "0")}\0`, 124);
  header.write(type, 156);
  header.write(link, 157);
  header.write("ustar\0", 257);
  header.write("        ", 148);
  header.write(
    `${header
      .reduce((a, b) => a + b, 0)
      .toString(8)
      .padStart(6, "0")}\0 `,
    148,
  );
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

const line = (index: number, more: object = {}): string =>
  JSON.stringify({
    _index: index,
    _timestamp_ms: index * 50,
    "cam/image_array": `${index}.jpg`,
    "user/angle": index / 10,
    "user/throttle": 0.5,
    "user/mode": "user",
    ...more,
  });

test("deleted records, gaps and sessions begin new episodes; damage is counted", async () => {
  const tub = join(folder, "tub");
  mkdirSync(join(tub, "images"), { recursive: true });
  for (let i = 0; i < 12; i++) writeFileSync(join(tub, "images", `${i}.jpg`), jpeg);
  writeFileSync(join(tub, "manifest.json"), '["cam/image_array"]\n{"deleted_indexes": [2]}\n');
  const first = [
    line(0),
    line(1),
    line(2),
    line(3),
    "{broken",
    line(5, { "cam/image_array": "../../etc/passwd" }),
    line(6),
  ];
  writeFileSync(join(tub, "catalog_0.catalog"), `${first.join("\n")}\n`);
  writeFileSync(
    join(tub, "catalog_1.catalog"),
    `${[line(7), line(8, { _session_id: "b" }), line(9, { _session_id: "b", "user/angle": null })].join("\n")}\n`,
  );
  const { episodes, skips } = await collect(await openTub(tub, {}));
  expect(episodes.map((e) => [e.episode.id, e.steps.length])).toEqual([
    ["records_0", 2],
    ["records_3", 1],
    ["records_6", 2], // goes on in the second catalog
    ["records_8", 2],
  ]);
  expect(episodes[2]?.steps.map((s) => s.action?.[0])).toEqual([0.6, 0.7]);
  expect(episodes[3]?.episode.findings?.()).toEqual(["action holds NaN or infinity (1 row, first row 1)"]);
  expect(skips).toEqual([
    { what: "1 records", reason: "marked as deleted in the manifest" },
    { what: "2 records", reason: "no index, no picture name, or damaged JSON" },
  ]);
});

test("an archive cannot write outside its folder, through links, or twice to one name", async () => {
  const path = join(folder, "evil.tar.gz");
  const evil = [
    entry("../outside.jpg", jpeg),
    entry("/absolute.jpg", jpeg),
    entry("link", Buffer.alloc(0), "2", "/etc"),
    entry("link/x.jpg", jpeg),
    entry("good.jpg", jpeg),
    Buffer.alloc(1024),
  ];
  writeFileSync(path, gzipSync(Buffer.concat(evil)));
  const target = join(folder, "out");
  const { written, refused } = await unpackTar(path, target, () => true, { files: 10, bytes: 1e6 });
  expect(written).toEqual(["link/x.jpg", "good.jpg"]); // the link itself was never made
  expect(refused.map((r) => r.name)).toEqual(["../outside.jpg", "/absolute.jpg", "link"]);
  expect(existsSync(join(folder, "outside.jpg"))).toBe(false);
  await expect(unpackTar(path, join(folder, "small"), () => true, { files: 1, bytes: 1e6 })).rejects.toThrow(
    /at most 1 files/,
  );
});

test("a size of 8 exabytes in a tar header, and a cut archive, are refused", async () => {
  const huge = entry("big.jpg", jpeg);
  huge.write("7".repeat(11), 124);
  huge.write("        ", 148);
  huge.write(
    `${huge
      .subarray(0, 512)
      .reduce((a, b) => a + b, 0)
      .toString(8)
      .padStart(6, "0")}\0 `,
    148,
  );
  for (const [name, bytes] of [
    ["huge.tar", huge],
    ["cut.tar", entry("a.jpg", jpeg).subarray(0, 700)],
  ] as const) {
    writeFileSync(join(folder, name), bytes);
    await expect(
      unpackTar(join(folder, name), join(folder, `${name}.out`), () => true, { files: 9, bytes: 1e15 }),
    ).rejects.toThrow(/cut short/);
  }
});

test("random damage to an archive is refused and leaves nothing behind", async () => {
  const good = Buffer.concat([
    entry("tub/catalog_0.catalog", Buffer.from(`${line(0)}\n${line(1)}\n`)),
    entry("tub/images/0.jpg", jpeg),
    entry("tub/images/1.jpg", jpeg),
    Buffer.alloc(1024),
  ]);
  const path = join(folder, "fuzz.tar");
  const before = readdirSync(tmpdir()).filter((name) => name.startsWith("orrery-tub-")).length;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      async (edits) => {
        const damaged = Buffer.from(good);
        for (const [at, value] of edits) damaged[at] = value;
        writeFileSync(path, damaged);
        await survives(() => openTub(path, {}));
      },
    ),
    fuzz(150, 11),
  );
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith("orrery-tub-")).length).toBe(before);
});

const donkey = sample("donkeycar-tub");
describe.skipIf(!donkey)("Donkeycar sample", () => {
  test("1,000 frames of one drive, straight from the archive", async () => {
    if (!donkey) return;
    const path = join(donkey, "tub.tar.gz");
    expect(await tubFormat.recognise(path)).toBeGreaterThan(0.9);
    const source = await openTub(path, {});
    expect(await source.describe()).toMatchObject({ episodes: 1, frames: 1000, skipped: [] });
    const { episodes } = await collect(source);
    const [{ episode, steps } = expect.fail()] = episodes;
    expect(steps.length).toBe(1000);
    expect(episode.embodiment.cameras).toEqual([{ name: "front", width: 160, height: 120, mount: "car" }]);
    expect(steps[0]?.action).toEqual([0.2986039775370604, 0.5391259038890683]);
    const angles = steps.map((s) => s.action?.[0] ?? Number.NaN);
    expect(Math.min(...angles)).toBeGreaterThan(-0.87);
    expect(Math.max(...angles)).toBe(1);
    expect(episode.findings?.()[0]).toMatch(
      /time stamps say 30\d\.\d Hz; the order of frames at 20 Hz is used/,
    );
  });

  test("macOS side files are passed over", async () => {
    if (!donkey) return;
    const names: string[] = [];
    for await (const { name } of readTar(join(donkey, "tub.tar.gz"))) names.push(name);
    expect(names.some((name) => name.includes("._catalog"))).toBe(true);
  });
});
