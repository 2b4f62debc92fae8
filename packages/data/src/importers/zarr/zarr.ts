/**
 * Diffusion-policy replay buffers: a zarr v2 group (folder or .zarr.zip) with data/<key> over all steps of all episodes
 * and meta/episode_ends, exclusive; real-robot sets keep pictures in videos/<episode>/<camera>.mp4 beside it.
 */
import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
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
  type ColumnPlan,
  rowWidth,
  statePartOf,
  stepsOf,
} from "../shared/columns.ts";
import { firstBytes, kindOf } from "../shared/files.ts";
import { Findings, watched } from "../shared/findings.ts";
import { LIMITS } from "../shared/limits.ts";
import { pixelLayout } from "../shared/pictures.ts";
import { parseSettings, rateSetting } from "../shared/settings.ts";
import { videoSize, withVideos } from "../shared/videos.ts";
import { openZarrArray, readWhole, type ZarrColumn } from "./array.ts";
import { openZarrStore, type ZarrStore } from "./store.ts";

const Settings = z.strictObject({
  /** Control rate in Hz, which the files do not hold. */
  rateHz: rateSetting.default(10),
  task: z.string().optional(),
  /** Arrays that make up the state, in order; guessed from their names where left out. */
  state: z.array(z.string()).optional(),
});
type ZarrSettings = z.output<typeof Settings>;

/** Names of proprioception in public sets: state, agent_pos, robot0_eef_pos, robot_joint, qpos, gripper width. */
const STATE_NAME = /(^|_)(state|agent_pos|eef|joint|qpos|gripper|robot_pose|pos|rot)/;

export const zarrFormat: SourceFormat = {
  name: "zarr",
  async recognise(path) {
    const found = await findGroup(path);
    if (!found) return 0;
    if ((await kindOf(found)) === "folder") return 0.95;
    const isZip = (await firstBytes(found, 4)).equals(Buffer.from("PK\x03\x04", "latin1"));
    return isZip && found.endsWith(".zarr.zip") ? 0.95 : 0;
  },
  open: openZarr,
};

