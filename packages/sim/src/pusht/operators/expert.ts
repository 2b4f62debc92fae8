/**
 * A scripted operator that solves PushT push by push, with the true state and physics at hand: it ranks pushes by what
 * a frictionless contact must do to the T, tries the best of them in a private copy of the simulation, and carries out
 * the one that brings the T towards the goal fastest. It gives the recorder demonstrations; it is no fair rival for a
 * policy that sees pictures.
 */
import { makeRng, type Decision, type Policy, type Rng } from "@orrery/core";
import { GOAL, SUCCESS_COVERAGE, TEE, TEE_INERTIA, TEE_MASS } from "../board.ts";
import { place, type Pose, type Vec } from "../planar/polygon.ts";
import type { PushTSimulation } from "../simulation.ts";
import type { PushTWorld } from "../world.ts";
import {
  approach,
  centreOfTee,
  isOnBoard,
  pointOnBoard,
  push,
  pushPoints,
  standBeside,
  type PushPoint,
  type Target,
} from "./stroke.ts";

export interface ExpertStyle {
  /** Mean speed while going round the T, and while pushing; board units per control step. */
  readonly moveSpeed: number;
  readonly pushSpeed: number;
  /** Push points tried in simulation before each stroke, on each of the T's eight edges. */
  readonly trialsPerEdge: number;
  /** Standard deviation of a slow tremor added to targets, board units: what makes demonstrations differ. */
  readonly tremor: number;
}

const CALM: ExpertStyle = { moveSpeed: 26, pushSpeed: 12, trialsPerEdge: 4, tremor: 0.4 };
/** Shares of the ideal depth that are tried: pushes turn the T, so the ideal is rarely exact. */
const DEPTHS = [0.6, 0.9, 1.2];
/** A plan must remove this share of the error, or a random push shakes the T out of the dead end. */
const WORTHWHILE = 0.02;
const MAX_DEPTH = 90;
const POINTS = pushPoints(9);
const GOAL_CORNERS = corners(GOAL);

/** A push worth trying and how much of the squared corner error it should remove. */
interface Candidate {
  readonly point: PushPoint;
  readonly depth: number;
  readonly gain: number;
}

interface Plan {
  readonly targets: readonly Target[];
  readonly score: number;
  readonly coverage: number;
}

/** The expert for one world; it reads that world's state, so it must be the world being stepped. */
export class PushTExpert implements Policy {
  readonly name = "expert";
  readonly #world: PushTWorld;
  readonly #style: ExpertStyle;
  #scratch: PushTSimulation;
  #rng: Rng = makeRng(0, "pusht", "expert");
  #queue: Target[] = [];
  #tremor: [number, number] = [0, 0];

  constructor(world: PushTWorld, style: Partial<ExpertStyle> = {}) {
    this.#world = world;
    this.#style = { ...CALM, ...style };
    this.#scratch = world.simulation.copy();
  }

  async reset(seed: number): Promise<void> {
    this.#rng = makeRng(seed, "pusht", "expert");
    this.#queue = [];
    this.#tremor = [0, 0];
    this.#scratch = this.#world.simulation.copy();
  }

