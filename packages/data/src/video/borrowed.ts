/**
 * A picture that still lies in the decoder's memory, for whoever takes it at once: an import hands frames to the encoder
 * without turning them into RGB and back, which costs more time than decoding them.
 */
import type { Image } from "@orrery/core";
import {
  AVCOL_PRI_BT709,
  AVCOL_PRI_SMPTE170M,
  AVCOL_RANGE_JPEG,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_BT470BG,
  AVCOL_SPC_BT709,
  AVCOL_SPC_SMPTE170M,
  AVCOL_SPC_UNSPECIFIED,
  AVCOL_TRC_BT709,
  AVCOL_TRC_SMPTE170M,
} from "node-av/constants";
import { avGetPixFmtName, type Frame } from "node-av/lib";

/** How pixels say colour, as a video file is tagged with it. */
export interface Colour {
  readonly matrix: "bt601" | "bt709";
  /** True where 0 is black and 255 white, instead of 16 and 235. */
  readonly isFullRange: boolean;
}

/** What the store writes unless the source already says it otherwise. */
export const STORE_COLOUR: Colour = { matrix: "bt601", isFullRange: false };

/** FFmpeg's four tags for a colour. */
export function colourTags({
  matrix,
  isFullRange,
}: Colour): Pick<Frame, "colorSpace" | "colorPrimaries" | "colorTrc" | "colorRange"> {
  const range = { colorRange: isFullRange ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG } as const;
  return matrix === "bt709"
    ? { colorSpace: AVCOL_SPC_BT709, colorPrimaries: AVCOL_PRI_BT709, colorTrc: AVCOL_TRC_BT709, ...range }
    : {
        colorSpace: AVCOL_SPC_SMPTE170M,
        colorPrimaries: AVCOL_PRI_SMPTE170M,
        colorTrc: AVCOL_TRC_SMPTE170M,
        ...range,
      };
}

/** Eight bits per channel, as the store keeps them. */
const PLAIN_FORMAT = /^yuvj?4(20|22|44)p$/;

/** The colour of a decoded frame; undefined where it is none that the store keeps (more bits, wide gamut, no YUV). */
export function colourOf(frame: Frame): Colour | undefined {
  const format = avGetPixFmtName(frame.format as never) ?? "";
  if (!PLAIN_FORMAT.test(format)) return undefined;
  const isFullRange = format.startsWith("yuvj") || frame.colorRange === AVCOL_RANGE_JPEG;
  switch (frame.colorSpace) {
    case AVCOL_SPC_BT709:
      return { matrix: "bt709", isFullRange };
    case AVCOL_SPC_UNSPECIFIED: // read as BT.601 everywhere here
    case AVCOL_SPC_SMPTE170M:
    case AVCOL_SPC_BT470BG:
      return { matrix: "bt601", isFullRange };
    default:
      return undefined;
  }
}

/** What the reader that lends a frame does with it on demand. */
export interface Lender {
  readonly isCurrent: () => boolean;
  /** RGB pixels of the whole frame. */
  readonly toRgb: () => Uint8Array;
  /** One pixel of every `stride` by `stride`. */
  readonly sample: (stride: number) => Image;
}

/** Usable until the next frame is asked for; later use is a defect and throws. */
export class BorrowedImage implements Image {
  readonly width: number;
  readonly height: number;
  readonly colour: Colour;
  readonly #frame: Frame;
  readonly #lender: Lender;

  constructor(frame: Frame, colour: Colour, lender: Lender) {
    this.width = frame.width;
    this.height = frame.height;
    this.colour = colour;
    this.#frame = frame;
    this.#lender = lender;
  }

  get frame(): Frame {
    this.#assertCurrent();
    return this.#frame;
  }

  /** RGB, converted at each access. */
  get data(): Uint8Array {
    this.#assertCurrent();
    return this.#lender.toRgb();
  }

  /** Every `stride`th pixel of every `stride`th row, as RGB. */
  sample(stride: number): Image {
    this.#assertCurrent();
    return this.#lender.sample(stride);
  }

  #assertCurrent(): void {
    if (!this.#lender.isCurrent()) {
      throw new Error(
        "internal: a borrowed picture was used after the next was decoded. Please report this.",
      );
    }
  }
}
