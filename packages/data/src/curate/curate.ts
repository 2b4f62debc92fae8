/**
 * Curation: says of every frame of a dataset whether it is worth learning from, and why not. Nothing is deleted and the
 * dataset is not touched; the verdicts lie beside it.
 *
 * Three passes: pictures are measured once (the only pass that decodes), rows are summed up into robust scales, then
 * each episode is judged by thresholds. Memory holds one episode's measures at a time, and hashes of all.
 */
import { basename, resolve } from "node:path";
import { DataError, messageOf } from "@orrery/core";
import type { EpisodeColumns, EpisodeInfo } from "../episode-info.ts";
import { openDataset } from "../open.ts";
import type { DatasetReader } from "../reader.ts";
import { cameraMotion } from "./camera-motion.ts";
import { combine } from "./combine.ts";
import { parseCurationConfig, type CurationConfig, type CurationSettings } from "./config.ts";
import { DuplicateFinder, signatureOf } from "./duplicates.ts";
import type { Finding } from "./finding.ts";
import { judgeFrames } from "./judge-frames.ts";
import { judgeRows, type RowJudgement } from "./judge-rows.ts";
import { measureDataset } from "./measure.ts";
import { MeasureStore, type EpisodeMeasures } from "./measures.ts";
import { sumUp, type CurationReport, type EpisodeVerdict } from "./report.ts";
import { measureRowScale, type RowScale } from "./row-scale.ts";
import { defaultSidecar, writeCuration } from "./sidecar.ts";

export interface CurateOptions {
  /** Differences from the default thresholds. */
  readonly config?: CurationSettings;
  /** Curated datasets whose moments are not to be repeated in this one. */
  readonly against?: readonly string[];
  /** Where to keep measures and verdicts; inside the dataset (`meta/curation`) where left out. */
  readonly sidecar?: string;
  readonly onProgress?: (progress: CurationProgress) => void;
  readonly signal?: AbortSignal;
}

export interface CurationProgress {
  readonly phase: "measure" | "judge";
  /** Frames measured, or episodes judged. */
  readonly done: number;
  readonly total: number;
}

/**
 * @throws {DataError} if there is no dataset, or one in `against` has not been curated
 * @throws {ConfigError} if a threshold is unknown or out of range
 * @throws {AbortedError} when asked to stop; frames measured by then are not measured again
 */
export async function curateDataset(path: string, options: CurateOptions = {}): Promise<CurationReport> {
  const config = parseCurationConfig(options.config);
  const { onProgress, signal } = options;
  const dataset = await openDataset(path);
  const sidecar = options.sidecar ?? defaultSidecar(resolve(path));
  const finder = new PastMoments(config);
  for (const other of options.against ?? []) await finder.addDataset(other);

  const measures = await measureDataset(dataset, {
    folder: `${sidecar}/measures`,
    ...(signal ? { signal } : {}),
    onProgress: (done, total) => onProgress?.({ phase: "measure", done, total }),
  });
  const scale = await measureRowScale(dataset, signal);
  const verdicts: EpisodeVerdict[] = [];
  for (const [i, episode] of dataset.episodes.entries()) {
    signal?.throwIfAborted();
    verdicts.push(await judgeEpisode(dataset, episode, measures, scale, config, finder));
    onProgress?.({ phase: "judge", done: i + 1, total: dataset.episodes.length });
  }
  const report = sumUp(resolve(path), sidecar, dataset.fps, verdicts, finder.notes());
  writeCuration(sidecar, config, report, verdicts);
  return report;
}

