/**
 * Gradients beyond `tensor.backward()`, and the modes that change how operations are recorded and computed.
 */
import { UsageError } from "@orrery/core";
import { dtypeCode, type DType } from "./dtype.ts";
import { native } from "./native.ts";
import { handleOf, wrap, type Tensor } from "./tensor/class.ts";

/** Runs `fn` without recording operations for `backward`. */
export function noGrad<T>(fn: () => T): T {
  return withGradMode(false, fn);
}

/** Runs `fn` with recording on, also inside `noGrad`. */
export function enableGrad<T>(fn: () => T): T {
  return withGradMode(true, fn);
}

/** Whether operations are being recorded. */
export function isGradEnabled(): boolean {
  return native.isGradEnabled();
}

function withGradMode<T>(enabled: boolean, fn: () => T): T {
  const before = native.setGradEnabled(enabled);
  try {
    return refusePromise(fn(), "noGrad and enableGrad");
  } finally {
    native.setGradEnabled(before);
  }
}

export interface GradOptions {
  /** One per output, of its shape; null (the default) for a scalar output. */
  readonly gradients?: readonly (Tensor | null)[];
  /** Keeps the graph for a further backward pass. */
  readonly retainGraph?: boolean;
  /** Records the backward pass itself, for second derivatives. */
  readonly createGraph?: boolean;
}

/**
 * Gradients of the sum of `outputs` with respect to `inputs`, without touching any `grad`.
 *
 * @returns one per input, of its shape
 * @throws {TorchError} if an input was not used to make the outputs; `gradsOrNull` gives null there
 */
export function grads(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  options: GradOptions = {},
): Tensor[] {
  return callGrads(outputs, inputs, options, false).map((handle) => wrap(handle ?? 0));
}

/** Like `grads`, with null for inputs that the outputs do not depend on. */
export function gradsOrNull(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  options: GradOptions = {},
): (Tensor | null)[] {
  return callGrads(outputs, inputs, options, true).map((handle) =>
    handle === undefined ? null : wrap(handle),
  );
}

function callGrads(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  options: GradOptions,
  allowUnused: boolean,
): (number | undefined)[] {
  const createGraph = options.createGraph ?? false;
  const gradients = options.gradients ?? outputs.map(() => null);
  if (gradients.length !== outputs.length) {
    throw new UsageError(
      `grads: there must be one gradient per output, got ${gradients.length} for ${outputs.length}.`,
    );
  }
  return native.grads(
    outputs.map((t) => t.handle),
    inputs.map((t) => t.handle),
    gradients.map((t) => handleOf(t) ?? null),
    options.retainGraph ?? createGraph,
    createGraph,
    allowUnused,
  );
}

export interface AutocastOptions {
  readonly device?: "cpu" | "cuda";
  /** What products are computed in; sums, norms and losses stay float32. */
  readonly dtype?: "bfloat16" | "float16";
  /** False runs `fn` in full precision, also inside another autocast. */
  readonly enabled?: boolean;
}

/**
 * Runs `fn` with matrix products in a 16-bit type. Weights are cast once and reused until the outermost autocast ends, so an optimiser
 * step belongs outside. Call `backward` outside as well: it uses the types of the forward pass.
 */
export function autocast<T>(options: AutocastOptions, fn: () => T): T {
  const device = options.device ?? "cpu";
  const dtype: DType = options.dtype ?? "bfloat16";
  const before = native.enterAutocast(device, dtypeCode(dtype), options.enabled ?? true);
  try {
    return refusePromise(fn(), "autocast");
  } finally {
    native.exitAutocast(device, before);
  }
}

/** These modes belong to the thread: across an `await` they would leak into whatever else runs. */
function refusePromise<T>(result: T, where: string): T {
  if (result instanceof Promise) {
    throw new UsageError(
      `${where}: fn must not be async, since other code would run in its mode. Await outside.`,
    );
  }
  return result;
}
