/** Sponges wipe: a drop is gone once a sponge that lies on the table has passed over it. */
import { conjugate, rotate, sub, vec3At } from "../control/vec.ts";
import type { Physics } from "../mujoco/physics.ts";
import type { RenderScene } from "../render/scene.ts";
import type { PlacedObject, SceneSpec } from "../scene/scene-spec.ts";
import { dropName } from "../scene/spill.ts";

/** How far above the table a sponge's underside still wipes, m. */
const REACH_M = 0.008;

export class Sponges {
  readonly #physics: Physics;
  readonly #render: RenderScene;
  readonly #tableTop: number;
  readonly #sponges: readonly { readonly body: number; readonly object: PlacedObject }[];
  /** World x and y of every drop, and its geom. */
  readonly #drops: readonly { readonly x: number; readonly y: number; readonly geom: number }[];

  constructor(physics: Physics, scene: SceneSpec, render: RenderScene) {
    this.#physics = physics;
    this.#render = render;
    this.#tableTop = scene.table.topM;
    this.#sponges = scene.objects
      .filter(({ kind }) => kind.name === "sponge")
      .map((object) => ({ body: physics.id("body", object.name), object }));
    this.#drops = scene.spills.flatMap((spill) =>
      spill.drops.map(([dx, dy], i) => ({
        x: spill.pos[0] + dx,
        y: spill.pos[1] + dy,
        geom: physics.id("geom", dropName(spill, i)),
      })),
    );
  }

  /** Takes away what the sponges lie on now; called often enough that none jumps over a drop. */
  wipe(): void {
    if (this.#drops.length === 0 || this.#sponges.length === 0) return;
    for (const { body, object } of this.#sponges) this.#wipeUnder(body, object);
    this.show();
  }

  /** Makes the picture agree with the state. */
  show(): void {
    const { userData } = this.#physics;
    this.#drops.forEach(({ geom }, i) => (this.#render.visible[geom] = userData[i] === 0 ? 1 : 0));
  }

  #wipeUnder(body: number, { sizeM, kind }: PlacedObject): void {
    const { bodyPos, bodyQuat, userData } = this.#physics;
    const at = vec3At(bodyPos, body);
    if (at[2] - kind.shape(sizeM).halfHeight > this.#tableTop + REACH_M) return;
    const [w = 1, x = 0, y = 0, z = 0] = bodyQuat.subarray(4 * body, 4 * body + 4);
    const turnBack = conjugate([w, x, y, z]);
    this.#drops.forEach((drop, i) => {
      const inSponge = rotate(turnBack, sub([drop.x, drop.y, at[2]], at));
      if (Math.abs(inSponge[0]) < sizeM && Math.abs(inSponge[1]) < 0.65 * sizeM) userData[i] = 1;
    });
  }
}
