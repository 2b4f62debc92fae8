/** Take from shelf: bring the named object from the shelf down to the table. */
import type { Rng } from "@orrery/core";
import { isLetGo, isOnShelf, nearestTool } from "../operators/places.ts";
import { grasp, putDown } from "../operators/skills.ts";
import { clutterKinds, drawObject, drawObjects, drawPlace, footprintOf, kindsWith } from "../scene/draw.ts";
import { drawShelf } from "../scene/draw-furniture.ts";
import { shelfDiscs } from "../scene/furniture.ts";
import type { PlacedObject, SceneSpec, ShelfSpec } from "../scene/scene-spec.ts";
import { type Task, type TaskSetting, closeness, hasFallen } from "./task.ts";
import { phrase } from "./wording.ts";

export const takeFromShelf: Task = {
  name: "take-from-shelf",
  summary: "Take the named object from the shelf and put it on the table.",
  timeLimitSec: 30,
  setUp,
};

function setUp(rng: Rng, room: SceneSpec): TaskSetting {
  const shelf = drawShelf(rng);
  const target = drawOnShelf(rng, room, shelf);
  const scene = drawObjects(
    rng,
    { ...room, shelves: [shelf], objects: [target] },
    clutterKinds(room),
    rng.int(3),
    shelfDiscs(shelf),
  );
  const { halfHeight, footprint } = target.kind.shape(target.sizeM);
  const others = scene.objects.slice(1);
  // A free place in front of the shelf, near where the object stands.
  const [placeX, placeY] = drawPlace(rng, footprint, {
    among: [...others, ...shelfDiscs(shelf)],
    area: { x: [0.5, 0.6], y: [target.pos[1] - 0.15, target.pos[1] + 0.15] },
  }) ?? [0.54, target.pos[1]];
  return {
    scene,
    instruction: phrase(
      rng,
      [
        "take the {x} from the shelf",
        "bring the {x} down from the shelf",
        "get the {x} off the shelf onto the table",
      ],
      target,
    ),
    judge(view) {
      const z = view.objectPos(target.name)[2];
      const aboveTable = Math.max(0, z - view.tableTop - Math.max(halfHeight, footprint) - 0.015);
      const distanceM = isOnShelf(view, target, shelf) ? shelf.heightM : aboveTable;
      const success = distanceM === 0 && isLetGo(view, target);
      if (hasFallen(view, target.name)) {
        return { reward: 0, success: false, distanceM, failure: "the object fell off the table" };
      }
      const near = closeness(nearestTool(view, target), 0.12);
      return { reward: success ? 1 : 0.3 * near + 0.5 * closeness(distanceM, 0.1), success, distanceM };
    },
    *expert(hands) {
      const { view } = hands;
      for (let attempt = 0; attempt < 4; attempt++) {
        const arm = hands.armFor(view.objectPos(target.name));
        if (!(yield* grasp(hands, arm, target))) continue;
        const [x, y, z] = view.commandedTool(arm).pos;
        yield* hands.moveTo(arm, [Math.min(x, 0.58), y, z + 0.02]); // clear of the board before going down
        const lowered = yield* putDown(hands, arm, target, [placeX, placeY, view.tableTop + halfHeight]);
        if (lowered) yield* hands.retreat(arm);
        if (lowered && this.judge(view).success) return;
      }
    },
  };
}

function drawOnShelf(rng: Rng, room: SceneSpec, shelf: ShelfSpec): PlacedObject {
  const kinds = kindsWith(room, "graspable").filter((kind) => !kind.traits.includes("rolls"));
  const target = drawObject(rng, {
    name: "object_0",
    kinds,
    pairs: room.catalogue.pairs,
    among: [],
    area: {
      x: [shelf.pos[0] - 0.035, shelf.pos[0] - 0.01],
      y: [shelf.pos[1] - 0.12, shelf.pos[1] + 0.12],
    },
  })!;
  // Long things lie along the board, so that nothing hangs over its edge.
  const turned = footprintOf(target) > 0.06 ? rng.uniform(1.2, 1.9) : target.yawRad;
  return { ...target, yawRad: turned, raisedM: shelf.heightM };
}
