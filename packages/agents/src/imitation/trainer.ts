/**
 * Trains a policy by imitation: batches of single instants from the clip loader, the chunk of actions that followed each,
 * and the session, checkpoints and log of a world model's training. Every random choice follows the seed; a run can be
 * stopped at any time and resumed to the same trajectory.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { AbortedError, DataError, UsageError, type Clip } from "@orrery/core";
import { writeJsonAtomic } from "@orrery/core/node";
import { makeClipLoader, vectorStats, type ClipLoader } from "@orrery/data";
import type { TrainingSource } from "@orrery/models";
import {
  buildVocabulary,
  claimRunFolder,
  dropUntrained,
  lineageOf,
  readCheckpoint,
  Session,
  streamFacts,
  type LossFn,
  type SessionOptions,
  type TrainProgress,
} from "@orrery/models/training";
import { fromTyped, Generator, noGrad } from "@orrery/torch";
import type { PolicyConfig } from "./config.ts";
import { ChunkReader, chooseDemonstrations, instructionsOf, type Chosen } from "./demonstrations.ts";
import { FeatureMemory } from "./feature-memory.ts";
import { PolicyNet, type PolicyFacts } from "./nets/policy-net.ts";
import { toPercept, type Backbone } from "./perception.ts";
import { readPolicyConfig, writePolicyConfig, writePolicyWeights } from "./release.ts";

export type PolicyProgress = TrainProgress<"imitation">;

export interface TrainPolicyOptions extends SessionOptions<"imitation"> {
  readonly config: PolicyConfig;
  readonly sources: readonly TrainingSource[];
  /** All that the datasets share where left out. */
  readonly cameras?: readonly string[];
  /** What `config.backbone` names, opened; the caller closes it. */
  readonly backbone?: Backbone;
}

export interface TrainPolicyResult {
  readonly run: string;
  readonly steps: number;
  /** Last averages of the losses. */
  readonly loss: Readonly<Record<string, number>>;
  readonly framesPerSecond: number;
  /** Trained numbers; those of a backbone do not count. */
  readonly parameters: number;
  /** Episodes and rows that were imitated. */
  readonly episodes: number;
  readonly frames: number;
  /** In all, every session. */
  readonly seconds: number;
}

type PolicySession = Session<PolicyNet, "imitation", TrainPolicyOptions>;

/** @throws {UsageError} if the folder holds a run already and `resume` is not set, or the other way round */
export async function trainPolicy(options: TrainPolicyOptions): Promise<TrainPolicyResult> {
  const { out, seed, resume = false, onNote } = options;
  claimRunFolder(out, resume);
  const saved = resume ? readPolicyConfig(out) : null;
  const config = saved?.config ?? options.config;
  const chosen = chooseDemonstrations(options.sources, config.demonstrations);
  onNote?.(describe(chosen));
  const facts = saved?.facts ?? factsOf(config, chosen.sources, options);
  const loader = await makeClipLoader({
    sources: chosen.sources.map((source) => ({ ...source, cameras: facts.cameras })),
    batch: config.training.batch,
    window: 1,
    size: { width: config.vision.width, height: config.vision.height },
    seed,
  });
  const net = new PolicyNet(config, facts, new Generator(seed));
  try {
    const session = begin({ ...options, config, sources: chosen.sources }, net, loader);
    const work = { framesPerStep: config.training.batch, prepare: batches(session) };
    await session.train("imitation", net, config.training, 1, work);
    writePolicyWeights(out, net);
    return resultOf(session);
  } catch (error) {
    if (!resume && !(error instanceof AbortedError)) dropUntrained(out);
    throw error;
  } finally {
    await loader.close();
    net.free();
  }
}

/** Scales, checkpoint or lineage, device: everything before the first step. */
function begin(options: TrainPolicyOptions, net: PolicyNet, loader: ClipLoader): PolicySession {
  const { out, seed, sources, config, resume = false, device = "cpu", onNote } = options;
  for (const { dataset, episode, reason } of loader.skipped)
    onNote?.(`left out episode ${episode} of ${dataset}: ${reason}`);
  setScales(net, loader);
  const checkpoint = resume ? readCheckpoint<"imitation">(join(out, "training")) : null;
  if (checkpoint !== null) noGrad(() => net.loadStateDict(checkpoint.weights));
  if (device !== "cpu") net.to({ device });
  if (!resume) {
    mkdirSync(out, { recursive: true });
    writeJsonAtomic(join(out, "lineage.json"), lineageOf(sources, loader.episodes, seed));
    writePolicyConfig(out, config, net.facts);
  }
  const parts = { model: net, loader, checkpoint, phases: ["imitation"] as const };
  const session = new Session<PolicyNet, "imitation", TrainPolicyOptions>(options, parts);
  session.restoreLoader("imitation");
  return session;
}

