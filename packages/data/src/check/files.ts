/** Files that no episode refers to: harmless, but they cost space and hint at an interrupted copy. */
import { shortList, type Problems } from "../problems.ts";
import type { DatasetReader } from "../reader.ts";

export async function checkFiles(reader: DatasetReader, problems: Problems): Promise<void> {
  const referenced = new Set<string>();
  for (const { index } of reader.episodes) {
    const entry = reader.entry(index);
    referenced.add(entry.rows.path);
    for (const span of Object.values(entry.videos)) referenced.add(span.path);
  }
  const surplus: string[] = [];
  for (const folder of ["data", "videos"]) await collect(reader, folder, referenced, surplus, 0);
  if (surplus.length > 0) {
    problems.add(
      "note",
      "data, videos",
      `${surplus.length} files belong to no listed episode: ${shortList(surplus, 3)}.`,
      "Nothing; delete them to save space.",
    );
  }
}

/** Videos lie three folders deep at most. */
async function collect(
  reader: DatasetReader,
  folder: string,
  referenced: ReadonlySet<string>,
  surplus: string[],
  depth: number,
): Promise<void> {
  for (const name of await reader.files.list(folder)) {
    const path = `${folder}/${name}`;
    const isFile = /\.(parquet|mp4|mkv|avi|webm)$/.test(name);
    if (isFile && !referenced.has(path)) surplus.push(path);
    else if (!isFile && depth < 3) await collect(reader, path, referenced, surplus, depth + 1);
  }
}
