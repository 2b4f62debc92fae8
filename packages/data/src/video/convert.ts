/**
 * From a decoded frame (any pixel format, colour matrix and range) to packed RGB24 at the size a model wants.
 * The scaler reads colour matrix and range from each frame, so BT.709 and full-range video come out right.
 */
import { AV_PIX_FMT_RGB24 } from "node-av/constants";
import { Frame, SoftwareScaleContext } from "node-av/lib";
import { orientRgb, swapsSides, UPRIGHT, type Orientation } from "./orient.ts";

/** How a picture of another aspect meets the target: squeezed, centre-cropped, or whole with black bars. */
export type Fit = "stretch" | "crop" | "letterbox";

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Size of the picture before cropping or padding, for a `fit` of `from` into `to`. */
export function fittedSize(from: Size, to: Size, fit: Fit): Size {
  if (fit === "stretch") return to;
  const sides = [to.width / from.width, to.height / from.height] as const;
  const scale = fit === "crop" ? Math.max(...sides) : Math.min(...sides);
  return {
    width: Math.max(1, Math.round(from.width * scale)),
    height: Math.max(1, Math.round(from.height * scale)),
  };
}

/** "smooth" averages or interpolates; "point" takes single pixels, whose spread is that of the picture. */
export type Sampling = "smooth" | "point";

/** Converts frames of one video; holds native memory, so `close` it. */
export class RgbConverter {
  readonly size: Size;
  readonly #fit: Fit;
  readonly #orientation: Orientation;
  readonly #sampling: Sampling;
  #source: (Size & { format: number }) | undefined;
  #scaler: SoftwareScaleContext | undefined;
  #scaled: Frame | undefined;
  #pixels: Uint8Array = new Uint8Array();
  #rowBytes = 0;

  /** @param size of the output, after `orientation` */
  constructor(size: Size, fit: Fit, orientation: Orientation = UPRIGHT, sampling: Sampling = "smooth") {
    this.size = size;
    this.#fit = fit;
    this.#orientation = orientation;
    this.#sampling = sampling;
  }

  /** Bytes of one output picture. */
  get frameBytes(): number {
    return this.size.width * this.size.height * 3;
  }

  /** Writes `frame` to `out` at byte `offset`; padding is black. @returns false if the scaler refuses the frame */
  convert(frame: Frame, out: Uint8Array, offset = 0): boolean {
    const { width, height, format } = frame;
    if (this.#source?.width !== width || this.#source.height !== height || this.#source.format !== format) {
      if (!this.#prepare(frame)) return false;
    }
    const scaled = this.#scaled as Frame;
    if ((this.#scaler as SoftwareScaleContext).scaleFrameSync(scaled, frame) < 0) return false;

    const o = this.#orientation;
    if (o === UPRIGHT) {
      this.#place(this.#pixels, this.#rowBytes, scaled.width, scaled.height, out, offset);
      return true;
    }
    const packed = new Uint8Array(scaled.width * scaled.height * 3);
    for (let y = 0; y < scaled.height; y++) {
      const row = y * this.#rowBytes;
      packed.set(this.#pixels.subarray(row, row + scaled.width * 3), y * scaled.width * 3);
    }
    const turned = orientRgb(packed, scaled.width, scaled.height, o);
    const [w, h] = swapsSides(o) ? [scaled.height, scaled.width] : [scaled.width, scaled.height];
    this.#place(turned, w * 3, w, h, out, offset);
    return true;
  }

  close(): void {
    this.#scaler?.freeContext();
    this.#scaled?.free();
    this.#scaler = undefined;
    this.#scaled = undefined;
    this.#source = undefined;
  }

  /** A video may change size or format half-way; the scaler is built anew then. */
  #prepare(frame: Frame): boolean {
    this.close();
    const swap = swapsSides(this.#orientation);
    const upright = swap
      ? { width: frame.height, height: frame.width }
      : { width: frame.width, height: frame.height };
    const fitted = fittedSize(upright, this.size, this.#fit);
    const [width, height] = swap ? [fitted.height, fitted.width] : [fitted.width, fitted.height];

    const scaled = new Frame();
    scaled.alloc();
    scaled.width = width;
    scaled.height = height;
    scaled.format = AV_PIX_FMT_RGB24;
    if (scaled.getBuffer(1) < 0 || !scaled.data?.[0]) return false;
    const scaler = new SoftwareScaleContext();
    scaler.allocContext();
    // Area averages when shrinking; bicubic when growing, where area would give blocks. The other flags make the
    // result independent of the CPU and interpolate chroma instead of repeating it.
    const grows = width > frame.width || height > frame.height;
    const kind = this.#sampling === "point" ? "point" : grows ? "bicubic" : "area";
    scaler.setOption("sws_flags", `${kind}+accurate_rnd+full_chroma_int+bitexact`);

    this.#source = { width: frame.width, height: frame.height, format: frame.format };
    this.#scaled = scaled;
    this.#scaler = scaler;
    this.#pixels = scaled.data[0];
    this.#rowBytes = scaled.linesize[0] as number;
    return true;
  }

  /** Copies a picture of `width` x `height` into the middle of the output, cutting or padding as needed. */
  #place(
    pixels: Uint8Array,
    rowBytes: number,
    width: number,
    height: number,
    out: Uint8Array,
    offset: number,
  ): void {
    const W = this.size.width;
    const H = this.size.height;
    if (width === W && height === H && rowBytes === W * 3) {
      out.set(pixels.subarray(0, W * H * 3), offset);
      return;
    }
    if (width < W || height < H) out.fill(0, offset, offset + W * H * 3);
    const copyWidth = Math.min(W, width);
    const copyHeight = Math.min(H, height);
    const fromX = (width - copyWidth) >> 1;
    const fromY = (height - copyHeight) >> 1;
    const toX = (W - copyWidth) >> 1;
    const toY = (H - copyHeight) >> 1;
    for (let y = 0; y < copyHeight; y++) {
      const from = (fromY + y) * rowBytes + fromX * 3;
      out.set(pixels.subarray(from, from + copyWidth * 3), offset + ((toY + y) * W + toX) * 3);
    }
  }
}
