/** A dataset as a person reads it. */
import type { DatasetDescription, VectorDescription } from "@orrery/data";
import { formatNumber } from "../../format.ts";

/** Problems shown before the rest is counted. */
const SHOWN = 12;

export function describeForPeople(dataset: DatasetDescription): string {
  const { episodes, listed, frames, fps, hours } = dataset;
  const unreadable = listed === episodes ? "" : ` (${listed - episodes} more are listed but cannot be read)`;
  const lines: [string, string][] = [
    ["dataset", `${dataset.name}  ${dataset.path}`],
    ["format", `LeRobotDataset ${dataset.version}`],
    ["robot", dataset.robot],
    ["episodes", `${formatNumber(episodes)}${unreadable}`],
    ["frames", `${formatNumber(frames)} at ${fps} per second, ${(hours * 60).toFixed(1)} minutes`],
    ["cameras", dataset.cameras.map((camera) => describeCamera(camera, episodes)).join("; ") || "none"],
    ["state", describeVector(dataset.state)],
    ["action", describeVector(dataset.action)],
    ["also", dataset.extra.map(({ name, width }) => `${name} (${width})`).join(", ") || "no other columns"],
    ["tasks", summarise(dataset.tasks)],
    [
      "streams",
      Object.entries(dataset.streams)
        .map(([stream, count]) => `${stream} ${count}`)
        .join(", "),
    ],
    ["licences", dataset.licences.join(", ") || "not stated"],
    [
      "success",
      dataset.successRate === null ? "not recorded" : `${(100 * dataset.successRate).toFixed(0)} %`,
    ],
  ];
  const problems = dataset.problems
    .slice(0, SHOWN)
    .map(({ severity, where, message, cure }) => `${severity}: ${where}: ${message}\n  cure: ${cure}`);
  if (dataset.problems.length > SHOWN)
    problems.push(`${dataset.problems.length - SHOWN} more problems, see --json`);
  return [...lines.map(([name, text]) => name.padEnd(10) + text), ...problems].join("\n");
}

function describeCamera(camera: DatasetDescription["cameras"][number], episodes: number): string {
  const { name, width, height, codec } = camera;
  const missing = camera.episodes === episodes ? "" : `, in ${camera.episodes} of ${episodes} episodes`;
  return `${name} ${width}x${height}${codec === undefined ? "" : ` ${codec}`}${missing}`;
}

function describeVector({ width, names, isRecorded }: VectorDescription): string {
  if (width === 0) return "none";
  const text = `${width} numbers: ${names.join(", ")}`;
  return isRecorded ? text : `none recorded; the body has ${text}`;
}

function summarise(tasks: readonly string[]): string {
  if (tasks.length === 0) return "none";
  const shown = tasks
    .slice(0, 3)
    .map((task) => `"${task}"`)
    .join(", ");
  return tasks.length > 3 ? `${shown} and ${tasks.length - 3} more` : shown;
}
