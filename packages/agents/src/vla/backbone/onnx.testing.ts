/**
 * Small ONNX networks for tests, written by hand: protobuf messages with just the fields that onnxruntime needs.
 * Field numbers are those of onnx.proto3 (ONNX 1.16, IR version 8).
 */

/** A node's attribute: whole numbers, one or several. */
export type Attributes = Readonly<Record<string, number | readonly number[]>>;

export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: Attributes;
}

export interface OnnxValue {
  readonly name: string;
  readonly type: "float32" | "int64";
  /** Names stand for sizes that are known only when it runs. */
  readonly shape: readonly (number | string)[];
}

export interface OnnxConstant {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

export interface OnnxGraph {
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly OnnxConstant[];
}

/** A whole model file. */
export function onnxModel({ inputs, outputs, nodes, constants }: OnnxGraph): Uint8Array {
  const graph = message(
    ...nodes.map((node) => bytes(1, nodeProto(node))),
    text(2, "test"),
    ...constants.map((constant) => bytes(5, tensorProto(constant))),
    ...inputs.map((value) => bytes(11, valueProto(value))),
    ...outputs.map((value) => bytes(12, valueProto(value))),
  );
  return message(whole(1, 8), bytes(7, graph), bytes(8, message(text(1, ""), whole(2, 17))));
}

const TYPES = { float32: 1, int64: 7 } as const;

function nodeProto({ op, inputs, output, attributes = {} }: OnnxNode): Buffer {
  return message(
    ...inputs.map((name) => text(1, name)),
    text(2, output),
    text(4, op),
    ...Object.entries(attributes).map(([name, value]) =>
      typeof value === "number"
        ? bytes(5, message(text(1, name), whole(3, value), whole(20, 2)))
        : bytes(5, message(text(1, name), ...value.map((v) => whole(8, v)), whole(20, 7))),
    ),
  );
}

function tensorProto({ name, shape, data }: OnnxConstant): Buffer {
  const type = data instanceof Float32Array ? TYPES.float32 : TYPES.int64;
  const raw = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return message(...shape.map((d) => whole(1, d)), whole(2, type), text(8, name), bytes(9, raw));
}

function valueProto({ name, type, shape }: OnnxValue): Buffer {
  const dims = shape.map((d) => bytes(1, typeof d === "number" ? whole(1, d) : text(2, d)));
  const tensor = message(whole(1, TYPES[type]), bytes(2, message(...dims)));
  return message(text(1, name), bytes(2, bytes(1, tensor)));
}

function message(...fields: readonly Buffer[]): Buffer {
  return Buffer.concat(fields);
}

function text(field: number, value: string): Buffer {
  return bytes(field, Buffer.from(value));
}

function bytes(field: number, value: Uint8Array): Buffer {
  return Buffer.concat([varint(BigInt((field << 3) | 2)), varint(BigInt(value.length)), value]);
}

function whole(field: number, value: number): Buffer {
  return Buffer.concat([varint(BigInt(field << 3)), varint(BigInt.asUintN(64, BigInt(value)))]);
}

function varint(value: bigint): Buffer {
  const out: number[] = [];
  let rest = value;
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    out.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return Buffer.from(out);
}
