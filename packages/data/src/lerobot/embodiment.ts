/** The embodiment a dataset's features imply, for recordings that come without one. */
import type { ActionPart, CameraSpec, Embodiment, StatePart } from "@orrery/core";
import { BOOKKEEPING, cameraName, isCamera, RECORDED_CLOCK, type Feature } from "./features.ts";

/** Where a dataset that we wrote keeps its embodiment. */
export const EMBODIMENT_PATH = "meta/embodiment.json";

const NEXT = /^next\./;

/**
 * Features that make up the state vector, in order: `observation.state`, or all of `observation.state.*` where the
 * recording splits it. Likewise `action` and `action.*`.
 */
export function vectorFeatures(features: readonly Feature[], key: "observation.state" | "action"): Feature[] {
  const numeric = features.filter((feature) => !isCamera(feature) && feature.dtype !== "string");
  const whole = numeric.find((feature) => feature.name === key);
  return whole ? [whole] : numeric.filter((feature) => feature.name.startsWith(`${key}.`));
}

/** Numeric features beside state, action, reward, ends and bookkeeping: sensors, latent actions, annotations. */
export function extraFeatures(features: readonly Feature[]): Feature[] {
  const used = new Set<string>([
    ...BOOKKEEPING,
    RECORDED_CLOCK,
    "next.reward",
    "next.done",
    "next.success",
    ...vectorFeatures(features, "observation.state").map((feature) => feature.name),
    ...vectorFeatures(features, "action").map((feature) => feature.name),
  ]);
  return features.filter((feature) => !isCamera(feature) && !used.has(feature.name));
}

/**
 * Derives an embodiment. Units and limits are not in the format, so units read "unknown"; names that end in "vel"
 * or hold "delta" tell the action's mode, everything else counts as absolute.
 */
export function embodimentFromFeatures(
  robotType: string | null,
  fps: number,
  features: readonly Feature[],
): Embodiment {
  const sensors = extraFeatures(features).filter(
    (f) => f.dtype !== "string" && !NEXT.test(f.name) && f.width > 0,
  );
  return {
    name: robotType ?? "unknown",
    controlRateHz: fps,
    state: vectorFeatures(features, "observation.state").map(statePart),
    action: vectorFeatures(features, "action").flatMap(actionParts),
    cameras: features.filter((f) => isCamera(f) && !f.video?.isDepth).map(cameraSpec),
    ...(sensors.length > 0 ? { sensors: sensors.map(statePart) } : {}),
  };
}

function statePart(feature: Feature): StatePart {
  return {
    name: feature.name.replace(/^observation\.state$/, "state"),
    width: feature.width,
    unit: "unknown",
    ...(feature.names ? { names: feature.names } : {}),
  };
}

/** Splits an action into runs of one mode, so that six velocities and a gripper position are not one thing. */
function actionParts(feature: Feature): ActionPart[] {
  const names = feature.names ?? Array.from({ length: feature.width }, (_, i) => `${feature.name}_${i}`);
  const runs: { mode: ActionPart["mode"]; names: string[] }[] = [];
  for (const name of names) {
    const mode = modeOf(name);
    const last = runs.at(-1);
    if (last?.mode === mode) last.names.push(name);
    else runs.push({ mode, names: [name] });
  }
  return runs.map((run, i) => ({
    name:
      run.names.length === 1
        ? String(run.names[0])
        : runs.length === 1
          ? feature.name
          : `${feature.name}.${i}`,
    width: run.names.length,
    kind: "continuous",
    unit: "unknown",
    mode: run.mode,
    names: run.names,
  }));
}

function modeOf(name: string): ActionPart["mode"] {
  if (/(^|[._-])vel(ocity)?s?($|[._-])/i.test(name)) return "velocity";
  if (/(^|[._-])delta($|[._-])/i.test(name)) return "delta";
  return "absolute";
}

function cameraSpec(feature: Feature): CameraSpec {
  const [height = 0, width = 0] = feature.shape;
  return { name: cameraName(feature.name), width, height };
}
