/** Action spaces by name. */
import type { ActionPart } from "@orrery/core";
import type { BodySpec } from "../bodies/body.ts";
import type { ActionSpace, ActionSpaceContext, ActionSpaceName } from "./action-space.ts";
import { EeDelta, eeDeltaParts } from "./ee-delta.ts";
import { JointPosition, JointVelocity, jointPositionParts, jointVelocityParts } from "./joint-spaces.ts";

export function makeActionSpace(name: ActionSpaceName, context: ActionSpaceContext): ActionSpace {
  switch (name) {
    case "ee-delta":
      return new EeDelta(context);
    case "joint-position":
      return new JointPosition(context);
    case "joint-velocity":
      return new JointVelocity(context);
  }
}

/** The parts of an action vector, without making the space. */
export function actionPartsOf(name: ActionSpaceName, spec: BodySpec): ActionPart[] {
  switch (name) {
    case "ee-delta":
      return eeDeltaParts(spec);
    case "joint-position":
      return jointPositionParts(spec);
    case "joint-velocity":
      return jointVelocityParts(spec);
  }
}
