/** Parquet pages that lie about their counts: refused before the library allocates or loops by a header's word. */
import { describe, expect, test } from "vitest";
import type { RangeFile } from "../files.ts";
import { checkRuns } from "./page-check.ts";
import { ParquetFile } from "./read.ts";
import { ParquetBuilder } from "./write.ts";

function runs(bytes: readonly number[], bits: number, values: number): () => void {
  const view = new DataView(Uint8Array.from(bytes).buffer);
  return () => checkRuns({ view, offset: 0 }, bits, values);
}

describe("run lengths", () => {
  test("true ones pass: five times a value, then eight packed", () => {
    expect(runs([5 << 1, 1, (1 << 1) | 1, 0b1010_1010], 1, 13)).not.toThrow();
    expect(runs([0x90, 0x03, 7, 0], 12, 200)).not.toThrow(); // 200 << 1 in two bytes, a value of 12 bits in two
  });

  test("a run of a billion, a run of negative length and bytes that end early are refused", () => {
    expect(runs([0x80, 0xa8, 0xd6, 0xb9, 0x07, 1], 1, 4)).toThrow(
      /a run claims 1000000000 values where 4 belong/,
    );
    expect(runs([0xff, 0xff, 0xff, 0xff, 0x0f, 1], 1, 4)).toThrow(/a run claims/);
    expect(runs([0xff, 0xff, 0xff, 0xff, 0xff, 0x0f], 1, 4)).toThrow(/longer than five bytes/);
    expect(runs([1 << 1, 0], 1, 4)).toThrow(RangeError);
  });
});

function inMemory(bytes: Uint8Array): RangeFile {
  const whole = Uint8Array.from(bytes).buffer;
  return { byteLength: bytes.length, slice: (from, to) => Promise.resolve(whole.slice(from, to)) };
}

test("columns of nulls alone, of every type, with and without other rows", async () => {
  for (const [dtype, one] of Object.entries({ bool: true, string: "x", int64: 1, float32: 1 })) {
    for (const rows of [
      [null, null, null],
      [null, one, null],
    ]) {
      const builder = new ParquetBuilder([{ name: "x", dtype, depth: 0 }]);
      builder.addGroup(new Map([["x", rows]]), 3);
      const file = await ParquetFile.open("nulls", inMemory(builder.finish()));
      const values = Array.from((await file.readAll()).get("x") ?? []);
      expect(values.map((found) => found === null || found === undefined)).toEqual(
        rows.map((row) => row === null),
      );
    }
  }
});

test("every single byte of a file set to 255: rows or a DataError, and soon", async () => {
  const builder = new ParquetBuilder([
    { name: "state", dtype: "float32", depth: 1 },
    { name: "index", dtype: "int64", depth: 0 },
    { name: "text", dtype: "string", depth: 0 },
  ]);
  const columns = {
    state: [[0.5, 1], [1.5, 2], null, [2.5, 3]],
    index: [0, 1, 2, 3],
    text: ["same", "same", null, "same"],
  };
  builder.addGroup(new Map(Object.entries(columns)), 4);
  const good = builder.finish();
  let refused = 0;
  for (let at = 4; at < good.length - 8; at++) {
    const bad = Uint8Array.from(good);
    bad[at] = 255;
    try {
      const file = await ParquetFile.open("bad", inMemory(bad));
      await file.readAll();
    } catch (error) {
      expect((error as Error).name).toBe("DataError");
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(good.length / 10);
});
