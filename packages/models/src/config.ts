/**
 * The whole configuration of a model, checked once at the edge and then handed down read-only. There are two families:
 * the generative one, whose presets are small differences from `tiny`, and the joint-embedding one (jepa/config.ts),
 * whose presets are differences from `jepa-tiny`. A JSON file may hold any part of either.
 */
import { readFileSync } from "node:fs";
import { ConfigError, UsageError, messageOf } from "@orrery/core";
import { z } from "zod";
import {
  count,
  merge,
  phaseSchema,
  share,
  stackSchema,
  type Partialish,
  type StackConfig,
} from "./config-parts.ts";
import { jepaDifferences, jepaProblems, jepaSchema, jepaTiny, type JepaConfig } from "./jepa/config.ts";

const tokenizerSchema = z.strictObject({
  height: count,
  width: count,
  /** Side of the square image regions that one latent token stands for. */
  patch: count,
  /** Channels per latent token. */
  channels: count,
  encoder: stackSchema,
  decoder: stackSchema,
  /** A masked image hides a share of its patches drawn from U(0, maskMax). */
  maskMax: share,
  /** Share of the training images that are masked at all. */
  maskShare: share,
  /** Noise on the latents in training has a deviation drawn from U(0, latentNoise), so that the decoder forgives the dynamics. */
  latentNoise: z.number().min(0),
});

const dynamicsSchema = z.strictObject({
  stack: stackSchema,
  /** Frames that attention over time reaches back to, the current one included. */
  contextFrames: count,
  /** Extra tokens per frame without meaning of their own. */
  registers: z.int().min(0),
  /** Finest number of sampling steps; a power of two. */
  maxSteps: count.refine((n) => Number.isInteger(Math.log2(n)), "must be a power of two"),
  /** Steps per frame when dreaming; a power of two, at most maxSteps. */
  sampleSteps: count.refine((n) => Number.isInteger(Math.log2(n)), "must be a power of two"),
  /** Standard deviation that latents are scaled to before noise of deviation 1 is mixed in. */
  latentStd: z.number().positive(),
  /**
   * How far from clean dreamt frames are taken to be, as a share of the noise scale: what the frames after them are told.
   * Runs made before there was such a doubt have none.
   */
  doubt: share.default(0),
});

const trainingSchema = z.strictObject({
  tokenizer: phaseSchema,
  dynamics: phaseSchema.extend({
    /** Frames per clip; a longer one, drawn in `longShare` of the steps, teaches that position 0 is not always a start. */
    clipFrames: count,
    longClipFrames: count,
    longShare: share,
    /** Share of the clips that learn large steps from two half steps (self-consistency). */
    bootstrapShare: share,
    /** Share of the steps in which every frame is denoised after a given history, as when dreaming; twice the work per frame. */
    givenHistoryShare: share,
    /** How far from clean the frames of a given history may be, as a share of the noise scale. */
    historyNoise: share,
    /** In the other steps: share of the clips whose first frames are clean. */
    cleanPrefixShare: share,
    /** Share of the clips trained as unrelated images, so that a first frame can be invented. */
    imageShare: share,
    /**
     * Share of the clips at the least that come from episodes with recorded actions, where there are others beside them
     * and no weights that say otherwise. Runs made before drew all episodes alike.
     */
    recordedShare: share.default(0),
    /** The same once the learning rate falls: what is learnt last stays best, and a dream is asked about actions. */
    recordedShareAtEnd: share.default(0),
    /** Share of the clips whose actions are hidden. */
    actionDropShare: share,
    /** Weight of the heads beside the flow loss, all being normalised to 1. */
    headWeight: z.number().min(0),
  }),
});

const configSchema = z.strictObject({
  name: z.string().min(1),
  tokenizer: tokenizerSchema,
  dynamics: dynamicsSchema,
  training: trainingSchema,
});

export type { PhaseConfig, StackConfig } from "./config-parts.ts";
export type { JepaConfig } from "./jepa/config.ts";
/** Of the generative family. */
export type ModelConfig = Readonly<z.infer<typeof configSchema>>;
/** Of either family; told apart by `isJepa`. */
export type AnyConfig = ModelConfig | JepaConfig;
export type TokenizerConfig = Readonly<z.infer<typeof tokenizerSchema>>;
export type DynamicsConfig = Readonly<z.infer<typeof dynamicsSchema>>;
export type TrainingConfig = Readonly<z.infer<typeof trainingSchema>>;

const tinyStack = {
  width: 256,
  depth: 3,
  headWidth: 32,
  mlpRatio: 4,
  mlp: "gelu",
  norm: "layer",
  timeEvery: 0,
  normalizesQueryKey: false,
  numKvHeads: 0,
} satisfies StackConfig;

