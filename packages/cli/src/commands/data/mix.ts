/** `orrery data mix`: a named mixture of datasets for the trainer. */
import { join, resolve } from "node:path";
import { STREAMS, UsageError } from "@orrery/core";
import type { Mixture, MixtureSpec } from "@orrery/data";
import type { Command } from "commander";
import { formatTable } from "../../format.ts";
import { runs, snakeKeys } from "../../run.ts";

interface MixFlags {
  readonly to: string;
  readonly streams?: string;
  readonly all?: true;
}

export function addDataMix(data: Command): void {
  const command = data
    .command("mix")
    .argument(
      "<name=datasets...>",
      "NAME=DATASET[@EPISODES][:WEIGHT][,...], for example kitchen=store/a@0-63:2,store/b",
    )
    .option("--to <folder>", "where NAME.json is written", ".")
    .option("--streams <stream=weight,...>", "shares of the streams, for example teleop=3,sim=1")
    .option("--all", "take whole datasets instead of what curation keeps")
    .description("name a mixture of datasets with weights; train with --data NAME.json");
  runs(command, async (args, options, run) => {
    const flags = options as MixFlags;
    const { readMixture, writeMixtureFile, openMixture } = await import("@orrery/data");
    const specs = args.map((text) => parseMix(text, flags));
    const made: { path: string; mixture: Mixture }[] = [];
    for (const spec of specs) {
      // Opened before it is written: a mixture that cannot be drawn from leaves no file behind.
      await openMixture(spec);
      const path = join(flags.to, `${spec.name}.json`);
      writeMixtureFile(path, spec);
      made.push({ path, mixture: await readMixture(path) });
    }
    for (const { path, mixture } of made) run.print(describeMixture(path, mixture));
    return { mixtures: made.map(({ path, mixture }) => ({ path, ...fieldsOf(mixture) })) };
  });
}

/** "kitchen=store/a@0-63:2,store/b" into a mixture; a part that reads like "7" or "9-11" goes on with the episodes before it. */
export function parseMix(text: string, flags: Pick<MixFlags, "streams" | "all">): MixtureSpec {
  const match = /^([\w.-]+)=(.+)$/.exec(text);
  if (!match)
    throw new UsageError(`data mix: it must read NAME=DATASET[@EPISODES][:WEIGHT],..., got "${text}".`);
  const [, name = "", list = ""] = match;
  const parts: string[] = [];
  for (const part of list.split(",")) {
    const last = parts.at(-1);
    if (/^\d+(-\d+)?(:[\d.]+)?$/.test(part) && last !== undefined && /@[\d,-]+$/.test(last)) {
      parts[parts.length - 1] = `${last},${part}`;
    } else parts.push(part);
  }
  const sources = parts.map((part) => {
    const found = /^(.+?)(?:@([\d,-]+))?(?::(\d*\.?\d+))?$/.exec(part);
    const [, dataset = "", episodes, weight] = found ?? [];
    if (dataset === "")
      throw new UsageError(`data mix: a dataset must be named, got "${part}" in "${text}".`);
    return {
      dataset: resolve(dataset),
      ...(episodes === undefined ? {} : { episodes }),
      ...(weight === undefined ? {} : { weight: Number(weight) }),
      ...(flags.all ? { curated: false } : {}),
    };
  });
  return { name, sources, ...(flags.streams === undefined ? {} : { streams: parseStreams(flags.streams) }) };
}

function parseStreams(text: string): Record<string, number> {
  const names: readonly string[] = [...STREAMS, "unknown"];
  return Object.fromEntries(
    text.split(",").map((part) => {
      const [stream = "", weight = ""] = part.split("=");
      if (!names.includes(stream) || !(Number(weight) > 0)) {
        throw new UsageError(
          `data mix: --streams must read like teleop=3,sim=1 with streams of ${names.join(", ")} and weights above 0, got "${part}".`,
        );
      }
      return [stream, Number(weight)];
    }),
  );
}

function fieldsOf({ name, sources, streams, notes }: Mixture): Record<string, unknown> {
  return {
    name,
    streams: streams.map(snakeKeys),
    sources: sources.map(({ path, stream, hours, weight, episodes }) => ({
      dataset: path,
      stream,
      hours,
      weight,
      episodes: episodes.length,
    })),
    notes,
  };
}

function describeMixture(path: string, { name, sources, streams, notes }: Mixture): string {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  return [
    `Mixture ${name}`,
    formatTable(
      ["stream", "hours", "episodes", "share"],
      streams.map(({ stream, hours, episodes, weight }) => [
        stream,
        hours.toFixed(3),
        episodes,
        percent(weight),
      ]),
    ),
    formatTable(
      ["dataset", "stream", "hours", "episodes", "share"],
      sources.map((source) => [
        source.path,
        source.stream,
        source.hours.toFixed(3),
        source.episodes.length,
        percent(source.weight),
      ]),
    ),
    ...notes.map((note) => `note: ${note}`),
    `File: ${path}. Train with: ./orrery train CONFIG --data ${path} --out RUN`,
  ].join("\n");
}
