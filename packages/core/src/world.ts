/** A simulator, a real robot and a dream are all a `World`; a policy can't tell them apart. */
import type { Embodiment } from "./embodiment.ts";
import type { Image } from "./episode.ts";

export interface Observation {
  readonly images: Readonly<Record<string, Image>>;
  /** [P] in the order of the embodiment's state parts. */
  readonly state: Float32Array;
  /** What the body feels, by the name of the embodiment's sensor part; left out where nothing is felt. */
  readonly sensors?: Readonly<Record<string, Float32Array>>;
}

export interface Transition {
  readonly observation: Observation;
  readonly reward: number;
  /** The task ended, in success or failure. */
  readonly terminated: boolean;
  /** Time ran out. */
  readonly truncated: boolean;
  readonly success: boolean;
  /** Facts for logs and tests: contact, clipped actions, distance to the goal. */
  readonly info: Readonly<Record<string, number | string | boolean>>;
}

export interface World {
  readonly embodiment: Embodiment;
  /** What the task asks for, in words; empty where there is none. Changes with `reset`. */
  readonly instruction: string;
  /** Begins an episode. The same seed and options give the same episode, bit for bit. */
  reset(seed: number, options?: Readonly<Record<string, unknown>>): Promise<Observation>;
  /** Takes one control step. `action` has the embodiment's action width and is not kept. */
  step(action: Float32Array): Promise<Transition>;
  close(): Promise<void>;
}

/** What a policy is asked to bring about. */
export type Goal =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "image"; readonly image: Image }
  | { readonly kind: "state"; readonly state: Float32Array }
  | { readonly kind: "task"; readonly task: string }
  | { readonly kind: "reward" };

/** A chunk of actions, first one first, and what the policy believed while choosing them. */
export interface Decision {
  readonly actions: readonly Float32Array[];
  readonly belief: Readonly<Record<string, number | string>>;
}

export interface Policy {
  readonly name: string;
  /** Forgets the last episode. */
  reset(seed: number, goal: Goal): Promise<void>;
  /** Chooses on the newest observation; the policy keeps whatever history it needs. */
  act(observation: Observation): Promise<Decision>;
  close(): Promise<void>;
}
