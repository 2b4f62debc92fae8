/** What judges and scripted operators may look up: true poses, by object name. Policies never see this. */
import type { BodySpec } from "../bodies/body.ts";
import type { BodyCommand } from "../control/command.ts";
import type { ToolPose } from "../control/ik.ts";
import { type Quat, type Vec3, add, multiply, norm, rotate, vec3At, yaw } from "../control/vec.ts";
import type { Physics } from "../mujoco/physics.ts";
import type { SceneSpec } from "../scene/scene-spec.ts";
import { SHELF_HALF } from "../scene/shelf.ts";
import { dropsLeft } from "../scene/spill.ts";

interface ObjectIds {
  readonly body: number;
  readonly dof: number;
}

const NOWHERE_ELSE: Vec3 = [0, 0, 0];

export class SceneView {
  readonly scene: SceneSpec;
  readonly spec: BodySpec;
  readonly #physics: Physics;
  readonly #objects = new Map<string, ObjectIds>();
  /** Drawers and doors alike: a joint and a handle. */
  readonly #fronts = new Map<string, { readonly qpos: number; readonly handle: number }>();
  readonly #tools: readonly number[];
  readonly #fingers: readonly (readonly number[])[];
  #command: BodyCommand;
  #commandedTools: readonly ToolPose[];
  #displacement: Vec3 = NOWHERE_ELSE;

  constructor(
    physics: Physics,
    scene: SceneSpec,
    spec: BodySpec,
    command: BodyCommand,
    tools: readonly ToolPose[],
  ) {
    this.#physics = physics;
    this.scene = scene;
    this.spec = spec;
    this.#command = command;
    this.#commandedTools = tools;
    for (const { name } of scene.objects) {
      const dof = physics.constants.jntDofAdr[physics.id("joint", name)]!;
      this.#objects.set(name, { body: physics.id("body", name), dof });
    }
    for (const { name } of [...scene.drawers, ...scene.cabinets]) {
      const qpos = physics.constants.jntQposAdr[physics.id("joint", name)]!;
      this.#fronts.set(name, { qpos, handle: physics.id("site", `${name}_handle`) });
    }
    this.#tools = spec.arms.map((arm) => physics.id("site", arm.tool));
    this.#fingers = spec.arms.map((arm) =>
      arm.fingers.map((finger) => physics.constants.jntQposAdr[physics.id("joint", finger)]!),
    );
  }

  /** Called by the world after every control step. */
  update(command: BodyCommand, tools: readonly ToolPose[]): void {
    this.#command = command;
    this.#commandedTools = tools;
  }

  /** Height of the table top, m. */
  get tableTop(): number {
    return this.scene.table.topM;
  }

  /** World position of an object's middle. */
  objectPos(name: string): Vec3 {
    return add(vec3At(this.#physics.bodyPos, this.#ids(name).body), this.#displacement);
  }

  /** What `look` finds, to which every object and handle seems to be `byM` (world) from where it is. */
  displaced<T>(byM: Vec3, look: () => T): T {
    this.#displacement = byM;
    try {
      return look();
    } finally {
      this.#displacement = NOWHERE_ELSE;
    }
  }

  objectQuat(name: string): Quat {
    const { bodyQuat } = this.#physics;
    const at = 4 * this.#ids(name).body;
    return [bodyQuat[at]!, bodyQuat[at + 1]!, bodyQuat[at + 2]!, bodyQuat[at + 3]!];
  }

  /** Linear speed of an object, m/s. */
  objectSpeed(name: string): number {
    const { qvel } = this.#physics;
    const { dof } = this.#ids(name);
    return norm([qvel[dof]!, qvel[dof + 1]!, qvel[dof + 2]!]);
  }

  /** How far a drawer stands open, m. */
  drawerOpening(name: string): number {
    return this.#physics.qpos[this.#fronts.get(name)?.qpos ?? -1] ?? 0;
  }

  /** How far a cabinet's door stands open, rad. */
  doorAngle(name: string): number {
    return this.#physics.qpos[this.#fronts.get(name)?.qpos ?? -1] ?? 0;
  }

  /** World positions of the drops on the table that no sponge has passed over yet. */
  dropsLeft(): Vec3[] {
    return dropsLeft(this.scene, this.#physics.userData);
  }

  /** Height of what is under a point (world): the table, or a shelf's board where the point is above one. */
  supportBelow([x, y, z]: Vec3): number {
    const board = this.scene.shelves.find(
      ({ pos, heightM }) =>
        Math.abs(x - pos[0]) < SHELF_HALF[0] &&
        Math.abs(y - pos[1]) < SHELF_HALF[1] &&
        z > this.tableTop + heightM,
    );
    return this.tableTop + (board?.heightM ?? 0);
  }

  /** World position of the middle of the handle of a drawer or door. */
  handlePos(name: string): Vec3 {
    return add(vec3At(this.#physics.sitePos, this.#fronts.get(name)?.handle ?? 0), this.#displacement);
  }

  /** Measured world position of a tool. */
  toolPos(arm: number): Vec3 {
    return vec3At(this.#physics.sitePos, this.#tools[arm]!);
  }

  /** Commanded world pose of a tool: where it would be if the motors were perfect. */
  commandedTool(arm: number): ToolPose {
    const { pos, quat } = this.#commandedTools[arm]!;
    const [x = 0, y = 0, turn = 0] = this.#command.base;
    return { pos: add([x, y, 0], rotate(yaw(turn), pos)), quat: multiply(yaw(turn), quat) };
  }

  /** Commanded x, y (m) and turn (rad) of the base. */
  get base(): Vec3 {
    const [x = 0, y = 0, turn = 0] = this.#command.base;
    return [x, y, turn];
  }

  /** Measured opening of a gripper, 0 closed to 1 open. */
  gripperOpening(arm: number): number {
    const { qpos } = this.#physics;
    const fingers = this.#fingers[arm]!;
    const sum = fingers.reduce((total, at) => total + qpos[at]!, 0);
    return sum / (fingers.length * this.spec.arms[arm]!.openM);
  }

  /** Closing command of a gripper, 0 open to 1 closed. */
  gripperCommand(arm: number): number {
    return this.#command.grippers[arm]!;
  }

  #ids(name: string): ObjectIds {
    const ids = this.#objects.get(name);
    if (!ids) throw new Error(`internal: the scene has no object "${name}".`);
    return ids;
  }
}
