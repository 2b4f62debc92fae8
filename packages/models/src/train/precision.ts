/** Which arithmetic to train and dream with. */
import { preferredProductDtype } from "@orrery/torch";

export interface Precision {
  readonly usesBfloat16: boolean;
  /** What was chosen and why, for the log. */
  readonly reason: string;
}

/** Matrix products in bfloat16 where the device multiplies it in hardware, float32 elsewhere. */
export function choosePrecision(device: string): Precision {
  const usesBfloat16 = preferredProductDtype(device) === "bfloat16";
  const reason = usesBfloat16
    ? `bfloat16 autocast: ${device} multiplies it in hardware`
    : `float32: ${device} does not multiply bfloat16 in hardware`;
  return { usesBfloat16, reason };
}
