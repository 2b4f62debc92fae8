/**
 * commaVQ: driving video as tokens of comma.ai's VQ encoder, 128 ids (8 x 16) of a vocabulary of 1024 per frame at
 * 20 Hz, one .npy of shape [T, 128] or [T, 8, 16] per minute; poses [T, 6] beside it as <name>.pose.npy.
 *
 * There are no pictures: the ids are an extra integer stream "tokens", the pose (velocity and turn per frame) the state.
 */
import { basename, join } from "node:path";
import { DataError, type Embodiment, messageOf, type Step } from "@orrery/core";
import { z } from "zod";
import type {
  EpisodeSource,
  Skip,
  SourceEpisode,
  SourceFormat,
  SourceOptions,
  SourceSummary,
} from "../../source.ts";
import { countOf } from "../shared/arrays.ts";
import { hashFile, kindOf, listFiles, otherFiles } from "../shared/files.ts";
import { Findings, watched } from "../shared/findings.ts";
import { LIMITS } from "../shared/limits.ts";
import { NpyArray } from "../shared/npy.ts";
import { parseSettings, rateSetting } from "../shared/settings.ts";

const Settings = z.strictObject({
  rateHz: rateSetting.default(20),
  vocabulary: z.coerce
    .number()
    .int()
    .min(2)
    .max(2 ** 31)
    .default(1024),
  task: z.string().optional(),
});
type TokenSettings = z.output<typeof Settings>;

const NAME = /\.npy$/;
const POSE = /\.pose\.npy$/;

export const tokensFormat: SourceFormat = {
  name: "tokens",
  async recognise(path) {
    const kind = await kindOf(path);
    const files =
      kind === "folder"
        ? (await listFiles(path)).filter((f) => NAME.test(f) && !POSE.test(f)).map((f) => join(path, f))
        : kind === "file"
          ? [path]
          : [];
    const first = files.find((file) => NAME.test(file));
    if (first === undefined) return 0;
    const array = await NpyArray.fromFile(first).catch(() => undefined);
    return array && isTokens(array) ? 0.93 : 0;
  },
  open: openTokens,
};

/** Integers of the widths that the encoder gives: 128 per frame, flat or 8 x 16. */
function isTokens(array: NpyArray): boolean {
  const { dtype, shape } = array.header;
  return (
    "iu".includes(dtype.kind) &&
    dtype.bytes > 1 &&
    (shape.slice(1).join() === "128" || shape.slice(1).join() === "8,16")
  );
}

/** Opens one .npy of tokens or a folder of them. */
export async function openTokens(path: string, options: SourceOptions): Promise<EpisodeSource> {
  const settings = parseSettings("tokens", Settings, options);
  const isFolder = (await kindOf(path)) === "folder";
  const skipped: Skip[] = [];
  const all = isFolder ? await listFiles(path, (skip) => skipped.push(skip)) : [basename(path)];
  const files = all.filter((file) => NAME.test(file) && !POSE.test(file));
  skipped.push(
    ...otherFiles(
      all,
      all.filter((file) => NAME.test(file)),
      "not .npy",
    ),
  );
  if (files.length === 0)
    throw new DataError(`import tokens: ${path} must hold .npy files, found none.`, { path });

  return {
    format: "tokens",
    describe(): Promise<SourceSummary> {
      const notes = ['ids are kept as an extra integer stream "tokens"; there are no pictures'];
      return Promise.resolve({ episodes: files.length, notes, skipped });
    },
    async *episodes(): AsyncGenerator<SourceEpisode | Skip> {
      yield* skipped;
      for (const name of files) {
        try {
          const file = isFolder ? join(path, name) : path;
          yield await makeEpisode(file, name, settings, options);
        } catch (error) {
          yield { what: name, reason: messageOf(error) };
        }
      }
    },
    close: () => Promise.resolve(),
  };
}

async function makeEpisode(
  file: string,
  name: string,
  settings: TokenSettings,
  options: SourceOptions,
): Promise<SourceEpisode> {
  const tokens = await NpyArray.fromFile(file);
  const width = countOf(tokens.rowShape, name);
  if (
    !"iu".includes(tokens.header.dtype.kind) ||
    width > LIMITS.vectorWidth ||
    tokens.header.shape.length < 2
  ) {
    throw new DataError(
      `import tokens: ${name} must hold integers [T, ids], got shape [${tokens.header.shape.join(", ")}].`,
    );
  }
  const poseFile = file.replace(/(\.token)?\.npy$/, ".pose.npy");
  const pose =
    (await kindOf(poseFile)) === "file" && poseFile !== file ? await NpyArray.fromFile(poseFile) : undefined;
  if (pose && (pose.rows !== tokens.rows || pose.rowShape.length !== 1)) {
    throw new DataError(
      `import tokens: ${basename(poseFile)} must hold ${tokens.rows} rows, got shape [${pose.header.shape.join(", ")}].`,
    );
  }
  const { vocabulary, rateHz } = settings;
  const limits = Array.from({ length: width }, () => [0, vocabulary - 1] as const);
  const embodiment: Embodiment = {
    name: "car",
    controlRateHz: rateHz,
    state: pose ? [{ name: "pose", width: pose.rowShape[0] ?? 1, unit: "1" }] : [],
    action: [],
    cameras: [],
    sensors: [{ name: "tokens", width, unit: "id", limits }],
  };
  const findings = new Findings();
  async function* steps(): AsyncGenerator<Step> {
    const poses = pose?.read();
    let row = 0;
    for await (const ids of tokens.read()) {
      if (!ids.every((id) => id >= 0 && id < vocabulary))
        findings.add(`ids outside 0 to ${vocabulary - 1}`, row);
      const state = await poses?.next();
      yield {
        images: {},
        extra: { tokens: Int32Array.from(ids) },
        ...(state && !state.done && { state: state.value }),
      };
      row++;
    }
  }
  return {
    id: name,
    embodiment,
    ...(settings.task !== undefined && { task: settings.task }),
    provenance: {
      stream: options.stream ?? "teleop",
      source: `tokens:${name}`,
      sourceHash: await hashFile(file),
      labels: { tokenizer: "commavq", tokens_shape: width === 128 ? "8x16" : String(width), vocabulary },
    },
    steps: () => watched(steps(), rateHz, findings),
    findings: () => findings.list(),
  };
}
