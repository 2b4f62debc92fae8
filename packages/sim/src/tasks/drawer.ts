/** Open drawer and close drawer: two tasks over one little chest, since only the goal differs. */
import type { Rng } from "@orrery/core";
import { type Vec3, add, distance } from "../control/vec.ts";
import type { Hands } from "../operators/hands.ts";
import { clutterKinds, drawObjects } from "../scene/draw.ts";
import { DRAWER, drawCabinetBeside, drawDrawer } from "../scene/draw-furniture.ts";
import { DRAWER_TRAVEL_M, FRONT_OUT_M, HANDLE_OUT_M } from "../scene/drawer.ts";
import type { SceneSpec } from "../scene/scene-spec.ts";
import { type Motion, type Task, type TaskSetting, closeness } from "./task.ts";
import { phrase } from "./wording.ts";

/** Open means at least this far out, closed at most this far. */
const OPEN_M = 0.1;
const CLOSED_M = 0.02;

export const openDrawer: Task = {
  name: "open-drawer",
  summary: "Pull the drawer open by its handle.",
  timeLimitSec: 20,
  setUp: (rng, room) => setUp(rng, room, true),
};

export const closeDrawer: Task = {
  name: "close-drawer",
  summary: "Push the open drawer shut.",
  timeLimitSec: 15,
  setUp: (rng, room) => setUp(rng, room, false),
};

function setUp(rng: Rng, room: SceneSpec, opening: boolean): TaskSetting {
  const drawer = drawDrawer(rng, opening ? 0 : rng.uniform(0.09, 0.14));
  const cabinets = drawCabinetBeside(rng, drawer);
  const reach = HANDLE_OUT_M + DRAWER_TRAVEL_M;
  const scene = drawObjects(rng, { ...room, drawers: [drawer], cabinets }, clutterKinds(room), rng.int(3), [
    // Nothing in the drawer's way, nor in the hand's.
    ...cabinets.map(({ pos }) => ({ pos, radiusM: 0.18 })),
    { pos: drawer.pos, radiusM: 0.2 },
    { pos: [drawer.pos[0] - reach / 2, drawer.pos[1]], radiusM: 0.15 },
    { pos: [drawer.pos[0] - reach, drawer.pos[1]], radiusM: 0.15 },
  ]);
  const words = opening ? ["open the {x}", "pull the {x} open"] : ["close the {x}", "push the {x} shut"];
  return {
    scene,
    instruction: phrase(rng, words, "drawer"),
    judge(view) {
      const open = view.drawerOpening(DRAWER);
      const distanceM = opening ? Math.max(0, OPEN_M - open) : Math.max(0, open - CLOSED_M);
      const handle = view.handlePos(DRAWER);
      const nearest = Math.min(...view.spec.arms.map((_, arm) => distance(view.toolPos(arm), handle)));
      const success = distanceM === 0;
      return {
        reward: success ? 1 : 0.4 * closeness(nearest, 0.1) + 0.5 * closeness(distanceM, 0.06),
        success,
        distanceM,
      };
    },
    expert: (hands) => (opening ? pull(hands) : shut(hands)),
  };
}

/** Takes the bar between the fingers and walks backwards with it. */
function* pull(hands: Hands): Motion {
  const { view } = hands;
  for (let attempt = 0; attempt < 4; attempt++) {
    const arm = hands.armFor(view.handlePos(DRAWER));
    const aim = (point: Vec3): Vec3 => (attempt < 2 ? hands.aimAt(point) : point);
    if (view.gripperCommand(arm) > 0) yield* hands.grip(arm, 0);
    const at = { twistRad: 0 };
    const before = add(view.handlePos(DRAWER), [-0.09, 0, 0.03]);
    yield* hands.moveTo(arm, before, at);
    yield* hands.moveTo(arm, aim(add(view.handlePos(DRAWER), [0.005, 0, 0.01])), { ...at, speed: 0.7 });
    yield* hands.grip(arm, 1);
    yield* hands.wait(0.2);
    const tool = view.commandedTool(arm).pos;
    const out = OPEN_M + hands.rng.uniform(0.02, 0.05) - view.drawerOpening(DRAWER);
    yield* hands.moveTo(arm, [tool[0] - out, tool[1], tool[2]], { ...at, speed: 0.7 });
    if (view.drawerOpening(DRAWER) > OPEN_M) return;
    yield* hands.grip(arm, 0);
    yield* hands.moveTo(arm, add(view.commandedTool(arm).pos, [-0.04, 0, 0.04]), at);
  }
}

/** Pushes the front beside the handle with a closed hand. */
function* shut(hands: Hands): Motion {
  const { view } = hands;
  for (let attempt = 0; attempt < 4; attempt++) {
    const handle = view.handlePos(DRAWER);
    const arm = hands.armFor(handle);
    const side = (arm === 0 ? 1 : -1) * 0.06;
    const front = handle[0] + HANDLE_OUT_M - FRONT_OUT_M;
    yield* hands.grip(arm, 1);
    yield* hands.moveTo(arm, hands.aimAt([front - 0.09, handle[1] + side, handle[2] + 0.05]));
    yield* hands.moveTo(arm, [front - 0.05, handle[1] + side, handle[2] + 0.02], { speed: 0.7 });
    yield* hands.moveTo(arm, [front + view.drawerOpening(DRAWER), handle[1] + side, handle[2] + 0.02], {
      speed: 0.6,
    });
    if (view.drawerOpening(DRAWER) < CLOSED_M) return;
    yield* hands.moveTo(arm, add(view.commandedTool(arm).pos, [-0.08, 0, 0.05]));
  }
}
