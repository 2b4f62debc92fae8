/** Renders concept scenes: one code path for possible, impossible and control clips, with ground truth beside them. */
import { ConfigError, type Image, UsageError, didYouMean, makeRng } from "@orrery/core";
import type { Vec3 } from "../control/vec.ts";
import { Physics } from "../mujoco/physics.ts";
import type { CameraPose } from "../render/frame.ts";
import { RayCaster } from "../render/raycaster.ts";
import { type Light, type Look, type RenderScene, makeRenderScene, setLook } from "../render/scene.ts";
import { el } from "../scene/mjcf.ts";
import { seedProblems } from "../seed.ts";
import { drawRoom, repainted } from "./looks.ts";
import { containment, immutability, permanence } from "./hiding.ts";
import { collision, continuity, hiddenEvolution, inertia, solidity } from "./rolling.ts";
import type { Actor, Concept, Course, Stage } from "./stage.ts";
import { support } from "./support.ts";

export const CONCEPTS: readonly Concept[] = [
  permanence,
  continuity,
  solidity,
  immutability,
  support,
  inertia,
  collision,
  containment,
  hiddenEvolution,
];

/**
 * `possible-a` and `possible-b` follow one course of events; `impossible-a` begins as the first and changes over to
 * the second where both look the same, `impossible-b` the other way round. The last two are controls: `possible-a`
 * with a change at that moment which surprises the eye and breaks no law.
 */
export const CONCEPT_VARIANTS = [
  "possible-a",
  "possible-b",
  "impossible-a",
  "impossible-b",
  "control-wall-colour",
  "control-camera-shake",
] as const;
export type ConceptVariant = (typeof CONCEPT_VARIANTS)[number];

export interface ConceptClip {
  readonly concept: string;
  readonly variant: ConceptVariant;
  readonly isPossible: boolean;
  /** [T] at CONCEPT_FPS. */
  readonly images: readonly Image[];
  /** Frames from which an impossible clip follows the other course. */
  readonly switches: readonly number[];
  /** Ground truth, actor by actor. */
  readonly actors: readonly ActorTruth[];
}

export interface ActorTruth {
  readonly name: string;
  /** [T] middle of the actor, m; null while it is not on the stage. */
  readonly positions: readonly (Vec3 | null)[];
  /** [T] pixels of the actor that are seen. */
  readonly pixels: readonly number[];
  /** Spans of frames, the end left out, in which it is on the stage and within the picture but not seen. */
  readonly occlusions: readonly { readonly from: number; readonly to: number }[];
}

export const CONCEPT_FPS = 10;
const SHAKE_FRAMES = 4;
const SHAKE_M = 0.02;

/**
 * @param name one of CONCEPTS
 * @param size side of the picture, pixels
 * @throws {UsageError} for an unknown concept or variant
 * @throws {ConfigError} for a seed or size out of range
 */
export async function conceptClip(
  name: string,
  seed: number,
  variant: ConceptVariant,
  size = 64,
): Promise<ConceptClip> {
  const concept = checked(name, seed, variant, size);
  const stage = concept.make(makeRng(seed, "concept", name));
  const course = courseOf(stage, variant);
  const theatre = await Theatre.open(stage, seed, size);
  try {
    const first = stage.switches[0]!;
    const images: Image[] = [];
    const pixels: number[][] = [];
    for (let frame = 0; frame < stage.frames; frame++) {
      if (variant === "control-wall-colour" && frame === first) theatre.repaintWall();
      const isShaken = variant === "control-camera-shake" && Math.abs(frame - first) < SHAKE_FRAMES;
      images.push(
        theatre.render(course(frame), isShaken ? SHAKE_M * Math.sin(2.2 * (frame - first + 1)) : 0),
      );
      pixels.push(theatre.countPixels());
    }
    return {
      concept: name,
      variant,
      isPossible: !variant.startsWith("impossible"),
      images,
      switches: stage.switches,
      actors: stage.actors.map((actor, i) =>
        truthOf(
          actor,
          course,
          pixels.map((row) => row[i]!),
        ),
      ),
    };
  } finally {
    theatre.close();
  }
}

function checked(name: string, seed: number, variant: string, size: number): Concept {
  const concept = CONCEPTS.find((known) => known.name === name);
  if (!concept) {
    const known = CONCEPTS.map((each) => each.name);
    throw new UsageError(
      `conceptClip: the concept must be one of ${known.join(", ")}, got "${name}".${didYouMean(name, known)}`,
    );
  }
  if (!CONCEPT_VARIANTS.some((known) => known === variant)) {
    throw new UsageError(
      `conceptClip: the variant must be one of ${CONCEPT_VARIANTS.join(", ")}, got "${variant}".`,
    );
  }
  const problems = seedProblems(seed);
  if (!Number.isInteger(size) || size < 8 || size > 1024)
    problems.push(`size must be 8 to 1024, got ${size}`);
  if (problems.length > 0) throw new ConfigError("conceptClip", problems);
  return concept;
}

/** The course that a variant shows: one of the two, or one and then the other. */
function courseOf({ a, b, switches }: Stage, variant: ConceptVariant): Course {
  if (variant === "possible-b") return b;
  if (!variant.startsWith("impossible")) return a;
  const [first, second] = variant === "impossible-a" ? [a, b] : [b, a];
  return (frame) => {
    const passed = switches.filter((at) => frame >= at).length;
    return (passed % 2 === 0 ? first : second)(frame);
  };
}

