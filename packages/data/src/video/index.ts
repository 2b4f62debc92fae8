/** Video files and pictures (Node only). */
export { concatVideos, type VideoPart } from "./concat.ts";
export type { Fit, Size } from "./convert.ts";
export { decodeImage, encodePng } from "./image.ts";
export { probeVideo, type VideoFacts } from "./probe.ts";
export { VideoReader, type TimedImage, type TimeRange, type VideoReaderOptions } from "./reader.ts";
export { enlarge, writeMp4, type ShowOptions } from "./show.ts";
export {
  openVideoWriter,
  VIDEO_CODECS,
  type VideoCodec,
  type VideoWriter,
  type VideoWriterOptions,
} from "./writer.ts";
