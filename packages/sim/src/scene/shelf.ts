/** An open shelf: a board across two side walls, low enough to be reached from above. */
import type { Look } from "../render/scene.ts";
import { el } from "./mjcf.ts";
import type { ShelfSpec, TableSpec } from "./scene-spec.ts";

/** Half sizes of the board: depth (towards the robot), width. */
export const SHELF_HALF = [0.09, 0.2] as const;
const BOARD = 0.008;

export function shelfBoard(
  { name, pos, heightM, look }: ShelfSpec,
  table: TableSpec,
  looks: Map<string, Look>,
): string {
  const [depth, width] = SHELF_HALF;
  const box = (part: string, size: readonly number[], at: readonly number[]): string => {
    looks.set(`${name}_${part}`, look);
    return el("geom", { name: `${name}_${part}`, class: "env", type: "box", size, pos: at });
  };
  const wall = (heightM - 2 * BOARD) / 2;
  return el(
    "body",
    { name, pos: [pos[0], pos[1], table.topM] },
    box("board", [depth, width, BOARD], [0, 0, heightM - BOARD]),
    box("side_l", [depth, BOARD, wall], [0, width - BOARD, wall]),
    box("side_r", [depth, BOARD, wall], [0, BOARD - width, wall]),
  );
}
