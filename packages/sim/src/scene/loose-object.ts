/** Loose objects as MJCF: a free body made of the primitives of its kind. */
import type { Look } from "../render/scene.ts";
import { clothPanels, panelNames } from "./cloth.ts";
import { el } from "./mjcf.ts";
import type { Part } from "./object-kind.ts";
import type { PlacedObject, TableSpec } from "./scene-spec.ts";

/** Body and free joint are named after the object, its drawn geoms `name_0`, `name_1` and so on. */
export function looseObject(object: PlacedObject, { topM }: TableSpec, looks: Map<string, Look>): string {
  const { halfHeight } = object.kind.shape(object.sizeM);
  return el(
    "body",
    {
      name: object.name,
      // A hair above the table: resting contact forms in the first steps instead of starting inside it.
      pos: [object.pos[0], object.pos[1], topM + (object.raisedM ?? 0) + halfHeight + 0.0005],
      quat: [Math.cos(object.yawRad / 2), 0, 0, Math.sin(object.yawRad / 2)],
    },
    el("freejoint", { name: object.name }),
    content(object, looks),
  );
}

function content(object: PlacedObject, looks: Map<string, Look>): string {
  const { cloth, parts } = object.kind.shape(object.sizeM);
  if (cloth) {
    const patch = { name: object.name, ...cloth, massKg: object.massKg, friction: object.friction };
    panelNames(patch).forEach((name, i) =>
      looks.set(name, { colour: i % 2 === 0 ? object.colour : object.second }),
    );
    return clothPanels(patch);
  }
  const solid = parts.filter((part) => part.solid !== false);
  const volume = solid.reduce((sum, part) => sum + volumeOf(part), 0);
  return parts
    .map((part, i) => {
      const name = `${object.name}_${i}`;
      looks.set(name, { colour: colourOf(part, object), gloss: object.kind.gloss });
      const isSolid = part.solid !== false;
      return el("geom", {
        name,
        class: isSolid ? "object" : "paint",
        type: part.type,
        size: part.size,
        pos: part.pos,
        quat: part.quat,
        friction: isSolid ? [object.friction, 0.01, 0.002] : undefined,
        // Round things keep wobbling unless rolling friction acts too.
        condim: isSolid && object.kind.traits.includes("rolls") ? 6 : undefined,
        mass: isSolid ? Math.max(1e-4, (object.massKg * volumeOf(part)) / volume) : 0,
      });
    })
    .join("");
}

function colourOf(part: Part, object: PlacedObject): readonly [number, number, number] {
  if (part.tone === undefined || part.tone === "own") return object.colour;
  return part.tone === "second" ? object.second : part.tone;
}

/** For sharing out the mass; trimmings of one object only need to be in proportion. */
function volumeOf({ type, size }: Part): number {
  const [a = 0, b = 0, c = 0] = size;
  switch (type) {
    case "sphere":
      return 4.19 * a ** 3;
    case "ellipsoid":
      return 4.19 * a * b * c;
    case "capsule":
      return 4.19 * a ** 3 + 6.28 * a * a * b;
    case "cylinder":
      return 6.28 * a * a * b;
    case "box":
      return 8 * a * b * c;
  }
}
