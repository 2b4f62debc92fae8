/** Every kind of object, each on its own, with its name: the catalogue as a picture. */
import { type Image, type Rng, makeRng } from "@orrery/core";
import { Physics } from "../mujoco/physics.ts";
import { RayCaster } from "../render/raycaster.ts";
import { type Light, type Look, makeRenderScene } from "../render/scene.ts";
import { COLOURS, scaleColour, shiftColour } from "../scene/colours.ts";
import { looseObject } from "../scene/loose-object.ts";
import { el } from "../scene/mjcf.ts";
import { NOVEL_KINDS } from "../scene/novel-objects.ts";
import type { ObjectKind } from "../scene/object-kind.ts";
import { OBJECT_KINDS, kindNamed } from "../scene/objects.ts";
import type { PlacedObject } from "../scene/scene-spec.ts";
import { type SheetRow, checkSizes, halved, sheetOf } from "./sheet.ts";

const LIGHT: Light = {
  direction: [-0.42, 0.42, 0.805],
  colour: [0.8, 0.77, 0.72],
  sky: [0.46, 0.48, 0.52],
  ground: [0.24, 0.22, 0.2],
};
const FLOOR: Look = { colour: [0.87, 0.85, 0.81] };
/** How far down the camera looks, and its field of view. */
const PITCH_RAD = 0.62;
const FOVY_DEG = 30;

/**
 * A sheet of all kinds that training draws from, and of the new ones of the family `objects` below them.
 */
export async function objectSheet(size: number, seed = 0, columns = 9): Promise<Image> {
  checkSizes("objectSheet", { size, columns });
  return sheetOf([
    ...(await rowsOf(OBJECT_KINDS, size, seed, columns)),
    ...(await rowsOf(NOVEL_KINDS, size, seed, columns)),
  ]);
}

/**
 * One kind, as different seeds draw it: sizes, colours and turns.
 * @throws {UsageError} if there is no such kind
 */
export async function kindSheet(name: string, size: number, seed = 0, count = 9): Promise<Image> {
  checkSizes("kindSheet", { size, count });
  const kind = kindNamed(name, [...OBJECT_KINDS, ...NOVEL_KINDS]);
  const rng = makeRng(seed, "kind", name);
  const images: Image[] = [];
  for (let i = 0; i < count; i++) images.push(await portrait(drawn(kind, rng), size));
  return sheetOf([{ caption: `${name}: ${factsOf(kind)}`, images }]);
}

/** "50 to 80 mm, 120 to 300 g, friction 0.4 to 0.65". */
function factsOf({ sizeM, massKg, friction }: ObjectKind): string {
  const range = ([low, high]: readonly [number, number], unit: number): string =>
    `${Math.round(low * unit)} to ${Math.round(high * unit)}`;
  return `size ${range(sizeM, 1000)} mm, ${range(massKg, 1000)} g, friction ${friction[0]} to ${friction[1]}`;
}

/** One of a kind, wherever its ranges allow. */
function drawn(kind: ObjectKind, rng: Rng): PlacedObject {
  const colourName = rng.pick(kind.colours);
  const colour = shiftColour(COLOURS[colourName], rng, 0.03);
  return {
    name: "object",
    kind,
    colourName,
    colour,
    second: rng.chance(0.5) ? scaleColour(colour, 0.7) : [0.92, 0.9, 0.86],
    sizeM: rng.uniform(...kind.sizeM),
    massKg: rng.uniform(...kind.massKg),
    friction: rng.uniform(...kind.friction),
    pos: [0, 0],
    yawRad: rng.uniform(0.2, 1),
  };
}

async function rowsOf(
  kinds: readonly ObjectKind[],
  size: number,
  seed: number,
  columns: number,
): Promise<SheetRow[]> {
  const rows: SheetRow[] = [];
  for (let i = 0; i < kinds.length; i += columns) {
    const some = kinds.slice(i, i + columns);
    const images = [];
    for (const kind of some)
      images.push(await portrait(drawn(kind, makeRng(seed, "portrait", kind.name)), size));
    rows.push({ caption: some.map(({ name }) => name), images });
  }
  return rows;
}

/** A thing on a plain floor, seen from before it and above, as large as the largest of its kind would fill. */
async function portrait(object: PlacedObject, size: number): Promise<Image> {
  const { kind } = object;
  const looks = new Map<string, Look>([["floor", FLOOR]]);
  const table = { topM: 0 } as Parameters<typeof looseObject>[1];
  const xml = el(
    "mujoco",
    { model: "portrait" },
    el(
      "worldbody",
      {},
      el("geom", { name: "floor", type: "plane", size: [2, 2, 0.1] }),
      looseObject(object, table, looks),
    ),
  );
  const physics = await Physics.compile(withDefaults(xml));
  try {
    physics.poses();
    const { halfHeight, footprint } = kind.shape(kind.sizeM[1]);
    const radius = Math.max(footprint, 1.1 * halfHeight);
    const away = (1.25 * radius) / Math.sin((FOVY_DEG * Math.PI) / 360);
    const [sin, cos] = [Math.sin(PITCH_RAD), Math.cos(PITCH_RAD)];
    const image = new RayCaster({ width: 2 * size, height: 2 * size }).renderFrom(
      makeRenderScene(physics, looks, LIGHT),
      physics,
      {
        pos: [0, -away * cos, halfHeight + away * sin],
        // Columns: right, up, backward.
        mat: [1, 0, 0, 0, sin, -cos, 0, cos, sin],
        fovyDeg: FOVY_DEG,
      },
    );
    return halved(image);
  } finally {
    physics.close();
  }
}

/** The classes that loose objects name; here nothing moves, so they say nothing. */
function withDefaults(xml: string): string {
  const classes = ["object", "paint"].map((name) => `<default class="${name}"/>`).join("");
  return xml.replace("<worldbody>", `<default>${classes}</default><worldbody>`);
}
