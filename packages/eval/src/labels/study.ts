/**
 * The label-efficiency study: how good a world model becomes when only a share of its episodes come with actions.
 * States are left out for everybody, so that actions are the only difference between the conditions.
 *
 * Every stage leaves a folder or a file under `out`; a study that was stopped goes on with the first one missing, and
 * another set of held-out episodes costs only the scoring.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { UsageError } from "@orrery/core";
import { writeJsonAtomic } from "@orrery/core/node";
import { importDataset, openDataset, type DatasetReader } from "@orrery/data";
import {
  isFinished,
  isRun,
  labelDataset,
  openView,
  trainInverseDynamics,
  trainWorldModel,
  type InverseConfig,
  type ModelConfig,
  type StepPart,
  type TrainingSource,
} from "@orrery/models";
import {
  conditionsOf,
  labelledEpisodes,
  percentOf,
  type Condition,
  type ConditionKind,
} from "./conditions.ts";
import {
  advantage,
  compare,
  pooledPsnr,
  scoreEpisodes,
  type Advantage,
  type Compared,
  type EpisodeErrors,
} from "./score.ts";
import { scoreInverse, type InverseScores } from "./score-inverse.ts";

/**
 * What all conditions have the same of: training steps, or clips with recorded actions, to which video then comes on top,
 * as the unlabelled batch does in semi-supervised learning (FixMatch, Sohn et al. 2020, arXiv:2001.07685).
 */
export const EQUALS = ["steps", "labels"] as const;
export type Equal = (typeof EQUALS)[number];

export interface LabelStudyOptions {
  /** Path of a dataset whose episodes all have actions. */
  readonly data: string;
  readonly train: readonly number[];
  readonly held: readonly number[];
  readonly shares: readonly number[];
  /** Folder of the study. */
  readonly out: string;
  readonly config: ModelConfig;
  readonly inverse: InverseConfig;
  /**
   * A finished run whose tokenizer all conditions take. It needs no actions, so that a tokenizer of all training video
   * is the same for everybody; without it the reference trains one, and "part" one of its own.
   */
  readonly tokenizer?: string;
  /** Steps where left out. */
  readonly equal?: Equal;
  /** Beside the reference; all where left out. */
  readonly kinds?: readonly ConditionKind[];
  readonly seed: number;
  readonly windowsPerEpisode?: number;
  readonly contextFrames?: number;
  readonly horizon?: number;
  readonly onStage?: (stage: string) => void;
  readonly onProgress?: (what: string, share: number) => void;
  readonly onNote?: (note: string) => void;
  readonly signal?: AbortSignal;
}

export interface ConditionResult extends Compared {
  readonly condition: Condition;
  readonly labelledEpisodes: number;
  readonly episodes: number;
  /** Of the dynamics' training. */
  readonly steps: number;
  /** Beyond the labelled part alone of the same share; null where that was not asked for, and for itself. */
  readonly overPart: Advantage | null;
  readonly psnr: readonly number[];
  readonly copyLast: readonly number[];
  readonly roundTrip: readonly number[];
}

export interface LabelStudyResult {
  readonly conditions: readonly ConditionResult[];
  /** By share, how well the inverse dynamics model does on the held-out episodes; none where nothing was inferred. */
  readonly inverse: readonly { readonly share: number; readonly scores: InverseScores }[];
  readonly heldEpisodes: number;
  readonly windows: number;
  readonly contextFrames: number;
  readonly horizon: number;
  readonly seed: number;
}

const ALL_BUT_ACTIONS: readonly StepPart[] = ["state", "reward", "done", "success"];
const EVERYTHING: readonly StepPart[] = [...ALL_BUT_ACTIONS, "action"];

/** @throws {UsageError} if a held-out episode is trained on, or `out` holds a study with other settings */
export async function studyLabels(options: LabelStudyOptions): Promise<LabelStudyResult> {
  const both = options.held.filter((episode) => options.train.includes(episode));
  if (both.length > 0)
    throw new UsageError(`eval labels: episode ${both[0]} is both trained on and held out. Choose others.`);
  claim(options);
  return new Study(options).run();
}

/** The settings that all stages of a study share; a folder belongs to one set of them. */
function claim(options: LabelStudyOptions): void {
  const { out, data, train, seed, config, inverse, tokenizer, equal = "steps" } = options;
  const path = join(out, "study.json");
  const settings = {
    data,
    train,
    seed,
    config,
    inverse,
    ...(tokenizer === undefined ? {} : { tokenizer }),
    ...(equal === "steps" ? {} : { equal }),
  };
  if (!existsSync(path)) return writeJsonAtomic(path, settings);
  if (isDeepStrictEqual(JSON.parse(readFileSync(path, "utf8")), settings)) return;
  throw new UsageError(
    `eval labels: ${out} holds a study with other data, episodes, seed, configuration, tokenizer or --equal. Name another folder.`,
  );
}

