/**
 * PushT's physics, stepped synchronously: a disc that follows a target like a damped spring, a T that it pushes, and
 * four walls. `PushTWorld` puts the `World` contract, pictures and limits around it; planners and operators that look
 * ahead use this class directly.
 */
import { AGENT_RADIUS, TEE, TEE_CENTRE, TEE_INERTIA, TEE_MASS, WALL, coverageOf } from "./board.ts";
import type { Layout } from "./layout.ts";
import { Body, makePlate, type Plate, type Segment } from "./planar/body.ts";
import type { Pose } from "./planar/polygon.ts";
import { Space, type SpaceSnapshot } from "./planar/space.ts";

/** Control steps per second, and physics steps of 0.01 s in each. */
export const CONTROL_RATE_HZ = 10;
const PHYSICS_STEP_SEC = 0.01;
const PHYSICS_STEPS = 10;
/** The follower's acceleration: stiffness x (target - position) - damping x velocity. Critically damped at 10 rad/s. */
const STIFFNESS = 100;
const DAMPING = 20;

/** Physical constants a study may vary; the defaults are the published ones. */
export interface PushTPhysics {
  /** Coulomb coefficient between the T and what it touches. The published T slides freely. */
  readonly friction?: number;
  readonly blockMass?: number;
}

/** Everything that changes during an episode; plain numbers that survive JSON to the bit. */
export interface PushTSnapshot {
  readonly space: SpaceSnapshot;
}

export class PushTSimulation {
  readonly #physics: Required<PushTPhysics>;
  #agent: Body;
  #block: Body;
  #space: Space;

  constructor(layout: Layout, physics: PushTPhysics = {}) {
    this.#physics = { friction: physics.friction ?? 0, blockMass: physics.blockMass ?? TEE_MASS };
    [this.#agent, this.#block, this.#space] = buildSpace(this.#physics);
    this.reset(layout);
  }

  /** Places agent and T at rest and forgets old contacts. */
  reset({ agent, block }: Layout): void {
    [this.#agent, this.#block, this.#space] = buildSpace(this.#physics);
    this.#agent.pose = { x: agent[0], y: agent[1], angle: 0 };
    this.#block.pose = block;
    // The published reset takes one physics step, which begins to part an agent that stands inside the T.
    this.#space.step(PHYSICS_STEP_SEC);
  }

  /** One control step, 0.1 s: the agent heads for the target, in board units. */
  step(targetX: number, targetY: number): void {
    const agent = this.#agent;
    for (let i = 0; i < PHYSICS_STEPS; i++) {
      agent.vx += (STIFFNESS * (targetX - agent.x) - DAMPING * agent.vx) * PHYSICS_STEP_SEC;
      agent.vy += (STIFFNESS * (targetY - agent.y) - DAMPING * agent.vy) * PHYSICS_STEP_SEC;
      this.#space.step(PHYSICS_STEP_SEC);
    }
  }

  /** Moves the agent and leaves its velocity: for replays that follow a recording step by step. */
  moveAgent(x: number, y: number): void {
    this.#agent.x = x;
    this.#agent.y = y;
  }

  get agent(): readonly [number, number] {
    return [this.#agent.x, this.#agent.y];
  }

  get agentVelocity(): readonly [number, number] {
    return [this.#agent.vx, this.#agent.vy];
  }

  /** Pose of the T's own origin; the angle is not wrapped. */
  get block(): Pose {
    return this.#block.pose;
  }

  get blockVelocity(): readonly [x: number, y: number, spin: number] {
    return [this.#block.vx, this.#block.vy, this.#block.spin];
  }

  /** Points where the agent touched the T in the last physics step. */
  get agentContacts(): number {
    return this.#space.contactPoints(this.#agent);
  }

  /** Share of the goal that the T covers, 0 to 1. */
  get coverage(): number {
    return coverageOf(this.block);
  }

  /** An independent simulation with the same physics in the same state, for looking ahead. */
  copy(): PushTSimulation {
    const twin = new PushTSimulation({ agent: this.agent, block: this.block }, this.#physics);
    twin.restore(this.snapshot());
    return twin;
  }

  snapshot(): PushTSnapshot {
    return { space: this.#space.snapshot() };
  }

  /** Goes back to a snapshot, to the bit; also one taken from another simulation with the same physics. */
  restore(snapshot: PushTSnapshot): void {
    this.#space.restore(snapshot.space);
  }
}

function buildSpace({ friction, blockMass }: Required<PushTPhysics>): [Body, Body, Space] {
  const agent = new Body(Infinity, Infinity);
  const block = new Body(blockMass, (TEE_INERTIA * blockMass) / TEE_MASS, TEE_CENTRE);
  const ground = new Body(Infinity, Infinity);
  const { low, high, radius } = WALL;
  const corners = [
    { x: low, y: low },
    { x: high, y: low },
    { x: high, y: high },
    { x: low, y: high },
  ];
  const walls = corners.map((a, i): Segment => {
    const b = corners[(i + 1) % 4] ?? a;
    return { kind: "segment", body: ground, a, b, radius, friction: 1 };
  });
  const disc = { kind: "circle", body: agent, radius: AGENT_RADIUS, friction: 1 } as const;
  const [bar, stem] = TEE.map((part) => makePlate(block, part, friction)) as [Plate, Plate];
  // Pairs are solved in this order, walls last: while the agent jams the T against a wall, the wall has the last word,
  // and the T rarely leaves the board. Chipmunk's own order comes from a spatial tree and varies; recordings agree
  // with both.
  // Nothing keeps its speed without contact (0): the published space is fully damped, so the T never coasts.
  return [agent, block, new Space([disc, ...walls, stem, bar], 0)];
}
