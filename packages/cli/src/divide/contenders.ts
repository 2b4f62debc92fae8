/** The two sides of the divide: trained here on equal terms, or runs that the user has. */
import { rmSync } from "node:fs";
import { UsageError } from "@orrery/core";
import {
  batchForPace,
  loadPolicyConfig,
  openBackbone,
  policyFacts,
  readPolicyConfig,
  sizedTo,
  trainPolicy,
  type Backbone,
  type PolicyConfig,
} from "@orrery/agents";
import { TOLERANCE, type Contender, type TrainingFacts, type TrainOrder } from "@orrery/eval";
import { isRun, loadConfig, trainWorldModel, type TrainingSource, type TrainProgress } from "@orrery/models";
import { factsOfRun } from "./facts.ts";

/** A run under way, as a progress line shows it; phases go by many names. */
export type Shown = Omit<TrainProgress, "phase"> & { readonly phase: string };

export interface TrainingTerms {
  readonly sources: readonly TrainingSource[];
  /** How the data are named, for the folder's own record. */
  readonly data: string;
  readonly onProgress: (progress: Shown) => void;
  readonly onNote: (note: string) => void;
}

/**
 * A world model that sets the terms: it is trained for so many minutes.
 * @param options of the planner, as `search=cem:samples=300`; "" for its own
 */
export function trainedWorldModel(
  preset: string,
  { minutes, options }: { readonly minutes: number; readonly options: string },
  terms: TrainingTerms,
): Contender {
  const loaded = loadConfig(preset);
  // The decoder only serves looking: time spent on it would not be the comparison's.
  const config =
    "family" in loaded
      ? {
          ...loaded,
          training: { ...loaded.training, decoder: { ...loaded.training.decoder, steps: 1, timeShare: 0 } },
        }
      : loaded;
  return {
    description: `${preset}${options === "" ? "" : ` (${options})`}, ${minutes} min, on ${terms.data}`,
    async train({ folder, seed, signal }: TrainOrder) {
      await trainWorldModel({
        config,
        sources: terms.sources,
        out: folder,
        seed,
        minutes,
        resume: isRun(folder),
        onProgress: terms.onProgress,
        onNote: terms.onNote,
        ...(signal === undefined ? {} : { signal }),
      });
      return factsOfRun(folder, terms.sources);
    },
    policyOf: (run) => (options === "" ? run : `${run}:${options}`),
  };
}

/** So often a policy that took too long or not long enough is trained again, with a batch corrected by what it took. */
const ATTEMPTS = 3;

/** A policy that follows the terms: sized to as many parameters, as many steps, the batch set so that they take as long. */
export function trainedVla(preset: string, terms: TrainingTerms): Contender {
  const base = loadPolicyConfig(preset);
  return {
    description: `${preset}, on ${terms.data}`,
    async train(order: TrainOrder) {
      const { match } = order;
      if (match === null) throw new UsageError("eval divide: the policy follows the world model's terms.");
      const opened = base.backbone === null ? undefined : await openBackbone(base.backbone);
      try {
        return await follow(
          base,
          { ...order, match },
          terms,
          opened === undefined ? {} : { backbone: opened },
        );
      } finally {
        await opened?.close();
      }
    },
    policyOf: (run) => run,
  };
}

type Eyes = { readonly backbone?: Backbone };
type MatchOrder = TrainOrder & { readonly match: TrainingFacts };

/** Trains until the seconds match as well; another size of batch is another run, so it begins anew. */
async function follow(
  base: PolicyConfig,
  { folder, seed, match, signal }: MatchOrder,
  terms: TrainingTerms,
  eyes: Eyes,
): Promise<TrainingFacts> {
  const { sources, onProgress, onNote } = terms;
  let isBegun = isRun(folder);
  let config = isBegun ? readPolicyConfig(folder).config : await matched(base, match, terms, eyes);
  for (let attempt = 1; ; attempt++) {
    const own = { config, sources, out: folder, seed, resume: isBegun, onProgress, onNote, ...eyes };
    await trainPolicy(signal === undefined ? own : { ...own, signal });
    const facts = factsOfRun(folder, sources);
    const { batch } = config.training;
    const better = Math.max(1, Math.round((batch * match.seconds) / facts.seconds));
    const isFar =
      Math.abs(match.seconds - facts.seconds) > TOLERANCE.seconds * Math.max(match.seconds, facts.seconds);
    if (!isFar || better === batch || attempt === ATTEMPTS) return facts;
    onNote(
      `${facts.seconds.toFixed(0)} s for the world model's ${match.seconds.toFixed(0)} s: again, with batches of ${better}`,
    );
    rmSync(folder, { recursive: true });
    isBegun = false;
    config = { ...config, training: { ...config.training, batch: better } };
  }
}

async function matched(
  base: PolicyConfig,
  match: TrainingFacts,
  { sources, onNote }: TrainingTerms,
  eyes: Eyes,
): Promise<PolicyConfig> {
  const facts = policyFacts({ config: base, sources, ...eyes });
  const { config, parameters } = sizedTo(base, facts, match.parameters);
  onNote(
    `sized to ${parameters} parameters for the world model's ${match.parameters}: trunk ${config.trunk.width} wide`,
  );
  const { batch, secPerStep, tries } = await batchForPace({ config, sources, ...eyes }, match);
  const ms = (seconds: number): string => (1000 * seconds).toFixed(0);
  onNote(
    `batches of ${batch} for ${ms(secPerStep)} ms a step (${tries.map((t) => `${t.batch}: ${ms(t.secPerStep)} ms`).join(", ")})`,
  );
  return { ...config, training: { ...config.training, steps: match.steps, batch } };
}

/** Runs that the user has, one per training seed, in order. */
export function takenRuns(
  runs: readonly string[],
  seeds: readonly number[],
  sources: readonly TrainingSource[],
  options = "",
): Contender {
  if (runs.length !== seeds.length) {
    throw new UsageError(
      `eval divide: each side needs one run per training seed, got ${runs.length} (${runs.join(", ")}) for ${seeds.length}.`,
    );
  }
  return {
    description: `${runs.join(", ")}${options === "" ? "" : ` (${options})`}`,
    train: ({ seed }) => Promise.resolve(factsOfRun(runs[seeds.indexOf(seed)] as string, sources)),
    policyOf: (run) => (options === "" ? run : `${run}:${options}`),
  };
}
