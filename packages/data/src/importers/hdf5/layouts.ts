/**
 * Two layouts of demonstrations in HDF5.
 *
 * robomimic / robosuite: /data/demo_<i> with actions, states, rewards, dones, obs/<key>; /mask/<key> names subsets.
 * ALOHA / ACT: one file per episode with /action, /observations/{qpos,qvel,effort}, /observations/images/<camera>, raw
 * or JPEG padded with zeros; mobile ALOHA adds /base_action.
 */
import { type ActionPart, DataError, type Embodiment, type StatePart } from "@orrery/core";
import type { Skip } from "../../source.ts";
import {
  actionPartOf,
  type CameraColumn,
  type Column,
  type ColumnPlan,
  rowWidth,
  statePartOf,
} from "../shared/columns.ts";
import { LIMITS } from "../shared/limits.ts";
import { looksLikePicture, pictureSize, pixelLayout } from "../shared/pictures.ts";
import type { H5File } from "./h5file.ts";

/** One episode found in a file. */
export interface H5Episode {
  readonly embodiment: Embodiment;
  readonly plan: ColumnPlan;
  readonly steps: number;
  readonly stream: "sim" | "teleop";
  readonly labels: Readonly<Record<string, string | number | boolean>>;
  readonly skipped: readonly Skip[];
}

export type H5Layout = "robomimic" | "aloha";

/** @throws {DataError} if the file has neither layout */
export function layoutOf(file: H5File): H5Layout {
  if (file.keys("data").some((demo) => file.keys(`data/${demo}`).includes("actions"))) return "robomimic";
  if (file.keys("/").includes("action") && file.keys("observations").length > 0) return "aloha";
  throw new DataError(
    `import hdf5: ${file.path} must hold /data/<demo>/actions (robomimic) or /action and /observations (ALOHA), ` +
      `found /${file.keys("/").slice(0, 8).join(", /")}.`,
    { path: file.path },
  );
}

/** Groups that hold one episode each: "data/demo_1", or "" for a whole ALOHA file. */
export function episodeGroups(file: H5File): string[] {
  return layoutOf(file) === "aloha" ? [""] : file.keys("data").map((demo) => `data/${demo}`);
}

const ROBOSUITE_RATE_HZ = 20;
const ALOHA_RATE_HZ = 50;
const ALOHA_ARM = ["waist", "shoulder", "elbow", "forearm_roll", "wrist_angle", "wrist_rotate", "gripper"];
const ALOHA_JOINTS = ["left", "right"].flatMap((side) => ALOHA_ARM.map((joint) => `${side}_${joint}`));

/** Sorts the columns of one episode into state, action, cameras and the rest. */
class Sorter {
  readonly state: { column: Column; part: StatePart }[] = [];
  readonly action: { column: Column; part: ActionPart }[] = [];
  readonly cameras: CameraColumn[] = [];
  readonly extra: Record<string, Column> = {};
  readonly skipped: Skip[] = [];
  readonly file: H5File;
  readonly T: number;

  constructor(file: H5File, T: number) {
    this.file = file;
    this.T = T;
  }

  /** The column at `path` if it has one row per step; what is wrong with others is noted. */
  column(path: string): Column | undefined {
    try {
      const column = this.file.column(path);
      if (!column || column.rows === this.T) return column;
      this.skipped.push({
        what: path,
        reason: `has ${column.rows} rows where the episode has ${this.T} steps`,
      });
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      this.skipped.push({ what: path, reason: error.message });
    }
    return undefined;
  }

  /** Takes a column as a camera if its rows are pictures. */
  async asCamera(path: string, name: string, column: Column): Promise<boolean> {
    const layout =
      column.dtype.bytes === 1 || column.rowShape.length === 3 ? pixelLayout(column.rowShape) : undefined;
    if (layout) {
      this.cameras.push({ name, column, raw: layout, width: layout.width, height: layout.height });
      return true;
    }
    if (column.dtype.bytes !== 1 || column.dtype.kind !== "u" || column.rowShape.length > 1) return false;
    for await (const row of column.read(0, Math.min(1, column.rows))) {
      if (!(row instanceof Uint8Array) || !looksLikePicture(row)) return false;
      this.cameras.push({ name, column, ...(await pictureSize(row, path)) });
      return true;
    }
    return false;
  }

  addState(path: string, name: string, unit?: string): void {
    const column = this.column(path);
    if (column && this.isVector(path, column))
      this.state.push({ column, part: statePartOf(column, name, unit) });
  }

  isVector(path: string, column: Column): boolean {
    if (rowWidth(column) >= 1 && rowWidth(column) <= LIMITS.vectorWidth) return true;
    this.skipped.push({ what: path, reason: `rows of shape [${column.rowShape.join(", ")}] are no vector` });
    return false;
  }

  episode(name: string, rateHz: number, stream: H5Episode["stream"], labels: H5Episode["labels"]): H5Episode {
    const embodiment: Embodiment = {
      name,
      controlRateHz: rateHz,
      state: this.state.map((s) => s.part),
      action: this.action.map((a) => a.part),
      cameras: this.cameras.map(({ name, width, height }) => ({ name, width, height })),
      sensors: Object.entries(this.extra).map(([name, column]) => statePartOf(column, name)),
    };
    const reward = this.#reward;
    const done = this.#done;
    const plan: ColumnPlan = {
      state: this.state.map((s) => s.column),
      action: this.action.map((a) => a.column),
      cameras: this.cameras,
      extra: this.extra,
      ...(reward && { reward }),
      ...(done && { done }),
    };
    return { embodiment, plan, steps: this.T, stream, labels, skipped: this.skipped };
  }

  #reward: Column | undefined;
  #done: Column | undefined;

