/**
 * Coloured noise over time: neighbouring steps alike, so that a sampled motion goes somewhere instead of trembling.
 *
 * Source: power-law noise after Timmer and König 1995, used for sampling by iCEM (Pinneri et al. 2020,
 * arXiv:2008.06389). Departure: instead of a Fourier transform per sample, white noise is multiplied by one [H, H]
 * matrix, which for the horizons of planning is cheaper and gives unit variance at every step exactly.
 */
import { fromTyped, randn, type Generator, type Tensor } from "@orrery/torch";

/**
 * The matrix M for which `white [..., H] @ M` has a spectral power of 1 / f^colour; [H, H].
 *
 * @param colour 0 white, 1 pink, 2 red; larger is smoother
 */
export function colourMatrix(horizon: number, colour: number): Tensor {
  const H = horizon;
  const matrix = new Float32Array(H * H);
  const power = new Float64Array(H); // variance at each step
  for (let row = 0; row < H; row++) {
    // Row k of the orthonormal real Fourier basis has frequency f; the mean (f = 0) counts as the lowest above it.
    const f = Math.ceil(row / 2);
    const amplitude = Math.max(1, f) ** (-colour / 2);
    for (let t = 0; t < H; t++) {
      const value = amplitude * fourier(row, t, H);
      matrix[row * H + t] = value;
      power[t] = (power[t] ?? 0) + value * value;
    }
  }
  for (let i = 0; i < matrix.length; i++) matrix[i] = (matrix[i] ?? 0) / Math.sqrt(power[i % H] ?? 1);
  return fromTyped(matrix, [H, H]);
}

/** Element t of row `row` of the orthonormal real Fourier basis of length H. */
function fourier(row: number, t: number, H: number): number {
  if (row === 0) return Math.sqrt(1 / H);
  const f = Math.ceil(row / 2);
  const angle = (2 * Math.PI * f * t) / H;
  // For even H the highest frequency has a cosine only.
  if (2 * f === H) return Math.sqrt(1 / H) * Math.cos(angle);
  return Math.sqrt(2 / H) * (row % 2 === 1 ? Math.cos(angle) : Math.sin(angle));
}

/** Noise of unit variance, [S, H, A], coloured along H by `matrix` of `colourMatrix`; white where it is null. */
export function actionNoise(
  [S, H, A]: readonly [number, number, number],
  matrix: Tensor | null,
  generator: Generator,
): Tensor {
  if (matrix === null) return randn([S, H, A], { generator });
  return randn([S, A, H], { generator }).matmul(matrix).transpose(1, 2).contiguous();
}