/** Trains in minutes on two cores. */
const tiny = {
  name: "tiny",
  tokenizer: {
    height: 64,
    width: 64,
    patch: 16,
    channels: 64,
    encoder: tinyStack,
    decoder: tinyStack,
    maskMax: 0.9,
    maskShare: 0.1,
    latentNoise: 0.1,
  },
  dynamics: {
    stack: { ...tinyStack, depth: 6, headWidth: 64, timeEvery: 2 },
    contextFrames: 12,
    registers: 2,
    maxSteps: 8,
    sampleSteps: 4,
    latentStd: 0.5,
    doubt: 0.25,
  },
  training: {
    tokenizer: {
      batch: 64,
      learningRate: 1e-3,
      weightDecay: 0.01,
      warmupSteps: 100,
      decayShare: 0.4,
      steps: 2000,
      timeShare: 0.2,
      emaDecay: 0.99,
      clipNorm: 1,
      optimizer: "adamw",
    },
    dynamics: {
      batch: 8,
      learningRate: 1e-3,
      weightDecay: 0.01,
      warmupSteps: 50,
      decayShare: 0.4,
      steps: 3000,
      timeShare: 0.8,
      emaDecay: 0.995,
      clipNorm: 1,
      optimizer: "adamw",
      clipFrames: 12,
      longClipFrames: 12,
      longShare: 0,
      bootstrapShare: 0.25,
      givenHistoryShare: 1,
      historyNoise: 0.375,
      cleanPrefixShare: 0.5,
      imageShare: 0,
      recordedShare: 0.5,
      recordedShareAtEnd: 1,
      actionDropShare: 0.05,
      headWeight: 0.1,
    },
  },
} satisfies ModelConfig;

const largeStack = { mlp: "swiglu", mlpRatio: 8 / 3, norm: "rms", normalizesQueryKey: true } as const;

/** Differences from `tiny`. */
const differences: Readonly<Record<string, Partialish<ModelConfig>>> = {
  tiny: {},
  /** A few seconds on a CPU: for tests and for trying out a whole program. */
  debug: {
    tokenizer: { channels: 8, encoder: { width: 32, depth: 1 }, decoder: { width: 32, depth: 1 } },
    dynamics: { stack: { width: 32, depth: 2, headWidth: 16 }, contextFrames: 6, registers: 1 },
    training: {
      tokenizer: { batch: 8, steps: 20, warmupSteps: 2 },
      dynamics: { batch: 4, steps: 20, warmupSteps: 2, clipFrames: 6, longClipFrames: 6 },
    },
  },
  /** About 19M parameters: an hour or two on two cores. */
  small: {
    tokenizer: { patch: 8, channels: 16, encoder: { timeEvery: 3 }, decoder: { timeEvery: 3 } },
    dynamics: { stack: { width: 384, depth: 8, timeEvery: 4 }, contextFrames: 16, registers: 4 },
    training: {
      tokenizer: { steps: 8000, batch: 32 },
      dynamics: { steps: 20_000, clipFrames: 8, longClipFrames: 24, longShare: 0.2, imageShare: 0.1 },
    },
  },
  /** About 30M parameters at 64x64: for one GPU. */
  base: {
    tokenizer: {
      patch: 8,
      channels: 16,
      encoder: { ...largeStack, width: 256, depth: 4, headWidth: 64, timeEvery: 2 },
      decoder: { ...largeStack, width: 256, depth: 4, headWidth: 64, timeEvery: 2 },
    },
    dynamics: {
      stack: { ...largeStack, width: 512, depth: 8, timeEvery: 4 },
      contextFrames: 32,
      registers: 4,
      maxSteps: 64,
    },
    training: {
      tokenizer: { batch: 128, steps: 50_000, learningRate: 3e-4, warmupSteps: 1000, emaDecay: 0.999 },
      dynamics: {
        batch: 64,
        steps: 100_000,
        learningRate: 3e-4,
        warmupSteps: 1000,
        emaDecay: 0.999,
        optimizer: "muon",
        clipFrames: 12,
        longClipFrames: 40,
        longShare: 0.2,
        imageShare: 0.3,
      },
    },
  },
  /** Two thousand million parameters at the published proportions; only its shapes have been checked. */
  "2b": {
    tokenizer: {
      height: 256,
      width: 256,
      patch: 16,
      channels: 32,
      encoder: { ...largeStack, width: 1024, depth: 16, headWidth: 64, timeEvery: 4 },
      decoder: { ...largeStack, width: 1024, depth: 16, headWidth: 64, timeEvery: 4 },
    },
    dynamics: {
      stack: { ...largeStack, width: 2048, depth: 36, headWidth: 128, timeEvery: 4, numKvHeads: 4 },
      contextFrames: 192,
      registers: 32,
      maxSteps: 64,
    },
    training: {
      tokenizer: { batch: 256, steps: 400_000, learningRate: 1e-4 },
      dynamics: {
        batch: 256,
        steps: 600_000,
        learningRate: 1e-4,
        optimizer: "muon",
        clipFrames: 64,
        longClipFrames: 256,
        longShare: 0.2,
        imageShare: 0.3,
      },
    },
  },
};

