/** Real recordings whose faults, or soundness, have been looked at by eye. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { recording } from "../testing-datasets.ts";
import { VideoReader } from "../video/index.ts";
import { cameraMotion } from "./camera-motion.ts";
import { parseCurationConfig } from "./config.ts";
import type { Finding } from "./finding.ts";
import { FrameMeter } from "./frame-meter.ts";
import { SIDE } from "./grey.ts";
import { judgeFrames } from "./judge-frames.ts";
import type { MeasuredCamera } from "./measures.ts";

/** Measures at most `most` frames of a video of the sample recordings. */
function measure(set: string, name: string, most = 500): { camera: MeasuredCamera; fps: number } | undefined {
  const folder = recording(set);
  if (!folder) return undefined;
  using reader = new VideoReader(join(folder, name), {
    size: { width: SIDE, height: SIDE },
    allowDamage: true,
  });
  const meter = new FrameMeter(most, reader.fps);
  for (const { data } of reader.frames()) {
    if (meter.count === most) break;
    meter.push(data);
  }
  const measures = meter.finish();
  const [left, top, right, bottom] = measures.contentBox;
  const facts = {
    camera: "eye",
    frames: meter.count,
    ...reader.sourceSize,
    fps: reader.fps,
    codec: reader.codec,
    damagedFrames: reader.damagedFrames,
    contentBox: [left, top, right, bottom] as [number, number, number, number],
  };
  return { camera: { ...measures, facts }, fps: reader.fps };
}

function judge({ camera, fps }: { camera: MeasuredCamera; fps: number }): Finding[] {
  const context = { fps, length: camera.facts.frames, isSimulated: false, bodyStill: null };
  return judgeFrames(camera, parseCurationConfig(), context).filter(({ action }) => action !== "note");
}

describe("sound clips stay whole", () => {
  test.each([
    ["opencv-doc-videos", "cup.mp4"],
    ["opencv-doc-videos", "vtest.avi"],
    ["cosmos-clips-dev", "humanoid_hands_over_cup.mp4"],
    ["intel-sample-videos", "bottle-detection.mp4"],
  ])("%s/%s", (set, name) => {
    const clip = measure(set, name, 300);
    if (clip) expect(judge(clip)).toEqual([]);
  });
});

test("an edited film has its one cut and its one dissolve", () => {
  const clip = measure("nasa-13013", "nasa_13013.mp4");
  if (!clip) return;
  const findings = judge(clip);
  expect(findings.map(({ verdict }) => verdict).sort()).toEqual(["cut", "dissolve"]);
  expect(findings.find(({ verdict }) => verdict === "cut")?.from).toBe(240);
  // By eye the second scene shows from frame 150 and the first is gone by 182.
  const dissolve = findings.find(({ verdict }) => verdict === "dissolve");
  expect(dissolve?.from).toBeLessThanOrEqual(150);
  expect(dissolve?.to).toBeGreaterThanOrEqual(180);
});

test("pictures torn in transfer are found in a robot's wrist camera, and none in its room camera", () => {
  const wrist = measure("droid-3view", "wrist_image_left.mp4");
  const room = measure("droid-3view", "exterior_image_1_left.mp4", 300);
  if (!wrist || !room) return;
  const torn = judge(wrist);
  expect(new Set(torn.map(({ verdict }) => verdict))).toEqual(new Set(["glitch"]));
  // Torn by eye, among others:
  for (const t of [58, 75, 76, 297, 323]) expect(torn.some(({ from, to }) => from <= t && t < to)).toBe(true);
  expect(judge(room)).toEqual([]);
});

test("cars that cross an empty road are neither cuts nor fades, nor taken for stillness", () => {
  const clip = measure("intel-sample-videos", "car-detection.mp4");
  if (!clip) return;
  const findings = judge(clip);
  expect(findings.filter(({ verdict }) => verdict !== "static")).toEqual([]);
  // By eye: a car is in view from 58 to 108.
  expect(findings.filter(({ from, to }) => from < 108 && to > 58)).toEqual([]);
});

test("a fixed camera is told from one that drives forward", () => {
  const fixed = measure("intel-sample-videos", "bottle-detection.mp4", 200);
  const driving = measure("cosmos-clips-dev", "highway_sunset_dashcam.mp4", 120);
  if (!fixed || !driving) return;
  expect(cameraMotion(fixed.camera, fixed.fps, []).label).toBe("fixed");
  expect(cameraMotion(driving.camera, driving.fps, []).zoomPerSec).toBeGreaterThan(0);
});
