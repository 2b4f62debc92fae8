/**
 * A trained network behind core's `Policy`: looks, foresees a chunk of actions, hands out its first ones, looks again.
 * Carrying out several actions per look is ACT's and pi0's way; it divides the cost of looking and keeps a motion whole.
 */
import {
  ShapeError,
  UsageError,
  type Decision,
  type Goal,
  type Observation,
  type Policy,
} from "@orrery/core";
import { Generator, noGrad, scope } from "@orrery/torch";
import type { PolicyNet } from "./nets/policy-net.ts";
import { prepare, toPercept, type Backbone, type Instant } from "./perception.ts";

export interface ImitationPolicyOptions {
  /** What the network was trained with; needed where it reads features. */
  readonly backbone?: Backbone;
  /** Actions carried out per look; the configuration's own where left out. */
  readonly execute?: number;
  /** The configuration's name where left out. */
  readonly name?: string;
}

/** Borrows the network and the backbone, which must outlive it. */
export class ImitationPolicy implements Policy {
  readonly name: string;
  readonly #net: PolicyNet;
  readonly #backbone: Backbone | null;
  readonly #execute: number;
  #generator = new Generator(0);
  #instruction: string | null = null;

  /** @throws {UsageError} if the backbone is missing, or more actions are to be carried out than are foreseen */
  constructor(net: PolicyNet, options: ImitationPolicyOptions = {}) {
    const { backbone, execute = net.config.execute, name = net.config.name } = options;
    if (net.facts.features !== null && backbone === undefined) {
      throw new UsageError(
        `ImitationPolicy: ${name} was trained on the features of the backbone ${net.config.backbone}. Open that folder with openBackbone and pass it on.`,
      );
    }
    if (!Number.isInteger(execute) || execute < 1 || execute > net.config.chunk) {
      throw new UsageError(
        `ImitationPolicy: execute must be a whole number from 1 to the chunk's ${net.config.chunk}, got ${execute}.`,
      );
    }
    this.name = name;
    this.#net = net;
    this.#backbone = backbone ?? null;
    this.#execute = execute;
  }

  /** @throws {UsageError} if the network follows words and the goal has none */
  async reset(seed: number, goal: Goal): Promise<void> {
    this.#instruction = this.#net.config.family === "bc" ? "" : wordsOf(goal, this.name);
    this.#generator = new Generator(seed, this.#net.device);
  }

  /**
   * @throws {UsageError} before the first `reset`, or if a camera is missing
   * @throws {ShapeError} if pictures or state are of another size than in training
   */
  async act(observation: Observation): Promise<Decision> {
    const net = this.#net;
    const began = performance.now();
    const prepared = await prepare(this.#instantOf(observation), this.#backbone);
    const { chunk } = net.config;
    const A = net.facts.actionWidth;
    const numbers = noGrad(() =>
      scope(() => {
        const percept = toPercept(prepared, { widths: net.facts.features, device: net.device });
        return net.act(net.perceive(percept), 1, this.#generator).cpu().toTyped() as Float32Array;
      }),
    );
    const actions = Array.from({ length: this.#execute }, (_, c) => numbers.slice(c * A, (c + 1) * A));
    return { actions, belief: { latencyMs: performance.now() - began, foreseen: chunk } };
  }

  async close(): Promise<void> {}

  #instantOf({ images, state }: Observation): Instant {
    if (this.#instruction === null) throw new UsageError(`${this.name}: call reset before act.`);
    const { cameras, stateWidth: P, embodiment } = this.#net.facts;
    const { height: H, width: W } = this.#net.config.vision;
    if (state.length !== P) {
      throw new ShapeError(
        this.name,
        "the state",
        `[${P}]`,
        [state.length],
        `It was trained on the body "${embodiment.name}".`,
      );
    }
    const bytes = H * W * 3;
    const frames = new Uint8Array(cameras.length * bytes);
    for (const [v, camera] of cameras.entries()) {
      const image = images[camera];
      if (image === undefined) {
        throw new UsageError(
          `${this.name}: it sees through camera "${camera}", the observation has ${Object.keys(images).join(", ") || "no pictures"}. Build the world with the policy's cameras.`,
        );
      }
      if (image.height !== H || image.width !== W) {
        throw new ShapeError(
          this.name,
          `the picture of camera "${camera}"`,
          `[${H}, ${W}, 3]`,
          [image.height, image.width, 3],
          "Build the world with cameras of the size it was trained on.",
        );
      }
      frames.set(image.data, v * bytes);
    }
    const stateMask = new Uint8Array([1]);
    return {
      B: 1,
      V: cameras.length,
      H,
      W,
      P,
      frames,
      state: state.slice(),
      stateMask,
      texts: [this.#instruction],
    };
  }
}

function wordsOf(goal: Goal, name: string): string {
  if (goal.kind === "text") return goal.text;
  if (goal.kind === "task") return goal.task.replaceAll("-", " ");
  throw new UsageError(`${name}: it follows words, the goal must be of kind "text", got "${goal.kind}".`);
}
