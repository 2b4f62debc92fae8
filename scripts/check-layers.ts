/** Fails when a package reaches up, out of itself, or round in a circle. Run by `npm run check:layers`. */
import { fileURLToPath } from "node:url";
import { checkLayers } from "./layers/check.ts";

const problems = checkLayers(fileURLToPath(new URL("..", import.meta.url)));
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.stdout.write(problems.length === 0 ? "Layers are sound.\n" : `${problems.length} layer problems.\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
