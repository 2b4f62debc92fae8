/**
 * A plane of rigid bodies, stepped by sequential impulses.
 *
 * Semantics of Chipmunk2D 7.0.3 (`cpSpaceStep.c`, `cpArbiter.c`) at its default settings: semi-implicit Euler, warm
 * started impulses, ten iterations, overlap removed by a pseudo-velocity beyond a slop of 0.1. Left out because PushT
 * has none: elasticity, gravity, joints, sleeping, spatial index. Pairs are solved in the order the shapes were given.
 */
import { Body, placePlate, type Plate, type Shape } from "./body.ts";
import { touchCirclePlate, touchSegmentPlate, type Manifold } from "./contact.ts";

const ITERATIONS = 10;
// The next two constants are single-precision literals in Chipmunk; rounding them the same way keeps trajectories equal
// to about 1e-12 instead of 1e-7.
/** Overlap, in board units, that is left alone so that resting contacts persist. */
const SLOP = Math.fround(0.1);
/** Fraction of an overlap that would be left after one second: a tenth less in every sixtieth. */
const BIAS_LEFT_AFTER_A_SECOND = Math.fround(0.9) ** 60;
/** Steps for which a lost contact remembers its impulses. */
const PERSISTENCE = 3;
const NEVER = -PERSISTENCE - 1;

/** One point of a touching pair while it is being solved. */
interface Contact {
  key: number;
  /** From the centre of gravity of each body to its side of the contact. */
  r1x: number;
  r1y: number;
  r2x: number;
  r2y: number;
  normalMass: number;
  tangentMass: number;
  /** Speed at which the overlap is to be removed. */
  pushSpeed: number;
  normalImpulse: number;
  tangentImpulse: number;
  pushImpulse: number;
}

/** Two shapes that may touch, and what they remember of their last contact. */
interface Pair {
  readonly first: Shape;
  readonly second: Plate;
  readonly friction: number;
  normalX: number;
  normalY: number;
  contacts: Contact[];
  /** Step of the last touch; long ago at first. */
  touchedAt: number;
  /** The impulses of the step before may be used to start from. */
  isWarm: boolean;
}

/** Everything that changes, as plain numbers; JSON keeps it to the bit. */
export interface SpaceSnapshot {
  readonly step: number;
  readonly bodies: readonly (readonly number[])[];
  readonly pairs: readonly {
    readonly touchedAt: number;
    /** key, normal impulse, tangent impulse of each contact. */
    readonly contacts: readonly (readonly [number, number, number])[];
  }[];
}

export class Space {
  readonly #bodies: readonly Body[];
  readonly #plates: readonly Plate[];
  readonly #pairs: readonly Pair[];
  readonly #keepOfVelocityPerSec: number;
  #step = 0;
  #touching: Pair[] = [];

  /**
   * @param shapes discs and walls of infinite mass, and plates that they push; plates do not meet each other
   * @param keepOfVelocityPerSec fraction of velocity that is left after one second without contact; 0 stops a body
   *   within a step, so that it moves only while it is pushed
   */
  constructor(shapes: readonly Shape[], keepOfVelocityPerSec: number) {
    this.#bodies = [...new Set(shapes.map((shape) => shape.body))];
    this.#plates = shapes.filter((shape) => shape.kind === "plate");
    this.#keepOfVelocityPerSec = keepOfVelocityPerSec;
    const pushers = shapes.filter((shape) => shape.kind !== "plate");
    this.#pairs = pushers.flatMap((first) => this.#plates.map((second) => makePair(first, second)));
  }

  /** Pairs in contact during the last step. */
  get touchingPairs(): number {
    return this.#touching.length;
  }

  /** Points in contact during the last step that involve the body. */
  contactPoints(body: Body): number {
    return this.#touching
      .filter((pair) => pair.first.body === body || pair.second.body === body)
      .reduce((sum, pair) => sum + pair.contacts.length, 0);
  }

