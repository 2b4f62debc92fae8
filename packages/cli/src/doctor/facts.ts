/** Everything `doctor` looks at, gathered in one object that can be printed, sent as JSON, or made up in tests. */
import { codecFacts, type CodecFacts } from "./codecs.ts";
import { blasFacts, libtorchFacts, type BlasFacts, type LibtorchFacts } from "./libtorch.ts";
import { cpuFacts, diskFacts, gpuFacts, memoryFacts } from "./machine.ts";
import { tensorFacts, type TensorFacts } from "./tensors.ts";
import type { CpuFacts, DiskFacts, GpuFacts, MemoryFacts } from "./machine.ts";

export interface Facts {
  readonly node: { readonly version: string; readonly path: string };
  readonly libtorch: LibtorchFacts;
  readonly blas: BlasFacts;
  readonly tensors: TensorFacts;
  readonly cpu: CpuFacts;
  readonly gpus: readonly GpuFacts[];
  readonly memory: MemoryFacts;
  readonly disk: DiskFacts;
  readonly codecs: CodecFacts;
  /** Variables in effect that change how tensors are computed; null where unset. */
  readonly environment: Readonly<Record<string, string | null>>;
  /** What the start script found in place of its own choice, as it reports it; null where it chose nothing. */
  readonly environmentBefore: string | null;
}

const VARIABLES = [
  "ORRERY_LIBTORCH",
  "ORRERY_KEEP_ENV",
  "OPENBLAS_CORETYPE",
  "ATEN_CPU_CAPABILITY",
  "OMP_WAIT_POLICY",
  "GLIBC_TUNABLES",
  "OMP_NUM_THREADS",
  "CUDA_VISIBLE_DEVICES",
];

/** @param folder where recordings and runs will go: its disk is the one that counts */
export async function gatherFacts(folder: string): Promise<Facts> {
  const chosen = process.env["ORRERY_LIBTORCH"] || undefined;
  const [gpus, codecs, tensors] = await Promise.all([gpuFacts(), codecFacts(), tensorFacts()]);
  return {
    node: { version: process.versions.node, path: process.execPath },
    libtorch: libtorchFacts(chosen),
    blas: blasFacts(chosen),
    tensors,
    cpu: cpuFacts(),
    gpus,
    memory: memoryFacts(),
    disk: diskFacts(folder),
    codecs,
    environment: Object.fromEntries(VARIABLES.map((name) => [name, process.env[name] ?? null])),
    environmentBefore: process.env["ORRERY_ENV_WAS"] ?? null,
  };
}
