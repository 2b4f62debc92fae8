/**
 * The kitchen as a `World`: one body, one task, pictures and proprioception at 10 Hz. Scene, colours, light, start
 * pose and instruction follow the seed of `reset`; equal seeds give equal episodes, bit for bit.
 */
import {
  type Embodiment,
  type Observation,
  OrreryError,
  Rng,
  type RngState,
  type Transition,
  UsageError,
  type World,
  makeRng,
} from "@orrery/core";
import { type BodySpec, type CameraSize, embodimentOf } from "../bodies/body.ts";
import { bodyNamed } from "../bodies/registry.ts";
import {
  type ActionSpace,
  type BadActionPolicy,
  checkActionSpace,
  checkBadActionPolicy,
  sanitizeAction,
} from "../control/action-space.ts";
import { type BodyCommand, copyCommand, homeCommand } from "../control/command.ts";
import { InverseKinematics } from "../control/ik.ts";
import { makeActionSpace } from "../control/make-action-space.ts";
import { Physics, type Snapshot } from "../mujoco/physics.ts";
import { toolQuat } from "../operators/hands.ts";
import { RayCaster } from "../render/raycaster.ts";
import { type RenderScene, makeRenderScene } from "../render/scene.ts";
import { type Perturbation, perturbationOf } from "../perturb/splits.ts";
import { SEEN, drawRoom } from "../scene/draw.ts";
import { TIMESTEP_SEC, buildGhost, buildKitchen } from "../scene/kitchen.ts";
import type { SceneSpec, StartPose } from "../scene/scene-spec.ts";
import { taskFor } from "../tasks/registry.ts";
import type { Task, TaskSetting } from "../tasks/task.ts";
import { BodyDriver } from "./body-driver.ts";
import { BodySensors } from "./body-sensors.ts";
import { SceneView } from "./scene-view.ts";
import { Sponges } from "./sponges.ts";

export interface KitchenOptions {
  readonly task: string;
  /** Body by name; "neo" unless said otherwise. */
  readonly body?: string;
  readonly actionSpace?: string;
  /** Pictures in every observation; the first camera at 64x64 unless said otherwise, [] for none. */
  readonly cameras?: readonly CameraSize[];
  readonly shadows?: boolean;
  /** What happens to numbers beyond limits: "clip" (and count, the default) or "refuse" (an error). */
  readonly badActions?: BadActionPolicy;
  /** Overrides the task's own time limit. */
  readonly timeLimitSec?: number;
  /** "seen" (the default), "novel-<family>" or "novel-combination". */
  readonly split?: string;
  /** How far a novel family goes, 0 to 1; 1 unless said otherwise. */
  readonly strength?: number;
  /** Play goes on after success; tasks end there. */
  readonly endless?: boolean;
}

/** Everything that `restore` brings back. The scene itself is not in it: restore within the same episode only. */
export interface WorldSnapshot {
  readonly seed: number;
  readonly physics: Snapshot;
  readonly command: BodyCommand;
  readonly actionSpace: unknown;
  readonly stepCount: number;
  readonly noise: RngState;
}

/** Longest seed: those above would lose bits as a 32-bit number. */
const MAX_SEED = 2 ** 32 - 1;
const SETTLE_SEC = 0.2;

/** What a body sees with where nothing else is asked for: its first camera at 64x64. */
export function defaultCameras({ cameras }: BodySpec): readonly CameraSize[] {
  return cameras.slice(0, 1).map(({ name }) => ({ name, width: 64, height: 64 }));
}

/** The body where none is named. */
export const DEFAULT_BODY = "neo";

/** Makes a kitchen world; `reset` it before the first step. */
export async function makeKitchenWorld(options: KitchenOptions): Promise<KitchenWorld> {
  perturbationOf(options.split, options.strength); // wrong use shows before anything is compiled
  const { timeLimitSec } = options;
  if (timeLimitSec !== undefined && !(timeLimitSec > 0 && Number.isFinite(timeLimitSec))) {
    throw new UsageError(`makeKitchenWorld: timeLimitSec must be a number above 0, got ${timeLimitSec}.`);
  }
  const body = bodyNamed(options.body ?? DEFAULT_BODY);
  const task = taskFor(body.spec, options.task);
  checkBadActionPolicy(options.badActions);
  const spaceName = checkActionSpace(options.actionSpace ?? "ee-delta");
  const ghost = await Physics.compile(buildGhost(body));
  const ik = new InverseKinematics(body.spec, ghost);
  const space = makeActionSpace(spaceName, { spec: body.spec, ik });
  return new KitchenWorld(options, task, ghost, ik, space);
}

/** Puts body and drawers where the episode begins, and lets everything come to rest. */
export function settle(physics: Physics, driver: BodyDriver, command: BodyCommand, scene: SceneSpec): void {
  driver.place(command);
  for (const { name, openM } of scene.drawers) {
    physics.qpos[physics.constants.jntQposAdr[physics.id("joint", name)]!] = openM;
  }
  physics.step(Math.round(SETTLE_SEC / TIMESTEP_SEC));
  physics.forward();
}

