/** PushT behind the `World` contract: limits, pictures, reward and end of episode around `PushTSimulation`. */
import {
  ConfigError,
  ShapeError,
  UsageError,
  type ActionPart,
  type Embodiment,
  type Observation,
  type Transition,
  type World,
} from "@orrery/core";
import { BOARD, SUCCESS_COVERAGE, rewardOf } from "./board.ts";
import { layoutOfSeed, type Layout } from "./layout.ts";
import { PushTPainter } from "./picture.ts";
import { CONTROL_RATE_HZ, PushTSimulation, type PushTPhysics, type PushTSnapshot } from "./simulation.ts";

export interface PushTOptions {
  /** Side of the square pictures, or 0 for none. The published size is 96. */
  readonly imageSizePx?: number;
  /** "agent" observes its position only, as the human recordings do; "full" adds the T's pose. */
  readonly state?: "agent" | "full";
  /**
   * What an action is: the agent's target on the board, as published, or the way from the agent to its target, as
   * planners use it: small, centred, and 0 for staying (DINO-WM's "relative" actions).
   */
  readonly actions?: "target" | "delta";
  /** Steps until `truncated`. */
  readonly maxSteps?: number;
  /** Targets outside the board are moved to its edge, a NaN to where the agent is, and counted; or refused. */
  readonly outOfLimits?: "clip" | "refuse";
  readonly physics?: PushTPhysics;
}

/** A whole world at one moment, as plain JSON. */
export interface PushTWorldSnapshot {
  readonly simulation: PushTSnapshot;
  readonly steps: number;
  readonly clipped: number;
}

const INSTRUCTION = "Push the T-shaped block onto the T-shaped target.";
const CAMERA = "top";

export class PushTWorld implements World {
  readonly embodiment: Embodiment;
  readonly instruction = INSTRUCTION;
  readonly #options: Required<PushTOptions>;
  readonly #painter: PushTPainter | undefined;
  readonly #simulation: PushTSimulation;
  #steps = 0;
  #clipped = 0;
  #isOpen = false;

  constructor(options: PushTOptions = {}) {
    this.#options = checkOptions(options);
    const { imageSizePx, state, actions, physics } = this.#options;
    this.embodiment = pushTEmbodiment(state, imageSizePx, actions);
    this.#painter = imageSizePx > 0 ? new PushTPainter(imageSizePx) : undefined;
    this.#simulation = new PushTSimulation(layoutOfSeed(0), physics);
  }

  /** The physics itself, for operators and planners that look ahead. Copy it; do not step it. */
  get simulation(): PushTSimulation {
    return this.#simulation;
  }

  /**
   * Begins an episode on the published board of the seed.
   *
   * @param options `state`: [agent x, y, T x, y, angle] to begin from instead, where the T's numbers are the pose of
   *   its own origin (the published `reset_to_state` turns the T after placing it and so ends elsewhere)
   */
  async reset(seed: number, options: Readonly<Record<string, unknown>> = {}): Promise<Observation> {
    const unknown = Object.keys(options).filter((key) => key !== "state");
    if (unknown.length > 0) {
      throw new ConfigError(
        "PushTWorld.reset",
        unknown.map((key) => `unknown option "${key}", known: state`),
      );
    }
    const layout = layoutOfSeed(seed);
    this.#simulation.reset(options["state"] === undefined ? layout : layoutOfState(options["state"]));
    this.#steps = 0;
    this.#clipped = 0;
    this.#isOpen = true;
    return this.#observe();
  }

  async step(action: Float32Array): Promise<Transition> {
    if (!this.#isOpen) throw new UsageError("PushTWorld.step: call reset first, the world has no episode.");
    const [x, y] = this.#target(action);
    this.#simulation.step(x, y);
    this.#steps++;
    const coverage = this.#simulation.coverage;
    const success = coverage > SUCCESS_COVERAGE;
    const { x: blockX, y: blockY, angle: blockAngle } = this.#simulation.block;
    return {
      observation: this.#observe(),
      reward: rewardOf(coverage),
      terminated: success,
      truncated: !success && this.#steps >= this.#options.maxSteps,
      success,
      info: {
        coverage,
        blockX,
        blockY,
        blockAngle,
        contacts: this.#simulation.agentContacts,
        clippedActions: this.#clipped,
      },
    };
  }

  async close(): Promise<void> {
    this.#isOpen = false;
  }

  /** The action as `step` would take it: its target on the board, as a new array. Recorders write this one down. */
  safe(action: Float32Array): Float32Array {
    return this.actionFor(this.#target(action));
  }

  /** This world's action for a target on the board: operators speak targets, whatever the world's actions are. */
  actionFor([x = 0, y = 0]: ArrayLike<number> & Iterable<number>): Float32Array {
    const [ax, ay] = this.#origin;
    return Float32Array.of(x - ax, y - ay);
  }

  /** Targets that had to be moved onto the board since `reset`. */
  get clipped(): number {
    return this.#clipped;
  }

  snapshot(): PushTWorldSnapshot {
    return { simulation: this.#simulation.snapshot(), steps: this.#steps, clipped: this.#clipped };
  }

  /** Goes back to a snapshot, to the bit, and returns what is seen there. */
  restore(snapshot: PushTWorldSnapshot): Observation {
    this.#simulation.restore(snapshot.simulation);
    this.#steps = snapshot.steps;
    this.#clipped = snapshot.clipped;
    this.#isOpen = true;
    return this.#observe();
  }

  /** Where actions are counted from. */
  get #origin(): readonly [number, number] {
    return this.#options.actions === "delta" ? this.#simulation.agent : [0, 0];
  }

  #target(action: Float32Array): [number, number] {
    if (action.length !== 2) {
      throw new ShapeError("PushTWorld.step", "action", "[2]", [action.length], "It is the target x, y.");
    }
    const [ax, ay] = this.#origin;
    const x = (action[0] ?? Number.NaN) + ax;
    const y = (action[1] ?? Number.NaN) + ay;
    const { agent } = this.#simulation;
    const inside: [number, number] = [
      clamp(Number.isNaN(x) ? agent[0] : x),
      clamp(Number.isNaN(y) ? agent[1] : y),
    ];
    if (inside[0] === x && inside[1] === y) return inside;
    if (this.#options.outOfLimits === "refuse") {
      throw new UsageError(
        `PushTWorld.step: the target must lie in [0, ${BOARD}], got [${x}, ${y}]. ` +
          'Clip it, or build the world with outOfLimits "clip".',
      );
    }
    this.#clipped++;
    return inside;
  }

  #observe(): Observation {
    const { agent, block } = this.#simulation;
    const wrapped = wrapTurn(block.angle);
    const state = this.#options.state === "agent" ? agent : [...agent, block.x, block.y, wrapped];
    const images = this.#painter ? { [CAMERA]: this.#painter.draw({ agent, block }) } : {};
    return { images, state: Float32Array.from(state) };
  }
}

