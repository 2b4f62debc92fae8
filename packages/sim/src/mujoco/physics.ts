/**
 * One MuJoCo model and its state, typed, with the traps of the WebAssembly bindings kept inside:
 *
 * - Views into the WASM heap detach whenever the heap grows, and then read `undefined` without any error. So every
 *   array of the state is a getter, which makes a new view when the last one is detached: take it, use it, do not
 *   store it. Model constants are copied once into plain arrays.
 * - A JavaScript array as an output argument corrupts memory; outputs go through buffers owned by this object.
 * - Enum members are objects, the number is `.value`.
 * - `mj_id2name` of a nameless element returns rubbish, so everything here goes from names to ids and never back.
 * - Nothing is freed by the garbage collector: `close()` must be called.
 */
import { OrreryError, UsageError, messageOf } from "@orrery/core";
import type { DoubleBuffer, IntBuffer, MjData, MjModel } from "@mujoco/mujoco";
import { type MujocoModule, loadMujocoOnce } from "./module.ts";

/** MJCF that MuJoCo refuses to compile; `xml` is the whole text, for a look at the line named in the message. */
export class MjcfError extends OrreryError {
  readonly xml: string;

  constructor(cause: unknown, xml: string) {
    super(
      `Physics.compile: the MJCF must compile, but MuJoCo says: ${messageOf(cause)}. ` +
        "Look at the line it names in the error's `xml`.",
      { cause },
    );
    this.xml = xml;
  }
}

/** The whole state of a simulation; restoring it continues bit for bit. */
export type Snapshot = Float64Array;

export type ElementKind = "body" | "joint" | "geom" | "site" | "camera" | "actuator" | "sensor";

/** Model constants, copied out of the WASM heap. Units are MuJoCo's: m, rad, kg, s. */
export interface ModelConstants {
  readonly nq: number;
  readonly nv: number;
  readonly nu: number;
  readonly nbody: number;
  readonly ngeom: number;
  readonly timestepSec: number;
  /** [njnt]: where a joint's numbers begin in qpos and qvel. */
  readonly jntQposAdr: Int32Array;
  readonly jntDofAdr: Int32Array;
  /** [njnt, 2], meaningful where the joint is limited. */
  readonly jntRange: Float64Array;
  /** [nu, 2] */
  readonly ctrlRange: Float64Array;
  /** [ngeom], MuJoCo's mjtGeom. */
  readonly geomType: Int32Array;
  /** [ngeom, 3] */
  readonly geomSize: Float64Array;
  /** [ngeom, 4] */
  readonly geomRgba: Float32Array;
  /** [ngeom] */
  readonly geomGroup: Int32Array;
  readonly geomBody: Int32Array;
  /** [nsensor] */
  readonly sensorAdr: Int32Array;
  readonly sensorDim: Int32Array;
}

/** Arrays of MuJoCo's mjData that are read here. */
type StateArray =
  | "qpos"
  | "qvel"
  | "ctrl"
  | "xpos"
  | "xquat"
  | "xmat"
  | "geom_xpos"
  | "geom_xmat"
  | "site_xpos"
  | "site_xmat"
  | "cam_xpos"
  | "cam_xmat"
  | "sensordata"
  | "qfrc_actuator"
  | "qfrc_gravcomp"
  | "xfrc_applied"
  | "userdata";

export class Physics {
  readonly constants: ModelConstants;
  readonly #module: MujocoModule;
  readonly #model: MjModel;
  readonly #data: MjData;
  readonly #stateFlags: number;
  readonly #state: DoubleBuffer;
  readonly #jacobianPos: DoubleBuffer;
  readonly #jacobianRot: DoubleBuffer;
  readonly #rayGeom: IntBuffer;
  readonly #rayNormal: DoubleBuffer;
  readonly #options: MjModel["opt"];
  readonly #flags: number;
  readonly #flagsWithoutSensors: number;
  #views: Partial<Record<StateArray, Float64Array>> = {};
  #jacobianPosView: Float64Array = new Float64Array(0);
  #jacobianRotView: Float64Array = new Float64Array(0);
  #closed = false;