/** One episode's compiled scene. */
interface Episode {
  readonly seed: number;
  readonly setting: TaskSetting;
  readonly physics: Physics;
  readonly render: RenderScene;
  readonly driver: BodyDriver;
  readonly sensors: BodySensors;
  readonly view: SceneView;
  readonly sponges: Sponges;
  readonly cameraIds: readonly number[];
}

export class KitchenWorld implements World {
  readonly embodiment: Embodiment;
  readonly task: Task;
  readonly spec: BodySpec;
  readonly ik: InverseKinematics;
  readonly #options: KitchenOptions;
  readonly #ghost: Physics;
  readonly #space: ActionSpace;
  readonly #cameras: readonly CameraSize[];
  readonly #casters: readonly RayCaster[];
  readonly #safeAction: Float32Array;
  readonly #perturbation: Perturbation;
  #noise: Rng = makeRng(0);
  #episode: Episode | null = null;
  #command: BodyCommand;
  #stepCount = 0;
  #badNumbers = 0;

  constructor(
    options: KitchenOptions,
    task: Task,
    ghost: Physics,
    ik: InverseKinematics,
    space: ActionSpace,
  ) {
    this.#options = options;
    this.task = task;
    this.#ghost = ghost;
    this.ik = ik;
    this.spec = bodyNamed(options.body ?? DEFAULT_BODY).spec;
    this.#space = space;
    this.#perturbation = perturbationOf(options.split, options.strength);
    this.#cameras = options.cameras ?? defaultCameras(this.spec);
    this.embodiment = embodimentOf(this.spec, space.parts, this.#cameras);
    this.#casters = this.#cameras.map(
      ({ width, height }) => new RayCaster({ width, height, shadows: options.shadows ?? true }),
    );
    this.#safeAction = new Float32Array(space.parts.reduce((sum, part) => sum + part.width, 0));
    this.#command = homeCommand(this.spec);
  }

