/**
 * The Foxglove message types that exports use, as protobuf descriptors. Field numbers after foxglove-sdk's .proto files;
 * every MCAP file carries the descriptors it needs, as its specification asks.
 */
import { create, createFileRegistry, type DescMessage, toBinary } from "@bufbuild/protobuf";
import {
  type FieldDescriptorProto_Label,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  type FileDescriptorSet,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";

interface Field {
  readonly name: string;
  readonly number: number;
  readonly type: Type;
  readonly typeName?: string;
  readonly label?: FieldDescriptorProto_Label;
}

const TIME = ".google.protobuf.Timestamp";

function message(
  name: string,
  fields: readonly Field[],
): { name: string; field: (Field & { label: Label; jsonName: string })[] } {
  return { name, field: fields.map((field) => ({ label: Label.OPTIONAL, jsonName: field.name, ...field })) };
}

function file(
  name: string,
  pkg: string,
  messages: ReturnType<typeof message>[],
  dependency: string[] = [],
): Record<string, unknown> {
  return { name, package: pkg, syntax: "proto3", dependency, messageType: messages };
}

const TIMESTAMP_FILE = file("google/protobuf/timestamp.proto", "google.protobuf", [
  message("Timestamp", [
    { name: "seconds", number: 1, type: Type.INT64 },
    { name: "nanos", number: 2, type: Type.INT32 },
  ]),
]);

const IMAGE_FILE = file(
  "foxglove/CompressedImage.proto",
  "foxglove",
  [
    message("CompressedImage", [
      { name: "timestamp", number: 1, type: Type.MESSAGE, typeName: TIME },
      { name: "data", number: 2, type: Type.BYTES },
      { name: "format", number: 3, type: Type.STRING },
      { name: "frame_id", number: 4, type: Type.STRING },
    ]),
  ],
  ["google/protobuf/timestamp.proto"],
);

const JOINTS_FILE = file(
  "foxglove/JointStates.proto",
  "foxglove",
  [
    message("JointState", [
      { name: "name", number: 1, type: Type.STRING },
      { name: "position", number: 2, type: Type.DOUBLE },
    ]),
    message("JointStates", [
      { name: "timestamp", number: 1, type: Type.MESSAGE, typeName: TIME },
      {
        name: "joints",
        number: 2,
        type: Type.MESSAGE,
        typeName: ".foxglove.JointState",
        label: Label.REPEATED,
      },
    ]),
  ],
  ["google/protobuf/timestamp.proto"],
);

/** A type ready for writing: its descriptors, and an encoder. */
export interface FoxgloveType {
  readonly name: string;
  /** Serialized FileDescriptorSet with all imports. */
  readonly descriptors: Uint8Array;
  encode(value: Record<string, unknown>): Uint8Array;
}

function makeType(name: string, files: Record<string, unknown>[]): FoxgloveType {
  const set: FileDescriptorSet = create(FileDescriptorSetSchema, { file: files as never });
  const found: DescMessage | undefined = createFileRegistry(set).getMessage(name);
  if (!found) throw new Error(`internal: no descriptor of ${name}. Please report this.`);
  return {
    name,
    descriptors: toBinary(FileDescriptorSetSchema, set),
    encode: (value) => toBinary(found, create(found, value as never)),
  };
}

export const COMPRESSED_IMAGE: FoxgloveType = makeType("foxglove.CompressedImage", [
  TIMESTAMP_FILE,
  IMAGE_FILE,
]);
export const JOINT_STATES: FoxgloveType = makeType("foxglove.JointStates", [TIMESTAMP_FILE, JOINTS_FILE]);
