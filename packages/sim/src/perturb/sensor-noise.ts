import { blend, type Family } from "./family.ts";

/** Grain and a colour cast in the pictures, jitter in proprioception. */
export const sensorNoise: Family = {
  name: "sensor-noise",
  summary: "Grain in the pictures and jitter in proprioception.",
  image({ data }, strength, rng) {
    const spread = blend(0, 28, strength); // 8-bit steps
    // One draw of 32 bits gives four near-normal numbers: a normal per byte would cost more than rendering.
    for (let i = 0; i < data.length; i += 4) {
      const bits = rng.uint32();
      for (let k = 0; k < 4 && i + k < data.length; k++) {
        const byte = (bits >>> (8 * k)) & 255;
        const triangular = ((byte & 15) + (byte >>> 4) - 15) / 15;
        data[i + k] = Math.max(0, Math.min(255, data[i + k]! + spread * triangular));
      }
    }
  },
  state(state, strength, rng) {
    for (let i = 0; i < state.length; i++) state[i] = state[i]! + rng.normal(0, 0.02 * strength);
  },
};
