/** What a body is: its state, its actions, its cameras. A JSON file, data and not code; nothing above knows a robot by name. */
import { UsageError } from "./errors.ts";

/** One named stretch of the state vector, `width` numbers long. */
export interface StatePart {
  readonly name: string;
  readonly width: number;
  /** SI unit of every number in the part: "rad", "m", "rad/s", "N", "1". */
  readonly unit: string;
  /** One [low, high] per number, where limits are known. */
  readonly limits?: readonly (readonly [number, number])[];
  /** One name per number, as the dataset's feature names list them. */
  readonly names?: readonly string[];
}

/** One named stretch of the action vector. */
export interface ActionPart extends StatePart {
  readonly kind: "continuous" | "binary" | "categorical";
  readonly mode: "absolute" | "delta" | "velocity";
  /** Number of classes where `kind` is categorical. */
  readonly classes?: number;
}

export interface CameraSpec {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** Vertical field of view in degrees, where known. */
  readonly fovyDeg?: number;
  /** What it is fixed to: "head", "left wrist", "room". */
  readonly mount?: string;
}

export interface Embodiment {
  readonly name: string;
  readonly controlRateHz: number;
  readonly state: readonly StatePart[];
  readonly action: readonly ActionPart[];
  readonly cameras: readonly CameraSpec[];
  /** Sensors recorded beside the state: touch, force/torque, joint torque. */
  readonly sensors?: readonly StatePart[];
}

/** Width of the concatenated parts: P for states, A for actions. */
export function widthOf(parts: readonly StatePart[]): number {
  return parts.reduce((sum, part) => sum + part.width, 0);
}

/** One name per number of the concatenated parts, for dataset feature names and plots. */
export function namesOf(parts: readonly StatePart[]): string[] {
  return parts.flatMap((part) => {
    if (part.names) return [...part.names];
    return part.width === 1 ? [part.name] : Array.from({ length: part.width }, (_, i) => `${part.name}_${i}`);
  });
}

/** Whether each number of the concatenated parts is one of a named part's. */
export function isInParts(parts: readonly StatePart[], names: readonly string[]): boolean[] {
  return parts.flatMap(({ name, width }) => Array.from({ length: width }, () => names.includes(name)));
}

/**
 * Refuses names that no part of a body has.
 * @param what they must be, as "goals must count in parts of the state"
 * @throws {UsageError} naming the parts there are
 */
export function checkPartNames(
  what: string,
  body: string,
  parts: readonly StatePart[],
  asked: readonly string[],
): void {
  const known = parts.map(({ name }) => name);
  const unknown = asked.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw new UsageError(
    `${what} of the body "${body}", got ${unknown.join(", ")}. It has ${known.join(", ")}.`,
  );
}
