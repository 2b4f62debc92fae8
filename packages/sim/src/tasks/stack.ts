/** Stack: put one cube on another. */
import type { Rng } from "@orrery/core";
import { distance } from "../control/vec.ts";
import { grasp, putDown } from "../operators/skills.ts";
import { drawObjects } from "../scene/draw.ts";
import { kindNamed } from "../scene/objects.ts";
import type { SceneSpec } from "../scene/scene-spec.ts";
import { type Task, type TaskSetting, closeness, hasFallen } from "./task.ts";
import { phrase } from "./wording.ts";

export const stack: Task = {
  name: "stack",
  summary: "Put one cube on top of another.",
  timeLimitSec: 30,
  setUp,
};

function setUp(rng: Rng, room: SceneSpec): TaskSetting {
  const cubes = [kindNamed("cube", room.catalogue.named)];
  const scene = drawObjects(rng, room, cubes, 2 + rng.int(2));
  const [upper, lower] = [scene.objects[0]!, scene.objects[1]!];
  return {
    scene,
    instruction: phrase(
      rng,
      ["stack the {x} on the {y}", "put the {x} on top of the {y}", "place the {x} on the {y}"],
      upper,
      lower,
    ),
    judge(view) {
      const a = view.objectPos(upper.name);
      const b = view.objectPos(lower.name);
      const planar = Math.hypot(a[0] - b[0], a[1] - b[1]);
      const resting = Math.abs(a[2] - b[2] - upper.sizeM - lower.sizeM) < 0.008;
      const nearest = Math.min(...view.spec.arms.map((_, arm) => distance(view.toolPos(arm), a)));
      const success =
        resting && planar < 0.8 * lower.sizeM && nearest > 0.06 && view.objectSpeed(upper.name) < 0.05;
      if (hasFallen(view, upper.name) || hasFallen(view, lower.name)) {
        return { reward: 0, success: false, distanceM: planar, failure: "a cube fell off the table" };
      }
      const reward = 0.3 * closeness(nearest, 0.12) + 0.4 * closeness(planar, 0.08) + (resting ? 0.2 : 0);
      return { reward: success ? 1 : reward, success, distanceM: planar };
    },
    *expert(hands) {
      const { view } = hands;
      for (let attempt = 0; attempt < 4; attempt++) {
        const arm = hands.armFor(view.objectPos(upper.name));
        if (!(yield* grasp(hands, arm, upper))) continue;
        const [x, y, z] = view.objectPos(lower.name);
        const lowered = yield* putDown(hands, arm, upper, [x, y, z + upper.sizeM + lower.sizeM]);
        if (lowered) yield* hands.retreat(arm);
        if (lowered && this.judge(view).success) return;
      }
    },
  };
}
