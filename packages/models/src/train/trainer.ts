/**
 * Trains a model of either family from recordings. Every random choice follows the seed; a run can be stopped at any
 * time and resumed to the same trajectory.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { AbortedError, UsageError } from "@orrery/core";
import { writeJsonAtomic } from "@orrery/core/node";
import { makeClipLoader, type ClipLoader } from "@orrery/data";
import { Generator, noGrad } from "@orrery/torch";
import { isJepa, type AnyConfig, type ModelConfig } from "../config.ts";
import { jepaNeeds, jepaPhases, trainJepa } from "../jepa/train.ts";
import { JepaModel } from "../jepa/model.ts";
import { readConfig, writeConfig, writeWeights } from "../release.ts";
import { WorldModel, type StreamFacts } from "../world-model.ts";
import { readCheckpoint, type PhaseName } from "./checkpoint.ts";
import { lineageOf, streamFacts, taskTexts, withCameras } from "./facts.ts";
import { generativeNeeds, trainGenerative } from "./generative.ts";
import { factsToContinue, takeWeights } from "./continue-from.ts";
import { claimRunFolder, dropUntrained } from "./run-folder.ts";
import { setScales } from "./scales.ts";
import {
  Session,
  type AnyTrainResult,
  type Trainable,
  type TrainOptions,
  type TrainResult,
} from "./session.ts";
import { takeTokenizer } from "./take-tokenizer.ts";
import { readTrunk } from "./trunk.ts";
import { buildVocabulary } from "../nets/text.ts";

export type { AnyTrainResult, TrainOptions, TrainProgress, TrainResult } from "./session.ts";

/** @throws {UsageError} if the folder holds a run already and `resume` is not set, or the other way round */
export async function trainWorldModel(
  options: TrainOptions & { readonly config: ModelConfig },
): Promise<TrainResult>;
export async function trainWorldModel(options: TrainOptions): Promise<AnyTrainResult>;
export async function trainWorldModel(options: TrainOptions): Promise<AnyTrainResult> {
  const { out, resume = false } = options;
  claimRunFolder(out, resume);
  const saved = resume ? readConfig(out) : null;
  const config = saved?.config ?? options.config;
  if (isJepa(config) && options.tokenizerFrom !== undefined)
    throw new UsageError(`train: ${config.name} has no tokenizer to take over. Leave --tokenizer out.`);
  const facts = saved?.facts ?? factsFor(config, options);
  const sources = withCameras(options.sources, facts, options.cameras);
  const loader = await makeClipLoader({
    ...(isJepa(config) ? jepaNeeds(config) : generativeNeeds(config)),
    sources,
    seed: options.seed,
  });
  let model: Trainable | undefined;
  try {
    // A run that goes on from another one has its tokenizer already.
    const tokenizerFrom = isJepa(config) ? undefined : (options.tokenizerFrom ?? options.continueFrom);
    const own = { ...options, config, sources, ...(tokenizerFrom === undefined ? {} : { tokenizerFrom }) };
    if (isJepa(config)) {
      const jepa = new JepaModel(config, facts, new Generator(options.seed));
      model = jepa;
      return await finish(await begin(own, jepa, facts, loader, jepaPhases), trainJepa);
    }
    const generative = new WorldModel(config, facts, new Generator(options.seed));
    model = generative;
    const phases = ["tokenizer", "dynamics"] as const;
    return await finish(await begin(own, generative, facts, loader, phases), trainGenerative);
  } catch (error) {
    if (!resume && !(error instanceof AbortedError)) dropUntrained(out);
    throw error;
  } finally {
    await loader.close();
    model?.free();
  }
}

/** A model that reads tasks also needs the words they are put in. */
function factsFor(config: AnyConfig, { sources, cameras, continueFrom }: TrainOptions): StreamFacts {
  const facts = streamFacts(sources, cameras);
  if (continueFrom !== undefined) return factsToContinue(continueFrom, config, facts);
  return isJepa(config) ? { ...facts, vocabulary: buildVocabulary(taskTexts(sources)) } : facts;
}

/** Scales, checkpoint or lineage, device: everything before the first step. */
async function begin<Model extends WorldModel | JepaModel>(
  options: TrainOptions,
  model: Model,
  facts: StreamFacts,
  loader: ClipLoader,
  phases: readonly PhaseName[],
): Promise<Session<Model>> {
  const { out, seed, sources, resume = false, device = "cpu", config, onNote } = options;
  for (const { dataset, episode, reason } of loader.skipped)
    onNote?.(`left out episode ${episode} of ${dataset}: ${reason}`);
  setScales(model, loader);
  const checkpoint = resume ? readCheckpoint(join(out, "training")) : null;
  // Also where this run is resumed: the phase that goes on from the trunk may be yet to come.
  const trunk = options.continueFrom === undefined ? null : readTrunk<PhaseName>(options.continueFrom);
  if (checkpoint !== null) noGrad(() => model.loadStateDict(checkpoint.weights));
  else if (options.continueFrom !== undefined) takeWeights(model, options.continueFrom, trunk);
  else if (options.tokenizerFrom !== undefined && model instanceof WorldModel)
    takeTokenizer(model, options.tokenizerFrom);
  if (device !== "cpu") model.to({ device });
  if (!resume) {
    mkdirSync(out, { recursive: true });
    writeJsonAtomic(join(out, "lineage.json"), lineageOf(sources, loader.episodes, seed));
    writeConfig(out, config, facts);
  }
  return new Session<Model>(options, { model, loader, checkpoint, phases, trunk });
}

async function finish<Model extends Trainable>(
  session: Session<Model>,
  train: (session: Session<Model>) => Promise<AnyTrainResult>,
): Promise<AnyTrainResult> {
  const result = await train(session);
  writeWeights(session.options.out, session.model);
  return result;
}