  private constructor(module: MujocoModule, model: MjModel) {
    this.#module = module;
    this.#model = model;
    this.#data = new module.MjData(model);
    this.#stateFlags = module.mjtState.mjSTATE_INTEGRATION.value;
    this.#state = new module.DoubleBuffer(module.mj_stateSize(model, this.#stateFlags));
    this.#jacobianPos = new module.DoubleBuffer(3 * model.nv);
    this.#jacobianRot = new module.DoubleBuffer(3 * model.nv);
    this.#rayGeom = new module.IntBuffer(1);
    this.#rayNormal = new module.DoubleBuffer(3);
    this.#options = model.opt; // a reference: it must not be deleted
    this.#flags = this.#options.disableflags;
    this.#flagsWithoutSensors = this.#flags | module.mjtDisableBit.mjDSBL_SENSOR.value;
    this.constants = readConstants(model);
  }

  /**
   * Compiles MJCF (about 7 ms for a kitchen once V8 is warm).
   * @throws {MjcfError} if MuJoCo refuses it
   */
  static async compile(xml: string): Promise<Physics> {
    const module = await loadMujocoOnce();
    let model: MjModel;
    try {
      model = module.MjModel.from_xml_string(xml);
    } catch (error) {
      throw new MjcfError(error, xml);
    }
    return new Physics(module, model);
  }

  /**
   * The id of a named element. Look ids up once, outside loops.
   * @throws {UsageError} if the model has no such element
   */
  id(kind: ElementKind, name: string): number {
    const objects = this.#module.mjtObj;
    const type = {
      body: objects.mjOBJ_BODY,
      joint: objects.mjOBJ_JOINT,
      geom: objects.mjOBJ_GEOM,
      site: objects.mjOBJ_SITE,
      camera: objects.mjOBJ_CAMERA,
      actuator: objects.mjOBJ_ACTUATOR,
      sensor: objects.mjOBJ_SENSOR,
    }[kind];
    const id = this.#module.mj_name2id(this.#model, type.value, name);
    if (id < 0)
      throw new UsageError(`Physics.id: the model must have a ${kind} named "${name}", found none.`);
    return id;
  }

  get qpos(): Float64Array {
    return this.#view("qpos");
  }
  get qvel(): Float64Array {
    return this.#view("qvel");
  }
  get ctrl(): Float64Array {
    return this.#view("ctrl");
  }
  /** [nbody, 3] world positions. */
  get bodyPos(): Float64Array {
    return this.#view("xpos");
  }
  /** [nbody, 4] world orientations, w x y z. */
  get bodyQuat(): Float64Array {
    return this.#view("xquat");
  }
  /** [nbody, 9] world orientations, row-major. */
  get bodyMat(): Float64Array {
    return this.#view("xmat");
  }
  /** [ngeom, 3] */
  get geomPos(): Float64Array {
    return this.#view("geom_xpos");
  }
  /** [ngeom, 9] row-major */
  get geomMat(): Float64Array {
    return this.#view("geom_xmat");
  }
  /** [nsite, 3] */
  get sitePos(): Float64Array {
    return this.#view("site_xpos");
  }
  /** [nsite, 9] row-major */
  get siteMat(): Float64Array {
    return this.#view("site_xmat");
  }
  /** [ncam, 3] */
  get cameraPos(): Float64Array {
    return this.#view("cam_xpos");
  }
  /** [ncam, 9] row-major; the camera looks along its own -z, y is up. */
  get cameraMat(): Float64Array {
    return this.#view("cam_xmat");
  }
  /** [ncam] vertical field of view, degrees. */
  get cameraFovyDeg(): Float64Array {
    return this.#model.cam_fovy as Float64Array;
  }
  get sensorData(): Float64Array {
    return this.#view("sensordata");
  }
  /** [nv] torque or force that the actuators put on each degree of freedom. */
  get actuatorForce(): Float64Array {
    return this.#view("qfrc_actuator");
  }
  /** [nv] what holds bodies against gravity, on each degree of freedom. */
  get gravityForce(): Float64Array {
    return this.#view("qfrc_gravcomp");
  }
  /** [nbody, 6] outside forces (N, N m) applied at each body until changed. */
  get appliedForce(): Float64Array {
    return this.#view("xfrc_applied");
  }
  /** Numbers of our own that belong to the state and are in snapshots; as many as the MJCF's `nuserdata`. */
  get userData(): Float64Array {
    return this.#view("userdata");
  }
  get timeSec(): number {
    return this.#data.time as number;
  }

