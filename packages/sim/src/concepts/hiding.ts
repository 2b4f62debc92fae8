/** Concepts about things that are covered and uncovered again: permanence, immutability, containment. */
import type { Rng } from "@orrery/core";
import type { Vec3 } from "../control/vec.ts";
import { type Actor, type Concept, type Course, progress, screenHeight } from "./stage.ts";
import { brightLooks, screenActor } from "./looks.ts";

const SCREEN_HALF = [0.26, 0.01, 0.2] as const;
const SCREEN_Y = -0.18;
const UP_AT = 10;
const DOWN_AT = 26;
const FRAMES = 36;
const HIDDEN_AT = 18;

export const permanence: Concept = {
  name: "permanence",
  summary: "A thing goes on being there while it is hidden.",
  make(rng) {
    const thing = { ...drawThing(rng), name: "thing" };
    const { pos, screen } = drawPlace(rng);
    const course =
      (isThere: boolean): Course =>
      (frame) => ({ screen: screen(frame), thing: isThere ? pos : null });
    return {
      actors: [screenActor(rng, "screen", SCREEN_HALF), thing],
      a: course(true),
      b: course(false),
      frames: FRAMES,
      switches: [HIDDEN_AT],
    };
  },
};

export const immutability: Concept = {
  name: "immutability",
  summary: "A thing keeps its colour and shape while it is hidden.",
  make(rng) {
    const [first, second] = brightLooks(rng, 2);
    const isColour = rng.chance(0.5);
    const box: Actor = { name: "first", type: "box", size: [0.085, 0.085, 0.085], look: first! };
    const other: Actor = isColour
      ? { ...box, name: "second", look: second! }
      : { ...box, name: "second", type: "sphere", size: [0.085] };
    const { pos, screen } = drawPlace(rng);
    const course =
      (isFirst: boolean): Course =>
      (frame) => ({ screen: screen(frame), first: isFirst ? pos : null, second: isFirst ? null : pos });
    return {
      actors: [screenActor(rng, "screen", SCREEN_HALF), box, other],
      a: course(true),
      b: course(false),
      frames: FRAMES,
      switches: [HIDDEN_AT],
    };
  },
};

export const containment: Concept = {
  name: "containment",
  summary: "What a cover was put over moves with it and is under it afterwards.",
  make(rng) {
    const [look, cover] = brightLooks(rng, 2);
    const ball: Actor = { name: "ball", type: "sphere", size: [0.06], look: look! };
    const half = [0.1, 0.1, 0.11] as const;
    const cups = ["left", "right"].map((name): Actor => ({ name, type: "box", size: half, look: cover! }));
    const apart = rng.uniform(0.24, 0.32);
    const shift = rng.uniform(0.1, 0.16) * (rng.chance(0.5) ? 1 : -1);
    const course =
      (side: -1 | 1): Course =>
      (frame) => {
        const moved = shift * progress(frame, 16, 22);
        const lifted = 1 - progress(frame, 5, 11) + progress(frame, 27, 33);
        const cup = (x: number): Vec3 => [x + moved, 0, half[2] + 0.45 * lifted];
        return { left: cup(-apart), right: cup(apart), ball: [side * apart + moved, 0, 0.06] };
      };
    return { actors: [...cups, ball], a: course(-1), b: course(1), frames: 40, switches: [19] };
  },
};

function drawThing(rng: Rng): Omit<Actor, "name"> {
  const [look] = brightLooks(rng, 1);
  return rng.chance(0.5)
    ? { type: "box", size: [0.085, 0.085, 0.085], look: look! }
    : { type: "sphere", size: [0.085], look: look! };
}

/** Where the thing stands, and a screen that covers it for a while. */
function drawPlace(rng: Rng): { readonly pos: Vec3; readonly screen: (frame: number) => Vec3 } {
  const x = rng.uniform(-0.25, 0.25);
  return {
    pos: [x, 0, 0.085],
    screen: (frame) => [0.92 * x, SCREEN_Y, screenHeight(frame, SCREEN_HALF[2], UP_AT, DOWN_AT)],
  };
}