  async act(): Promise<Decision> {
    const { simulation } = this.#world;
    let expected = simulation.coverage;
    if (this.#queue.length === 0) {
      const plan = this.#plan(simulation);
      this.#queue = [...plan.targets];
      expected = plan.coverage;
    }
    const target = this.#queue.shift() ?? simulation.agent;
    return {
      actions: [this.#withTremor(target)],
      belief: { coverage: simulation.coverage, expectedCoverage: expected },
    };
  }

  async close(): Promise<void> {
    this.#queue = [];
  }

  /** The stroke with the best score among those tried; waits a step where no push is possible. */
  #plan(simulation: PushTSimulation): Plan {
    const before = cornerError(simulation.block);
    let best: Plan = { targets: [simulation.agent], score: -Infinity, coverage: simulation.coverage };
    const start = simulation.snapshot();
    const candidates = rankPushes(simulation.block, this.#style.trialsPerEdge);
    let isWorthwhile = false;
    for (const candidate of candidates) {
      for (const share of DEPTHS) {
        const targets = this.#stroke(simulation, candidate, share);
        this.#scratch.restore(start);
        for (const [x, y] of targets) this.#scratch.step(x, y);
        const coverage = this.#scratch.coverage;
        const after = cornerError(this.#scratch.block);
        // Error removed per step, on a log scale so that fine work counts like coarse work.
        const solved = coverage > SUCCESS_COVERAGE ? 1 : 0;
        const score = (Math.log(before / (after + 1)) + solved) / (targets.length + 4);
        if (solved === 1 || after < before * (1 - WORTHWHILE)) isWorthwhile = true;
        if (score > best.score) best = { targets, score, coverage };
      }
    }
    if (isWorthwhile || candidates.length === 0) return best;
    const nudge = { ...this.#rng.pick(candidates), depth: this.#rng.uniform(5, 30) };
    return { ...best, targets: this.#stroke(simulation, nudge, 1) };
  }

  #stroke({ agent, block }: PushTSimulation, { point, depth }: Candidate, share: number): Target[] {
    const { moveSpeed, pushSpeed } = this.#style;
    return [
      ...approach(agent, standBeside(point), block, moveSpeed),
      ...push(point, depth * share, pushSpeed),
    ];
  }

  #withTremor([x, y]: Target): Float32Array {
    const { tremor } = this.#style;
    this.#tremor = this.#tremor.map((value) => 0.8 * value + 0.6 * this.#rng.normal(0, tremor)) as [
      number,
      number,
    ];
    return new Float32Array([x + this.#tremor[0], y + this.#tremor[1]]);
  }
}

/**
 * Pushes that bring the T's corners nearer to the goal's, at most `perEdge` on each edge, most useful first.
 *
 * Without friction a push along the inward normal n at lever r moves the T by a fixed twist per unit of depth:
 * velocity l n / m and spin l (r x n) / I, with l = 1 / (1 / m + (r x n)^2 / I). The best depth along that twist, to
 * first order, is a least-squares step on the corner errors.
 */
function rankPushes(block: Pose, perEdge: number): Candidate[] {
  const now = corners(block);
  const centre = centreOfTee(block);
  const candidates: Candidate[] = [];
  for (const local of POINTS) {
    const point = pointOnBoard(local, block);
    if (!isOnBoard(standBeside(point))) continue;
    const nx = -point.normalX;
    const ny = -point.normalY;
    const lever = (point.x - centre.x) * ny - (point.y - centre.y) * nx;
    const yields = 1 / (1 / TEE_MASS + (lever * lever) / TEE_INERTIA);
    const spin = (yields * lever) / TEE_INERTIA;
    let towards = 0;
    let size = 0;
    now.forEach((corner, i) => {
      const goal = GOAL_CORNERS[i] as Vec;
      const ux = (yields * nx) / TEE_MASS - spin * (corner.y - centre.y);
      const uy = (yields * ny) / TEE_MASS + spin * (corner.x - centre.x);
      towards += ux * (goal.x - corner.x) + uy * (goal.y - corner.y);
      size += ux * ux + uy * uy;
    });
    if (towards <= 0) continue;
    candidates.push({ point, depth: Math.min(MAX_DEPTH, towards / size), gain: (towards * towards) / size });
  }
  // Neighbouring points do nearly the same, so the best few of each edge are kept rather than the best of all.
  const taken = new Map<number, number>();
  return candidates
    .toSorted((a, b) => b.gain - a.gain)
    .filter(({ point: { edge } }) => {
      const count = (taken.get(edge) ?? 0) + 1;
      taken.set(edge, count);
      return count <= perEdge;
    });
}

function corners(pose: Pose): Vec[] {
  return TEE.flatMap((part) => place(part, pose));
}

/** Sum of squared distances of the T's corners from the goal's. */
function cornerError(pose: Pose): number {
  return corners(pose).reduce((sum, corner, i) => {
    const goal = GOAL_CORNERS[i] as Vec;
    return sum + (corner.x - goal.x) ** 2 + (corner.y - goal.y) ** 2;
  }, 0);
}
