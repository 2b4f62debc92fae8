/** What a person sees who gives the command line something wrong: one message, an exit code, and nothing changed. */
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { jsonOf, orrery, recordSquare, shortConfig, temporaryFolder, type Ended } from "./testing.ts";

const folder = temporaryFolder("bad");
const at = (name: string): string => join(folder, name);
const config = at("short.json");

beforeAll(async () => {
  writeFileSync(config, shortConfig(3));
  writeFileSync(
    at("typo.json"),
    '{"preset": "debug", "training": {"tokeniser": {}}, "dynamics": {"registres": 1}}',
  );
  mkdirSync(at("empty"));
  await recordSquare(at("data"), { episodes: 3 });
  await recordSquare(at("nan"), { episodes: 3, nan: [1] });
  await recordSquare(at("slider"), { episodes: 1, actionWidth: 3 });
  await train("data", "run", "--episodes", "0-1");
  cpSync(at("run"), at("cut-run"), { recursive: true });
  truncateSync(at("cut-run/model.safetensors"), 4000);
  cpSync(at("run"), at("wide-run"), { recursive: true });
  const saved = JSON.parse(readFileSync(at("run/config.json"), "utf8")) as {
    model: { dynamics: { stack: { width: number } } };
  };
  saved.model.dynamics.stack.width = 64;
  writeFileSync(at("wide-run/config.json"), JSON.stringify(saved));
  for (const [name, part] of [
    ["cut-video", "videos"],
    ["cut-rows", "data"],
  ] as const) {
    cpSync(at("data"), at(name), { recursive: true });
    const files = readdirSync(join(at(name), part), { recursive: true }).map(String);
    truncateSync(join(at(name), part, files.find((file) => /\.(mp4|parquet)$/.test(file)) ?? ""), 900);
  }
});

function train(data: string, out: string, ...more: string[]): Promise<Ended> {
  return orrery("train", config, "--data", at(data), "--out", at(out), ...more);
}

/** Every file below the folder with its size and time of change. */
function everything(): Record<string, string> {
  const files = readdirSync(folder, { recursive: true }).map(String);
  return Object.fromEntries(
    files
      .map((name) => [name, statSync(at(name))] as const)
      .filter(([, stat]) => stat.isFile())
      .map(([name, { size, mtimeMs }]) => [name, `${size} ${mtimeMs}`]),
  );
}

const dream = (data: string, ...more: string[]): string[] =>
  ["dream", "--model", at("run"), "--data", at(data), "--out", at("film.mp4")].concat(
    ["--context", "4", "--frames", "2"],
    more,
  );
const evaluate = (run: string, data: string): string[] => [
  "eval",
  "prediction",
  "--model",
  at(run),
  "--data",
  at(data),
];
const learn = (from: string, out: string, ...more: string[]): string[] =>
  ["train", config, "--data", at(from), "--out", at(out)].concat(more);

