/** Pictures of the sources: encoded ones (JPEG, PNG, WebP) and rows of numeric arrays, as 8-bit RGB. */
import { DataError, type Image, messageOf } from "@orrery/core";
import sharp from "sharp";
import type { DType } from "./arrays.ts";
import { LIMITS } from "./limits.ts";

const OPTIONS = { limitInputPixels: LIMITS.picturePixels, failOn: "error" } as const;

/**
 * Decodes a JPEG, PNG or WebP file to 8-bit RGB; gray is repeated over the three channels, alpha dropped. Unlike
 * `decodeImage` it never turns a picture by its EXIF data, for its source has announced the stored size, and it limits
 * the size.
 * @throws {DataError} if the bytes are no such picture, cut short, or larger than the limit
 */
export async function decodePicture(bytes: Uint8Array, where: string): Promise<Image> {
  try {
    const { data, info } = await sharp(bytes, OPTIONS)
      .removeAlpha()
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    const rgb =
      info.channels === 3 ? new Uint8Array(data.buffer, data.byteOffset, data.length) : repeatGray(data);
    return { width: info.width, height: info.height, data: rgb };
  } catch (error) {
    throw new DataError(`${where}: a picture must be whole JPEG, PNG or WebP (${messageOf(error)}).`, {
      cause: error,
    });
  }
}

/** Width and height from a picture's header, without decoding it. @throws {DataError} as `decodePicture` */
export async function pictureSize(
  bytes: Uint8Array,
  where: string,
): Promise<{ width: number; height: number; depthBits: number }> {
  try {
    const info = await sharp(bytes, OPTIONS).metadata();
    return { width: info.width, height: info.height, depthBits: info.depth === "ushort" ? 16 : 8 };
  } catch (error) {
    throw new DataError(
      `${where}: a picture must start with a JPEG, PNG or WebP header (${messageOf(error)}).`,
      {
        cause: error,
      },
    );
  }
}

/** True where the bytes begin as JPEG, PNG or WebP files do. */
export function looksLikePicture(bytes: Uint8Array): boolean {
  if (bytes.length < 12) return false;
  const jpeg = bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
  const png = bytes[0] === 0x89 && bytes[1] === 0x50 && bytes[2] === 0x4e && bytes[3] === 0x47;
  const webp = bytes[0] === 0x52 && bytes[1] === 0x49 && bytes[8] === 0x57 && bytes[9] === 0x45;
  return jpeg || png || webp;
}

/** How the numbers of one array become a picture. */
export interface PixelLayout {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
  /** True for [C, H, W], false for [H, W, C]. */
  readonly planar: boolean;
}

/**
 * Reads the shape of one picture: [H, W], [H, W, C] or [C, H, W] with C of 1, 3 or 4. Undefined where the shape is
 * no picture, for instance a vector or a matrix of transforms.
 */
export function pixelLayout(shape: readonly number[]): PixelLayout | undefined {
  const [a, b, c] = shape;
  const fits = (h: number, w: number): boolean =>
    h >= 8 && w >= 8 && h <= LIMITS.pictureSide && w <= LIMITS.pictureSide && h * w <= LIMITS.picturePixels;
  const isChannels = (n: number): n is 1 | 3 | 4 => n === 1 || n === 3 || n === 4;
  if (a === undefined || b === undefined) return undefined;
  if (shape.length === 2) return fits(a, b) ? { width: b, height: a, channels: 1, planar: false } : undefined;
  if (shape.length !== 3 || c === undefined) return undefined;
  if (isChannels(c) && fits(a, b)) return { width: b, height: a, channels: c, planar: false };
  if (isChannels(a) && fits(b, c)) return { width: c, height: b, channels: a, planar: true };
  return undefined;
}

/** What 255 is in the numbers of an array: floats up to 1 are scaled, everything else is taken as 0 to 255. */
export function pixelScale(values: ArrayLike<number>, dtype: DType): 1 | 255 {
  if (dtype.kind === "b") return 255;
  if (dtype.kind !== "f") return 1;
  for (let i = 0; i < values.length; i++) if ((values[i] ?? 0) > 1) return 1;
  return 255;
}

/** One picture from a row of numbers; values are scaled, rounded and clamped to 0..255 (NaN becomes 0). */
export function pictureFromRow(values: ArrayLike<number>, layout: PixelLayout, scale: 1 | 255): Image {
  const { width, height, channels: C, planar } = layout;
  const pixels = width * height;
  const direct = values instanceof Uint8Array && C === 3 && !planar && scale === 1;
  if (direct) return { width, height, data: values };
  const data = new Uint8Array(pixels * 3);
  for (let p = 0; p < pixels; p++) {
    for (let c = 0; c < 3; c++) {
      const channel = C === 1 ? 0 : c;
      const value = values[planar ? channel * pixels + p : p * C + channel] ?? 0;
      data[p * 3 + c] = Math.min(255, Math.max(0, Math.round(value * scale) || 0));
    }
  }
  return { width, height, data };
}

function repeatGray(gray: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(gray.length * 3);
  for (let i = 0; i < gray.length; i++) rgb.fill(gray[i] ?? 0, i * 3, i * 3 + 3);
  return rgb;
}
