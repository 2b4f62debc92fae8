/** Hand over: take the named object with the left hand and pass it to the right one. */
import type { Rng } from "@orrery/core";
import { type Vec3, add, distance } from "../control/vec.ts";
import type { Hands } from "../operators/hands.ts";
import { grasp, isHeld } from "../operators/skills.ts";
import { clutterKinds, drawObject, drawObjects, kindsWith } from "../scene/draw.ts";
import type { ObjectKind } from "../scene/object-kind.ts";
import type { PlacedObject, SceneSpec } from "../scene/scene-spec.ts";
import { type Motion, type Task, type TaskSetting, closeness, hasFallen } from "./task.ts";
import { phrase } from "./wording.ts";

const LEFT = 0;
const RIGHT = 1;
/** The object must be this high above where it stood, and the left hand this far from it. */
const LIFT_M = 0.05;
const AWAY_M = 0.1;
/** Both hands point inwards by this much when they meet, so that the palms stay apart. */
const INWARD_RAD = 1.1;

export const handOver: Task = {
  name: "hand-over",
  summary: "Pass the named object from the left hand to the right one.",
  timeLimitSec: 30,
  minArms: 2,
  setUp,
};

function setUp(rng: Rng, room: SceneSpec): TaskSetting {
  const target = drawTarget(rng, room);
  const others = clutterKinds(room);
  const scene = drawObjects(rng, { ...room, objects: [target] }, others, rng.int(3), [
    { pos: [0.5, 0], radiusM: 0.1 },
  ]);
  const standing = room.table.topM + target.kind.shape(target.sizeM).halfHeight;
  return {
    scene,
    instruction: phrase(
      rng,
      [
        "pass the {x} from your left hand to your right hand",
        "take the {x} with the left hand and hand it to the right",
        "hand the {x} over to your right hand",
      ],
      target,
    ),
    judge(view) {
      const at = view.objectPos(target.name);
      const left = distance(view.toolPos(LEFT), at);
      const distanceM = distance(view.toolPos(RIGHT), at);
      const isUp = at[2] > standing + LIFT_M;
      const success = isUp && isHeld(view, RIGHT, target) && left > AWAY_M;
      if (hasFallen(view, target.name)) {
        return { reward: 0, success: false, distanceM, failure: "the object fell off the table" };
      }
      const reward = 0.3 * closeness(left, 0.12) + (isUp ? 0.2 + 0.4 * closeness(distanceM, 0.12) : 0);
      return { reward: success ? 1 : reward, success, distanceM };
    },
    *expert(hands) {
      for (let attempt = 0; attempt < 3; attempt++) {
        yield* pass(hands, target, standing);
        if (this.judge(hands.view).success) return;
        yield* hands.grip(RIGHT, 0);
        yield* hands.retreat(RIGHT);
      }
    },
  };
}

/** Something upright that looks and grips the same from every side, on the left of the table. */
function drawTarget(rng: Rng, room: SceneSpec): PlacedObject {
  const isUpright = (kind: ObjectKind): boolean => {
    const { symmetry, halfHeight } = kind.shape(kind.sizeM[0]);
    return symmetry === 0 && halfHeight > 0.035 && kind.traits.includes("graspable");
  };
  const known = kindsWith(room, "graspable").filter(isUpright);
  return drawObject(rng, {
    name: "object_0",
    kinds: known.length > 0 ? known : room.catalogue.named.filter(isUpright),
    pairs: room.catalogue.pairs,
    among: [],
    area: { x: [0.5, 0.66], y: [0.08, 0.28] },
  })!;
}

/** Left hand takes it and holds it out in the middle; right hand takes it from the other side, a little higher. */
function* pass(hands: Hands, target: PlacedObject, standing: number): Motion {
  const { view, rng } = hands;
  if (!isHeld(view, LEFT, target) && !(yield* grasp(hands, LEFT, target))) return;
  const meet: Vec3 = [rng.uniform(0.46, 0.52), rng.uniform(-0.02, 0.04), standing + rng.uniform(0.14, 0.18)];
  yield* hands.moveTo(LEFT, meet, { twistRad: -INWARD_RAD, archM: 0.03 });
  yield* hands.wait(0.2);
  if (!isHeld(view, LEFT, target)) return;
  const { halfHeight } = target.kind.shape(target.sizeM);
  const hold = (): Vec3 => add(view.objectPos(target.name), [0, 0, Math.min(0.02, 0.4 * halfHeight)]);
  const twist = { twistRad: INWARD_RAD };
  yield* hands.grip(RIGHT, 0);
  yield* hands.moveTo(RIGHT, add(hold(), [-0.03, -0.1, 0.1]), twist);
  yield* hands.moveTo(RIGHT, add(hold(), [0, 0, 0.08]), twist);
  yield* hands.moveTo(RIGHT, hold(), { ...twist, speed: 0.6 });
  yield* hands.grip(RIGHT, 1);
  yield* hands.wait(0.3);
  yield* hands.grip(LEFT, 0);
  yield* hands.wait(0.1);
  // Out to the left where the fingers are open along the way, then up and away.
  yield* hands.moveTo(LEFT, add(view.commandedTool(LEFT).pos, [-0.03, 0.06, 0.12]), {
    twistRad: -INWARD_RAD,
    speed: 0.8,
  });
  yield* hands.retreat(LEFT);
}
