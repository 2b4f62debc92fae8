/** Opening datasets in folders of this machine. */
import { existsSync } from "node:fs";
import { UsageError } from "@orrery/core";
import { FolderFiles } from "./files-node.ts";
import { DatasetReader } from "./reader.ts";

/**
 * Opens a LeRobotDataset (v3.0, v2.1 or v2.0) in a folder. Reads metadata only.
 * @throws {UsageError} if nothing lies at that path
 * @throws {DataError} if the folder is empty, or not such a dataset; quirks go to `problems` instead
 */
export async function openDataset(folder: string): Promise<DatasetReader> {
  if (!existsSync(folder)) {
    throw new UsageError(
      `openDataset: ${folder} must be a LeRobot dataset (a folder with meta/info.json), nothing is there. Check the path.`,
    );
  }
  return DatasetReader.open(new FolderFiles(folder));
}
