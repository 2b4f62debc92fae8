import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "@foxglove/rosmsg";
import { MessageWriter } from "@foxglove/rosmsg2-serialization";
import * as fc from "fast-check";
import initSqlJs from "sql.js";
import { describe, expect, test } from "vitest";
import type { EpisodeSource, SourceEpisode } from "../../source.ts";
import { importDataset } from "../../store/import.ts";
import { Findings } from "../shared/findings.ts";
import { collect, fuzz, sample, scratchFolder, survives } from "../shared/testing.ts";
import { ControlClock, type Tick } from "./control-clock.ts";
import { numericPaths, pictureOf } from "./fields.ts";
import { decodeLz4Frame } from "./lz4.ts";
import { exportMcapDataset } from "./mcap-dataset.ts";
import { exportMcap } from "./mcap-export.ts";
import { mcapFormat, openRosLogs, rosbagFormat } from "./ros.ts";
import { ros2Definition } from "./ros2-types.ts";

const folder = scratchFolder();

describe("control clock", () => {
  const one = (value: number): Float64Array => Float64Array.of(value);
  const make = (findings = new Findings()): ControlClock =>
    new ControlClock({
      rateHz: 10,
      maxGapSec: 0.5,
      signals: [
        { name: "joint", width: 1, interpolation: "linear" },
        { name: "command", width: 1, interpolation: "previous" },
      ],
      cameras: [],
      findings,
    });
  const values = (ticks: Tick[], name: string): (number | undefined)[] =>
    ticks.map((t) => t.signals.get(name)?.[0]);

  test("measurements lie on the line between samples, commands hold until the next", () => {
    const clock = make();
    const ticks = [
      ...clock.signal("joint", 100, one(0)),
      ...clock.signal("command", 100.05, one(7)), // the clock starts here: both have been seen
      ...clock.signal("joint", 100.2, one(4)),
      ...clock.signal("command", 100.22, one(8)),
      ...clock.signal("joint", 100.4, one(8)),
      ...clock.end(100.4),
    ];
    expect(ticks.map((t) => t.index)).toEqual([0, 1, 2, 3]);
    expect(values(ticks, "joint").map((v) => Math.round((v ?? 0) * 1e6) / 1e6)).toEqual([1, 3, 5, 7]);
    expect(values(ticks, "command")).toEqual([7, 7, 8, 8]);
  });

  test("nothing is made up across a gap, and late samples are reported", () => {
    const findings = new Findings();
    const clock = make(findings);
    const ticks = [
      ...clock.signal("joint", 0, one(0)),
      ...clock.signal("command", 0, one(1)),
      ...clock.signal("joint", 2, one(20)),
      ...clock.signal("joint", 1, one(99)),
      ...clock.end(2),
    ];
    expect(ticks.length).toBe(21);
    expect(values(ticks, "joint").map((v) => (Number.isNaN(v) ? "-" : v))).toEqual([
      0,
      ...Array.from({ length: 19 }, () => "-"),
      20,
    ]);
    expect(findings.list()[0]).toMatch(/joint: samples whose time does not move forward/);
  });

  test("quaternions turn the short way round", () => {
    const clock = new ControlClock({
      rateHz: 2,
      maxGapSec: 5,
      cameras: [],
      findings: new Findings(),
      signals: [{ name: "q", width: 4, interpolation: "linear", quaternions: [0] }],
    });
    const half = Math.SQRT1_2;
    const ticks = [
      ...clock.signal("q", 0, Float64Array.of(0, 0, 0, 1)),
      ...clock.signal("q", 1, Float64Array.of(0, 0, -half, -half)),
      ...clock.end(1),
    ];
    // Half-way to a quarter turn about z is an eighth of a turn: sin and cos of 22.5 degrees.
    const expected = [0, 0, Math.sin(Math.PI / 8), Math.cos(Math.PI / 8)];
    Array.from(ticks[1]?.signals.get("q") ?? []).forEach((x, i) =>
      expect(x).toBeCloseTo(expected[i] ?? 0, 9),
    );
  });
});

