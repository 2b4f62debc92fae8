/** The two sides of the divide: trained here on equal terms, or runs that the user has. */
import { UsageError } from "@orrery/core";
import {
  batchForPace,
  loadPolicyConfig,
  openBackbone,
  policyFacts,
  sizedTo,
  trainPolicy,
  type Backbone,
  type PolicyConfig,
} from "@orrery/agents";
import type { Contender, TrainOrder } from "@orrery/eval";
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

/** A policy that follows the terms: sized to as many parameters, as many steps, the batch set so that they take as long. */
export function trainedVla(preset: string, terms: TrainingTerms): Contender {
  const base = loadPolicyConfig(preset);
  return {
    description: `${preset}, on ${terms.data}`,
    async train({ folder, seed, match, signal }: TrainOrder) {
      if (match === null) throw new UsageError("eval divide: the policy follows the world model's terms.");
      const opened = base.backbone === null ? undefined : await openBackbone(base.backbone);
      const backbone = opened === undefined ? {} : { backbone: opened };
      try {
        const isBegun = isRun(folder);
        const config = isBegun ? base : await matched(base, match, terms, backbone);
        await trainPolicy({
          config,
          sources: terms.sources,
          out: folder,
          seed,
          resume: isBegun,
          onProgress: terms.onProgress,
          onNote: terms.onNote,
          ...backbone,
          ...(signal === undefined ? {} : { signal }),
        });
      } finally {
        await opened?.close();
      }
      return factsOfRun(folder, terms.sources);
    },
    policyOf: (run) => run,
  };
}

async function matched(
  base: PolicyConfig,
  match: NonNullable<TrainOrder["match"]>,
  { sources, onNote }: TrainingTerms,
  backbone: { readonly backbone?: Backbone },
): Promise<PolicyConfig> {
  const facts = policyFacts({ config: base, sources, ...backbone });
  const { config, parameters } = sizedTo(base, facts, match.parameters);
  onNote(
    `sized to ${parameters} parameters for the world model's ${match.parameters}: trunk ${config.trunk.width} wide`,
  );
  const { batch, tries } = await batchForPace({ config, sources, ...backbone }, match.seconds / match.steps);
  onNote(
    `batches of ${batch} for ${((1000 * match.seconds) / match.steps).toFixed(0)} ms a step (` +
      `${tries.map((t) => `${t.batch}: ${(1000 * t.secPerStep).toFixed(0)} ms`).join(", ")})`,
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
