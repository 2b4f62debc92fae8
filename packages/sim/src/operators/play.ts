/**
 * Play: no task, but purposeful. The operator keeps choosing something to do with something on the table, with
 * either hand: approach it, touch it, push it, grasp and lift it, drop or throw it, or wander, shift the base, rest.
 */
import { type Vec3, add } from "../control/vec.ts";
import { WORK_AREA } from "../scene/draw.ts";
import type { PlacedObject } from "../scene/scene-spec.ts";
import type { Motion } from "../tasks/task.ts";
import type { Hands } from "./hands.ts";
import { grasp } from "./skills.ts";

type Game = (hands: Hands, arm: number, object: PlacedObject) => Motion;

/** With how many tickets each game is in the draw. */
const GAMES: readonly (readonly [number, Game])[] = [
  [2, approach],
  [3, touch],
  [4, shove],
  [4, graspAndLift],
  [4, graspAndThrow],
  [2, wander],
  [1, shiftBase],
  [1, rest],
];
const TICKETS = GAMES.flatMap(([count, game]) => Array.from({ length: count }, () => game));

/** Never ends by itself; the time limit does that. */
export function* playMotion(hands: Hands): Motion {
  const { view, rng } = hands;
  let last = 0;
  for (;;) {
    const inReach = view.scene.objects.filter(({ name }) => isInReach(view.objectPos(name), view.tableTop));
    const object = inReach.length > 0 ? rng.pick(inReach) : null;
    if (!object) {
      yield* wander(hands, rng.int(view.spec.arms.length));
      continue;
    }
    const arm = hands.armFor(view.objectPos(object.name));
    if (arm !== last) yield* hands.retreat(last);
    last = arm;
    yield* rng.pick(TICKETS)(hands, arm, object);
  }
}

/** On the table, or what stands on it, and not behind what a hand gets to. */
function isInReach([x, y, z]: Vec3, tableTop: number): boolean {
  return z > tableTop - 0.05 && x > 0.35 && x < 0.9 && Math.abs(y) < 0.5;
}

function topOf(hands: Hands, object: PlacedObject, aboveM: number): Vec3 {
  const { halfHeight } = object.kind.shape(object.sizeM);
  return add(hands.view.objectPos(object.name), [-0.01, 0, halfHeight + aboveM]);
}

function* approach(hands: Hands, arm: number, object: PlacedObject): Motion {
  yield* hands.moveTo(arm, hands.aimAt(topOf(hands, object, hands.rng.uniform(0.06, 0.14))));
}

function* touch(hands: Hands, arm: number, object: PlacedObject): Motion {
  yield* hands.moveTo(arm, topOf(hands, object, 0.08));
  yield* hands.moveTo(arm, hands.aimAt(topOf(hands, object, 0.01)), { speed: 0.7 });
  yield* hands.wait(hands.rng.uniform(0, 0.3));
  yield* hands.moveTo(arm, topOf(hands, object, 0.1));
}

/** Beside the object, down, and through it in some direction, gently or not. */
function* shove(hands: Hands, arm: number, object: PlacedObject): Motion {
  const { view, rng } = hands;
  const { halfHeight, footprint } = object.kind.shape(object.sizeM);
  const angle = rng.uniform(-Math.PI, Math.PI);
  const from = footprint + rng.uniform(0.04, 0.07);
  const far = rng.uniform(0.04, 0.16);
  const [x, y] = view.objectPos(object.name);
  const height = view.tableTop + Math.max(view.spec.toolClearanceM, halfHeight * rng.uniform(0.6, 1.1));
  const point = (along: number, z: number): Vec3 => [
    clamp(x + along * Math.cos(angle), 0.4, 0.82),
    clamp(y + along * Math.sin(angle), -0.45, 0.45),
    z,
  ];
  yield* hands.moveTo(arm, point(-from, height + 2 * halfHeight + 0.05));
  if (rng.chance(0.6)) yield* hands.grip(arm, 1);
  yield* hands.moveTo(arm, point(-from, height));
  yield* hands.moveTo(arm, point(far, height), { speed: rng.uniform(0.5, 1.8) });
  yield* hands.moveTo(arm, point(far - 0.04, height + 0.12));
}

