/**
 * Builds the native addon: plain g++ over native/*.cc, no node-gyp, skipped when nothing changed.
 *
 * Run by `node --import tsx packages/torch/scripts/build.ts [--force]`. ORRERY_LIBTORCH points at a libtorch root (with include/
 * and lib/, as in the official zip or inside a pip-installed torch); without it Debian's libtorch-dev is used.
 */
import { buildAddon } from "../src/build/addon.ts";

const result = await buildAddon({ force: process.argv.includes("--force") });
console.log(
  result.built
    ? `built ${result.output} for libtorch ${result.libtorch.version} in ${result.seconds.toFixed(1)} s`
    : `${result.output} is current (libtorch ${result.libtorch.version})`,
);
