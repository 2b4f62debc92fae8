/**
 * A trained policy on disk: `config.json`, `embodiment.json`, `lineage.json`, weights as safetensors, as a world model's
 * release is. A run folder is a release once its training has ended; before that its newest checkpoint stands in.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DataError, messageOf, UsageError, type Embodiment } from "@orrery/core";
import { writeJsonAtomic } from "@orrery/core/node";
import { isFinished } from "@orrery/models";
import { readCheckpoint } from "@orrery/models/training";
import { Generator, loadTensors, noGrad, saveTensors, scope, type Tensor } from "@orrery/torch";
import { parsePolicyConfig, type PolicyConfig } from "./config.ts";
import { PolicyNet, type PolicyFacts } from "./nets/policy-net.ts";

/** Format of `config.json`; raised when an old reader would misunderstand it. */
const FORMAT = 1;
const KIND = "policy";

export function writePolicyConfig(folder: string, config: PolicyConfig, facts: PolicyFacts): void {
  const { embodiment, ...stream } = facts;
  writeJsonAtomic(join(folder, "embodiment.json"), embodiment);
  writeJsonAtomic(join(folder, "config.json"), { format: FORMAT, kind: KIND, policy: config, stream });
}

export function writePolicyWeights(folder: string, net: PolicyNet): void {
  saveTensors(folder, net.stateDict());
}

/** Whether a folder holds the run of a policy, and not of a world model. */
export function isPolicyRun(folder: string): boolean {
  const path = join(folder, "config.json");
  if (!existsSync(path)) return false;
  try {
    return (JSON.parse(readFileSync(path, "utf8")) as { kind?: string }).kind === KIND;
  } catch {
    return false; // whoever opens it says what is wrong
  }
}

/** @throws {UsageError} if there is no such run, or it is of another kind; @throws {DataError} if it is damaged */
export function readPolicyConfig(folder: string): { config: PolicyConfig; facts: PolicyFacts } {
  const path = join(folder, "config.json");
  if (!existsSync(path)) {
    throw new UsageError(
      `loadPolicy: ${folder} must be a run folder with a config.json, there is none. Name what \`orrery train --out\` wrote.`,
    );
  }
  let saved: { format?: number; kind?: string; policy?: unknown; stream?: Omit<PolicyFacts, "embodiment"> };
  try {
    saved = JSON.parse(readFileSync(path, "utf8")) as typeof saved;
  } catch (cause) {
    throw damaged(folder, path, cause);
  }
  if (saved.kind !== KIND) {
    throw new UsageError(
      `loadPolicy: ${folder} must hold a policy, it holds a ${saved.kind ?? "run of unknown kind"}. Name a run of \`orrery train vla-tiny\` or \`bc-tiny\`.`,
    );
  }
  try {
    if (saved.format !== FORMAT || saved.stream === undefined) {
      throw new DataError(
        `format must be ${FORMAT}, got ${saved.format}. It was written by another version.`,
      );
    }
    const embodiment = JSON.parse(readFileSync(join(folder, "embodiment.json"), "utf8")) as Embodiment;
    return { config: parsePolicyConfig(path, saved.policy), facts: { ...saved.stream, embodiment } };
  } catch (cause) {
    throw damaged(folder, path, cause);
  }
}

/**
 * Loads a run for use: its release, or the averaged weights of its newest checkpoint where training has not ended.
 * @throws {UsageError} if the folder is no policy's run, or holds weights of another size
 */
export function loadPolicyNet(folder: string): PolicyNet {
  const { config, facts } = readPolicyConfig(folder);
  // The scopes free what weights are made from and the ones read: the network keeps its own.
  const net = scope(() => new PolicyNet(config, facts, new Generator(0)));
  net.setTrainable(false);
  try {
    scope(() => noGrad(() => net.loadStateDict(weightsOf(folder))));
  } catch (error) {
    net.free();
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`loadPolicy: ${folder} does not fit its own config.json. ${error.message}`, {
      cause: error,
    });
  }
  return net;
}

function weightsOf(folder: string): ReadonlyMap<string, Tensor> {
  if (isFinished(folder)) return loadTensors(folder);
  const checkpoint = readCheckpoint<"imitation">(join(folder, "training"));
  if (checkpoint === null) {
    throw new DataError(
      `loadPolicy: ${folder} holds neither weights nor a checkpoint. Train for longer, or name another run.`,
      { path: folder },
    );
  }
  return new Map([...checkpoint.weights, ...checkpoint.averages]);
}

function damaged(folder: string, path: string, cause: unknown): DataError {
  return new DataError(
    `loadPolicy: the configuration of ${folder} cannot be used (${messageOf(cause)}). Restore the run from a copy, or train it again.`,
    { path, cause },
  );
}
