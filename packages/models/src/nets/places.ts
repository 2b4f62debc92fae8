/**
 * Where maps are centred: a soft argmax over their cells.
 *
 * Source: Levine et al. 2016, arXiv:1504.00702. Shapes: h w cells, N = h w.
 */
import { fromTyped, type Tensor } from "@orrery/torch";

/**
 * Columns and rows, each [...], of the centres of maps [..., N] whose cells sum to 1: from -1 at the left and upper edge
 * of the picture to 1 at the right and lower one.
 */
export function centresOf(maps: Tensor, rows: number, columns: number): readonly [x: Tensor, y: Tensor] {
  const N = rows * columns;
  const middle = (at: number, of: number): number => (2 * at + 1) / of - 1;
  const x = Float32Array.from({ length: N }, (_, i) => middle(i % columns, columns));
  const y = Float32Array.from({ length: N }, (_, i) => middle(Math.floor(i / columns), rows));
  // Sums of products, not a matrix product, which autocast would round to where a pixel is lost.
  const centre = (at: Float32Array): Tensor => maps.mul(fromTyped(at, [N], { device: maps.device })).sum(-1);
  return [centre(x), centre(y)];
}