class Study {
  readonly #options: LabelStudyOptions;
  readonly #windows: { windowsPerEpisode: number; contextFrames: number; horizon: number };

  constructor(options: LabelStudyOptions) {
    this.#options = options;
    const { windowsPerEpisode = 16, contextFrames = 8, horizon = 16 } = options;
    this.#windows = { windowsPerEpisode, contextFrames, horizon };
  }

  async run(): Promise<LabelStudyResult> {
    const { shares, held, seed, train, kinds } = this.#options;
    const conditions = conditionsOf(shares, kinds);
    const errors = new Map<Condition, EpisodeErrors[]>();
    // Recorded states stay out of sight here too: no condition has learnt what they mean.
    const dataset = await openDataset(await this.#heldOut());
    for (const condition of conditions) {
      const run = await this.#train(condition);
      errors.set(condition, await this.#score(condition, run, dataset));
    }
    const reference = errors.get(conditions[0] as Condition) as EpisodeErrors[];
    const inverse = [];
    const isInferred = conditions.some(({ kind }) => kind === "inferred");
    for (const share of isInferred ? [...shares].toSorted((a, b) => b - a) : [])
      inverse.push({ share, scores: await this.#scoreInverse(share, dataset) });
    return {
      conditions: conditions.map((condition) => {
        const own = errors.get(condition) as EpisodeErrors[];
        const alone = conditions.find(({ kind, share }) => kind === "part" && share === condition.share);
        const part = alone === condition || alone === undefined ? undefined : errors.get(alone);
        const labelled = labelledEpisodes(train, condition.share, seed).length;
        return {
          condition,
          labelledEpisodes: labelled,
          episodes: condition.kind === "part" ? labelled : train.length,
          steps: this.#configFor(condition).training.dynamics.steps,
          overPart: part === undefined ? null : advantage(own, part, seed),
          psnr: pooledPsnr(own, "model"),
          copyLast: pooledPsnr(own, "copyLast"),
          roundTrip: pooledPsnr(own, "roundTrip"),
          ...compare(own, reference, seed),
        };
      }),
      inverse,
      heldEpisodes: held.length,
      windows: reference.reduce((sum, { windows }) => sum + windows, 0),
      contextFrames: this.#windows.contextFrames,
      horizon: this.#windows.horizon,
      seed,
    };
  }

  /** The run of a condition, trained if it is not there yet. */
  async #train(condition: Condition): Promise<string> {
    const { out, seed, onNote } = this.#options;
    const run = join(out, "runs", condition.name);
    if (isFinished(run)) return run;
    const sources = await this.#sourcesOf(condition);
    this.#options.onStage?.(`train ${condition.name}`);
    const tokenizerFrom = this.#tokenizerFor(condition);
    await trainWorldModel({
      config: this.#configFor(condition),
      sources,
      out: run,
      seed,
      resume: isRun(run),
      ...(tokenizerFrom === undefined ? {} : { tokenizerFrom }),
      onProgress: ({ phase, progress }) =>
        this.#options.onProgress?.(`${condition.name}: ${phase}`, progress),
      ...(onNote === undefined ? {} : { onNote }),
      ...this.#signal(),
    });
    return run;
  }

  /** With as many steps as a condition takes. */
  #configFor({ kind, share }: Condition): ModelConfig {
    const { config, equal = "steps" } = this.#options;
    if (equal === "steps" || kind === "all" || kind === "part") return config;
    const { dynamics } = config.training;
    const { steps, decayShare, recordedShare, recordedShareAtEnd } = dynamics;
    const drawn = (least: number): number => Math.max(least, share);
    const recorded = (1 - decayShare) * drawn(recordedShare) + decayShare * drawn(recordedShareAtEnd);
    const more = { ...dynamics, steps: Math.round(steps / recorded) };
    return { ...config, training: { ...config.training, dynamics: more } };
  }

  /** The run whose tokenizer a condition takes; undefined where it trains its own. */
  #tokenizerFor({ kind }: Condition): string | undefined {
    const { tokenizer, out } = this.#options;
    if (tokenizer !== undefined) return tokenizer;
    return kind === "all" || kind === "part" ? undefined : join(out, "runs", "all");
  }

  async #sourcesOf({ kind, share }: Condition): Promise<TrainingSource[]> {
    const labelled = { dataset: await openDataset(await this.#labelled(share)) };
    if (kind === "all" || kind === "part") return [labelled];
    const rest = kind === "none" ? await this.#video(share) : await this.#inferred(share);
    return [labelled, { dataset: await openDataset(rest) }];
  }

  /** Pictures and actions of the labelled share. */
  #labelled(share: number): Promise<string> {
    const { train, seed } = this.#options;
    return this.#write(`labelled-${percentOf(share)}`, labelledEpisodes(train, share, seed), ALL_BUT_ACTIONS);
  }

  /** Pictures and actions of the held-out episodes, numbered in the order of `held`. */
  #heldOut(): Promise<string> {
    const { held } = this.#options;
    const name = createHash("sha256").update(held.join(",")).digest("hex").slice(0, 8);
    return this.#write(`held-${name}`, held, ALL_BUT_ACTIONS);
  }

