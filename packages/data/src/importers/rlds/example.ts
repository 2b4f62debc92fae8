/**
 * tf.train.Example: a map from a key to a list of bytes, floats or integers.
 *
 * Wire: Example{1: Features{1: map entry{1: key, 2: Feature{1: BytesList | 2: FloatList | 3: Int64List}}}}, each list
 * with its values in field 1, floats and integers packed or one by one.
 */
import { DataError } from "@orrery/core";
import { ProtoReader } from "../shared/protobuf.ts";

/** One feature; bytes are borrowed from the record. */
export type Feature =
  | { readonly kind: "bytes"; readonly values: readonly Uint8Array[] }
  | { readonly kind: "float"; readonly values: Float32Array }
  | { readonly kind: "int"; readonly values: readonly number[] };

export type Example = ReadonlyMap<string, Feature>;

/** @throws {DataError} if the bytes are no Example */
export function parseExample(bytes: Uint8Array, where: string): Example {
  const features = new Map<string, Feature>();
  for (const feature of messages(bytes, 1, where)) {
    for (const entry of messages(feature, 1, where)) {
      let key: string | undefined;
      let value: Feature | undefined;
      const reader = new ProtoReader(entry, where);
      for (let tag = reader.next(); tag; tag = reader.next()) {
        if (tag.field === 1 && tag.wire === 2) key = Buffer.from(reader.bytes()).toString("utf8");
        else if (tag.field === 2 && tag.wire === 2) value = parseFeature(reader.bytes(), where);
        else reader.skip(tag.wire);
      }
      if (key !== undefined && value) features.set(key, value);
    }
  }
  if (features.size === 0)
    throw new DataError(`${where}: must be a tf.train.Example with features, found none.`);
  return features;
}

/** The length-delimited fields of one number. */
function* messages(bytes: Uint8Array, field: number, where: string): Generator<Uint8Array> {
  const reader = new ProtoReader(bytes, where);
  for (let tag = reader.next(); tag; tag = reader.next()) {
    if (tag.field === field && tag.wire === 2) yield reader.bytes();
    else reader.skip(tag.wire);
  }
}

function parseFeature(bytes: Uint8Array, where: string): Feature | undefined {
  const reader = new ProtoReader(bytes, where);
  let feature: Feature | undefined;
  for (let tag = reader.next(); tag; tag = reader.next()) {
    if (tag.wire !== 2) {
      reader.skip(tag.wire);
      continue;
    }
    const list = reader.bytes();
    if (tag.field === 1) feature = { kind: "bytes", values: [...messages(list, 1, where)] };
    else if (tag.field === 2) feature = { kind: "float", values: floats(list, where) };
    else if (tag.field === 3) feature = { kind: "int", values: integers(list, where) };
  }
  return feature;
}

function floats(list: Uint8Array, where: string): Float32Array {
  const single: number[] = [];
  const reader = new ProtoReader(list, where);
  for (let tag = reader.next(); tag; tag = reader.next()) {
    if (tag.field === 1 && tag.wire === 2) {
      const packed = reader.bytes();
      // The copy aligns the floats: a typed array cannot start at an odd byte.
      if (packed.length % 4 === 0 && single.length === 0 && !reader.hasMore) {
        return new Float32Array(Uint8Array.from(packed).buffer);
      }
      const inner = new ProtoReader(packed, where);
      while (inner.hasMore) single.push(inner.float32());
    } else if (tag.field === 1 && tag.wire === 5) single.push(reader.float32());
    else reader.skip(tag.wire);
  }
  return Float32Array.from(single);
}

function integers(list: Uint8Array, where: string): number[] {
  const values: number[] = [];
  const reader = new ProtoReader(list, where);
  for (let tag = reader.next(); tag; tag = reader.next()) {
    if (tag.field === 1 && tag.wire === 2) {
      const inner = new ProtoReader(reader.bytes(), where);
      while (inner.hasMore) values.push(inner.int64());
    } else if (tag.field === 1 && tag.wire === 0) values.push(reader.int64());
    else reader.skip(tag.wire);
  }
  return values;
}
