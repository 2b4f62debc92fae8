/** LeRobot's feature declarations (`features` of meta/info.json), read with their quirks and checked. */
import { isRecord } from "@orrery/core";
import { isColumnDtype } from "../column.ts";
import type { Problems } from "../problems.ts";

/** What the dataset says about one camera's video. Every field is a claim, not a fact. */
export interface VideoClaims {
  readonly codec?: string;
  readonly pixelFormat?: string;
  readonly fps?: number;
  readonly isDepth: boolean;
}

export interface Feature {
  readonly name: string;
  /** "float32", "int64", "bool", "string", "video", "image"... */
  readonly dtype: string;
  /** As declared; for pictures height, width, channels whatever the declared order was. */
  readonly shape: readonly number[];
  /** Numbers per row: the product of the shape. */
  readonly width: number;
  /** One per number, where the declaration has as many; nested names are flattened. */
  readonly names: readonly string[] | null;
  readonly video?: VideoClaims;
}

/** The columns every dataset has beside its own features. */
export const BOOKKEEPING = ["timestamp", "frame_index", "episode_index", "index", "task_index"] as const;

/**
 * Our column for clocks that depart from frame over rate: LeRobot's loader looks frames up by `timestamp` and refuses
 * a video whose frames are elsewhere, so the real clock is kept beside it.
 */
export const RECORDED_CLOCK = "recorded_timestamp";

export function isCamera(feature: Feature): boolean {
  return feature.dtype === "video" || feature.dtype === "image";
}

/** "head" for "observation.images.head", "image" for "observation.image"; other keys stay whole. */
export function cameraName(key: string): string {
  if (key === "observation.image") return "image";
  return key.startsWith("observation.images.") && key !== "observation.images.image" ? key.slice(19) : key;
}

/** The feature key a camera is written under: the inverse of `cameraName`. */
export function cameraKey(name: string): string {
  if (name === "image") return "observation.image";
  return name.startsWith("observation.") ? name : `observation.images.${name.replace(/\/+/g, ".")}`;
}

/** Reads `features` of an info.json; what cannot be used is left out and reported. */
export function parseFeatures(json: unknown, problems: Problems): Feature[] {
  const where = "meta/info.json";
  if (!isRecord(json)) {
    problems.add("error", where, '"features" must be an object, it is missing.', "Restore info.json.");
    return [];
  }
  const features: Feature[] = [];
  for (const [name, declared] of Object.entries(json)) {
    const feature = isRecord(declared) ? parseFeature(name, declared, problems) : null;
    if (feature) features.push(feature);
    else {
      const found = isRecord(declared)
        ? `dtype ${JSON.stringify(declared["dtype"])} of shape ${JSON.stringify(declared["shape"])}`
        : typeof declared;
      problems.add(
        "warning",
        where,
        `feature "${name}" must be a number (at most ${MAX_WIDTH} per row), bool, string, image or video, got ${found}; it is left out.`,
        "Nothing, if you do not need it.",
      );
    }
  }
  return features;
}

/** A grid of 2,048 by 2,048; names are made up for each number of an action, so a claim alone must not be believed. */
const MAX_WIDTH = 2 ** 22;

function parseFeature(name: string, json: Record<string, unknown>, problems: Problems): Feature | null {
  const dtype = json["dtype"];
  if (typeof dtype !== "string") return null;
  const shape = Array.isArray(json["shape"]) ? json["shape"].map(Number) : [1];
  if (!shape.every((n) => Number.isInteger(n) && n >= 0)) return null;
  if (dtype === "video" || dtype === "image") {
    const order = pictureShape(shape, flattenNames(json["names"]));
    if (!order) {
      problems.add(
        "warning",
        "meta/info.json",
        `camera "${name}" must have a shape of height, width, channels, got [${shape.join(", ")}]; sizes come from the video.`,
        "Correct the shape.",
      );
    }
    const picture = order ?? [0, 0, 3];
    return { name, dtype, shape: picture, width: product(picture), names: null, video: videoClaims(json) };
  }
  if (!isColumnDtype(dtype)) return null;
  const width = product(shape);
  if (width > MAX_WIDTH) return null;
  const names = flattenNames(json["names"]);
  if (names && names.length !== width && !(names.length === 1 && width > 1)) {
    problems.add(
      "note",
      "meta/info.json",
      `feature "${name}" must have ${width} names, got ${names.length}; numbers are counted instead.`,
      "Correct the names.",
    );
  }
  return { name, dtype, shape, width, names: names?.length === width ? names : null };
}

/**
 * Names come as a list, as a dict of lists ({"motors": ["a", "b"]}), as a dict of positions ({"a": 0, "b": 1}), or
 * nested in lists. Returns the leaves in order, null where there are none.
 */
function flattenNames(names: unknown): string[] | null {
  if (typeof names === "string") return [names];
  if (Array.isArray(names)) {
    const flat = names.flatMap((name) => flattenNames(name) ?? []);
    return flat.length > 0 ? flat : null;
  }
  if (!isRecord(names)) return null;
  const entries = Object.entries(names);
  if (entries.length > 0 && entries.every(([, value]) => typeof value === "number")) {
    return entries.sort(([, a], [, b]) => Number(a) - Number(b)).map(([name]) => name);
  }
  const flat = entries.flatMap(([, value]) => flattenNames(value) ?? []);
  return flat.length > 0 ? flat : null;
}

/** Height, width, channels by the names; without names, the end that is 1 or 3 is the channels. */
function pictureShape(shape: readonly number[], names: readonly string[] | null): number[] | null {
  if (shape.length !== 3) return null;
  const at = (pattern: RegExp): number => names?.findIndex((name) => pattern.test(name)) ?? -1;
  const [h, w, c] = [at(/^h(eight)?$/i), at(/^w(idth)?$/i), at(/^c(hannels?)?$/i)];
  const [first = 0, second = 0, third = 0] = shape;
  if (h >= 0 && w >= 0 && c >= 0) return [shape[h] ?? 0, shape[w] ?? 0, shape[c] ?? 0];
  if (third === 3 || third === 1) return [first, second, third];
  if (first === 3 || first === 1) return [second, third, first];
  return null;
}

/** Claims stand under `info`, under the older `video_info`, with or without the prefix "video.". */
function videoClaims(json: Record<string, unknown>): VideoClaims {
  const info = { ...asRecord(json["video_info"]), ...asRecord(json["info"]) };
  const get = (key: string): unknown => info[`video.${key}`] ?? info[key];
  const [codec, pixelFormat, fps] = [get("codec"), get("pix_fmt"), get("fps")];
  return {
    ...(typeof codec === "string" ? { codec } : {}),
    ...(typeof pixelFormat === "string" ? { pixelFormat } : {}),
    ...(typeof fps === "number" ? { fps } : {}),
    isDepth: get("is_depth_map") === true,
  };
}

function asRecord(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

function product(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}
