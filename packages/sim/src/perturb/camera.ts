import type { Rng } from "@orrery/core";
import type { CameraOffset } from "../bodies/body.ts";
import type { Family } from "./family.ts";

/** Cameras mounted a little elsewhere: up to 4 cm and 0.15 rad per axis. */
export const camera: Family = {
  name: "camera",
  summary: "Position and angle of every camera on its mount.",
  room: (room, strength, rng, spec) => ({
    ...room,
    cameraOffsets: Object.fromEntries(spec.cameras.map(({ name }) => [name, drawOffset(rng, strength)])),
  }),
};

function drawOffset(rng: Rng, strength: number): CameraOffset {
  const three = (most: number): [number, number, number] => {
    const draw = (): number => strength * rng.uniform(-most, most);
    return [draw(), draw(), draw()];
  };
  return { pos: three(0.04), angles: three(0.15) };
}
