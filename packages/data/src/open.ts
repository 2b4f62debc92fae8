/** Opening datasets in folders of this machine. */
import { FolderFiles } from "./files-node.ts";
import { DatasetReader } from "./reader.ts";

/**
 * Opens a LeRobotDataset (v3.0, v2.1 or v2.0) in a folder. Reads metadata only.
 * @throws {DataError} if the folder is missing, empty, or not such a dataset; quirks go to `problems` instead
 */
export function openDataset(folder: string): Promise<DatasetReader> {
  return DatasetReader.open(new FolderFiles(folder));
}