function truthOf(actor: Actor, course: Course, pixels: readonly number[]): ActorTruth {
  const positions = pixels.map((_, frame) => course(frame)[actor.name] ?? null);
  const isHidden = positions.map((at, frame) => at !== null && isInPicture(at) && pixels[frame] === 0);
  const occlusions: { from: number; to: number }[] = [];
  isHidden.forEach((hidden, frame) => {
    const last = occlusions.at(-1);
    if (hidden && last?.to === frame) last.to = frame + 1;
    else if (hidden) occlusions.push({ from: frame, to: frame + 1 });
  });
  return { name: actor.name, positions, pixels, occlusions };
}

const CAMERA_M = [0, -2, 0.6] as const;
const FOVY_DEG = 40;
const PITCH_RAD = 0.2;

/** Above the floor and between the left and right edges of the picture. */
function isInPicture([x, y, z]: Vec3): boolean {
  return z > 0 && Math.abs(x) < (y - CAMERA_M[1]) * Math.tan((FOVY_DEG * Math.PI) / 360);
}

/** The stage as a model to be rendered: actors are moved by hand, no physics runs. */
class Theatre {
  readonly #physics: Physics;
  readonly #render: RenderScene;
  readonly #caster: RayCaster;
  readonly #wall: Look;
  readonly #seed: number;
  readonly #actors: readonly { readonly name: string; readonly qpos: number; readonly geom: number }[];

  private constructor(physics: Physics, stage: Stage, seed: number, size: number) {
    this.#physics = physics;
    this.#seed = seed;
    const rng = makeRng(seed, "concept room", stage.actors.map(({ name }) => name).join());
    const { wall, floor } = drawRoom(rng);
    this.#wall = wall;
    const looks = new Map<string, Look>(stage.actors.map(({ name, look }) => [`actor_${name}`, look]));
    looks.set("wall", wall);
    looks.set("floor", floor);
    this.#render = makeRenderScene(physics, looks, frontLight(rng.uniform(-0.15, 0.15)));
    this.#caster = new RayCaster({ width: size, height: size });
    this.#actors = stage.actors.map(({ name }) => ({
      name,
      qpos: physics.constants.jntQposAdr[physics.id("joint", `actor_${name}`)]!,
      geom: physics.id("geom", `actor_${name}`),
    }));
  }

  static async open(stage: Stage, seed: number, size: number): Promise<Theatre> {
    return new Theatre(await Physics.compile(stageMjcf(stage.actors)), stage, seed, size);
  }

  /** @param shakeM how far the camera is off its place, sideways and upward */
  render(places: ReturnType<Course>, shakeM: number): Image {
    const { qpos } = this.#physics;
    for (const { name, qpos: at, geom } of this.#actors) {
      const place = places[name] ?? null;
      this.#render.visible[geom] = place ? 1 : 0;
      if (place) qpos.set(place, at);
    }
    this.#physics.poses();
    return this.#caster.renderFrom(this.#render, this.#physics, cameraAt(shakeM));
  }

  /** Pixels of each actor in the last picture. */
  countPixels(): number[] {
    const counts = this.#actors.map(() => 0);
    const index = new Map(this.#actors.map(({ geom }, i) => [geom, i]));
    for (const id of this.#caster.ids) {
      const i = index.get(id);
      if (i !== undefined) counts[i]!++;
    }
    return counts;
  }

  repaintWall(): void {
    setLook(
      this.#render,
      this.#physics.id("geom", "wall"),
      repainted(this.#wall, makeRng(this.#seed, "repaint")),
    );
  }

  close(): void {
    this.#physics.close();
  }
}

function stageMjcf(actors: readonly Actor[]): string {
  const plane = { type: "plane", size: [5, 5, 0.1] };
  return el(
    "mujoco",
    { model: "concept" },
    el(
      "worldbody",
      {},
      el("geom", { name: "floor", ...plane }),
      el("geom", { name: "wall", ...plane, pos: [0, 1.2, 0], zaxis: [0, -1, 0] }),
      ...actors.map(({ name, type, size }) =>
        el(
          "body",
          { name: `actor_${name}` },
          el("freejoint", { name: `actor_${name}` }),
          el("geom", { name: `actor_${name}`, type, size }),
        ),
      ),
    ),
  );
}

/** From the front and high, so that shadows of hidden things stay behind what hides them. */
function frontLight(side: number): Light {
  const [x, y, z] = [side, -0.55, 0.8];
  const length = Math.hypot(x, y, z);
  return {
    direction: [x / length, y / length, z / length],
    colour: [0.78, 0.76, 0.72],
    sky: [0.44, 0.45, 0.48],
    ground: [0.2, 0.18, 0.16],
  };
}

function cameraAt(shakeM: number): CameraPose {
  const [sin, cos] = [Math.sin(PITCH_RAD), Math.cos(PITCH_RAD)];
  return {
    pos: [CAMERA_M[0] + shakeM, CAMERA_M[1], CAMERA_M[2] + 0.5 * shakeM],
    // Columns: right, up, backward.
    mat: [1, 0, 0, 0, sin, -cos, 0, cos, sin],
    fovyDeg: FOVY_DEG,
  };
}
