/** The example of every format's page, run as it stands there, with a real recording in place of the path it names. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { sample, scratchFolder } from "./importers/shared/testing.ts";
import * as data from "./index.ts";
import { makeV21 } from "./testing-datasets.ts";

const PAGES = fileURLToPath(new URL("../../../docs/", import.meta.url));
const folder = scratchFolder();

/** A recording for each page; pages without one are run on a path that is not there. */
const RECORDINGS: Readonly<Record<string, string>> = {
  activity: "ego10k-activity-logs",
  aria: "aria-mps-sample",
  comma: "comma2k19-segment/b0c9d2329ad1606b_2018-08-02--08-34-47/40",
  hdf5: "robosuite-wipe-hdf5/wipe/panda/demo.hdf5",
  json: "languagetable-irasim",
  lerobot: "cr5-banana-raw",
  mcap: "mcap-fixtures",
  npz: "ivideogpt-npz/bair_sample.npz",
  rlds: "octo-bridge-rlds/bridge_dataset/1.0.0",
  rosbag: "rosbag1-samples/example.bag",
  tokens: "commavq-tokens/tokens.npy",
  tub: "donkeycar-tub/tub.tar.gz",
  video: "udacity-road-video",
};

function exampleOf(page: string): { names: string[]; code: string } {
  const block = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(PAGES, page), "utf8"))?.[1] ?? "";
  const imported = /^import \{ (.*) \} from "@orrery\/data";\n/.exec(block);
  return { names: imported?.[1]?.split(", ") ?? [], code: block.slice(imported?.[0].length ?? 0) };
}

/** Runs the lines of a page with the package's own names, and catches what they print. */
async function run({ names, code }: { names: string[]; code: string }): Promise<string> {
  const printed: string[] = [];
  const print = { log: (value: unknown) => void printed.push(JSON.stringify(value) ?? "") };
  // oxlint-disable-next-line typescript/no-implied-eval -- the text is this project's own documentation
  const body = new Function("console", ...names, `return (async () => { ${code} })();`) as (
    ...given: unknown[]
  ) => Promise<void>;
  await body(print, ...names.map((name) => (data as Record<string, unknown>)[name]));
  return printed.join("\n");
}

describe("formats", () => {
  const pages = readdirSync(join(PAGES, "formats")).filter((name) => name !== "README.md");
  test.each(pages)("%s", async (page) => {
    const format = page.replace(".md", "");
    const { names, code } = exampleOf(join("formats", page));
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) expect(Object.keys(data)).toContain(name);
    const recording = RECORDINGS[format];
    const path = recording === undefined ? join(folder, "nowhere") : sample(recording);
    if (path === undefined) return;
    const own = code
      .replace(/formats\.open\("[^"]+"|exportDataset\("[^"]+"/, (call) =>
        call.replace(/"[^"]+"/, JSON.stringify(path)),
      )
      .replace('"topics.json"', JSON.stringify(join(folder, "topics.json")))
      .replace(/"(out|episodes)"/, (name) => JSON.stringify(join(folder, name.slice(1, -1))))
      .replace(/"store\/fleet"/, JSON.stringify(makeV21([3, 4]).root));
    if (recording === undefined) await expect(run({ names, code: own })).rejects.toThrow(/must exist/);
    else if (format !== "lerobot") expect(await run({ names, code: own })).not.toBe("");
    else await run({ names, code: own });
  });
});

test("the names that other pages import are there", () => {
  const { names } = exampleOf("curation.md");
  expect(names.length).toBeGreaterThan(0);
  for (const name of names) expect(Object.keys(data)).toContain(name);
});
