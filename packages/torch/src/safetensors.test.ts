import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataError, UsageError } from "@orrery/core";
import * as fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { openShards, writeShards } from "./safetensors-shards.ts";
import { rawTensorBytes, SafetensorsFile, writeSafetensors, type RawTensor } from "./safetensors-file.ts";
import { encodeHeader, SAFETENSORS_ITEM_BYTES, type SafetensorsDtype } from "./safetensors.ts";

const folder = mkdtempSync(join(tmpdir(), "safetensors-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file with any header text and so many bytes of data, for headers our writer refuses to make. */
function fileWith(header: string | Uint8Array, dataBytes: number, lengthWord?: bigint): string {
  const json = Buffer.from(header);
  const bytes = Buffer.alloc(8 + json.length + dataBytes);
  bytes.writeBigUInt64LE(lengthWord ?? BigInt(json.length), 0);
  json.copy(bytes, 8);
  const path = join(folder, "hostile.safetensors");
  writeFileSync(path, bytes);
  return path;
}

const open = (path: string): SafetensorsFile => new SafetensorsFile(path);
const f32 = (offsets: string, shape = "[1]"): string =>
  `{"dtype":"F32","shape":${shape},"data_offsets":${offsets}}`;

const rawTensor: fc.Arbitrary<Omit<RawTensor, "name">> = fc
  .record({
    dtype: fc.constantFrom(...(Object.keys(SAFETENSORS_ITEM_BYTES) as SafetensorsDtype[])),
    shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }),
  })
  .chain(({ dtype, shape }) => {
    const length = rawTensorBytes({ dtype, shape });
    return fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((bytes) => ({ dtype, shape, bytes: new Uint8Array(bytes) }));
  });
const rawTensors = fc
  .dictionary(
    fc.oneof(fc.string(), fc.constantFrom("__proto__", "3", "a.weight", '"\\', "é\u0000")),
    rawTensor,
  )
  .map((dict) => Object.entries(dict).map(([name, tensor]): RawTensor => ({ name, ...tensor })));

