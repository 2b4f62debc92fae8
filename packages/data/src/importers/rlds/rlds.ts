/**
 * RLDS / Open X-Embodiment datasets as TFDS writes them: TFRecord shards of one tf.train.Example per episode.
 *
 * Alignment is the same as ours: step t holds o[t], the a[t] chosen on seeing it and the reward of that transition, and
 * the step marked is_last only closes the episode. `done` is set on the transition into a terminal step and on that
 * step itself. Memory holds one record at a time; pictures are decoded when their step is asked for.
 */
import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { DataError, type Image, messageOf, type Provenance, type Step } from "@orrery/core";
import { z } from "zod";
import type {
  EpisodeSource,
  Skip,
  SourceEpisode,
  SourceFormat,
  SourceOptions,
  SourceSummary,
} from "../../source.ts";
import { firstBytes, kindOf, listFiles, readJson } from "../shared/files.ts";
import { Findings, watched } from "../shared/findings.ts";
import { decodePicture, pictureFromRow, pictureSize } from "../shared/pictures.ts";
import { parseSettings, rateSetting } from "../shared/settings.ts";
import { type Example, parseExample } from "./example.ts";
import { type FeatureSpec, inferFeatures, parseFeatures, stepCount } from "./features.ts";
import { type NumberStream, planRlds, type RldsPlan, streamName } from "./plan.ts";
import { countTfRecords, isRecordStart, readTfRecords } from "./tfrecord.ts";

const Settings = z.strictObject({
  /** Control rate in Hz, which the files do not hold. */
  rateHz: rateSetting.optional(),
  /** Read only this split, "train" for instance. */
  split: z.string().optional(),
});

/** Control rates that the authors of these datasets state; the files themselves hold none. */
const KNOWN_RATES: readonly (readonly [RegExp, number])[] = [
  [/bridge/, 5],
  [/fractal|rt_?1/, 3],
  [/language_table/, 10],
  [/taco_play/, 15],
  [/droid/, 15],
  [/kuka/, 10],
];
const DEFAULT_RATE_HZ = 10;
const RECORD_FILE = /\.tfrecord([-.]|$)/;

export const rldsFormat: SourceFormat = {
  name: "rlds",
  async recognise(path) {
    const kind = await kindOf(path);
    if (kind === "file")
      return isRecordStart(await firstBytes(path, 12)) ? 0.9 : RECORD_FILE.test(basename(path)) ? 0.7 : 0;
    if (kind !== "folder") return 0;
    return (await listFiles(path)).some((file) => RECORD_FILE.test(basename(file))) ? 0.95 : 0;
  },
  open: openRlds,
};

/** Opens a TFRecord file, a version folder, or a folder with several of them. */
export async function openRlds(path: string, options: SourceOptions): Promise<EpisodeSource> {
  const settings = parseSettings("rlds", Settings, options);
  const kind = await kindOf(path);
  const found =
    kind === "file" ? [path] : kind === "folder" ? (await listFiles(path)).map((f) => join(path, f)) : [];
  const files = found.filter((file) => kind === "file" || RECORD_FILE.test(basename(file)));
  if (files.length === 0) {
    throw new DataError(`import rlds: ${path} must be a .tfrecord file or a folder with some, found none.`, {
      path,
    });
  }
  const inSplit = (file: string): boolean => !settings.split || splitOf(file) === settings.split;
  const source = new RldsSource(path, files.filter(inSplit), options, settings.rateHz);
  for (const file of files.filter((f) => !inSplit(f))) {
    source.skipped.push({ what: basename(file), reason: `not of split "${settings.split}"` });
  }
  return source;
}

class RldsSource implements EpisodeSource {
  readonly format = "rlds";
  readonly skipped: Skip[] = [];
  readonly #root: string;
  readonly #files: readonly string[];
  readonly #options: SourceOptions;
  readonly #rateHz: number | undefined;
  readonly #plans = new Map<string, RldsPlan>();

  constructor(root: string, files: readonly string[], options: SourceOptions, rateHz: number | undefined) {
    this.#root = root;
    this.#files = files;
    this.#options = options;
    this.#rateHz = rateHz;
  }

