/** What a world in a thread and its handle say to each other. */
import type { Embodiment, Observation, Transition } from "@orrery/core";

/** To the thread; answered in order. */
export type WorldCall =
  | {
      readonly kind: "reset";
      readonly seed: number;
      readonly options: Readonly<Record<string, unknown>> | undefined;
    }
  | { readonly kind: "step"; readonly action: Float32Array }
  | { readonly kind: "close" };

/** From the thread: the first one when the world is made, then one per call. */
export type WorldAnswer =
  | { readonly kind: "made"; readonly embodiment: Embodiment }
  | { readonly kind: "reset"; readonly observation: Observation; readonly instruction: string }
  | { readonly kind: "step"; readonly transition: Transition }
  | { readonly kind: "closed" }
  /** The call failed and the world goes on; `isMisuse` says whose fault it was. */
  | { readonly kind: "error"; readonly message: string; readonly isMisuse: boolean };
