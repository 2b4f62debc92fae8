/**
 * Language tokens for the trunk: an instruction word by word, by an encoder that is trained here, or as the features that
 * a frozen backbone has made of it.
 *
 * Shapes: B batch, L tokens of the longest instruction, F feature width, W token width.
 */
import { TextEncoder, type TextConfig, type UnknownWords } from "@orrery/models/training";
import { LayerNorm, Linear, Module, type Generator, type Tensor } from "@orrery/torch";

/** Instructions as tokens. */
export interface LanguageTokens {
  readonly tokens: Tensor; // [B, L, W]
  /** Bool [B, L]: false where an instruction is shorter than the longest. */
  readonly isToken: Tensor;
}

/** Features that a backbone made of B instructions: the tokens are [B, L, F]. */
export type TextFeatures = LanguageTokens;

/** Words through a small transformer, learnt together with the rest. */
export class WordTokens extends Module {
  readonly encoder: TextEncoder;
  readonly into: Linear;

  constructor(config: TextConfig, vocabulary: readonly string[], width: number, generator: Generator) {
    super();
    this.encoder = new TextEncoder(config, vocabulary, generator);
    this.into = new Linear(config.width, width, generator);
  }

  forward(texts: readonly string[], unknown?: UnknownWords): LanguageTokens {
    const { tokens, isToken } = this.encoder.read(texts, unknown);
    return { tokens: this.into.forward(tokens).float(), isToken };
  }
}

/** A backbone's text features brought to the trunk's width. */
export class TextFeatureTokens extends Module {
  readonly norm: LayerNorm;
  readonly into: Linear;

  constructor(featureWidth: number, width: number, generator: Generator) {
    super();
    this.norm = new LayerNorm(featureWidth);
    this.into = new Linear(featureWidth, width, generator);
  }

  forward({ tokens, isToken }: TextFeatures): LanguageTokens {
    return { tokens: this.into.forward(this.norm.forward(tokens)).float(), isToken };
  }
}
