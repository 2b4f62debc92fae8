/** What is known of an episode without reading its rows. */
import type { Provenance } from "@orrery/core";
import type { Column } from "./column.ts";

/** Where one camera's frames of one episode are. Row t shows frame t counted from the span's beginning. */
export type CameraSource =
  | {
      readonly kind: "video";
      /** Absolute path or URL, for a decoder. */
      readonly path: string;
      /** The episode's span inside that file, seconds, half open. */
      readonly fromSec: number;
      readonly toSec: number;
      /** Of the dataset, by which spans were counted. */
      readonly fps: number;
    }
  /** Encoded pictures inside the parquet rows; `DatasetReader.readPictures` returns them. */
  | { readonly kind: "pictures" };

export interface EpisodeInfo {
  readonly index: number;
  /** Rows: frames per camera. */
  readonly length: number;
  /** Instructions; empty where the episode has none. */
  readonly tasks: readonly string[];
  /** Stream, operator, licence and so on, where the dataset records them. */
  readonly provenance: Partial<Provenance>;
  /** True, false, or absent where nobody said. */
  readonly success?: boolean;
  /** By camera name; a camera whose file is missing is not listed (see the reader's problems). */
  readonly cameras: Readonly<Record<string, CameraSource>>;
  /** False where the rows themselves are missing; reading such an episode throws. */
  readonly readable: boolean;
}

/** T rows of one episode. Every array is the caller's own. */
export interface EpisodeColumns {
  /** T */
  readonly length: number;
  /** [T, P], null where the dataset records no state. */
  readonly state: Float32Array | null;
  /** [T]: 1 where the row's state is there and finite; numbers under a 0 must not be used. */
  readonly stateMask: Uint8Array;
  /** [T, A], null where the episode has no actions. */
  readonly action: Float32Array | null;
  /** [T]; the last row's action leads nowhere and still counts as recorded. */
  readonly actionMask: Uint8Array;
  /** [T], of the transition that leaves row t. */
  readonly reward: Float32Array | null;
  readonly rewardMask: Uint8Array;
  readonly done: Uint8Array | null;
  readonly success: Uint8Array | null;
  /** [T] seconds since the episode began, by the recording's own clock where it was kept. */
  readonly timestamp: Float32Array;
  /** [T] index into the dataset's tasks, -1 for none. */
  readonly taskIndex: Int32Array;
  /** Everything else, by feature name. */
  readonly extra: Readonly<Record<string, Column>>;
  /** Rows with a NaN or an infinity in state, action, reward or an extra column. */
  readonly nonFiniteRows: readonly number[];
}
