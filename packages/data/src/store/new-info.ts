/** info.json of a dataset without episodes. */
import { V3_DATA_PATH, V3_VIDEO_PATH } from "../lerobot/info.ts";
import type { FileLimits } from "./merge.ts";

export function emptyInfo(robotType: string, fps: number, limits: FileLimits): Record<string, unknown> {
  return {
    codebase_version: "v3.0",
    robot_type: robotType,
    total_episodes: 0,
    total_frames: 0,
    total_tasks: 0,
    chunks_size: limits.chunksSize,
    data_files_size_in_mb: limits.dataBytes / 1e6,
    video_files_size_in_mb: limits.videoBytes / 1e6,
    fps,
    splits: {},
    data_path: V3_DATA_PATH,
    video_path: V3_VIDEO_PATH,
    features: {},
    // Says that we wrote it: appending relies on rules that other writers need not keep.
    orrery: { format: 1 },
  };
}