  /** Pictures of the rest: what is not in the file cannot leak. */
  #video(share: number): Promise<string> {
    const { train, seed } = this.#options;
    const known = new Set(labelledEpisodes(train, share, seed));
    const rest = train.filter((episode) => !known.has(episode));
    return this.#write(`video-${percentOf(share)}`, rest, EVERYTHING);
  }

  async #write(name: string, episodes: readonly number[], without: readonly StepPart[]): Promise<string> {
    const { data, out, onStage } = this.#options;
    const to = join(out, "data", name);
    if (existsSync(`${to}.done`)) return to;
    onStage?.(`write ${name}`);
    const source = await openView(data, { episodes, without });
    await importDataset(source, to, this.#signal());
    await source.close();
    writeJsonAtomic(`${to}.done`, { episodes });
    return to;
  }

  /** The video with actions inferred by a model of the labelled share. */
  async #inferred(share: number): Promise<string> {
    const { out, onStage } = this.#options;
    const to = join(out, "data", `inferred-${percentOf(share)}`);
    if (existsSync(`${to}.done`)) return to;
    const model = await this.#inverse(share);
    const from = await this.#video(share);
    onStage?.(`label video-${percentOf(share)}`);
    const { labelledFrames, meanConfidence } = await labelDataset({ model, from, to, ...this.#signal() });
    writeJsonAtomic(`${to}.done`, { labelledFrames, meanConfidence });
    return to;
  }

  async #inverse(share: number): Promise<string> {
    const { out, inverse, seed, onStage, onProgress } = this.#options;
    const run = join(out, "runs", `inverse-${percentOf(share)}`);
    if (isFinished(run)) return run;
    const dataset = await openDataset(await this.#labelled(share));
    onStage?.(`train inverse-${percentOf(share)}`);
    await trainInverseDynamics({
      config: inverse,
      sources: [{ dataset }],
      out: run,
      seed,
      resume: isRun(run),
      onProgress: ({ progress }) => onProgress?.(`inverse-${percentOf(share)}`, progress),
      ...this.#signal(),
    });
    return run;
  }

  /** Errors on the held-out episodes, kept in a file so that they are measured once. */
  async #score(condition: Condition, run: string, dataset: DatasetReader): Promise<EpisodeErrors[]> {
    return this.#once(`errors-${condition.name}`, () => {
      const { held, seed } = this.#options;
      const name = `${condition.name}: score`;
      const onProgress = (done: number, all: number): void => this.#options.onProgress?.(name, done / all);
      const episodes = held.map((_, i) => i);
      return scoreEpisodes({ run, dataset, episodes, seed, ...this.#windows, onProgress, ...this.#signal() });
    });
  }

  #scoreInverse(share: number, dataset: DatasetReader): Promise<InverseScores> {
    return this.#once(`inverse-${percentOf(share)}`, async () =>
      scoreInverse({ run: await this.#inverse(share), dataset, ...this.#signal() }),
    );
  }

  async #once<T>(name: string, measure: () => Promise<T>): Promise<T> {
    const { out, held } = this.#options;
    const { windowsPerEpisode, contextFrames, horizon } = this.#windows;
    const set = `${held.join(",")}-${windowsPerEpisode}-${contextFrames}-${horizon}`;
    const path = join(out, "scores", set, `${name}.json`);
    if (existsSync(path)) return JSON.parse(readFileSync(path, "utf8")) as T;
    this.#options.onStage?.(`score ${name}`);
    const measured = await measure();
    writeJsonAtomic(path, measured);
    return measured;
  }

  #signal(): { signal: AbortSignal } | Record<string, never> {
    const { signal } = this.#options;
    return signal === undefined ? {} : { signal };
  }
}
