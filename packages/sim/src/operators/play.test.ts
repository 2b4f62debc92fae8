import { expect, test } from "vitest";
import { distance } from "../control/vec.ts";
import { episodeSeed, runEpisode } from "../record/episode.ts";
import type { PlacedObject } from "../scene/scene-spec.ts";
import type { SceneView } from "../world/scene-view.ts";
import { makeKitchenWorld } from "../world/kitchen-world.ts";

const EPISODES = 24;

/** What happens to a thing at this moment: shoved from where it stood, lifted in a hand, flying on its own. */
function happeningsOf(view: SceneView, object: PlacedObject): string[] {
  const at = view.objectPos(object.name);
  const upM = at[2] - view.tableTop - object.kind.shape(object.sizeM).halfHeight;
  const handM = Math.min(...view.spec.arms.map((_, arm) => distance(view.toolPos(arm), at)));
  const movedM = Math.hypot(at[0] - object.pos[0], at[1] - object.pos[1]);
  return [
    ...(movedM > 0.02 && upM < 0.02 ? ["shoved"] : []),
    ...(upM > 0.05 && handM < 0.08 ? ["lifted"] : []),
    // Well clear of every hand and fast: neither held nor just dropped from one.
    ...(upM > 0.05 && handM > 0.1 && view.objectSpeed(object.name) > 0.3 ? ["thrown"] : []),
    ...(handM < object.kind.shape(object.sizeM).footprint + 0.03 ? ["touched"] : []),
  ];
}

test("play touches and shoves in most episodes, lifts in many, throws in some", async () => {
  const world = await makeKitchenWorld({ task: "pick", cameras: [], endless: true, timeLimitSec: 12 });
  const episodesWith: Record<string, number> = {};
  for (let i = 0; i < EPISODES; i++) {
    const seen = new Set<string>();
    await runEpisode(world, "play", episodeSeed(0, i), () => {
      for (const object of world.view.scene.objects) {
        for (const what of happeningsOf(world.view, object)) seen.add(what);
      }
    });
    for (const what of seen) episodesWith[what] = (episodesWith[what] ?? 0) + 1;
  }
  await world.close();
  // Measured over 24 episodes of 12 s; half of that still is play, less would be waving about.
  const { touched = 0, shoved = 0, lifted = 0, thrown = 0 } = episodesWith;
  expect(touched).toBeGreaterThanOrEqual(16);
  expect(shoved).toBeGreaterThanOrEqual(12);
  expect(lifted).toBeGreaterThanOrEqual(6);
  expect(thrown).toBeGreaterThanOrEqual(1);
});
