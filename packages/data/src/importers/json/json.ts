/**
 * One JSON file per episode beside its videos, as IRASim and other video-world-model sets are published: actions (one
 * per transition), an optional state, texts, and the path of one or more mp4 files relative to the set's root.
 */
import { basename, dirname, join, resolve, sep } from "node:path";
import { DataError, type Embodiment, messageOf, type Step } from "@orrery/core";
import { z } from "zod";
import { probeVideo } from "../../video/probe.ts";
import type {
  EpisodeSource,
  Skip,
  SourceEpisode,
  SourceFormat,
  SourceOptions,
  SourceSummary,
} from "../../source.ts";
import { hashFile, kindOf, listFiles, otherFiles, readJson } from "../shared/files.ts";
import { Findings, watched } from "../shared/findings.ts";
import { LIMITS } from "../shared/limits.ts";
import { parseSettings, rateSetting } from "../shared/settings.ts";
import { withVideos } from "../shared/videos.ts";

const Settings = z.strictObject({
  /** Control rate in Hz; the video's frame rate where left out. */
  rateHz: rateSetting.optional(),
  task: z.string().optional(),
});

const Rows = z.array(z.union([z.array(z.number()).max(LIMITS.vectorWidth), z.number()]));

/** Field names of the public sets; other keys are allowed and left alone. */
const Annotation = z.looseObject({
  actions: Rows.optional(),
  action: Rows.optional(),
  states: Rows.optional(),
  state: Rows.optional(),
  video_path: z.string().optional(),
  videos: z
    .array(z.looseObject({ video_path: z.string() }))
    .max(16)
    .optional(),
  texts: z.array(z.string()).optional(),
  text: z.string().optional(),
  task: z.string().optional(),
  language_instruction: z.string().optional(),
  episode_id: z.union([z.string(), z.number()]).optional(),
});

export const jsonFormat: SourceFormat = {
  name: "json",
  async recognise(path) {
    if ((await kindOf(path)) !== "folder") return 0;
    const first = (await listFiles(path)).find((file) => file.endsWith(".json"));
    if (!first) return 0;
    const json = await readJson(join(path, first)).catch(() => undefined);
    const parsed = Annotation.safeParse(json);
    const isOne =
      parsed.success &&
      (parsed.data.video_path ?? parsed.data.videos) &&
      (parsed.data.actions ?? parsed.data.action);
    return isOne ? 0.92 : 0;
  },
  open: openJson,
};

/** Opens a folder of annotations and videos, or one annotation inside such a folder. */
export async function openJson(path: string, options: SourceOptions): Promise<EpisodeSource> {
  const settings = parseSettings("json", Settings, options);
  const skipped: Skip[] = [];
  const isFolder = (await kindOf(path)) === "folder";
  const all = isFolder ? await listFiles(path, (skip) => skipped.push(skip)) : [basename(path)];
  const files = all.filter((file) => file.endsWith(".json"));
  skipped.push(
    ...otherFiles(
      all,
      all.filter((file) => /\.(json|mp4)$/.test(file)),
      "neither annotation nor video",
    ),
  );
  if (files.length === 0)
    throw new DataError(`import json: ${path} must hold .json annotations, found none.`, { path });
  const root = isFolder ? path : dirname(path);

  async function* episodes(): AsyncGenerator<SourceEpisode | Skip> {
    yield* skipped;
    for (const name of files) {
      try {
        const file = join(root, name);
        const annotation = await readAnnotation(file);
        yield await makeEpisode(
          name,
          file,
          annotation,
          isFolder ? [root] : ancestors(root),
          settings,
          options,
        );
      } catch (error) {
        yield { what: name, reason: messageOf(error) };
      }
    }
  }

  return {
    format: "json",
    describe: (): Promise<SourceSummary> =>
      Promise.resolve({
        episodes: files.length,
        notes: ["one episode per annotation; not opened yet"],
        skipped,
      }),
    episodes,
    close: () => Promise.resolve(),
  };
}

interface Parsed {
  readonly actions: readonly (readonly number[])[];
  readonly states: readonly (readonly number[])[];
  readonly videos: readonly string[];
  readonly text?: string;
  readonly id?: string;
}

