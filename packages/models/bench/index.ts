/**
 * `orrery bench torch`, its last part: a training step of the dynamics model here and in Python, on the same libtorch, in turns.
 * `node --import tsx packages/models/bench/main.ts` prints it alone.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { messageOf } from "@orrery/core";
import { getNumThreads, randn, scope } from "@orrery/torch";
import { makeStep, type StepBench } from "./step.ts";

export { makeStep, type StepBench } from "./step.ts";

const PYTHON = "/usr/bin/python3"; // Debian's python3-torch links the same libtorch as the addon

export interface StepResult {
  /** Median milliseconds of a step here, and in Python where there is one. */
  readonly oursMs: number;
  readonly peerMs: number | null;
  /** How many times faster than Python: above 1 is faster. */
  readonly ratio: number | null;
  readonly gflops: number;
  /** Of a product of 2048 x 2048 matrices in the step's precision, measured in between: what the machine gives. */
  readonly peakGflops: number;
  readonly parameters: number;
  readonly bfloat16: boolean;
  /** Why there is nothing to compare with, where there is not. */
  readonly skipped: string | null;
}

export interface StepBenchOptions {
  readonly rounds?: number;
  readonly stepsPerRound?: number;
  readonly onProgress?: (text: string) => void;
}

/** About 20 seconds on two cores. */
export async function benchStep(options: StepBenchOptions = {}): Promise<StepResult> {
  const { rounds = 8, stepsPerRound = 5, onProgress = () => undefined } = options;
  const step = makeStep();
  const bfloat16 = step.peer["bfloat16"] === true;
  times(3, step.run);
  const ours: number[] = [];
  const theirs: number[] = [];
  const peaks: number[] = [];
  let skipped: string | null = null;
  let python: Peer | null = null;
  try {
    python = await Peer.start(step);
  } catch (error) {
    skipped = `no Python to compare with: ${messageOf(error)}. Install python3-torch to see the ratio.`;
  }
  try {
    for (let round = 1; round <= rounds; round++) {
      onProgress(`training step, round ${round} of ${rounds}`);
      ours.push(...times(stepsPerRound, step.run));
      if (python !== null) theirs.push(...(await python.steps(stepsPerRound)));
      peaks.push(peakGflops(bfloat16));
    }
  } finally {
    python?.stop();
  }
  const oursMs = median(ours) * 1000;
  const peerMs = theirs.length === 0 ? null : median(theirs) * 1000;
  return {
    oursMs,
    peerMs,
    ratio: peerMs === null ? null : peerMs / oursMs,
    gflops: step.flops / (oursMs * 1e6),
    peakGflops: median(peaks),
    parameters: step.parameters,
    bfloat16,
    skipped,
  };
}

/** The result in lines for people. */
export function formatStep(result: StepResult): string {
  const { oursMs, peerMs, ratio, gflops, peakGflops: peak, parameters, bfloat16, skipped } = result;
  const precision = bfloat16 ? "bfloat16 autocast" : "float32";
  return [
    `training step of the dynamics model (tiny, ${(parameters / 1e6).toFixed(1)}M parameters, ${precision})`,
    `  ours ${oursMs.toFixed(0)} ms, Python ${peerMs?.toFixed(0) ?? "-"} ms, ratio ${ratio?.toFixed(2) ?? "-"}`,
    `  ${gflops.toFixed(0)} GFLOP/s, ${((100 * gflops) / peak).toFixed(0)} % of this machine's ${peak.toFixed(0)} in a product of 2048 x 2048`,
    ...(skipped === null ? [] : [`  ${skipped}`]),
  ].join("\n");
}

/** Python at work on the same step; it waits, without using a core, until asked. */
class Peer {
  readonly #child: ReturnType<typeof spawn>;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ReturnType<typeof spawn>, lines: AsyncIterator<string>) {
    this.#child = child;
    this.#lines = lines;
  }

  /** @throws if there is no Python with torch, or its model has another size than ours */
  static async start({ peer, parameters }: StepBench): Promise<Peer> {
    const script = fileURLToPath(new URL("./step.py", import.meta.url));
    const settings = JSON.stringify({ ...peer, threads: getNumThreads() });
    const child = spawn(PYTHON, [script, settings], { stdio: ["pipe", "pipe", "pipe"] });
    let complaint = "";
    child.stderr.on("data", (text: Buffer) => (complaint = text.toString()));
    child.on("error", (error) => (complaint = error.message));
    const python = new Peer(child, createInterface({ input: child.stdout })[Symbol.asyncIterator]());
    const { value, done } = await python.#lines.next();
    if (done === true) throw new Error(complaint.trim().split("\n").at(-1));
    const found = (JSON.parse(value) as { parameters: number }).parameters;
    if (found !== parameters) {
      python.stop();
      throw new Error(`step.py must build ${parameters} parameters, got ${found}`);
    }
    return python;
  }

  /** Seconds of each of `count` steps. */
  async steps(count: number): Promise<number[]> {
    this.#child.stdin?.write(`${count}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error("step.py ended before its answer");
    return JSON.parse(value) as number[];
  }

  stop(): void {
    this.#child.stdin?.end();
    this.#child.kill();
  }
}

/** Seconds of each of `count` runs. */
function times(count: number, run: () => void): number[] {
  return Array.from({ length: count }, () => {
    const began = performance.now();
    run();
    return (performance.now() - began) / 1000;
  });
}

/** The best of a few products: what is slower was disturbed. */
function peakGflops(bfloat16: boolean): number {
  const n = 2048;
  return scope(() => {
    const [x, y] = [randn([n, n]), randn([n, n])].map((m) => (bfloat16 ? m.to("bfloat16") : m));
    if (x === undefined || y === undefined) return Number.NaN;
    const seconds = times(5, () => x.matmul(y).free());
    return (2 * n ** 3) / Math.min(...seconds) / 1e9;
  });
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
