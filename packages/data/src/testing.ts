/** Toy recordings for tests, in which every number and every picture says where it belongs. */
import type { Embodiment, Image, Step } from "@orrery/core";

/** Three joints, two actions, one small camera at 10 Hz. */
export const TOY: Embodiment = {
  name: "toy",
  controlRateHz: 10,
  state: [{ name: "joint", width: 3, unit: "rad" }],
  action: [{ name: "push", width: 2, kind: "continuous", unit: "m", mode: "delta" }],
  cameras: [{ name: "head", width: 32, height: 32 }],
};

/** Brightness that names a frame: far enough apart to survive encoding, for up to 12 steps and 20 episodes. */
export function shadeOf(episode: number, t: number): number {
  return (episode * 12 + t) % 240;
}

export function shade(value: number, side = 32): Image {
  return { width: side, height: side, data: new Uint8Array(side * side * 3).fill(value) };
}

/** A step whose every number says where it belongs, so that any misalignment shows. */
export function toyStep(episode: number, t: number, length: number, withPictures = true): Step {
  return {
    state: [episode, t, episode + t],
    action: [t + 0.5, -t],
    images: withPictures ? { head: shade(shadeOf(episode, t)) } : {},
    reward: t / 8,
    done: t === length - 1,
    success: t === length - 1 && episode % 2 === 1,
  };
}
