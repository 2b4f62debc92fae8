/** From facts to complaints: what stands in the way, what it costs, and how to mend it. */
import { formatBytes } from "../format.ts";
import type { Facts } from "./facts.ts";

export interface Problem {
  /** An error stops some command from working; a warning costs speed or will bite later. */
  readonly severity: "error" | "warning";
  readonly what: string;
  readonly cure: string;
}

/** The demo writes about 1 GB, a run of an hour a few more. */
const DISK_WANTED_BYTES = 4 * 2 ** 30;
/** `tiny` trains within 4 GiB, its cache of decoded frames included. */
const MEMORY_WANTED_BYTES = 4 * 2 ** 30;

export function findProblems(facts: Facts): Problem[] {
  return [
    ...nodeProblems(facts),
    ...libtorchProblems(facts),
    ...addonProblems(facts),
    ...gpuProblems(facts),
    ...blasProblems(facts),
    ...kernelProblems(facts),
    ...roomProblems(facts),
    ...codecProblems(facts),
  ];
}

function nodeProblems({ node }: Facts): Problem[] {
  const [major = 0, minor = 0] = node.version.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return [];
  return [
    error(
      `Node.js 20.19 or newer is needed, this is ${node.version}.`,
      "Install a newer one from https://nodejs.org.",
    ),
  ];
}

function libtorchProblems({ libtorch }: Facts): Problem[] {
  if (libtorch.library !== undefined && libtorch.version !== undefined) return [];
  const where = libtorch.chosen === undefined ? "under /usr" : `in ORRERY_LIBTORCH (${libtorch.chosen})`;
  const lacks = libtorch.library === undefined ? "lib/libtorch_cpu.so" : "the headers (include/torch)";
  const cure =
    libtorch.chosen === undefined
      ? "Run: sudo apt-get install libtorch-dev (or set ORRERY_LIBTORCH to another libtorch)."
      : "Point ORRERY_LIBTORCH at the folder that holds include/ and lib/, such as torch/ of a pip install.";
  return [error(`No complete libtorch was found ${where}: ${lacks} is missing. Training needs it.`, cure)];
}

function addonProblems({ libtorch, tensors }: Facts): Problem[] {
  // Without libtorch the addon cannot load; that has been said already.
  if (tensors.loads || libtorch.library === undefined) return [];
  return [
    error(
      `The native addon does not load, so nothing can be trained: ${tensors.reason}`,
      "Start any ./orrery command: it builds the addon; .orrery/setup.log says why it could not.",
    ),
  ];
}

function gpuProblems({ gpus, tensors }: Facts): Problem[] {
  if (gpus.length === 0 || !tensors.loads || tensors.cudaDevices.length > 0) return [];
  return [
    warning(
      `There is a graphics card (${gpus[0]?.name}), but this libtorch (${tensors.version}) cannot use it.`,
      "Set ORRERY_LIBTORCH to a libtorch built for CUDA, such as torch/ of a pip install, and start again.",
    ),
  ];
}

function blasProblems({ blas }: Facts): Problem[] {
  if (blas.kind === "openblas" || blas.kind === "bundled") return [];
  const found = blas.library === undefined ? "no libblas.so.3" : blas.library;
  return [
    warning(
      `The BLAS is not OpenBLAS (${found}): float32 products run tens of times slower than they could.`,
      "Run: sudo apt-get install libopenblas0-pthread",
    ),
  ];
}

function kernelProblems({ cpu, tensors }: Facts): Problem[] {
  const missing = tensors.loads ? tensors.missingSettings : [];
  const settings = missing.map(({ name, value, reason }) =>
    warning(
      `${name} is not set to ${value}. ${reason}`,
      `Start through ./orrery without ORRERY_KEEP_ENV, or set ${name}=${value}.`,
    ),
  );
  if (cpu.avx2) return settings;
  return [
    warning("The processor has no AVX2: tensor work will be slow.", "Use a newer machine for training."),
    ...settings,
  ];
}

function roomProblems({ disk, memory }: Facts): Problem[] {
  const problems: Problem[] = [];
  if (disk.freeBytes < DISK_WANTED_BYTES) {
    problems.push(
      warning(
        `${formatBytes(disk.freeBytes)} are free on the disk of ${disk.path}, ${formatBytes(DISK_WANTED_BYTES)} are wanted.`,
        "Free some space, or work in a folder on another disk.",
      ),
    );
  }
  if (memory.freeBytes < MEMORY_WANTED_BYTES) {
    problems.push(
      warning(
        `${formatBytes(memory.freeBytes)} of memory are free, ${formatBytes(MEMORY_WANTED_BYTES)} are wanted for training.`,
        "Close other programs, or train with a smaller batch.",
      ),
    );
  }
  return problems;
}

function codecProblems({ codecs }: Facts): Problem[] {
  if (!codecs.loaded) {
    return [
      error("The video libraries (npm package node-av) do not load.", "Delete node_modules and start again."),
    ];
  }
  if (codecs.missing.length === 0) return [];
  return [
    warning(
      `These video codecs are missing: ${codecs.missing.join(", ")}. Recordings that use them cannot be read or written.`,
      "Delete node_modules and start again; if it stays, this platform's node-av lacks them.",
    ),
  ];
}

function error(what: string, cure: string): Problem {
  return { severity: "error", what, cure };
}

function warning(what: string, cure: string): Problem {
  return { severity: "warning", what, cure };
}
