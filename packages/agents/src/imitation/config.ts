/**
 * The configuration of a policy that imitates, checked once at the edge and then handed down read-only. Presets are small
 * differences from `vla-tiny`; a JSON file may hold any part of it: `{"preset": "vla-tiny", ...differences}`.
 */
import { existsSync, readFileSync } from "node:fs";
import { ConfigError, messageOf, UsageError } from "@orrery/core";
import { z } from "zod";

const count = z.int().min(1);
const multipleOf16 = count.refine((n) => n % 16 === 0, "must be a multiple of 16");

const halfSchema = z.strictObject({ width: multipleOf16, mlpHidden: multipleOf16 });

const phaseSchema = z.strictObject({
  /** Observations per step. */
  batch: count,
  learningRate: z.number().positive(),
  weightDecay: z.number().min(0),
  warmupSteps: z.int().min(0),
  /** Share of the training at its end in which the learning rate falls. */
  decayShare: z.number().min(0).max(1),
  /** Steps where no time limit is given. */
  steps: count,
  timeShare: z.literal(1),
  emaDecay: z.number().min(0).max(1),
  clipNorm: z.number().positive(),
  optimizer: z.enum(["adamw", "muon"]),
});

const policySchema = z.strictObject({
  name: z.string().min(1),
  /** "vla" reads the instruction, "bc" does not. */
  family: z.enum(["vla", "bc"]),
  vision: z.strictObject({ height: count, width: count, patch: count }),
  /** Reads pictures, words and the body's state. */
  trunk: halfSchema,
  /** Writes actions. */
  expert: halfSchema,
  depth: z.int().min(2),
  numHeads: count,
  headWidth: multipleOf16,
  /** Actions foreseen at once. */
  chunk: count,
  /** How many of them are carried out before looking again. */
  execute: count,
  /** "flow" keeps several ways of doing a thing apart; "direct" gives their mean. */
  head: z.enum(["flow", "direct"]),
  flow: z.strictObject({
    steps: count,
    timeAlpha: z.number().positive(),
    timeCut: z.number().positive().max(1),
    /** Noises drawn per observation in training. */
    draws: count,
  }),
  /** Folder of a pretrained vision-language backbone, kept frozen; null reads pixels and words itself. */
  backbone: z.string().min(1).nullable(),
  /** The encoder of instructions that is trained along; see TextEncoder. */
  text: z.strictObject({
    width: multipleOf16,
    depth: count,
    headWidth: multipleOf16,
    maxWords: count,
    buckets: count,
  }),
  /** Share of the words read as unknown in training, so that a new word does not mislead. */
  unknownWordShare: z.number().min(0).max(1),
  /** Which episodes are imitated; see demonstrations.ts. */
  demonstrations: z.strictObject({
    failures: z.enum(["leave-out", "keep"]),
    play: z.enum(["leave-out", "keep"]),
  }),
  training: phaseSchema,
});

export type PolicyConfig = Readonly<z.infer<typeof policySchema>>;
export type PolicyFamily = PolicyConfig["family"];

/** Minutes on two cores; 64 patches of 8 pixels per camera, since a small object is a few pixels wide. */
const tiny = {
  name: "vla-tiny",
  family: "vla",
  vision: { height: 64, width: 64, patch: 8 },
  trunk: { width: 256, mlpHidden: 1024 },
  expert: { width: 128, mlpHidden: 512 },
  depth: 4,
  numHeads: 4,
  headWidth: 64,
  chunk: 8,
  execute: 4,
  head: "flow",
  // Times and steps as pi0 (Black et al. 2024, appendix B).
  flow: { steps: 10, timeAlpha: 1.5, timeCut: 0.999, draws: 4 },
  backbone: null,
  text: { width: 128, depth: 2, headWidth: 32, maxWords: 24, buckets: 16 },
  unknownWordShare: 0.1,
  demonstrations: { failures: "leave-out", play: "leave-out" },
  training: {
    batch: 32,
    learningRate: 1e-3,
    weightDecay: 0.01,
    warmupSteps: 50,
    decayShare: 0.4,
    steps: 3000,
    timeShare: 1,
    emaDecay: 0.995,
    clipNorm: 1,
    optimizer: "adamw",
  },
} satisfies PolicyConfig;

type Partialish<T> = { readonly [K in keyof T]?: T[K] extends object ? Partialish<T[K]> : T[K] };

const debug = {
  vision: { patch: 16 },
  trunk: { width: 32, mlpHidden: 64 },
  expert: { width: 32, mlpHidden: 64 },
  depth: 2,
  numHeads: 2,
  headWidth: 16,
  text: { width: 16, depth: 1, headWidth: 16 },
  training: { batch: 8, steps: 20, warmupSteps: 2 },
} as const;