  /**
   * Advances by `substeps` time steps. Sensors cost a pass over all bodies, so they are computed in the last one only,
   * and only where `isSensing`; they do not act back on the motion.
   */
  step(substeps = 1, isSensing = false): void {
    const options = this.#options;
    options.disableflags = this.#flagsWithoutSensors;
    for (let i = 0; i < substeps; i++) {
      if (isSensing && i === substeps - 1) options.disableflags = this.#flags;
      this.#module.mj_step(this.#model, this.#data);
    }
    options.disableflags = this.#flags;
  }

  /** Recomputes everything that follows from the state, without advancing time. */
  forward(): void {
    this.#module.mj_forward(this.#model, this.#data);
  }

  /** Recomputes poses only, and what Jacobians need: the cheap part of `forward`. */
  kinematics(): void {
    this.#module.mj_kinematics(this.#model, this.#data);
    this.#module.mj_comPos(this.#model, this.#data);
  }

  /** Recomputes the poses of bodies, geoms and cameras. After `step` they are one substep old until this is called. */
  poses(): void {
    this.#module.mj_kinematics(this.#model, this.#data);
    this.#module.mj_camlight(this.#model, this.#data);
  }

  /** Back to the model's own initial state and time zero. */
  reset(): void {
    this.#module.mj_resetData(this.#model, this.#data);
  }

