/** What all optimisers share: groups of named parameters, and state that is saved by those names. */
import { ConfigError, UsageError } from "@orrery/core";
import { noGrad } from "../autograd.ts";
import { tensor, zerosLike } from "../create.ts";
import { keep, scope } from "../memory.ts";
import { checkState } from "../nn/module.ts";
import type { Tensor } from "../tensor.ts";

/** As `Module.namedParameters` gives them. */
export type NamedParameters = readonly (readonly [name: string, parameter: Tensor])[];

export interface Optimizer {
  /**
   * Moves every parameter that has a gradient. Leaves the gradients; frees all it makes except its state.
   * @param lrFactor multiplies each group's learning rate: what a schedule gives for this step
   */
  step(lrFactor?: number): void;
  /** Forgets all gradients. */
  zeroGrad(): void;
  /** All that a resumed run needs to go on as if never stopped: live tensors, by "parameter.part". */
  stateDict(): Map<string, Tensor>;
  /** @throws {UsageError} if it was saved from other parameters; nothing changes then */
  loadStateDict(state: ReadonlyMap<string, Tensor>): void;
}

/** One parameter with what the optimiser remembers of it. */
export interface Slot<Part extends string> {
  readonly name: string;
  readonly parameter: Tensor;
  readonly parts: Readonly<Record<Part, Tensor>>;
  /** Updates so far. */
  steps: number;
}

/** Keeps `Part` tensors of each parameter's shape, zero at first, and counts its updates. */
export class SlotTable<Part extends string> {
  readonly slots: readonly Slot<Part>[];
  readonly #where: string;

  /** @throws {UsageError} if a name is given twice */
  constructor(where: string, parameters: NamedParameters, parts: readonly Part[]) {
    this.#where = where;
    const seen = new Set<string>();
    this.slots = noGrad(() =>
      parameters.map(([name, parameter]) => {
        if (seen.has(name))
          throw new UsageError(`${where}: each parameter must be given once, got "${name}" twice.`);
        seen.add(name);
        const state = parts.map(
          (part) => [part, keep(zerosLike(parameter, { requiresGrad: false }))] as const,
        );
        return { name, parameter, parts: Object.fromEntries(state) as Record<Part, Tensor>, steps: 0 };
      }),
    );
  }

  /** Calls `update` for each parameter that has a gradient, its `steps` already counting this one. */
  forEachWithGrad(update: (slot: Slot<Part>, grad: Tensor, index: number) => void): void {
    noGrad(() => {
      for (const [index, slot] of this.slots.entries()) {
        // One scope per parameter: its temporaries are reused, still warm in the cache, by the next.
        scope(() => {
          const { grad } = slot.parameter;
          if (grad === null) return;
          slot.steps += 1;
          update(slot, grad, index);
        });
      }
    });
  }

  zeroGrad(): void {
    for (const { parameter } of this.slots) parameter.grad = null;
  }

  stateDict(): Map<string, Tensor> {
    const state = new Map<string, Tensor>();
    for (const { name, parts, steps } of this.slots) {
      for (const [part, value] of Object.entries<Tensor>(parts)) state.set(`${name}.${part}`, value);
      state.set(`${name}.steps`, tensor(steps, { dtype: "int64" }));
    }
    return state;
  }

  loadStateDict(state: ReadonlyMap<string, Tensor>): void {
    scope(() =>
      noGrad(() => {
        checkState(`${this.#where}.loadStateDict`, this.stateDict(), state);
        for (const slot of this.slots) {
          for (const [part, value] of Object.entries<Tensor>(slot.parts)) {
            value.copy_(state.get(`${slot.name}.${part}`) as Tensor);
          }
          slot.steps = Number(state.get(`${slot.name}.steps`)?.item());
        }
      }),
    );
  }
}

/** @throws {ConfigError} listing every number of `values` outside [low, high] */
export function checkRanges(
  where: string,
  ranges: Readonly<Record<string, readonly [value: number, low: number, high: number]>>,
): void {
  const problems = Object.entries(ranges)
    .filter(([, [value, low, high]]) => !(value >= low && value <= high))
    .map(([name, [value, low, high]]) => `${name} must lie in [${low}, ${high}], got ${value}`);
  if (problems.length > 0) throw new ConfigError(where, problems);
}
