/** Wipe: take the sponge and wipe the spill off the table. */
import type { Rng } from "@orrery/core";
import type { Vec3 } from "../control/vec.ts";
import type { Hands } from "../operators/hands.ts";
import { nearestTool } from "../operators/places.ts";
import { grasp, isHeld } from "../operators/skills.ts";
import type { Look } from "../render/scene.ts";
import { clutterKinds, drawObject, drawObjects } from "../scene/draw.ts";
import { furnitureDiscs } from "../scene/furniture.ts";
import { kindNamed } from "../scene/objects.ts";
import type { PlacedObject, SceneSpec } from "../scene/scene-spec.ts";
import { drawSpill } from "../scene/spill.ts";
import { type Motion, type Task, type TaskSetting, closeness, hasFallen } from "./task.ts";
import { phrase } from "./wording.ts";

const SPILLS: readonly (readonly [string, Look])[] = [
  ["milk", { colour: [0.95, 0.94, 0.9], gloss: 0.9 }],
  ["coffee", { colour: [0.3, 0.18, 0.09], gloss: 0.9 }],
  ["juice", { colour: [0.9, 0.5, 0.1], gloss: 0.9 }],
  ["ketchup", { colour: [0.7, 0.08, 0.06], gloss: 0.9 }],
];

/** Strokes that take nothing away before a hand gives up. */
const MOST_IN_VAIN = 3;

export const wipe: Task = {
  name: "wipe",
  summary: "Wipe the spill off the table with the sponge.",
  timeLimitSec: 40,
  setUp,
};

function setUp(rng: Rng, room: SceneSpec): TaskSetting {
  const [what, look] = rng.pick(SPILLS);
  const pos = [rng.uniform(0.54, 0.66), rng.uniform(-0.18, 0.18)] as const;
  const spill = drawSpill(rng, "spill", pos, rng.uniform(0.04, 0.065), look);
  const wet = { ...room, spills: [spill] };
  const sponge = drawObject(rng, {
    name: "object_0",
    kinds: [kindNamed("sponge", room.catalogue.named)],
    pairs: room.catalogue.pairs,
    among: furnitureDiscs(wet),
  })!;
  const kinds = clutterKinds(room).filter((kind) => kind.name !== "sponge");
  const withSponge = { ...wet, objects: [sponge] };
  const scene = drawObjects(rng, withSponge, kinds, rng.int(2), furnitureDiscs(wet));
  return {
    scene,
    instruction: phrase(
      rng,
      ["wipe up the {x} with the sponge", "clean the {x} off the table", "wipe the spilt {x} away"],
      what,
    ),
    judge(view) {
      const share = view.dropsLeft().length / spill.drops.length;
      const distanceM = share * 2 * spill.radiusM;
      const success = share === 0;
      if (hasFallen(view, sponge.name)) {
        return { reward: 0, success: false, distanceM, failure: "the sponge fell off the table" };
      }
      const near = closeness(nearestTool(view, sponge), 0.12);
      return { reward: success ? 1 : 0.3 * near + 0.6 * (1 - share), success, distanceM };
    },
    *expert(hands) {
      const { view } = hands;
      // The hand that reaches all of the spill, unless the sponge is too far over on the other side.
      const bySpill = hands.armFor([...spill.pos, view.tableTop]);
      let arm = hands.isAwkward(bySpill, view.objectPos(sponge.name)) ? hands.otherArm(bySpill) : bySpill;
      for (let attempt = 0; attempt < 4; attempt++) {
        if (yield* grasp(hands, arm, sponge)) yield* wipeAll(hands, arm, sponge);
        if (this.judge(view).success) return;
        // What one hand did not reach is left to the other.
        yield* hands.grip(arm, 0);
        yield* hands.retreat(arm);
        arm = hands.otherArm(arm);
      }
    },
  };
}

/** Down onto the table beside the spill, then always to the nearest drop that is left. */
function* wipeAll(hands: Hands, arm: number, sponge: PlacedObject): Motion {
  const { view } = hands;
  const { halfHeight } = sponge.kind.shape(sponge.sizeM);
  // Steer the sponge, not the hand; `pressM` below the table's surface, so that it stays down.
  const over = (drop: Vec3, aboveM: number): Vec3 => {
    const tool = view.commandedTool(arm).pos;
    const at = view.objectPos(sponge.name);
    const z = view.tableTop + halfHeight + aboveM;
    return [drop[0] + tool[0] - at[0], drop[1] + tool[1] - at[1], tool[2] + z - at[2]];
  };
  const nearest = (): Vec3 | undefined => {
    const [x, y] = view.objectPos(sponge.name);
    const gap = (drop: Vec3): number => Math.hypot(drop[0] - x, drop[1] - y);
    return view.dropsLeft().toSorted((a, b) => gap(a) - gap(b))[0];
  };
  const first = nearest();
  if (!first) return;
  yield* hands.moveTo(arm, over(first, 0.06));
  yield* hands.moveTo(arm, over(first, -0.001), { speed: 0.6 });
  let inVain = 0; // strokes in a row
  for (let stroke = 0; stroke < 40 && inVain < MOST_IN_VAIN; stroke++) {
    const drop = nearest();
    if (!drop || !isHeld(view, arm, sponge)) break;
    const before = view.dropsLeft().length;
    yield* hands.moveTo(arm, over(drop, -0.001), { speed: 0.8 });
    inVain = view.dropsLeft().length < before ? 0 : inVain + 1;
  }
}
