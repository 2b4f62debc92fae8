/** The divide as a report, as Markdown and as JSON: the same numbers three times, none left out. */
import type { Block, Cell, Fact, Report, Row } from "../report/index.ts";
import type { DivideResult } from "./divide.ts";
import { SIDES, type SideScore, type Verdict } from "./verdict.ts";

/** @param facts machine, command, duration: what it takes to do it again */
export function divideReport(result: DivideResult, facts: readonly Fact[]): Report {
  const [first, second] = SIDES;
  const won = (name: string): number => result.verdicts.filter(({ winner }) => winner === name).length;
  return {
    title: "The divide: world model against VLA-style policy",
    subtitle: summaryOf(result),
    highlights: [
      { label: `${first} ahead`, value: `${won(first)} of ${result.verdicts.length} cells` },
      { label: `${second} ahead`, value: `${won(second)} of ${result.verdicts.length} cells` },
      { label: "undecided", value: `${won("undecided")} of ${result.verdicts.length} cells` },
    ],
    facts,
    sections: [
      {
        title: "Who wins where",
        text:
          "A side is ahead where the 95 % interval of the difference on equal scenes leaves out 0 and no training seed says the opposite. " +
          "The interval is the wider of resampled scenes and Newcombe's for paired rates. Everything else is undecided, whichever number is larger.",
        blocks: [winTable(result.verdicts), seedTable(result)],
      },
      { title: "On equal terms", text: termsText(), blocks: result.training.map(matchTable) },
      { title: "Latency", blocks: [latencyTable(result)] },
      { title: "How trials failed", blocks: [failureTable(result)] },
    ],
  };
}

/** One sentence that holds whatever came out. */
export function summaryOf({ verdicts, seeds, trials }: DivideResult): string {
  const [first, second] = SIDES;
  const where = (winner: string): string => {
    const won = verdicts.filter((v) => v.winner === winner);
    const tasks = [...new Set(won.map(({ task }) => task))];
    const splitsOf = (task: string): string =>
      won
        .filter((v) => v.task === task)
        .map(({ split }) => split)
        .join(", ");
    return tasks.map((task) => `on ${task} (${splitsOf(task)})`).join(" and ") || "nowhere";
  };
  return `${trials} trials per cell and training seed, ${seeds.length} training seeds. The ${first} is ahead ${where(first)}, the ${second} ${where(second)}.`;
}

function cellName({ task, split }: Verdict): string {
  return `${task}, ${split}`;
}

function scoreCell({ success, ci95, trials }: SideScore): Cell {
  return { value: 100 * success, ci95: [100 * ci95[0], 100 * ci95[1]], n: trials };
}

function winTable(verdicts: readonly Verdict[]): Block {
  return {
    kind: "table",
    title: "Success per split",
    rowHeading: "task, split",
    columns: [
      { label: SIDES[0], unit: "%", digits: 0 },
      { label: SIDES[1], unit: "%", digits: 0 },
      { label: "difference", unit: "points", digits: 0 },
      { label: "ahead" },
    ],
    rows: verdicts.map((verdict): Row => {
      const { value, ci95 } = verdict.difference;
      return {
        label: cellName(verdict),
        cells: [
          scoreCell(verdict.scores[0]),
          scoreCell(verdict.scores[1]),
          { value: 100 * value, ci95: [100 * ci95[0], 100 * ci95[1]] },
          verdict.winner,
        ],
      };
    }),
  };
}

function seedTable({ verdicts, seeds }: DivideResult): Block {
  return {
    kind: "table",
    title: "The same by training seed",
    rowHeading: "task, split",
    columns: SIDES.flatMap((side) =>
      seeds.map((seed) => ({ label: `${side}, ${seed}`, unit: "%", digits: 0 })),
    ),
    rows: verdicts.map((verdict) => ({
      label: cellName(verdict),
      cells: verdict.scores.flatMap(({ bySeed }) => bySeed.map((share) => 100 * share)),
    })),
  };
}

function termsText(): string {
  return (
    "Both sides were given the same recordings. The world model learns from all of them; imitation, as its papers do, from the successful episodes of someone who had a task. " +
    "Parameters are those that take part in acting, steps those of the optimiser on them. Beyond the allowed difference the comparison is refused."
  );
}

