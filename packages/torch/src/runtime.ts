/**
 * The library underneath: threads, devices, versions, and the environment it runs best in.
 */
import { execFileSync } from "node:child_process";
import { native } from "./native.ts";

/** Threads that one operation may use. */
export function getNumThreads(): number {
  return native.getNumThreads();
}

/** Sets the threads that one operation may use; at load it is the number of cores, or OMP_NUM_THREADS. */
export function setNumThreads(count: number): void {
  native.setNumThreads(count);
}

/** Threads for independent operations side by side. */
export function getNumInteropThreads(): number {
  return native.getNumInteropThreads();
}

/** Can be set once, before the first parallel work. */
export function setNumInteropThreads(count: number): void {
  native.setNumInteropThreads(count);
}

/** For example "1.13.0". */
export function torchVersion(): string {
  return native.version();
}

/** libtorch's own account of its build: BLAS, oneDNN, OpenMP, CPU capability. */
export function buildConfig(): string {
  return native.buildConfig();
}

/** CUDA devices that this libtorch can use; 0 where it was built without CUDA. */
export function cudaDeviceCount(): number {
  return native.cudaDeviceCount();
}

export function isCudaAvailable(): boolean {
  return native.cudaDeviceCount() > 0;
}

/** The devices' names in order, as the driver's own tool gives them; empty strings where it is missing. */
export function cudaDeviceNames(): string[] {
  const count = cudaDeviceCount();
  if (count === 0) return [];
  let names: string[] = [];
  try {
    const output = execFileSync("nvidia-smi", ["--query-gpu=name", "--format=csv,noheader"], {
      encoding: "utf8",
    });
    names = output.trim().split("\n");
  } catch {
    // The names are only for people to read; without the tool the count still stands.
  }
  return Array.from({ length: count }, (_, i) => names[i] ?? "");
}
