/** Message decoders by encoding: ROS 1, ROS 2 (CDR), JSON, and protobuf with the schema that the file carries. */
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { parse as parseRosMsg } from "@foxglove/rosmsg";
import { MessageReader as Ros1Reader } from "@foxglove/rosmsg-serialization";
import { MessageReader as Ros2Reader } from "@foxglove/rosmsg2-serialization";
import { DataError, messageOf } from "@orrery/core";

export type Decode = (data: Uint8Array) => unknown;

export interface SchemaText {
  readonly name: string;
  /** MCAP's names: "ros1msg", "ros2msg", "jsonschema", "protobuf". */
  readonly encoding: string;
  readonly data: Uint8Array;
}

/** @throws {DataError} if the encoding is not read or the schema is damaged */
export function makeDecoder(messageEncoding: string, schema: SchemaText | undefined): Decode {
  try {
    const text = (): string => new TextDecoder().decode(schema?.data ?? new Uint8Array());
    switch (messageEncoding) {
      case "ros1": {
        const reader = new Ros1Reader(parseRosMsg(text(), { ros2: false }));
        return (data) => reader.readMessage(data);
      }
      case "cdr": {
        if (schema?.encoding !== "ros2msg")
          throw new Error(`schema encoding "${schema?.encoding ?? "none"}"`);
        const reader = new Ros2Reader(parseRosMsg(text(), { ros2: true }));
        return (data) => reader.readMessage(data);
      }
      case "json":
        return (data) => JSON.parse(new TextDecoder().decode(data));
      case "protobuf": {
        const set = fromBinary(FileDescriptorSetSchema, schema?.data ?? new Uint8Array());
        const message = createFileRegistry(set).getMessage(schema?.name ?? "");
        if (!message) throw new Error(`its descriptors do not hold ${schema?.name}`);
        return (data) => fromBinary(message, data);
      }
      default:
        throw new Error(`message encoding "${messageEncoding}" is not read`);
    }
  } catch (error) {
    throw new DataError(`decoding ${schema?.name ?? "messages"}: ${messageOf(error)}`, { cause: error });
  }
}
