/** Numbers and pictures inside decoded messages, found by dotted paths. */
import { DataError, type Image } from "@orrery/core";
import { decodePicture } from "../shared/pictures.ts";
import { LIMITS } from "../shared/limits.ts";

type Json = Readonly<Record<string, unknown>>;

/** Parts of messages that are bookkeeping, not measurement. */
const NOT_DATA = /(^|\.)(header|stamp|timestamp|layout|seq|frame_?[iI]d|[a-z_]*covariance)(\.|$)/;

/**
 * The value at a dotted path; undefined where there is none. "transforms[base>tool]" picks one transform of a TF
 * message, "joints[].position" one field of every item of a list.
 */
export function valueAt(message: unknown, path: string): unknown {
  const tf = /^transforms\[(.+)>(.+)\]$/.exec(path);
  if (tf) return transformOf(message, tf[1] ?? "", tf[2] ?? "");
  const list = /^(\w+)\[\]\.(.+)$/.exec(path);
  if (list) {
    const items = valueAt(message, list[1] ?? "");
    return Array.isArray(items) ? items.map((item: unknown) => valueAt(item, list[2] ?? "")) : undefined;
  }
  let value = message;
  for (const key of path === "" ? [] : path.split(".")) {
    if (value === null || typeof value !== "object" || !Object.hasOwn(value, key)) return undefined;
    value = (value as Json)[key];
  }
  return value;
}

/** Numbers of the value at a path: a number, a boolean, an array, or all numbers inside an object in order. */
export function numbersAt(message: unknown, path: string): number[] | undefined {
  const out: number[] = [];
  return gather(valueAt(message, path), out, 0) && out.length > 0 ? out : undefined;
}

function gather(value: unknown, out: number[], depth: number): boolean {
  if (out.length > LIMITS.vectorWidth || depth > 8) return false;
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint")
    out.push(Number(value));
  else if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    if (out.length + value.byteLength > LIMITS.vectorWidth * 8) return false;
    for (const number of value as unknown as Iterable<number | bigint>) out.push(Number(number));
  } else if (Array.isArray(value)) return value.every((item) => gather(item, out, depth + 1));
  else if (value !== null && typeof value === "object") {
    return Object.entries(value).every(([key, item]) => key.startsWith("$") || gather(item, out, depth + 1));
  } else return false;
  return true;
}

/** Paths of all numeric leaves of a message that measure something, for guessing a topic map. */
export function numericPaths(message: unknown, under = "", depth = 0): string[] {
  if (depth > 6) return [];
  if (typeof message === "number" || typeof message === "boolean") return [under];
  if (ArrayBuffer.isView(message)) return message.byteLength > 0 && message.byteLength <= 8192 ? [under] : [];
  if (Array.isArray(message)) {
    return message.length > 0 && message.length <= 1024 && message.every((n) => typeof n === "number")
      ? [under]
      : [];
  }
  if (message === null || typeof message !== "object") return [];
  return Object.entries(message).flatMap(([key, value]) => {
    const path = under === "" ? key : `${under}.${key}`;
    return key.startsWith("$") || NOT_DATA.test(path) ? [] : numericPaths(value, path, depth + 1);
  });
}

/** Parent and child frames of a TF message, as "transforms[parent>child]" paths. */
export function transformPaths(message: unknown): string[] {
  return transformsIn(message).map(({ parent, child }) => `transforms[${parent}>${child}]`);
}

function transformsIn(message: unknown): { parent: string; child: string; transform: unknown }[] {
  const list = valueAt(message, "transforms");
  if (!Array.isArray(list)) return [];
  return list.map((item: unknown) => ({
    parent: nameOf(valueAt(item, "header.frame_id")),
    child: nameOf(valueAt(item, "child_frame_id")),
    transform: valueAt(item, "transform"),
  }));
}

function nameOf(value: unknown): string {
  return typeof value === "string" ? value.replace(/^\//, "") : "";
}

/** Translation and quaternion, 7 numbers, of one transform. */
function transformOf(message: unknown, parent: string, child: string): unknown {
  return transformsIn(message).find((t) => t.parent === parent && t.child === child)?.transform;
}

/** Types whose messages are pictures. */
export function isPictureType(type: string): boolean {
  return /^(sensor_msgs\/(CompressedImage|Image)|foxglove\.(CompressedImage|RawImage|CompressedVideo))$/.test(
    type,
  );
}

/** @throws {DataError} for damaged pictures and for encodings that are not read */
export async function pictureOf(message: unknown, where: string): Promise<Image> {
  const data = valueAt(message, "data");
  // JSON messages carry bytes as base64.
  const bytes = typeof data === "string" ? Buffer.from(data, "base64") : data;
  if (!(bytes instanceof Uint8Array)) throw new DataError(`${where}: a picture message must have data.`);
  const encoding = valueAt(message, "encoding");
  if (typeof encoding !== "string") return decodePicture(bytes, where);
  return rawPicture(
    bytes,
    encoding,
    Number(valueAt(message, "width")),
    Number(valueAt(message, "height")),
    Number(valueAt(message, "step")),
    where,
  );
}

/** Where red, green and blue lie in a pixel of each raw encoding, and how wide a pixel is. */
const PIXELS: Readonly<Record<string, readonly [number, number, number, number]>> = {
  rgb8: [0, 1, 2, 3],
  bgr8: [2, 1, 0, 3],
  rgba8: [0, 1, 2, 4],
  bgra8: [2, 1, 0, 4],
  mono8: [0, 0, 0, 1],
  "8UC1": [0, 0, 0, 1],
  "8UC3": [2, 1, 0, 3],
};

function rawPicture(
  bytes: Uint8Array,
  encoding: string,
  width: number,
  height: number,
  step: number,
  where: string,
): Image {
  const pixel = PIXELS[encoding];
  if (!pixel)
    throw new DataError(
      `${where}: raw pictures must be one of ${Object.keys(PIXELS).join(", ")}, got "${encoding}".`,
    );
  const [r, g, b, size] = pixel;
  const isFit =
    width > 0 && height > 0 && step >= width * size && bytes.length >= step * (height - 1) + width * size;
  if (!isFit)
    throw new DataError(
      `${where}: ${bytes.length} bytes are no ${width} x ${height} picture of ${encoding}.`,
    );
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0, from = y * step; x < width; x++, from += size) {
      data[to++] = bytes[from + r] ?? 0;
      data[to++] = bytes[from + g] ?? 0;
      data[to++] = bytes[from + b] ?? 0;
    }
  }
  return { width, height, data };
}

/** Where quaternions begin in the joined fields of a signal, so that they are interpolated as rotations. */
export function quaternionsIn(message: unknown, fields: readonly string[]): number[] {
  const found: number[] = [];
  let at = 0;
  for (const [i, field] of fields.entries()) {
    const width = numbersAt(message, field)?.length ?? 0;
    const isWhole = /(orientation|rotation)$/.test(field) && width === 4;
    const isSplit = ["x", "y", "z", "w"].every((axis, k) =>
      new RegExp(`(orientation|rotation)\\.${axis}$`).test(fields[i + k] ?? ""),
    );
    if (isWhole || isSplit) found.push(at);
    else if (field.startsWith("transforms[") && width === 7) found.push(at + 3);
    at += width;
  }
  return found;
}
