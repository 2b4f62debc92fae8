export { Attention, windowMask, type AttendOptions, type AttentionConfig } from "./attention.ts";
export { Conv2d, ConvTranspose2d, type Conv2dConfig } from "./conv.ts";
export { truncatedNormal } from "./init.ts";
export { KvCache, type CachedKeys } from "./kv-cache.ts";
export { Embedding, Linear, type LinearOptions } from "./linear.ts";
export { MLP, Sequential, SwiGLU, type MlpOptions } from "./mlp.ts";
export { buffer, Module, parameter, table, type Layer } from "./module.ts";
export { GroupNorm, LayerNorm, RMSNorm, type NormOptions } from "./norm.ts";
export { gridPositions, linePositions, Rotary, type RotaryOptions } from "./rotary.ts";
