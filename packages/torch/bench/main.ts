/** Prints the comparison with Python: `node --import tsx packages/torch/bench/main.ts`. */
import { benchTorch, formatComparison } from "./index.ts";

const result = await benchTorch({ onProgress: (text) => console.error(text) });
console.log(formatComparison(result));
console.log(`ratio ${result.ratio?.toFixed(2) ?? "-"} (above 1: faster than Python)`);