function matchTable({ seed, facts, match }: DivideResult["training"][number]): Block {
  const used = (i: 0 | 1): string => `${facts[i].usedFrames} frames of ${facts[i].usedEpisodes} episodes`;
  return {
    kind: "table",
    title: `Training seed ${seed}`,
    rowHeading: "what",
    columns: [...SIDES.map((label) => ({ label })), { label: "difference" }, { label: "allowed" }],
    rows: [
      ...match.map(({ what, first, second, gap, allowed }) => ({
        label: what,
        cells: [
          shown(first),
          shown(second),
          gap === null ? "the same" : percent(gap),
          gap === null ? "none" : percent(allowed),
        ],
      })),
      { label: "trained on", cells: [used(0), used(1), null, null] },
    ],
  };
}

function shown(value: string | number): string {
  return typeof value === "string" ? value : value.toLocaleString("en-US", { maximumFractionDigits: 1 });
}

function latencyTable({ latency }: DivideResult): Block {
  return {
    kind: "table",
    title: "Wall-clock time of the policies, all trials",
    rowHeading: "side",
    columns: [
      { label: "decision, median", unit: "ms", better: "lower", digits: 1 },
      { label: "decision, 95th percentile", unit: "ms", better: "lower", digits: 1 },
      { label: "per control step", unit: "ms", better: "lower", digits: 1 },
    ],
    rows: latency.map(({ side, medianMs, p95Ms, msPerControlStep }) => ({
      label: side,
      cells: [medianMs, p95Ms, msPerControlStep],
    })),
  };
}

function failureTable({ failures }: DivideResult): Block {
  const reasons = [...new Set(SIDES.flatMap((side) => Object.keys(failures[side])))];
  return {
    kind: "table",
    title: "Failures by kind",
    rowHeading: "what happened",
    columns: SIDES.map((label) => ({ label, digits: 0 })),
    rows: reasons.map((reason) => ({
      label: reason,
      cells: SIDES.map((side) => failures[side][reason] ?? 0),
    })),
  };
}

/** The findings as Markdown, for a page or a terminal. */
export function divideMarkdown(result: DivideResult): string {
  const interval = ([low, high]: readonly [number, number], scale = 100): string =>
    `${(scale * low).toFixed(0)} to ${(scale * high).toFixed(0)}`;
  const score = ({ success, ci95 }: SideScore): string =>
    `${(100 * success).toFixed(0)} % (${interval(ci95)})`;
  const rows = result.verdicts.map((verdict) => {
    const { value, ci95 } = verdict.difference;
    return `| ${verdict.task} | ${verdict.split} | ${score(verdict.scores[0])} | ${score(verdict.scores[1])} | ${(100 * value).toFixed(0)} (${interval(ci95)}) | ${verdict.winner} |`;
  });
  const latency = result.latency.map(
    ({ side, medianMs, p95Ms, msPerControlStep }) =>
      `| ${side} | ${medianMs.toFixed(1)} | ${p95Ms.toFixed(1)} | ${msPerControlStep.toFixed(1)} |`,
  );
  const terms = result.training.flatMap(({ seed, facts, match }) => [
    ...match.map(
      ({ what, first, second, gap }) =>
        `| ${seed} | ${what} | ${shown(first)} | ${shown(second)} | ${gap === null ? "the same" : percent(gap)} |`,
    ),
    `| ${seed} | trained on, frames | ${facts[0].usedFrames} | ${facts[1].usedFrames} | |`,
  ]);
  return [
    summaryOf(result),
    "",
    `| task | split | ${SIDES[0]} | ${SIDES[1]} | difference, points | ahead |`,
    "| --- | --- | ---: | ---: | ---: | --- |",
    ...rows,
    "",
    "| latency, ms | decision, median | 95th percentile | per control step |",
    "| --- | ---: | ---: | ---: |",
    ...latency,
    "",
    `| training seed | terms | ${SIDES[0]} | ${SIDES[1]} | difference |`,
    "| ---: | --- | ---: | ---: | ---: |",
    ...terms,
    "",
  ].join("\n");
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
