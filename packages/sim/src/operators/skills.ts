/** Moves that several tasks are made of: grasp, carry, put down. */
import { type Vec3, add, distance, rotate } from "../control/vec.ts";
import type { PlacedObject } from "../scene/scene-spec.ts";
import type { SceneView } from "../world/scene-view.ts";
import type { Hands } from "./hands.ts";

/** Moves that end with a verdict. */
export type Try = Generator<void, boolean, void>;

/**
 * Takes an object from the table: over it, down around it, close, and a short lift to see whether it came along.
 * Tries again when it slipped or was missed.
 * @returns whether it is in the hand
 */
export function* grasp(hands: Hands, arm: number, object: PlacedObject, attempts = 4): Try {
  const { view } = hands;
  for (let attempt = 0; attempt < attempts; attempt++) {
    // A hand that goes wrong does so on the first try or the second; nobody misses for ever.
    const aim = (point: Vec3): Vec3 => (attempt < 2 ? hands.aimAt(point) : point);
    if (view.gripperCommand(arm) > 0) yield* hands.grip(arm, 0);
    const grip = gripPoint(view, object);
    const twistRad = gripTwist(hands, arm, object);
    yield* hands.moveTo(arm, add(grip, [-0.02, 0, heightOf(object) + 0.05]), { twistRad, archM: 0.02 });
    const low = aim(gripPoint(view, object));
    yield* hands.moveTo(arm, [low[0], low[1], gripPoint(view, object)[2]], { twistRad, speed: 0.7 });
    yield* hands.grip(arm, 1);
    yield* hands.wait(0.2);
    yield* hands.moveTo(arm, add(view.commandedTool(arm).pos, [0, 0, 0.06]), { twistRad, speed: 0.8 });
    if (isHeld(view, arm, object)) return true;
  }
  return false;
}

/** Lowers what is held until it stands at `place` (middle of the object, world), lets go and backs off upward. */
export function* putDown(hands: Hands, arm: number, object: PlacedObject, place: Vec3): Try {
  const { view } = hands;
  const over = (aboveM: number): Vec3 => {
    // Steer the object, not the hand: it sits in the fingers as it was taken.
    const tool = view.commandedTool(arm).pos;
    const at = view.objectPos(object.name);
    return [place[0] + tool[0] - at[0], place[1] + tool[1] - at[1], place[2] + tool[2] - at[2] + aboveM];
  };
  yield* hands.moveTo(arm, over(0.07), { archM: 0.03 });
  if (!isHeld(view, arm, object)) return false;
  yield* hands.moveTo(arm, over(0.07), { speed: 0.5 });
  yield* hands.moveTo(arm, over(0.004), { speed: 0.5 });
  yield* hands.wait(0.1);
  yield* hands.grip(arm, 0);
  yield* hands.moveTo(arm, add(view.commandedTool(arm).pos, [-0.01, 0, 0.1]), { speed: 0.8 });
  return true;
}

/** True while the object is between the fingers and they are not shut. */
export function isHeld(view: SceneView, arm: number, object: PlacedObject): boolean {
  const reach = 0.05 + heightOf(object) / 2;
  return distance(view.toolPos(arm), view.objectPos(object.name)) < reach && view.gripperOpening(arm) > 0.05;
}

/** Where the tool should be to hold the object: its middle, or as low as the fingers may go. */
function gripPoint(view: SceneView, object: PlacedObject): Vec3 {
  const at = view.objectPos(object.name);
  return [at[0], at[1], Math.max(at[2], view.supportBelow(at) + view.spec.toolClearanceM)];
}

/** The turn of the hand that brings the fingers to the object's flat sides, nearest to how the arm points. */
function gripTwist(hands: Hands, arm: number, object: PlacedObject): number {
  const natural = hands.naturalTwist(arm, hands.view.objectPos(object.name));
  const { symmetry } = object.kind.shape(object.sizeM);
  if (symmetry === 0) return natural;
  const [x, y] = rotate(hands.view.objectQuat(object.name), [1, 0, 0]);
  const step = (2 * Math.PI) / symmetry;
  const yawRad = Math.atan2(y, x) - hands.view.base[2];
  return yawRad + step * Math.round((natural - yawRad) / step);
}

function heightOf(object: PlacedObject): number {
  return 2 * object.kind.shape(object.sizeM).halfHeight;
}
