/** What the configurations of all kinds of model are made of. */
import { z } from "zod";

export const count = z.int().min(1);
export const share = z.number().min(0).max(1);
export const width = count.refine((n) => n % 16 === 0, "must be a multiple of 16");

/** One transformer over the tokens of frames; see nets/stack.ts. */
export const stackSchema = z.strictObject({
  width,
  depth: count,
  headWidth: width,
  mlpRatio: z.number().positive(),
  /** gelu is cheaper on a CPU; SwiGLU is better per parameter. */
  mlp: z.enum(["gelu", "swiglu"]),
  /** LayerNorm is one fused operator everywhere; RMSNorm is what large models use. */
  norm: z.enum(["layer", "rms"]),
  /** Every n-th layer attends over time instead of space; 0 = none does. */
  timeEvery: z.int().min(0),
  /** Query/key normalisation, for stability at size. */
  normalizesQueryKey: z.boolean(),
  /** Key-value heads; 0 = as many as query heads. */
  numKvHeads: z.int().min(0),
});

export const phaseSchema = z.strictObject({
  /** Clips (dynamics) or images (tokenizer) per step. */
  batch: count,
  learningRate: z.number().positive(),
  weightDecay: z.number().min(0),
  warmupSteps: z.int().min(0),
  /** Share of the phase at its end in which the learning rate falls. */
  decayShare: share,
  /** Steps where no time limit is given. */
  steps: count,
  /** Share of the time limit that this phase takes. */
  timeShare: share,
  emaDecay: z.number().min(0).max(1),
  clipNorm: z.number().positive(),
  optimizer: z.enum(["adamw", "muon"]),
});

export type StackConfig = Readonly<z.infer<typeof stackSchema>>;
export type PhaseConfig = Readonly<z.infer<typeof phaseSchema>>;

/** Any part of a configuration. */
export type Partialish<T> = { readonly [K in keyof T]?: T[K] extends object ? Partialish<T[K]> : T[K] };

/** Later objects win, nested ones are merged; arrays and values are replaced. */
export function merge(...layers: readonly object[]): Record<string, unknown> {
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