function* graspAndLift(hands: Hands, arm: number, object: PlacedObject): Motion {
  const { view, rng } = hands;
  yield* take(hands, arm, object);
  const tool = view.commandedTool(arm).pos;
  const lifted = add(tool, [0, 0, rng.uniform(0.04, 0.16)]);
  yield* hands.moveTo(arm, lifted);
  const [ax, ay] = [rng.uniform(...WORK_AREA.x), rng.uniform(...WORK_AREA.y)];
  yield* hands.moveTo(arm, [ax, ay, lifted[2]], { speed: rng.uniform(0.7, 1.3) });
  // Set down where it stood as high, or dropped from the air.
  const depth = Math.max(view.spec.toolClearanceM - 0.006, object.kind.shape(object.sizeM).halfHeight);
  if (rng.chance(0.65)) yield* hands.moveTo(arm, [ax, ay, view.tableTop + depth + 0.005], { speed: 0.8 });
  yield* hands.grip(arm, 0);
  yield* hands.moveTo(arm, add(view.commandedTool(arm).pos, [-0.02, 0, 0.1]));
}

/** Takes it, draws back and lets it fly in a swing forward and inward. */
function* graspAndThrow(hands: Hands, arm: number, object: PlacedObject): Motion {
  const { view, rng } = hands;
  yield* take(hands, arm, object);
  const [, y] = view.commandedTool(arm).pos;
  const height = view.tableTop + rng.uniform(0.13, 0.2);
  yield* hands.moveTo(arm, [rng.uniform(0.42, 0.46), y, height]);
  const inward = -Math.sign(y) * rng.uniform(0, 0.5);
  yield* hands.swing(arm, [1, inward, rng.uniform(0.1, 0.35)], 5, rng.uniform(2, 4));
  yield* hands.moveTo(arm, add(view.commandedTool(arm).pos, [-0.05, 0, 0.04]));
}

/** Mostly with care, as the expert grasps; now and then from any side, which often fails. */
function* take(hands: Hands, arm: number, object: PlacedObject): Motion {
  const { view, rng } = hands;
  if (rng.chance(0.7)) {
    yield* grasp(hands, arm, object, 2);
    return;
  }
  yield* hands.grip(arm, 0);
  yield* hands.moveTo(arm, topOf(hands, object, 0.07), { twistRad: rng.uniform(-0.6, 0.6) });
  const depth = Math.max(view.spec.toolClearanceM - 0.006, object.kind.shape(object.sizeM).halfHeight);
  const [x, y] = hands.aimAt(view.objectPos(object.name));
  yield* hands.moveTo(arm, [x, y, view.tableTop + depth], { speed: 0.7 });
  yield* hands.grip(arm, 1);
  yield* hands.wait(0.2);
  yield* hands.moveTo(arm, add(view.commandedTool(arm).pos, [0, 0, 0.04]));
}

function* wander(hands: Hands, arm: number): Motion {
  const { view, rng } = hands;
  const side = view.spec.arms.length === 1 ? 0 : arm === 0 ? 1 : -1;
  yield* hands.moveTo(arm, [
    rng.uniform(0.4, 0.7),
    side * 0.15 + rng.uniform(-0.2, 0.2),
    view.tableTop + rng.uniform(0.06, 0.3),
  ]);
  if (rng.chance(0.5)) yield* hands.grip(arm, rng.chance(0.5) ? 0 : rng.uniform(0.3, 1));
}

/** A small step aside or a turn, towards where the base began so that it never walks off. */
function* shiftBase(hands: Hands): Motion {
  const { view, rng } = hands;
  const [x, y, turn] = view.base;
  yield* hands.drive(
    [
      clamp(rng.normal(0, 0.08) - x, -0.15, 0.1),
      clamp(rng.normal(0, 0.12) - 1.5 * y, -0.2, 0.2),
      clamp(rng.normal(0, 0.15) - 1.5 * turn, -0.3, 0.3),
    ],
    rng.uniform(0.6, 1.5),
  );
}

function* rest(hands: Hands): Motion {
  yield* hands.wait(hands.rng.uniform(0.2, 1));
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