async function judgeEpisode(
  dataset: DatasetReader,
  episode: EpisodeInfo,
  store: MeasureStore,
  scale: RowScale,
  config: CurationConfig,
  finder: PastMoments,
): Promise<EpisodeVerdict> {
  const { fps } = dataset;
  const { index, length, provenance, success } = episode;
  const about = { episode: index, length, operator: provenance.operator ?? "unknown", success };
  let columns: EpisodeColumns;
  let measures: EpisodeMeasures;
  try {
    columns = await dataset.readEpisode(index);
    measures = await store.read(index);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    const finding = wholeEpisode("unreadable", length, messageOf(error));
    return {
      ...about,
      ...combine(length, [], [finding], config, fps),
      findings: [finding],
      jerk: null,
      cameras: [],
    };
  }
  const rows: RowJudgement = judgeRows(columns, dataset.embodiment, fps, scale, config);
  const findings: Finding[] = [...rows.findings];
  for (const camera of measures.cameras) {
    findings.push(
      ...judgeFrames(camera, config, {
        fps,
        length,
        isSimulated: provenance.stream === "sim",
        bodyStill: rows.bodyStill,
      }),
    );
  }
  findings.push(...finder.find(`episode ${index}`, measures, length, fps));
  const cameras = measures.cameras.map((camera) => {
    const cuts = findings.filter(
      ({ verdict, camera: name }) => verdict === "cut" && name === camera.facts.camera,
    );
    return {
      facts: camera.facts,
      motion: cameraMotion(
        camera,
        fps,
        cuts.map(({ from }) => from),
      ),
    };
  });
  const names = measures.cameras.map(({ facts }) => facts.camera);
  return { ...about, ...combine(length, names, findings, config, fps), findings, jerk: rows.jerk, cameras };
}

/** Recognises what has been seen before: the same rows, or the same pictures moving in the same way. */
class PastMoments {
  readonly #config: CurationConfig["duplicate"];
  readonly #finder: DuplicateFinder;
  readonly #rows = new Map<string, string>();

  constructor({ duplicate }: CurationConfig) {
    this.#config = duplicate;
    this.#finder = new DuplicateFinder(duplicate);
  }

  /** Remembers all of a dataset that has been measured. */
  async addDataset(path: string): Promise<void> {
    const dataset = await openDataset(path);
    const store = await MeasureStore.open(`${defaultSidecar(resolve(path))}/measures`);
    for (const { index, readable } of dataset.episodes) {
      if (!readable) continue;
      if (store.keyOf(index) === undefined) {
        throw new DataError(
          `data curate: ${path} must be curated before others are compared with it, its episode ${index} is not. Run: ./orrery data curate ${path}`,
          { path },
        );
      }
      this.#remember(`episode ${index} of ${basename(resolve(path))}`, await store.read(index), dataset.fps);
    }
  }

  /** What of an episode was there before; the episode is remembered for those that follow. */
  find(name: string, measures: EpisodeMeasures, length: number, fps: number): Finding[] {
    const { action, correlation: enough } = this.#config;
    if (action === "off") return [];
    const findings: Finding[] = [];
    const sameRows = this.#rows.get(measures.rowsHash);
    if (sameRows !== undefined) {
      findings.push({
        ...wholeEpisode("duplicate", length, `the same states and actions as ${sameRows}`),
        action,
      });
    }
    for (const camera of measures.cameras) {
      for (const { original, from, to, correlation, bits } of this.#finder.find(
        signatureOf(name, camera, fps),
      )) {
        findings.push({
          verdict: "duplicate",
          action,
          camera: camera.facts.camera,
          from,
          to,
          reason: `the same moment as in ${original.name}: change correlates at ${correlation.toFixed(2)}, hashes differ by ${bits.toFixed(1)} bits`,
          value: correlation,
          threshold: enough,
        });
      }
    }
    this.#remember(name, measures, fps);
    return findings;
  }

  notes(): string[] {
    const { crowded } = this.#finder;
    if (crowded === 0) return [];
    return [
      `${crowded} picture hashes were too common to be compared; duplicates among those pictures may be missed.`,
    ];
  }

  #remember(name: string, measures: EpisodeMeasures, fps: number): void {
    if (measures.rowsHash !== "" && !this.#rows.has(measures.rowsHash))
      this.#rows.set(measures.rowsHash, name);
    for (const camera of measures.cameras) this.#finder.add(signatureOf(name, camera, fps));
  }
}

function wholeEpisode(verdict: "unreadable" | "duplicate", length: number, reason: string): Finding {
  return { verdict, action: "drop", camera: "", from: 0, to: length, reason, value: 1, threshold: 1 };
}
