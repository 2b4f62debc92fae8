/**
 * One episode per .npz (or folder of them): arrays whose first axis is time. Sources: iVideoGPT's samples (image,
 * aux1_image, action), and whatever numpy.savez writes in that shape. Nothing is ever unpickled.
 *
 * An action array one row shorter than the pictures is kept: the last picture then has no action.
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
import {
  actionPartOf,
  type CameraColumn,
  type Column,
  rowWidth,
  statePartOf,
  stepsOf,
} from "../shared/columns.ts";
import { hashFile, kindOf, listFiles, otherFiles } from "../shared/files.ts";
import { Findings, watched } from "../shared/findings.ts";
import { LIMITS } from "../shared/limits.ts";
import { NpyArray } from "../shared/npy.ts";
import { pixelLayout } from "../shared/pictures.ts";
import { parseSettings, rateSetting } from "../shared/settings.ts";
import { ZipFile } from "../shared/zip.ts";

const Settings = z.strictObject({
  /** Control rate in Hz, which the files do not hold. */
  rateHz: rateSetting.default(10),
  task: z.string().optional(),
});
type NpzSettings = z.output<typeof Settings>;

const NAME = /\.np[yz]$/i;
const ACTION = /^actions?$/;
const STATE = /(^|_)(state|states|proprio|qpos|joint|pose)/;

export const npzFormat: SourceFormat = {
  name: "npz",
  async recognise(path) {
    const kind = await kindOf(path);
    if (kind === "file") return NAME.test(path) ? 0.9 : 0;
    // A folder of token files also ends in .npy; those importers claim it with more certainty.
    return kind === "folder" && (await listFiles(path)).some((file) => NAME.test(file)) ? 0.6 : 0;
  },
  open: openNpz,
};

/** Opens one .npz or .npy file, or a folder with some; each file is an episode. */
export async function openNpz(path: string, options: SourceOptions): Promise<EpisodeSource> {
  const settings = parseSettings("npz", Settings, options);
  const skipped: Skip[] = [];
  const isFolder = (await kindOf(path)) === "folder";
  const all = isFolder ? await listFiles(path, (skip) => skipped.push(skip)) : [basename(path)];
  const files = all.filter((file) => NAME.test(file));
  skipped.push(...otherFiles(all, files, "not .npz or .npy"));
  if (files.length === 0)
    throw new DataError(`import npz: ${path} must hold .npz or .npy files, found none.`, { path });
  const locate = (name: string): string => (isFolder ? join(path, name) : path);

  async function* found(): AsyncGenerator<Skip | { name: string; planned: Planned }> {
    for (const name of files) {
      try {
        yield { name, planned: await withArrays(locate(name), (arrays) => plan(arrays, name, settings)) };
      } catch (error) {
        yield { what: name, reason: messageOf(error) };
      }
    }
  }

  return {
    format: "npz",
    async describe(): Promise<SourceSummary> {
      const summary = {
        episodes: 0,
        frames: 0,
        notes: [`control rate ${settings.rateHz} Hz is not in the files`],
        skipped: [...skipped],
      };
      for await (const item of found()) {
        if ("reason" in item) summary.skipped.push(item);
        else {
          summary.episodes++;
          summary.frames += item.planned.steps;
          summary.skipped.push(...item.planned.skipped);
        }
      }
      return summary;
    },
    async *episodes(): AsyncGenerator<SourceEpisode | Skip> {
      yield* skipped;
      for await (const item of found()) {
        if ("reason" in item) yield item;
        else {
          yield* item.planned.skipped;
          yield await makeEpisode(locate(item.name), item.name, item.planned, settings, options);
        }
      }
    },
    close: () => Promise.resolve(),
  };
}

async function makeEpisode(
  path: string,
  name: string,
  { embodiment }: Planned,
  settings: NpzSettings,
  options: SourceOptions,
): Promise<SourceEpisode> {
  const findings = new Findings();
  async function* read(): AsyncGenerator<Step> {
    // The archive is opened anew, so that listing many episodes holds no file open.
    const zip = await openArrays(path);
    try {
      yield* readSteps(plan(zip.arrays, name, settings));
    } finally {
      await zip.close();
    }
  }
  return {
    id: name,
    embodiment,
    ...(settings.task !== undefined && { task: settings.task }),
    provenance: {
      stream: options.stream ?? "teleop",
      source: `npz:${basename(path)}`,
      sourceHash: await hashFile(path),
    },
    steps: () => watched(read(), settings.rateHz, findings),
    findings: () => findings.list(),
  };
}

interface Arrays {
  readonly arrays: ReadonlyMap<string, NpyArray | Skip>;
  close(): Promise<void>;
}

