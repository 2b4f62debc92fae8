/** Prints the training step beside Python's: `node --import tsx packages/models/bench/main.ts`. */
import { benchStep, formatStep } from "./index.ts";

console.log(formatStep(await benchStep({ onProgress: (text) => console.error(text) })));
