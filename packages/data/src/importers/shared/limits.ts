/**
 * Upper bounds that no honest recording reaches. A header that claims more is refused before memory is taken,
 * because a few corrupt bytes must not be able to ask for gigabytes.
 */
export const LIMITS = {
  /** One compressed record of a container: a TFRecord episode, an MCAP chunk. */
  recordBytes: 1 << 30,
  /** One decoded row of an array: one picture of 8192 x 8192 in RGB fits. */
  rowBytes: 256 << 20,
  /** Pixels of one picture, per side and in all. */
  pictureSide: 16_384,
  picturePixels: 64_000_000,
  /** Rows of one episode: eleven days at 100 Hz. */
  steps: 100_000_000,
  /** Width of a state or action vector. */
  vectorWidth: 65_536,
  /** Arrays that must be whole in memory: episode ends, low-rate logs. */
  wholeArrayBytes: 512 << 20,
} as const;