test.each<[what: string, code: 1 | 2, message: RegExp, args: () => string[]]>([
  [
    "a wrong path",
    2,
    /must be a LeRobot dataset .* nothing is there\. Check the path/,
    () => learn("nowhere", "new"),
  ],
  ["an empty folder", 1, /must be a LeRobot dataset .* it is empty/, () => learn("empty", "new")],
  [
    "a misspelt key",
    2,
    /registres.*tokeniser/s,
    () => ["train", at("typo.json"), ...learn("data", "new").slice(2)],
  ],
  ["a video cut off", 1, /none of 3 episodes can be decoded.*cut off/, () => learn("cut-video", "new")],
  ["rows cut off", 1, /must be a whole parquet file.*cut off/, () => learn("cut-rows", "new")],
  [
    "episodes that are not there",
    2,
    /must be one of 0 to 2, got 3/,
    () => learn("data", "new", "--episodes", "0-5"),
  ],
  ["a folder that holds a run", 2, /holds a run already\. Add --resume/, () => learn("data", "run")],
  [
    "a folder that holds something else",
    2,
    /must be an empty or a new folder, it holds/,
    () => learn("data", "nan"),
  ],
  [
    "nothing to resume",
    2,
    /must hold a run to resume, there is none/,
    () => learn("data", "new", "--resume"),
  ],
  [
    "a device that is not there",
    2,
    /this libtorch finds \d+ CUDA devices/,
    () => learn("data", "new", "--device", "cuda:99"),
  ],
  ["no run", 2, /must be a run folder with a config\.json/, () => evaluate("empty", "data")],
  ["weights cut off", 1, /Is it truncated\?/, () => evaluate("cut-run", "data")],
  [
    "weights of another size",
    2,
    /does not fit its own config\.json.*another shape/,
    () => evaluate("wide-run", "data"),
  ],
  [
    "another body",
    2,
    /made for "square", .* holds "slider": actions of 3 numbers instead of 2/,
    () => evaluate("run", "slider"),
  ],
  [
    "a dream of a video cut off",
    1,
    /none of the episodes wanted .* cut off/,
    () => dream("cut-video", "--episode", "2"),
  ],
  [
    "a start beyond the end",
    2,
    /rows 14 to 17, must lie in episode 2, whose last row is 15/,
    () => dream("data", "--episode", "2", "--start", "14"),
  ],
  [
    "a folder for a video",
    2,
    /must end in \.mp4 or \.png/,
    () => dream("data", "--episode", "2", "--out", at("empty")),
  ],
  [
    "a demo where other things are",
    2,
    /demo: .* must be an empty or a new folder, it holds/,
    () => ["demo", "--out", at("data")],
  ],
])("%s is one message, exit code %i, and nothing is changed", async (_, code, message, args) => {
  const before = everything();
  const ended = await orrery(...args(), "--json");
  expect(ended.stderr).toMatch(message);
  // The message comes last; before it may stand progress, and notes on what was left out.
  expect(ended.stderr.split("\n").filter((line) => /^orrery: |^error: /.test(line))).toHaveLength(1);
  expect(ended.stderr).not.toContain("defect");
  expect(ended.code).toBe(code);
  expect(jsonOf(ended)).toEqual({ error: expect.stringMatching(message) as string });
  expect(everything()).toEqual(before);
});

test("an episode with a NaN is left out by name, and the rest is trained on", async () => {
  const { code, stderr } = await train("nan", "from-nan");
  expect(code).toBe(0);
  expect(stderr).toMatch(/left out episode 1 of .*NaN.*row 4/);
});

/** A file system of `size`, where the machine lets us mount one. */
function mountSmall(path: string, size: string): boolean {
  mkdirSync(path);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

test("a full disk is told with its cure, and what was there stays whole", async (context) => {
  const disk = at("disk");
  if (!mountSmall(disk, "200k")) context.skip("mounting a small file system needs root");
  try {
    const film = join(disk, "film.mp4");
    writeFileSync(film, "an older film");
    writeFileSync(join(disk, "ballast"), new Uint8Array(49 * 4096)); // 50 pages in all, the film has one
    const common = ["--model", at("run"), "--data", at("data"), "--episode", "2", "--context", "4"];
    const jobs = [
      ["dream", ...common, "--frames", "8", "--out", film],
      ["train", config, "--data", at("data"), "--out", join(disk, "run")],
      [
        "sim",
        "record",
        "--task",
        "reach",
        "--operator",
        "play",
        "--episodes",
        "2",
        "--to",
        join(disk, "store/reach"),
      ],
    ];
    for (const args of jobs) {
      const ended = await orrery(...args);
      expect([args[0], ended.code]).toEqual([args[0], 1]);
      expect(ended.stderr).toMatch(/orrery: .*disk is full: free some space/);
      expect(ended.stderr).not.toContain("defect");
    }
    expect(readFileSync(film, "utf8")).toBe("an older film");
    expect(existsSync(join(disk, "run"))).toBe(false);
    expect(readdirSync(disk).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  } finally {
    execFileSync("umount", [disk]);
  }
});
