/** Push: slide the named object onto a mark on the table with a closed hand. */
import type { Rng } from "@orrery/core";
import type { BodySpec } from "../bodies/body.ts";
import { type Vec3, add } from "../control/vec.ts";
import type { Hands } from "../operators/hands.ts";
import { COLOURS, type ColourName } from "../scene/colours.ts";
import { clutterKinds, type Disc, drawObject, drawObjects, footprintOf, kindsWith } from "../scene/draw.ts";
import type { Mark, PlacedObject, SceneSpec } from "../scene/scene-spec.ts";
import type { SceneView } from "../world/scene-view.ts";
import { type Motion, type Task, type TaskSetting, closeness, hasFallen } from "./task.ts";
import { phrase } from "./wording.ts";

/** The object's middle must come this near to the middle of the mark, and rest. */
const ON_MARK_M = 0.035;
const REST_SPEED = 0.05;
/** From the tool to the front of the closed hand. */
const FIST_M = 0.022;
/** Half height of things that fit under the palm. */
const LOW_M = 0.034;
/** Control steps without getting on after which a push is given up. */
const STALL_STEPS = 8;
/** A hand that stays this far from where a push begins cannot get there. */
const SHORT_M = 0.03;
/** How far the hand may turn from where the arm points. */
const MAX_TWIST_RAD = 1;
const MARK_COLOURS: readonly ColourName[] = ["red", "green", "blue", "yellow", "purple", "teal"];

export const push: Task = {
  name: "push",
  summary: "Push the named object onto a mark on the table.",
  timeLimitSec: 20,
  setUp,
};

function setUp(rng: Rng, room: SceneSpec, _spec: BodySpec): TaskSetting {
  const mark = drawMark(rng);
  const target = drawTarget(rng, room, mark);
  const scene = drawObjects(
    rng,
    { ...room, objects: [target], marks: [mark] },
    clutterKinds(room),
    rng.int(3),
    pushingLane(target, mark),
  );
  return {
    scene,
    instruction: phrase(
      rng,
      [
        "push the {x} onto the {y} mark",
        "slide the {x} to the {y} circle",
        "move the {x} onto the {y} spot by pushing it",
      ],
      target,
      mark.colourName,
    ),
    judge(view) {
      const distanceM = remainingOf(view, target, mark);
      const success = distanceM < ON_MARK_M && view.objectSpeed(target.name) < REST_SPEED;
      if (hasFallen(view, target.name)) {
        return { reward: 0, success: false, distanceM, failure: "the object fell off the table" };
      }
      return { reward: success ? 1 : 0.9 * closeness(distanceM, 0.1), success, distanceM };
    },
    expert: (hands) => pushToMark(hands, target, mark),
  };
}

/** Where the hand and the object pass: from behind the object to the mark. */
function pushingLane(target: PlacedObject, mark: Mark): Disc[] {
  const footprint = footprintOf(target);
  const [ux, uy] = direction([...target.pos, 0], mark);
  return [-(footprint + 0.07), -0.02, 0.08, 0.16].map((along) => ({
    pos: [target.pos[0] + ux * along, target.pos[1] + uy * along],
    radiusM: Math.max(0.06, footprint),
  }));
}

function drawMark(rng: Rng): Mark {
  const colourName = rng.pick(MARK_COLOURS);
  return {
    name: "mark",
    colourName,
    colour: COLOURS[colourName],
    pos: [rng.uniform(0.52, 0.68), rng.uniform(-0.22, 0.22)],
    radiusM: rng.uniform(0.06, 0.075),
  };
}

/** 12 to 28 cm from the mark, where a hand can get behind it. */
function drawTarget(rng: Rng, room: SceneSpec, mark: Mark): PlacedObject {
  for (let attempt = 0; attempt < 200; attempt++) {
    const target = drawObject(rng, {
      name: "object_0",
      kinds: kindsWith(room, "pushable"),
      pairs: room.catalogue.pairs,
      among: [],
      avoidColours: [mark.colourName],
    });
    if (!target) continue;
    const wayX = mark.pos[0] - target.pos[0];
    const length = Math.hypot(wayX, mark.pos[1] - target.pos[1]);
    const behindX = target.pos[0] - (wayX / length) * (footprintOf(target) + 0.08);
    // The palm hangs over what is pulled towards the robot, so that must be low.
    const { halfHeight } = target.kind.shape(target.sizeM);
    if (halfHeight > LOW_M && wayX / length < -0.25) continue;
    if (length > 0.12 && length < 0.28 && behindX > 0.44 && behindX < 0.76) return target;
  }
  throw new Error("internal: no place for an object to push.");
}

