/** What tests of the command line need: the command as a process of its own, and a small recording. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeRng, type Embodiment } from "@orrery/core";
import { openDatasetWriter } from "@orrery/data";
import { afterAll } from "vitest";

const BIN = fileURLToPath(new URL("../bin/orrery.mjs", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves once stderr has said something that matches; rejects if the process ends before. */
  readonly says: (pattern: RegExp) => Promise<void>;
}

/** Starts the command line in a folder that is not the repository. */
export function start(...args: string[]): Started {
  const child = spawn(process.execPath, [BIN, ...args], { cwd: "/", stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  const waiting: { readonly pattern: RegExp; readonly resolve: () => void }[] = [];
  child.stdout.on("data", (text) => (stdout += String(text)));
  child.stderr.on("data", (text) => {
    stderr += String(text);
    for (const { pattern, resolve } of waiting) if (pattern.test(stderr)) resolve();
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
  const says = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      waiting.push({ pattern, resolve });
      void ended.then((end) => reject(new Error(`ended before it said ${pattern}: ${JSON.stringify(end)}`)));
    });
  return { child, ended, says };
}

/** Runs the command line to its end. */
export function orrery(...args: string[]): Promise<Ended> {
  return start(...args).ended;
}

/** The one object of `--json`: it must be all of stdout. */
export function jsonOf({ stdout }: Ended): Record<string, unknown> {
  const lines = stdout.trimEnd().split("\n");
  if (lines.length !== 1) throw new Error(`one line of stdout was expected, got ${lines.length}: ${stdout}`);
  return JSON.parse(lines[0] ?? "") as Record<string, unknown>;
}

/** Waits until something holds; `ended` is the work that should bring it about. */
export async function until(holds: () => boolean, ended: Promise<Ended>): Promise<void> {
  let end: Ended | undefined;
  void ended.then((value) => (end = value));
  while (!holds()) {
    if (end !== undefined) throw new Error(`it ended first: ${JSON.stringify(end)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const SIDE = 32;

function body(actionWidth: number): Embodiment {
  return {
    name: actionWidth === 2 ? "square" : "slider",
    controlRateHz: 10,
    state: [{ name: "position", width: 2, unit: "1" }],
    action: [{ name: "move", width: actionWidth, unit: "1", kind: "continuous", mode: "delta" }],
    cameras: [{ name: "top", width: SIDE, height: SIDE }],
  };
}

export interface SquareOptions {
  readonly episodes: number;
  readonly length?: number;
  /** Other than 2 makes another body of it. */
  readonly actionWidth?: number;
  /** Episodes whose state holds a NaN in row 4. */
  readonly nan?: readonly number[];
}

/** Records a bright square on grey that moves as the action says. */
export async function recordSquare(folder: string, options: SquareOptions): Promise<string> {
  const { episodes, length = 16, actionWidth = 2, nan = [] } = options;
  const writer = await openDatasetWriter(folder, { embodiment: body(actionWidth) });
  for (let episode = 0; episode < episodes; episode++) {
    const rng = makeRng(7, "square", episode);
    const recorder = writer.recorder();
    let x = rng.int(SIDE - 8);
    for (let row = 0; row < length; row++) {
      const data = new Uint8Array(SIDE * SIDE * 3).fill(60);
      for (let y = 8; y < 16; y++) data.fill(220, (y * SIDE + x) * 3, (y * SIDE + x + 8) * 3);
      const move = rng.int(9) - 4;
      recorder.add({
        state: [nan.includes(episode) && row === 4 ? Number.NaN : x, 0],
        action: Array.from({ length: actionWidth }, () => move),
        images: { top: { width: SIDE, height: SIDE, data } },
      });
      x = Math.min(SIDE - 8, Math.max(0, x + move));
    }
    writer.append(recorder.finish({ provenance: { stream: "sim", operator: "play" } }));
  }
  writer.close();
  return folder;
}

const temporary: string[] = [];
afterAll(() => {
  for (const folder of temporary.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** An empty folder that goes away after the test file. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `orrery-${name}-`));
  temporary.push(folder);
  return folder;
}

/** A configuration that trains `steps` steps of each phase in a second or two. */
export function shortConfig(steps: number): string {
  return JSON.stringify({ preset: "debug", training: { tokenizer: { steps }, dynamics: { steps } } });
}
