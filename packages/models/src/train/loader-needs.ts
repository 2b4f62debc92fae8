/** What a family asks of the clip loader. */
import type { ClipLoaderOptions } from "@orrery/data";

export type LoaderNeeds = Pick<ClipLoaderOptions, "batch" | "window" | "size">;
