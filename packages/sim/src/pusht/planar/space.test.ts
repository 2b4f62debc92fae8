import { expect, test } from "vitest";
import { Body, makePlate, type Circle, type Segment } from "./body.ts";
import { rectangle } from "./polygon.ts";
import { Space } from "./space.ts";

const MASS = 2;
const INERTIA = (MASS * (20 ** 2 + 20 ** 2)) / 12;

/** A 20 x 20 plate without damping above a long wall at y = 0, and a disc of infinite mass out of the way. */
function makeScene(friction: number) {
  const plate = new Body(MASS, INERTIA);
  const ground = new Body(Infinity, Infinity);
  const pusher = new Body(Infinity, Infinity);
  pusher.pose = { x: 500, y: 500, angle: 0 };
  const wall: Segment = {
    kind: "segment",
    body: ground,
    a: { x: -1000, y: 0 },
    b: { x: 1000, y: 0 },
    radius: 1,
    friction: 1,
  };
  const disc: Circle = { kind: "circle", body: pusher, radius: 5, friction: 1 };
  const space = new Space([disc, wall, makePlate(plate, rectangle(-10, -10, 10, 10), friction)], 1);
  return { plate, pusher, space };
}

function energy({ vx, vy, spin }: Body): number {
  return (MASS * (vx * vx + vy * vy) + INERTIA * spin * spin) / 2;
}

test("a free body keeps momentum, spin and energy", () => {
  const { plate, space } = makeScene(0);
  plate.pose = { x: 0, y: 300, angle: 0.3 };
  Object.assign(plate, { vx: 30, vy: -20, spin: 1.5 });
  for (let i = 0; i < 200; i++) space.step(0.01);
  expect([plate.vx, plate.vy, plate.spin]).toEqual([30, -20, 1.5]);
  expect(plate.x).toBeCloseTo(60, 9);
  expect(plate.angle).toBeCloseTo(3.3, 9);
});

test.each([0, 0.7])("hitting a wall never adds energy, friction %f", (friction) => {
  const { plate, space } = makeScene(friction);
  plate.pose = { x: 0, y: 60, angle: 0.6 };
  Object.assign(plate, { vx: 40, vy: -120, spin: 3 });
  let last = energy(plate);
  for (let i = 0; i < 500; i++) {
    space.step(0.01);
    expect(energy(plate)).toBeLessThanOrEqual(last * (1 + 1e-12));
    last = energy(plate);
  }
  expect(space.touchingPairs).toBeLessThanOrEqual(1);
  // Without friction a wall along x takes momentum along y only.
  if (friction === 0) expect(plate.vx).toBeCloseTo(40, 12);
  else expect(plate.vx).toBeLessThan(40);
});

test("one push on a resting body gives the textbook impulse", () => {
  const { plate, pusher, space } = makeScene(0);
  plate.pose = { x: 0, y: 300, angle: 0 };
  // The disc meets the left side 6 above the centre: lever 6, normal along +x.
  pusher.pose = { x: -15, y: 306, angle: 0 };
  pusher.vx = 8;
  space.step(0.01);
  const impulse = 8 / (1 / MASS + 36 / INERTIA);
  expect(plate.vx).toBeCloseTo(impulse / MASS, 12);
  expect(plate.spin).toBeCloseTo((-6 * impulse) / INERTIA, 12);
  // What matters: the touched point now moves with the disc.
  expect(plate.vx - plate.spin * 6).toBeCloseTo(8, 12);
});

test("friction slows sliding by at most its coefficient times the normal impulse", () => {
  const { plate, space } = makeScene(0.5);
  plate.pose = { x: 0, y: 11, angle: 0 };
  Object.assign(plate, { vx: 100, vy: -10 });
  space.step(0.01);
  // The wall takes 10 of speed along y, so friction takes at most 5 along x; the corner in front may lift.
  expect(plate.vx).toBeGreaterThanOrEqual(95 - 1e-9);
  expect(plate.vx).toBeLessThan(100);
});

test("overlap is worked off down to the slop and no further", () => {
  const { plate, space } = makeScene(0);
  plate.pose = { x: 0, y: 8, angle: 0 }; // 3 deep into the wall, whose face is at y = 1
  for (let i = 0; i < 500; i++) space.step(0.01);
  expect(plate.y).toBeCloseTo(11 - 0.1, 3);
  expect(energy(plate)).toBe(0);
});

test("a snapshot brings contacts back to the bit", () => {
  const { plate, space } = makeScene(0.7);
  plate.pose = { x: 0, y: 14, angle: 0.2 };
  Object.assign(plate, { vx: 20, vy: -60, spin: 1 });
  for (let i = 0; i < 8; i++) space.step(0.01);
  const saved = JSON.stringify(space.snapshot());
  for (let i = 0; i < 60; i++) space.step(0.01);
  const first = plate.numbers;
  const twin = makeScene(0.7);
  twin.space.restore(JSON.parse(saved));
  for (let i = 0; i < 60; i++) twin.space.step(0.01);
  expect(twin.plate.numbers).toEqual(first);
});