  /** Writes the Jacobian of a site into `pos` and `rot`, each [3, nv] row-major. Needs `kinematics()` first. */
  siteJacobian(siteId: number, pos: Float64Array, rot: Float64Array): void {
    this.#module.mj_jacSite(this.#model, this.#data, this.#jacobianPos, this.#jacobianRot, siteId);
    pos.set(this.#jacobianPosNow());
    if (this.#jacobianRotView.length === 0)
      this.#jacobianRotView = this.#jacobianRot.GetView() as Float64Array;
    rot.set(this.#jacobianRotView);
  }

  /** Writes the Jacobian [3, nv] of a world point that moves with a body into `pos`. Needs `kinematics()` first. */
  pointJacobian(bodyId: number, point: readonly [number, number, number], pos: Float64Array): void {
    const module = this.#module;
    module.mj_jac(this.#model, this.#data, this.#jacobianPos, this.#jacobianRot, [...point], bodyId);
    pos.set(this.#jacobianPosNow());
  }

  /** Casts one ray at the geoms: distance in units of `direction`'s length and geom id, or -1 and -1. */
  ray(from: ArrayLike<number>, direction: ArrayLike<number>): { distance: number; geom: number } {
    const everyGroup = [1, 1, 1, 1, 1, 1];
    const distance = this.#module.mj_ray(
      this.#model,
      this.#data,
      Array.from(from),
      Array.from(direction),
      everyGroup,
      true,
      -1,
      this.#rayGeom,
      this.#rayNormal,
    );
    return { distance, geom: (this.#rayGeom.GetView() as Int32Array)[0] ?? -1 };
  }

  /** Calls `visit` with the two geom ids and the gap (m, negative where they overlap) of every contact. */
  forEachContact(visit: (geomA: number, geomB: number, gapM: number) => void): void {
    const contacts = this.#data.contact; // a copy, unlike other fields: it must be deleted
    try {
      for (let i = 0; i < contacts.size(); i++) {
        const contact = contacts.get(i);
        if (!contact) continue;
        const pair = contact.geom as Int32Array;
        visit(pair[0] ?? -1, pair[1] ?? -1, contact.dist);
        contact.delete();
      }
    } finally {
      contacts.delete();
    }
  }

  snapshot(): Snapshot {
    this.#module.mj_getState(this.#model, this.#data, this.#state, this.#stateFlags);
    return (this.#state.GetView() as Float64Array).slice();
  }

  /** Goes back to a snapshot of the same model; poses are recomputed, so pictures can be taken at once. */
  restore(snapshot: Snapshot): void {
    const size = this.#state.GetElementCount();
    if (snapshot.length !== size) {
      throw new UsageError(
        `Physics.restore: the snapshot must have ${size} numbers, got ${snapshot.length}. Was it taken from another model?`,
      );
    }
    this.#module.mj_setState(this.#model, this.#data, snapshot as unknown as number[], this.#stateFlags);
    this.#module.mj_forward(this.#model, this.#data);
    // mj_forward refreshes the warm start of the contact solver; put the recorded one back so that the next step
    // is the same to the bit.
    this.#module.mj_setState(this.#model, this.#data, snapshot as unknown as number[], this.#stateFlags);
  }

  /** True while every position and velocity is a finite number. */
  isFinite(): boolean {
    return isFiniteArray(this.qpos) && isFiniteArray(this.qvel);
  }

  /** MuJoCo never moves an array of the state, so a view is good until the heap grows; a detached one has no length. */
  #view(name: StateArray): Float64Array {
    const view = this.#views[name];
    return view !== undefined && view.length > 0 ? view : this.#viewAnew(name);
  }

  /** Bindings take a microsecond to make a view, and a control step reads hundreds. */
  #viewAnew(name: StateArray): Float64Array {
    return (this.#views[name] = this.#data[name] as Float64Array);
  }

  #jacobianPosNow(): Float64Array {
    if (this.#jacobianPosView.length === 0)
      this.#jacobianPosView = this.#jacobianPos.GetView() as Float64Array;
    return this.#jacobianPosView;
  }

  /** Frees the WASM memory; the object must not be used afterwards. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // A view would go on reading memory that belongs to others by then; the bindings say that the object is gone.
    this.#views = {};
    for (const owned of [this.#state, this.#jacobianPos, this.#jacobianRot, this.#rayGeom, this.#rayNormal]) {
      owned.delete();
    }
    this.#data.delete();
    this.#model.delete();
  }
}

function isFiniteArray(values: Float64Array): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}

function readConstants(model: MjModel): ModelConstants {
  return {
    nq: model.nq,
    nv: model.nv,
    nu: model.nu,
    nbody: model.nbody,
    ngeom: model.ngeom,
    timestepSec: model.opt.timestep,
    jntQposAdr: Int32Array.from(model.jnt_qposadr as Int32Array),
    jntDofAdr: Int32Array.from(model.jnt_dofadr as Int32Array),
    jntRange: Float64Array.from(model.jnt_range as Float64Array),
    ctrlRange: Float64Array.from(model.actuator_ctrlrange as Float64Array),
    geomType: Int32Array.from(model.geom_type as Int32Array),
    geomSize: Float64Array.from(model.geom_size as Float64Array),
    geomRgba: Float32Array.from(model.geom_rgba as Float32Array),
    geomGroup: Int32Array.from(model.geom_group as Int32Array),
    geomBody: Int32Array.from(model.geom_bodyid as Int32Array),
    sensorAdr: Int32Array.from(model.sensor_adr as Int32Array),
    sensorDim: Int32Array.from(model.sensor_dim as Int32Array),
  };
}
