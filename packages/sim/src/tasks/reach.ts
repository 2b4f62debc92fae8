/** Reach: bring either hand to the named object and stop there. */
import type { Rng } from "@orrery/core";
import type { BodySpec } from "../bodies/body.ts";
import { type Vec3, add, distance } from "../control/vec.ts";
import { drawObjects, kindsWith } from "../scene/draw.ts";
import type { PlacedObject, SceneSpec } from "../scene/scene-spec.ts";
import type { SceneView } from "../world/scene-view.ts";
import { type Task, type TaskSetting, closeness, hasFallen } from "./task.ts";
import { phrase } from "./wording.ts";

/** How near the tool must come to the object's bounding sphere. */
const REACH_M = 0.03;

export const reach: Task = {
  name: "reach",
  summary: "Bring a hand to the named object.",
  timeLimitSec: 8,
  setUp,
};

function setUp(rng: Rng, room: SceneSpec, _spec: BodySpec): TaskSetting {
  const scene = drawObjects(rng, room, kindsWith(room, "graspable"), 1 + rng.int(4));
  const target = scene.objects[0]!;
  const shape = target.kind.shape(target.sizeM);
  const nearM = Math.max(shape.halfHeight, shape.grip / 2) + REACH_M;
  const gap = (view: SceneView): number => {
    const at = view.objectPos(target.name);
    return Math.min(...view.spec.arms.map((_, arm) => distance(view.toolPos(arm), at)));
  };
  return {
    scene,
    instruction: wording(rng, target),
    judge(view) {
      const distanceM = Math.max(0, gap(view) - nearM);
      const success = distanceM === 0;
      if (!success && hasFallen(view, target.name)) {
        return { reward: 0, success, distanceM, failure: "the object fell off the table" };
      }
      return { reward: success ? 1 : 0.9 * closeness(distanceM, 0.12), success, distanceM };
    },
    *expert(hands) {
      const { view } = hands;
      const arm = hands.armFor(view.objectPos(target.name));
      // On top of it first; what was knocked over is then touched where it lies.
      const touch = (aboveM: number): Vec3 => add(view.objectPos(target.name), [-0.01, 0, aboveM]);
      if (hands.rng.chance(0.5)) {
        yield* hands.moveTo(arm, hands.aimAt(touch(shape.halfHeight + 0.09)), { archM: 0.02 });
      }
      yield* hands.moveTo(arm, hands.aimAt(touch(shape.halfHeight + 0.02)), { archM: 0.03 });
      for (let attempt = 0; attempt < 5; attempt++) {
        yield* hands.wait(0.2);
        yield* hands.moveTo(arm, touch(0.03), { speed: 0.6 });
      }
    },
  };
}

function wording(rng: Rng, target: PlacedObject): string {
  return phrase(
    rng,
    ["reach for the {x}", "touch the {x}", "move a hand to the {x}", "put your hand on the {x}"],
    target,
  );
}
