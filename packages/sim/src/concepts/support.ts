/**
 * Gravity and support: a block whose support is pulled away falls. The support, a slab on two rails, and the fallen
 * block are behind a fence, so only the top of a block that is still held up is seen; a curtain hides the fall.
 */
import type { Vec3 } from "../control/vec.ts";
import { brightLooks, screenActor } from "./looks.ts";
import { type Actor, type Concept, type Course, screenHeight } from "./stage.ts";

const FENCE_HALF = [0.36, 0.01, 0.12] as const;
const CURTAIN_HALF = [0.42, 0.01, 0.22] as const;
const SLAB_HALF = [0.2, 0.1, 0.02] as const;
const BLOCK_HALF = 0.065;
const RAIL_HALF = [1.5, 0.01, 0.07] as const;
const SLAB_Z = 2 * RAIL_HALF[2] + SLAB_HALF[2];
const FALL_M_PER_FRAME2 = 0.098; // g at 10 frames a second

export const support: Concept = {
  name: "gravity",
  summary: "What is no longer held up falls, and what is held up does not.",
  make(rng) {
    const [block, slab] = brightLooks(rng, 2);
    const side = rng.chance(0.5) ? 1 : -1;
    const speed = rng.uniform(0.06, 0.068);
    const rail = (name: string): Actor => ({
      name,
      type: "box",
      size: RAIL_HALF,
      look: { colour: [0.4, 0.4, 0.42] },
    });
    const course =
      (isPulled: boolean): Course =>
      (frame) => {
        const out = isPulled ? speed * Math.max(0, frame - 11) : 0;
        // The block falls once the slab's end has passed its middle.
        const falling = Math.max(0, frame - 11 - SLAB_HALF[0] / speed);
        const drop = isPulled ? 0.5 * FALL_M_PER_FRAME2 * falling ** 2 : 0;
        const height = Math.max(BLOCK_HALF, SLAB_Z + SLAB_HALF[2] + BLOCK_HALF - drop);
        const slabAt: Vec3 = [side * out, 0, SLAB_Z];
        return {
          fence: [0, -0.13, FENCE_HALF[2]],
          curtain: [0, -0.2, screenHeight(frame, CURTAIN_HALF[2], 10, 33)],
          rear: [0, 0.09, RAIL_HALF[2]],
          front: [0, -0.09, RAIL_HALF[2]],
          slab: out > 1.2 ? null : slabAt,
          block: [0, 0, height],
        };
      };
    return {
      actors: [
        screenActor(rng, "fence", FENCE_HALF),
        screenActor(rng, "curtain", CURTAIN_HALF),
        rail("rear"),
        rail("front"),
        { name: "slab", type: "box", size: SLAB_HALF, look: slab! },
        { name: "block", type: "box", size: [BLOCK_HALF, BLOCK_HALF, BLOCK_HALF], look: block! },
      ],
      a: course(true),
      b: course(false),
      frames: 42,
      switches: [31],
    };
  },
};
