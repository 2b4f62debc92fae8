/**
 * Writes src/generated/ops.ts from the operator schemas of the installed libtorch.
 *
 * Run by `node --import tsx packages/torch/scripts/generate.ts` after installing another libtorch that the bindings should follow.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeFileAtomic } from "@orrery/core/node";
import { generateOperators } from "../src/codegen/operators.ts";
import { native } from "../src/native.ts";

const target = join(fileURLToPath(import.meta.url), "../../src/generated/ops.ts");
const { source, numBound, numSkipped } = generateOperators(native.listOperators("aten"), native.version());
writeFileAtomic(target, source);
console.log(`${target}: ${numBound} operators bound, ${numSkipped} skipped`);
