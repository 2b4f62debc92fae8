/**
 * The 1X World Model Challenge, versions 1.1 and 2.0: humanoid recordings as tokens of a learned image tokenizer.
 *
 * There are no pictures in these sets: tokens are kept as an extra integer stream, one row of ids per frame.
 * v1.1: 16 x 16 ids per frame (MAGVIT2, vocabulary 2^18); the recorded actions become the action.
 * v2.0: Cosmos DV8x8x8 turns 17 frames into 3 latent frames of 32 x 32 ids. Row t holds the ids of the latent frame
 * that covers it (frame 0 of a group has one of its own, frames 1-8 and 9-16 share theirs) and its number in the shard,
 * so that every latent frame can be found once. The robot's state becomes the state; there is no action.
 * Episodes are the runs of one segment id, as windows must not cross segments.
 */
import { basename, join } from "node:path";
import { DataError, type Embodiment, messageOf, type StatePart, type Step } from "@orrery/core";
import { z } from "zod";
import type {
  EpisodeSource,
  Skip,
  SourceEpisode,
  SourceFormat,
  SourceOptions,
  SourceSummary,
} from "../../source.ts";
import { actionPartOf, type Column, type ColumnPlan, stepsOf } from "../shared/columns.ts";
import { kindOf, listFiles, readJson } from "../shared/files.ts";
import { Findings, watched } from "../shared/findings.ts";
import { parseSettings } from "../shared/settings.ts";
import { videoSize, withVideos } from "../shared/videos.ts";
import { binColumn, FLOAT32, INT32, runsOf, UINT16, UINT32 } from "./bin.ts";

const Settings = z.strictObject({ task: z.string().optional() });

const MetaV1 = z.looseObject({
  num_images: z.int().min(1).max(1e9),
  s: z.int().min(1).max(256),
  vocab_size: z
    .int()
    .min(2)
    .max(2 ** 31),
  hz: z.number().positive().max(1000),
  token_dtype: z.enum(["uint32", "uint16"]).default("uint32"),
});
const MetaV2 = z.looseObject({
  num_shards: z.int().min(0).max(1e6).optional(),
  hz: z.number().positive().max(1000).default(30),
});
const ShardMeta = z.looseObject({ shard_num_frames: z.int().min(1).max(1e8) });

/** Names and widths of the action files of version 1.1, in the order the challenge lists them. */
const ACTIONS_V1 = [
  ["joint_pos", 21],
  ["driving_command", 2],
  ["neck_desired", 1],
  ["l_hand_closure", 1],
  ["r_hand_closure", 1],
] as const;

const STATE_V2: readonly StatePart[] = [
  { name: "joints", width: 21, unit: "rad" },
  {
    name: "hand_closure",
    width: 2,
    unit: "1",
    limits: [
      [0, 1],
      [0, 1],
    ],
  },
  { name: "velocity", width: 2, unit: "m/s", names: ["linear", "angular"] },
];
const GROUP = 17; // frames per group of latent frames
const LATENTS = 3;
const SIDE = 32;

export const oneXFormat: SourceFormat = {
  name: "1x",
  async recognise(path) {
    if ((await kindOf(path)) !== "folder") return 0;
    const files = await listFiles(path);
    const isV1 =
      files.includes("metadata.json") && files.includes("segment_ids.bin") && files.includes("video.bin");
    return isV1 || files.some((file) => /(^|\/)segment_ind(ices|exes)\/segment_idx_\d+\.bin$/.test(file))
      ? 0.97
      : 0;
  },
  open: openOneX,
};

/** One stretch of frames of one segment. */
interface Part {
  readonly id: string;
  readonly embodiment: Embodiment;
  readonly from: number;
  readonly to: number;
  readonly labels: Readonly<Record<string, string | number>>;
  steps(findings: Findings): AsyncIterable<Step>;
}

