/** What a VLA-style policy has beyond imitation: a pretrained backbone, where the user has one. */
export { openBackbone } from "./backbone/open.ts";