  async describe(): Promise<SourceSummary> {
    const notes: string[] = [];
    const skipped: Skip[] = [...this.skipped];
    let episodes = 0;
    for (const file of this.#files) {
      episodes += await countTfRecords(file);
      const isNew = !this.#plans.has(dirname(file));
      const plan = await this.#planOf(file).catch((error: unknown) => {
        skipped.push({ what: basename(file), reason: messageOf(error) });
        return undefined;
      });
      if (!plan || !isNew) continue;
      skipped.push(...plan.skipped);
      const { name, controlRateHz, cameras, state, action } = plan.embodiment;
      notes.push(
        `${name}: ${cameras.length} cameras, state of ${state.length} parts, action of ${action.length} parts`,
      );
      const stated = this.#rateHz ? "as set" : "not in the files; set rateHz to change it";
      notes.push(`control rate ${controlRateHz} Hz (${stated})`);
    }
    return { episodes, notes, skipped };
  }

  async *episodes(): AsyncGenerator<SourceEpisode | Skip> {
    yield* this.skipped;
    const planned = new Set<RldsPlan>();
    for (const file of this.#files) {
      let plan: RldsPlan;
      try {
        plan = await this.#planOf(file);
      } catch (error) {
        yield { what: basename(file), reason: messageOf(error) };
        continue;
      }
      if (!planned.has(plan)) yield* plan.skipped;
      planned.add(plan);
      for await (const record of readTfRecords(file)) {
        const id = `${basename(file)}#${record.index}`;
        if (record.data) yield this.#episode(plan, file, id, record.data);
        else yield { what: `record ${record.index} of ${basename(file)}`, reason: record.problem ?? "" };
      }
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** An episode from a record whose structure fits the plan, else the reason why not. */
  #episode(plan: RldsPlan, file: string, id: string, data: Buffer): SourceEpisode | Skip {
    try {
      const example = parseExample(data, id);
      const T = checkLengths(example, plan, id);
      const texts = textsOf(example, plan);
      const findings = new Findings();
      if (new Set(texts).size > 1)
        findings.add("instruction changes within the episode; the first one is kept", 0);
      const task = texts.find((text) => text !== "");
      return {
        id,
        embodiment: plan.embodiment,
        ...(task !== undefined && { task }),
        provenance: this.#provenance(plan, file, example, data),
        steps: () => watched(readSteps(example, plan, T, id), plan.embodiment.controlRateHz, findings),
        findings: () => findings.list(),
      };
    } catch (error) {
      return { what: id, reason: messageOf(error) };
    }
  }

  #provenance(plan: RldsPlan, file: string, example: Example, data: Buffer): Provenance {
    const labels: Record<string, string | number | boolean> = { split: splitOf(file) ?? "unknown" };
    for (const key of plan.metadataKeys) {
      const value = example.get(key);
      if (value?.values.length !== 1) continue;
      const one = value.values[0] ?? "";
      labels[key.replace(/^episode_metadata\//, "")] =
        typeof one === "number" ? one : Buffer.from(one).toString("utf8").slice(0, 1024);
    }
    return {
      stream: this.#options.stream ?? "teleop",
      source: `rlds:${plan.embodiment.name}`,
      sourceHash: createHash("sha256").update(data).digest("hex"),
      labels,
    };
  }

  /** One plan per folder: its features.json, or the first record where there is none. */
  async #planOf(file: string): Promise<RldsPlan> {
    const folder = dirname(file);
    const known = this.#plans.get(folder);
    if (known) return known;
    const first = await firstExample(file);
    const description = join(folder, "features.json");
    const specs =
      (await kindOf(description)) === "file"
        ? await withSizes(parseFeatures(await readJson(description), description), first)
        : await inferFeatures(first, file);
    const name = datasetName(file, this.#root);
    const rate = this.#rateHz ?? KNOWN_RATES.find(([pattern]) => pattern.test(name))?.[1] ?? DEFAULT_RATE_HZ;
    const plan = planRlds(specs, name, rate);
    this.#plans.set(folder, plan);
    return plan;
  }
}

async function firstExample(file: string): Promise<Example> {
  for await (const record of readTfRecords(file)) {
    if (record.data) return parseExample(record.data, `${basename(file)}#${record.index}`);
  }
  throw new DataError(`${file}: must hold at least one whole record, found none.`, { path: file });
}

/** Fills in picture sizes that features.json leaves open, from the first record. */
async function withSizes(specs: readonly FeatureSpec[], example: Example): Promise<FeatureSpec[]> {
  const filled: FeatureSpec[] = [];
  for (const spec of specs) {
    const first = example.get(spec.key)?.values[0];
    const isOpen = spec.kind === "image" && !(spec.shape.length === 3 && spec.shape.every((n) => n > 0));
    if (!isOpen || !(first instanceof Uint8Array)) filled.push(spec);
    else {
      const { width, height } = await pictureSize(first, spec.key);
      filled.push({ ...spec, shape: [height, width, 3] });
    }
  }
  return filled;
}

/** Number of steps, after every planned stream has been found with the right number of values. */
function checkLengths(example: Example, plan: RldsPlan, where: string): number {
  const T = stepCount(example, where);
  const must = (key: string, perStep: number): void => {
    const found = example.get(key)?.values.length ?? 0;
    if (found !== T * perStep) {
      throw new DataError(`${where}: ${key} must hold ${T} steps of ${perStep} values, got ${found} values.`);
    }
  };
  for (const { key, width } of [...plan.state, ...plan.action, ...plan.extra]) must(key, width);
  for (const { key, raw } of plan.cameras) must(key, raw ? raw.width * raw.height * raw.channels : 1);
  if (plan.hasReward) must("steps/reward", 1);
  return T;
}

async function* readSteps(example: Example, plan: RldsPlan, T: number, where: string): AsyncGenerator<Step> {
  const terminal = example.get("steps/is_terminal")?.values;
  for (let t = 0; t < T; t++) {
    const images: Record<string, Image> = {};
    for (const camera of plan.cameras) {
      const values = example.get(camera.key)?.values ?? [];
      if (camera.raw) {
        const size = camera.raw.width * camera.raw.height * camera.raw.channels;
        images[camera.name] = pictureFromRow(
          values.slice(t * size, (t + 1) * size) as ArrayLike<number>,
          camera.raw,
          1,
        );
        continue;
      }
      const encoded = values[t];
      if (!(encoded instanceof Uint8Array))
        throw new DataError(`${where}: ${camera.key} must hold pictures.`);
      images[camera.name] = await decodePicture(encoded, `${where} step ${t} ${camera.key}`);
    }
    const extra = Object.fromEntries(plan.extra.map((s) => [streamName(s.key), numbersAt(example, [s], t)]));
    const reward = plan.hasReward ? Number(example.get("steps/reward")?.values[t]) : undefined;
    yield {
      images,
      ...(plan.state.length > 0 && { state: numbersAt(example, plan.state, t) }),
      ...(plan.action.length > 0 && { action: numbersAt(example, plan.action, t) }),
      ...(reward !== undefined && { reward }),
      ...(terminal && { done: terminal[t] === 1 || terminal[t + 1] === 1 }),
      ...(plan.extra.length > 0 && { extra }),
    };
  }
}

/** The numbers of step t of several streams, one after the other. */
function numbersAt(example: Example, streams: readonly NumberStream[], t: number): Float64Array {
  const out = new Float64Array(streams.reduce((sum, s) => sum + s.width, 0));
  let at = 0;
  for (const { key, width } of streams) {
    const values = example.get(key)?.values ?? [];
    for (let i = 0; i < width; i++) out[at++] = Number(values[t * width + i]);
  }
  return out;
}

function textsOf(example: Example, plan: RldsPlan): string[] {
  for (const key of plan.textKeys) {
    const feature = example.get(key);
    if (feature?.kind === "bytes")
      return feature.values.map((bytes) => Buffer.from(bytes).toString("utf8").trim());
  }
  return [];
}

/** "bridge_dataset-train.tfrecord-00000-of-00001" is of split "train". */
function splitOf(file: string): string | undefined {
  return /-([A-Za-z0-9_]+)\.tfrecord/.exec(basename(file))?.[1];
}

function datasetName(file: string, root: string): string {
  return (
    /^(.+)-[A-Za-z0-9_]+\.tfrecord/.exec(basename(file))?.[1] ?? basename(root).replace(/\.tfrecord.*$/, "")
  );
}