/** Opens a split of either version. */
export async function openOneX(path: string, options: SourceOptions): Promise<EpisodeSource> {
  const settings = parseSettings("1x", Settings, options);
  const files = await listFiles(path);
  const isV1 = files.includes("video.bin");
  const parts = (): AsyncGenerator<Part | Skip> => (isV1 ? partsV1(path, files) : partsV2(path, files));

  return {
    format: "1x",
    async describe(): Promise<SourceSummary> {
      const skipped: Skip[] = [];
      let episodes = 0;
      let frames = 0;
      for await (const part of parts()) {
        if ("reason" in part) skipped.push(part);
        else {
          episodes++;
          frames += part.to - part.from;
        }
      }
      const notes = [
        `version ${isV1 ? "1.1" : "2.0"}; tokens are kept as an extra stream "tokens", there are no pictures`,
      ];
      return { episodes, frames, notes, skipped };
    },
    async *episodes(): AsyncGenerator<SourceEpisode | Skip> {
      for await (const part of parts()) {
        if ("reason" in part) {
          yield part;
          continue;
        }
        const findings = new Findings();
        yield {
          id: part.id,
          embodiment: part.embodiment,
          ...(settings.task !== undefined && { task: settings.task }),
          provenance: {
            stream: options.stream ?? "teleop",
            source: `1x:${basename(path)}`,
            labels: part.labels,
          },
          steps: () => watched(part.steps(findings), part.embodiment.controlRateHz, findings),
          findings: () => findings.list(),
        };
      }
    },
    close: () => Promise.resolve(),
  };
}

async function* partsV1(root: string, files: readonly string[]): AsyncGenerator<Part | Skip> {
  const meta = check(MetaV1, await readJson(join(root, "metadata.json")), "metadata.json");
  const { num_images: N, s, vocab_size: vocabulary, hz } = meta;
  const dtype = meta.token_dtype === "uint16" ? UINT16 : UINT32;
  const tokens = await binColumn(join(root, "video.bin"), dtype, [s * s], N);
  const segments = await binColumn(join(root, "segment_ids.bin"), INT32, [1], N);
  const actions: { name: string; column: Column }[] = [];
  for (const [name, width] of ACTIONS_V1) {
    if (!files.includes(`actions/${name}.bin`)) continue;
    try {
      actions.push({ name, column: await binColumn(join(root, `actions/${name}.bin`), FLOAT32, [width], N) });
    } catch (error) {
      yield { what: `actions/${name}.bin`, reason: messageOf(error) };
    }
  }
  const known = new Set([
    "metadata.json",
    "video.bin",
    "segment_ids.bin",
    ...ACTIONS_V1.map(([name]) => `actions/${name}.bin`),
  ]);
  for (const file of files) if (!known.has(file)) yield { what: file, reason: "not part of version 1.1" };
  const embodiment: Embodiment = {
    name: "1x-eve",
    controlRateHz: hz,
    state: [],
    action: actions.map(({ name, column }) => actionPartOf(column, name)),
    cameras: [],
    sensors: [tokenPart(s * s, vocabulary)],
  };
  const plan: ColumnPlan = {
    state: [],
    action: actions.map((action) => action.column),
    cameras: [],
    extra: { tokens },
  };
  const labels = { tokenizer: "magvit2", tokens_shape: `${s}x${s}`, vocabulary };
  for (const { value, from, to } of await runsOf(segments)) {
    const steps = (): AsyncIterable<Step> => asInt32(stepsOf(plan, from, to));
    yield {
      id: `segment_${value}_${from}`,
      embodiment,
      from,
      to,
      labels: { ...labels, segment: value },
      steps,
    };
  }
}

async function* partsV2(root: string, files: readonly string[]): AsyncGenerator<Part | Skip> {
  const top = files.includes("metadata.json") ? await readJson(join(root, "metadata.json")) : {};
  const { hz } = check(MetaV2, top, "metadata.json");
  for (const file of files) {
    const shard = /^(.*?)segment_ind(?:ices|exes)\/segment_idx_(\d+)\.bin$/.exec(file);
    if (!shard) continue;
    const [, prefix = "", index = ""] = shard;
    try {
      yield* shardParts(
        join(root, prefix),
        files.filter((f) => f.startsWith(prefix)).map((f) => f.slice(prefix.length)),
        file.slice(prefix.length),
        prefix,
        index,
        hz,
      );
    } catch (error) {
      yield { what: `${prefix}shard ${index}`, reason: messageOf(error) };
    }
  }
}

