import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { openDataset } from "@orrery/data";
import { PUSHT_OPERATORS } from "@orrery/sim";
import { afterAll, expect, test } from "vitest";
import { addSim } from "./index.ts";
import { cameraList } from "./record.ts";

const folder = mkdtempSync(join(tmpdir(), "sim-record-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function record(to: string, ...flags: string[]): Promise<void> {
  const program = new Command().exitOverride();
  addSim(program);
  await program.parseAsync(["sim", "record", "--episodes", "2", "--json", "--to", to, ...flags], {
    from: "user",
  });
}

test("cameras are name and size", () => {
  expect(cameraList("head:64x64, left_wrist:96x72")).toEqual([
    { name: "head", width: 64, height: 64 },
    { name: "left_wrist", width: 96, height: 72 },
  ]);
  for (const text of ["head", "head:64", "head:64x", ":1x1", ""]) {
    expect(() => cameraList(text)).toThrow("head:64x64");
  }
});

test.each(PUSHT_OPERATORS)(
  "PushT by %s goes into a dataset like any other",
  async (operator) => {
    const to = join(folder, operator);
    await record(to, "--task", "pusht", "--operator", operator, "--cameras", "top:32x32", "--seed", "5");
    const { episodes, embodiment } = await openDataset(to);
    expect(embodiment).toMatchObject({ name: "pusht", cameras: [{ name: "top", width: 32, height: 32 }] });
    expect(episodes.length).toBe(2);
    const isPlay = operator === "play";
    for (const { success, provenance, length } of episodes) {
      expect(provenance).toMatchObject({ operator, stream: "sim", labels: { task: "pusht" } });
      // Nothing ends play but its 12 seconds; the others solve these boards within 30.
      expect(isPlay ? length : success).toBe(isPlay ? 120 : true);
    }
  },
  60_000,
);

test("PushT by moves: small numbers, and the same boards solved", async () => {
  const to = join(folder, "moves");
  const flags = ["--operator", "expert", "--cameras", "top:16x16", "--seed", "5", "--action-space", "delta"];
  await record(to, "--task", "pusht", ...flags);
  const reader = await openDataset(to);
  expect(reader.embodiment?.action[0]).toMatchObject({ name: "move", mode: "delta" });
  for (const { index, success } of reader.episodes) {
    expect(success).toBe(true);
    const { action } = await reader.readEpisode(index);
    expect(Math.max(...(action ?? [999]).map(Math.abs))).toBeLessThanOrEqual(100);
  }
});

const OUT = join(folder, "none");
const EXPERT = ["--operator", "expert"] as const;
test.each([
  ["an unknown task", ["--task", "pushh", ...EXPERT], /"pushh".*mean "push"/],
  ["an unknown operator", ["--task", "pusht", "--operator", "humanlike"], /mean "human-like"/],
  ["an unknown split", ["--task", "push", ...EXPERT, "--split", "novel-lihgt"], /mean "novel-light"/],
  ["a held-out split", ["--task", "push", ...EXPERT, "--split", "novel-mass"], /--evaluation/],
  ["a seed beyond 32 bits", ["--task", "push", ...EXPERT, "--seed", "4294967296"], /4294967295/],
  ["such a seed on PushT", ["--task", "pusht", ...EXPERT, "--seed", "4294967296"], /4294967295/],
  ["a body on PushT", ["--task", "pusht", ...EXPERT, "--body", "arm6"], /no choice of --body/],
  [
    "a kitchen's actions on PushT",
    ["--task", "pusht", ...EXPERT, "--action-space", "ee-delta"],
    /target or delta/,
  ],
  ["a head on PushT", ["--task", "pusht", ...EXPERT, "--cameras", "head:64x64"], /top:96x96/],
])("%s is named before anything is written", async (_what, flags, message) => {
  await expect(record(OUT, ...flags)).rejects.toThrow(message);
  expect(existsSync(OUT)).toBe(false);
});