/** Waits for a batch and what a backbone makes of it; what that gives computes the loss inside a scope. */
function batches(session: PolicySession): () => Promise<LossFn> {
  const { model: net, loader, options, generator, rng } = session;
  const { chunk, unknownWordShare } = options.config;
  const chunks = new ChunkReader(loader.episodes, net.facts.actionWidth);
  const memory = new FeatureMemory(options.backbone ?? null);
  return async () => {
    const clip = await loader.next();
    const prepared = await memory.prepare(clip, textsOf(clip, loader));
    const { actions, isKnown } = chunks.read(clip, chunk);
    return () => {
      const { device, facts } = net;
      const target = {
        actions: fromTyped(actions, [clip.B, chunk, facts.actionWidth], { device }),
        isKnown: fromTyped(isKnown, [clip.B, chunk], { device }).bool(),
      };
      const percept = toPercept(prepared, { widths: facts.features, device });
      const draws = { generator, unknownWords: { rng, share: unknownWordShare } };
      const value = session.autocast(() => net.loss(percept, target, draws));
      return { imitation: { value, weight: 1 } };
    };
  };
}

function textsOf({ B, task }: Clip, { tasks }: ClipLoader): string[] {
  return Array.from({ length: B }, (_, b) => tasks[task[b] as number] ?? "");
}

function resultOf(session: PolicySession): TrainPolicyResult {
  const { model, loader } = session;
  const { run, steps, loss, framesPerSecond, seconds } = session.result({ imitation: model.numParameters() });
  return {
    run,
    steps: steps.imitation ?? 0,
    loss,
    framesPerSecond: framesPerSecond.imitation ?? 0,
    parameters: model.numParameters(),
    episodes: loader.episodes.length,
    frames: loader.episodes.reduce((sum, { length }) => sum + length, 0),
    seconds,
  };
}

/**
 * What a policy trained on these recordings would be made for.
 * @throws {UsageError} if the backbone is not the configuration's; @throws {DataError} if there is nothing to imitate, or nothing says what to do
 */
export function policyFacts(
  options: Pick<TrainPolicyOptions, "config" | "sources" | "cameras" | "backbone">,
): PolicyFacts {
  const { config, sources } = options;
  return factsOf(config, chooseDemonstrations(sources, config.demonstrations).sources, options);
}

function factsOf(
  config: PolicyConfig,
  sources: readonly TrainingSource[],
  { cameras, backbone }: Pick<TrainPolicyOptions, "cameras" | "backbone">,
): PolicyFacts {
  if ((config.backbone === null) !== (backbone === undefined)) {
    throw new UsageError(
      `trainPolicy: the configuration's backbone is ${config.backbone ?? "none"}, ${backbone === undefined ? "none was" : "one was"} passed on. Open config.backbone with openBackbone.`,
    );
  }
  const facts = streamFacts(sources, cameras);
  if (facts.actionWidth === 0) {
    throw new DataError(
      `trainPolicy: ${sources.map(({ dataset }) => dataset.files.root).join(", ")} must hold actions to imitate, there are none.`,
    );
  }
  const vocabulary = config.family === "bc" ? [] : buildVocabulary(instructionsOf(sources));
  if (config.family === "vla" && vocabulary.length === 0) {
    throw new DataError(
      `trainPolicy: a policy with language needs episodes with an instruction, ${sources.map(({ dataset }) => dataset.files.root).join(", ")} has none. Train bc-tiny instead.`,
    );
  }
  return { ...facts, vocabulary, features: backbone?.widths ?? null };
}

/** Means and deviations of the imitated episodes. */
function setScales(net: PolicyNet, loader: ClipLoader): void {
  const state = vectorStats(loader.episodes, "state");
  const action = vectorStats(loader.episodes, "action");
  noGrad(() => {
    if (state !== null) net.stateScale.set(state);
    if (action !== null) net.actionScale.set(action);
  });
}

function describe({ episodes, leftOut }: Chosen): string {
  const parts = [`${episodes} episodes to imitate`];
  if (leftOut.play > 0) parts.push(`${leftOut.play} of play left out, which have no task to name`);
  if (leftOut.failures > 0) parts.push(`${leftOut.failures} failed ones left out, which are no example`);
  return parts.join("; ");
}
