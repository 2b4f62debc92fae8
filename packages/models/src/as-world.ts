/**
 * A dream as a `World`: a policy acts in it as it would in a simulator or on a robot, and cannot tell which it is.
 * One stream at a time, so B = 1 throughout.
 */
import { UsageError, type Embodiment, type Observation, type Transition, type World } from "@orrery/core";
import { fromTyped, scope } from "@orrery/torch";
import { openImagination, type ImaginationOptions } from "./families.ts";
import type { Imagination, Imagined } from "./imagination.ts";
import type { AnyModel } from "./release.ts";
import type { Context } from "./world-model.ts";

export interface DreamWorldOptions extends ImaginationOptions {
  /** Recorded starts, each a context of one stream; `reset` takes one by its seed, or `options.start` by its index. */
  readonly starts: readonly Context[];
  readonly instruction?: string;
  /** Steps after which an episode is truncated. */
  readonly maxSteps?: number;
  /** The task counts as done when the model is this sure of success. */
  readonly successThreshold?: number;
}

const DEFAULTS = { instruction: "", maxSteps: 300, successThreshold: 0.5 };

/** Turns a model into a world. It borrows the model, which must outlive it. */
export function asWorld(model: AnyModel, options: DreamWorldOptions): World {
  return new DreamWorld(model, options);
}

class DreamWorld implements World {
  readonly instruction: string;
  readonly #model: AnyModel;
  readonly #options: DreamWorldOptions & typeof DEFAULTS;
  #dreamer: Imagination | undefined;
  #dream: Imagined | undefined;
  #steps = 0;

  constructor(model: AnyModel, options: DreamWorldOptions) {
    if (options.starts.length === 0) throw new UsageError("asWorld: at least one start is needed, got none.");
    this.#model = model;
    this.#options = { ...DEFAULTS, ...options };
    this.instruction = this.#options.instruction;
  }

  get embodiment(): Embodiment {
    return this.#model.facts.embodiment;
  }

  reset(seed: number, options: Readonly<Record<string, unknown>> = {}): Promise<Observation> {
    const { starts } = this.#options;
    const index = typeof options.start === "number" ? options.start : seed % starts.length;
    const start = starts[index];
    if (start === undefined || start.B !== 1) {
      throw new UsageError(
        `asWorld: start ${index} must be one of ${starts.length} contexts of one stream each.`,
      );
    }
    this.#dream?.free();
    this.#dreamer = openImagination(this.#model, seed, this.#options);
    this.#dream = this.#dreamer.begin(start, { task: this.instruction });
    this.#steps = 0;
    return Promise.resolve(this.#observe(this.#dreamer, this.#dream));
  }

  step(action: Float32Array): Promise<Transition> {
    const dreamer = this.#dreamer;
    const dream = this.#dream;
    if (dreamer === undefined || dream === undefined)
      throw new UsageError("asWorld: call reset before step.");
    this.#steps += 1;
    const { maxSteps, successThreshold } = this.#options;
    const { device, facts } = this.#model;
    return Promise.resolve(
      scope(() => {
        // A copy: the caller may reuse its array.
        dreamer.step(
          dream,
          facts.actionWidth === 0 ? null : fromTyped(action.slice(), [1, action.length], { device }),
        );
        const { reward, success, surprise } = dreamer.feel(dream);
        const isSuccess = success.item() > successThreshold;
        return {
          observation: this.#observe(dreamer, dream),
          reward: reward.item(),
          terminated: isSuccess,
          truncated: this.#steps >= maxSteps,
          success: isSuccess,
          info: { surprise: surprise.item(), successProbability: success.item() },
        };
      }),
    );
  }

  close(): Promise<void> {
    this.#dream?.free();
    this.#dream = undefined;
    return Promise.resolve();
  }

  #observe(dreamer: Imagination, dream: Imagined): Observation {
    return scope(() => {
      const { height, width } = this.#model.size;
      const picture = dreamer.look(dream).cpu();
      const images = this.#model.facts.cameras.map((name, v) => {
        const data = picture.select(0, 0).select(0, v).contiguous().toTyped() as Uint8Array;
        return [name, { width, height, data }] as const;
      });
      const state = dreamer.feel(dream).state.cpu().flatten().toTyped() as Float32Array;
      return { images: Object.fromEntries(images), state };
    });
  }
}
