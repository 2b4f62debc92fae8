/**
 * Modules: objects whose fields hold the weights. A field counts when it is a tensor marked by `parameter` or `buffer`,
 * another module, or an array or plain object of these; its name is its path, as in "blocks.0.attn.out.weight". What a
 * module only borrows, such as a frozen tokenizer, belongs in a private #field, which no walk sees.
 */
import { UsageError } from "@orrery/core";
import { noGrad } from "../autograd.ts";
import { isFloatingPoint, type DType } from "../dtype.ts";
import * as ops from "../generated/ops.ts";
import { keep, scope } from "../memory.ts";
import { Tensor, type Device } from "../tensor.ts";

type Kind = "parameter" | "buffer" | "table";

const kinds = new WeakMap<Tensor, Kind>();

/** Marks `value` as trainable: scopes leave it alone, it collects gradients, and it is saved with its module. */
export function parameter(value: Tensor): Tensor {
  const leaf = value.detach();
  leaf.requiresGrad = true;
  return mark(leaf, "parameter");
}

/** Marks `value` as part of its module's saved state that is not trained, such as running statistics. */
export function buffer(value: Tensor): Tensor {
  return mark(value.detach(), "buffer");
}

/** Marks `value` as a constant that follows its module to another device and is not saved, as it can be recomputed. */
export function table(value: Tensor): Tensor {
  return mark(value.detach(), "table");
}

/** Maps one tensor to one of the same shape. */
export interface Layer {
  forward(x: Tensor): Tensor;
}

export abstract class Module {
  /** Whether layers that differ between training and use, such as masking, are in training. See `train`. */
  isTraining = true;

  /** Each parameter once, with the path of its first occurrence. */
  namedParameters(): [string, Tensor][] {
    return this.#named(["parameter"]);
  }

  parameters(): Tensor[] {
    return this.namedParameters().map(([, tensor]) => tensor);
  }

  namedBuffers(): [string, Tensor][] {
    return this.#named(["buffer"]);
  }

  /** This module and all below it, parents first. */
  modules(): Module[] {
    const found = new Set<Module>();
    walk(this, "", { module: (module) => found.add(module), tensor: () => {} }, new Set());
    return [...found];
  }

  /** Trainable numbers, shared ones counted once. */
  numParameters(): number {
    return this.parameters().reduce((sum, p) => sum + p.numel, 0);
  }

  /** Parameters and buffers by name: the live tensors, not copies. */
  stateDict(): Map<string, Tensor> {
    return new Map(this.#named(["parameter", "buffer"]));
  }

  /**
   * Copies values into the parameters and buffers, converting dtype and device. Nothing changes if anything is wrong.
   * @throws {UsageError} if names are missing or unknown, or shapes differ; all three are counted in the message
   */
  loadStateDict(state: ReadonlyMap<string, Tensor>): void {
    const own = this.stateDict();
    checkState("loadStateDict", own, state);
    scope(() =>
      noGrad(() => {
        for (const [name, tensor] of own) tensor.copy_(state.get(name) as Tensor);
      }),
    );
  }

  /** Moves the weights; optimisers keep pointing at them, their own state does not move. */
  to(target: { readonly device?: Device; readonly dtype?: DType }): this {
    scope(() =>
      noGrad(() => {
        for (const [, tensor] of this.#named(["parameter", "buffer", "table"])) {
          const dtype = isFloatingPoint(tensor.dtype) ? target.dtype : undefined;
          // set_data keeps the tensor itself, so whoever refers to it sees the new memory.
          ops.setData(tensor, tensor.to({ ...target, dtype }));
        }
      }),
    );
    return this;
  }

  /** Sets `isTraining` here and below. */
  train(isTraining = true): this {
    for (const module of this.modules()) module.isTraining = isTraining;
    return this;
  }

  eval(): this {
    return this.train(false);
  }

  /** Whether the parameters collect gradients; `setTrainable(false)` freezes a part of a larger model. */
  setTrainable(isTrainable: boolean): this {
    for (const p of this.parameters()) p.requiresGrad = isTrainable;
    return this;
  }

  /** Forgets all gradients and frees their memory. */
  zeroGrad(): void {
    for (const p of this.parameters()) p.grad = null;
  }

  /** Frees the weights; the module must not be used afterwards. */
  free(): void {
    for (const [, tensor] of this.#named(["parameter", "buffer", "table"])) tensor.free();
  }

  #named(wanted: readonly Kind[]): [string, Tensor][] {
    const found: [string, Tensor][] = [];
    const tensor = (path: string, value: Tensor): void => {
      const kind = kinds.get(value);
      if (kind !== undefined && wanted.includes(kind)) found.push([path, value]);
    };
    walk(this, "", { module: () => {}, tensor }, new Set());
    return found;
  }
}

/**
 * Says in one message all that keeps `found` from being loaded into `own`.
 * @throws {UsageError} with the counts and the first name of each kind of problem
 */
export function checkState(
  where: string,
  own: ReadonlyMap<string, Tensor>,
  found: ReadonlyMap<string, Tensor>,
): void {
  const missing = [...own.keys()].filter((name) => !found.has(name));
  const unknown = [...found.keys()].filter((name) => !own.has(name));
  const misshapen = [...own].filter(([name, tensor]) => {
    const other = found.get(name);
    return other !== undefined && other.shape.join() !== tensor.shape.join();
  });
  const problems: string[] = [];
  if (missing.length > 0) {
    problems.push(`${missing.length} of ${own.size} tensors are missing, first "${missing[0]}"`);
  }
  if (unknown.length > 0) problems.push(`${unknown.length} are unknown, first "${unknown[0]}"`);
  const [first] = misshapen;
  if (first !== undefined) {
    const [name, tensor] = first;
    problems.push(
      `${misshapen.length} have another shape, first "${name}" with [${found.get(name)?.shape.join(", ")}] ` +
        `where [${tensor.shape.join(", ")}] is needed`,
    );
  }
  if (problems.length === 0) return;
  throw new UsageError(`${where}: ${problems.join("; ")}. Was it saved with another configuration?`);
}

interface Visitor {
  module(module: Module): void;
  tensor(path: string, tensor: Tensor): void;
}

/** Depth first in the order of the fields; each module and tensor is met once, so tied weights have one name. */
function walk(value: unknown, path: string, visitor: Visitor, seen: Set<object>): void {
  if (typeof value !== "object" || value === null || seen.has(value)) return;
  if (value instanceof Tensor) {
    seen.add(value);
    visitor.tensor(path, value);
    return;
  }
  const isContainer = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
  if (!(value instanceof Module) && !isContainer) return;
  seen.add(value);
  if (value instanceof Module) visitor.module(value);
  for (const [name, child] of Object.entries(value)) {
    walk(child, path === "" ? name : `${path}.${name}`, visitor, seen);
  }
}

function mark(tensor: Tensor, kind: Kind): Tensor {
  kinds.set(tensor, kind);
  return keep(tensor);
}
