/**
 * Draws the board as the published environment shows it, at any size: colours, outlines and drawing order are the
 * same; edges are anti-aliased from exact distances where the original draws 512 x 512 hard pixels and shrinks them.
 */
import type { Image } from "@orrery/core";
import { AGENT_RADIUS, BOARD, GOAL, TEE, WALL } from "./board.ts";
import type { Polygon, Pose } from "./planar/polygon.ts";

type Colour = readonly [red: number, green: number, blue: number];

// Names are CSS colours. The original fills bodies 1.2 times brighter than their outline.
const WHITE: Colour = [255, 255, 255];
const LIGHT_GREEN: Colour = [144, 238, 144]; // goal
const LIGHT_GREY: Colour = [211, 211, 211]; // walls
const SLATE_GREY: Colour = [119, 136, 153]; // T
const ROYAL_BLUE: Colour = [65, 105, 225]; // agent
/** The T's outline reaches this far to both sides of its edge, the agent's 4 units inwards. */
const TEE_OUTLINE = 2;
const AGENT_OUTLINE = 4;

/** What a picture shows. */
export interface PushTScene {
  readonly agent: readonly [number, number];
  readonly block: Pose;
}

/** Signed distance in board units from a point to a shape's edge, negative inside. */
type Distance = (x: number, y: number) => number;

/** Draws scenes at one size. Goal and walls never move, so what they cover is worked out once. */
export class PushTPainter {
  readonly #sizePx: number;
  readonly #unitsPerPixel: number;
  readonly #background: Uint8Array;
  /** Offset of each pixel the walls touch, and the share of it they cover: they are painted over everything else. */
  readonly #walls: readonly (readonly [at: number, cover: number])[];

  /** @param sizePx width and height of the square pictures */
  constructor(sizePx: number) {
    this.#sizePx = sizePx;
    this.#unitsPerPixel = BOARD / sizePx;
    this.#background = new Uint8Array(sizePx * sizePx * 3);
    for (let i = 0; i < this.#background.length; i++) this.#background[i] = WHITE[i % 3] ?? 0;
    const [bar, stem] = TEE.map((part) => inFrame(GOAL, boxDistance(part)));
    const goal: Distance = (x, y) => Math.min(bar?.(x, y) ?? Infinity, stem?.(x, y) ?? Infinity);
    // Grown by a hair, so that no white seam shows where bar and stem meet.
    this.#fill(this.#background, LIGHT_GREEN, around(GOAL.x, GOAL.y, 125), goal, 0.25 * this.#unitsPerPixel);
    const walls: [number, number][] = [];
    const board = { left: 0, top: 0, right: BOARD, bottom: BOARD };
    this.#visit(board, wallDistance, WALL.radius, (at, cover) => walls.push([at, cover]));
    this.#walls = walls;
  }

  /** A new picture of the scene. */
  draw({ agent, block }: PushTScene): Image {
    const data = this.#background.slice();
    for (const part of TEE) {
      const distance = inFrame(block, boxDistance(part));
      const area = around(block.x, block.y, 130);
      this.#fill(data, SLATE_GREY, area, distance, TEE_OUTLINE);
      this.#fill(data, brighter(SLATE_GREY), area, distance, -TEE_OUTLINE);
    }
    const [ax, ay] = agent;
    const disc: Distance = (x, y) => Math.hypot(x - ax, y - ay) - AGENT_RADIUS;
    this.#fill(data, ROYAL_BLUE, around(ax, ay, AGENT_RADIUS + 5), disc, 0);
    this.#fill(data, brighter(ROYAL_BLUE), around(ax, ay, AGENT_RADIUS + 5), disc, -AGENT_OUTLINE);
    for (const [at, cover] of this.#walls) blend(data, at, LIGHT_GREY, cover);
    return { width: this.#sizePx, height: this.#sizePx, data };
  }

  /** Paints every point of `area` nearer than `reach` to the shape. */
  #fill(data: Uint8Array, colour: Colour, area: Area, distance: Distance, reach: number): void {
    this.#visit(area, distance, reach, (at, cover) => blend(data, at, colour, cover));
  }

  /** Calls back for each pixel that is covered: by as much of its width as the edge leaves free. */
  #visit(area: Area, distance: Distance, reach: number, visit: (at: number, cover: number) => void): void {
    const size = this.#sizePx;
    const scale = this.#unitsPerPixel;
    const left = Math.max(0, Math.floor(area.left / scale));
    const right = Math.min(size - 1, Math.floor(area.right / scale));
    const top = Math.max(0, Math.floor(area.top / scale));
    const bottom = Math.min(size - 1, Math.floor(area.bottom / scale));
    for (let row = top; row <= bottom; row++) {
      for (let column = left; column <= right; column++) {
        const outside = distance((column + 0.5) * scale, (row + 0.5) * scale) - reach;
        const cover = Math.min(1, 0.5 - outside / scale);
        if (cover > 0) visit((row * size + column) * 3, cover);
      }
    }
  }
}

/** A rectangle of the board, in board units. */
interface Area {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

function blend(data: Uint8Array, at: number, colour: Colour, cover: number): void {
  for (let c = 0; c < 3; c++) {
    const below = data[at + c] as number;
    data[at + c] = Math.round(below + cover * ((colour[c] as number) - below));
  }
}

function brighter(colour: Colour): Colour {
  return colour.map((value) => Math.min(255, Math.floor(1.2 * value))) as [number, number, number];
}

function around(x: number, y: number, radius: number): Area {
  return { left: x - radius, top: y - radius, right: x + radius, bottom: y + radius };
}

/** The distance as seen from a body's own frame. */
function inFrame(pose: Pose, distance: Distance): Distance {
  const c = Math.cos(pose.angle);
  const s = Math.sin(pose.angle);
  return (x, y) => {
    const dx = x - pose.x;
    const dy = y - pose.y;
    return distance(c * dx + s * dy, c * dy - s * dx);
  };
}

/** Exact distance to an axis-aligned rectangle. */
function boxDistance(rectangle: Polygon): Distance {
  const xs = rectangle.map((corner) => corner.x);
  const ys = rectangle.map((corner) => corner.y);
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  return (x, y) => {
    const dx = Math.max(left - x, x - right);
    const dy = Math.max(low - y, y - high);
    if (dx <= 0 || dy <= 0) return Math.max(dx, dy);
    return Math.hypot(dx, dy);
  };
}

/** Distance to the centre lines of the four walls. */
function wallDistance(x: number, y: number): number {
  const { low, high } = WALL;
  const dx = Math.max(low - x, x - high);
  const dy = Math.max(low - y, y - high);
  return dx > 0 && dy > 0 ? Math.hypot(dx, dy) : Math.abs(Math.max(dx, dy));
}
