/**
 * Configuration of the joint-embedding family: what there is to set, presets as small differences from `jepa-tiny`,
 * and the relations that must hold.
 */
import { z } from "zod";
import {
  count,
  phaseSchema,
  share,
  stackSchema,
  width,
  type Partialish,
  type StackConfig,
} from "../config-parts.ts";

/** Pixels of the side of a cell in which words look for things; see reader.ts. */
export const CELL = 2;

/**
 * What words tell: what is felt when all is done, or where the body comes to rest next on its way there, as tasks of
 * several movements need it; they are then asked again at every rest.
 */
const goalKind = z.enum(["end", "rests"]);

export type GoalKind = z.infer<typeof goalKind>;

const netSchema = z.strictObject({
  height: count,
  width: count,
  /** Side of the square image regions that the encoder takes apart. */
  patch: count,
  /**
   * How pictures are taken in: by a transformer over patches; or by where things are, for few things on a plain ground; or
   * as nothing but the points where things are, learnt by drawing pictures from them before all else (points-encoder.ts).
   */
  eye: z.enum(["transformer", "places", "points"]).default("transformer"),
  encoder: stackSchema,
  /** Learned tokens that the embedding is read out by. */
  readOuts: count,
  /** Numbers of the embedding. */
  embedding: width,
  /** Moments that the predictor sees, the present one included. */
  historyFrames: count,
  /** Most control steps that one prediction covers. */
  maxBlock: count,
  predictor: z.strictObject({ width, depth: count, mlpRatio: z.number().positive() }),
  text: z.strictObject({ width, depth: count, headWidth: width, maxWords: count, buckets: count }),
  /** Finding in the picture what the words speak of: maps of what they look for, features of a cell. */
  task: z.strictObject({
    maps: count,
    features: count,
    width,
    /** Convolutions by which a cell sees those around it: with one 6 pixels, with each more of them 4 more. */
    looks: count.default(1),
    goals: goalKind.default("end"),
    /** Parts of the state, by name, that goals count in and that rests are found by; all where none are named. */
    parts: z.array(z.string()).default([]),
    /** Goals that are told side by side where more than one may be next; the likeliest is gone for. */
    modes: count.default(1),
  }),
  heads: z.strictObject({ width }),
  /** What proposes actions to planners; none where it is null. */
  prior: z
    .strictObject({
      width,
      /** Ways that are told side by side where more than one may be right: a hand opens or closes. */
      modes: count.default(1),
    })
    .nullable()
    .default(null),
  /** Only for looking; trained when all else is done. */
  decoder: z.strictObject({ width, depth: count, headWidth: width }),
});

const lossSchema = z.strictObject({
  /** Imagined steps that follow from the model's own predictions. */
  rolloutSteps: count,
  /**
   * Weight of the Gaussian regularisation beside the prediction's mean squared error. The statistic grows with the
   * batch, so that the 0.09 at 128 clips of LeWorldModel is 0.36 at 32.
   */
  sigRegWeight: z.number().min(0),
  sigRegLines: count,
  sigRegKnots: z.int().min(3),
  /** Weight of the losses of reward, success, proprioception and expected error. */
  headWeight: z.number().min(0),
  /** Share of the gradient of reward and success that reaches the encoder; 0 makes the heads mere probes. */
  headGradient: share,
  /** Share of the clips cut in shorter blocks than `maxBlock`, down to single control steps. */
  shortShare: share,
  /** Share of the clips whose actions are hidden, of the moments whose state is, and of the words read as unknown. */
  actionDropShare: share,
  stateDropShare: share,
  wordDropShare: share,
});

/** Of rows without pictures: cheap, so the batches are large. */
const PRIOR_PHASE = {
  batch: 256,
  learningRate: 2e-3,
  weightDecay: 0.01,
  warmupSteps: 50,
  decayShare: 0.4,
  steps: 10_000,
  timeShare: 0.1,
  emaDecay: 0.995,
  clipNorm: 1,
  optimizer: "adamw",
} as const;

/** Of single pictures. */
const POINTS_PHASE = {
  batch: 64,
  learningRate: 2e-3,
  weightDecay: 0,
  warmupSteps: 50,
  decayShare: 0.5,
  steps: 3000,
  timeShare: 0.4,
  emaDecay: 0.99,
  clipNorm: 1,
  optimizer: "adamw",
} as const;

