/** Pictures as a backbone wants them: its size, channels first, its mean and spread. */
import { fromTyped, resize2d, tensor, type Tensor } from "@orrery/torch";
import type { Pictures } from "../../imitation/perception.ts";
import type { Preprocessing } from "./folder.ts";

/** float [count, 3, height, width]; to be called inside a scope. */
export function toPixels(
  { count, height, width, data }: Pictures,
  { mean, std, rescale }: Preprocessing,
  size: { readonly height: number; readonly width: number },
): Tensor {
  const bytes = fromTyped(data, [count, height, width, 3]).permute([0, 3, 1, 2]).float();
  const isSame = height === size.height && width === size.width;
  const sized = isSame ? bytes : resize2d(bytes, [size.height, size.width], "bilinear");
  const channel = (values: readonly number[]): Tensor => tensor([...values]).view([1, 3, 1, 1]);
  return sized.mul(rescale).sub(channel(mean)).div(channel(std)).contiguous();
}
