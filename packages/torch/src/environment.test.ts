import { expect, test } from "vitest";
import { missingSettings, readCpuFlags, recommendedEnv } from "./index.ts";

test("AVX-512 kernels are asked for only where the processor has them all", () => {
  const full = new Set(["avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512cd", "avx2"]);
  expect(recommendedEnv(full).OPENBLAS_CORETYPE).toBe("SkylakeX");
  expect(recommendedEnv(full).ATEN_CPU_CAPABILITY).toBe("avx512");
  full.delete("avx512vl"); // Knights Landing: SkylakeX kernels would crash
  expect(Object.keys(recommendedEnv(full))).toEqual(["OMP_WAIT_POLICY", "GLIBC_TUNABLES"]);
});

test("settings count as present when they stand, also among other tunables", () => {
  const env = {
    ...recommendedEnv(readCpuFlags()),
    GLIBC_TUNABLES: "glibc.malloc.arena_max=2:glibc.malloc.hugetlb=1",
  };
  expect(missingSettings(env)).toEqual([]);
  expect(missingSettings({}).map(({ name }) => name)).toContain("OMP_WAIT_POLICY");
});
