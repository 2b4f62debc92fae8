/**
 * The wire format of protocol buffers, field by field, over borrowed bytes: no schema and no copies. Enough for
 * tf.train.Example, whose messages are too large and too hot for a general decoder.
 *
 * Source: protobuf.dev/programming-guides/encoding.
 */
import { DataError } from "@orrery/core";

/** Reads one message. Every length is checked against the bytes that are there. */
export class ProtoReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #where: string;
  #at = 0;

  constructor(bytes: Uint8Array, where: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#where = where;
  }

  /** The next field's number and wire type (0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes), or undefined at the end. */
  next(): { field: number; wire: number } | undefined {
    if (this.#at >= this.#bytes.length) return undefined;
    const tag = Number(this.varint());
    const field = Math.floor(tag / 8);
    const wire = tag % 8;
    if (field === 0 || wire === 3 || wire === 4 || wire > 5) this.#fail(`has a bad tag ${tag}`);
    return { field, wire };
  }

  /** An unsigned varint of at most 10 bytes. */
  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) break;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return this.#fail("has a varint that does not end");
  }

  /** A signed 64-bit varint as a number; beyond 2^53 it is rounded. */
  int64(): number {
    // Most values are one byte; BigInt arithmetic would dominate the reading time.
    const byte = this.#bytes[this.#at];
    if (byte !== undefined && byte < 0x80) {
      this.#at++;
      return byte;
    }
    return Number(BigInt.asIntN(64, this.varint()));
  }

  /** The bytes of a length-delimited field, borrowed. */
  bytes(): Uint8Array {
    const length = Number(this.varint());
    if (length > this.#bytes.length - this.#at) this.#fail(`has a field of ${length} bytes`);
    const piece = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return piece;
  }

  float32(): number {
    if (this.#at + 4 > this.#bytes.length) this.#fail("has a cut float");
    const value = this.#view.getFloat32(this.#at, true);
    this.#at += 4;
    return value;
  }

  /** True until the message's last byte has been read. */
  get hasMore(): boolean {
    return this.#at < this.#bytes.length;
  }

  skip(wire: number): void {
    if (wire === 0) this.varint();
    else if (wire === 2) this.bytes();
    else {
      this.#at += wire === 1 ? 8 : 4;
      if (this.#at > this.#bytes.length) this.#fail("ends inside a field");
    }
  }

  #fail(what: string): never {
    throw new DataError(`${this.#where}: the protobuf message ${what} at byte ${this.#at}; it is corrupt.`);
  }
}
