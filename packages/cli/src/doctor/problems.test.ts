import { expect, test } from "vitest";
import type { Facts } from "./facts.ts";
import { headerVersion } from "./libtorch.ts";
import { cpuFlags, parseGpus } from "./machine.ts";
import { findProblems } from "./problems.ts";
import { loadedBlas, type TensorsLoaded } from "./tensors.ts";

const GIB = 2 ** 30;
const TENSORS: TensorsLoaded = {
  loads: true,
  version: "1.13.0",
  threads: 2,
  cpuCapability: "AVX512",
  blasLibrary: "/usr/lib/x/openblas-pthread/libblas.so.3",
  cudaDevices: [],
  float32Gflops: 300,
  bfloat16Gflops: 700,
  missingSettings: [],
};
const HEALTHY: Facts = {
  node: { version: "20.19.0", path: "/usr/bin/node" },
  libtorch: { library: "/usr/lib/x/libtorch_cpu.so", version: "1.13.0", chosen: undefined },
  blas: { kind: "openblas", library: "/usr/lib/x/openblas-pthread/libblas.so.3" },
  tensors: TENSORS,
  cpu: { model: "made up", threads: 2, avx2: true, avx512: true, avx512Bf16: true, amxBf16: false },
  gpus: [],
  memory: { totalBytes: 8 * GIB, freeBytes: 6 * GIB },
  disk: { path: "/home", freeBytes: 50 * GIB },
  codecs: { loaded: true, encoders: ["libx264"], decoders: ["h264"], missing: [] },
  environment: {},
  environmentBefore: null,
};

test("a sound machine has no problems", () => {
  expect(findProblems(HEALTHY)).toEqual([]);
});

test.each<[string, Partial<Facts>, string, string]>([
  ["an old Node", { node: { version: "18.19.0", path: "" } }, "20.19", "nodejs.org"],
  [
    "no libtorch",
    { libtorch: { library: undefined, version: undefined, chosen: undefined } },
    "libtorch_cpu.so",
    "apt-get install libtorch-dev",
  ],
  [
    "a wrong ORRERY_LIBTORCH",
    { libtorch: { library: undefined, version: undefined, chosen: "/opt/x" } },
    "/opt/x",
    "include/ and lib/",
  ],
  [
    "the reference BLAS",
    { blas: { kind: "reference", library: "/usr/lib/x/blas/libblas.so.3" } },
    "blas",
    "openblas0",
  ],
  [
    "an addon that is not built",
    { tensors: { loads: false, reason: "x.node is missing" } },
    "x.node",
    "./orrery",
  ],
  [
    "a card that libtorch cannot use",
    { gpus: [{ name: "NVIDIA H200", memoryBytes: 1, driver: "570" }] },
    "NVIDIA H200",
    "ORRERY_LIBTORCH",
  ],
  [
    "a setting that is not in effect",
    {
      tensors: {
        ...TENSORS,
        missingSettings: [
          { name: "OPENBLAS_CORETYPE", value: "SkylakeX", reason: "250 instead of 480 GFLOP/s." },
        ],
      },
    },
    "480 GFLOP/s",
    "OPENBLAS_CORETYPE=SkylakeX",
  ],
  ["a full disk", { disk: { path: "/w", freeBytes: GIB } }, "1.0 GiB are free", "Free some space"],
  ["little memory", { memory: { totalBytes: 2 * GIB, freeBytes: GIB } }, "memory", "smaller batch"],
  [
    "a missing codec",
    { codecs: { loaded: true, encoders: [], decoders: [], missing: ["libsvtav1"] } },
    "libsvtav1",
    "node_modules",
  ],
])("%s is named, with its cure", (_name, change, what, cure) => {
  const problems = findProblems({ ...HEALTHY, ...change });
  expect(problems).toHaveLength(1);
  expect(problems[0]?.what).toContain(what);
  expect(problems[0]?.cure).toContain(cure);
});

test("processor flags, graphics cards and library versions are read from what Linux prints", () => {
  const flags = cpuFlags(
    "processor\t: 0\nflags\t\t: fpu avx2 avx512f amx_bf16\nprocessor\t: 1\nflags\t\t: fpu\n",
  );
  expect([flags.has("avx2"), flags.has("amx_bf16"), flags.has("avx")]).toEqual([true, true, false]);
  expect(parseGpus("NVIDIA H200, 143771, 570.86.15\n")).toEqual([
    { name: "NVIDIA H200", memoryBytes: 143771 * 2 ** 20, driver: "570.86.15" },
  ]);
  const maps = [
    "7f00-7f01 r-xp 00000000 08:01 12 /usr/lib/x/libc.so.6",
    "7f02-7f03 r-xp 00000000 08:01 13 /usr/lib/x/openblas-pthread/libblas.so.3",
  ];
  expect(loadedBlas(maps.join("\n"))).toBe("/usr/lib/x/openblas-pthread/libblas.so.3");
  const header =
    "#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION_MINOR 6\n#define TORCH_VERSION_PATCH 1\n";
  expect(headerVersion(header)).toBe("2.6.1");
  expect(headerVersion("nothing")).toBeUndefined();
});