const withoutLanguage = { family: "bc", head: "direct", flow: { draws: 1 } } as const;

/** Differences from `vla-tiny`. */
const differences: Readonly<Record<string, Partialish<PolicyConfig>>> = {
  "vla-tiny": {},
  /** A few seconds on a CPU: for tests and for trying out a whole program. */
  "vla-debug": debug,
  /** About 20M parameters: an hour or two on two cores. */
  "vla-small": {
    trunk: { width: 384, mlpHidden: 1536 },
    expert: { width: 192, mlpHidden: 768 },
    depth: 8,
    numHeads: 6,
    training: { learningRate: 5e-4, warmupSteps: 200, steps: 20_000 },
  },
  /** Behaviour cloning: the same network, deaf, with the mean squared error of the chunk. */
  "bc-tiny": withoutLanguage,
  "bc-debug": { ...debug, ...withoutLanguage },
};

/** Names that `loadPolicyConfig` knows. */
export const policyPresetNames: readonly string[] = Object.keys(differences);

/** Whether a configuration's name or file means a policy that imitates, and not a world model. */
export function isPolicyConfig(nameOrPath: string): boolean {
  // A preset, or what was meant to be one: `loadPolicyConfig` then says which there are.
  if (/^(vla|bc)-\w+$/.test(nameOrPath)) return true;
  if (!nameOrPath.endsWith(".json") || !existsSync(nameOrPath)) return false;
  const { preset, family } = readObject(nameOrPath);
  return String(preset) in differences || family === "vla" || family === "bc";
}

/**
 * A preset by name, or a JSON file of differences from one.
 * @throws {UsageError} if there is neither
 * @throws {ConfigError} listing every unknown key and every value out of range
 */
export function loadPolicyConfig(nameOrPath: string): PolicyConfig {
  const preset = differences[nameOrPath];
  if (preset !== undefined) return parsePolicyConfig(nameOrPath, merge(tiny, { name: nameOrPath }, preset));
  if (!nameOrPath.endsWith(".json")) {
    throw new UsageError(
      `loadPolicyConfig: "${nameOrPath}" is neither a preset (${policyPresetNames.join(", ")}) nor a .json file. Name one of these.`,
    );
  }
  const { preset: from = "vla-tiny", ...rest } = readObject(nameOrPath);
  const base = differences[String(from)];
  if (base === undefined) {
    throw new ConfigError(nameOrPath, [
      `"preset" must be one of ${policyPresetNames.join(", ")}, got ${String(from)}`,
    ]);
  }
  return parsePolicyConfig(nameOrPath, merge(tiny, { name: String(from) }, base, rest));
}

/** Checks a whole configuration, as read back from a run. @throws {ConfigError} listing every problem */
export function parsePolicyConfig(where: string, values: unknown): PolicyConfig {
  const parsed = policySchema.safeParse(values);
  const problems = parsed.success
    ? relations(parsed.data)
    : parsed.error.issues.map((issue) => `${issue.path.join(".") || "the top level"}: ${issue.message}`);
  if (problems.length > 0) throw new ConfigError(where, problems);
  return parsed.data as PolicyConfig;
}

function relations({ vision, chunk, execute, head, flow, text }: PolicyConfig): string[] {
  const problems: string[] = [];
  const { patch, height, width } = vision;
  if (height % patch !== 0 || width % patch !== 0) {
    problems.push(`vision.patch ${patch} must divide height ${height} and width ${width}`);
  }
  if (execute > chunk) problems.push(`execute ${execute} must be at most chunk ${chunk}`);
  if (head === "direct" && flow.draws !== 1) {
    problems.push(`flow.draws must be 1 with head "direct", which draws no noise, got ${flow.draws}`);
  }
  if (text.width % text.headWidth !== 0) {
    problems.push(`text.headWidth ${text.headWidth} must divide text.width ${text.width}`);
  }
  return problems;
}

function readObject(path: string): Record<string, unknown> {
  let values: unknown;
  try {
    values = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new UsageError(`loadPolicyConfig: ${path} cannot be read as JSON (${messageOf(cause)}).`, {
      cause,
    });
  }
  if (typeof values !== "object" || values === null || Array.isArray(values)) {
    throw new ConfigError(path, ["the file must hold one JSON object"]);
  }
  return values as Record<string, unknown>;
}

/** Later objects win, nested ones are merged; arrays and values are replaced. */
function merge(...layers: readonly object[]): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const layer of layers) {
    for (const [key, value] of Object.entries(layer)) {
      const old = out[key];
      out[key] = isPlain(value) && isPlain(old) ? merge(old, value) : isPlain(value) ? merge(value) : value;
    }
  }
  return out;
}

function isPlain(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
