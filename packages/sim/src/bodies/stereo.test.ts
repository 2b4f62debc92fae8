import { expect, test } from "vitest";
import { RayCaster } from "../render/raycaster.ts";
import { makeKitchenWorld } from "../world/kitchen-world.ts";

const SIZE_PX = 64;
const BASELINE_M = 0.063;

test.each(["seen", "novel-camera"])(
  "%s: what both eyes see is shifted by the focal length times baseline over depth",
  async (split) => {
    const eyes = ["head", "head_right"].map((name) => ({ name, width: SIZE_PX, height: SIZE_PX }));
    const world = await makeKitchenWorld({ task: "push", cameras: eyes, split });
    const { images } = await world.reset(4);
    expect(Object.keys(images)).toEqual(["head", "head_right"]);
    const [left, right] = eyes.map((eye) => {
      const caster = new RayCaster(eye);
      caster.render(world.renderScene, world.physics, world.physics.id("camera", eye.name));
      return caster;
    });
    const focalPx = SIZE_PX / 2 / Math.tan((28 * Math.PI) / 180); // half of 56 degrees
    let pixels = 0;
    let found = 0;
    for (let y = 0; y < SIZE_PX; y++) {
      for (let x = 0; x < SIZE_PX; x++) {
        const depth = left!.depth[y * SIZE_PX + x]!;
        const shifted = Math.round(x - (focalPx * BASELINE_M) / depth);
        if (shifted < 0) continue;
        pixels++;
        if (right!.ids[y * SIZE_PX + shifted] === left!.ids[y * SIZE_PX + x]) found++;
      }
    }
    // The rest lies behind the edges of things and is seen by one eye only.
    expect(found / pixels).toBeGreaterThan(0.9);
    await world.close();
  },
);
