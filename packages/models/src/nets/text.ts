/**
 * Text as a task is worded: a few words, read by a small transformer that is trained here from nothing.
 *
 * The vocabulary is the words of the training set. A word it lacks goes to one of a few buckets by its hash, so that
 * the same unknown word is always the same token; in training some known words are sent there too, which teaches the
 * network what an unknown word is worth: little.
 *
 * Shapes: B texts, L tokens (the longest text of the batch), W width, E numbers of the summary.
 */
import type { Rng } from "@orrery/core";
import {
  Attention,
  Embedding,
  fromTyped,
  LayerNorm,
  Linear,
  MLP,
  Module,
  parameter,
  truncatedNormal,
  type Generator,
  type Tensor,
} from "@orrery/torch";

export interface TextConfig {
  readonly width: number; // W
  readonly depth: number;
  readonly headWidth: number;
  /** Words read; what a text has beyond them is cut off. */
  readonly maxWords: number;
  /** Tokens that unknown words share. */
  readonly buckets: number;
}

/** Token 0 fills up short texts, token 1 begins every text, so that an empty one is not empty. */
const PAD = 0;
const BEGIN = 1;
const FIRST_BUCKET = 2;

/** Words of a text: lower case, of letters and digits, without accents. */
export function wordsOf(text: string): string[] {
  return (
    text
      .normalize("NFKD")
      .replace(/\p{M}/gu, "")
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  );
}

/** All words of a training set's texts, in alphabetical order so that it does not depend on theirs. */
export function buildVocabulary(texts: Iterable<string>): string[] {
  const words = new Set<string>();
  for (const text of texts) for (const word of wordsOf(text)) words.add(word);
  return [...words].sort();
}

/** Texts as tokens. */
export interface Tokens {
  readonly ids: Tensor; // int64 [B, L]
  /** True where there is a token, bool [B, L]. */
  readonly isToken: Tensor;
}

/** What a text says, token by token and in all. */
export interface TextReading {
  readonly tokens: Tensor; // [B, L, W]
  readonly isToken: Tensor; // bool [B, L]
  /** Mean over the tokens, [B, W]. */
  readonly summary: Tensor;
}

export interface UnknownWords {
  readonly rng: Rng;
  /** Share of the known words that are read as if they were unknown. */
  readonly share: number;
}

export class TextEncoder extends Module {
  readonly config: TextConfig;
  readonly embedding: Embedding;
  readonly position: Tensor; // [maxWords + 1, W]
  readonly blocks: readonly TextBlock[];
  readonly outNorm: LayerNorm;
  readonly out: Linear;
  readonly #idOf: ReadonlyMap<string, number>;

  /** @param vocabulary as from `buildVocabulary`; it belongs to the model's saved facts, since ids follow from it */
  constructor(config: TextConfig, vocabulary: readonly string[], generator: Generator) {
    super();
    this.config = config;
    const { width, depth, buckets, maxWords } = config;
    const first = FIRST_BUCKET + buckets;
    this.#idOf = new Map(vocabulary.map((word, i) => [word, first + i]));
    this.embedding = new Embedding(first + vocabulary.length, width, generator, { std: 0.5 });
    this.position = parameter(truncatedNormal([maxWords + 1, width], 0.1, generator));
    this.blocks = Array.from({ length: depth }, () => new TextBlock(config, generator));
    this.outNorm = new LayerNorm(width, { hasBias: false });
    this.out = new Linear(width, width, generator);
  }

  /** W, of tokens and summary. */
  get width(): number {
    return this.config.width;
  }

  /** Words of a text that the training set did not hold. */
  unknownWords(text: string): string[] {
    return wordsOf(text).filter((word) => !this.#idOf.has(word));
  }

  /** Texts as token ids; with `unknown`, as in training. Owned by the caller. */
  tokenize(texts: readonly string[], unknown?: UnknownWords): Tokens {
    const { maxWords } = this.config;
    const rows = texts.map((text) => [
      BEGIN,
      ...wordsOf(text)
        .slice(0, maxWords)
        .map((word) => this.#idFor(word, unknown)),
    ]);
    const L = Math.max(1, ...rows.map((row) => row.length));
    const ids = new BigInt64Array(rows.length * L).fill(BigInt(PAD));
    const isToken = new Uint8Array(rows.length * L);
    for (const [b, row] of rows.entries()) {
      ids.set(row.map(BigInt), b * L);
      isToken.fill(1, b * L, b * L + row.length);
    }
    const { device } = this.position;
    return {
      ids: fromTyped(ids, [rows.length, L], { device }),
      isToken: fromTyped(isToken, [rows.length, L], { device }).bool(),
    };
  }

  forward({ ids, isToken }: Tokens): TextReading {
    const L = ids.size(1);
    let h = this.embedding.forward(ids).add(this.position.narrow(0, 0, L));
    const mask = isToken.unsqueeze(1).unsqueeze(1); // [B, 1, 1, L]
    for (const block of this.blocks) h = block.forward(h, mask);
    const tokens = this.out.forward(this.outNorm.forward(h)).float();
    const weight = isToken.float().unsqueeze(-1);
    return { tokens, isToken, summary: tokens.mul(weight).sum(1).div(weight.sum(1)) };
  }

  /**
   * Reads texts of which many are the same, as in a batch of clips: each is computed once.
   * @returns one row per text, in their order
   */
  read(texts: readonly string[], unknown?: UnknownWords): TextReading {
    const distinct = [...new Set(texts)];
    const reading = this.forward(this.tokenize(distinct, unknown));
    if (distinct.length === texts.length) return reading;
    const places = new Map(distinct.map((text, i) => [text, BigInt(i)]));
    const rows = BigInt64Array.from(texts, (text) => places.get(text) ?? 0n);
    const at = fromTyped(rows, [rows.length], { device: this.position.device });
    const { tokens, isToken, summary } = reading;
    return {
      tokens: tokens.indexSelect(0, at),
      isToken: isToken.indexSelect(0, at),
      summary: summary.indexSelect(0, at),
    };
  }

  #idFor(word: string, unknown: UnknownWords | undefined): number {
    const known = this.#idOf.get(word);
    const isKnown = known !== undefined && !(unknown?.rng.chance(unknown.share) ?? false);
    return isKnown ? known : FIRST_BUCKET + (hashOf(word) % this.config.buckets);
  }
}

class TextBlock extends Module {
  readonly attentionNorm: LayerNorm;
  readonly attention: Attention;
  readonly mlpNorm: LayerNorm;
  readonly mlp: MLP;

  constructor({ width, headWidth }: TextConfig, generator: Generator) {
    super();
    this.attentionNorm = new LayerNorm(width, { hasBias: false });
    this.attention = new Attention({ width, numHeads: width / headWidth, outStd: 0 }, generator);
    this.mlpNorm = new LayerNorm(width, { hasBias: false });
    this.mlp = new MLP([width, 2 * width, width], generator, { outStd: 0 });
  }

  /** x [B, L, W]; mask, bool [B, 1, 1, L], true where a token may be seen. */
  forward(x: Tensor, mask: Tensor): Tensor {
    const mixed = x.add(this.attention.forward(this.attentionNorm.forward(x), { mask }));
    return mixed.add(this.mlp.forward(this.mlpNorm.forward(mixed)));
  }
}

/** FNV-1a over UTF-16 units, 32 bits, not negative: the same on every machine. */
function hashOf(word: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