test("raw pictures in all their encodings, and sizes that lie", async () => {
  const raw = (encoding: string, data: number[], step: number) => ({
    encoding,
    width: 2,
    height: 1,
    step,
    data: Uint8Array.from(data),
  });
  const rgb = async (message: object): Promise<number[]> => Array.from((await pictureOf(message, "t")).data);
  expect(await rgb(raw("rgb8", [1, 2, 3, 4, 5, 6], 6))).toEqual([1, 2, 3, 4, 5, 6]);
  expect(await rgb(raw("bgra8", [1, 2, 3, 9, 4, 5, 6, 9], 8))).toEqual([3, 2, 1, 6, 5, 4]);
  expect(await rgb(raw("mono8", [7, 8, 0], 3))).toEqual([7, 7, 7, 8, 8, 8]);
  await expect(rgb({ ...raw("rgb8", [1], 6), width: 4e9, height: 4e9 })).rejects.toThrow(
    /are no 4000000000 x/,
  );
  await expect(rgb(raw("16UC1", [1, 2], 4))).rejects.toThrow(/got "16UC1"/);
  expect(
    numericPaths({ header: { seq: 1 }, a: { b: 2, s: "x" }, list: [1, 2], pose_covariance: [1] }),
  ).toEqual(["a.b", "list"]);
});

/** A rosbag2 database with joint states at 50 Hz and commands at 5 Hz, without message definitions. */
async function writeRosbag2(path: string): Promise<void> {
  const { Database } = await initSqlJs();
  const db = new Database(new Uint8Array()) as unknown as {
    run(sql: string, values?: unknown[]): void;
    export(): Uint8Array;
  };
  db.run(
    "CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT, type TEXT, serialization_format TEXT, offered_qos_profiles TEXT)",
  );
  db.run("CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER, timestamp INTEGER, data BLOB)");
  db.run(
    "INSERT INTO topics VALUES (1, '/joint_states', 'sensor_msgs/msg/JointState', 'cdr', ''), (2, '/cmd_vel', 'geometry_msgs/msg/Twist', 'cdr', ''), (3, '/odd', 'my_msgs/msg/Odd', 'cdr', '')",
  );
  const writer = (type: string): MessageWriter =>
    new MessageWriter(parse(ros2Definition(type) ?? "", { ros2: true }));
  const joints = writer("sensor_msgs/JointState");
  const twist = writer("geometry_msgs/Twist");
  const START = 1_700_000_000;
  const put = (topic: number, ms: number, data: Uint8Array): void =>
    db.run(
      `INSERT INTO messages(topic_id, timestamp, data) VALUES (?, ${START}${String(ms).padStart(3, "0").padEnd(9, "0")}, ?)`,
      [topic, data],
    );
  for (let k = 0; k < 50; k++) {
    const header = { stamp: { sec: START, nanosec: 0 }, frame_id: "" };
    put(
      1,
      k * 20,
      joints.writeMessage({
        header,
        name: ["a", "b"],
        position: [k * 0.02, -k * 0.02],
        velocity: [],
        effort: [],
      }),
    );
  }
  for (let k = 0; k < 5; k++)
    put(2, k * 200, twist.writeMessage({ linear: { x: k, y: 0, z: 0 }, angular: { x: 0, y: 0, z: -k } }));
  writeFileSync(path, db.export());
}

test("LZ4 frames: literals, overlapping matches, raw blocks, and damage", () => {
  const frame = (...blocks: number[][]): Uint8Array =>
    Uint8Array.from([0x04, 0x22, 0x4d, 0x18, 0x40, 0x40, 0, ...blocks.flatMap((b) => [...b]), 0, 0, 0, 0]);
  // "ab", then a match of 8 bytes that starts 2 back and so repeats itself, then the literal "c".
  const packed = frame([7, 0, 0, 0, 0x24, 97, 98, 2, 0, 0x10, 99], [2, 0, 0, 0x80, 100, 101]);
  expect(Buffer.from(decodeLz4Frame(packed, 13)).toString()).toBe("abababababcde");
  expect(() => decodeLz4Frame(packed, 12)).toThrow(/larger than promised/);
  expect(() => decodeLz4Frame(packed, 1e9)).toThrow(/cannot inflate/);
  expect(() => decodeLz4Frame(frame([4, 0, 0, 0, 0x10, 97, 9, 0]), 6)).toThrow(/match reaches too far/);
  expect(() => decodeLz4Frame(packed.subarray(0, 12), 13)).toThrow(/cut short/);
});

