/** Ridge regression: the linear probe with which learnt numbers are held against known ones. */
import { DataError } from "@orrery/core";

/** Rows of numbers, all of one length. */
export type Rows = readonly (readonly number[])[];

export interface Probe {
  /** Predictions for rows of inputs. */
  predict(inputs: Rows): number[][];
}

/**
 * Least squares with a penalty on the weights of standardised inputs; the intercept is free.
 * @param penalty relative to the number of rows: 0.001 hardly shrinks, 1 halves what a lone input says
 */
export function fitRidge(inputs: Rows, targets: Rows, penalty: number): Probe {
  const [first] = inputs;
  const [firstTarget] = targets;
  if (first === undefined || firstTarget === undefined)
    throw new DataError("fitRidge: there must be at least one row, got none.");
  const [D, K] = [first.length, firstTarget.length];
  const input = momentsOf(inputs, D);
  const target = momentsOf(targets, K);
  const gram = Array.from({ length: D }, () => new Float64Array(D));
  const cross = Array.from({ length: D }, () => new Float64Array(K));
  for (const [n, row] of inputs.entries()) {
    const x = standardise(row, input);
    const y = (targets[n] as readonly number[]).map((value, k) => value - (target.mean[k] as number));
    for (let i = 0; i < D; i++) {
      const [g, c, xi] = [gram[i] as Float64Array, cross[i] as Float64Array, x[i] as number];
      for (let j = 0; j <= i; j++) g[j] = (g[j] as number) + xi * (x[j] as number);
      for (let k = 0; k < K; k++) c[k] = (c[k] as number) + xi * (y[k] as number);
    }
  }
  for (let i = 0; i < D; i++) {
    const g = gram[i] as Float64Array;
    g[i] = (g[i] as number) + penalty * inputs.length;
  }
  const weights = solve(gram, cross); // [D, K]
  return {
    predict: (rows) =>
      rows.map((row) => {
        const x = standardise(row, input);
        return Array.from(
          { length: K },
          (_, k) =>
            x.reduce((sum, xi, i) => sum + xi * (weights[i]?.[k] as number), 0) + (target.mean[k] as number),
        );
      }),
  };
}

/** Share of the variance of each target that predictions explain; NaN for a target that never changes. */
export function explained(predictions: Rows, targets: Rows): number[] {
  const K = targets[0]?.length ?? 0;
  const { mean, std } = momentsOf(targets, K);
  return Array.from({ length: K }, (_, k) => {
    const error = targets.reduce(
      (sum, row, n) => sum + ((row[k] as number) - (predictions[n]?.[k] as number)) ** 2,
      0,
    );
    const isConstant = (std[k] as number) < 1e-9 * Math.max(1, Math.abs(mean[k] as number));
    return isConstant ? Number.NaN : 1 - error / (targets.length * (std[k] as number) ** 2);
  });
}

interface Moments {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

function momentsOf(rows: Rows, width: number): Moments {
  const mean = Array.from(
    { length: width },
    (_, i) => rows.reduce((sum, row) => sum + (row[i] as number), 0) / rows.length,
  );
  const std = mean.map((m, i) =>
    Math.sqrt(rows.reduce((sum, row) => sum + ((row[i] as number) - m) ** 2, 0) / rows.length),
  );
  return { mean, std };
}

function standardise(row: readonly number[], { mean, std }: Moments): number[] {
  return row.map((value, i) => (value - (mean[i] as number)) / ((std[i] as number) || 1));
}

/** Solves A X = B for a symmetric positive definite A, given by its lower half, by Cholesky's decomposition in place. */
function solve(A: Float64Array[], B: Float64Array[]): Float64Array[] {
  const D = A.length;
  const at = (i: number, j: number): number => A[i]?.[j] as number;
  for (let i = 0; i < D; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = at(i, j);
      for (let k = 0; k < j; k++) sum -= at(i, k) * at(j, k);
      (A[i] as Float64Array)[j] = i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / at(j, j);
    }
  }
  const K = B[0]?.length ?? 0;
  for (let k = 0; k < K; k++) {
    for (let i = 0; i < D; i++) {
      let sum = B[i]?.[k] as number;
      for (let j = 0; j < i; j++) sum -= at(i, j) * (B[j]?.[k] as number);
      (B[i] as Float64Array)[k] = sum / at(i, i);
    }
    for (let i = D - 1; i >= 0; i--) {
      let sum = B[i]?.[k] as number;
      for (let j = i + 1; j < D; j++) sum -= at(j, i) * (B[j]?.[k] as number);
      (B[i] as Float64Array)[k] = sum / at(i, i);
    }
  }
  return B;
}
