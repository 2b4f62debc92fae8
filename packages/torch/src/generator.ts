/**
 * Random number generators: the global one through `manualSeed`, and separate ones to pass to random operations, so that two parts of
 * a program draw from streams that do not disturb each other.
 */
import { native } from "./native.ts";
import { Tensor, type Device } from "./tensor/class.ts";

const collector = new FinalizationRegistry<number>((handle) => native.freeGenerator(handle));

/** Seeds the global generators of all devices. */
export function manualSeed(seed: number): void {
  native.manualSeed(seed);
}

/** A stream of random numbers: the same seed gives the same numbers on the same libtorch and device. */
export class Generator {
  /** Index into the addon's table. Internal. */
  readonly handle: number;

  /** @param seed a whole number from 0 to 2^53 - 1 */
  constructor(seed: number, device: Device = "cpu") {
    this.handle = native.makeGenerator(device);
    collector.register(this, this.handle);
    native.seedGenerator(this.handle, seed);
  }

  /** The seed that was last set. */
  get seed(): number {
    return native.generatorSeed(this.handle);
  }

  set seed(seed: number) {
    native.seedGenerator(this.handle, seed);
  }

  /** Where the stream stands; put back by `setState` it continues with the same numbers. About 5 kB on the CPU. */
  getState(): Uint8Array {
    return readState(this.handle);
  }

  setState(state: Uint8Array): void {
    writeState(this.handle, state);
  }
}

/** The state of the device's global generator. */
export function getRngState(device: Device = "cpu"): Uint8Array {
  return withDefault(device, readState);
}

/** Puts back what `getRngState` gave. */
export function setRngState(state: Uint8Array, device: Device = "cpu"): void {
  withDefault(device, (handle) => writeState(handle, state));
}

function withDefault<T>(device: Device, use: (handle: number) => T): T {
  const handle = native.defaultGenerator(device);
  try {
    return use(handle);
  } finally {
    native.freeGenerator(handle);
  }
}

function readState(handle: number): Uint8Array {
  const state = new Tensor(native.generatorState(handle));
  const bytes = new Uint8Array(state.numel);
  native.copyOut(state.handle, bytes, native.dtype(state.handle));
  state.free();
  return bytes;
}

function writeState(handle: number, bytes: Uint8Array): void {
  const state = new Tensor(native.fromBytes(bytes, [bytes.length], 0, false));
  native.setGeneratorState(handle, state.handle);
  state.free();
}

/** The handle of an optional generator argument. Internal. */
export function generatorHandle(generator: Generator | null | undefined): number | undefined {
  return generator?.handle;
}
