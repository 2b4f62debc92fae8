/** The table of a video's frames, read from its packets without decoding anything. */
import { AV_PKT_FLAG_CORRUPT, AV_PKT_FLAG_DISCARD } from "node-av/constants";
import { Packet, type FormatContext } from "node-av/lib";
import { packetTicks } from "./ffmpeg.ts";

export interface PacketTable {
  /** Presentation time of each frame in stream ticks, ascending. */
  readonly ticks: BigInt64Array;
  /** Positions in `ticks` of the frames that decoding can start from, ascending. */
  readonly keyframes: Int32Array;
  /** Packets the container itself marks as not to be shown (edit lists). */
  readonly hidden: number;
  /** Packets cut short by the end of the file, or marked damaged. */
  readonly damaged: number;
  /** True if packets come in presentation order, so that nothing needs reordering. */
  readonly isInOrder: boolean;
  /** Duration of the last frame in ticks; 0 where the container does not say. */
  readonly lastDurationTicks: bigint;
}

/** Reads all packets of one stream from where `format` stands, which must be its beginning. */
export function scanPackets(format: FormatContext, streamIndex: number): PacketTable {
  const packet = new Packet();
  packet.alloc();
  const shown: { ticks: bigint; isKey: boolean; duration: bigint }[] = [];
  let hidden = 0;
  let damaged = 0;
  let isInOrder = true;
  try {
    while (format.readFrameSync(packet) >= 0) {
      if (packet.streamIndex === streamIndex) {
        if (packet.hasFlags(AV_PKT_FLAG_CORRUPT)) damaged++;
        if (packet.hasFlags(AV_PKT_FLAG_DISCARD)) hidden++;
        else {
          const ticks = packetTicks(packet);
          if ((shown.at(-1)?.ticks ?? -Infinity) >= ticks) isInOrder = false;
          shown.push({ ticks, isKey: packet.isKeyframe, duration: packet.duration });
        }
      }
      packet.unref();
    }
  } finally {
    packet.free();
  }
  if (!isInOrder) shown.sort((a, b) => (a.ticks < b.ticks ? -1 : a.ticks > b.ticks ? 1 : 0));
  const keyframes: number[] = [];
  shown.forEach((frame, i) => frame.isKey && keyframes.push(i));
  return {
    ticks: BigInt64Array.from(shown, (frame) => frame.ticks),
    keyframes: Int32Array.from(keyframes),
    hidden,
    damaged,
    isInOrder,
    lastDurationTicks: shown.at(-1)?.duration ?? 0n,
  };
}

/** Position of the last entry of an ascending list that is not above `value`; -1 if all are above. */
export function lastAtOrBelow(
  list: BigInt64Array | Int32Array | readonly bigint[],
  value: bigint | number,
): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle] as bigint | number) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