describe("one file", () => {
  test("matches a stored golden file byte for byte", () => {
    // Bytes worked out by hand from the format's description: they may change only if the format does.
    const path = join(folder, "golden.safetensors");
    writeSafetensors(path, [
      { name: "b", dtype: "U8", shape: [3], bytes: Uint8Array.of(1, 2, 3) },
      { name: "a", dtype: "F32", shape: [1, 2], bytes: new Uint8Array(Float32Array.of(1, -2).buffer) },
    ]);
    const json =
      '{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},' +
      '"b":{"dtype":"U8","shape":[3],"data_offsets":[8,11]}}';
    expect(json.length).toBe(140);
    expect(readFileSync(path).toString("latin1")).toBe(
      `\u0090\0\0\0\0\0\0\0${json}    \0\0\u0080\u003f\0\0\0\u00c0\u0001\u0002\u0003`,
    );
  });

  test("gives back any tensors, names and metadata", () => {
    const path = join(folder, "round.safetensors");
    const metadata = fc.dictionary(fc.string(), fc.string());
    fc.assert(
      fc.property(rawTensors, metadata, (tensors, metadata) => {
        writeSafetensors(path, tensors, metadata);
        using file = open(path);
        expect(Object.fromEntries(file.header.metadata)).toEqual({ format: "pt", ...metadata });
        expect(file.names.toSorted()).toEqual(tensors.map((t) => t.name).toSorted());
        for (const tensor of tensors) expect(file.read(tensor.name)).toEqual(tensor);
      }),
      { numRuns: 100 },
    );
  });

  test("starts every tensor at a multiple of its item size", () => {
    fc.assert(
      fc.property(rawTensors, (tensors) => {
        const { bytes, entries } = encodeHeader(tensors, {});
        expect(bytes.length % 8).toBe(0);
        for (const { begin, dtype } of entries) expect(begin % SAFETENSORS_ITEM_BYTES[dtype]).toBe(0);
      }),
    );
  });

  test("never accepts a damaged header wrongly: it is refused or every tensor lies inside the data", () => {
    const path = join(folder, "flipped.safetensors");
    writeSafetensors(path, [
      { name: "w", dtype: "F32", shape: [2, 3], bytes: new Uint8Array(24) },
      { name: "m", dtype: "BOOL", shape: [5], bytes: new Uint8Array(5) },
    ]);
    const good = readFileSync(path);
    const headerBytes = 8 + Number(good.readBigUInt64LE(0));
    fc.assert(
      fc.property(fc.nat(headerBytes - 1), fc.nat(255), (at, value) => {
        const bytes = Buffer.from(good);
        bytes[at] = value;
        writeFileSync(path, bytes);
        try {
          using file = open(path);
          for (const name of file.names) expect(file.read(name).bytes.length).toBeLessThanOrEqual(29);
        } catch (error) {
          expect(error).toBeInstanceOf(DataError);
        }
      }),
      { numRuns: 500 },
    );
  });

  test.each<[string, () => string, RegExp]>([
    ["a missing file", () => join(folder, "missing.safetensors"), /cannot open/],
    [
      "a cut length word",
      () => (truncateSync(fileWith("{}", 0), 5), join(folder, "hostile.safetensors")),
      /at least 8 bytes, found 5/,
    ],
    ["a header past the end", () => fileWith("{}", 0, 3n), /needs 11 bytes, the file has 10/],
    ["an absurd header length", () => fileWith("{}", 0, 2n ** 63n), /says 9223372036854775808/],
    ["a header of nothing", () => fileWith("", 4), /must start with "\{", found byte nothing/],
    ["a header that is no object", () => fileWith("[]", 0), /must start with "\{"/],
    ["broken JSON", () => fileWith('{"a":', 0), /must be JSON/],
    ["text that is not UTF-8", () => fileWith(Uint8Array.of(0x7b, 0xff, 0x7d), 0), /must be JSON in UTF-8/],
    [
      "a name used twice",
      () => fileWith(`{"a":${f32("[0,4]")},"\\u0061":${f32("[4,8]")}}`, 8),
      /found "a" twice/,
    ],
    ["a field given twice", () => fileWith('{"a":{"dtype":"F32","dtype":"U8"}}', 0), /found "dtype" twice/],
    [
      "an unknown dtype",
      () => fileWith('{"a":{"dtype":"F33","shape":[],"data_offsets":[0,4]}}', 4),
      /dtype among .*found "F33"/,
    ],
    [
      "a dtype from the prototype",
      () => fileWith('{"a":{"dtype":"toString","shape":[],"data_offsets":[0,4]}}', 4),
      /dtype among/,
    ],
    [
      "an unknown field",
      () => fileWith('{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1],"x":1}}', 1),
      /unknown field "x"/,
    ],
    [
      "a negative size",
      () => fileWith(`{"a":${f32("[0,4]", "[-1]")}}`, 4),
      /shape of whole numbers, found \[-1\]/,
    ],
    ["a fractional size", () => fileWith(`{"a":${f32("[0,4]", "[0.5]")}}`, 4), /shape of whole numbers/],
    [
      "a product that overflows",
      () => fileWith(`{"a":${f32("[0,4]", "[4294967296,4294967296]")}}`, 4),
      /needs 7378/,
    ],
    ["one offset", () => fileWith(`{"a":${f32("[0]")}}`, 4), /data_offsets \[begin, end\]/],
    [
      "offsets of another size than the shape",
      () => fileWith(`{"a":${f32("[0,8]")}}`, 8),
      /needs 4 bytes, its offsets \[0, 8\] hold 8/,
    ],
    ["an end before its begin", () => fileWith(`{"a":${f32("[4,0]")}}`, 4), /hold -4/],
    [
      "tensors that overlap",
      () => fileWith(`{"a":${f32("[0,4]")},"b":${f32("[2,6]")}}`, 6),
      /found 2: it overlaps "a"/,
    ],
    [
      "a hole",
      () => fileWith(`{"a":${f32("[0,4]")},"b":${f32("[6,10]")}}`, 10),
      /found 6: it leaves a hole after "a"/,
    ],
    [
      "data nobody owns",
      () => fileWith(`{"a":${f32("[0,4]")}}`, 9),
      /cover all 9 bytes of data, they cover 4/,
    ],
    ["a tensor past the end", () => fileWith(`{"a":${f32("[0,4]")}}`, 3), /ends at byte 4 of 3/],
    [
      "metadata that is no string",
      () => fileWith('{"__metadata__":{"epoch":3}}', 0),
      /metadata "epoch" must be a string, found 3/,
    ],
    ["an entry that is no object", () => fileWith('{"a":[0,4]}', 4), /a must be a JSON object/],
  ])("refuses %s", (_, make, message) => {
    const path = make();
    expect(() => open(path)).toThrow(DataError);
    expect(() => open(path)).toThrow(message);
  });

  test("leaves the old file and no temporary when a tensor has the wrong length", () => {
    const path = join(folder, "kept.safetensors");
    const tensor: RawTensor = { name: "w", dtype: "U8", shape: [2], bytes: Uint8Array.of(7, 8) };
    writeSafetensors(path, [tensor]);
    expect(() => writeSafetensors(path, [{ ...tensor, shape: [3] }])).toThrow(UsageError);
    using file = open(path);
    expect(file.read("w").bytes).toEqual(Uint8Array.of(7, 8));
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  test("is read alike by numpy from the format's description alone", ({ skip }) => {
    if (spawnSync("/usr/bin/python3", ["-c", "import numpy"]).status !== 0)
      skip("python3-numpy is not installed");
    const path = join(folder, "numpy.safetensors");
    const bytesOf = (view: ArrayBufferView): Uint8Array => new Uint8Array(view.buffer as ArrayBuffer);
    writeSafetensors(path, [
      { name: "i", dtype: "I64", shape: [2], bytes: bytesOf(BigInt64Array.of(-5n, 2n ** 40n)) },
      { name: "x", dtype: "F64", shape: [2, 1], bytes: bytesOf(Float64Array.of(0.1, -3)) },
      { name: "h", dtype: "F16", shape: [], bytes: bytesOf(Uint16Array.of(0x3e00)) },
      { name: "b", dtype: "BF16", shape: [1], bytes: bytesOf(Uint16Array.of(0xc049)) },
      { name: "m", dtype: "BOOL", shape: [3], bytes: Uint8Array.of(1, 0, 1) },
    ]);
    const reader = `
import json, sys, numpy as np
raw = open(sys.argv[1], "rb").read()
n = int.from_bytes(raw[:8], "little")
kinds = dict(I64="<i8", F64="<f8", F16="<f2", BF16="<u2", BOOL="?")
out = {}
for name, e in json.loads(raw[8:8 + n]).items():
    if name == "__metadata__": continue
    a, b = e["data_offsets"]
    v = np.frombuffer(raw[8 + n + a:8 + n + b], kinds[e["dtype"]])
    if e["dtype"] == "BF16": v = (v.astype("<u4") << 16).view("<f4")
    out[name] = v.reshape(e["shape"]).tolist()
print(json.dumps(out))`;
    const out: unknown = JSON.parse(
      execFileSync("/usr/bin/python3", ["-c", reader, path], { encoding: "utf8" }),
    );
    expect(out).toEqual({
      i: [-5, 2 ** 40],
      x: [[0.1], [-3]],
      h: 1.5,
      b: [-3.140625],
      m: [true, false, true],
    });
  });
});

describe("shards", () => {
  const tensors = Array.from({ length: 7 }, (_, i): RawTensor => ({
    name: `w${i}`,
    dtype: "U8",
    shape: [1000],
    bytes: new Uint8Array(1000).fill(i),
  }));

  test("split by file size, list themselves in an index and read as one", () => {
    const at = join(folder, "sharded");
    const names = writeShards(at, tensors, { maxShardBytes: 2800, metadata: { epoch: "3" } });
    expect(names.at(-1)).toBe("model.safetensors.index.json");
    expect(names[0]).toBe("model-00001-of-00004.safetensors");
    for (const name of names.slice(0, -1))
      expect(readFileSync(join(at, name)).length).toBeLessThanOrEqual(2800);
    const index = JSON.parse(readFileSync(join(at, "model.safetensors.index.json"), "utf8")) as {
      metadata: { total_size: number };
      weight_map: Record<string, string>;
    };
    expect(index.metadata.total_size).toBe(7000);
    expect(Object.keys(index.weight_map)).toEqual(tensors.map((t) => t.name));
    using set = openShards(at);
    expect(set.metadata.get("epoch")).toBe("3");
    for (const tensor of tensors) expect(set.read(tensor.name)).toEqual(tensor);
  });

  test("make way for a later save that fits into one file", () => {
    const at = join(folder, "shrunk");
    writeShards(at, tensors, { maxShardBytes: 2800 });
    writeShards(at, tensors.slice(0, 2));
    expect(readdirSync(at)).toEqual(["model.safetensors"]);
    using set = openShards(at);
    expect(set.names).toEqual(["w0", "w1"]);
  });

  test("are refused when a crash left files of two saves", () => {
    const at = join(folder, "torn");
    const [first = ""] = writeShards(at, tensors, { maxShardBytes: 2800 });
    const old = readFileSync(join(at, first));
    writeShards(
      at,
      tensors.map((t) => ({ ...t, bytes: new Uint8Array(1000).fill(99) })),
      { maxShardBytes: 2800 },
    );
    writeFileSync(join(at, first), old);
    expect(() => openShards(at)).toThrow(/belongs to another save/);
  });

  test("refuse an index that points outside its folder", () => {
    const at = join(folder, "model.safetensors.index.json");
    writeFileSync(at, JSON.stringify({ weight_map: { w: "../../etc/x.safetensors" } }));
    expect(() => openShards(at)).toThrow(/must map to a \.safetensors file name/);
  });
});
