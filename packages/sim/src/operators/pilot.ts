/**
 * Lets operators drive any action space. They speak end-effector deltas; for the joint spaces each move is carried
 * out by inverse kinematics first, and what is sent to the world and recorded is the joint action that does the same.
 */
import { type ActionSpace, type ActionSpaceContext, sanitizeAction } from "../control/action-space.ts";
import type { BodyCommand } from "../control/command.ts";
import { EeDelta } from "../control/ee-delta.ts";

export class Pilot {
  readonly #space: ActionSpace;
  readonly #hand: EeDelta | null;
  readonly #safe: Float32Array;

  /** `command` is where the body stands when the operator takes over. */
  constructor(space: ActionSpace, context: ActionSpaceContext, command: BodyCommand) {
    this.#space = space;
    this.#hand = space.name === "ee-delta" ? null : new EeDelta(context);
    this.#hand?.reset(command);
    const width = this.#hand?.parts.reduce((sum, part) => sum + part.width, 0) ?? 0;
    this.#safe = new Float32Array(width);
  }

  /** The world's action for an operator's ee-delta action, at the command in force. */
  translate(eeDelta: Float32Array, command: BodyCommand): Float32Array {
    if (!this.#hand) return eeDelta.slice();
    sanitizeAction(eeDelta, this.#hand.parts, "clip", this.#safe);
    return this.#space.between(command, this.#hand.apply(this.#safe, command));
  }
}