  /** Advances by `dt` seconds; every step of one space must take the same `dt`. */
  step(dt: number): void {
    this.#step++;
    for (const body of this.#bodies) integratePosition(body, dt);
    for (const plate of this.#plates) placePlate(plate);
    this.#touching = this.#pairs.filter((pair) => this.#touch(pair));
    const pushRate = (1 - BIAS_LEFT_AFTER_A_SECOND ** dt) / dt;
    for (const pair of this.#touching) prepare(pair, pushRate);
    const keep = this.#keepOfVelocityPerSec ** dt;
    for (const body of this.#bodies) damp(body, keep);
    for (const pair of this.#touching) if (pair.isWarm) applyRemembered(pair);
    for (let i = 0; i < ITERATIONS; i++) for (const pair of this.#touching) solve(pair);
  }

  snapshot(): SpaceSnapshot {
    return {
      step: this.#step,
      bodies: this.#bodies.map((body) => body.numbers),
      pairs: this.#pairs.map(({ touchedAt, contacts }) => ({
        touchedAt,
        contacts: contacts.map((c) => [c.key, c.normalImpulse, c.tangentImpulse] as const),
      })),
    };
  }

  /** Goes back to a snapshot of this space or of one built from the same shapes. */
  restore(snapshot: SpaceSnapshot): void {
    this.#step = snapshot.step;
    this.#bodies.forEach((body, i) => {
      body.numbers = snapshot.bodies[i] ?? [];
    });
    this.#pairs.forEach((pair, i) => {
      const saved = snapshot.pairs[i];
      pair.touchedAt = saved?.touchedAt ?? NEVER;
      pair.contacts = (saved?.contacts ?? []).map(rememberedContact);
    });
    for (const plate of this.#plates) placePlate(plate);
    this.#touching = this.#pairs.filter((pair) => pair.touchedAt === this.#step);
  }

  /** Finds the contacts of a pair and hands them the impulses of the last step. */
  #touch(pair: Pair): boolean {
    const manifold = touch(pair.first, pair.second);
    if (!manifold || manifold.points.length === 0) return false;
    const age = this.#step - pair.touchedAt;
    const old = age <= PERSISTENCE ? pair.contacts : [];
    const { x: ax, y: ay } = pair.first.body;
    const { x: bx, y: by } = pair.second.body;
    pair.contacts = manifold.points.map((point) => {
      const same = old.find((contact) => contact.key === point.key);
      const contact = rememberedContact([point.key, same?.normalImpulse ?? 0, same?.tangentImpulse ?? 0]);
      contact.r1x = point.firstX - ax;
      contact.r1y = point.firstY - ay;
      contact.r2x = point.secondX - bx;
      contact.r2y = point.secondY - by;
      return contact;
    });
    pair.normalX = manifold.normalX;
    pair.normalY = manifold.normalY;
    // A contact that comes back after a pause keeps its impulses as the solver's starting point but does not apply
    // them beforehand.
    pair.isWarm = age === 1;
    pair.touchedAt = this.#step;
    return true;
  }
}

function makePair(first: Shape, second: Plate): Pair {
  const friction = first.friction * second.friction;
  return {
    first,
    second,
    friction,
    normalX: 0,
    normalY: 0,
    contacts: [],
    touchedAt: NEVER,
    isWarm: false,
  };
}

function rememberedContact([key, normalImpulse, tangentImpulse]: readonly [number, number, number]): Contact {
  return {
    key,
    r1x: 0,
    r1y: 0,
    r2x: 0,
    r2y: 0,
    normalMass: 0,
    tangentMass: 0,
    pushSpeed: 0,
    normalImpulse,
    tangentImpulse,
    pushImpulse: 0,
  };
}

function touch(first: Shape, second: Plate): Manifold | undefined {
  if (first.kind === "circle") return touchCirclePlate(first, second);
  if (first.kind === "segment") return touchSegmentPlate(first, second);
  return undefined;
}

function integratePosition(body: Body, dt: number): void {
  body.x += (body.vx + body.pushX) * dt;
  body.y += (body.vy + body.pushY) * dt;
  body.angle += (body.spin + body.pushSpin) * dt;
  body.pushX = 0;
  body.pushY = 0;
  body.pushSpin = 0;
}

function damp(body: Body, keep: number): void {
  if (body.inverseMass === 0) return;
  body.vx *= keep;
  body.vy *= keep;
  body.spin *= keep;
}

