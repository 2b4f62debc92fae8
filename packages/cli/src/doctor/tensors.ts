/** What libtorch says and does once loaded: whether the addon works, and how fast a product is here. */
import { readFileSync } from "node:fs";
import { messageOf } from "@orrery/core";
import type { RecommendedSetting, Tensor } from "@orrery/torch";

export type TensorFacts = TensorsLoaded | TensorsMissing;

export interface TensorsLoaded {
  readonly loads: true;
  readonly version: string;
  readonly threads: number;
  /** Vector instructions that ATen's own kernels use: "AVX512". */
  readonly cpuCapability: string | undefined;
  /** The BLAS that this process has in fact loaded. */
  readonly blasLibrary: string | undefined;
  readonly cudaDevices: readonly string[];
  /** Measured products of 1024 x 1024 matrices. */
  readonly float32Gflops: number;
  readonly bfloat16Gflops: number;
  /** Environment variables that would make it faster and are not in effect. */
  readonly missingSettings: readonly RecommendedSetting[];
}

export interface TensorsMissing {
  readonly loads: false;
  readonly reason: string;
}

export async function tensorFacts(): Promise<TensorFacts> {
  try {
    const torch = await import("@orrery/torch");
    const measure = (dtype: "float32" | "bfloat16"): number =>
      torch.scope(() => measureProduct(torch.ones([SIZE, SIZE], { dtype })));
    return {
      loads: true,
      version: torch.torchVersion(),
      threads: torch.getNumThreads(),
      cpuCapability: /CPU capability usage: (\S+)/.exec(torch.buildConfig())?.[1],
      blasLibrary: loadedBlas(readFileSync("/proc/self/maps", "utf8")),
      cudaDevices: torch.cudaDeviceNames(),
      float32Gflops: measure("float32"),
      bfloat16Gflops: measure("bfloat16"),
      missingSettings: torch.missingSettings(),
    };
  } catch (error) {
    return { loads: false, reason: messageOf(error) };
  }
}

const SIZE = 1024;
const REPEATS = 3;

/** GFLOP/s of the fastest of a few products; the first one warms up. */
function measureProduct(matrix: Tensor): number {
  let fastestMs = Infinity;
  for (let i = 0; i <= REPEATS; i++) {
    const began = performance.now();
    matrix.matmul(matrix);
    if (i > 0) fastestMs = Math.min(fastestMs, performance.now() - began);
  }
  return Math.round((2 * SIZE ** 3) / fastestMs / 1e6);
}

/** The BLAS among the files of /proc/self/maps. */
export function loadedBlas(maps: string): string | undefined {
  const paths = maps.split("\n").map((line) => line.slice(line.indexOf("/")));
  return paths.find((path) => /\/lib(openblas|blas|mkl_rt|mkl_core)[^/]*\.so/.test(path));
}
