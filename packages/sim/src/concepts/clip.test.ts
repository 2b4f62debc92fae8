import type { Image } from "@orrery/core";
import { expect, test } from "vitest";
import { CONCEPTS, CONCEPT_VARIANTS, type ConceptClip, type ConceptVariant, conceptClip } from "./clip.ts";

const NAMES = CONCEPTS.map(({ name }) => name);
const SIZE = 40;

async function clips(name: string, seed: number): Promise<Record<ConceptVariant, ConceptClip>> {
  const all = {} as Record<ConceptVariant, ConceptClip>;
  for (const variant of CONCEPT_VARIANTS) all[variant] = await conceptClip(name, seed, variant, SIZE);
  return all;
}

const isEqual = (a: Image | undefined, b: Image | undefined): boolean =>
  Buffer.compare(a!.data, b!.data) === 0;

test.each(NAMES)("%s: impossible clips are made of the frames of possible ones", async (name) => {
  for (let seed = 0; seed < 2; seed++) {
    const all = await clips(name, seed);
    const { switches, images } = all["possible-a"];
    images.forEach((_, t) => {
      const swapped = switches.filter((at) => t >= at).length % 2 === 1;
      const [a, b] = swapped
        ? (["possible-b", "possible-a"] as const)
        : (["possible-a", "possible-b"] as const);
      expect(isEqual(all["impossible-a"].images[t], all[a].images[t])).toBe(true);
      expect(isEqual(all["impossible-b"].images[t], all[b].images[t])).toBe(true);
    });
    // No seam: around every change-over both courses look the same, pixel by pixel.
    for (const at of switches) {
      for (const t of [at - 1, at]) {
        expect(
          isEqual(all["possible-a"].images[t], all["possible-b"].images[t]),
          `seed ${seed} frame ${t}`,
        ).toBe(true);
      }
    }
    // And what differs is seen before and after.
    const differs = (from: number, to: number): boolean =>
      images
        .slice(from, to)
        .some((_, i) => !isEqual(all["possible-a"].images[from + i], all["possible-b"].images[from + i]));
    expect(differs(0, switches[0]!)).toBe(true);
    expect(differs(switches.at(-1)!, images.length)).toBe(true);
  }
});

test.each(NAMES)("%s: the truth says where things are and when they are hidden", async (name) => {
  const { images, actors, switches, isPossible } = await conceptClip(name, 1, "possible-a", SIZE);
  expect(isPossible).toBe(true);
  for (const { positions, pixels, occlusions } of actors) {
    expect(positions.length).toBe(images.length);
    for (const { from, to } of occlusions) {
      for (let t = from; t < to; t++) expect([pixels[t], positions[t] !== null]).toEqual([0, true]);
    }
  }
  // Something that matters is hidden at the change-over.
  const hidden = actors.filter(({ occlusions }) =>
    occlusions.some(({ from, to }) => from <= switches[0]! && switches[0]! < to),
  );
  expect(hidden.length).toBeGreaterThan(0);
});

test.each(NAMES)("%s: controls change the picture and not the events", async (name) => {
  const plain = await conceptClip(name, 2, "possible-a", SIZE);
  const [at] = plain.switches;
  const last = plain.images.length - 1;
  for (const variant of ["control-wall-colour", "control-camera-shake"] as const) {
    const control = await conceptClip(name, 2, variant, SIZE);
    expect(control.isPossible).toBe(true);
    expect(control.actors.map(({ positions }) => positions)).toEqual(
      plain.actors.map(({ positions }) => positions),
    );
    expect(isEqual(control.images[0], plain.images[0])).toBe(true);
    expect(isEqual(control.images[at!], plain.images[at!])).toBe(false);
    // A wall stays repainted, a camera comes to rest.
    expect(isEqual(control.images[last], plain.images[last])).toBe(variant === "control-camera-shake");
  }
});

test("wrong names and numbers are refused", async () => {
  await expect(conceptClip("telepathy", 0, "possible-a")).rejects.toThrow(/permanence/);
  await expect(conceptClip("inertia", 0, "maybe" as ConceptVariant)).rejects.toThrow(/possible-a/);
  await expect(conceptClip("inertia", -1, "possible-a")).rejects.toThrow(/seed/);
});
