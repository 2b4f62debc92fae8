/** The machine as Node and Linux describe it: processor, memory, disk, graphics. */
import { execFile } from "node:child_process";
import { existsSync, readFileSync, statfsSync } from "node:fs";
import { availableParallelism, cpus, freemem, totalmem } from "node:os";
import { promisify } from "node:util";

export interface CpuFacts {
  readonly model: string;
  /** Threads this process may use; a container's quota counts. */
  readonly threads: number;
  readonly avx2: boolean;
  readonly avx512: boolean;
  /** Products of bfloat16 in AVX-512 registers. */
  readonly avx512Bf16: boolean;
  /** Products of bfloat16 in AMX tiles: several times faster again. */
  readonly amxBf16: boolean;
}

export interface MemoryFacts {
  readonly totalBytes: number;
  readonly freeBytes: number;
}

export interface DiskFacts {
  readonly path: string;
  readonly freeBytes: number;
}

export interface GpuFacts {
  readonly name: string;
  readonly memoryBytes: number;
  readonly driver: string;
}

export function cpuFacts(): CpuFacts {
  const flags = cpuFlags(existsSync("/proc/cpuinfo") ? readFileSync("/proc/cpuinfo", "utf8") : "");
  return {
    model: cpus()[0]?.model ?? "unknown",
    threads: availableParallelism(),
    avx2: flags.has("avx2"),
    avx512: flags.has("avx512f"),
    avx512Bf16: flags.has("avx512_bf16"),
    amxBf16: flags.has("amx_bf16"),
  };
}

/** Features of the first processor in the text of /proc/cpuinfo. */
export function cpuFlags(cpuinfo: string): ReadonlySet<string> {
  const line = /^flags\s*:\s*(.*)$/m.exec(cpuinfo);
  return new Set((line?.[1] ?? "").split(/\s+/));
}

export function memoryFacts(): MemoryFacts {
  // A container may be held below what the machine has; 0 means no limit.
  const limit = process.constrainedMemory();
  const totalBytes = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  return { totalBytes, freeBytes: Math.min(totalBytes, availableMemory()) };
}

/** What new work can have, caches that the kernel would give back included; `freemem` leaves those out. */
function availableMemory(): number {
  if (!existsSync("/proc/meminfo")) return freemem();
  const match = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync("/proc/meminfo", "utf8"));
  return match ? Number(match[1]) * 1024 : freemem();
}

export function diskFacts(path: string): DiskFacts {
  const { bavail, bsize } = statfsSync(path);
  return { path, freeBytes: bavail * bsize };
}

/** NVIDIA cards by the driver's own tool; an empty list where there is no driver. */
export async function gpuFacts(): Promise<readonly GpuFacts[]> {
  const query = ["--query-gpu=name,memory.total,driver_version", "--format=csv,noheader,nounits"];
  try {
    const { stdout } = await promisify(execFile)("nvidia-smi", query, { timeout: 10_000 });
    return parseGpus(stdout);
  } catch {
    // No such tool, or a driver without a card: either way nothing to compute on.
    return [];
  }
}

/** Lines of "NVIDIA H200, 143771, 570.86.15"; memory in MiB. */
export function parseGpus(csv: string): GpuFacts[] {
  return csv
    .split("\n")
    .map((line) => line.split(",").map((cell) => cell.trim()))
    .filter((cells) => cells.length === 3)
    .map(([name = "", mib = "0", driver = ""]) => ({ name, memoryBytes: Number(mib) * 2 ** 20, driver }));
}
