/**
 * What can be read off an embedding: proprioception, and, for a task in words, reward and success.
 *
 * The words are looked up once in the picture that a stream begins with: words and patches attend to each other, and
 * what they find (which thing is meant, and where) goes with the stream as its task. A future is then judged by its
 * embedding and that task alone, at the price of a small network.
 *
 * Shapes: B streams, D numbers of an embedding, P state width, N patches, L words, W width, G numbers of a task.
 */
import {
  Attention,
  cat,
  LayerNorm,
  Linear,
  MLP,
  Module,
  onesLike,
  type Generator,
  type Tensor,
} from "@orrery/torch";
import type { TextReading } from "../nets/text.ts";
import type { JepaNetConfig } from "./config.ts";

/** Finds in a picture what a text speaks of. */
export class TaskReader extends Module {
  readonly wordIn: Linear;
  readonly blocks: readonly ReaderBlock[];
  readonly outNorm: LayerNorm;
  readonly out: Linear;

  constructor({ encoder, text, task }: JepaNetConfig, generator: Generator) {
    super();
    const { width, headWidth } = encoder;
    this.wordIn = new Linear(text.width, width, generator);
    this.blocks = Array.from({ length: task.depth }, () => new ReaderBlock(width, headWidth, generator));
    this.outNorm = new LayerNorm(width, { hasBias: false });
    this.out = new Linear(width, task.width, generator);
  }

  /** @param patches [B, N, W] of one moment; gives [B, G] */
  forward({ tokens, isToken }: TextReading, patches: Tensor): Tensor {
    let h = cat([this.wordIn.forward(tokens).float(), patches.float()], 1); // [B, L + N, W]
    const isThere = cat([isToken, onesLike(patches.select(-1, 0), { dtype: "bool" })], 1);
    const mask = isThere.unsqueeze(1).unsqueeze(1);
    for (const block of this.blocks) h = block.forward(h, mask);
    // The token that begins every text has gathered what the others found.
    return this.out.forward(this.outNorm.forward(h.select(1, 0))).float();
  }
}

class ReaderBlock extends Module {
  readonly attentionNorm: LayerNorm;
  readonly attention: Attention;
  readonly mlpNorm: LayerNorm;
  readonly mlp: MLP;

  constructor(width: number, headWidth: number, generator: Generator) {
    super();
    this.attentionNorm = new LayerNorm(width, { hasBias: false });
    this.attention = new Attention({ width, numHeads: width / headWidth }, generator);
    this.mlpNorm = new LayerNorm(width, { hasBias: false });
    this.mlp = new MLP([width, 2 * width, width], generator);
  }

  forward(x: Tensor, mask: Tensor): Tensor {
    const mixed = x.add(this.attention.forward(this.attentionNorm.forward(x), { mask }));
    return mixed.add(this.mlp.forward(this.mlpNorm.forward(mixed)));
  }
}

export interface Outcome {
  /** Normalised reward of the control step that led here, [..]. */
  readonly reward: Tensor;
  readonly successLogit: Tensor; // [..]
}

/** How a moment is to be judged for a task. */
export class OutcomeHead extends Module {
  readonly embeddingIn: Linear;
  readonly taskIn: Linear;
  readonly mlp: MLP;

  constructor({ embedding, task, heads }: JepaNetConfig, generator: Generator) {
    super();
    const { width } = heads;
    this.embeddingIn = new Linear(embedding, width, generator);
    this.taskIn = new Linear(task.width, width, generator);
    this.mlp = new MLP([width, width, 2], generator, { outStd: 0 });
  }

  /** @param task from `ofTask`, broadcasting to the embedding's leading dimensions */
  forward(embedding: Tensor, task: Tensor): Outcome {
    const h = this.embeddingIn.forward(embedding).float().add(task).gelu();
    const out = this.mlp.forward(h).float();
    return { reward: out.select(-1, 0), successLogit: out.select(-1, 1) };
  }

  /** The task's part of the first layer, [.., heads.width]: computed once for all futures of a stream. */
  ofTask(task: Tensor): Tensor {
    return this.taskIn.forward(task).float();
  }
}

/** Normalised proprioception [.., P] from embeddings [.., D]. */
export class StateHead extends MLP {
  constructor({ embedding, heads }: JepaNetConfig, stateWidth: number, generator: Generator) {
    super([embedding, heads.width, stateWidth], generator, { outStd: 0 });
  }
}