test("rosbag2: joint states and commands on one clock; the guess is written for the user", async () => {
  const path = join(folder, "log_0.db3");
  await writeRosbag2(path);
  expect(await rosbagFormat.recognise(path)).toBeGreaterThan(0.9);
  const map = join(folder, "topics.json");
  const source = await openRosLogs("rosbag", path, { settings: { map, rateHz: 10 } });
  expect((await source.describe()).notes[0]).toBe(
    `a guess of the topic map was written to ${map}: edit it and import again`,
  );
  const { episodes, skips } = await collect(source);
  expect(skips).toEqual([
    { what: "log_0.db3: /odd", reason: expect.stringContaining("no definition of my_msgs/Odd") },
  ]);
  const [{ episode, steps } = expect.fail()] = episodes;
  expect(episode.embodiment.state).toEqual([{ name: "joint_states", width: 2, unit: "rad" }]);
  expect(steps.length).toBe(10);
  // Position is the time in seconds, sampled at 50 Hz: exact on the line, up to nanoseconds kept in a double.
  steps.forEach((s, t) => expect(s.state?.[0]).toBeCloseTo(t / 10, 6));
  expect(steps.map((s) => s.action?.[0])).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
  const edited = { ...JSON.parse(readFileSync(map, "utf8")), action: [], rateHz: 5 };
  writeFileSync(map, JSON.stringify(edited));
  const again = await collect(await openRosLogs("rosbag", path, { settings: { map } }));
  expect(again.episodes[0]?.steps.length).toBe(5);
  expect(again.skips.map((s) => s.reason)).toContain("geometry_msgs/Twist is not in the topic map");
  writeFileSync(map, JSON.stringify({ rateHz: -1, wheels: [] }));
  await expect(openRosLogs("rosbag", path, { settings: { map } }).then((s) => s.describe())).rejects.toThrow(
    /rateHz.*;.*wheels/,
  );
});

/** An episode of three steps with everything an episode can have. */
const episode: SourceEpisode = {
  id: "e0",
  task: "lift",
  embodiment: {
    name: "arm",
    controlRateHz: 10,
    state: [{ name: "joints", width: 2, unit: "rad", names: ["a", "b"] }],
    action: [{ name: "target", width: 1, unit: "rad", kind: "continuous", mode: "absolute" }],
    cameras: [{ name: "wrist", width: 32, height: 24 }],
  },
  provenance: { stream: "teleop" },
  async *steps() {
    for (let t = 0; t < 3; t++) {
      const data = new Uint8Array(32 * 24 * 3).fill(80 * t);
      yield {
        state: [t, -t / 3],
        action: [t + 0.5],
        reward: t,
        images: { wrist: { width: 32, height: 24, data } },
        extra: { force: Float64Array.of(t, 1) },
      };
    }
  },
};

test("a dataset of the store becomes a folder of MCAP files, each an episode again", async () => {
  const store = join(folder, "store/arm");
  const source: EpisodeSource = {
    format: "test",
    describe: () => Promise.resolve({ episodes: 1, notes: [], skipped: [] }),
    async *episodes() {
      yield episode;
    },
    close: () => Promise.resolve(),
  };
  await importDataset(source, store);
  const report = await exportMcapDataset(store, join(folder, "mcap"));
  expect(report).toMatchObject({ episodes: 1, files: ["episode_000000.mcap"], skipped: [] });
  const { episodes } = await collect(await openRosLogs("mcap", report.path, { settings: { rateHz: 10 } }));
  expect(episodes[0]?.episode.task).toBe("lift");
  expect(episodes[0]?.steps.map((s) => s.action?.[0])).toEqual([0.5, 1.5, 2.5]);
  await expect(exportMcapDataset(store, join(folder, "mcap"))).rejects.toThrow(/must not exist yet/);
});

