/** What tests of imitation need: a small network, percepts, and recordings whose right actions are known. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Embodiment } from "@orrery/core";
import { setNumThreads } from "@orrery/torch";
import { afterAll } from "vitest";
import { loadPolicyConfig, type PolicyConfig } from "./config.ts";
import type { PolicyFacts } from "./nets/policy-net.ts";

// These networks are so small that a second thread mostly waits for its turn on a busy machine.
setNumThreads(1);

export const SIDE = 32;

/** A body whose action moves it on a plane that one camera looks down on. */
export const MOVER: Embodiment = {
  name: "mover",
  controlRateHz: 10,
  state: [{ name: "position", width: 2, unit: "1" }],
  action: [{ name: "move", width: 2, unit: "1", kind: "continuous", mode: "delta" }],
  cameras: [{ name: "top", width: SIDE, height: SIDE }],
};

export function moverFacts(vocabulary: readonly string[] = ["blue", "go", "red"]): PolicyFacts {
  return {
    cameras: ["top"],
    actionWidth: 2,
    stateWidth: 2,
    controlRateHz: 10,
    embodiment: MOVER,
    vocabulary,
    features: null,
  };
}

/** 32x32 pixels in 16 patches and chunks of 4 actions; otherwise the `debug` preset. */
export function debugPolicy(preset: "vla-debug" | "bc-debug" = "vla-debug"): PolicyConfig {
  return {
    ...loadPolicyConfig(preset),
    vision: { height: SIDE, width: SIDE, patch: 8 },
    chunk: 4,
    execute: 2,
  };
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
