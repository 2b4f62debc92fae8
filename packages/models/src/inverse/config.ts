/** Configuration of an inverse dynamics model, checked once at the edge. Presets are small differences from `idm-tiny`. */
import { ConfigError } from "@orrery/core";
import { z } from "zod";
import { count, merge, phaseSchema, share, type Partialish } from "../config-parts.ts";

const side = count.refine((n) => n % 16 === 0, "must be a multiple of 16");

const configSchema = z.strictObject({
  name: z.string().min(1),
  family: z.literal("inverse"),
  height: side,
  width: side,
  /** Frames seen before the one in which the action is chosen. */
  pastFrames: z.int().min(0),
  /** Frames seen after it: its effect. */
  futureFrames: count,
  /** Channels of the features that are matched from frame to frame. */
  features: count.refine((n) => n % 32 === 0, "must be a multiple of 32"),
  hidden: count,
  dropout: share,
  /** Share of the episodes that the spread is calibrated on instead of trained on; one at least, where there are four. */
  calibrationShare: share,
  /** Brightness and contrast of every clip are changed by up to this share. */
  colourJitter: share,
  training: phaseSchema,
});

export type InverseConfig = Readonly<z.infer<typeof configSchema>>;

/** About 0.5M parameters: a minute or two on two cores. */
const tiny: InverseConfig = {
  name: "idm-tiny",
  family: "inverse",
  height: 64,
  width: 64,
  pastFrames: 1,
  futureFrames: 2,
  features: 64,
  hidden: 256,
  dropout: 0.1,
  calibrationShare: 0.15,
  colourJitter: 0.3,
  training: {
    batch: 32,
    learningRate: 1e-3,
    weightDecay: 0.05,
    warmupSteps: 50,
    decayShare: 0.4,
    steps: 600,
    timeShare: 1,
    emaDecay: 0.99,
    clipNorm: 1,
    optimizer: "adamw",
  },
};

const differences: Readonly<Record<string, Partialish<InverseConfig>>> = {
  "idm-tiny": {},
  /** A few seconds on a CPU, for tests and for trying out a whole program. */
  "idm-debug": { features: 32, hidden: 32, training: { batch: 16, steps: 60, warmupSteps: 5 } },
};

export const inversePresets: readonly string[] = Object.keys(differences);

/** A preset with differences of the caller's own on top. @throws {ConfigError} listing every problem */
export function inverseConfig(name: string, own: Partialish<InverseConfig> = {}): InverseConfig {
  const preset = differences[name];
  if (preset === undefined)
    throw new ConfigError("inverseConfig", [`name must be one of ${inversePresets.join(", ")}, got ${name}`]);
  return parseInverseConfig(name, merge(tiny, { name }, preset, own));
}

/** Checks a whole configuration, as read back from a run. @throws {ConfigError} listing every problem */
export function parseInverseConfig(where: string, values: unknown): InverseConfig {
  const parsed = configSchema.safeParse(values);
  if (parsed.success) return parsed.data;
  throw new ConfigError(
    where,
    parsed.error.issues.map((issue) => `${issue.path.join(".") || "the top level"}: ${issue.message}`),
  );
}
