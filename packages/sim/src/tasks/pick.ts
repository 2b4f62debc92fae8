/** Pick: lift the named object off the table. */
import { distance } from "../control/vec.ts";
import type { Rng } from "@orrery/core";
import { grasp } from "../operators/skills.ts";
import { drawObjects, kindsWith } from "../scene/draw.ts";
import type { SceneSpec } from "../scene/scene-spec.ts";
import { type Task, type TaskSetting, closeness, hasFallen } from "./task.ts";
import { phrase } from "./wording.ts";

/** How far above where it stood the object must be. */
const LIFT_M = 0.08;

export const pick: Task = {
  name: "pick",
  summary: "Lift the named object off the table.",
  timeLimitSec: 20,
  setUp,
};

function setUp(rng: Rng, room: SceneSpec): TaskSetting {
  const scene = drawObjects(rng, room, kindsWith(room, "graspable"), 1 + rng.int(4));
  const target = scene.objects[0]!;
  const standing = room.table.topM + target.kind.shape(target.sizeM).halfHeight;
  return {
    scene,
    instruction: phrase(
      rng,
      ["pick up the {x}", "lift the {x}", "take the {x}", "grab the {x} and lift it"],
      target,
    ),
    judge(view) {
      const at = view.objectPos(target.name);
      const nearest = Math.min(...view.spec.arms.map((_, arm) => distance(view.toolPos(arm), at)));
      const distanceM = Math.max(0, standing + LIFT_M - at[2]);
      const success = distanceM === 0 && nearest < 0.12;
      if (hasFallen(view, target.name)) {
        return { reward: 0, success: false, distanceM, failure: "the object fell off the table" };
      }
      // Half for the hand being there, half for the height.
      const progress = Math.min(1, Math.max(0, 1 - distanceM / LIFT_M));
      return { reward: success ? 1 : 0.4 * closeness(nearest, 0.12) + 0.5 * progress, success, distanceM };
    },
    *expert(hands) {
      const { view } = hands;
      for (let attempt = 0; attempt < 3; attempt++) {
        const arm = hands.armFor(view.objectPos(target.name));
        if (attempt > 0) yield* hands.retreat(1 - arm);
        if (!(yield* grasp(hands, arm, target))) continue;
        const [x, y] = view.commandedTool(arm).pos;
        yield* hands.moveTo(arm, [x, y, standing + hands.rng.uniform(0.13, 0.2)]);
        yield* hands.wait(1);
      }
    },
  };
}
