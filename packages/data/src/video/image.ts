/** Single pictures: PNG out, and any common format in, through sharp (libvips). */
import { DataError, messageOf, ShapeError, type Image } from "@orrery/core";
import sharp from "sharp";
import type { Fit, Size } from "./convert.ts";

/** The scaler's fits by sharp's names. */
export const SHARP_FIT = { stretch: "fill", crop: "cover", letterbox: "contain" } as const;

/** PNG bytes of a picture. */
export async function encodePng(image: Image): Promise<Uint8Array> {
  const { width, height, data } = image;
  if (data.length !== width * height * 3) {
    throw new ShapeError("encodePng", "image.data", `[${height}, ${width}, 3]`, [data.length]);
  }
  const pixels = Buffer.from(data.buffer, data.byteOffset, data.length);
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 6 })
    .toBuffer();
}

/**
 * RGB pixels of an encoded picture (JPEG, PNG, WebP, AVIF, GIF, TIFF), turned as its EXIF data asks. Grey becomes
 * equal channels; transparency is laid over black.
 * @param name of the file or record it came from, for the message
 * @param to brings it to another size
 * @throws {DataError} if the bytes are no picture, or are cut off
 */
export async function decodeImage(
  bytes: Uint8Array,
  name = "image",
  to?: { readonly size: Size; readonly fit: Fit },
): Promise<Image> {
  try {
    const upright = sharp(bytes, { failOn: "truncated" }).rotate();
    const resize = { ...to?.size, fit: SHARP_FIT[to?.fit ?? "stretch"], background: "black" };
    const { data, info } = await (to ? upright.resize(resize) : upright)
      .flatten({ background: "black" })
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    const pixels = channels === 3 ? new Uint8Array(data) : spreadGrey(data, channels, width * height);
    return { width, height, data: pixels };
  } catch (error) {
    throw new DataError(
      `decodeImage: ${name} must be a picture (JPEG, PNG, WebP, AVIF, GIF, TIFF): ${messageOf(error)}. ` +
        `Found ${bytes.length} bytes starting ${Buffer.from(bytes.subarray(0, 4)).toString("hex") || "with nothing"}.`,
      { path: name, cause: error },
    );
  }
}

function spreadGrey(data: Uint8Array, channels: number, numPixels: number): Uint8Array {
  const out = new Uint8Array(numPixels * 3);
  for (let i = 0; i < numPixels; i++) out.fill(data[i * channels] as number, i * 3, i * 3 + 3);
  return out;
}
