/** Run folders, as far as one must look into them to know what kind of policy they hold. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DataError, messageOf, UsageError, type Embodiment } from "@orrery/core";

export interface RunInfo {
  readonly folder: string;
  /** "world-model", "jepa", "policy": what its config.json says. */
  readonly kind: string;
  readonly embodiment: Embodiment;
  /** Changes with the weights: SHA-256, 16 hexadecimal digits. */
  readonly fingerprint: string;
}

/**
 * @throws {UsageError} if the folder holds no run
 * @throws {DataError} if its configuration is damaged
 */
export function readRun(folder: string): RunInfo {
  const path = join(folder, "config.json");
  if (!existsSync(path)) {
    throw new UsageError(
      `policy: "${folder}" must be random, hold, expert, or a run folder with a config.json. ` +
        "Name what `orrery train --out` wrote.",
    );
  }
  try {
    const { kind } = JSON.parse(readFileSync(path, "utf8")) as { kind?: unknown };
    const embodiment = JSON.parse(readFileSync(join(folder, "embodiment.json"), "utf8")) as Embodiment;
    if (typeof kind !== "string") throw new Error(`kind must be a text, got ${JSON.stringify(kind)}`);
    return { folder, kind, embodiment, fingerprint: fingerprintOf(folder) };
  } catch (cause) {
    throw new DataError(
      `policy: the run ${folder} cannot be used (${messageOf(cause)}). Restore it from a copy, or train it again.`,
      { path, cause },
    );
  }
}

/** The release's weights decide; before there are any, the files of the newest checkpoint. */
function fingerprintOf(folder: string): string {
  const hash = createHash("sha256");
  const weights = readdirSync(folder).filter((name) => name.endsWith(".safetensors"));
  if (weights.length > 0) {
    for (const name of weights.toSorted()) hash.update(name).update(readFileSync(join(folder, name)));
  } else {
    const training = join(folder, "training");
    const names = existsSync(training) ? readdirSync(training, { recursive: true, encoding: "utf8" }) : [];
    for (const name of names.toSorted()) {
      const { size, mtimeMs } = statSync(join(training, name));
      hash.update(`${name} ${size} ${mtimeMs}\n`);
    }
  }
  return hash.digest("hex").slice(0, 16);
}
