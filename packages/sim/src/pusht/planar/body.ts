/** Bodies and the shapes fixed to them. Lengths are board units, angles radians, time seconds. */
import type { Polygon, Pose, Vec } from "./polygon.ts";

/**
 * A rigid body. `x`, `y` is the centre of gravity on the board, which need not be the origin of the body's own frame.
 * Infinite mass makes a body that pushes and is never pushed: it keeps the velocity it is given (a kinematic body).
 */
export class Body {
  x = 0;
  y = 0;
  angle = 0;
  vx = 0;
  vy = 0;
  spin = 0;
  // Pseudo-velocity that removes overlap. It moves the body for one step and is then forgotten, so that pulling
  // bodies apart adds no energy.
  pushX = 0;
  pushY = 0;
  pushSpin = 0;
  readonly inverseMass: number;
  readonly inverseInertia: number;
  /** Centre of gravity in the body's own frame. */
  readonly centre: Vec;

  constructor(mass: number, inertia: number, centre: Vec = { x: 0, y: 0 }) {
    this.inverseMass = 1 / mass;
    this.inverseInertia = 1 / inertia;
    this.centre = centre;
  }

  /** Where the origin of the body's own frame lies. */
  get pose(): Pose {
    const c = Math.cos(this.angle);
    const s = Math.sin(this.angle);
    const { x, y } = this.centre;
    return { x: this.x - (c * x - s * y), y: this.y - (s * x + c * y), angle: this.angle };
  }

  set pose(pose: Pose) {
    const c = Math.cos(pose.angle);
    const s = Math.sin(pose.angle);
    const { x, y } = this.centre;
    this.x = pose.x + (c * x - s * y);
    this.y = pose.y + (s * x + c * y);
    this.angle = pose.angle;
  }

  /** The nine numbers that change, for snapshots. */
  get numbers(): number[] {
    const { x, y, angle, vx, vy, spin, pushX, pushY, pushSpin } = this;
    return [x, y, angle, vx, vy, spin, pushX, pushY, pushSpin];
  }

  set numbers(values: readonly number[]) {
    const [x = 0, y = 0, angle = 0, vx = 0, vy = 0, spin = 0, pushX = 0, pushY = 0, pushSpin = 0] = values;
    Object.assign(this, { x, y, angle, vx, vy, spin, pushX, pushY, pushSpin });
  }
}

/** A disc centred on the origin of its body's frame. */
export interface Circle {
  readonly kind: "circle";
  readonly body: Body;
  readonly radius: number;
  /** Coulomb coefficient; a pair of shapes uses the product of both. */
  readonly friction: number;
}

/** A thick line that never moves: a wall. Corners are in board coordinates. */
export interface Segment {
  readonly kind: "segment";
  readonly body: Body;
  readonly a: Vec;
  readonly b: Vec;
  readonly radius: number;
  readonly friction: number;
}

/** A convex polygon; `world` holds its corners on the board and is renewed by `placePlate`. */
export interface Plate {
  readonly kind: "plate";
  readonly body: Body;
  readonly local: Polygon;
  /** x0, y0, x1, y1, … */
  readonly world: Float64Array;
  readonly friction: number;
}

export type Shape = Circle | Segment | Plate;

export function makePlate(body: Body, local: Polygon, friction: number): Plate {
  const plate: Plate = { kind: "plate", body, local, world: new Float64Array(local.length * 2), friction };
  placePlate(plate);
  return plate;
}

/** Writes the corners of the plate for the present pose of its body. */
export function placePlate(plate: Plate): void {
  const { x, y, angle } = plate.body.pose;
  const c = Math.cos(angle);
  const s = Math.sin(angle);
  plate.local.forEach((corner, i) => {
    plate.world[2 * i] = x + c * corner.x - s * corner.y;
    plate.world[2 * i + 1] = y + s * corner.x + c * corner.y;
  });
}
