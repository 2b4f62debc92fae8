/** README.md of a dataset: what the Hugging Face hub reads, and what a person wants to know first. */
import { widthOf, type Embodiment } from "@orrery/core";
import { cameraName, isCamera, type Feature } from "../lerobot/features.ts";

export interface CardFacts {
  readonly name: string;
  readonly embodiment: Embodiment;
  readonly fps: number;
  readonly total: { readonly episodes: number; readonly frames: number; readonly tasks: number };
  readonly features: readonly Feature[];
  readonly licence?: string;
}

export function datasetCard({ name, embodiment, fps, total, features, licence }: CardFacts): string {
  const cameras = features
    .filter(isCamera)
    .map((camera) => `${cameraName(camera.name)} (${camera.shape[1]} x ${camera.shape[0]})`);
  const head = [
    "---",
    ...(licence === undefined ? [] : [`license: ${JSON.stringify(licence.toLowerCase())}`]),
    "task_categories:",
    "- robotics",
    "tags:",
    "- LeRobot",
    "configs:",
    "- config_name: default",
    "  data_files: data/*/*.parquet",
    "---",
  ];
  const hours = total.frames / fps / 3600;
  const body = [
    `# ${name}`,
    "",
    `Episodes of ${embodiment.name} in LeRobotDataset v3.0, written by orrery.`,
    "",
    "| | |",
    "| --- | --- |",
    `| episodes | ${total.episodes} |`,
    `| frames | ${total.frames} at ${fps} per second (${hours.toFixed(2)} h) |`,
    `| tasks | ${total.tasks} |`,
    `| cameras | ${cameras.join(", ") || "none"} |`,
    `| state, action | ${widthOf(embodiment.state)}, ${widthOf(embodiment.action)} numbers |`,
    "",
    "Row t holds observation t and the action chosen on seeing it; `next.reward`, `next.done` and `next.success` belong to",
    "the transition that leaves row t. `meta/episodes` says for each episode where it came from (`stream`, `operator`,",
    "`licence`, `source`, `source_hash`, `seed`, `labels`); `meta/embodiment.json` says what the numbers mean.",
  ];
  return `${[...head, "", ...body].join("\n")}\n`;
}
