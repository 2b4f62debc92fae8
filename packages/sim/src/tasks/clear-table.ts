/** Clear the table: small things into the bowl, the others onto the shelf. Long, and made of two other tasks. */
import type { Rng } from "@orrery/core";
import { bringToBowl, bringToShelf, isInBowl, isLetGo, isOnShelf } from "../operators/places.ts";
import { drawObject, drawObjects, kindsWith } from "../scene/draw.ts";
import { drawShelf } from "../scene/draw-furniture.ts";
import { shelfDiscs } from "../scene/furniture.ts";
import { type ObjectKind, kindNamed } from "../scene/objects.ts";
import type { PlacedObject, SceneSpec } from "../scene/scene-spec.ts";
import type { SceneView } from "../world/scene-view.ts";
import { type Task, type TaskSetting, hasFallen } from "./task.ts";
import { phrase } from "./wording.ts";

/** Places on the shelf's board, from its middle, m. */
const SHELF_SPOTS = [0.1, -0.1] as const;

export const clearTable: Task = {
  name: "clear-table",
  summary: "Put every loose thing into the bowl or onto the shelf.",
  timeLimitSec: 90,
  setUp,
};

function setUp(rng: Rng, room: SceneSpec): TaskSetting {
  const shelf = drawShelf(rng);
  const bowl = drawObject(rng, {
    name: "bowl",
    kinds: [kindNamed("bowl", room.catalogue.named)],
    pairs: room.catalogue.pairs,
    among: [],
    area: { x: [0.52, 0.56], y: [-0.24, 0.24] },
  })!;
  const clear = shelfDiscs(shelf);
  const rolls = (kind: ObjectKind): boolean => kind.traits.includes("rolls");
  const fruit = kindsWith(room, "graspable", "small").filter(rolls);
  const firm = kindsWith(room, "graspable").filter((kind) => !rolls(kind));
  const set = { ...room, shelves: [shelf], objects: [bowl] };
  const withFruit = drawObjects(
    rng,
    set,
    fruit.length > 0 ? fruit : kindsWith(room, "graspable", "small"),
    1,
    clear,
  );
  const scene = drawObjects(rng, withFruit, firm, 1 + rng.int(2), clear);
  const [, fruitObject, ...others] = scene.objects;
  const toShelf = others;
  const isCleared = (view: SceneView, object: PlacedObject): boolean =>
    isInBowl(view, object, bowl) || isOnShelf(view, object, shelf);
  const loose = fruitObject ? [fruitObject, ...toShelf] : toShelf;
  return {
    scene,
    instruction: phrase(rng, ["clear the table", "tidy up the table", "put everything away"]),
    judge(view) {
      const done = loose.filter((object) => isCleared(view, object)).length;
      const left = loose.length - done;
      const fallen = [...loose, bowl].find((object) => hasFallen(view, object.name));
      const distanceM = loose
        .filter((object) => !isCleared(view, object))
        .reduce((sum, object) => sum + Math.hypot(...gapTo(view, object, bowl)), 0);
      if (fallen) return { reward: 0, success: false, distanceM, failure: "something fell off the table" };
      const success = left === 0 && loose.every((object) => isLetGo(view, object));
      return { reward: success ? 1 : (0.95 * done) / loose.length, success, distanceM };
    },
    *expert(hands) {
      const { view } = hands;
      for (let round = 0; round < 3; round++) {
        if (fruitObject && !isInBowl(view, fruitObject, bowl)) yield* bringToBowl(hands, fruitObject, bowl);
        for (const [i, object] of toShelf.entries()) {
          if (!isOnShelf(view, object, shelf)) yield* bringToShelf(hands, object, shelf, SHELF_SPOTS[i % 2]!);
        }
        if (this.judge(view).success) return;
      }
    },
  };
}

function gapTo(view: SceneView, object: PlacedObject, bowl: PlacedObject): readonly [number, number] {
  const [x, y] = view.objectPos(object.name);
  const [toX, toY] = view.objectPos(bowl.name);
  return [x - toX, y - toY];
}
