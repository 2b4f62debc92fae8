/** Open door: swing the cabinet's door open by its handle. */
import type { Rng } from "@orrery/core";
import { type Vec3, add, distance } from "../control/vec.ts";
import type { Hands } from "../operators/hands.ts";
import { DOOR_HANDLE_M, hingeOf } from "../scene/cabinet.ts";
import { clutterKinds, drawObjects } from "../scene/draw.ts";
import { CABINET, drawCabinet, drawChestBeside } from "../scene/draw-furniture.ts";
import { furnitureDiscs } from "../scene/furniture.ts";
import type { CabinetSpec, SceneSpec } from "../scene/scene-spec.ts";
import { type Motion, type Task, type TaskSetting, closeness } from "./task.ts";
import { phrase } from "./wording.ts";

/** Open means at least this far. */
const OPEN_RAD = 0.9;

export const openDoor: Task = {
  name: "open-door",
  summary: "Swing the cabinet door open by its handle.",
  timeLimitSec: 25,
  setUp,
};

function setUp(rng: Rng, room: SceneSpec): TaskSetting {
  const cabinet = drawCabinet(rng);
  const withCabinet = { ...room, cabinets: [cabinet], drawers: drawChestBeside(rng, cabinet) };
  const clear = furnitureDiscs(withCabinet);
  const scene = drawObjects(rng, withCabinet, clutterKinds(room), rng.int(3), clear);
  return {
    scene,
    instruction: phrase(rng, ["open the {x}", "open the door of the {x}", "pull the {x} open"], "cabinet"),
    judge(view) {
      const angle = view.doorAngle(CABINET);
      const missing = Math.max(0, OPEN_RAD - angle);
      const handle = view.handlePos(CABINET);
      const nearest = Math.min(...view.spec.arms.map((_, arm) => distance(view.toolPos(arm), handle)));
      const success = missing === 0;
      return {
        reward: success ? 1 : 0.4 * closeness(nearest, 0.1) + 0.5 * closeness(missing, 0.4),
        success,
        distanceM: missing * DOOR_HANDLE_M[0],
      };
    },
    expert: (hands) => swingOpen(hands, cabinet),
  };
}

/** Takes the bar and walks it round the hinge; a slipped hand goes on from where the door stands. */
function* swingOpen(hands: Hands, cabinet: CabinetSpec): Motion {
  const { view, rng } = hands;
  const wide = OPEN_RAD + rng.uniform(0.05, 0.25);
  for (let attempt = 0; attempt < 5; attempt++) {
    // The arm on the handle's side: the other one would reach across the opening door.
    const arm = view.spec.arms.length < 2 || cabinet.hinge < 0 ? 0 : 1;
    const aim = (point: Vec3): Vec3 => (attempt < 2 ? hands.aimAt(point) : point);
    if (view.gripperCommand(arm) > 0) yield* hands.grip(arm, 0);
    const twistRad = -cabinet.hinge * 0.5 * view.doorAngle(CABINET);
    yield* hands.moveTo(arm, add(view.handlePos(CABINET), [-0.09, 0, 0.03]), { twistRad });
    yield* hands.moveTo(arm, aim(add(view.handlePos(CABINET), [0.005, 0, 0.01])), { twistRad, speed: 0.7 });
    yield* hands.grip(arm, 1);
    yield* hands.wait(0.2);
    yield* followArc(hands, arm, cabinet, wide);
    yield* hands.grip(arm, 0);
    const [x, y, z] = view.commandedTool(arm).pos;
    yield* hands.moveTo(arm, [x - 0.06, y, z + 0.03]);
    if (view.doorAngle(CABINET) > OPEN_RAD) return;
  }
}

/** Leads the gripped bar along its circle, a step of the hand at a time. */
function* followArc(hands: Hands, arm: number, cabinet: CabinetSpec, wideRad: number): Motion {
  const { view } = hands;
  const [hingeX, hingeY] = hingeOf(cabinet);
  const [along, out] = DOOR_HANDLE_M;
  const at = (angle: number): readonly [number, number] => {
    // The handle in the door's frame, turned about the hinge; opening swings it towards the robot.
    const turn = -cabinet.hinge * angle;
    const [x, y] = [-out, -cabinet.hinge * along];
    return [
      hingeX + Math.cos(turn) * x - Math.sin(turn) * y,
      hingeY + Math.sin(turn) * x + Math.cos(turn) * y,
    ];
  };
  const tool = view.commandedTool(arm).pos;
  const from = view.doorAngle(CABINET);
  const [startX, startY] = at(from);
  const slip = [tool[0] - startX, tool[1] - startY] as const;
  const stepRad = (0.6 * hands.style.speed) / (view.spec.controlRateHz * along);
  const steps = Math.ceil(Math.max(0, wideRad - from) / stepRad);
  for (let k = 1; k <= steps; k++) {
    const angle = from + ((wideRad - from) * k) / steps;
    const [x, y] = at(angle);
    yield* hands.step(arm, [x + slip[0], y + slip[1], tool[2]], -cabinet.hinge * 0.5 * angle);
    if (angle - view.doorAngle(CABINET) > 0.35) return; // the bar is no longer in the hand
  }
}
