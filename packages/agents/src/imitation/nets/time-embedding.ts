/** Where a flow stands, as sines and cosines that a network can read. */
import { cat, fromTyped, type Tensor } from "@orrery/torch";

/** Periods of tau in [0, 1] from a hair to several times the whole way, as in pi0 (Black et al. 2024, arXiv:2410.24164). */
const SHORTEST = 4e-3;
const LONGEST = 4;

/** tau [..] gives [.., width]; the width must be even. */
export function timeEmbedding(tau: Tensor, width: number): Tensor {
  const half = width / 2;
  const rates = Float32Array.from({ length: half }, (_, i) => {
    const share = half === 1 ? 0 : i / (half - 1);
    return (2 * Math.PI) / (SHORTEST * (LONGEST / SHORTEST) ** share);
  });
  const angle = tau.unsqueeze(-1).mul(fromTyped(rates, [half], { device: tau.device }));
  return cat([angle.sin(), angle.cos()], -1);
}
