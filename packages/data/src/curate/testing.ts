/** Synthetic videos and datasets for the tests of curation: textured scenes that move, made from seeds. */
import type { Image, Provenance, Step } from "@orrery/core";
import { makeRng } from "@orrery/core";
import { openDatasetWriter } from "../store/dataset-writer.ts";

export const SIZE = { width: 128, height: 96 } as const;

/** A picture made of soft colour blobs: as different from another seed's as two places are. */
export interface Scene {
  /** The view from a camera moved by (x, y) pixels. `t` moves a ball that is part of the scene. */
  at(x: number, y: number, t?: number): Image;
}

export function makeScene(seed: number): Scene {
  const rng = makeRng(seed, "scene");
  const base = [0, 1, 2].map(() => rng.uniform(60, 160));
  const blobs = Array.from({ length: 40 }, () => ({
    x: rng.uniform(-60, SIZE.width + 60),
    y: rng.uniform(-60, SIZE.height + 60),
    radius: rng.uniform(5, 22),
    colour: [0, 1, 2].map(() => rng.uniform(-110, 110)),
  }));
  const [phase, speed] = [rng.uniform(0, 6), rng.uniform(0.1, 0.3)];
  return {
    at: (dx, dy, t = 0) => {
      const { width, height } = SIZE;
      const sums = Float32Array.from({ length: width * height * 3 }, (_, i) => base[i % 3] as number);
      const ball = {
        x: dx + width * (0.5 + 0.3 * Math.sin(phase + speed * t)),
        y: dy + height * (0.5 + 0.3 * Math.sin(2 * phase + 1.7 * speed * t)),
        radius: 9,
        colour: [90, -90, 60],
      };
      for (const blob of [...blobs, ball]) addBlob(sums, blob.x - dx, blob.y - dy, blob.radius, blob.colour);
      return { ...SIZE, data: Uint8Array.from(sums, (sum) => Math.max(0, Math.min(240, Math.round(sum)))) };
    },
  };
}

/** Adds a disc with an edge two pixels soft. */
function addBlob(
  sums: Float32Array,
  bx: number,
  by: number,
  radius: number,
  colour: readonly number[],
): void {
  const { width, height } = SIZE;
  const reach = radius + 1;
  for (let y = Math.max(0, Math.floor(by - reach)); y <= Math.min(height - 1, by + reach); y++) {
    for (let x = Math.max(0, Math.floor(bx - reach)); x <= Math.min(width - 1, bx + reach); x++) {
      const weight = Math.max(0, Math.min(1, (radius - Math.hypot(x - bx, y - by)) / 2 + 0.5));
      for (let c = 0; c < 3; c++) {
        const at = (y * width + x) * 3 + c;
        sums[at] = (sums[at] as number) + weight * (colour[c] as number);
      }
    }
  }
}

export function flat(level: number): Image {
  return { ...SIZE, data: new Uint8Array(SIZE.width * SIZE.height * 3).fill(level) };
}

/** The middle `share` of a picture, enlarged to its full size. */
export function crop({ width, height, data }: Image, share: number): Image {
  const out = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const sx = Math.floor(width * ((1 - share) / 2) + x * share);
      const sy = Math.floor(height * ((1 - share) / 2) + y * share);
      for (let c = 0; c < 3; c++) out[(y * width + x) * 3 + c] = data[(sy * width + sx) * 3 + c] as number;
    }
  }
  return { width, height, data: out };
}

/** What an episode of a test dataset is made of. */
export interface TestEpisode {
  readonly images: readonly Image[];
  readonly state?: readonly (readonly number[])[];
  readonly action?: readonly (readonly number[])[];
  readonly timestampSec?: readonly number[];
  readonly provenance?: Provenance;
  readonly success?: boolean;
}

/** Writes a dataset with one camera "eye", as lossy as any other recording. */
export async function writeTestDataset(
  path: string,
  fps: number,
  episodes: readonly TestEpisode[],
  crf?: number,
): Promise<void> {
  const [first] = episodes;
  const writer = await openDatasetWriter(path, {
    embodiment: {
      name: "test",
      controlRateHz: fps,
      state: first?.state ? [{ name: "joint", width: first.state[0]?.length ?? 0, unit: "m" }] : [],
      action: first?.action
        ? [
            {
              name: "push",
              width: first.action[0]?.length ?? 0,
              kind: "continuous",
              mode: "velocity",
              unit: "m/s",
            },
          ]
        : [],
      cameras: first?.images[0] ? [{ name: "eye", ...SIZE }] : [],
    },
    ...(crf === undefined ? {} : { video: { crf } }),
  });
  const recorder = writer.recorder();
  for (const { images, state, action, timestampSec, provenance, success } of episodes) {
    const length = Math.max(images.length, state?.length ?? 0);
    for (let t = 0; t < length; t++) {
      const image = images[t];
      const step: Step = {
        images: image ? { eye: image } : {},
        ...(state?.[t] ? { state: state[t] } : {}),
        ...(action?.[t] ? { action: action[t] } : {}),
        ...(timestampSec ? { timestampSec: timestampSec[t] as number } : {}),
      };
      recorder.add(step);
    }
    writer.append(
      recorder.finish({
        provenance: provenance ?? { stream: "web" },
        ...(success === undefined ? {} : { success }),
      }),
    );
  }
  writer.close();
}

/** Three columns by five rows per letter, top row first; enough of an alphabet for lines that look like writing. */
const LETTERS = [
  "75757",
  "65656",
  "74447",
  "65556",
  "74647",
  "74644",
  "74557",
  "55755",
  "72227",
  "44447",
  "57755",
  "75557",
];

/** A slide: lines of letters in `ink` on `ground`, as many lines as `words` has entries. */
export function slide(words: readonly number[], ground = 235, ink = 20, seed = 1): Image {
  const { width, height } = SIZE;
  const data = new Uint8Array(width * height * 3).fill(ground);
  const rng = makeRng(seed, "slide");
  const scale = 2;
  words.forEach((letters, line) => {
    const top = 14 + line * 20;
    const left = Math.floor((width - letters * 4 * scale) / 2);
    for (let n = 0; n < letters; n++) {
      const rows = rng.pick(LETTERS);
      for (let y = 0; y < 5 * scale; y++) {
        const bits = Number(rows[Math.floor(y / scale)]);
        for (let x = 0; x < 3 * scale; x++) {
          if (((bits >> (2 - Math.floor(x / scale))) & 1) === 0) continue;
          const at = ((top + y) * width + left + n * 4 * scale + x) * 3;
          data.fill(ink, at, at + 3);
        }
      }
    }
  });
  return { width, height, data };
}
