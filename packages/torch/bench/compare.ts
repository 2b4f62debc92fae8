/**
 * Times workloads here and the same ones in Python's torch, in turns, so that both see the same machine.
 */
import { execFile } from "node:child_process";
import { cpus } from "node:os";
import { promisify } from "node:util";
import { messageOf } from "@orrery/core";
import { getNumThreads, scope, torchVersion } from "@orrery/torch";

const run = promisify(execFile);
const PYTHON = "/usr/bin/python3"; // Debian's python3-torch links the same libtorch as the addon

/** Something to time. Its name is the key under which the Python script reports the same work. */
export interface Workload {
  readonly name: string;
  readonly run: () => void;
  /** Runs between two looks at the clock; many for work of microseconds. */
  readonly repeats: number;
  /** Floating point operations of one run, for the printed rate. */
  readonly flops?: number;
}

export interface ComparisonRow {
  readonly name: string;
  readonly oursMicroseconds: number;
  readonly peerMicroseconds: number | null;
  /** How many times faster than Python: above 1 is faster. */
  readonly ratio: number | null;
  readonly gflops: number | null;
}

export interface Comparison {
  readonly rows: readonly ComparisonRow[];
  /** Why there is nothing to compare with, where there is not. */
  readonly skipped: string | null;
  readonly machine: string;
}

export interface CompareOptions {
  /** A Python script that takes the arguments THREADS SECONDS, as peer.py. */
  readonly script: string;
  /** Time for one workload, on either side, in one round. */
  readonly secondsEach?: number;
  readonly rounds?: number;
  readonly onProgress?: (text: string) => void;
}

/** The best time of each workload over all rounds, ours and Python's in turns. */
export async function compareWithPython(
  workloads: readonly Workload[],
  options: CompareOptions,
): Promise<Comparison> {
  const { script, secondsEach = 0.2, rounds = 3, onProgress = () => undefined } = options;
  const ours = new Map<string, number>();
  const peer = new Map<string, number>();
  let skipped: string | null = null;
  for (let round = 1; round <= rounds; round++) {
    onProgress(`round ${round} of ${rounds}`);
    for (const workload of workloads) keepBest(ours, workload.name, timeWorkload(workload, secondsEach));
    if (skipped !== null) continue;
    try {
      const { stdout } = await run(PYTHON, [script, String(getNumThreads()), String(secondsEach)]);
      for (const [name, seconds] of Object.entries(parsePeer(stdout))) keepBest(peer, name, seconds);
    } catch (error) {
      skipped = `no Python to compare with: ${messageOf(error).split("\n")[0]}. Install python3-torch to see the ratio.`;
    }
  }
  return {
    rows: workloads.map((workload) => rowOf(workload, ours, peer)),
    skipped,
    machine: describeMachine(),
  };
}

function timeWorkload({ run: work, repeats }: Workload, seconds: number): number {
  const batch = (): void => scope(() => times(repeats, work));
  for (let i = 0; i < 3; i++) batch();
  let best = Infinity;
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const start = performance.now();
    batch(); // freeing is part of the work: Python frees each result as well
    best = Math.min(best, (performance.now() - start) / 1000 / repeats);
  }
  return best;
}

function times(count: number, work: () => void): void {
  for (let i = 0; i < count; i++) work();
}

function keepBest(best: Map<string, number>, name: string, seconds: number): void {
  best.set(name, Math.min(best.get(name) ?? Infinity, seconds));
}

function parsePeer(stdout: string): Record<string, number> {
  const last = stdout.trim().split("\n").at(-1) ?? "";
  return (JSON.parse(last) as { seconds: Record<string, number> }).seconds;
}

function rowOf(workload: Workload, ours: Map<string, number>, peer: Map<string, number>): ComparisonRow {
  const mine = ours.get(workload.name) ?? Number.NaN;
  const theirs = peer.get(workload.name);
  return {
    name: workload.name,
    oursMicroseconds: mine * 1e6,
    peerMicroseconds: theirs === undefined ? null : theirs * 1e6,
    ratio: theirs === undefined ? null : theirs / mine,
    gflops: workload.flops === undefined ? null : workload.flops / mine / 1e9,
  };
}

function describeMachine(): string {
  return `${cpus()[0]?.model ?? "unknown CPU"}, ${getNumThreads()} threads, libtorch ${torchVersion()}`;
}