/** Opens a group, a .zarr.zip, or the folder around one. */
export async function openZarr(path: string, options: SourceOptions): Promise<EpisodeSource> {
  const settings = parseSettings("zarr", Settings, options);
  const group = await findGroup(path);
  if (!group)
    throw new DataError(`import zarr: ${path} must be or hold a zarr group or .zarr.zip, found none.`, {
      path,
    });
  const store = await openZarrStore(group);
  try {
    return await makeSource(store, group, settings, options);
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function findGroup(path: string): Promise<string | undefined> {
  const kind = await kindOf(path);
  if (kind === "file") return path.endsWith(".zip") ? path : undefined;
  if (kind === "none") return undefined;
  if (
    (await kindOf(join(path, "data"))) === "folder" &&
    (await kindOf(join(path, "meta/episode_ends"))) === "folder"
  ) {
    return path;
  }
  const inside = (await readdir(path)).sort().find((name) => /\.zarr(\.zip)?$/.test(name));
  return inside && join(path, inside);
}

async function makeSource(
  store: ZarrStore,
  group: string,
  settings: ZarrSettings,
  options: SourceOptions,
): Promise<EpisodeSource> {
  const ends = await readWhole((await openZarrArray(store, "meta/episode_ends")).strict());
  const skipped: Skip[] = [];
  const { plan, embodiment, columns } = await planColumns(
    store,
    ends.at(-1) ?? 0,
    settings,
    skipped,
    basename(group),
  );
  const videos = join(dirname(group), "videos");

  async function episode(index: number, from: number, to: number): Promise<SourceEpisode> {
    const findings = new Findings();
    const files = await videosOf(join(videos, String(index)));
    const cameras = Object.entries(files).map(([name, path]) => ({ name, ...videoSize(path) }));
    const sizes = cameras.map(({ name, width, height }) => ({ name, width, height }));
    const all = { ...embodiment, cameras: [...embodiment.cameras, ...sizes] };
    async function* steps(): AsyncGenerator<Step> {
      const before = columns.reduce((sum, column) => sum + column.missingChunks(), 0);
      const rows = stepsOf(plan, from, to);
      yield* watched(
        cameras.length > 0 ? withVideos(rows, files, findings) : rows,
        settings.rateHz,
        findings,
      );
      const missing = columns.reduce((sum, column) => sum + column.missingChunks(), 0) - before;
      if (missing > 0) findings.add(`${missing} chunks are not stored and were read as zeros`, 0);
    }
    return {
      id: `episode_${index}`,
      embodiment: all,
      ...(settings.task !== undefined && { task: settings.task }),
      provenance: {
        stream: options.stream ?? "teleop",
        source: `zarr:${basename(group)}`,
        sourceHash: await hashRows([...plan.action, ...plan.state], from, to),
      },
      steps,
      findings: () => findings.list(),
    };
  }

  return {
    format: "zarr",
    describe(): Promise<SourceSummary> {
      const notes = [`control rate ${settings.rateHz} Hz is not in the files; set rateHz to change it`];
      notes.push(`state: ${embodiment.state.map((s) => s.name).join(", ") || "none"}`);
      const { length: episodes } = ends.filter((end, i) =>
        isRange(ends[i - 1] ?? 0, end, plan.action[0]?.rows ?? end),
      );
      return Promise.resolve({ episodes, frames: ends.at(-1) ?? 0, notes, skipped });
    },
    async *episodes() {
      yield* skipped;
      for (const [index, end] of ends.entries()) {
        const start = ends[index - 1] ?? 0;
        if (!isRange(start, end, ends.at(-1) ?? 0)) {
          yield {
            what: `episode_${index}`,
            reason: `rows ${start} to ${end} are no range inside the arrays`,
          };
          continue;
        }
        try {
          yield await episode(index, start, end);
        } catch (error) {
          yield { what: `episode_${index}`, reason: messageOf(error) };
        }
      }
    },
    close: () => store.close(),
  };
}

function isRange(start: number, end: number, rows: number): boolean {
  return (
    Number.isSafeInteger(start) &&
    Number.isSafeInteger(end) &&
    start >= 0 &&
    end > start &&
    end <= rows &&
    end - start <= LIMITS.steps
  );
}

interface Planned {
  readonly plan: ColumnPlan;
  readonly embodiment: Embodiment;
  readonly columns: readonly ZarrColumn[];
}

/** Sorts the arrays by shape and name; arrays with too few rows or unreadable ones are skipped with the reason. */
async function planColumns(
  store: ZarrStore,
  rows: number,
  settings: ZarrSettings,
  skipped: Skip[],
  name: string,
): Promise<Planned> {
  const columns: [string, ZarrColumn][] = [];
  for (const key of await store.arrays("data")) {
    try {
      const column = await openZarrArray(store, `data/${key}`);
      if (column.rows < rows)
        skipped.push({ what: key, reason: `has ${column.rows} rows where ${rows} are needed` });
      else columns.push([key, column]);
    } catch (error) {
      skipped.push({ what: key, reason: messageOf(error) });
    }
  }
  const cameras: CameraColumn[] = [];
  const vectors: [string, ZarrColumn][] = [];
  for (const [key, column] of columns) {
    const raw = column.rowShape.length === 3 ? pixelLayout(column.rowShape) : undefined;
    if (raw) cameras.push({ name: key, column, raw, width: raw.width, height: raw.height });
    else if (rowWidth(column) >= 1 && rowWidth(column) <= LIMITS.vectorWidth) vectors.push([key, column]);
    else skipped.push({ what: key, reason: `rows of shape [${column.rowShape.join(", ")}] are no vector` });
  }
  const action = vectors.filter(([key]) => /^actions?$/.test(key));
  const guessed = vectors.filter(([key]) => STATE_NAME.test(key) && !/^actions?$/.test(key));
  const wanted =
    settings.state ?? (guessed.some(([key]) => key === "state") ? ["state"] : guessed.map(([key]) => key));
  const state = wanted.map((key) => {
    const found = vectors.find(([other]) => other === key);
    if (!found)
      throw new DataError(`import zarr: ${store.name} must hold data/${key} for the state, found none.`);
    return found;
  });
  const rest = vectors.filter((vector) => !action.includes(vector) && !state.includes(vector));
  const embodiment: Embodiment = {
    name: name.replace(/\.zarr(\.zip)?$/, ""),
    controlRateHz: settings.rateHz,
    state: state.map(([key, column]) => statePartOf(column, key)),
    action: action.map(([key, column]) => actionPartOf(column, key)),
    cameras: cameras.map(({ name, width, height }) => ({ name, width, height })),
    sensors: rest.map(([key, column]) => statePartOf(column, key)),
  };
  const plan: ColumnPlan = {
    state: state.map(([, column]) => column.strict()),
    action: action.map(([, column]) => column.strict()),
    cameras,
    extra: Object.fromEntries(rest),
  };
  return { plan, embodiment, columns: columns.map(([, column]) => column) };
}

/** SHA-256 of an episode's numbers: enough to know it again, without reading its pictures twice. */
async function hashRows(columns: readonly Column[], from: number, to: number): Promise<string> {
  const hash = createHash("sha256");
  for (const column of columns) for await (const row of column.read(from, to)) hash.update(row);
  return hash.digest("hex");
}

/** Camera files of one episode by name; none where there is no such folder. */
async function videosOf(folder: string): Promise<Record<string, string>> {
  if ((await kindOf(folder)) !== "folder") return {};
  const names = (await readdir(folder)).filter((name) => name.endsWith(".mp4")).sort();
  return Object.fromEntries(names.map((name) => [`camera_${name.slice(0, -4)}`, join(folder, name)]));
}