function prepare(pair: Pair, pushRate: number): void {
  const { first, second, normalX: nx, normalY: ny } = pair;
  const a = first.body;
  const b = second.body;
  for (const c of pair.contacts) {
    c.normalMass = 1 / (softness(a, c.r1x, c.r1y, nx, ny) + softness(b, c.r2x, c.r2y, nx, ny));
    c.tangentMass = 1 / (softness(a, c.r1x, c.r1y, -ny, nx) + softness(b, c.r2x, c.r2y, -ny, nx));
    const gap = (c.r2x - c.r1x + b.x - a.x) * nx + (c.r2y - c.r1y + b.y - a.y) * ny;
    c.pushSpeed = -pushRate * Math.min(0, gap + SLOP);
    c.pushImpulse = 0;
  }
}

/** How much faster the point at `r` moves along `n` per unit of impulse along `n` there. */
function softness(body: Body, rx: number, ry: number, nx: number, ny: number): number {
  const lever = rx * ny - ry * nx;
  return body.inverseMass + body.inverseInertia * lever * lever;
}

function applyRemembered(pair: Pair): void {
  const { normalX: nx, normalY: ny } = pair;
  for (const c of pair.contacts) {
    const jx = nx * c.normalImpulse - ny * c.tangentImpulse;
    const jy = ny * c.normalImpulse + nx * c.tangentImpulse;
    applyImpulse(pair, c, jx, jy);
  }
}

function solve(pair: Pair): void {
  const { normalX: nx, normalY: ny } = pair;
  const a = pair.first.body;
  const b = pair.second.body;
  for (const c of pair.contacts) {
    const pushX = b.pushX - b.pushSpin * c.r2y - (a.pushX - a.pushSpin * c.r1y);
    const pushY = b.pushY + b.pushSpin * c.r2x - (a.pushY + a.pushSpin * c.r1x);
    const vx = b.vx - b.spin * c.r2y - (a.vx - a.spin * c.r1y);
    const vy = b.vy + b.spin * c.r2x - (a.vy + a.spin * c.r1x);

    const oldPush = c.pushImpulse;
    c.pushImpulse = Math.max(0, oldPush + (c.pushSpeed - (pushX * nx + pushY * ny)) * c.normalMass);
    applyPush(pair, c, nx * (c.pushImpulse - oldPush), ny * (c.pushImpulse - oldPush));

    const oldNormal = c.normalImpulse;
    c.normalImpulse = Math.max(0, oldNormal - (vx * nx + vy * ny) * c.normalMass);
    const limit = pair.friction * c.normalImpulse;
    const oldTangent = c.tangentImpulse;
    const tangent = oldTangent - (vy * nx - vx * ny) * c.tangentMass;
    c.tangentImpulse = Math.min(limit, Math.max(-limit, tangent));
    const jn = c.normalImpulse - oldNormal;
    const jt = c.tangentImpulse - oldTangent;
    applyImpulse(pair, c, nx * jn - ny * jt, ny * jn + nx * jt);
  }
}

function applyImpulse({ first, second }: Pair, c: Contact, jx: number, jy: number): void {
  const a = first.body;
  a.vx -= jx * a.inverseMass;
  a.vy -= jy * a.inverseMass;
  a.spin -= a.inverseInertia * (c.r1x * jy - c.r1y * jx);
  const b = second.body;
  b.vx += jx * b.inverseMass;
  b.vy += jy * b.inverseMass;
  b.spin += b.inverseInertia * (c.r2x * jy - c.r2y * jx);
}

function applyPush({ first, second }: Pair, c: Contact, jx: number, jy: number): void {
  const a = first.body;
  a.pushX -= jx * a.inverseMass;
  a.pushY -= jy * a.inverseMass;
  a.pushSpin -= a.inverseInertia * (c.r1x * jy - c.r1y * jx);
  const b = second.body;
  b.pushX += jx * b.inverseMass;
  b.pushY += jy * b.inverseMass;
  b.pushSpin += b.inverseInertia * (c.r2x * jy - c.r2y * jx);
}
