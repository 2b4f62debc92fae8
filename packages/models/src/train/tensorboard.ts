/**
 * TensorBoard event files with scalars: TFRecord framing around two protobuf messages of a few fields, written by hand.
 * Event { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5; }
 * Summary { repeated Value value = 1; } Value { string tag = 1; float simple_value = 2; }
 */
import { appendFileSync, mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { crc32c } from "@node-rs/crc32";

export class EventWriter {
  readonly path: string;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    const seconds = Math.floor(Date.now() / 1000);
    this.path = join(folder, `events.out.tfevents.${seconds}.${hostname()}.${process.pid}.0`);
    this.#append(event(0, lengthDelimited(3, Buffer.from("brain.Event:2"))));
  }

  /** Adds one point per scalar; values that are not finite are kept as they are, TensorBoard shows them as such. */
  scalars(step: number, values: Readonly<Record<string, number>>): void {
    const summary = Object.entries(values).map(([tag, value]) => {
      const simple = Buffer.alloc(5);
      simple.writeUInt8((2 << 3) | 5, 0);
      simple.writeFloatLE(value, 1);
      return lengthDelimited(1, Buffer.concat([lengthDelimited(1, Buffer.from(tag)), simple]));
    });
    this.#append(event(step, lengthDelimited(5, Buffer.concat(summary))));
  }

  #append(message: Buffer): void {
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(message.length));
    appendFileSync(this.path, Buffer.concat([length, masked(length), message, masked(message)]));
  }
}

function event(step: number, payload: Buffer): Buffer {
  const time = Buffer.alloc(9);
  time.writeUInt8((1 << 3) | 1, 0);
  time.writeDoubleLE(Date.now() / 1000, 1);
  return Buffer.concat([time, Buffer.from([2 << 3]), varint(step), payload]);
}

function lengthDelimited(field: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([(field << 3) | 2]), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(value);
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return Buffer.from(bytes);
}

/** The checksum that TFRecord puts behind lengths and data. */
function masked(bytes: Buffer): Buffer {
  const crc = crc32c(bytes);
  const out = Buffer.alloc(4);
  out.writeUInt32LE((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0);
  return out;
}
