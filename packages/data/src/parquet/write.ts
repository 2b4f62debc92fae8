/** Parquet files built in memory, row group by row group, in the shape that LeRobot's tools expect. */
import { DataError } from "@orrery/core";
import { ByteWriter, ParquetWriter, type KeyValue, type SchemaElement } from "hyparquet-writer";

/** A top-level column: a scalar (depth 0) or lists nested `depth` deep. */
export interface ParquetColumn {
  readonly name: string;
  /** numpy's name of the leaf: "float32", "int64", "bool", "string"... */
  readonly dtype: string;
  readonly depth: number;
}

/** Physical and logical type of a leaf, as Arrow writes them. */
function leafElement(dtype: string): SchemaElement {
  const name = "element";
  switch (dtype) {
    case "float16":
    case "float32":
      return { name, type: "FLOAT" };
    case "float64":
      return { name, type: "DOUBLE" };
    case "int64":
      return { name, type: "INT64" };
    case "uint64":
      return { name, type: "INT64", converted_type: "UINT_64" };
    case "int32":
      return { name, type: "INT32" };
    case "bool":
      return { name, type: "BOOLEAN" };
    case "string":
      return { name, type: "BYTE_ARRAY", converted_type: "UTF8" };
    case "int8":
    case "int16":
    case "uint8":
    case "uint16":
    case "uint32":
      return {
        name,
        type: "INT32",
        converted_type: `${dtype.startsWith("u") ? "UINT" : "INT"}_${dtype.replace(/\D/g, "")}` as "INT_8",
      };
    default:
      throw new DataError(`parquet: dtype must be a number type, bool or string, got "${dtype}".`);
  }
}

/** The flat, depth-first schema that parquet wants; every level may be null, as in Arrow's files. */
export function parquetSchema(columns: readonly ParquetColumn[]): SchemaElement[] {
  const schema: SchemaElement[] = [{ name: "schema", num_children: columns.length }];
  for (const { name, dtype, depth } of columns) {
    for (let level = 0; level < depth; level++) {
      schema.push({
        name: level === 0 ? name : "element",
        repetition_type: "OPTIONAL",
        converted_type: "LIST",
        num_children: 1,
      });
      schema.push({ name: "list", repetition_type: "REPEATED", num_children: 1 });
    }
    schema.push({ ...leafElement(dtype), name: depth === 0 ? name : "element", repetition_type: "OPTIONAL" });
  }
  return schema;
}

/** Collects row groups; `finish` gives the bytes of the file. */
export class ParquetBuilder {
  readonly #bytes = new ByteWriter();
  readonly #writer: ParquetWriter;
  readonly #columns: readonly ParquetColumn[];
  numRows = 0;

  constructor(columns: readonly ParquetColumn[], keyValues: readonly KeyValue[] = []) {
    this.#columns = columns;
    this.#writer = new ParquetWriter({
      writer: this.#bytes,
      schema: parquetSchema(columns),
      kvMetadata: [...keyValues],
      createdBy: "orrery",
    });
  }

  /** Bytes so far, footer not counted. */
  get size(): number {
    return this.#bytes.offset;
  }

  /** Writes one row group. `values` holds one array of rows per column: scalars, null, or nested plain arrays. */
  addGroup(values: ReadonlyMap<string, readonly unknown[]>, numRows: number): void {
    const columnData = this.#columns.map(({ name, dtype }) => {
      const rows = values.get(name);
      if (rows?.length !== numRows) {
        throw new DataError(
          `parquet: column "${name}" must have ${numRows} rows, got ${rows?.length ?? "none"}.`,
        );
      }
      const data = dtype === "int64" || dtype === "uint64" ? rows.map(toBigInt) : [...rows];
      // The writer's dictionary takes -0 for 0, so numbers with a sign bit of their own are written plainly.
      return dtype.startsWith("float") ? { name, data, encoding: "PLAIN" as const } : { name, data };
    });
    if (numRows === 0) return;
    void this.#writer.write({ columnData, rowGroupSize: numRows });
    this.numRows += numRows;
  }

  finish(): Uint8Array {
    void this.#writer.finish();
    return this.#bytes.getBytes();
  }
}

/** parquet's INT64 wants BigInt, at any depth. */
function toBigInt(value: unknown): unknown {
  if (value === null || value === undefined || typeof value === "bigint") return value ?? null;
  if (Array.isArray(value)) return value.map(toBigInt);
  return BigInt(Math.round(Number(value)));
}