const priorSchema = z.strictObject({
  ...phaseSchema.shape,
  /** Deviation of the noise on goals, in those of the recorded states: about what a reader errs by. */
  goalNoise: z.number().min(0),
  /** The same of the noise on states: who drifts off the recorded ways a little does what was done on them. */
  stateNoise: z.number().min(0),
});

export const jepaSchema = z.strictObject({
  name: z.string().min(1),
  family: z.literal("jepa"),
  net: netSchema,
  training: z.strictObject({
    /** Of an encoder by points; others have no such phase. */
    points: phaseSchema.default(POINTS_PHASE),
    words: phaseSchema,
    prior: priorSchema.default({ ...PRIOR_PHASE, goalNoise: 0.15, stateNoise: 0.1 }),
    jepa: z.strictObject({ ...phaseSchema.shape, ...lossSchema.shape }),
    decoder: phaseSchema,
  }),
});

export type JepaConfig = Readonly<z.infer<typeof jepaSchema>>;
export type JepaNetConfig = JepaConfig["net"];
export type JepaTrainingConfig = JepaConfig["training"]["jepa"];

const encoder = {
  width: 128,
  depth: 3,
  headWidth: 32,
  mlpRatio: 3,
  mlp: "gelu",
  norm: "layer",
  timeEvery: 0,
  normalizesQueryKey: false,
  numKvHeads: 0,
} satisfies StackConfig;

/** Trains in minutes on two cores, and plans in real time there. */
export const jepaTiny = {
  name: "jepa-tiny",
  family: "jepa",
  net: {
    height: 64,
    width: 64,
    patch: 8,
    eye: "transformer",
    encoder,
    readOuts: 4,
    embedding: 128,
    historyFrames: 2,
    maxBlock: 5,
    predictor: { width: 192, depth: 3, mlpRatio: 2 },
    text: { width: 64, depth: 1, headWidth: 32, maxWords: 16, buckets: 32 },
    task: { maps: 8, features: 32, width: 64, looks: 1, goals: "end", parts: [], modes: 1 },
    heads: { width: 256 },
    prior: { width: 256, modes: 1 },
    decoder: { width: 128, depth: 2, headWidth: 32 },
  },
  training: {
    points: POINTS_PHASE,
    words: {
      batch: 32,
      learningRate: 4e-3,
      weightDecay: 0.01,
      warmupSteps: 50,
      decayShare: 0.4,
      steps: 3000,
      timeShare: 0.3,
      emaDecay: 0.995,
      clipNorm: 1,
      optimizer: "adamw",
    },
    prior: { ...PRIOR_PHASE, goalNoise: 0.15, stateNoise: 0.1 },
    jepa: {
      batch: 32,
      learningRate: 1e-3,
      weightDecay: 0.01,
      warmupSteps: 100,
      decayShare: 0.4,
      steps: 6000,
      timeShare: 0.6,
      emaDecay: 0.995,
      clipNorm: 1,
      optimizer: "adamw",
      rolloutSteps: 2,
      sigRegWeight: 0.3,
      sigRegLines: 256,
      sigRegKnots: 17,
      headWeight: 0.5,
      headGradient: 1,
      shortShare: 0.4,
      actionDropShare: 0.02,
      stateDropShare: 0.1,
      wordDropShare: 0.05,
    },
    decoder: {
      batch: 16,
      learningRate: 1e-3,
      weightDecay: 0.01,
      warmupSteps: 50,
      decayShare: 0.4,
      steps: 1000,
      timeShare: 0.1,
      emaDecay: 0.99,
      clipNorm: 1,
      optimizer: "adamw",
    },
  },
} satisfies JepaConfig;