describe("MCAP", () => {
  test("an episode that is exported and imported again keeps its numbers, pictures and task", async () => {
    const path = join(folder, "e0.mcap");
    expect(await exportMcap(episode, path, { startSec: 1_700_000_000 })).toBe(15);
    expect(await mcapFormat.recognise(path)).toBeGreaterThan(0.9);
    const { episodes, skips } = await collect(await openRosLogs("mcap", path, { settings: { rateHz: 10 } }));
    expect(skips).toEqual([]);
    const [back = expect.fail()] = episodes;
    expect(back.episode.task).toBe("lift");
    expect(back.steps.map((s) => Array.from(s.state ?? []))).toEqual([
      [0, -0],
      [1, -1 / 3],
      [2, -2 / 3],
    ]);
    expect(back.steps.map((s) => s.action?.[0])).toEqual([0.5, 1.5, 2.5]);
    expect(back.steps.map((s) => s.extra?.["extra_force"]?.[0])).toEqual([0, 1, 2]);
    // One colour survives JPEG within two levels.
    back.steps.forEach((s, t) =>
      expect(Math.abs((s.images["camera_wrist"]?.data[100] ?? -9) - 80 * t)).toBeLessThan(3),
    );
  });

  test("a recording whose end is missing is read front to back and says so", async () => {
    const path = join(folder, "e1.mcap");
    const force = Float64Array.from({ length: 200 }, (_, i) => i / 7);
    async function* steps() {
      for (let t = 0; t < 1500; t++) yield { state: [t, 0], images: {}, extra: { force } };
    }
    await exportMcap({ ...episode, steps }, path);
    const whole = readFileSync(path);
    const cut = join(folder, "cut.mcap");
    writeFileSync(cut, whole.subarray(0, Math.floor(whole.length * 0.7)));
    const { episodes } = await collect(await openRosLogs("mcap", cut, { settings: { rateHz: 10 } }));
    const [{ episode: found, steps: rows } = expect.fail()] = episodes;
    expect(found.findings?.().join()).toMatch(
      /no usable index .* read front to back, up to where it is damaged/,
    );
    // Whole chunks of 1 MB are kept, which is more than half of what was left of the file.
    expect(rows.length).toBeGreaterThan(400);
    expect(rows.map((s) => s.state?.[0])).toEqual(Array.from({ length: rows.length }, (_, t) => t));
  });

  test("random damage to files of every kind is refused, never more", async () => {
    const db = join(folder, "fuzz_source.db3");
    await writeRosbag2(db);
    const mcap = join(folder, "fuzz_source.mcap");
    await exportMcap(episode, mcap);
    const sources = [readFileSync(mcap), readFileSync(db)];
    const bag = sample("rosbag1-samples/example-lz4.bag");
    if (bag) sources.push(readFileSync(bag));
    for (const [i, good] of sources.entries()) {
      const path = join(folder, ["fuzz.mcap", "fuzz.db3", "fuzz.bag"][i] ?? "");
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(fc.nat(good.length - 17), fc.nat(255)), { minLength: 1, maxLength: 6 }),
          fc.nat(9),
          async (edits, cut) => {
            const damaged = Buffer.from(cut === 0 ? good.subarray(0, good.length / 2) : good);
            // The first bytes name the format; with others nothing of the reader would be tried.
            for (const [at, value] of edits) damaged[16 + (at % (damaged.length - 16))] = value;
            writeFileSync(path, damaged);
            await survives(() => openRosLogs("log", path, { settings: { rateHz: 5 } }));
          },
        ),
        fuzz(i === 2 ? 15 : 80, 17 + i),
      );
    }
  });
});

const bags = sample("rosbag1-samples");
describe.skipIf(!bags)("ROS 1 samples", () => {
  test("turtles: plain and lz4 give the same rows", async () => {
    if (!bags) return;
    const read = async (name: string) =>
      (await collect(await openRosLogs("rosbag", join(bags, name), {}))).episodes[0];
    const [plain, lz4] = [await read("example.bag"), await read("example-lz4.bag")];
    expect(plain?.steps.length).toBe(404);
    expect(plain?.episode.embodiment.action.map((a) => [a.name, a.width, a.mode])).toEqual([
      ["turtle2_cmd_vel", 6, "velocity"],
      ["turtle1_cmd_vel", 6, "velocity"],
    ]);
    expect(lz4?.steps.map((s) => Array.from(s.state ?? []))).toEqual(
      plain?.steps.map((s) => Array.from(s.state ?? [])),
    );
    expect(plain?.steps[403]?.timestampSec).toBeCloseTo(20.15, 9);
    expect(plain?.episode.findings?.()).toEqual([]);
  });

  test("a real sensor log with custom types, a gap, and a scan that stays out", async () => {
    if (!bags) return;
    const { episodes, skips } = await collect(await openRosLogs("rosbag", join(bags, "tilt_laser.bag"), {}));
    expect(skips.map((s) => s.reason)).toEqual(["sensor_msgs/LaserScan is not in the topic map"]);
    expect(episodes[0]?.steps[0]?.extra?.["imu_data"]?.length).toBe(10);
    expect(episodes[0]?.episode.findings?.().join()).toMatch(
      /imu_data holds NaN or infinity \(20 rows, first row 208\)/,
    );
  });
});

const fixtures = sample("mcap-fixtures");
test.skipIf(!fixtures)("MCAP fixtures: JSON pictures; a log of strings has nothing for a clock", async () => {
  if (!fixtures) return;
  const { episodes, skips } = await collect(await openRosLogs("mcap", fixtures, {}));
  expect(episodes[0]?.episode.embodiment.cameras).toEqual([{ name: "camera", width: 520, height: 360 }]);
  expect(episodes[0]?.steps.length).toBe(19); // ten pictures 0.1 s apart, shown at 20 Hz
  expect(skips.find((s) => s.what === "wbag_0.mcap")?.reason).toMatch(/nothing in it can be put on a clock/);
});
