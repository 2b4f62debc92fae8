/** Configuration of a latent action model, checked once at the edge. Presets are small differences from `lam-tiny`. */
import { ConfigError } from "@orrery/core";
import { z } from "zod";
import { count, merge, phaseSchema, share, type Partialish } from "../config-parts.ts";

const side = count.refine((n) => n % 16 === 0, "must be a multiple of 16");
const channels = count.refine((n) => n % 32 === 0, "must be a multiple of 32");

const configSchema = z.strictObject({
  name: z.string().min(1),
  family: z.literal("latent-actions"),
  height: side,
  width: side,
  /** Frames before the one from which the latent action leads on. */
  pastFrames: z.int().min(0),
  /** Numbers of a latent action: the bottleneck. */
  latentWidth: count,
  /** Channels of the features that are matched from frame to frame. */
  features: channels,
  decoderWidth: channels,
  hidden: count,
  /** Price of one nat that a latent action tells, in squared error on pixels of [-1, 1]. */
  beta: z.number().min(0),
  colourJitter: share,
  training: phaseSchema,
});

export type LatentActionConfig = Readonly<z.infer<typeof configSchema>>;

/** About 1M parameters: a few minutes on two cores. */
const tiny: LatentActionConfig = {
  name: "lam-tiny",
  family: "latent-actions",
  height: 64,
  width: 64,
  pastFrames: 1,
  latentWidth: 12,
  features: 64,
  decoderWidth: 64,
  hidden: 256,
  beta: 1e-5,
  colourJitter: 0.1,
  training: {
    batch: 32,
    learningRate: 2e-3,
    weightDecay: 0.01,
    warmupSteps: 50,
    decayShare: 0.4,
    steps: 1000,
    timeShare: 1,
    emaDecay: 0.99,
    clipNorm: 1,
    optimizer: "adamw",
  },
};

const differences: Readonly<Record<string, Partialish<LatentActionConfig>>> = {
  "lam-tiny": {},
  /** A few seconds on a CPU, for tests and for trying out a whole program. */
  "lam-debug": {
    latentWidth: 4,
    features: 32,
    decoderWidth: 32,
    hidden: 32,
    training: { batch: 16, steps: 60, warmupSteps: 5 },
  },
};

export const latentActionPresets: readonly string[] = Object.keys(differences);

/** A preset with differences of the caller's own on top. @throws {ConfigError} listing every problem */
export function latentActionConfig(
  name: string,
  own: Partialish<LatentActionConfig> = {},
): LatentActionConfig {
  const preset = differences[name];
  if (preset === undefined) {
    throw new ConfigError("latentActionConfig", [
      `name must be one of ${latentActionPresets.join(", ")}, got ${name}`,
    ]);
  }
  return parseLatentActionConfig(name, merge(tiny, { name }, preset, own));
}

/** Checks a whole configuration, as read back from a run. @throws {ConfigError} listing every problem */
export function parseLatentActionConfig(where: string, values: unknown): LatentActionConfig {
  const parsed = configSchema.safeParse(values);
  if (parsed.success) return parsed.data;
  throw new ConfigError(
    where,
    parsed.error.issues.map((issue) => `${issue.path.join(".") || "the top level"}: ${issue.message}`),
  );
}
