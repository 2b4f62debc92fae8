/**
 * A policy that imitates: what one instant shows, what is asked for and how the body stands become tokens of a trunk; an
 * action expert reads them and gives a chunk of actions, by flow matching or directly.
 *
 * Source: pi0, Black et al. 2024, arXiv:2410.24164; chunks from ACT, Zhao et al. 2023, arXiv:2304.13705. Departures: all is
 * trained from nothing at a size of millions, unless a backbone is plugged in; proprioception is a token of the trunk, so
 * that the trunk runs once per observation; several noises are drawn per observation in training (`draws`), since the
 * trunk is most of the cost.
 *
 * Shapes: B batch, V cameras, H W pixels, N vision tokens, L language tokens, S = N + L + 1, R draws, C chunk length,
 * T = R C, A action width, P state width, F feature width, W trunk width, E expert width.
 */
import type { StreamFacts } from "@orrery/models";
import { Normalizer, type UnknownWords } from "@orrery/models/training";
import {
  cat,
  eye,
  Linear,
  MLP,
  Module,
  ones,
  parameter,
  randn,
  table,
  truncatedNormal,
  where,
  zeros,
  type Generator,
  type Tensor,
} from "@orrery/torch";
import type { PolicyConfig } from "../config.ts";
import { flowLoss, integrate } from "../flow.ts";
import { JointStack, type TrunkMemory } from "./joint-stack.ts";
import { TextFeatureTokens, WordTokens, type LanguageTokens, type TextFeatures } from "./language.ts";
import { FeatureTokens, PatchTokens, type Sight } from "./sight.ts";
import { timeEmbedding } from "./time-embedding.ts";

/** Widths of the features of a frozen backbone. */
export interface FeatureWidths {
  readonly vision: number;
  /** null where it has no text tower; words are then read by an encoder trained here. */
  readonly text: number | null;
}

/** What a policy was made for; saved with it, and checked against whatever it is run on. */
export interface PolicyFacts extends StreamFacts {
  /** Words of the training instructions, in order; empty without language. */
  readonly vocabulary: readonly string[];
  /** null where the network reads pixels and words itself. */
  readonly features: FeatureWidths | null;
}

/** What a policy perceives at one instant, in B streams. */
export interface Percept {
  /** Pixels, uint8 [B, V, H, W, 3]; or features of a backbone, float [B, N, F]. */
  readonly seen: Tensor;
  /** In the units of the data, [B, P]. */
  readonly state: Tensor;
  readonly hasState: Tensor; // bool [B, 1]
  /** Instructions, one per stream, or a backbone's features of them; networks without language take no notice. */
  readonly asked: readonly string[] | TextFeatures;
}

/** Chunks to imitate. */
export interface ChunkTarget {
  /** In the units of the data, [B, C, A]; zeros beyond the end of the episode. */
  readonly actions: Tensor;
  /** Bool [B, C]: false beyond the end of the episode. */
  readonly isKnown: Tensor;
}

export interface LossOptions {
  readonly generator: Generator;
  readonly unknownWords?: UnknownWords;
}

export class PolicyNet extends Module {
  readonly config: PolicyConfig;
  readonly facts: PolicyFacts;
  readonly sight: Sight;
  readonly language: WordTokens | TextFeatureTokens | null;
  readonly stateIn: MLP | null;
  readonly noState: Tensor; // [W]
  readonly stack: JointStack;
  readonly actionIn: Linear | null; // null where no noisy action is read
  readonly timeMix: MLP | null;
  readonly place: Tensor; // [C, E], of the actions in their chunk
  readonly actionOut: Linear;
  readonly actionScale: Normalizer;
  readonly stateScale: Normalizer;
  /** Float [T, T]: 0 within a draw, -Infinity between draws. */
  readonly drawMask: Tensor;

  constructor(config: PolicyConfig, facts: PolicyFacts, generator: Generator) {
    super();
    this.config = config;
    this.facts = facts;
    const { trunk, expert, chunk, head, flow } = config;
    const { cameras, actionWidth, stateWidth, features } = facts;
    const W = trunk.width;
    const E = expert.width;
    this.sight =
      features === null
        ? new PatchTokens(config.vision, cameras.length, W, generator)
        : new FeatureTokens(features.vision, W, generator);
    this.language = makeLanguage(config, facts, generator);
    this.stateIn = stateWidth === 0 ? null : new MLP([stateWidth, W, W], generator);
    this.noState = parameter(zeros([W]));
    this.stack = new JointStack(config, generator);
    this.actionIn = head === "flow" ? new Linear(actionWidth, E, generator) : null;
    this.timeMix = head === "flow" ? new MLP([2 * E, E, E], generator) : null;
    this.place = parameter(truncatedNormal([chunk, E], 0.5, generator));
    this.actionOut = new Linear(E, actionWidth, generator, { std: 0 });
    this.actionScale = new Normalizer(actionWidth);
    this.stateScale = new Normalizer(stateWidth);
    this.drawMask = table(blockMask(flow.draws, chunk));
  }

  get device(): string {
    return this.noState.device;
  }

