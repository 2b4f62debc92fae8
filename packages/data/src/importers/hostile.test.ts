/**
 * Every importer against damage to any file of a real recording: bytes are changed, files cut short or emptied, numbers in
 * texts replaced by senseless ones. It may refuse with a `DataError` or report skips, and do nothing else.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { formats } from "../formats.ts";
import { encodeFixture, numberedImage, type FixtureOptions } from "../video/fixtures.ts";
import { unpackTar } from "./shared/tar.ts";
import { fuzz, sample, scratchFolder, survives } from "./shared/testing.ts";

const folder = scratchFolder();

/** Sample, format, and settings that keep one try short. The default number of tries is small: ORRERY_FUZZ asks for more. */
const CASES: readonly (readonly [
  name: string,
  format: string,
  settings?: Readonly<Record<string, unknown>>,
])[] = [
  ["octo-bridge-rlds", "rlds"],
  ["robosuite-wipe-hdf5", "hdf5", { stallSec: 2 }],
  ["ivideogpt-npz", "npz", { rateHz: 10 }],
  ["languagetable-irasim", "json"],
  ["donkeycar-tub/tub.tar.gz", "tub"],
  ["comma2k19-segment", "comma"],
  ["commavq-tokens", "tokens"],
  ["rosbag1-samples", "rosbag", { rateHz: 5 }],
  ["mcap-fixtures", "mcap", { rateHz: 5 }],
  ["aria-mps-sample", "aria"],
  ["ego10k-activity-logs", "activity"],
  ["pusht-lerobot30-tabular", "lerobot"],
  ["cr5-banana-raw", "lerobot"],
];

const TEXT = /\.(json|jsonl|csv|yaml|manifest|catalog)$/;
/** Upstream licences and notes, which no importer reads. */
const PASSED_OVER = /^(LICENSE|SOURCE|README)/;
const SENSELESS = [
  "NaN",
  "-1",
  "1e999",
  "-0.5",
  "9007199254740993",
  '"../../etc/passwd"',
  "[]",
  "null",
  '""',
  "1e15",
];

interface Damage {
  /** Which file, and where in it, as shares of all there are. */
  readonly file: number;
  readonly at: readonly number[];
  readonly byte: number;
  readonly kind: "bytes" | "head" | "cut" | "empty" | "numbers";
  readonly word: string;
}

const damages: fc.Arbitrary<Damage> = fc.record({
  file: share(),
  at: fc.array(share(), { minLength: 1, maxLength: 8 }),
  byte: fc.nat(255),
  kind: fc.constantFrom("bytes", "head", "head", "cut", "empty", "numbers", "numbers"),
  word: fc.constantFrom(...SENSELESS),
});

function share(): fc.Arbitrary<number> {
  return fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
}

function damaged(good: Buffer, isText: boolean, { at, byte, kind, word }: Damage): Buffer {
  if (kind === "empty") return Buffer.alloc(0);
  if (kind === "cut") return good.subarray(0, Math.floor((at[0] ?? 0) * good.length));
  if (kind === "numbers" && isText) {
    const text = good.toString("latin1");
    const from = Math.floor((at[0] ?? 0) * text.length);
    const changed = text.slice(from).replace(/-?\d+(\.\d+)?(e[-+]?\d+)?/, word);
    return Buffer.from(text.slice(0, from) + changed, "latin1");
  }
  // Headers say what everything else is, and are a small part of a file.
  const reach = kind === "bytes" ? good.length : Math.min(good.length, 512);
  const bad = Buffer.from(good);
  for (const [i, place] of at.entries()) bad[Math.floor(place * reach)] = (byte + 31 * i) % 256;
  return bad;
}

async function damageAll(
  root: string,
  how: { readonly format: string; readonly settings?: Readonly<Record<string, unknown>> },
  runs: fc.Parameters<[Damage]>,
): Promise<void> {
  const files = readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((file) => statSync(join(root, file)).isFile() && !PASSED_OVER.test(file))
    .sort();
  await fc.assert(
    fc.asyncProperty(damages, async (damage) => {
      const file = files[Math.floor(damage.file * files.length)] ?? "";
      const good = readFileSync(join(root, file));
      writeFileSync(join(root, file), damaged(good, TEXT.test(extname(file)), damage));
      try {
        await survives(() => formats.open(root, how));
      } finally {
        writeFileSync(join(root, file), good);
      }
    }),
    runs,
  );
}

/** Archives are unpacked, so that what lies in them is damaged too. */
async function copySample(path: string, root: string): Promise<void> {
  if (path.endsWith(".tar.gz")) await unpackTar(path, root, () => true, { files: 5000, bytes: 1e8 });
  else cpSync(path, root, { recursive: true });
}

for (const [i, [name, format, settings = {}]] of CASES.entries()) {
  const path = sample(name);
  test.skipIf(!path)(`${name}: damage to any of its files`, async () => {
    if (!path) return;
    const root = join(folder, name.replace(/\W/g, "-"));
    await copySample(path, root);
    // A source that is whole reads, so that what is refused below is refused for its damage.
    expect(await survives(() => formats.open(root, { format, settings }))).toBe("read");
    await damageAll(root, { format, settings }, fuzz(3, 100 + i));
    rmSync(root, { recursive: true });
  });
}

/** One film for each container and codec that people bring. */
const FILMS: Readonly<Record<string, FixtureOptions>> = {
  "h264.mp4": { encoder: "libx264", maxBFrames: 2 },
  "hevc.mov": { encoder: "libx265", encoderOptions: { "x265-params": "log-level=none" } },
  "av1.mp4": { encoder: "libsvtav1", encoderOptions: { preset: "12" } },
  "vp9.webm": { encoder: "libvpx-vp9", encoderOptions: { deadline: "realtime", "cpu-used": "8" } },
  "h264.mkv": { encoder: "libx264" },
  "mpeg4.avi": { encoder: "mpeg4" },
  "mjpeg.avi": { encoder: "mjpeg", pixelFormat: "yuvj420p" },
};

test("films: damage to containers and to what the decoders read", async () => {
  const root = join(folder, "films");
  mkdirSync(root);
  const images = Array.from({ length: 12 }, (_, n) => numberedImage(20 * n));
  for (const [name, options] of Object.entries(FILMS)) encodeFixture(join(root, name), images, options);
  writeFileSync(
    join(root, "captions.csv"),
    "file,caption,start,end\nh264.mp4,count,0,0.5\nvp9.webm,count,0.2,0.9\n",
  );
  expect(await survives(() => formats.open(root, { format: "video" }))).toBe("read");
  await damageAll(root, { format: "video" }, fuzz(12, 99));
});