  get instruction(): string {
    return this.#episode?.setting.instruction ?? "";
  }
  get actionSpace(): ActionSpace {
    return this.#space;
  }
  /** The command in force: where the robot was told to be by now. */
  get command(): BodyCommand {
    return this.#command;
  }
  /** Control steps in an episode before time runs out. */
  get maxSteps(): number {
    return Math.round((this.#options.timeLimitSec ?? this.task.timeLimitSec) * this.spec.controlRateHz);
  }
  /** Numbers that had to be clipped since `reset`. */
  get badNumbers(): number {
    return this.#badNumbers;
  }
  get setting(): TaskSetting {
    return this.#current("setting").setting;
  }
  get view(): SceneView {
    return this.#current("view").view;
  }
  /** For pictures from other viewpoints and for tests. */
  get physics(): Physics {
    return this.#current("physics").physics;
  }
  get renderScene(): RenderScene {
    return this.#current("renderScene").render;
  }

  async reset(seed: number): Promise<Observation> {
    if (!Number.isInteger(seed) || seed < 0 || seed > MAX_SEED) {
      throw new UsageError(
        `KitchenWorld.reset: the seed must be a whole number from 0 to ${MAX_SEED}, got ${seed}.`,
      );
    }
    const rng = makeRng(seed, "kitchen", this.task.name);
    const body = bodyNamed(this.#options.body ?? DEFAULT_BODY);
    const { family, strength, pairs } = this.#perturbation;
    // A stream of its own, so that everything else stays as the seed drew it.
    this.#noise = makeRng(seed, "perturb", family?.name ?? "none");
    const plainRoom = drawRoom(rng, this.spec, { ...SEEN, pairs });
    const room = family?.room?.(plainRoom, strength, this.#noise, this.spec) ?? plainRoom;
    const setting = this.task.setUp(rng, room, this.spec);
    const scene = family?.scene?.(setting.scene, strength, this.#noise, this.spec) ?? setting.scene;
    const { xml, looks } = buildKitchen(scene, body);
    this.#episode?.physics.close();
    this.#episode = null;
    const physics = await Physics.compile(xml);
    const driver = new BodyDriver(this.spec, physics);
    this.#command = this.#startCommand(scene.start);
    settle(physics, driver, this.#command, scene);
    this.#space.reset(this.#command);
    this.#stepCount = 0;
    this.#badNumbers = 0;
    const render = makeRenderScene(physics, looks, scene.light);
    this.#episode = {
      seed,
      setting,
      physics,
      driver,
      sensors: new BodySensors(this.spec, physics),
      render,
      sponges: new Sponges(physics, scene, render),
      view: new SceneView(physics, scene, this.spec, this.#command, this.ik.forward(this.#command.joints)),
      cameraIds: this.#cameras.map(({ name }) => physics.id("camera", name)),
    };
    return this.#observe(this.#episode);
  }

  async step(action: Float32Array): Promise<Transition> {
    return this.stepNow(action);
  }

  /** `step` without the promise, for recorders and planners that take many steps in a row. */
  stepNow(action: ArrayLike<number>): Transition {
    const episode = this.#current("step");
    const clipped = sanitizeAction(
      action,
      this.#space.parts,
      this.#options.badActions ?? "clip",
      this.#safeAction,
    );
    this.#badNumbers += clipped;
    const next = this.#space.apply(this.#safeAction, this.#command);
    episode.driver.drive(this.#command, next, () => episode.sponges.wipe());
    this.#command = next;
    this.#stepCount++;
    if (!episode.physics.isFinite()) {
      throw new OrreryError(
        `KitchenWorld.step: the physics must stay finite, but step ${this.#stepCount} of task "${this.task.name}", ` +
          `seed ${episode.seed}, gave NaN. Please report task and seed.`,
      );
    }
    episode.view.update(next, this.ik.forward(next.joints));
    const judgement = episode.setting.judge(episode.view);
    const ends = judgement.success || judgement.failure !== undefined;
    const terminated = ends && !this.#options.endless;
    return {
      observation: this.#observe(episode),
      reward: judgement.reward,
      terminated,
      truncated: !terminated && this.#stepCount >= this.maxSteps,
      success: judgement.success,
      info: {
        distanceM: judgement.distanceM,
        clipped,
        ...(judgement.failure === undefined ? {} : { failure: judgement.failure }),
      },
    };
  }

  /** The action as `step` would take it: clipped, as a new array. Recorders write this one down. */
  safe(action: ArrayLike<number>): Float32Array {
    const safe = new Float32Array(this.#safeAction.length);
    this.#badNumbers += sanitizeAction(action, this.#space.parts, this.#options.badActions ?? "clip", safe);
    return safe;
  }

  /** Takes a picture of the scene as it stands, with any camera and size. */
  picture(camera: CameraSize): Observation["images"][string] {
    const { physics, render } = this.#current("picture");
    return new RayCaster(camera).render(render, physics, physics.id("camera", camera.name));
  }

  snapshot(): WorldSnapshot {
    const { physics, seed } = this.#current("snapshot");
    return {
      seed,
      physics: physics.snapshot(),
      command: copyCommand(this.#command),
      actionSpace: this.#space.save(),
      stepCount: this.#stepCount,
      noise: this.#noise.state,
    };
  }

  /** Goes back to a snapshot of this episode; what follows repeats to the bit. */
  restore(snapshot: WorldSnapshot): void {
    const episode = this.#current("restore");
    if (snapshot.seed !== episode.seed) {
      throw new UsageError(
        `KitchenWorld.restore: the snapshot must be of the current episode (seed ${episode.seed}), got seed ` +
          `${snapshot.seed}. Reset to that seed first.`,
      );
    }
    episode.physics.restore(snapshot.physics);
    episode.sponges.show();
    this.#command = copyCommand(snapshot.command);
    this.#space.load(snapshot.actionSpace);
    this.#stepCount = snapshot.stepCount;
    this.#noise = new Rng(snapshot.noise);
    episode.view.update(this.#command, this.ik.forward(this.#command.joints));
  }

  async close(): Promise<void> {
    this.#episode?.physics.close();
    this.#episode = null;
    this.#ghost.close();
  }

  #current(what: string): Episode {
    if (!this.#episode)
      throw new UsageError(`KitchenWorld.${what}: there is no episode yet. Call reset(seed) first.`);
    return this.#episode;
  }

  /** Home, shifted by the drawn start, with the tools taken to their drawn places. */
  #startCommand(start: StartPose): BodyCommand {
    const command = homeCommand(this.spec);
    this.spec.joints.forEach(({ name, range }, j) => {
      const shifted = command.joints[j]! + (start.joints[name] ?? 0);
      command.joints[j] = Math.min(range[1], Math.max(range[0], shifted));
    });
    command.base.set(start.base.slice(0, command.base.length));
    const quat = toolQuat(this.spec.toolPitchRad);
    this.ik.solve(
      command.joints,
      start.tools.map((pos) => ({ pos, quat })),
      60,
    );
    return command;
  }

  #observe(episode: Episode): Observation {
    const images: Record<string, Observation["images"][string]> = {};
    this.#cameras.forEach(({ name }, i) => {
      images[name] = this.#casters[i]!.render(episode.render, episode.physics, episode.cameraIds[i]!);
    });
    const state = episode.driver.readState();
    const { family, strength } = this.#perturbation;
    if (family?.image) for (const image of Object.values(images)) family.image(image, strength, this.#noise);
    family?.state?.(state, strength, this.#noise);
    return { images, state, sensors: episode.sensors.read() };
  }
}
