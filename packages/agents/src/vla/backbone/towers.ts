/**
 * The two transformers of a CLIP or SigLIP model, run as they are from their weights. What the weights' shapes tell
 * (widths, depth, patch, number of tokens) is read from them; the configuration adds heads, activation and epsilon.
 *
 * Sources: CLIP, Radford et al. 2021, arXiv:2103.00020 (class token, norm before the blocks, causal text, x sigmoid(1.702 x));
 * SigLIP, Zhai et al. 2023, arXiv:2303.15343 (none of these). Tensor names are those of the published safetensors files.
 *
 * Shapes: B pictures or texts, M tokens, D width, p side of a patch, L tokens of a text.
 */
import { DataError, ShapeError } from "@orrery/core";
import {
  arange,
  cat,
  conv2d,
  embedding,
  layerNorm,
  linear,
  scaledDotProductAttention,
  scope,
  type Tensor,
} from "@orrery/torch";
import type { TowerConfig } from "./folder.ts";

type Activation = NonNullable<TowerConfig["hidden_act"]>;

/** Named tensors below a prefix, such as "vision_model". */
export class Weights {
  readonly #all: ReadonlyMap<string, Tensor>;
  readonly #prefix: string;
  readonly #path: string;

  constructor(all: ReadonlyMap<string, Tensor>, prefix: string, path: string) {
    this.#all = all;
    this.#prefix = prefix;
    this.#path = path;
  }

  has(name: string): boolean {
    return this.#all.has(`${this.#prefix}.${name}`);
  }

  /** @throws {DataError} if there is none */
  get(name: string): Tensor {
    const found = this.#all.get(`${this.#prefix}.${name}`);
    if (found !== undefined) return found;
    const [example = "nothing"] = this.#all.keys();
    throw new DataError(
      `openBackbone: ${this.#path} must hold the tensor "${this.#prefix}.${name}", it is missing among ${this.#all.size} (first "${example}"). ` +
        "Only CLIP and SigLIP models can be read from safetensors; export others to ONNX.",
      { path: this.#path },
    );
  }

  getOrNull(name: string): Tensor | null {
    return this.has(name) ? this.get(name) : null;
  }
}

/** Blocks in a row: norm, attention, norm, MLP, each with a bias. */
class Blocks {
  readonly depth: number;
  readonly #weights: Weights;
  readonly #numHeads: number;
  readonly #eps: number;
  readonly #activation: Activation;

  constructor(weights: Weights, width: number, config: TowerConfig, isSiglip: boolean) {
    this.#weights = weights;
    let depth = 0;
    while (weights.has(`encoder.layers.${depth}.layer_norm1.weight`)) depth++;
    this.depth = depth;
    this.#numHeads = config.num_attention_heads ?? Math.max(1, Math.round(width / 64));
    this.#eps = config.layer_norm_eps ?? (isSiglip ? 1e-6 : 1e-5);
    this.#activation = config.hidden_act ?? (isSiglip ? "gelu_pytorch_tanh" : "quick_gelu");
    if (width % this.#numHeads !== 0) {
      throw new ShapeError("openBackbone", "the tower's width", `[a multiple of ${this.#numHeads} heads]`, [
        width,
      ]);
    }
  }

  norm(x: Tensor, name: string): Tensor {
    return layerNorm(
      x,
      [x.size(-1)],
      this.#weights.get(`${name}.weight`),
      this.#weights.get(`${name}.bias`),
      this.#eps,
    );
  }

