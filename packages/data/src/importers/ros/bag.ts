/** What MCAP files, ROS 1 bags and rosbag2 databases have in common: topics with typed messages in order of time. */

export interface Topic {
  readonly name: string;
  /** Type name without ROS 2's "/msg": "sensor_msgs/JointState", "foxglove.CompressedImage". */
  readonly type: string;
  /** Why its messages cannot be decoded; absent where they can. */
  readonly problem?: string;
}

export interface BagMessage {
  readonly topic: string;
  /** When it was recorded, in seconds of the recorder's clock. */
  readonly timeSec: number;
  readonly value: unknown;
}

export interface Bag {
  readonly path: string;
  readonly topics: readonly Topic[];
  /**
   * Messages of these topics in order of time, one in memory at a time (or one chunk of the file).
   * @throws {DataError} where the file is damaged; messages before have been given out
   */
  messages(topics: readonly string[]): AsyncIterable<BagMessage>;
  /** Facts about the file as a whole: an incomplete index, metadata. */
  readonly notes: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** ROS 2 writes "pkg/msg/Type" where ROS 1 writes "pkg/Type". */
export function plainType(type: string): string {
  return type.replace("/msg/", "/");
}