/** Every preset, whole. */
const presets: Readonly<Record<string, object>> = {
  ...mapped(differences, (name, difference) => merge(tiny, { name }, difference)),
  ...mapped(jepaDifferences, (name, difference) => merge(jepaTiny, { name }, difference)),
};

/** Names that `loadConfig` knows. */
export const presetNames: readonly string[] = Object.keys(presets);

export type GenerativePreset = "tiny" | "debug" | "small" | "base" | "2b";

/** Whether a configuration is of the joint-embedding family. */
export function isJepa(config: AnyConfig): config is JepaConfig {
  return "family" in config;
}

/**
 * A preset by name, or a JSON file: `{"preset": "tiny", ...differences}`.
 * @throws {UsageError} if there is neither
 * @throws {ConfigError} listing every unknown key and every value out of range
 */
export function loadConfig(preset: GenerativePreset): ModelConfig;
export function loadConfig(preset: `jepa-${string}`): JepaConfig;
export function loadConfig(nameOrPath: string): AnyConfig;
export function loadConfig(nameOrPath: string): AnyConfig {
  const preset = presets[nameOrPath];
  if (preset !== undefined) return parseConfig(nameOrPath, preset);
  if (!nameOrPath.endsWith(".json")) {
    throw new UsageError(
      `loadConfig: "${nameOrPath}" is neither a preset (${presetNames.join(", ")}) nor a .json file. Name one of these.`,
    );
  }
  let values: unknown;
  try {
    values = JSON.parse(readFileSync(nameOrPath, "utf8"));
  } catch (cause) {
    throw new UsageError(`loadConfig: ${nameOrPath} cannot be read as JSON (${messageOf(cause)}).`, {
      cause,
    });
  }
  if (typeof values !== "object" || values === null || Array.isArray(values)) {
    throw new ConfigError(nameOrPath, ["the file must hold one JSON object"]);
  }
  const { preset: from = "tiny", ...rest } = values as { preset?: unknown };
  const base = presets[String(from)];
  if (base === undefined) {
    throw new ConfigError(nameOrPath, [
      `"preset" must be one of ${presetNames.join(", ")}, got ${String(from)}`,
    ]);
  }
  return parseConfig(nameOrPath, merge(base, rest));
}

/** Checks a whole configuration, as read back from a run. @throws {ConfigError} listing every problem */
export function parseConfig(where: string, values: unknown): AnyConfig {
  const isOfJepa = typeof values === "object" && values !== null && "family" in values;
  const parsed = isOfJepa ? jepaSchema.safeParse(values) : configSchema.safeParse(values);
  const problems = parsed.success ? problemsOf(parsed.data) : parsed.error.issues.map(describeIssue);
  if (problems.length > 0) throw new ConfigError(where, problems);
  return parsed.data as AnyConfig;
}

function problemsOf(config: AnyConfig): string[] {
  return isJepa(config) ? jepaProblems(config) : relations(config);
}

function mapped<T>(
  record: Readonly<Record<string, T>>,
  fn: (name: string, value: T) => object,
): Record<string, object> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, fn(name, value)]));
}

/** Latent tokens of one camera's frame. */
export function tokensPerImage({ height, width, patch }: TokenizerConfig): number {
  return (height / patch) * (width / patch);
}

function relations({ tokenizer, dynamics, training }: ModelConfig): string[] {
  const problems: string[] = [];
  const { patch, height, width } = tokenizer;
  if (height % patch !== 0 || width % patch !== 0) {
    problems.push(`tokenizer.patch ${patch} must divide height ${height} and width ${width}`);
  }
  const stacks = {
    "tokenizer.encoder": tokenizer.encoder,
    "tokenizer.decoder": tokenizer.decoder,
    "dynamics.stack": dynamics.stack,
  };
  for (const [name, stack] of Object.entries(stacks)) {
    if (stack.width % stack.headWidth !== 0) {
      problems.push(`${name}.headWidth ${stack.headWidth} must divide width ${stack.width}`);
    }
  }
  if (dynamics.stack.timeEvery === 0) problems.push("dynamics.stack.timeEvery must be at least 1, got 0");
  if (dynamics.sampleSteps > dynamics.maxSteps) {
    problems.push(
      `dynamics.sampleSteps ${dynamics.sampleSteps} must be at most maxSteps ${dynamics.maxSteps}`,
    );
  }
  const { givenHistoryShare, historyNoise } = training.dynamics;
  if (givenHistoryShare === 1 && dynamics.doubt > historyNoise) {
    problems.push(
      `dynamics.doubt ${dynamics.doubt} must be at most training.dynamics.historyNoise ${historyNoise}: the model would meet frames that it was never trained after`,
    );
  }
  const { clipFrames, longClipFrames } = training.dynamics;
  if (longClipFrames < clipFrames) {
    problems.push(
      `training.dynamics.longClipFrames ${longClipFrames} must be at least clipFrames ${clipFrames}`,
    );
  }
  return problems;
}

function describeIssue(issue: z.core.$ZodIssue): string {
  return `${issue.path.join(".") || "the top level"}: ${issue.message}`;
}