/** Gets behind the object and pushes, correcting the line; goes round and tries again when it slips off. */
function* pushToMark(hands: Hands, target: PlacedObject, mark: Mark): Motion {
  const { view } = hands;
  const shape = target.kind.shape(target.sizeM);
  const reach = shape.footprint + FIST_M;
  const height = view.tableTop + Math.max(view.spec.toolClearanceM, Math.min(shape.halfHeight * 0.8, 0.038));
  const at = (along: number): Vec3 => {
    const object = view.objectPos(target.name);
    const [ux, uy] = direction(object, mark);
    return [object[0] - ux * along, object[1] - uy * along, height];
  };
  // The arm for the whole way, not only for its beginning.
  const middle = (from: Vec3): Vec3 => [(from[0] + mark.pos[0]) / 2, (from[1] + mark.pos[1]) / 2, from[2]];
  let arm = hands.armFor(middle(at(reach)));
  let isShort = false;
  for (let attempt = 0; attempt < 10; attempt++) {
    if (isDone(view, target, mark)) return;
    const behind = at(reach + 0.035);
    if (isShort || hands.isAwkward(arm, middle(behind))) {
      yield* hands.retreat(arm);
      arm = isShort ? hands.otherArm(arm) : hands.armFor(middle(behind));
    }
    const above = hands.aimAt([behind[0], behind[1], height + 2 * shape.halfHeight + 0.05]);
    const turn = turnToPush(hands, arm, behind, mark);
    yield* hands.moveTo(arm, above, { ...turn, archM: attempt > 0 ? 0.03 : 0 });
    yield* hands.grip(arm, gripToPush(hands, arm, target, turn.twistRad !== undefined));
    yield* hands.moveTo(arm, behind, { ...turn, speed: 0.8 });
    // Where this hand does not get behind the object, it would push from on top of it.
    isShort = Math.hypot(...planarGap(view.commandedTool(arm).pos, behind)) > SHORT_M;
    if (isShort) {
      yield* hands.moveTo(arm, add(view.commandedTool(arm).pos, [-0.03, 0, 2 * shape.halfHeight + 0.06]));
      continue;
    }
    yield* pushAlong(hands, arm, target, mark, reach, height);
    const tool = view.commandedTool(arm).pos;
    const [ux, uy] = direction(behind, mark);
    yield* hands.moveTo(arm, [tool[0] - 0.03 * ux, tool[1] - 0.03 * uy, height + 0.01], turn);
    if (isDone(view, target, mark)) return;
    yield* hands.moveTo(arm, [
      tool[0] - 0.05 * ux,
      tool[1] - 0.05 * uy,
      height + 2 * shape.halfHeight + 0.06,
    ]);
  }
}

/** Turns the hand to face the push where the wrist allows it; otherwise it points as the arm does. */
function turnToPush(hands: Hands, arm: number, from: Vec3, mark: Mark): { readonly twistRad?: number } {
  const [ux, uy] = direction(from, mark);
  const natural = hands.naturalTwist(arm, from);
  const away = Math.atan2(uy, ux) - hands.view.base[2] - natural;
  const twist = Math.atan2(Math.sin(away), Math.cos(away));
  return Math.abs(twist) < MAX_TWIST_RAD ? { twistRad: natural + twist } : {};
}

/** A fist, or fingers apart by about the radius, between which a round thing does not slip away sideways. */
function gripToPush(hands: Hands, arm: number, target: PlacedObject, isFacing: boolean): number {
  const shape = target.kind.shape(target.sizeM);
  if (!isFacing || shape.symmetry !== 0) return 1;
  return Math.max(0, 1 - (0.3 * shape.grip) / hands.view.spec.arms[arm]!.openM);
}

/** One push: goes on until the object is level with the mark, or the hand has lost it. */
function* pushAlong(
  hands: Hands,
  arm: number,
  target: PlacedObject,
  mark: Mark,
  reach: number,
  height: number,
): Motion {
  const { view } = hands;
  const stepM = Math.min(0.03, (hands.style.speed * 0.6) / view.spec.controlRateHz);
  let [ux, uy] = direction(view.objectPos(target.name), mark);
  let best = Infinity;
  let stalled = 0;
  for (let k = 0; k < 90; k++) {
    const object = view.objectPos(target.name);
    const toMarkX = mark.pos[0] - object[0],
      toMarkY = mark.pos[1] - object[1];
    // Close to the mark the direction to it swings round; keep the last good one.
    if (Math.hypot(toMarkX, toMarkY) > 0.05) [ux, uy] = direction(object, mark);
    const tool = view.commandedTool(arm).pos;
    const measured = view.toolPos(arm);
    const lead = (tool[0] - measured[0]) * ux + (tool[1] - measured[1]) * uy; // still to come without a word
    const toGo = toMarkX * ux + toMarkY * uy;
    if (toGo < 0.004 + 0.5 * lead) return;
    const gap = Math.hypot(mark.pos[0] - measured[0], mark.pos[1] - measured[1]);
    stalled = gap < best - 0.002 ? 0 : stalled + 1;
    best = Math.min(best, gap);
    if (stalled > STALL_STEPS) return;
    const offX = object[0] - tool[0],
      offY = object[1] - tool[1];
    const along = offX * ux + offY * uy;
    const across = offX * -uy + offY * ux; // how far the object's middle is to the left of the push
    if (along < 0.3 * reach || Math.abs(across) > 0.7 * reach) return;
    // Steer towards the line through object and mark while going forward; slow down near the mark.
    const forward = along > reach + 0.01 ? stepM : Math.min(stepM, 0.006 + 0.2 * toGo);
    const side = Math.max(-0.02, Math.min(0.02, 0.6 * across));
    hands.headFor(arm, [tool[0] + ux * forward - uy * side, tool[1] + uy * forward + ux * side, height]);
    yield;
    if (hands.rng.chance(hands.style.hesitation)) yield* hands.wait(hands.rng.uniform(0.1, 0.5));
  }
}

/** On the mark with a little to spare and not leaning on the hand, where it would go on rocking. */
function isDone(view: SceneView, target: PlacedObject, mark: Mark): boolean {
  return remainingOf(view, target, mark) < 0.8 * ON_MARK_M && view.objectSpeed(target.name) < REST_SPEED;
}

function planarGap(a: Vec3, b: Vec3): readonly [number, number] {
  return [a[0] - b[0], a[1] - b[1]];
}

function remainingOf(view: SceneView, target: PlacedObject, mark: Mark): number {
  const object = view.objectPos(target.name);
  return Math.hypot(mark.pos[0] - object[0], mark.pos[1] - object[1]);
}

function direction(from: Vec3, mark: Mark): readonly [number, number] {
  const dx = mark.pos[0] - from[0],
    dy = mark.pos[1] - from[1];
  const length = Math.max(1e-6, Math.hypot(dx, dy));
  return [dx / length, dy / length];
}
