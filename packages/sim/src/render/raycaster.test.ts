import { makeRng } from "@orrery/core";
import { expect, test } from "vitest";
import { neo } from "../bodies/neo.ts";
import { Physics } from "../mujoco/physics.ts";
import { drawObjects, drawRoom } from "../scene/draw.ts";
import { buildKitchen } from "../scene/kitchen.ts";
import { OBJECT_KINDS } from "../scene/objects.ts";
import { RayCaster } from "./raycaster.ts";
import {
  BOX,
  CAPSULE,
  CYLINDER,
  ELLIPSOID,
  PLANE,
  SPHERE,
  type RenderScene,
  makeRenderScene,
  setLook,
} from "./scene.ts";

/** Every kind of object somewhere on the table. */
async function fullKitchen(): Promise<{ physics: Physics; looks: ReturnType<typeof buildKitchen>["looks"] }> {
  const rng = makeRng(3);
  let scene = drawRoom(rng, neo.spec);
  for (const kind of OBJECT_KINDS) scene = drawObjects(rng, scene, [kind], 1);
  const { xml, looks } = buildKitchen(scene, neo);
  const physics = await Physics.compile(xml);
  physics.step(5);
  physics.forward();
  return { physics, looks };
}

const SIZE_PX = 64;

/**
 * Casts every pixel of a camera both ways and compares depths where the ids agree.
 * @returns pixels, those with different ids, and agreed ones by shape
 */
function compareWithRays(physics: Physics, scene: RenderScene, camera: string) {
  const caster = new RayCaster({ width: SIZE_PX, height: SIZE_PX });
  const id = physics.id("camera", camera);
  caster.render(scene, physics, id);
  const mat = [...physics.cameraMat.subarray(9 * id, 9 * id + 9)];
  const eye = [...physics.cameraPos.subarray(3 * id, 3 * id + 3)];
  const tangent = Math.tan((physics.cameraFovyDeg[id]! * Math.PI) / 360);
  let differentIds = 0;
  const agreed = new Map<number, number>();
  for (let y = 0; y < SIZE_PX; y++) {
    for (let x = 0; x < SIZE_PX; x++) {
      const sx = ((2 * (x + 0.5)) / SIZE_PX - 1) * tangent;
      const sy = (1 - (2 * (y + 0.5)) / SIZE_PX) * tangent;
      const direction = [0, 1, 2].map((i) => sx * mat[3 * i]! + sy * mat[3 * i + 1]! - mat[3 * i + 2]!);
      const hit = physics.ray(eye, direction);
      const depth = caster.depth[y * SIZE_PX + x]!;
      if (hit.geom !== caster.ids[y * SIZE_PX + x]) {
        differentIds++;
        continue;
      }
      if (hit.geom < 0) continue;
      // 32-bit depth against 64-bit: 1e-6 relative.
      expect(Math.abs(depth - hit.distance)).toBeLessThan(2e-6 * (1 + hit.distance));
      const shape = scene.type[hit.geom]!;
      agreed.set(shape, (agreed.get(shape) ?? 0) + 1);
    }
  }
  return { pixels: SIZE_PX * SIZE_PX, differentIds, agreed };
}

test("depth and ids agree with MuJoCo's own rays, for every kind of object and camera", async () => {
  const { physics, looks } = await fullKitchen();
  const scene = makeRenderScene(physics, looks);
  for (const camera of ["head", "left_wrist", "right_wrist"]) {
    const { pixels, differentIds } = compareWithRays(physics, scene, camera);
    // Where two surfaces coincide (a label on its box) either id is right.
    expect(differentIds / pixels, camera).toBeLessThan(0.004);
  }
  physics.close();
});

const SHAPES = `<mujoco><worldbody>
  <geom name="floor" type="plane" size="3 3 .1"/>
  <geom name="ball" type="sphere" size=".2" pos="-.6 .2 .3"/>
  <geom name="pill" type="capsule" size=".12 .25" pos="0 .3 .4" euler="40 20 0"/>
  <geom name="egg" type="ellipsoid" size=".1 .2 .3" pos=".6 0 .4" euler="30 50 10"/>
  <geom name="tin" type="cylinder" size=".15 .2" pos="-.4 -.6 .3" euler="60 0 30"/>
  <geom name="brick" type="box" size=".2 .1 .15" pos=".4 -.7 .3" euler="20 30 40"/>
  <camera name="far" pos="0 -3 1" xyaxes="1 0 0 0 .3 .95" fovy="40"/>
  <camera name="close" pos="-.15 -.62 .3" xyaxes="0 1 0 .1 0 1" fovy="100"/>
</worldbody></mujoco>`;

test("every shape agrees with MuJoCo's rays, also where it reaches behind the camera", async () => {
  const physics = await Physics.compile(SHAPES);
  physics.forward();
  const scene = makeRenderScene(physics);
  const far = compareWithRays(physics, scene, "far");
  expect(far.differentIds).toBeLessThan(4); // rays that graze an edge
  for (const shape of [PLANE, SPHERE, CAPSULE, ELLIPSOID, CYLINDER, BOX]) {
    expect(far.agreed.get(shape), `pixels of shape ${shape}`).toBeGreaterThan(30);
  }
  expect(compareWithRays(physics, scene, "close").differentIds).toBeLessThan(4);
  physics.close();
});

const STAGE = `<mujoco><worldbody>
  <geom name="floor" type="plane" size="3 3 .1"/>
  <geom name="roof" type="box" size=".5 .5 .02" pos="0 0 1"/>
  <camera name="side" pos="0 -4 .5" xyaxes="1 0 0 0 0 1" fovy="40"/>
</worldbody></mujoco>`;

test("a roof under a light from above shadows the floor below it and nothing else", async () => {
  const physics = await Physics.compile(STAGE);
  physics.forward();
  const light = {
    direction: [0, 0, 1],
    colour: [0.5, 0.5, 0.5],
    sky: [0.2, 0.2, 0.2],
    ground: [0, 0, 0],
  } as const;
  const scene = makeRenderScene(physics, new Map(), light);
  for (const name of ["floor", "roof"]) setLook(scene, physics.id("geom", name), { colour: [1, 1, 1] });
  const floor = physics.id("geom", "floor");
  const caster = new RayCaster({ width: 96, height: 96 });
  const { data } = caster.render(scene, physics, physics.id("camera", "side"));
  const tangent = Math.tan((20 * Math.PI) / 180);
  let shadowed = 0;
  for (let y = 0; y < 96; y++) {
    for (let x = 0; x < 96; x++) {
      const i = y * 96 + x;
      if (caster.ids[i] !== floor) continue;
      const worldX = caster.depth[i]! * ((2 * (x + 0.5)) / 96 - 1) * tangent;
      const worldY = caster.depth[i]! - 4;
      const inside = Math.abs(worldX) < 0.49 && Math.abs(worldY) < 0.49;
      const outside = Math.abs(worldX) > 0.51 || Math.abs(worldY) > 0.51;
      // Linear 0.7 is sRGB 218 in the light; 0.2 is 124 in the shadow.
      if (inside) expect(data[3 * i]).toBe(124);
      if (outside) expect(data[3 * i]).toBe(218);
      if (inside) shadowed++;
    }
  }
  expect(shadowed).toBeGreaterThan(100);
  physics.close();
});
