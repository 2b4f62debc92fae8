/** The ground that furniture and spills take up on the table, and the ways of the hands to them. */
import type { Disc } from "./draw.ts";
import type { SceneSpec, ShelfSpec } from "./scene-spec.ts";
import { SHELF_HALF } from "./shelf.ts";

/** Discs that nothing else should be put on. */
export function furnitureDiscs({ drawers, cabinets, shelves, spills }: SceneSpec): Disc[] {
  const ways = [...drawers, ...cabinets].flatMap(({ pos: [x, y] }) =>
    [0, 0.16, 0.32].map((out): Disc => ({ pos: [x - out, y], radiusM: 0.17 })),
  );
  return [
    ...ways,
    ...shelves.flatMap(shelfDiscs),
    ...spills.map(({ pos, radiusM }) => ({ pos, radiusM: radiusM + 0.05 })),
  ];
}

/** Under a shelf's board, along its width. */
export function shelfDiscs({ pos: [x, y] }: ShelfSpec): Disc[] {
  return [-1, 0, 1].map((side): Disc => ({
    pos: [x, y + side * (SHELF_HALF[1] - 0.08)],
    radiusM: SHELF_HALF[0] + 0.03,
  }));
}