/** Differences from `jepa-tiny`. */
export const jepaDifferences: Readonly<Record<string, Partialish<JepaConfig>>> = {
  "jepa-tiny": {},
  /** A few seconds on a CPU: for tests and for trying out a whole program. */
  "jepa-debug": {
    net: {
      encoder: { width: 32, depth: 1, headWidth: 16 },
      readOuts: 1,
      embedding: 16,
      maxBlock: 2,
      predictor: { width: 32, depth: 1 },
      text: { width: 16, headWidth: 16 },
      task: { maps: 4, features: 16, width: 16 },
      heads: { width: 32 },
      prior: { width: 16, modes: 1 },
      decoder: { width: 32, depth: 1, headWidth: 16 },
    },
    training: {
      points: { batch: 8, steps: 10, warmupSteps: 2 },
      words: { batch: 8, steps: 10, warmupSteps: 2 },
      prior: { batch: 16, steps: 10, warmupSteps: 2 },
      jepa: { batch: 8, steps: 20, warmupSteps: 2, sigRegLines: 32 },
      decoder: { batch: 4, steps: 10, warmupSteps: 2 },
    },
  },
  /**
   * Few things on a plain ground that show all there is to know, as on PushT's board: by points, by pictures alone, and
   * without a history.
   */
  "jepa-pusht": {
    net: { eye: "points", embedding: 64, historyFrames: 1, predictor: { width: 256 }, prior: null },
    training: {
      points: { steps: 4000 },
      // There is one text for all boards.
      words: { batch: 64, steps: 20, timeShare: 0.01 },
      jepa: {
        batch: 64,
        steps: 8000,
        learningRate: 2e-3,
        decayShare: 0.5,
        emaDecay: 0.998,
        // Beside errors of a hundredth of a deviation, what heads ask for would be all that the predictor hears.
        headWeight: 0.05,
        shortShare: 0.1,
        stateDropShare: 1,
      },
    },
  },
  /** For one GPU. */
  "jepa-base": {
    net: {
      encoder: { width: 256, depth: 6, headWidth: 64, mlpRatio: 4 },
      embedding: 192,
      historyFrames: 3,
      predictor: { width: 512, depth: 6 },
      text: { width: 128, depth: 2 },
      task: { maps: 16, features: 64, width: 128 },
      heads: { width: 512 },
      prior: { width: 512, modes: 1 },
      decoder: { width: 256, depth: 4, headWidth: 64 },
    },
    training: {
      words: { batch: 128, steps: 20_000, learningRate: 1e-3, warmupSteps: 500, emaDecay: 0.999 },
      jepa: {
        batch: 128,
        steps: 50_000,
        learningRate: 3e-4,
        warmupSteps: 1000,
        emaDecay: 0.999,
        sigRegLines: 1024,
        sigRegWeight: 0.09,
      },
      decoder: { batch: 64, steps: 5000, learningRate: 3e-4 },
    },
  },
};

/** What must hold between values. */
export function jepaProblems({ net, training }: JepaConfig): string[] {
  const problems: string[] = [];
  const { patch, height, width: pixels, encoder: stack, text, decoder, eye } = net;
  if (height % patch !== 0 || pixels % patch !== 0)
    problems.push(`net.patch ${patch} must divide height ${height} and width ${pixels}`);
  const heads = { "net.encoder": stack, "net.text": text, "net.decoder": decoder };
  for (const [name, part] of Object.entries(heads)) {
    if (part.width % part.headWidth !== 0)
      problems.push(`${name}.headWidth ${part.headWidth} must divide width ${part.width}`);
  }
  if (height % CELL !== 0 || pixels % CELL !== 0)
    problems.push(
      `net.height ${height} and net.width ${pixels} must be multiples of ${CELL}, the cells that words look into`,
    );
  const { stateDropShare } = training.jepa;
  if (eye === "points" && stateDropShare !== 1)
    problems.push(
      `training.jepa.stateDropShare must be 1 where net.eye is "points", got ${stateDropShare}: what is felt has no place in a picture`,
    );
  if (stack.timeEvery !== 0)
    problems.push(`net.encoder.timeEvery must be 0, got ${stack.timeEvery}: a moment is encoded by itself`);
  return problems;
}

/** Moments of one training clip: the history, then what is imagined. */
export function clipMoments({ net, training }: JepaConfig): number {
  return net.historyFrames + training.jepa.rolloutSteps;
}

/** Rows of the recording that such a clip spans at most. */
export function clipRows(config: JepaConfig): number {
  return (clipMoments(config) - 1) * config.net.maxBlock + 1;
}