async function readAnnotation(file: string): Promise<Parsed> {
  const result = Annotation.safeParse(await readJson(file));
  if (!result.success) {
    const first = result.error.issues[0];
    throw new DataError(`its ${first?.path.join(".") || "content"} is no annotation (${first?.message})`);
  }
  const a = result.data;
  const text = a.texts?.[0] ?? a.text ?? a.task ?? a.language_instruction;
  const videos = a.videos?.map((v) => v.video_path) ?? (a.video_path === undefined ? [] : [a.video_path]);
  if (videos.length === 0) throw new DataError("it names no video (video_path or videos)");
  return {
    actions: matrix(a.actions ?? a.action ?? [], "actions"),
    states: matrix(a.states ?? a.state ?? [], "states"),
    videos,
    ...(text !== undefined && { text }),
    ...(a.episode_id !== undefined && { id: String(a.episode_id) }),
  };
}

/** Rows of one width. @throws {DataError} if they differ */
function matrix(rows: readonly (number[] | number)[], what: string): number[][] {
  const all = rows.map((row) => (typeof row === "number" ? [row] : row));
  const odd = all.findIndex((row) => row.length !== all[0]?.length);
  if (odd >= 0) {
    throw new DataError(
      `${what} must all have ${all[0]?.length} numbers, row ${odd} has ${all[odd]?.length}`,
    );
  }
  return all;
}

async function makeEpisode(
  name: string,
  file: string,
  annotation: Parsed,
  roots: readonly string[],
  settings: z.output<typeof Settings>,
  options: SourceOptions,
): Promise<SourceEpisode> {
  const { actions, states } = annotation;
  const videos: Record<string, string> = {};
  for (const [i, path] of annotation.videos.entries()) {
    videos[annotation.videos.length === 1 ? "image" : `image_${i}`] = await locate(path, roots);
  }
  const facts = Object.entries(videos).map(([name, path]) => ({ name, ...probeVideo(path) }));
  const rows = Math.min(...facts.map((video) => video.frameCount));
  const rateHz = settings.rateHz ?? facts[0]?.fps ?? 10;
  const findings = new Findings();
  if (actions.length > 0 && actions.length !== rows && actions.length !== rows - 1) {
    findings.add(
      `${actions.length} actions for ${rows} frames; surplus ones are left out`,
      Math.min(rows, actions.length),
    );
  }
  const embodiment: Embodiment = {
    name: basename(roots[0] ?? "json"),
    controlRateHz: rateHz,
    state: states[0] ? [{ name: "state", width: states[0].length, unit: "1" }] : [],
    action: actions[0]
      ? [{ name: "action", width: actions[0].length, unit: "1", kind: "continuous", mode: "delta" }]
      : [],
    cameras: facts.map(({ name, width, height }) => ({ name, width, height })),
  };
  async function* steps(): AsyncGenerator<Step> {
    for (let t = 0; t < rows; t++) {
      const [action, state] = [actions[t], states[t]];
      yield { images: {}, ...(action && { action }), ...(state && { state }) };
    }
  }
  const task = annotation.text ?? settings.task;
  return {
    id: name,
    embodiment,
    ...(task !== undefined && { task }),
    provenance: {
      stream: options.stream ?? "teleop",
      source: `json:${name}`,
      sourceHash: await hashFile(file),
      ...(annotation.id !== undefined && { labels: { episode_id: annotation.id } }),
    },
    steps: () => watched(withVideos(steps(), videos, findings), rateHz, findings),
    findings: () => findings.list(),
  };
}

/** The video's file below one of the roots. @throws {DataError} if it is missing or its path leads out of them */
async function locate(path: string, roots: readonly string[]): Promise<string> {
  for (const root of roots) {
    const file = resolve(root, path);
    if (!file.startsWith(resolve(root) + sep))
      throw new DataError(`its video path "${path}" leads out of the source`);
    if ((await kindOf(file)) === "file") return file;
  }
  throw new DataError(`its video "${path}" was not found below ${roots[0]}`);
}

/** A single annotation names its video relative to the set's root, which is some folder above it. */
function ancestors(folder: string): string[] {
  const list = [folder];
  for (let i = 0; i < 3; i++) list.push(dirname(list.at(-1) ?? folder));
  return list;
}
