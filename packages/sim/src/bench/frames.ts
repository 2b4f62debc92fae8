/** Pictures per second of the ray caster, by camera and size. */
import { RayCaster } from "../render/raycaster.ts";
import { makeKitchenWorld } from "../world/kitchen-world.ts";

export interface FrameSpeed {
  readonly camera: string;
  /** Pictures are square. */
  readonly sizePx: number;
  readonly framesPerSecond: number;
}

/** Every camera of the default body, with shadows, on one thread. */
export async function frameSpeeds(
  sizes: readonly number[],
  secondsEach: number,
): Promise<readonly FrameSpeed[]> {
  const world = await makeKitchenWorld({ task: "put-in-bowl", cameras: [] });
  try {
    await world.reset(1);
    const { physics, renderScene } = world;
    const cameras = world.spec.cameras.filter(({ rightOf }) => !rightOf); // a second eye sees what the first does
    return cameras.flatMap(({ name }) =>
      sizes.map((sizePx) => {
        const caster = new RayCaster({ width: sizePx, height: sizePx });
        const camera = physics.id("camera", name);
        const draw = (): unknown => caster.render(renderScene, physics, camera);
        speedOf(draw, secondsEach / 2);
        return { camera: name, sizePx, framesPerSecond: speedOf(draw, secondsEach) };
      }),
    );
  } finally {
    await world.close();
  }
}

function speedOf(work: () => unknown, seconds: number): number {
  const startMs = performance.now();
  let count = 0;
  do {
    work();
    count++;
  } while (performance.now() - startMs < 1000 * seconds);
  return (1000 * count) / (performance.now() - startMs);
}