async function* shardParts(
  root: string,
  files: readonly string[],
  segmentFile: string,
  prefix: string,
  index: string,
  hz: number,
): AsyncGenerator<Part | Skip> {
  const metaFile = `metadata/metadata_${index}.json`;
  const { shard_num_frames: N } = check(ShardMeta, await readJson(join(root, metaFile)), metaFile);
  const segments = await binColumn(join(root, segmentFile), INT32, [1], N);
  const state = await binColumn(join(root, `robot_states/states_${index}.bin`), FLOAT32, [25], N);
  const raw = `videos/video_${index}.mp4`;
  const isRaw = files.includes(raw);
  const video = isRaw ? { ...videoSize(join(root, raw)), path: join(root, raw) } : undefined;
  const groups = Math.ceil(N / GROUP);
  const latents = isRaw
    ? undefined
    : await binColumn(join(root, `videos/video_${index}.bin`), INT32, [SIDE * SIDE], groups * LATENTS);
  const embodiment: Embodiment = {
    name: "1x-eve",
    controlRateHz: hz,
    state: STATE_V2,
    action: [],
    cameras: video ? [{ name: "head", width: video.width, height: video.height }] : [],
    sensors: latents ? [tokenPart(SIDE * SIDE, 64_000), { name: "token_frame", width: 1, unit: "1" }] : [],
  };
  const labels: Record<string, string | number> = latents
    ? { tokenizer: "cosmos-dv8x8x8", tokens_shape: `${SIDE}x${SIDE}`, vocabulary: 64_000, shard: index }
    : { shard: index };
  for (const { value, from, to } of await runsOf(segments)) {
    const plan: ColumnPlan = { state: [state], action: [], cameras: [], extra: {} };
    const steps = (findings: Findings): AsyncIterable<Step> => {
      const rows = stepsOf(plan, from, to);
      if (latents) return asInt32(withLatents(rows, latents, from));
      return withVideos(rows, { head: { path: video?.path ?? "", fromFrame: from, toFrame: to } }, findings);
    };
    yield {
      id: `${prefix}shard_${index}_segment_${value}_${from}`,
      embodiment,
      from,
      to,
      labels: { ...labels, segment: value },
      steps,
    };
  }
}

/** Number of the latent frame that covers frame t of a shard. */
export function latentOf(t: number): number {
  const inGroup = t % GROUP;
  return Math.floor(t / GROUP) * LATENTS + (inGroup === 0 ? 0 : inGroup <= 8 ? 1 : 2);
}

async function* withLatents(steps: AsyncIterable<Step>, latents: Column, from: number): AsyncGenerator<Step> {
  const rows = latents.read(latentOf(from), latents.rows)[Symbol.asyncIterator]();
  let t = from;
  let at = latentOf(from) - 1;
  let tokens: ArrayLike<number> = [];
  try {
    for await (const step of steps) {
      for (; at < latentOf(t); at++) {
        const next = await rows.next();
        if (next.done) throw new DataError(`${latents.name}: has too few latent frames for frame ${t}.`);
        tokens = next.value;
      }
      yield { ...step, extra: { tokens, token_frame: [at] } };
      t++;
    }
  } finally {
    await rows.return?.();
  }
}

/** Ids are whole numbers and are stored as such. */
async function* asInt32(steps: AsyncIterable<Step>): AsyncGenerator<Step> {
  for await (const step of steps) {
    const extra = Object.fromEntries(
      Object.entries(step.extra ?? {}).map(([name, ids]) => [name, Int32Array.from(ids)]),
    );
    yield { ...step, extra };
  }
}

function tokenPart(width: number, vocabulary: number): StatePart {
  return {
    name: "tokens",
    width,
    unit: "id",
    limits: Array.from({ length: width }, () => [0, vocabulary - 1] as const),
  };
}

function check<S extends z.ZodType>(schema: S, value: unknown, file: string): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new DataError(`import 1x: ${file} does not describe the challenge's data (${problems.join("; ")}).`);
}
