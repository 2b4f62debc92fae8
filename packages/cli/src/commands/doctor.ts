/** `orrery doctor`: what was found on this machine, and how to mend what is amiss. */
import type { Command } from "commander";
import { formatBytes } from "../format.ts";
import { runs, snakeKeys } from "../run.ts";
import type { Facts } from "../doctor/facts.ts";
import type { Problem } from "../doctor/problems.ts";

export function addDoctor(program: Command): void {
  const command = program
    .command("doctor")
    .description("say what was found on this machine, and how to mend what is amiss");
  runs(command, async (_args, _options, run) => {
    const [{ gatherFacts }, { findProblems }] = await Promise.all([
      import("../doctor/facts.ts"),
      import("../doctor/problems.ts"),
    ]);
    const facts = await gatherFacts(process.cwd());
    const problems = findProblems(facts);
    for (const [name, text] of describeFacts(facts)) run.print(`${name.padEnd(13)}${text}`);
    run.print("");
    run.print(describeProblems(problems));
    const isBroken = problems.some((problem) => problem.severity === "error");
    return { result: snakeKeys({ ...facts, problems }), exitCode: isBroken ? 1 : 0 };
  });
}

function describeFacts(facts: Facts): (readonly [string, string])[] {
  const { libtorch, blas, cpu, memory, disk, codecs } = facts;
  const features = {
    AVX2: cpu.avx2,
    "AVX-512": cpu.avx512,
    "AVX-512 bf16": cpu.avx512Bf16,
    "AMX bf16": cpu.amxBf16,
  };
  return [
    ["node", `${facts.node.version}  ${facts.node.path}`],
    [
      "libtorch",
      libtorch.library ? `${libtorch.version ?? "unknown version"}  ${libtorch.library}` : "not found",
    ],
    ["BLAS", blas.library ? `${blas.kind}  ${blas.library}` : blas.kind],
    ["addon", describeTensors(facts)],
    ["processor", `${cpu.model}, ${cpu.threads} threads`],
    [
      "features",
      Object.entries(features)
        .map(([name, has]) => `${name} ${has ? "yes" : "no"}`)
        .join(", "),
    ],
    [
      "graphics",
      facts.gpus
        .map((gpu) => `${gpu.name}, ${formatBytes(gpu.memoryBytes)}, driver ${gpu.driver}`)
        .join("; ") || "none",
    ],
    ["memory", `${formatBytes(memory.freeBytes)} free of ${formatBytes(memory.totalBytes)}`],
    ["disk", `${formatBytes(disk.freeBytes)} free in ${disk.path}`],
    ["encoders", codecs.encoders.join(", ") || "none"],
    ["decoders", codecs.decoders.join(", ") || "none"],
    ["environment", describeEnvironment(facts)],
  ];
}

function describeTensors({ tensors }: Facts): string {
  if (!tensors.loads) return "does not load";
  const { version, threads, cpuCapability, float32Gflops, bfloat16Gflops } = tensors;
  const speed = `products at ${float32Gflops} GFLOP/s in float32, ${bfloat16Gflops} in bfloat16`;
  return `loads libtorch ${version}, ${threads} threads, ${cpuCapability ?? "unknown"} kernels; ${speed}`;
}

function describeEnvironment({ environment, environmentBefore }: Facts): string {
  const set = Object.entries(environment).filter(([, value]) => value !== null);
  const text = set.map(([name, value]) => `${name}=${value}`).join(" ") || "nothing set";
  return environmentBefore === null ? text : `${text}  (chosen at the start; it was ${environmentBefore})`;
}

function describeProblems(problems: readonly Problem[]): string {
  if (problems.length === 0) return "No problems found.";
  return problems.map(({ severity, what, cure }) => `${severity}: ${what}\n  cure: ${cure}`).join("\n");
}