/** Every array of a file by name, or why it cannot be read. */
async function openArrays(path: string): Promise<Arrays> {
  const arrays = new Map<string, NpyArray | Skip>();
  if (path.toLowerCase().endsWith(".npy")) {
    arrays.set(basename(path).slice(0, -4), await NpyArray.fromFile(path));
    return { arrays, close: () => Promise.resolve() };
  }
  const zip = await ZipFile.open(path);
  for (const { name, reason } of zip.refused) arrays.set(name, { what: name, reason });
  for (const member of zip.members) {
    const name = member.name.replace(/\.npy$/, "").replaceAll("/", "_");
    const where = `${path}:${member.name}`;
    try {
      arrays.set(name, await NpyArray.fromStream(where, () => zip.read(member)));
    } catch (error) {
      arrays.set(name, { what: name, reason: messageOf(error) });
    }
  }
  return { arrays, close: () => zip.close() };
}

async function withArrays<T>(path: string, use: (arrays: Arrays["arrays"]) => T): Promise<T> {
  const opened = await openArrays(path);
  try {
    return use(opened.arrays);
  } finally {
    await opened.close();
  }
}

interface Planned {
  readonly embodiment: Embodiment;
  readonly steps: number;
  readonly state: readonly Column[];
  readonly action: readonly Column[];
  readonly cameras: readonly CameraColumn[];
  readonly extra: Readonly<Record<string, Column>>;
  readonly skipped: readonly Skip[];
}

/** Sorts a file's arrays. @throws {DataError} if none of them has a row per step */
function plan(arrays: Arrays["arrays"], file: string, settings: NpzSettings): Planned {
  const skipped: Skip[] = [];
  const columns: [string, Column][] = [];
  const leave = (name: string, reason: string): void =>
    void skipped.push({ what: `${file}: ${name}`, reason });
  for (const [name, array] of arrays) {
    if (!(array instanceof NpyArray)) leave(name, array.reason);
    else if (array.header.shape.length === 0) leave(name, "a single value, not one per step");
    else if (array.header.dtype.kind === "S" || array.header.dtype.kind === "U")
      leave(name, "text has no place in a row");
    else columns.push([name, columnOf(array)]);
  }
  const cameras = columns.flatMap(([name, column]): CameraColumn[] => {
    const raw = column.rowShape.length === 3 ? pixelLayout(column.rowShape) : undefined;
    return raw ? [{ name, column, raw, width: raw.width, height: raw.height }] : [];
  });
  const isCamera = new Set(cameras.map((camera) => camera.column));
  const vectors = columns.filter(
    ([, column]) => !isCamera.has(column) && rowWidth(column) <= LIMITS.vectorWidth,
  );
  const steps = cameras[0]?.column.rows ?? Math.max(0, ...vectors.map(([, column]) => column.rows));
  const fits = (name: string, column: Column): boolean => {
    const isFit = column.rows === steps || (ACTION.test(name) && column.rows === steps - 1);
    if (!isFit) leave(name, `has ${column.rows} rows where the episode has ${steps} steps`);
    return isFit;
  };
  for (const [name, column] of columns) {
    if (!isCamera.has(column) && rowWidth(column) > LIMITS.vectorWidth)
      leave(name, "its rows are neither picture nor vector");
  }
  const kept = vectors.filter(([name, column]) => fits(name, column));
  const action = kept.filter(([name]) => ACTION.test(name));
  const state = kept.filter(([name]) => STATE.test(name));
  const extra = kept.filter(([name]) => !ACTION.test(name) && !STATE.test(name));
  const shown = cameras.filter((camera) => fits(camera.name, camera.column));
  if (shown.length + kept.length === 0) {
    throw new DataError(`import npz: ${file} must hold arrays with one row per step, found none.`);
  }
  const embodiment: Embodiment = {
    name: "npz",
    controlRateHz: settings.rateHz,
    state: state.map(([name, column]) => statePartOf(column, name)),
    action: action.map(([name, column]) => actionPartOf(column, name)),
    cameras: shown.map(({ name, width, height }) => ({ name, width, height })),
    sensors: extra.map(([name, column]) => statePartOf(column, name)),
  };
  const only = (list: [string, Column][]): Column[] => list.map(([, column]) => column);
  return {
    embodiment,
    steps,
    state: only(state),
    action: only(action),
    cameras: shown,
    extra: Object.fromEntries(extra),
    skipped,
  };
}

function columnOf(array: NpyArray): Column {
  const { dtype } = array.header;
  async function* read(from: number, to: number): AsyncGenerator<Uint8Array | Float64Array> {
    let row = 0;
    for await (const values of array.read()) {
      if (row >= to) return;
      if (row++ >= from) yield values;
    }
  }
  return { name: array.where, rows: array.rows, rowShape: array.rowShape, dtype, read };
}

/** Steps of a file; where actions are one row short, the last step carries none. */
async function* readSteps(planned: Planned): AsyncGenerator<Step> {
  const { state, cameras, extra, action, steps } = planned;
  const paired = Math.min(steps, ...action.map((column) => column.rows));
  yield* stepsOf({ state, action, cameras, extra }, 0, paired);
  if (paired < steps) yield* stepsOf({ state, action: [], cameras, extra }, paired, steps);
}
