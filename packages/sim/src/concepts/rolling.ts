/** Concepts about a ball that rolls behind a screen: continuity, solidity, inertia, collision, hidden evolution. */
import type { Rng } from "@orrery/core";
import type { Vec3 } from "../control/vec.ts";
import { brightLooks, screenActor } from "./looks.ts";
import { type Actor, type Concept, type Course, type Stage, screenHeight } from "./stage.ts";

const RADIUS_M = 0.06;
const START_M = -0.9;
const SCREEN_Y = -0.1;
/** From the screen's middle to where a line of sight through it meets the balls' lane; the camera is 2 m away. */
const PARALLAX = 2 / (2 + SCREEN_Y);

const ballActor = (name: string, look: Actor["look"]): Actor => ({
  name,
  type: "sphere",
  size: [RADIUS_M],
  look,
});
const lane = (x: number): Vec3 => [x, 0, RADIUS_M];

export const continuity: Concept = {
  name: "continuity",
  summary: "A thing does not get from one place to another without passing between them.",
  make(rng) {
    const speed = rng.uniform(0.036, 0.042); // m per frame
    const apart = 0.32;
    const half = [0.14, 0.01, 0.16] as const;
    const [look] = brightLooks(rng, 1);
    const behind = (x: number): number => Math.round((x * PARALLAX - START_M) / speed);
    const course =
      (isThere: boolean): Course =>
      (frame) => ({
        left: [-apart, SCREEN_Y, half[2]],
        right: [apart, SCREEN_Y, half[2]],
        ball: isThere ? lane(START_M + speed * frame) : null,
      });
    const screens = ["left", "right"].map((name) => screenActor(rng, name, half));
    return mirrored(rng, {
      actors: [...screens, ballActor("ball", look!)],
      a: course(true),
      b: course(false),
      frames: 44,
      switches: [behind(-apart), behind(apart)],
    });
  },
};

export const solidity: Concept = {
  name: "solidity",
  summary: "A ball does not pass through a wall.",
  make(rng) {
    const speed = rng.uniform(0.043, 0.047);
    const half = [0.32, 0.01, 0.2] as const;
    const wallX = rng.uniform(0.08, 0.13);
    const [look, wallLook] = brightLooks(rng, 2);
    const wall: Actor = { name: "wall", type: "box", size: [0.02, 0.08, 0.13], look: wallLook! };
    const stop = wallX - 0.02 - RADIUS_M;
    const course =
      (hasWall: boolean): Course =>
      (frame) => {
        const x = START_M + speed * Math.max(0, frame - 8);
        return {
          screen: [0, SCREEN_Y, screenHeight(frame, half[2], 9)],
          wall: hasWall ? [wallX, 0, 0.13] : null,
          ball: lane(hasWall ? Math.min(stop, x) : x),
        };
      };
    return mirrored(rng, {
      actors: [screenActor(rng, "screen", half), wall, ballActor("ball", look!)],
      a: course(true),
      b: course(false),
      frames: 46,
      switches: [26],
    });
  },
};

export const inertia: Concept = {
  name: "inertia",
  summary: "A rolling ball does not turn back by itself.",
  make(rng) {
    const speed = rng.uniform(0.042, 0.047);
    const half = [0.3, 0.01, 0.16] as const;
    const [look] = brightLooks(rng, 1);
    const course =
      (side: -1 | 1): Course =>
      (frame) => ({
        screen: [0, SCREEN_Y, half[2]],
        ball: lane(side * (START_M + speed * frame)),
      });
    return {
      actors: [screenActor(rng, "screen", half), ballActor("ball", look!)],
      a: course(1),
      b: course(-1),
      frames: 40,
      switches: [Math.round(-START_M / speed)],
    };
  },
};

export const collision: Concept = {
  name: "collision",
  summary: "A ball that is struck moves on, and the ball that struck it stops.",
  make(rng) {
    const speed = rng.uniform(0.044, 0.047);
    const half = [0.34, 0.01, 0.18] as const;
    const [first, second] = brightLooks(rng, 2);
    const restX = rng.uniform(0.02, 0.08);
    const contact = restX - 2 * RADIUS_M; // where the middle of the first ball is when they touch
    const course =
      (isStruck: boolean): Course =>
      (frame) => {
        const x = START_M + speed * Math.max(0, frame - 8);
        return {
          screen: [0, SCREEN_Y, screenHeight(frame, half[2], 9)],
          first: lane(isStruck ? Math.min(contact, x) : x),
          // Equal masses: the second goes on with all of the speed.
          second: isStruck ? lane(restX + Math.max(0, x - contact)) : null,
        };
      };
    return mirrored(rng, {
      actors: [screenActor(rng, "screen", half), ballActor("first", first!), ballActor("second", second!)],
      a: course(true),
      b: course(false),
      frames: 46,
      switches: [25],
    });
  },
};

export const hiddenEvolution: Concept = {
  name: "hidden-evolution",
  summary: "A ball that rolls behind a wall comes out when it should.",
  make(rng) {
    const speed = rng.uniform(0.038, 0.042);
    const half = [0.45, 0.01, 0.16] as const;
    const lateFrames = 7 + rng.int(3);
    const [look] = brightLooks(rng, 1);
    const course =
      (late: number): Course =>
      (frame) => ({
        screen: [0, SCREEN_Y, half[2]],
        ball: lane(START_M + speed * (frame - late)),
      });
    return mirrored(rng, {
      actors: [screenActor(rng, "screen", half), ballActor("ball", look!)],
      a: course(0),
      b: course(lateFrames),
      frames: 54,
      // Halfway between the moments when each ball is behind the middle of the wall.
      switches: [Math.round(-START_M / speed + lateFrames / 2)],
    });
  },
};

/** The stage, or its mirror image. */
function mirrored(rng: Rng, stage: Stage): Stage {
  if (rng.chance(0.5)) return stage;
  const flip =
    (course: Course): Course =>
    (frame) =>
      Object.fromEntries(
        Object.entries(course(frame)).map(([name, at]) => [name, at && ([-at[0], at[1], at[2]] as const)]),
      );
  return { ...stage, a: flip(stage.a), b: flip(stage.b) };
}
