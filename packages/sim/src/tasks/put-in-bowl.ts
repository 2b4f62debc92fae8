/** Put in bowl: pick the named object up and leave it in the bowl. */
import type { Rng } from "@orrery/core";
import { bringToBowl, isInBowl, isLetGo, nearestTool, planarGap } from "../operators/places.ts";
import { clutterKinds, drawObject, drawObjects, kindsWith } from "../scene/draw.ts";
import { kindNamed } from "../scene/objects.ts";
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
    kinds: [kindNamed("bowl", room.catalogue.named)],
    pairs: room.catalogue.pairs,
    among: [],
    area: { x: [0.54, 0.66], y: [-0.2, 0.2] },
  })!;
  const withBowl = { ...room, objects: [bowl] };
  const withTarget = drawObjects(rng, withBowl, small, 1);
  const scene = drawObjects(rng, withTarget, clutterKinds(room), rng.int(3));
  const target = scene.objects[1]!;
  return {
    scene,
    instruction: phrase(
      rng,
      ["put the {x} in the {y}", "place the {x} into the {y}", "drop the {x} in the {y}"],
      target,
      bowl,
    ),
    judge(view) {
      const planar = planarGap(view, target, bowl);
      const inside = isInBowl(view, target, bowl);
      const success = inside && isLetGo(view, target);
      const fallen = hasFallen(view, target.name) || hasFallen(view, bowl.name);
      if (fallen)
        return { reward: 0, success: false, distanceM: planar, failure: "something fell off the table" };
      const near = closeness(nearestTool(view, target), 0.12);
      const reward = success ? 1 : 0.3 * near + 0.5 * closeness(planar, 0.12);
      return { reward: inside && !success ? 0.9 : reward, success, distanceM: planar };
    },
    *expert(hands) {
      for (let attempt = 0; attempt < 4; attempt++) {
        const lowered = yield* bringToBowl(hands, target, bowl);
        if (lowered && this.judge(hands.view).success) return;
      }
    },
  };
}