  /** x [B, M, D] gives the same shape. */
  forward(x: Tensor, isCausal: boolean): Tensor {
    let h = x;
    for (let i = 0; i < this.depth; i++) {
      const input = h;
      h = scope(() => this.#block(input, `encoder.layers.${i}`, isCausal));
    }
    return h;
  }

  #block(x: Tensor, layer: string, isCausal: boolean): Tensor {
    const [B = 0, M = 0, D = 0] = x.shape;
    const apply = (input: Tensor, name: string): Tensor =>
      linear(input, this.#weights.get(`${layer}.${name}.weight`), this.#weights.get(`${layer}.${name}.bias`));
    const normed = this.norm(x, `${layer}.layer_norm1`);
    const heads = (name: string): Tensor =>
      apply(normed, `self_attn.${name}_proj`)
        .view([B, M, this.#numHeads, D / this.#numHeads])
        .transpose(1, 2);
    const attended = scaledDotProductAttention(heads("q"), heads("k"), heads("v"), { isCausal });
    const mixed = x.add(apply(attended.transpose(1, 2).reshape([B, M, D]), "self_attn.out_proj"));
    const hidden = activate(apply(this.norm(mixed, `${layer}.layer_norm2`), "mlp.fc1"), this.#activation);
    return mixed.add(apply(hidden, "mlp.fc2"));
  }
}

export class VisionTower {
  readonly width: number; // D
  /** Pictures it was trained on. */
  readonly size: { readonly height: number; readonly width: number };
  readonly #weights: Weights;
  readonly #patch: number;
  readonly #blocks: Blocks;

  /** @throws {DataError} if tensors are missing; @throws {ShapeError} if they do not fit each other */
  constructor(weights: Weights, config: TowerConfig) {
    const kernel = weights.get("embeddings.patch_embedding.weight"); // [D, 3, p, p]
    const [D = 0, channels = 0, p = 0] = kernel.shape;
    if (kernel.shape.length !== 4 || channels !== 3) {
      throw new ShapeError(
        "openBackbone",
        "vision_model.embeddings.patch_embedding.weight",
        "[D, 3, p, p]",
        kernel.shape,
      );
    }
    const hasClass = weights.has("embeddings.class_embedding");
    const positions = weights.get("embeddings.position_embedding.weight");
    const side = Math.sqrt(positions.size(0) - (hasClass ? 1 : 0));
    if (!Number.isInteger(side) || positions.size(1) !== D) {
      throw new ShapeError(
        "openBackbone",
        "vision_model.embeddings.position_embedding.weight",
        `[a square number of patches${hasClass ? " and 1" : ""}, ${D}]`,
        positions.shape,
      );
    }
    this.width = D;
    this.size = { height: side * p, width: side * p };
    this.#weights = weights;
    this.#patch = p;
    this.#blocks = new Blocks(weights, D, config, !hasClass);
  }

  /** pixels [B, 3, H, W] give tokens [B, M, D], the class token first where there is one. */
  forward(pixels: Tensor): Tensor {
    const weights = this.#weights;
    const grid = conv2d(
      pixels,
      weights.get("embeddings.patch_embedding.weight"),
      weights.getOrNull("embeddings.patch_embedding.bias"),
      { stride: this.#patch },
    );
    const patches = grid.flatten(2).transpose(1, 2); // [B, patches, D]
    const first = weights.getOrNull("embeddings.class_embedding");
    const tokens =
      first === null ? patches : cat([first.expand([pixels.size(0), 1, this.width]), patches], 1);
    const placed = tokens.add(weights.get("embeddings.position_embedding.weight"));
    if (first === null) return this.#blocks.norm(this.#blocks.forward(placed, false), "post_layernorm");
    // CLIP normalises before the blocks, and after them only what it pools.
    return this.#blocks.forward(this.#blocks.norm(placed, "pre_layrnorm"), false);
  }
}

export class TextTower {
  readonly width: number;
  /** Longest text, in tokens. */
  readonly maxTokens: number;
  readonly #weights: Weights;
  readonly #blocks: Blocks;
  readonly #isCausal: boolean;

  constructor(weights: Weights, config: TowerConfig, isSiglip: boolean) {
    const positions = weights.get("embeddings.position_embedding.weight"); // [L, D]
    this.width = positions.size(1);
    this.maxTokens = positions.size(0);
    this.#weights = weights;
    this.#isCausal = !isSiglip;
    this.#blocks = new Blocks(weights, this.width, config, isSiglip);
  }

  /** ids, int64 [B, L], give tokens [B, L, D]. */
  forward(ids: Tensor): Tensor {
    const weights = this.#weights;
    const places = arange(ids.size(1), { dtype: "int64" });
    const tokens = embedding(weights.get("embeddings.token_embedding.weight"), ids).add(
      embedding(weights.get("embeddings.position_embedding.weight"), places),
    );
    return this.#blocks.norm(this.#blocks.forward(tokens, this.#isCausal), "final_layer_norm");
  }
}

function activate(x: Tensor, kind: Activation): Tensor {
  if (kind === "quick_gelu") return x.mul(x.mul(1.702).sigmoid());
  return x.gelu(kind === "gelu" ? "none" : "tanh");
}
