/** Public names of this package. */
export * from "./source.ts";
export { openDataset } from "./open.ts";
export { DatasetReader, type CameraInfo } from "./reader.ts";
export type { CameraSource, EpisodeColumns, EpisodeInfo } from "./episode-info.ts";
export type { Column, ColumnArray } from "./column.ts";
export type { DatasetFiles, RangeFile } from "./files.ts";
export type { Feature, VideoClaims } from "./lerobot/features.ts";
export type { FeatureStats, StatsByFeature } from "./lerobot/meta.ts";
export type { Problem, Severity } from "./problems.ts";
export * from "./video/index.ts";
export { openDatasetWriter, DatasetWriter, type WriterOptions } from "./store/dataset-writer.ts";
export {
  EpisodeRecorder,
  type EpisodeEnding,
  type RecordedEpisode,
  type RecorderOptions,
  type VideoSettings,
} from "./store/episode-recorder.ts";
export { checkDataset, type CheckOptions, type CheckResult } from "./check/check.ts";
export {
  describeDataset,
  listStore,
  type CameraDescription,
  type DatasetDescription,
  type StoreEntry,
  type VectorDescription,
} from "./describe.ts";
export { formats, FormatRegistry } from "./formats.ts";
export { lerobotFormat } from "./lerobot/source.ts";
export {
  assertApart,
  importDataset,
  type ImportOptions,
  type ImportProgress,
  type ImportReport,
} from "./store/import.ts";
export * from "./clips/index.ts";
export {
  EXPORT_VERSIONS,
  exportDataset,
  type ExportOptions,
  type ExportReport,
  type ExportVersion,
} from "./store/export.ts";
export * from "./curate/index.ts";
export * from "./mix/index.ts";
export {
  exportMcapDataset,
  type McapDatasetOptions,
  type McapDatasetReport,
} from "./importers/ros/mcap-dataset.ts";
