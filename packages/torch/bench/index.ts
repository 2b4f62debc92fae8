/**
 * `orrery bench torch`: what a call costs and how fast products are, each beside the same work in Python on the same libtorch.
 *
 * Run by `./orrery bench torch`, or `node --import tsx packages/torch/bench/main.ts`.
 */
import { fileURLToPath } from "node:url";
import { compareWithPython, type Comparison, type Workload } from "./compare.ts";
import { callWorkloads, productWorkloads } from "./ops.ts";

export { compareWithPython } from "./compare.ts";
export type { Comparison, CompareOptions, ComparisonRow, Workload } from "./compare.ts";

export interface TorchBench extends Comparison {
  /** Geometric mean of the rows' ratios, null without a peer; above 1 is faster than Python. */
  readonly ratio: number | null;
  /** Geometric mean of our times, in microseconds. */
  readonly ours: number;
  /** Geometric mean of Python's times, in microseconds. */
  readonly peer: number | null;
}

export interface BenchOptions {
  readonly secondsEach?: number;
  readonly rounds?: number;
  readonly onProgress?: (text: string) => void;
}

/** About 20 seconds on two cores. */
export async function benchTorch(options: BenchOptions = {}): Promise<TorchBench> {
  const workloads: Workload[] = [...callWorkloads(), ...productWorkloads()];
  const script = fileURLToPath(new URL("./peer.py", import.meta.url));
  return summarise(await compareWithPython(workloads, { ...options, script }));
}

function summarise(comparison: Comparison): TorchBench {
  const { rows } = comparison;
  const ratios = rows.flatMap((row) => row.ratio ?? []);
  const peers = rows.flatMap((row) => row.peerMicroseconds ?? []);
  return {
    ...comparison,
    ratio: ratios.length === 0 ? null : geometricMean(ratios),
    ours: geometricMean(rows.map((row) => row.oursMicroseconds)),
    peer: peers.length === 0 ? null : geometricMean(peers),
  };
}

function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/** The comparison as an aligned table for people. */
export function formatComparison({ rows, machine, skipped }: Comparison): string {
  const number = (value: number | null, digits: number): string =>
    value === null ? "-" : value.toFixed(digits);
  const lines = rows.map((row) =>
    [
      row.name.padEnd(30),
      number(row.oursMicroseconds, 2).padStart(12),
      number(row.peerMicroseconds, 2).padStart(12),
      number(row.ratio, 2).padStart(8),
      number(row.gflops, 0).padStart(9),
    ].join(""),
  );
  const head = `${"".padEnd(30)}${"ours, us".padStart(12)}${"Python, us".padStart(12)}${"ratio".padStart(8)}${"GFLOP/s".padStart(9)}`;
  return [machine, head, ...lines, ...(skipped === null ? [] : [skipped])].join("\n");
}
