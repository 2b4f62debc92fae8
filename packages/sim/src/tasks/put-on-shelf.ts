/** Put on shelf: take the named object from the table and stand it on the shelf. */
import type { Rng } from "@orrery/core";
import { bringToShelf, isLetGo, isOnShelf, nearestTool } from "../operators/places.ts";
import { drawObjects, kindsWith } from "../scene/draw.ts";
import { drawShelf } from "../scene/draw-furniture.ts";
import { shelfDiscs } from "../scene/furniture.ts";
import type { SceneSpec } from "../scene/scene-spec.ts";
import { type Task, type TaskSetting, closeness, hasFallen } from "./task.ts";
import { phrase } from "./wording.ts";

export const putOnShelf: Task = {
  name: "put-on-shelf",
  summary: "Put the named object on the shelf.",
  timeLimitSec: 30,
  setUp,
};

function setUp(rng: Rng, room: SceneSpec): TaskSetting {
  const shelf = drawShelf(rng);
  const kinds = kindsWith(room, "graspable").filter((kind) => !kind.traits.includes("rolls"));
  const scene = drawObjects(rng, { ...room, shelves: [shelf] }, kinds, 1 + rng.int(3), shelfDiscs(shelf));
  const target = scene.objects[0]!;
  const { halfHeight } = target.kind.shape(target.sizeM);
  return {
    scene,
    instruction: phrase(
      rng,
      ["put the {x} on the shelf", "place the {x} onto the shelf", "move the {x} up to the shelf"],
      target,
    ),
    judge(view) {
      const [x, y, z] = view.objectPos(target.name);
      const rise = view.tableTop + shelf.heightM + halfHeight - z;
      const distanceM = Math.hypot(x - shelf.pos[0], Math.max(0, Math.abs(y - shelf.pos[1]) - 0.15), rise);
      const success = isOnShelf(view, target, shelf) && isLetGo(view, target);
      if (hasFallen(view, target.name)) {
        return { reward: 0, success: false, distanceM, failure: "the object fell off the table" };
      }
      const reward = 0.3 * closeness(nearestTool(view, target), 0.12) + 0.5 * closeness(distanceM, 0.15);
      return { reward: success ? 1 : reward, success, distanceM };
    },
    *expert(hands) {
      for (let attempt = 0; attempt < 4; attempt++) {
        // Where the hand already is, sideways: nobody carries things across the shelf.
        const y = hands.view.objectPos(target.name)[1] - shelf.pos[1];
        const side = Math.max(-0.13, Math.min(0.13, y + hands.rng.uniform(-0.04, 0.04)));
        const lowered = yield* bringToShelf(hands, target, shelf, side);
        if (lowered && this.judge(hands.view).success) return;
      }
    },
  };
}
