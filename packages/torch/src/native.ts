/**
 * Loads the native addon and types its functions. Nothing outside this package sees it.
 *
 * Tensors and generators cross this border as integer handles; 0 means freed.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { OrreryError, messageOf } from "@orrery/core";
import { addonPath } from "./build/addon.ts";
import { TorchError } from "./errors.ts";

/** One operator as libtorch describes it. */
export interface OperatorSchema {
  readonly name: string; // "aten::add"
  readonly overload: string; // "Tensor", or "" for the plain one
  readonly schema: string;
  readonly arguments: readonly ArgumentSchema[];
  readonly results: readonly ArgumentSchema[];
}

export interface ArgumentSchema {
  readonly name: string;
  readonly type: string; // in schema language: "Tensor?", "int[]", "ScalarType"
  readonly writes: boolean; // in-place and out= arguments
  readonly hasDefault: boolean;
  readonly length: number; // of int[2] and the like, else 0
}

type Handle = number;
type View = NodeJS.ArrayBufferView;

export interface Native {
  setErrorClass(errorClass: new (message: string) => Error): void;
  bind(names: readonly string[]): number;
  call(index: number, ...args: readonly unknown[]): unknown;
  listOperators(namespace: string): OperatorSchema[];
  findOperator(name: string, overload: string): OperatorSchema | undefined;

  backward(
    outputs: readonly Handle[],
    gradients: readonly (Handle | null)[],
    retainGraph: boolean,
    createGraph: boolean,
    inputs: readonly Handle[],
  ): void;
  grads(
    outputs: readonly Handle[],
    inputs: readonly Handle[],
    gradients: readonly (Handle | null)[],
    retainGraph: boolean,
    createGraph: boolean,
    allowUnused: boolean,
  ): (Handle | undefined)[];
  requiresGrad(handle: Handle): boolean;
  setRequiresGrad(handle: Handle, value: boolean): void;
  isLeaf(handle: Handle): boolean;
  gradFnName(handle: Handle): string | undefined;
  grad(handle: Handle): Handle | undefined;
  setGrad(handle: Handle, grad: Handle | null): void;
  setGradEnabled(enabled: boolean): boolean;
  isGradEnabled(): boolean;
  enterAutocast(device: string, dtype: number, enabled: boolean): number[];
  exitAutocast(device: string, before: readonly number[]): void;

  fromBytes(bytes: View, shape: readonly number[], dtype: number, share: boolean): Handle;
  copyOut(handle: Handle, array: View, dtype: number): void;
  free(handle: Handle): void;
  freeMany(handles: Int32Array, count: number): void;
  shape(handle: Handle): number[];
  strides(handle: Handle): number[];
  size(handle: Handle, dim: number): number;
  rank(handle: Handle): number;
  numel(handle: Handle): number;
  isContiguous(handle: Handle): boolean;
  isDefined(handle: Handle): boolean;
  dtype(handle: Handle): number;
  device(handle: Handle): string;
  dataPointer(handle: Handle): bigint;
  liveTensorCount(): number;
  liveTensorBytes(): number;

  version(): string;
  buildConfig(): string;
  getNumThreads(): number;
  setNumThreads(count: number): void;
  getNumInteropThreads(): number;
  setNumInteropThreads(count: number): void;
  manualSeed(seed: number): void;
  makeGenerator(device: string): Handle;
  defaultGenerator(device: string): Handle;
  freeGenerator(handle: Handle): void;
  seedGenerator(handle: Handle, seed: number): void;
  generatorSeed(handle: Handle): number;
  generatorState(handle: Handle): Handle;
  setGeneratorState(handle: Handle, state: Handle): void;
  cudaDeviceCount(): number;
}

function load(): Native {
  if (!existsSync(addonPath)) {
    throw new OrreryError(
      `@orrery/torch: the native addon is not built (${addonPath} is missing). Run ./orrery doctor, or ` +
        `node --import tsx packages/torch/scripts/build.ts.`,
    );
  }
  let addon: Native;
  try {
    addon = createRequire(import.meta.url)(addonPath) as Native;
  } catch (cause) {
    throw new OrreryError(
      `@orrery/torch: loading ${addonPath} failed: ${messageOf(cause)}. Is the libtorch that it was built with still there? ` +
        `Rebuild with node --import tsx packages/torch/scripts/build.ts --force.`,
      { cause },
    );
  }
  addon.setErrorClass(TorchError);
  // Left alone, Debian's libtorch starts with a single thread.
  addon.setNumThreads(Number(process.env.OMP_NUM_THREADS) || availableParallelism());
  return addon;
}

export const native: Native = load();
