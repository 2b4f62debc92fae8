/** Whether a model can act in a body: the same actions and state, and the cameras it sees through. */
import { UsageError, type ActionPart, type Embodiment, type StatePart } from "@orrery/core";

/**
 * @param model what the policy was trained for
 * @param body what it is to act in
 * @throws {UsageError} naming everything that differs
 */
export function checkFits(policy: string, model: Embodiment, body: Embodiment): void {
  const problems: string[] = [];
  if (shapeOf(model.action) !== shapeOf(body.action)) {
    problems.push(`its actions are ${listOf(model.action)}, the body takes ${listOf(body.action)}`);
  }
  if (shapeOf(model.state) !== shapeOf(body.state)) {
    problems.push(`its state is ${listOf(model.state)}, the body has ${listOf(body.state)}`);
  }
  if (model.controlRateHz !== body.controlRateHz) {
    problems.push(`it acts at ${model.controlRateHz} Hz, the body at ${body.controlRateHz} Hz`);
  }
  for (const { name, width, height } of model.cameras) {
    const seen = body.cameras.find((camera) => camera.name === name);
    if (seen === undefined) problems.push(`it sees through camera "${name}", which the body lacks`);
    else if (seen.width !== width || seen.height !== height) {
      problems.push(`camera "${name}" must be ${width}x${height}, it is ${seen.width}x${seen.height}`);
    }
  }
  if (problems.length === 0) return;
  throw new UsageError(
    `policy ${policy}: it was trained for the body "${model.name}" and cannot act in "${body.name}": ` +
      `${problems.join("; ")}. Train it on recordings of this body, or choose a task of its own.`,
  );
}

/** What must agree for numbers to mean the same: names, widths, modes. */
function shapeOf(parts: readonly (StatePart | ActionPart)[]): string {
  return parts.map((part) => `${part.name}:${part.width}:${"mode" in part ? part.mode : ""}`).join();
}

function listOf(parts: readonly StatePart[]): string {
  return parts.map(({ name, width }) => `${name} (${width})`).join(", ") || "none";
}
