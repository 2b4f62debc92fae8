/** Access to reference.json, which make_reference.py made. For tests. */
import { readFileSync } from "node:fs";
import type { DType } from "../../dtype.ts";
import { fromTyped } from "../../create.ts";
import type { Tensor } from "../../tensor.ts";

export interface Stored {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** One layer: inputs and weights by name, output, the output's gradient, and the gradients that follow. */
export interface LayerCase {
  readonly in: Readonly<Record<string, Stored>>;
  readonly out: Stored;
  readonly g: Stored;
  readonly grad: Readonly<Record<string, Stored>>;
}

interface Reference {
  readonly layers: Readonly<Record<string, LayerCase>>;
  readonly adamw: {
    readonly start: readonly Stored[];
    readonly targets: readonly Stored[];
    readonly path: readonly (readonly Stored[])[];
    readonly steps: readonly number[];
  };
  readonly muon: {
    readonly start: readonly Stored[];
    readonly targets: readonly Stored[];
    readonly end: readonly Stored[];
    readonly steps: number;
  };
}

export const reference = JSON.parse(
  readFileSync(new URL("reference.json", import.meta.url), "utf8"),
) as Reference;

export function stored(value: Stored, dtype: DType = "float32"): Tensor {
  return fromTyped(Float64Array.from(value.values), value.shape, { dtype });
}

/** The largest absolute difference of any element. */
export function maxDifference(found: Tensor, expected: Stored | Tensor): number {
  const other = "values" in expected ? stored(expected, "float64") : expected.double();
  return found.double().sub(other).abs().amax().item();
}
