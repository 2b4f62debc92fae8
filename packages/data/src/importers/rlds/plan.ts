/** Sorts the features of an RLDS dataset into cameras, state, action, text and the rest, and says what stays behind. */
import type { ActionPart, Embodiment, StatePart } from "@orrery/core";
import type { Skip } from "../../source.ts";
import { LIMITS } from "../shared/limits.ts";
import { type PixelLayout, pixelLayout } from "../shared/pictures.ts";
import type { FeatureSpec } from "./features.ts";

/** A stretch of numbers per step. */
export interface NumberStream {
  readonly key: string;
  readonly width: number;
}

export interface CameraStream {
  readonly key: string;
  readonly name: string;
  /** How raw pixels lie; absent where each step holds an encoded picture. */
  readonly raw?: PixelLayout;
}

export interface RldsPlan {
  readonly embodiment: Embodiment;
  readonly cameras: readonly CameraStream[];
  readonly state: readonly NumberStream[];
  readonly action: readonly NumberStream[];
  readonly extra: readonly NumberStream[];
  readonly hasReward: boolean;
  readonly textKeys: readonly string[];
  readonly metadataKeys: readonly string[];
  readonly skipped: readonly Skip[];
}

const TEXT_KEYS = [
  "steps/language_instruction",
  "steps/observation/natural_language_instruction",
  "steps/observation/language_instruction",
];
const FLAGS = new Set(["steps/is_first", "steps/is_last", "steps/is_terminal", "steps/reward"]);

/** @param rateHz control rate, which RLDS files do not hold */
export function planRlds(specs: readonly FeatureSpec[], name: string, rateHz: number): RldsPlan {
  const cameras: (CameraStream & { width: number; height: number })[] = [];
  const state: NumberStream[] = [];
  const action: NumberStream[] = [];
  const extra: NumberStream[] = [];
  const skipped: Skip[] = [];
  const metadataKeys: string[] = [];
  const textKeys = TEXT_KEYS.filter((key) => specs.some((spec) => spec.key === key && spec.kind === "text"));

  for (const spec of specs) {
    if (!spec.key.startsWith("steps/")) {
      metadataKeys.push(spec.key);
      continue;
    }
    const leave = (reason: string): void => void skipped.push({ what: spec.key, reason });
    const width = spec.shape.reduce((product, n) => product * n, 1);
    const layout = spec.kind === "image" || spec.dtype === "uint8" ? pixelLayout(spec.shape) : undefined;
    if (FLAGS.has(spec.key) || textKeys.includes(spec.key)) continue;
    else if (spec.kind === "text") leave("only one instruction per episode is kept");
    else if (spec.kind === "ragged") leave("values of changing number per step have no place in a row");
    else if (spec.kind === "encoded") leave("tensors stored as bytes or zlib are not read");
    else if (spec.kind === "image" && spec.dtype !== "uint8")
      leave(`pictures of ${spec.dtype} (depth) are not kept`);
    else if (layout) {
      const raw = spec.kind === "tensor" ? { raw: layout } : {};
      cameras.push({
        key: spec.key,
        name: cameraName(spec.key),
        ...raw,
        width: layout.width,
        height: layout.height,
      });
    } else if (!Number.isInteger(width) || width < 1 || width > LIMITS.vectorWidth) {
      leave(`its shape [${spec.shape.join(", ")}] gives no vector of 1 to ${LIMITS.vectorWidth} numbers`);
    } else if (/^steps\/action(\/|$)/.test(spec.key)) action.push({ key: spec.key, width });
    else if (spec.key.startsWith("steps/observation/") && !spec.key.includes("embedding")) {
      state.push({ key: spec.key, width });
    } else extra.push({ key: spec.key, width });
  }
  const embodiment: Embodiment = {
    name,
    controlRateHz: rateHz,
    state: state.map(statePart),
    action: action.map(actionPart),
    cameras: cameras.map(({ name, width, height }) => ({ name, width, height })),
    sensors: extra.map(statePart),
  };
  const hasReward = specs.some((spec) => spec.key === "steps/reward");
  return { embodiment, cameras, state, action, extra, hasReward, textKeys, metadataKeys, skipped };
}

/** "steps/observation/image_0" becomes "image_0"; deeper paths join by "_", for dataset keys may not hold "/". */
export function streamName(key: string): string {
  return key.replace(/^steps\/(observation\/)?/, "").replaceAll("/", "_");
}

const cameraName = streamName;

// RLDS says nothing about units or the meaning of an action, so both stay at the neutral choice.
function statePart({ key, width }: NumberStream): StatePart {
  return { name: streamName(key), width, unit: "1" };
}

function actionPart(stream: NumberStream): ActionPart {
  return {
    ...statePart(stream),
    kind: "continuous",
    mode: /delta|world_vector/.test(stream.key) ? "delta" : "absolute",
  };
}
