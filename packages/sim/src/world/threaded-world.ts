/** A world that lives in a thread of its own and is used like any other. */
import type { Worker } from "node:worker_threads";
import {
  type Embodiment,
  type Observation,
  OrreryError,
  ShapeError,
  type Transition,
  UsageError,
  type World,
  messageOf,
  widthOf,
} from "@orrery/core";
import { spawnWorker } from "@orrery/core/node";
import type { WorldRecipe } from "./recipe.ts";
import type { WorldAnswer, WorldCall } from "./thread-messages.ts";

interface Waiting {
  readonly resolve: (answer: WorldAnswer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Calls may be made without waiting for earlier ones; they are answered in order. If the thread dies, the calls under
 * way and all later ones reject with an `OrreryError` that names the world; other worlds are not touched.
 */
export class ThreadedWorld implements World {
  readonly embodiment: Embodiment;
  readonly #port: Port;
  #instruction = "";

  private constructor(port: Port, embodiment: Embodiment) {
    this.#port = port;
    this.embodiment = embodiment;
  }

  /**
   * Starts a thread and makes the world in it.
   * @param name used in errors, "world 3"
   * @throws {UsageError} if the recipe is wrong
   */
  static async make(recipe: WorldRecipe, name: string): Promise<ThreadedWorld> {
    const port = new Port(recipe, name);
    try {
      const made = await port.first;
      if (made.kind !== "made")
        throw new OrreryError(`internal: ${name} answered "${made.kind}" at its start.`);
      return new ThreadedWorld(port, made.embodiment);
    } catch (error) {
      await port.worker.terminate();
      throw error;
    }
  }

  get instruction(): string {
    return this.#instruction;
  }
  /** For its id, and to end it from outside. */
  get thread(): Worker {
    return this.#port.worker;
  }

  async reset(seed: number, options?: Readonly<Record<string, unknown>>): Promise<Observation> {
    const answer = await this.#port.call({ kind: "reset", seed, options });
    if (answer.kind !== "reset") throw new OrreryError(`internal: reset was answered by "${answer.kind}".`);
    this.#instruction = answer.instruction;
    return answer.observation;
  }

  async step(action: Float32Array): Promise<Transition> {
    const width = widthOf(this.embodiment.action);
    if (action.length !== width) {
      throw new ShapeError("World.step", "action", `[${width}]`, [action.length], "See embodiment.action.");
    }
    const answer = await this.#port.call({ kind: "step", action });
    if (answer.kind !== "step") throw new OrreryError(`internal: step was answered by "${answer.kind}".`);
    return answer.transition;
  }

  /** Ends the thread; harmless when it has ended already. */
  async close(): Promise<void> {
    if (!this.#port.isDead) await this.#port.call({ kind: "close" }).catch(() => {});
    this.#port.isClosed = true;
    await this.#port.worker.terminate();
  }
}

/** The thread and the calls that wait for it. */
class Port {
  readonly worker: Worker;
  readonly first: Promise<WorldAnswer>;
  readonly #name: string;
  readonly #waiting: Waiting[] = [];
  #death: OrreryError | null = null;
  isClosed = false;

  constructor(recipe: WorldRecipe, name: string) {
    this.#name = name;
    this.worker = spawnWorker(new URL("./world.worker.ts", import.meta.url), { workerData: recipe });
    this.worker.on("message", (answer: WorldAnswer) => this.#take(answer));
    this.worker.on("error", (error) => this.#die(`crashed: ${messageOf(error)}`, error));
    this.worker.on("exit", (code) => this.#die(`ended with code ${code}`));
    this.first = this.#answer();
  }

  get isDead(): boolean {
    return this.#death !== null;
  }

  /** @throws {OrreryError} if the thread has died or dies before it answers, or the call failed */
  call(message: WorldCall): Promise<WorldAnswer> {
    if (this.isClosed) {
      return Promise.reject(new UsageError(`${this.#name}: it is closed. Make a new vector of worlds.`));
    }
    if (this.#death) return Promise.reject(this.#death);
    this.worker.postMessage(message);
    return this.#answer();
  }

  #answer(): Promise<WorldAnswer> {
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  #take(answer: WorldAnswer): void {
    const next = this.#waiting.shift();
    if (answer.kind !== "error") return next?.resolve(answer);
    next?.reject(answer.isMisuse ? new UsageError(answer.message) : new OrreryError(answer.message));
  }

  /** The first cause stays: an exit follows every error. */
  #die(how: string, cause?: unknown): void {
    this.#death ??= new OrreryError(
      `${this.#name}: its thread ${how}. Its episode is lost and the other worlds go on; make a new vector to replace it.`,
      { cause },
    );
    for (const { reject } of this.#waiting.splice(0)) reject(this.#death);
  }
}
