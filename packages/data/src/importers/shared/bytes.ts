/** Streams of bytes: cut into pieces of a wanted size without keeping more than one piece. */
import { DataError } from "@orrery/core";

/** Reads exact counts from a stream of chunks; holds at most the wanted piece and one chunk. */
export class ByteStream {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #where: string;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(chunks: AsyncIterable<Uint8Array>, where: string) {
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#where = where;
  }

  /**
   * The next `length` bytes, or undefined at a clean end. Memory grows with the bytes that truly arrive, not with
   * `length`, so a false length in a short file costs nothing.
   * @throws {DataError} if the stream ends inside the piece
   */
  async take(length: number): Promise<Buffer | undefined> {
    const pieces: Uint8Array[] = [];
    let have = 0;
    while (have < length) {
      if (this.#rest.length === 0) {
        const next = await this.#chunks.next();
        if (next.done) break;
        this.#rest = next.value;
        continue;
      }
      const piece = this.#rest.subarray(0, length - have);
      this.#rest = this.#rest.subarray(piece.length);
      pieces.push(piece);
      have += piece.length;
    }
    if (have === length) return Buffer.concat(pieces, length);
    if (have === 0) return undefined;
    throw new DataError(`${this.#where}: ended after ${have} of ${length} bytes. The file is cut short.`);
  }

  /** Passes over `length` bytes without keeping them. @throws {DataError} if the stream ends first */
  async skip(length: number): Promise<void> {
    for (let left = length; left > 0;) {
      const piece = await this.take(Math.min(left, 1 << 16));
      if (!piece)
        throw new DataError(`${this.#where}: ended ${left} bytes too early. The file is cut short.`);
      left -= piece.length;
    }
  }

  /** Lets go of the underlying stream before its end. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}

/** The pieces of `length` bytes of a stream; the last must be whole. */
export async function* pieces(
  chunks: AsyncIterable<Uint8Array>,
  length: number,
  where: string,
): AsyncGenerator<Buffer> {
  const stream = new ByteStream(chunks, where);
  try {
    for (let piece = await stream.take(length); piece; piece = await stream.take(length)) yield piece;
  } finally {
    await stream.close();
  }
}
