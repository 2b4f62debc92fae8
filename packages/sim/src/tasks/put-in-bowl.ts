/** Put in bowl: pick the named object up and leave it in the bowl. */
import type { Rng } from "@orrery/core";
import type { Vec3 } from "../control/vec.ts";
import { grasp, putDown } from "../operators/skills.ts";
import { drawObject, drawObjects, kindsWith } from "../scene/draw.ts";
import { OBJECT_KINDS } from "../scene/objects.ts";
import type { SceneSpec } from "../scene/scene-spec.ts";
import { type Task, type TaskSetting, closeness, hasFallen } from "./task.ts";
import { phrase } from "./wording.ts";

export const putInBowl: Task = {
  name: "put-in-bowl",
  summary: "Put the named object into the bowl.",
  timeLimitSec: 25,
  setUp,
};

function setUp(rng: Rng, room: SceneSpec): TaskSetting {
  const small = kindsWith(room, "graspable", "small");
  const bowl = drawObject(rng, {
    name: "bowl",
    kinds: OBJECT_KINDS.filter((kind) => kind.name === "bowl"),
    pairs: room.catalogue.pairs,
    among: [],
    area: { x: [0.54, 0.66], y: [-0.2, 0.2] },
  })!;
  const withBowl = { ...room, objects: [bowl] };
  const withTarget = drawObjects(rng, withBowl, small, 1);
  const scene = drawObjects(rng, withTarget, kindsWith(room, "graspable"), rng.int(3));
  const target = scene.objects[1]!;
  const shape = target.kind.shape(target.sizeM);
  return {
    scene,
    instruction: phrase(
      rng,
      ["put the {x} in the {y}", "place the {x} into the {y}", "drop the {x} in the {y}"],
      target,
      bowl,
    ),
    judge(view) {
      const at = view.objectPos(target.name);
      const into = view.objectPos(bowl.name);
      const planar = Math.hypot(at[0] - into[0], at[1] - into[1]);
      const nearest = Math.min(...view.spec.arms.map((_, arm) => gap(view.toolPos(arm), at)));
      const inside = planar < 0.75 * bowl.sizeM && at[2] < into[2] + 0.36 * bowl.sizeM + shape.halfHeight;
      const success = inside && nearest > 0.07 && view.objectSpeed(target.name) < 0.1;
      const fallen = hasFallen(view, target.name) || hasFallen(view, bowl.name);
      if (fallen)
        return { reward: 0, success: false, distanceM: planar, failure: "something fell off the table" };
      const reward = success ? 1 : 0.3 * closeness(nearest, 0.12) + 0.5 * closeness(planar, 0.12);
      return { reward: inside && !success ? 0.9 : reward, success, distanceM: planar };
    },
    *expert(hands) {
      const { view } = hands;
      for (let attempt = 0; attempt < 4; attempt++) {
        const arm = hands.armFor(view.objectPos(target.name));
        if (!(yield* grasp(hands, arm, target))) continue;
        const [x, y, z] = view.objectPos(bowl.name);
        const lowered = yield* putDown(hands, arm, target, [x, y, z + shape.halfHeight + 0.02]);
        if (lowered) yield* hands.retreat(arm);
        if (lowered && this.judge(view).success) return;
      }
    },
  };
}

function gap(a: Vec3, b: Vec3): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}
