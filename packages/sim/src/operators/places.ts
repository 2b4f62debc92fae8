/** Places that things are put into or onto: when a thing is there, and how an operator brings it there. */
import { distance } from "../control/vec.ts";
import type { PlacedObject, ShelfSpec } from "../scene/scene-spec.ts";
import { SHELF_HALF } from "../scene/shelf.ts";
import type { SceneView } from "../world/scene-view.ts";
import type { Hands } from "./hands.ts";
import { type Try, grasp, putDown } from "./skills.ts";

/** What is let go of is this far from every tool, m, and nearly at rest, m/s. */
const LET_GO_M = 0.07;
const AT_REST = 0.1;

/** Distance from an object to the nearest tool, m. */
export function nearestTool(view: SceneView, object: PlacedObject): number {
  const at = view.objectPos(object.name);
  return Math.min(...view.spec.arms.map((_, arm) => distance(view.toolPos(arm), at)));
}

export function isLetGo(view: SceneView, object: PlacedObject): boolean {
  return nearestTool(view, object) > LET_GO_M && view.objectSpeed(object.name) < AT_REST;
}

/** Distance in the plane between two objects, m. */
export function planarGap(view: SceneView, a: PlacedObject, b: PlacedObject): number {
  const [ax, ay] = view.objectPos(a.name);
  const [bx, by] = view.objectPos(b.name);
  return Math.hypot(ax - bx, ay - by);
}

/** True where `object` lies in the hollow of `bowl`, held or not. */
export function isInBowl(view: SceneView, object: PlacedObject, bowl: PlacedObject): boolean {
  const { halfHeight } = object.kind.shape(object.sizeM);
  const rim = view.objectPos(bowl.name)[2] + 0.36 * bowl.sizeM;
  const z = view.objectPos(object.name)[2];
  return planarGap(view, object, bowl) < 0.75 * bowl.sizeM && z < rim + halfHeight;
}

/** True where `object` is over a shelf's board and low enough to lie or stand on it. */
export function isOnShelf(view: SceneView, object: PlacedObject, shelf: ShelfSpec): boolean {
  const [x, y, z] = view.objectPos(object.name);
  const { halfHeight, footprint } = object.kind.shape(object.sizeM);
  const above = z - view.tableTop - shelf.heightM;
  return (
    Math.abs(x - shelf.pos[0]) < SHELF_HALF[0] &&
    Math.abs(y - shelf.pos[1]) < SHELF_HALF[1] &&
    above > 0 &&
    above < Math.max(halfHeight, footprint) + 0.015
  );
}

/** Grasps an object and drops it into the bowl. */
export function* bringToBowl(hands: Hands, object: PlacedObject, bowl: PlacedObject): Try {
  const { view } = hands;
  const arm = hands.armFor(view.objectPos(object.name));
  if (!(yield* grasp(hands, arm, object))) return false;
  const [x, y, z] = view.objectPos(bowl.name);
  const { halfHeight } = object.kind.shape(object.sizeM);
  const lowered = yield* putDown(hands, arm, object, [x, y, z + halfHeight + 0.02]);
  if (lowered) yield* hands.retreat(arm);
  return lowered;
}

/** Grasps an object and stands it on a shelf's board at `sideM` from the board's middle (left is positive). */
export function* bringToShelf(hands: Hands, object: PlacedObject, shelf: ShelfSpec, sideM: number): Try {
  const { view } = hands;
  const arm = hands.armFor(view.objectPos(object.name));
  if (!(yield* grasp(hands, arm, object))) return false;
  const [x, y, z] = view.commandedTool(arm).pos;
  // Up before forward: the straight way would lead through the front edge of the board.
  yield* hands.moveTo(arm, [x - 0.02, y, Math.max(z, view.tableTop + shelf.heightM + 0.1)]);
  const { halfHeight } = object.kind.shape(object.sizeM);
  const top = view.tableTop + shelf.heightM;
  const place = [shelf.pos[0] - 0.02, shelf.pos[1] + sideM, top + halfHeight] as const;
  const lowered = yield* putDown(hands, arm, object, place);
  if (lowered) yield* hands.retreat(arm);
  return lowered;
}
