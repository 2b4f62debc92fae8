/** Where matrix products in bfloat16 pay: processors with AMX or AVX512-BF16, and any GPU. */
import { readFileSync } from "node:fs";

export interface Precision {
  readonly usesBfloat16: boolean;
  /** Why, for the log. */
  readonly reason: string;
}

/** What to train with on `device`; a choice made for the user, so it comes with its reason. */
export function choosePrecision(device: string): Precision {
  if (device.startsWith("cuda")) return { usesBfloat16: true, reason: "bfloat16 autocast: CUDA device" };
  const flags = cpuFlags();
  for (const flag of ["amx_bf16", "avx512_bf16"]) {
    if (flags.has(flag))
      return { usesBfloat16: true, reason: `bfloat16 autocast: the processor has ${flag}` };
  }
  return { usesBfloat16: false, reason: "float32: the processor has neither amx_bf16 nor avx512_bf16" };
}

function cpuFlags(): ReadonlySet<string> {
  try {
    const line = /^flags\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? "";
    return new Set(line.trim().split(/\s+/));
  } catch {
    return new Set(); // not Linux: no harm in float32
  }
}
