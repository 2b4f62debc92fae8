/**
 * Thresholds of curation. Every check says what its finding does: "drop" takes the frames out of the kept spans,
 * "divide" lets no kept span cross it, "note" only records it, "off" does not look. Changing a threshold costs no decoding, since measurements are kept.
 *
 * Brightness and differences are in grey levels of 0 to 255, on pictures shrunk to 64 x 64.
 */
import { readFileSync } from "node:fs";
import { ConfigError, messageOf, UsageError } from "@orrery/core";
import { z } from "zod";

const action = z.enum(["drop", "note", "off"]);
const divider = z.enum(["divide", "note", "off"]);
const share = z.number().min(0).max(1);
const positive = z.number().positive();
const seconds = z.number().nonnegative();
const section = <T extends z.core.$ZodLooseShape>(shape: T) => z.strictObject(shape);

const Schema = z.strictObject({
  /** Kept spans shorter than this are of no use to a window and are dropped as "short". */
  minKeptSec: seconds.default(1),
  /**
   * With several cameras: "all" drops a frame for its picture only if every camera is affected, so that one blank
   * camera does not cost the others; "any" drops it at the first.
   */
  cameraRule: z.enum(["all", "any"]).default("all"),
  /**
   * A hard cut from one shot to the next. Below half the histogram threshold, no structure makes a cut. With a state it
   * is only noted: nobody edits a robot's log, so that it is a slip of the object or frames that were lost.
   */
  cut: section({
    action: divider.default("divide"),
    /** 1 - correlation of the pictures, after the camera's own motion is taken out; 1 is unrelated. */
    structure: positive.default(0.4),
    /** Share of the colour histogram that moved. */
    histogram: share.default(0.12),
    /** How far both stand out of the frames around, so that fast motion is no cut. */
    ratio: positive.default(3),
  }).prefault({}),
  /** A dissolve: over a second, the middle picture is the mean of the first and the last. Only noted with a state. */
  dissolve: section({
    action: action.default("drop"),
    structure: positive.default(0.5),
    /** Distance of the middle from that mean, over the distance of the ends. */
    blend: share.default(0.4),
    /** Share of the picture that changes: something that leaves a plain ground fades in numbers, too. */
    area: share.default(0.4),
  }).prefault({}),
  /** One to three pictures that belong to neither side: torn in transfer, a flash. Thresholds are those of a cut. */
  glitch: section({ action: action.default("drop") }).prefault({}),
  black: section({
    action: action.default("drop"),
    /** Share of the picture darker than level 20. */
    darkShare: share.default(0.98),
    minSec: seconds.default(0.1),
  }).prefault({}),
  /** Not judged in simulation, where a white background is drawn on purpose. */
  overexposed: section({
    action: action.default("drop"),
    /** Share of the picture at level 250 or above. */
    brightShare: share.default(0.5),
    minSec: seconds.default(0.2),
  }).prefault({}),
  /** The same picture again and again: a stuck camera or a held frame. With a state, only while the body moves. */
  frozen: section({
    action: action.default("drop"),
    /** Largest change of any of 256 blocks from one frame to the next. */
    change: z.number().nonnegative().default(0.3),
    minSec: seconds.default(0.5),
  }).prefault({}),
  /** Nothing happens in front of a fixed camera. Not judged where there is a state; "idle" is. */
  static: section({
    action: action.default("drop"),
    /** Largest change of any of 256 blocks over a second. */
    change: z.number().nonnegative().default(3),
    minSec: seconds.default(2),
  }).prefault({}),
  /** Titles, credits and slides: lines of ink on a plain ground, standing still. Not judged where there is a state. */
  text: section({
    action: action.default("drop"),
    /** Share of the picture in the ground's own grey; a single line needs 0.2 more. */
    groundShare: share.default(0.6),
    /** Share of the ink that lies in lines. */
    inkInLines: share.default(0.7),
    minSec: seconds.default(0.5),
  }).prefault({}),
  /** The same moment is in an earlier episode, or in a dataset compared against. */
  duplicate: section({
    action: action.default("drop"),
    /** Bits of 64 in which the perceptual hashes of two pictures may differ. */
    maxBits: z.int().min(0).max(20).default(10),
    /** Mean over the stretch. */
    meanBits: z.number().min(0).max(20).default(6),
    /** Correlation of the two courses of change; scenes of one place look alike but do not move alike. */
    correlation: share.default(0.9),
    minSec: positive.default(3),
  }).prefault({}),
  /** The body stands still: no number of the state moves by more than this share of its range within half a second. */
  idle: section({
    action: action.default("drop"),
    range: share.default(0.01),
    minSec: seconds.default(2),
    /** Kept at each end of an idle span, so that setting out and coming to rest are seen. */
    marginSec: seconds.default(0.5),
  }).prefault({}),
  /** The recording's own clock jumps or runs backwards. */
  gap: section({
    action: divider.default("divide"),
    /** Steps of the control clock. */
    steps: z.number().min(1.5).default(5),
  }).prefault({}),
  /** Rows with a NaN or an infinity in state, action or reward; in an extra stream it is only noted. */
  nonfinite: section({ action: action.default("drop") }).prefault({}),
  /** A number of the state or action far from the dataset's bulk. */
  outlier: section({
    action: action.default("note"),
    /** Robust z-score: distance from the median in robust deviations. */
    z: positive.default(10),
  }).prefault({}),
  /** The state changes by leaps. */
  jerk: section({
    action: action.default("note"),
    /** Robust z-score of the third difference, against the dataset's. */
    z: positive.default(30),
  }).prefault({}),
  /** A continuous action stays at its limit, where the command was probably cut. */
  clipped: section({
    action: action.default("note"),
    minRows: z.int().min(1).default(3),
  }).prefault({}),
});

export type CurationConfig = z.output<typeof Schema>;
/** What a user may leave out is optional here. */
export type CurationSettings = z.input<typeof Schema>;
/** What a finding does; see the head of this file. */
export type FindingAction = "drop" | "divide" | "note";

/** Defaults filled in. @throws {ConfigError} naming every unknown key and value out of range */
export function parseCurationConfig(settings: unknown = {}, where = "curation config"): CurationConfig {
  const result = Schema.safeParse(settings);
  if (result.success) return result.data;
  throw new ConfigError(
    where,
    result.error.issues.map((issue) => `${issue.path.join(".") || "config"}: ${issue.message}`),
  );
}

/** A configuration from a JSON file of differences from the defaults. */
export function loadCurationConfig(path: string): CurationConfig {
  let settings: unknown;
  try {
    settings = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new UsageError(`curation config: ${path} must be a JSON file (${messageOf(error)}).`, {
      cause: error,
    });
  }
  return parseCurationConfig(settings, `curation config ${path}`);
}
