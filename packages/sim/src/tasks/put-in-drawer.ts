/** Put in drawer: drop the named object into the open drawer. */
import type { Rng } from "@orrery/core";
import { isLetGo, nearestTool } from "../operators/places.ts";
import { grasp, isHeld } from "../operators/skills.ts";
import { clutterKinds, drawObjects, kindsWith } from "../scene/draw.ts";
import { CHEST_HALF, FRONT_OUT_M, HANDLE_OUT_M } from "../scene/drawer.ts";
import { DRAWER, drawDrawer } from "../scene/draw-furniture.ts";
import { furnitureDiscs } from "../scene/furniture.ts";
import type { PlacedObject, SceneSpec } from "../scene/scene-spec.ts";
import type { SceneView } from "../world/scene-view.ts";
import type { Hands } from "../operators/hands.ts";
import { type Motion, type Task, type TaskSetting, closeness, hasFallen } from "./task.ts";
import { phrase } from "./wording.ts";

/** Inner half width of the tray, and how high above the table things in it may reach. */
const TRAY_HALF_M = 0.115;
const IN_TRAY_M = 0.1;
/** Top of the drawer's front above the table. */
const RIM_M = 2 * CHEST_HALF[2];

export const putInDrawer: Task = {
  name: "put-in-drawer",
  summary: "Put the named object into the open drawer.",
  timeLimitSec: 30,
  setUp,
};

function setUp(rng: Rng, room: SceneSpec): TaskSetting {
  const drawer = drawDrawer(rng, rng.uniform(0.135, 0.15));
  const withChest = { ...room, drawers: [drawer] };
  const small = kindsWith(room, "graspable", "small");
  const clear = furnitureDiscs(withChest).slice(0, 2); // the chest and its tray; in front of them there is room
  const first = drawObjects(rng, withChest, small, 1, clear);
  const scene = drawObjects(rng, first, clutterKinds(room), rng.int(3), clear);
  const target = scene.objects[0]!;
  return {
    scene,
    instruction: phrase(
      rng,
      ["put the {x} in the drawer", "place the {x} into the drawer", "drop the {x} in the open drawer"],
      target,
    ),
    judge(view) {
      const [x, y, z] = view.objectPos(target.name);
      const [holeX, holeY] = holeOf(view);
      const distanceM = Math.hypot(x - holeX, y - holeY);
      const success = isInTray(view, target) && isLetGo(view, target);
      if (hasFallen(view, target.name)) {
        return { reward: 0, success: false, distanceM, failure: "the object fell off the table" };
      }
      const near = closeness(nearestTool(view, target), 0.12);
      const reward = 0.3 * near + 0.4 * closeness(distanceM, 0.12) + (z < view.tableTop + RIM_M ? 0 : 0.1);
      return { reward: success ? 1 : reward, success, distanceM };
    },
    *expert(hands) {
      for (let attempt = 0; attempt < 4; attempt++) {
        yield* bringToDrawer(hands, target);
        if (this.judge(hands.view).success) return;
      }
    },
  };
}

/** Middle of the tray's open part, in the world's plane. */
function holeOf(view: SceneView): readonly [number, number] {
  const [x, y] = view.handlePos(DRAWER);
  const front = x + HANDLE_OUT_M - FRONT_OUT_M;
  return [front + view.drawerOpening(DRAWER) / 2, y];
}

function isInTray(view: SceneView, object: PlacedObject): boolean {
  const [x, y, z] = view.objectPos(object.name);
  const [handleX, handleY] = view.handlePos(DRAWER);
  const front = handleX + HANDLE_OUT_M - FRONT_OUT_M;
  return (
    x > front &&
    x < front + 2 * CHEST_HALF[0] &&
    Math.abs(y - handleY) < TRAY_HALF_M &&
    z < view.tableTop + IN_TRAY_M
  );
}

/** Takes the object, carries it over the front of the drawer, lowers it between the boards and lets go. */
function* bringToDrawer(hands: Hands, object: PlacedObject): Motion {
  const { view } = hands;
  const arm = hands.armFor(view.objectPos(object.name));
  if (!(yield* grasp(hands, arm, object))) return;
  const { halfHeight } = object.kind.shape(object.sizeM);
  const over = (height: number): readonly [number, number, number] => {
    const tool = view.commandedTool(arm).pos;
    const at = view.objectPos(object.name);
    const [x, y] = holeOf(view);
    const z = view.tableTop + height + halfHeight;
    return [x + tool[0] - at[0], y + tool[1] - at[1], z + tool[2] - at[2]];
  };
  const [x, y] = view.commandedTool(arm).pos;
  yield* hands.moveTo(arm, [x - 0.02, y, over(RIM_M + 0.05)[2]]);
  const twistRad = 0; // the hand's narrow way between front and lid
  yield* hands.moveTo(arm, over(RIM_M + 0.05), { twistRad });
  if (!isHeld(view, arm, object)) return;
  yield* hands.moveTo(arm, over(RIM_M - 0.05), { twistRad, speed: 0.5 });
  yield* hands.grip(arm, 0);
  const up = view.commandedTool(arm).pos;
  yield* hands.moveTo(arm, [up[0], up[1], up[2] + 0.13], { twistRad });
  yield* hands.retreat(arm);
}
