import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import { encodeFixture, NUMBERED, numberedImage, numberIn } from "../video/fixtures.ts";
import type { DecodeRequest } from "./decode-episode.ts";
import { DecodePool } from "./decode-pool.ts";

const folder = mkdtempSync(join(tmpdir(), "orrery-pool-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const N = 37;
const FRAME_BYTES = NUMBERED.width * NUMBERED.height * 3;
const path = join(folder, "numbered.mp4");
encodeFixture(
  path,
  Array.from({ length: N }, (_, n) => numberedImage(n)),
  { encoder: "libx264" },
);

const request = (): DecodeRequest => ({
  cameras: [{ v: 0, path, fromSec: 0 }],
  skip: 0,
  numCameras: 1,
  numFrames: N,
  size: NUMBERED,
  fit: "stretch",
  memory: new SharedArrayBuffer(N * FRAME_BYTES),
  offset: 0,
});

// Stopping a thread inside the decoder's addon used to abort the whole process, about once in forty times.
test("closing at any moment gives up what is left and leaves the process alive", async () => {
  for (let moment = 0; moment < 6; moment++) {
    const pool = new DecodePool(1);
    const whole = request();
    if (moment > 0) await pool.decode(whole); // the first time the thread is still loading when it is stopped
    const left = Array.from({ length: 10 }, () => pool.decode(request()));
    const ends = Promise.allSettled(left);
    await setTimeout(moment);
    await pool.close();
    expect((await ends).at(-1)).toMatchObject({
      status: "rejected",
      reason: { message: "DecodePool: closed while decoding." },
    });
    if (moment === 0) continue;
    const last = new Uint8Array(whole.memory, (N - 1) * FRAME_BYTES, FRAME_BYTES);
    expect(numberIn({ ...NUMBERED, data: last })).toBe(N - 1);
  }
});
