import { appendFileSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { crc32c } from "@node-rs/crc32";
import { expect, test } from "vitest";
import { temporaryFolder } from "../testing.ts";
import { MetricLog, readMetrics } from "./metrics.ts";
import { EventWriter } from "./tensorboard.ts";

test("lines come back as they were written, and a torn last line is left out", () => {
  const folder = temporaryFolder("metrics");
  const log = new MetricLog(folder);
  log.write({ phase: "tokenizer", step: 20, reconstruction: 0.5 });
  log.write({ phase: "dynamics", step: 20, flow: 0.25 });
  const path = join(folder, "metrics.jsonl");
  appendFileSync(path, '{"phase":"dynamics","st');
  expect(readMetrics(path)).toEqual([
    { phase: "tokenizer", step: 20, reconstruction: 0.5 },
    { phase: "dynamics", step: 20, flow: 0.25 },
  ]);
  expect(readMetrics(join(folder, "none.jsonl"))).toEqual([]);
});

test("rewinding drops what came after the checkpoint and mends the torn line", () => {
  const folder = temporaryFolder("metrics");
  const log = new MetricLog(folder);
  for (const step of [20, 40]) log.write({ phase: "tokenizer", step });
  for (const step of [20, 40, 60]) log.write({ phase: "dynamics", step });
  const path = join(folder, "metrics.jsonl");
  appendFileSync(path, "{");
  log.rewindTo("dynamics", 45, ["tokenizer", "dynamics"]);
  log.write({ phase: "dynamics", step: 60, again: 1 });
  const found = readMetrics(path).map(({ phase, step }) => `${phase} ${step}`);
  expect(found).toEqual(["tokenizer 20", "tokenizer 40", "dynamics 20", "dynamics 40", "dynamics 60"]);
  log.rewindTo("tokenizer", 20, ["tokenizer", "dynamics"]);
  expect(readMetrics(path)).toEqual([{ phase: "tokenizer", step: 20 }]);
});

/** Undoes TFRecord's mask: crc = rotate left by 15 of (masked - 0xa282ead8). */
function unmasked(value: number): number {
  const turned = (value - 0xa282ead8) >>> 0;
  return ((turned << 15) | (turned >>> 17)) >>> 0;
}

/** Payloads of a TFRecord file, with both checksums checked. */
function records(bytes: Buffer): Buffer[] {
  const out: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = Number(bytes.readBigUInt64LE(at));
    expect(unmasked(bytes.readUInt32LE(at + 8))).toBe(crc32c(bytes.subarray(at, at + 8)));
    const payload = bytes.subarray(at + 12, at + 12 + length);
    expect(unmasked(bytes.readUInt32LE(at + 12 + length))).toBe(crc32c(payload));
    out.push(payload);
    at += 16 + length;
  }
  return out;
}

test("event files hold TFRecords of the known bytes", () => {
  expect(crc32c("123456789")).toBe(0xe3069283); // the check value of CRC-32C (RFC 3720, appendix B.4)
  const folder = temporaryFolder("events");
  const before = Date.now() / 1000;
  const writer = new EventWriter(folder);
  writer.scalars(300, { "a/loss": 0.5, b: -2 });
  expect(readdirSync(folder)[0]).toMatch(/^events\.out\.tfevents\.\d{10}\./);

  const [version, scalars, ...others] = records(readFileSync(writer.path));
  expect(others).toEqual([]);
  // wall_time is field 1 as a double; step is field 2 as a varint; file_version is field 3 as bytes.
  const wallTime = version?.readDoubleLE(1) ?? 0;
  expect(wallTime).toBeGreaterThanOrEqual(before);
  expect(wallTime).toBeLessThan(before + 60);
  const hex = (bytes: Buffer | undefined): string => bytes?.subarray(9).toString("hex") ?? "";
  expect(hex(version)).toBe(`10001a0d${Buffer.from("brain.Event:2").toString("hex")}`);
  // Step 300 is 0xac 0x02. Summary is field 5; its values field 1; tag field 1; simple_value field 2, fixed32.
  const a = `0a06${Buffer.from("a/loss").toString("hex")}150000003f`;
  const b = `0a01${Buffer.from("b").toString("hex")}15000000c0`;
  expect(hex(scalars)).toBe(`10ac022a190a0d${a}0a08${b}`);
});