  addEnds(group: string): void {
    this.#reward = this.column(`${group}/rewards`);
    this.#done = this.column(`${group}/dones`);
  }
}

/** Reads the structure of one episode. @throws {DataError} if it has no actions */
export function readEpisode(file: H5File, group: string, rateHz: number | undefined): Promise<H5Episode> {
  return group === "" ? aloha(file, rateHz) : robomimic(file, group, rateHz);
}

async function robomimic(file: H5File, group: string, rateHz: number | undefined): Promise<H5Episode> {
  const actions = file.column(`${group}/actions`);
  if (!actions)
    throw new DataError(`import hdf5: ${file.path}:/${group} must hold actions.`, { path: file.path });
  const sorter = new Sorter(file, actions.rows);
  const refuse = (what: string, reason: string): void => void sorter.skipped.push({ what, reason });
  const env = environment(file);
  sorter.action.push({
    column: actions,
    part: actionPartOf(actions, "action", env.isDelta ? "delta" : "absolute"),
  });
  const hasObs = file.keys(group).includes("obs");
  for (const name of file.datasets(group, refuse)) {
    const path = `${group}/${name}`;
    const short = name.replace(/^obs\//, "").replaceAll("/", "_");
    if (["actions", "rewards", "dones"].includes(name)) continue;
    if (name.startsWith("next_obs/")) {
      refuse(path, "repeats obs one row later");
      continue;
    }
    const column = sorter.column(path);
    if (!column || (await sorter.asCamera(path, short, column)) || !sorter.isVector(path, column)) continue;
    const isState = name.startsWith("obs/") || (!hasObs && name === "states");
    if (isState) sorter.state.push({ column, part: statePartOf(column, short) });
    else sorter.extra[short] = column;
  }
  sorter.addEnds(group);
  const masks = file
    .keys("mask")
    .filter((key) => file.texts(`mask/${key}`).includes(group.slice("data/".length)));
  const labels = { ...env.labels, ...(masks.length > 0 && { mask: masks.join(",") }) };
  return sorter.episode(env.name, rateHz ?? env.rateHz, "sim", labels);
}

/** What /data says about the simulation: robomimic's env_args, robosuite's env and env_info. */
function environment(file: H5File): {
  name: string;
  rateHz: number;
  isDelta: boolean;
  labels: Record<string, string | number>;
} {
  const labels: Record<string, string | number> = {};
  let name = "robomimic";
  let rateHz = ROBOSUITE_RATE_HZ;
  const env = file.attribute("data", "env");
  if (env !== undefined) labels["env"] = env;
  const text = file.attribute("data", "env_args") ?? file.attribute("data", "env_info");
  if (typeof text !== "string") return { name, rateHz, isDelta: false, labels };
  const args = parseObject(text);
  const kwargs = parseObject(args["env_kwargs"] ?? args);
  const envName = args["env_name"];
  if (typeof envName === "string") labels["env"] = envName;
  const robots = Array.isArray(kwargs["robots"]) ? kwargs["robots"].join("+") : kwargs["robots"];
  if (typeof robots === "string" && robots !== "") name = robots.toLowerCase();
  const rate = Number(kwargs["control_freq"]);
  if (rate > 0 && rate <= 10_000) rateHz = rate;
  const controller = JSON.stringify(kwargs["controller_configs"] ?? "");
  // robosuite's operational-space controllers take differences of pose unless told otherwise.
  const isDelta = /"OSC_/.test(controller) && !/"control_delta":false/.test(controller);
  return { name, rateHz, isDelta, labels };
}

function parseObject(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === "string") {
    try {
      return parseObject(JSON.parse(value));
    } catch {
      return {}; // free text where JSON was expected: the defaults stand
    }
  }
  return value !== null && typeof value === "object" ? (value as Record<string, unknown>) : {};
}

async function aloha(file: H5File, rateHz: number | undefined): Promise<H5Episode> {
  const action = file.column("action");
  if (!action) throw new DataError(`import hdf5: ${file.path} must hold /action.`, { path: file.path });
  const sorter = new Sorter(file, action.rows);
  const names = (part: StatePart): StatePart =>
    part.width === 14 ? { ...part, names: ALOHA_JOINTS, unit: "rad" } : part;
  sorter.action.push({
    column: action,
    part: { ...actionPartOf(action, "joints"), ...names(statePartOf(action, "joints")) },
  });
  const base = file.keys("/").includes("base_action") ? sorter.column("base_action") : undefined;
  if (base) sorter.action.push({ column: base, part: actionPartOf(base, "base", "velocity") });
  sorter.addState("observations/qpos", "qpos", "rad");
  const [qpos] = sorter.state;
  if (qpos) sorter.state[0] = { ...qpos, part: names(qpos.part) };
  const refuse = (what: string, reason: string): void => void sorter.skipped.push({ what, reason });
  for (const name of file.datasets("observations", refuse)) {
    const path = `observations/${name}`;
    if (name === "qpos") continue;
    const column = sorter.column(path);
    const short = name.replace(/^images\//, "").replaceAll("/", "_");
    if (!column || (await sorter.asCamera(path, short, column))) continue;
    if (sorter.isVector(path, column)) sorter.extra[short] = column;
  }
  for (const key of file.keys("/")) {
    const isKnown = ["action", "base_action", "observations", "compress_len"].includes(key);
    if (!isKnown) sorter.skipped.push({ what: key, reason: "not part of the ALOHA layout" });
  }
  const isSim = file.attribute("/", "sim") === 1;
  return sorter.episode("aloha", rateHz ?? ALOHA_RATE_HZ, isSim ? "sim" : "teleop", { sim: isSim });
}
