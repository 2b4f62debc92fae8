/** The dreams that a demo shows: truth beside dream, and one start with four futures. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Image } from "@orrery/core";
import { episodeFrames, openDataset, writeMp4, type EpisodeFrames } from "@orrery/data";
import { dreamOn, recordedActions, truthBesideDream, type Video } from "@orrery/eval";
import { choosePrecision, loadModel, type WorldModel } from "@orrery/models";
import type { Run } from "../run.ts";
import type { DemoPlan } from "./plan.ts";
import { heldOutSet, runFolder } from "./stages.ts";

const CONTEXT = 8;
const NUM_SCENES = 3;

export interface DemoDreams {
  /** Recording beside dream, for several held-out episodes. */
  readonly pairs: readonly Video[];
  /** The recording, then the same start under four action sequences. */
  readonly futures: readonly Video[];
  readonly long: { readonly video: Video; readonly frames: number; readonly facts: LongDreamFacts };
  readonly framesPerSecond: number;
}

/** What can be said of a long dream without a person looking at it. */
export interface LongDreamFacts {
  /** Mean and deviation of the pixels of its last frame, beside the range over the training-like context. */
  readonly lastMean: number;
  readonly lastDeviation: number;
  readonly contextDeviation: number;
}

export async function makeDreams(out: string, plan: DemoPlan, seed: number, run: Run): Promise<DemoDreams> {
  const model = loadModel(runFolder(out));
  const scenes = await liveliestScenes(model, heldOutSet(out), plan.dreamFrames);
  const A = model.facts.actionWidth;
  const base = {
    model,
    contextFrames: CONTEXT,
    frames: plan.dreamFrames,
    seed,
    usesBfloat16: choosePrecision("cpu").usesBfloat16,
    signal: run.signal,
  };
  const film = filmMaker(model.facts.controlRateHz);
  const pairs: Video[] = [];
  let framesPerSecond = 0;
  for (const [i, scene] of scenes.entries()) {
    run.progress.update({ what: "dream", done: i, total: scenes.length + 2, unit: "dreams" });
    const actions = recordedActions(scene.episode, scene.start + CONTEXT - 1, plan.dreamFrames, A);
    const { truth, dreams, framesPerSecond: rate } = await dreamOn({ ...base, ...scene, actions: [actions] });
    framesPerSecond = Math.max(framesPerSecond, rate);
    pairs.push({
      label: `Held-out episode ${scene.episode.index}`,
      detail: `recording left, dream right; from row ${scene.start}`,
      data: film(truthBesideDream(truth, dreams[0] ?? [])),
    });
  }
  const [first, second = first] = scenes;
  if (first === undefined || second === undefined) throw new Error("internal: a demo has held-out episodes");
  const recorded =
    recordedActions(first.episode, first.start + CONTEXT - 1, plan.dreamFrames, A) ??
    new Float32Array(plan.dreamFrames * A);
  const borrowed = recordedActions(second.episode, second.start + CONTEXT - 1, plan.dreamFrames, A);
  run.progress.update({ what: "dream", done: scenes.length, total: scenes.length + 2, unit: "dreams" });
  const futures = await dreamOn({
    ...base,
    ...first,
    actions: [recorded, new Float32Array(recorded.length), recorded.map((a) => -a), borrowed],
  });
  const labels = [
    ["Dream: what was done", "the recorded actions"],
    ["Dream: hold still", "all actions zero"],
    ["Dream: the opposite", "the recorded actions with their sign turned"],
    ["Dream: another's actions", `those of episode ${second.episode.index}`],
  ] as const;
  run.progress.update({ what: "dream", done: scenes.length + 1, total: scenes.length + 2, unit: "dreams" });
  const endless = recordedActions(first.episode, first.start + CONTEXT - 1, plan.longDreamFrames, A);
  const long = await dreamOn({ ...base, ...first, frames: plan.longDreamFrames, actions: [endless] });
  const longFilm = long.dreams[0] ?? [];
  run.progress.update({ what: "dream", done: scenes.length + 2, total: scenes.length + 2, unit: "dreams" });
  run.progress.end();
  model.free();
  return {
    pairs,
    futures: [
      { label: "Recording", detail: "what really came", data: film(futures.truth) },
      ...futures.dreams.map((dream, i) => ({
        label: labels[i]?.[0] ?? "",
        detail: labels[i]?.[1] ?? "",
        data: film(dream),
      })),
    ],
    long: {
      video: {
        label: `${plan.longDreamFrames} dreamt frames`,
        detail: "the episode's actions, begun again when they end",
        data: film(longFilm),
      },
      frames: plan.longDreamFrames,
      facts: longDreamFacts(longFilm),
    },
    framesPerSecond,
  };
}

interface Scene {
  readonly episode: EpisodeFrames;
  readonly start: number;
}

/** In the episodes where most happens, the window in which most happens: a still picture would tell nothing. */
async function liveliestScenes(model: WorldModel, path: string, frames: number): Promise<Scene[]> {
  const { height, width } = model.config.tokenizer;
  const scenes: (Scene & { readonly change: number })[] = [];
  const request = { dataset: await openDataset(path), size: { height, width }, cameras: model.facts.cameras };
  for await (const episode of episodeFrames(request)) {
    const window = Math.min(episode.length, CONTEXT + frames);
    const changes = Array.from({ length: episode.length }, (_, t) => changeAt(episode, t));
    let best = { start: 0, change: -1 };
    for (let start = 0; start + window <= episode.length; start += 4) {
      const change = changes.slice(start + CONTEXT, start + window).reduce((sum, c) => sum + c, 0);
      if (change > best.change) best = { start, change };
    }
    if (episode.length > CONTEXT) scenes.push({ episode, ...best });
  }
  return scenes.toSorted((a, b) => b.change - a.change).slice(0, NUM_SCENES);
}

/** Mean absolute difference of frame t from the one before. */
function changeAt({ frames, length }: EpisodeFrames, t: number): number {
  if (t === 0) return 0;
  const bytes = frames.length / length;
  let sum = 0;
  for (let i = 0; i < bytes; i += 7)
    sum += Math.abs((frames[t * bytes + i] as number) - (frames[(t - 1) * bytes + i] as number));
  return sum / bytes;
}

function longDreamFacts(film: readonly Image[]): LongDreamFacts {
  const last = moments(film.at(-1)?.data ?? new Uint8Array());
  return {
    lastMean: last.mean,
    lastDeviation: last.deviation,
    contextDeviation: moments(film[0]?.data ?? new Uint8Array()).deviation,
  };
}

function moments(data: Uint8Array): { mean: number; deviation: number } {
  const mean = data.reduce((sum, v) => sum + v, 0) / Math.max(1, data.length);
  const variance = data.reduce((sum, v) => sum + (v - mean) ** 2, 0) / Math.max(1, data.length);
  return { mean, deviation: Math.sqrt(variance) };
}

/** Encodes pictures as an mp4 in memory. */
function filmMaker(fps: number): (pictures: readonly Image[]) => Uint8Array {
  return (pictures) => {
    const folder = mkdtempSync(join(tmpdir(), "orrery-film-"));
    try {
      const path = join(folder, "film.mp4");
      writeMp4(path, pictures, { fps, scale: 4 });
      return readFileSync(path);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
}
