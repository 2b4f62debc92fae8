/**
 * MuJoCo in WebAssembly beside the native library of the system (Debian's libmujoco-dev), on the same model. The
 * system's library may be years older than ours, so the model is written in what both understand.
 */
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { messageOf } from "@orrery/core";
import { Physics } from "../mujoco/physics.ts";

export interface NativeComparison {
  /** Physics steps per second on the model that both sides run. */
  readonly oursStepsPerSecond: number;
  /** Null where no library is installed or it can't read the model; `skipped` then says why. */
  readonly nativeStepsPerSecond: number | null;
  /** Ours over native; above 1 is faster than native. */
  readonly ratio: number | null;
  readonly nativeVersion: string | null;
  readonly skipped: string | null;
}

const STEPS_PER_RUN = 500;

/** @param xml a kitchen; attributes that MuJoCo 2.2 does not know are taken out for both sides */
export async function compareWithNative(
  xml: string,
  { seconds, rounds }: { readonly seconds: number; readonly rounds: number },
): Promise<NativeComparison> {
  const plain = plainMjcf(xml);
  const physics = await Physics.compile(plain);
  const native = makeNative(plain);
  const ours: number[] = [];
  const theirs: { speed: number; version: string }[] = [];
  let skipped = typeof native === "string" ? native : null;
  try {
    oursFor(physics, seconds); // V8 compiles the module's hot paths in the first second
    for (let round = 0; round < rounds; round++) {
      ours.push(oursFor(physics, seconds));
      if (typeof native !== "string" && skipped === null) theirs.push(await native.run(seconds));
    }
  } catch (error) {
    skipped = `the system's MuJoCo does not run the model: ${messageOf(error)}`;
  } finally {
    physics.close();
    if (typeof native !== "string") native.close();
  }
  const best = Math.max(...ours);
  const nativeBest = theirs.length === 0 ? null : Math.max(...theirs.map(({ speed }) => speed));
  return {
    oursStepsPerSecond: best,
    nativeStepsPerSecond: nativeBest,
    ratio: nativeBest === null ? null : best / nativeBest,
    nativeVersion: theirs[0]?.version ?? null,
    skipped,
  };
}

/**
 * A kitchen in the MJCF of MuJoCo 2.2: no sleeping, Euler steps, no damping ratios, no gravity compensation of bodies, buffers
 * sized by number. The robot sags and things fall as they do; what counts is that both sides compute the same.
 */
export function plainMjcf(xml: string): string {
  return xml
    .replaceAll(/<flag [^>]*\/>/g, "")
    .replaceAll('integrator="implicitfast"', 'integrator="Euler"')
    .replaceAll(/ (dampratio|gravcomp|ls_iterations)="[^"]*"/g, "")
    .replaceAll(/<size memory="[^"]*"[^/]*\/>/g, '<size njmax="3000" nconmax="600"/>');
}

function oursFor(physics: Physics, seconds: number): number {
  const startMs = performance.now();
  let steps = 0;
  do {
    physics.reset();
    physics.step(STEPS_PER_RUN);
    steps += STEPS_PER_RUN;
  } while (performance.now() - startMs < 1000 * seconds);
  return (1000 * steps) / (performance.now() - startMs);
}

interface Native {
  run(seconds: number): Promise<{ speed: number; version: string }>;
  close(): void;
}

/** Compiles the small C program against the system's library; the reason where that does not work. */
function makeNative(xml: string): Native | string {
  const folder = mkdtempSync(join(tmpdir(), "orrery-native-"));
  const program = join(folder, "native");
  const model = join(folder, "model.xml");
  writeFileSync(model, xml);
  try {
    const source = fileURLToPath(new URL("./testdata/native.c", import.meta.url));
    execFileSync("cc", ["-O2", "-o", program, source, "-lmujoco"], { stdio: "pipe" });
  } catch {
    rmSync(folder, { recursive: true });
    return "no C compiler with MuJoCo's headers: apt-get install gcc libmujoco-dev to compare with native MuJoCo";
  }
  return {
    async run(seconds) {
      const { stdout } = await promisify(execFile)(program, [model, String(seconds)]);
      const [speed, version = "?"] = stdout.trim().split(" ");
      return { speed: Number(speed), version };
    },
    close: () => rmSync(folder, { recursive: true }),
  };
}
