/**
 * Observations as a model takes them in, checked: a policy that is handed another body's pictures must say so rather
 * than act on them.
 *
 * Shapes: V cameras, h w pixels, P state width.
 */
import { ShapeError, UsageError, type Image, type Observation } from "@orrery/core";
import type { Context, Imagination } from "@orrery/models";
import { fromTyped, type Tensor } from "@orrery/torch";

type Body = Pick<Imagination, "facts" | "size" | "device">;

/**
 * Pictures of all cameras in the model's order, uint8 [1, V, h, w, 3].
 * @throws {UsageError} if a camera is missing; @throws {ShapeError} if a picture has another size
 */
export function framesOf({ images }: Observation, body: Body): Uint8Array {
  const { cameras } = body.facts;
  const { height, width } = body.size;
  const bytes = height * width * 3;
  const frames = new Uint8Array(cameras.length * bytes);
  for (const [v, name] of cameras.entries()) {
    const image = images[name];
    if (image === undefined) {
      const seen = Object.keys(images);
      throw new UsageError(
        `Planner.act: the model sees through camera "${name}", but the observation has ` +
          `${seen.length === 0 ? "no pictures" : `only ${seen.join(", ")}`}. Build the world with the model's cameras.`,
      );
    }
    checkSize("Planner.act", `the picture of camera "${name}"`, image, body);
    frames.set(image.data, v * bytes);
  }
  return frames;
}

/**
 * The goal picture as a model takes it, uint8 [1, 1, h, w, 3].
 * @throws {ShapeError} if it has another size than the model's pictures
 * @throws {UsageError} if the model sees through several cameras, for which one picture is no goal
 */
export function goalFrames(image: Image, body: Body): Tensor {
  const { cameras } = body.facts;
  if (cameras.length !== 1) {
    throw new UsageError(
      `Planner.reset: an image goal needs a model of one camera, got ${cameras.length} (${cameras.join(", ")}). ` +
        "Give a text or a state as goal.",
    );
  }
  checkSize("Planner.reset", "the goal image", image, body);
  const { height, width } = body.size;
  return fromTyped(image.data, [1, 1, height, width, 3], { device: body.device });
}

/** The first observation as a context of one row. */
export function contextOf(observation: Observation, body: Body): Context {
  const { actionWidth: A, stateWidth: P, cameras } = body.facts;
  const { height: H, width: W } = body.size;
  checkState(observation, body);
  return {
    B: 1,
    T: 1,
    V: cameras.length,
    H,
    W,
    A,
    P,
    frames: framesOf(observation, body),
    // The last row's action belongs to the step to come.
    action: new Float32Array(A),
    actionMask: new Uint8Array(1),
    state: observation.state.slice(),
    stateMask: new Uint8Array([1]),
  };
}

/** @throws {ShapeError} if the body has another state than the model's */
export function checkState({ state }: Observation, { facts }: Body): void {
  if (state.length !== facts.stateWidth) {
    throw new ShapeError(
      "Planner.act",
      "the state",
      `[${facts.stateWidth}]`,
      [state.length],
      `The model was trained on the body "${facts.embodiment.name}".`,
    );
  }
}

function checkSize(caller: string, what: string, image: Image, { size }: Body): void {
  if (image.height !== size.height || image.width !== size.width) {
    throw new ShapeError(
      caller,
      what,
      `[${size.height}, ${size.width}, 3] as the model's pictures`,
      [image.height, image.width, 3],
      "Resize it, or build the world with the model's camera sizes.",
    );
  }
}
