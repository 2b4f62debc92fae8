/**
 * Where maps are centred: a soft argmax over their cells.
 *
 * Source: Levine et al. 2016, arXiv:1504.00702. Shapes: B pictures, M maps, h w cells, N = h w, row by row.
 */
import { cat, fromTyped, type Tensor } from "@orrery/torch";

/** How sharp a map may be: factor on normalised scores before the softmax. */
const SHARPNESS = 2;

/** Middles of the cells, each [N]: from -1 at the left and upper edge of the picture to 1 at the right and lower one. */
export function cellMiddles(
  rows: number,
  columns: number,
): { readonly x: Float32Array; readonly y: Float32Array } {
  const length = rows * columns;
  const middle = (at: number, of: number): number => (2 * at + 1) / of - 1;
  return {
    x: Float32Array.from({ length }, (_, i) => middle(i % columns, columns)),
    y: Float32Array.from({ length }, (_, i) => middle(Math.floor(i / columns), rows)),
  };
}

/** Columns and rows, each [...], of the centres of maps [..., N] whose cells sum to 1; see `cellMiddles`. */
export function centresOf(maps: Tensor, rows: number, columns: number): readonly [x: Tensor, y: Tensor] {
  const { x, y } = cellMiddles(rows, columns);
  // Sums of products, not a matrix product, which autocast would round to where a pixel is lost.
  const centre = (at: Float32Array): Tensor =>
    maps.mul(fromTyped(at, [at.length], { device: maps.device })).sum(-1);
  return [centre(x), centre(y)];
}

/** Where each of the maps with normalised scores [B, M, N] is centred, and how sharp it is: [B, 3 M]. */
export function readPlaces(scores: Tensor, rows: number, columns: number): Tensor {
  const map = scores.mul(SHARPNESS).softmax(2);
  const [x, y] = centresOf(map, rows, columns);
  return cat([x.mul(2), y.mul(2), map.square().sum(2)], 1);
}
