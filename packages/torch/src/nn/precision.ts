/** Which type matrix products are best computed in on this machine. */
import { readFileSync } from "node:fs";
import type { Device } from "../tensor.ts";

let cpuFlags: ReadonlySet<string> | undefined;

/**
 * bfloat16 where the device multiplies it in hardware: any CUDA device, or a CPU with AMX or AVX512-BF16. Elsewhere
 * float32, because a CPU that emulates bfloat16 is many times slower with it. For `autocast` and `Muon`.
 */
export function preferredProductDtype(device: Device = "cpu"): "bfloat16" | "float32" {
  if (device.startsWith("cuda")) return "bfloat16";
  cpuFlags ??= readCpuFlags();
  return cpuFlags.has("amx_bf16") || cpuFlags.has("avx512_bf16") ? "bfloat16" : "float32";
}

function readCpuFlags(): ReadonlySet<string> {
  try {
    const line = /^flags\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? "";
    return new Set(line.trim().split(/\s+/));
  } catch {
    return new Set(); // not Linux: float32 is right everywhere, if not the fastest
  }
}