const EDGES = [
  [0, BOARD],
  [0, BOARD],
] as const;
const TARGET: ActionPart = {
  name: "target",
  width: 2,
  unit: "board",
  limits: EDGES,
  names: ["target_x", "target_y"],
  kind: "continuous",
  mode: "absolute",
};
/** Farthest target from the agent, per axis; DINO-WM's scale of relative actions. */
const REACH = 100;
const DELTA: ActionPart = {
  name: "move",
  width: 2,
  unit: "board",
  limits: [
    [-REACH, REACH],
    [-REACH, REACH],
  ],
  names: ["move_x", "move_y"],
  kind: "continuous",
  mode: "delta",
};

/** The body of PushT: a point on a board that heads for targets ten times a second. Units are board units. */
export function pushTEmbodiment(
  state: "agent" | "full" = "agent",
  imageSizePx = 96,
  actions: "target" | "delta" = "target",
): Embodiment {
  const agent = { name: "agent", width: 2, unit: "board", limits: EDGES, names: ["agent_x", "agent_y"] };
  const block = {
    name: "block",
    width: 3,
    unit: "board, board, rad",
    limits: [...EDGES, [0, 2 * Math.PI]] as const,
    names: ["block_x", "block_y", "block_angle"],
  };
  return {
    name: "pusht",
    controlRateHz: CONTROL_RATE_HZ,
    state: state === "agent" ? [agent] : [agent, block],
    action: [actions === "target" ? TARGET : DELTA],
    cameras:
      imageSizePx > 0 ? [{ name: CAMERA, width: imageSizePx, height: imageSizePx, mount: "above" }] : [],
  };
}

/** The layout given by [agent x, y, T x, y, angle], placed exactly so. */
function layoutOfState(state: unknown): Layout {
  const numbers = ArrayBuffer.isView(state) || Array.isArray(state) ? Array.from(state as number[]) : [];
  if (numbers.length !== 5 || !numbers.every((value) => Number.isFinite(value))) {
    throw new UsageError(
      "PushTWorld.reset: state must be five finite numbers, agent x, y, T x, y, angle, " +
        `got ${JSON.stringify(state)}.`,
    );
  }
  const [ax = 0, ay = 0, x = 0, y = 0, angle = 0] = numbers;
  return { agent: [ax, ay], block: { x, y, angle } };
}

function checkOptions(options: PushTOptions): Required<PushTOptions> {
  const full = {
    imageSizePx: 96,
    state: "agent",
    actions: "target",
    maxSteps: 300,
    outOfLimits: "clip",
    physics: {},
    ...options,
  } as const;
  const problems: string[] = [];
  if (!Number.isInteger(full.imageSizePx) || full.imageSizePx < 0 || full.imageSizePx > 2048) {
    problems.push(`imageSizePx must be a whole number from 0 to 2048, got ${full.imageSizePx}`);
  }
  if (!Number.isInteger(full.maxSteps) || full.maxSteps < 1) {
    problems.push(`maxSteps must be a whole number above 0, got ${full.maxSteps}`);
  }
  const { friction = 0, blockMass = 1 } = full.physics;
  if (!(friction >= 0)) problems.push(`physics.friction must not be negative, got ${friction}`);
  if (!(blockMass > 0)) problems.push(`physics.blockMass must be above 0, got ${blockMass}`);
  if (problems.length > 0) throw new ConfigError("PushTWorld", problems);
  return full;
}

function clamp(value: number): number {
  return Math.min(BOARD, Math.max(0, value));
}

/** The angle in [0, 2 pi), as the published observation gives it. */
function wrapTurn(angleRad: number): number {
  const turn = 2 * Math.PI;
  return ((angleRad % turn) + turn) % turn;
}
