/** All importers, for the format registry. Each reads its source only and can be used by itself. */
import type { SourceFormat } from "../source.ts";
import { commaFormat } from "./comma/comma.ts";
import { activityFormat } from "./ego/activity.ts";
import { ariaFormat } from "./ego/aria.ts";
import { hdf5Format } from "./hdf5/hdf5.ts";
import { jsonFormat } from "./json/json.ts";
import { npzFormat } from "./npz/npz.ts";
import { rldsFormat } from "./rlds/rlds.ts";
import { mcapFormat, rosbagFormat } from "./ros/ros.ts";
import { oneXFormat } from "./tokens/onex.ts";
import { tokensFormat } from "./tokens/tokens.ts";
import { tubFormat } from "./tub/tub.ts";
import { videoFormat } from "./videos/videos.ts";
import { zarrFormat } from "./zarr/zarr.ts";

/** Formats in the order in which they are tried; `recognise` decides between them. */
export const IMPORTERS: readonly SourceFormat[] = [
  rldsFormat,
  hdf5Format,
  zarrFormat,
  npzFormat,
  jsonFormat,
  tubFormat,
  commaFormat,
  mcapFormat,
  rosbagFormat,
  oneXFormat,
  tokensFormat,
  ariaFormat,
  activityFormat,
  videoFormat,
];
