/** What one episode's scene consists of. Tasks and perturbations read and change this; the builder turns it into MJCF. */
import type { CameraOffset } from "../bodies/body.ts";
import type { Light, Look, Rgb } from "../render/scene.ts";
import type { ColourName } from "./colours.ts";
import type { ObjectKind } from "./object-kind.ts";

/** One loose object. */
export interface PlacedObject {
  /** Unique in the scene; also the name of its MuJoCo body. */
  readonly name: string;
  readonly kind: ObjectKind;
  readonly colourName: ColourName;
  readonly colour: Rgb;
  readonly second: Rgb;
  readonly sizeM: number;
  readonly massKg: number;
  /** Sliding friction against the table. */
  readonly friction: number;
  /** Where its middle stands on the table, and its turn about the vertical. */
  readonly pos: readonly [number, number];
  readonly yawRad: number;
  /** How far above the table top it stands, m; 0 where left out. On a shelf, say. */
  readonly raisedM?: number;
}

/** A flat disc painted on the table; nothing can touch it. */
export interface Mark {
  readonly name: string;
  readonly colourName: ColourName;
  readonly colour: Rgb;
  readonly pos: readonly [number, number];
  readonly radiusM: number;
}

export interface TableSpec {
  /** Middle of the top. */
  readonly pos: readonly [number, number];
  readonly half: readonly [number, number];
  readonly topM: number;
  readonly look: Look;
  readonly legLook: Look;
}

/** Where the robot stands and how it holds itself before the first observation. */
export interface StartPose {
  /** Forward m, left m, turn rad. */
  readonly base: readonly [number, number, number];
  /** Added to the home pose, by joint name. */
  readonly joints: Readonly<Record<string, number>>;
  /** Tool positions in the base frame, m, one per arm in the body's order. */
  readonly tools: readonly (readonly [number, number, number])[];
}

/** A small chest with one drawer, standing on the table and facing the robot. */
export interface DrawerSpec {
  readonly name: string;
  readonly pos: readonly [number, number];
  /** How far it stands open at the start, m. */
  readonly openM: number;
  readonly look: Look;
  readonly frontLook: Look;
}

/** An open shelf on the table: one board on two side walls. */
export interface ShelfSpec {
  readonly name: string;
  readonly pos: readonly [number, number];
  /** Top of the board above the table, m. */
  readonly heightM: number;
  readonly look: Look;
}

/** A cabinet on the table whose hinged door faces the robot. */
export interface CabinetSpec {
  readonly name: string;
  readonly pos: readonly [number, number];
  /** 1 where the door turns about its left edge (as the robot sees it), -1 about its right one. */
  readonly hinge: 1 | -1;
  readonly look: Look;
  readonly doorLook: Look;
}

/** Something spilt on the table, as a patch of small drops; each is gone once a sponge has passed over it. */
export interface SpillSpec {
  readonly name: string;
  readonly pos: readonly [number, number];
  readonly radiusM: number;
  /** Middles of the drops, relative to `pos`. */
  readonly drops: readonly (readonly [number, number])[];
  readonly look: Look;
}

/** The kitchen counter along the back wall. */
export interface CounterSpec {
  readonly frontLook: Look;
  readonly topLook: Look;
}

/** Which objects and colours of objects may be drawn. */
export interface Catalogue {
  /** What is drawn from where a task takes any kind that will do. */
  readonly kinds: readonly ObjectKind[];
  /** Where a task finds the kind that it needs by name: the bowl, the sponge. */
  readonly named: readonly ObjectKind[];
  /** Pairs of kind and colour: those of training, or those held back from it. */
  readonly pairs: "seen" | "held-out";
}

export interface SceneSpec {
  readonly catalogue: Catalogue;
  readonly table: TableSpec;
  readonly floor: Look;
  readonly wall: Look;
  readonly light: Light;
  readonly counter: CounterSpec;
  readonly objects: readonly PlacedObject[];
  /** Things at the back of the table that nobody reaches: loose, but no task's and no operator's concern. */
  readonly dressing: readonly PlacedObject[];
  readonly marks: readonly Mark[];
  readonly drawers: readonly DrawerSpec[];
  readonly shelves: readonly ShelfSpec[];
  readonly cabinets: readonly CabinetSpec[];
  readonly spills: readonly SpillSpec[];
  readonly start: StartPose;
  readonly cameraOffsets: Readonly<Record<string, CameraOffset>>;
}