  /** Reads an instant; what it gives serves any number of chunks. */
  perceive({ seen, state, hasState, asked }: Percept, unknownWords?: UnknownWords): TrunkMemory {
    const sight = this.sight.forward(seen); // [B, N, W]
    const [B = 0, N = 0, W = 0] = sight.shape;
    const felt =
      this.stateIn === null
        ? this.noState.expand([B, W])
        : where(hasState, this.stateIn.forward(this.stateScale.normalize(state)).float(), this.noState);
    const body = felt.unsqueeze(1); // [B, 1, W]
    const words = this.#read(asked, unknownWords);
    if (words === null) return this.stack.perceive(cat([sight, body], 1), null);
    const present = cat([ones([B, N + 1], { dtype: "bool", device: seen.device }), words.isToken], 1);
    const tokens = cat([sight, body, words.tokens], 1);
    return this.stack.perceive(tokens, hidden(present.logicalNot()).unsqueeze(1).unsqueeze(1));
  }

  /** Loss of imitating chunks, after one percept each. */
  loss(
    percept: Percept,
    { actions, isKnown }: ChunkTarget,
    { generator, unknownWords }: LossOptions,
  ): Tensor {
    const memory = this.perceive(percept, unknownWords);
    const { head, flow } = this.config;
    const [B = 0, C = 0, A = 0] = actions.shape;
    const target = this.actionScale.normalize(actions);
    if (head === "direct") {
      const weight = isKnown.unsqueeze(-1).float().expand([B, C, A]);
      const error = this.#direct(memory, B, isKnown).sub(target).square();
      return error.mul(weight).sum().div(weight.sum().clampMin(1));
    }
    const R = flow.draws;
    const known = isKnown.unsqueeze(1).expand([B, R, C]);
    return flowLoss(
      (x, tau) => this.velocity(memory, x, tau, known),
      target.unsqueeze(1).expand([B, R, C, A]),
      {
        config: flow,
        generator,
        timeShape: [B, R, 1, 1],
        mask: known.unsqueeze(-1).float(),
      },
    );
  }

  /** Chunks of actions in the units of the data, [B, C, A], for B streams. */
  act(memory: TrunkMemory, B: number, generator: Generator): Tensor {
    const { head, flow, chunk } = this.config;
    const A = this.facts.actionWidth;
    if (head === "direct") return this.actionScale.denormalize(this.#direct(memory, B, null));
    const noise = randn([B, 1, chunk, A], { generator, device: this.device });
    const velocity = (x: Tensor, tau: Tensor): Tensor => this.velocity(memory, x, tau, null);
    const chunks = integrate(velocity, noise, flow.steps, [B, 1, 1, 1]);
    return this.actionScale.denormalize(chunks.squeeze(1));
  }

  /**
   * Where noisy chunks x [B, R, C, A] move at times tau [B, R, 1, 1]; each draw is looked at by itself.
   * @param isKnown bool [B, R, C]; null where all are
   */
  velocity(memory: TrunkMemory, x: Tensor, tau: Tensor, isKnown: Tensor | null): Tensor {
    const { actionIn, timeMix } = this;
    if (actionIn === null || timeMix === null) throw new Error("internal: a direct head has no velocity");
    const [B = 0, R = 0, C = 0, A = 0] = x.shape;
    const E = this.config.expert.width;
    const time = timeEmbedding(tau.view([B, R, 1]), E).expand([B, R, C, E]);
    const tokens = timeMix
      .forward(cat([actionIn.forward(x).float(), time], -1))
      .float()
      .add(this.place);
    const mask = this.#expertMask(R, isKnown?.reshape([B, R * C]) ?? null);
    const out = this.stack.forward(tokens.reshape([B, R * C, E]), memory, mask);
    return this.actionOut.forward(out).float().view([B, R, C, A]);
  }

  #direct(memory: TrunkMemory, B: number, isKnown: Tensor | null): Tensor {
    const { chunk, expert } = this.config;
    const out = this.stack.forward(
      this.place.expand([B, chunk, expert.width]),
      memory,
      this.#expertMask(1, isKnown),
    );
    return this.actionOut.forward(out).float();
  }

  #read(asked: Percept["asked"], unknownWords: UnknownWords | undefined): LanguageTokens | null {
    if (this.language === null) return null;
    const isText = Array.isArray(asked);
    if (this.language instanceof WordTokens && isText)
      return this.language.forward(asked as string[], unknownWords);
    if (this.language instanceof TextFeatureTokens && !isText)
      return this.language.forward(asked as TextFeatures);
    throw new Error("internal: words were given to a network that reads features, or the other way round");
  }

  /** What an action token may see of the others: its own draw, as far as it lies within the episode. */
  #expertMask(R: number, isKnown: Tensor | null): Tensor | null {
    const between = R === 1 ? null : this.drawMask;
    if (isKnown === null) return between;
    const beyond = hidden(isKnown.logicalNot()).unsqueeze(1).unsqueeze(1); // [B, 1, 1, T]
    return between === null ? beyond : beyond.add(between);
  }
}

function makeLanguage(
  { family, text, trunk }: PolicyConfig,
  { vocabulary, features }: PolicyFacts,
  generator: Generator,
): WordTokens | TextFeatureTokens | null {
  if (family === "bc") return null;
  if (features !== null && features.text !== null) {
    return new TextFeatureTokens(features.text, trunk.width, generator);
  }
  return new WordTokens(text, vocabulary, trunk.width, generator);
}

/** 0 where false, -Infinity where true. */
function hidden(isHidden: Tensor): Tensor {
  return zeros(isHidden.shape, { device: isHidden.device }).maskedFill(isHidden, -Infinity);
}

function blockMask(draws: number, chunk: number): Tensor {
  const same = eye(draws, draws, { dtype: "bool" }).repeatInterleave(chunk, 0).repeatInterleave(chunk, 1);
  return hidden(same.logicalNot());
}
