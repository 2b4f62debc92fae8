/** Definitions of the common ROS 2 messages, for databases that carry none. Field lists after ros2/common_interfaces. */

const HEADER = "std_msgs/Header header";
const STAMP = ["int32 sec", "uint32 nanosec"];

/** Fields of each type; types of other packages are named in full. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  "builtin_interfaces/Time": STAMP,
  "std_msgs/Header": ["builtin_interfaces/Time stamp", "string frame_id"],
  "std_msgs/MultiArrayDimension": ["string label", "uint32 size", "uint32 stride"],
  "std_msgs/MultiArrayLayout": ["std_msgs/MultiArrayDimension[] dim", "uint32 data_offset"],
  "std_msgs/Float64MultiArray": ["std_msgs/MultiArrayLayout layout", "float64[] data"],
  "std_msgs/Float32MultiArray": ["std_msgs/MultiArrayLayout layout", "float32[] data"],
  "std_msgs/Float64": ["float64 data"],
  "std_msgs/Float32": ["float32 data"],
  "std_msgs/Int32": ["int32 data"],
  "std_msgs/Bool": ["bool data"],
  "std_msgs/String": ["string data"],
  "geometry_msgs/Vector3": ["float64 x", "float64 y", "float64 z"],
  "geometry_msgs/Point": ["float64 x", "float64 y", "float64 z"],
  "geometry_msgs/Quaternion": ["float64 x", "float64 y", "float64 z", "float64 w"],
  "geometry_msgs/Pose": ["geometry_msgs/Point position", "geometry_msgs/Quaternion orientation"],
  "geometry_msgs/PoseStamped": [HEADER, "geometry_msgs/Pose pose"],
  "geometry_msgs/PoseWithCovariance": ["geometry_msgs/Pose pose", "float64[36] covariance"],
  "geometry_msgs/Twist": ["geometry_msgs/Vector3 linear", "geometry_msgs/Vector3 angular"],
  "geometry_msgs/TwistStamped": [HEADER, "geometry_msgs/Twist twist"],
  "geometry_msgs/TwistWithCovariance": ["geometry_msgs/Twist twist", "float64[36] covariance"],
  "geometry_msgs/Transform": ["geometry_msgs/Vector3 translation", "geometry_msgs/Quaternion rotation"],
  "geometry_msgs/TransformStamped": [HEADER, "string child_frame_id", "geometry_msgs/Transform transform"],
  "geometry_msgs/Wrench": ["geometry_msgs/Vector3 force", "geometry_msgs/Vector3 torque"],
  "geometry_msgs/WrenchStamped": [HEADER, "geometry_msgs/Wrench wrench"],
  "nav_msgs/Odometry": [
    HEADER,
    "string child_frame_id",
    "geometry_msgs/PoseWithCovariance pose",
    "geometry_msgs/TwistWithCovariance twist",
  ],
  "sensor_msgs/JointState": [
    HEADER,
    "string[] name",
    "float64[] position",
    "float64[] velocity",
    "float64[] effort",
  ],
  "sensor_msgs/Joy": [HEADER, "float32[] axes", "int32[] buttons"],
  "sensor_msgs/Imu": [
    HEADER,
    "geometry_msgs/Quaternion orientation",
    "float64[9] orientation_covariance",
    "geometry_msgs/Vector3 angular_velocity",
    "float64[9] angular_velocity_covariance",
    "geometry_msgs/Vector3 linear_acceleration",
    "float64[9] linear_acceleration_covariance",
  ],
  "sensor_msgs/CompressedImage": [HEADER, "string format", "uint8[] data"],
  "sensor_msgs/Image": [
    HEADER,
    "uint32 height",
    "uint32 width",
    "string encoding",
    "uint8 is_bigendian",
    "uint32 step",
    "uint8[] data",
  ],
  "tf2_msgs/TFMessage": ["geometry_msgs/TransformStamped[] transforms"],
};

/** The definition of a type with all that it uses, in the form ROS writes them; undefined for other types. */
export function ros2Definition(type: string): string | undefined {
  const fields = FIELDS[type];
  if (!fields) return undefined;
  const needed = new Set<string>();
  collect(type, needed);
  const parts = [...needed].map(
    (name) => `${"=".repeat(80)}\nMSG: ${name}\n${(FIELDS[name] ?? []).join("\n")}`,
  );
  return [fields.join("\n"), ...parts].join("\n");
}

function collect(type: string, into: Set<string>): void {
  for (const field of FIELDS[type] ?? []) {
    const name = field.split(" ")[0]?.replace(/\[\d*\]$/, "") ?? "";
    if (!(name in FIELDS) || into.has(name)) continue;
    into.add(name);
    collect(name, into);
  }
}
