/**
 * The joint-embedding world model: encoder, predictor, heads and the scales of its data. `jepa/imagination.ts` runs it.
 *
 * Shapes: B moments, S moments of one clip, D numbers of an embedding, P state width, A action width, K longest block.
 */
import { checkPartNames, isInParts } from "@orrery/core";
import {
  buffer,
  cat,
  fromTyped,
  Generator,
  Linear,
  Module,
  noGrad,
  ones,
  scope,
  zeros,
  type Tensor,
} from "@orrery/torch";
import { Normalizer, STATE_LIMIT } from "../nets/normalizer.ts";
import { TextEncoder } from "../nets/text.ts";
import type { StreamFacts } from "../world-model.ts";
import type { JepaConfig } from "./config.ts";
import { Decoder } from "./decoder.ts";
import { Encoder } from "./encoder.ts";
import { GoalHead, MoveHead, OutcomeHead, StateHead } from "./heads.ts";
import { PriorNet } from "./prior.ts";
import { PlacesEncoder } from "./places-encoder.ts";
import { PointsEncoder } from "./points-encoder.ts";
import { Predictor, type Block, type Past } from "./predictor.ts";
import { TaskReader } from "./reader.ts";

/** All that is trained together; the decoder comes after. */
export class JepaNets extends Module {
  readonly encoder: Encoder | PlacesEncoder | PointsEncoder;
  readonly predictor: Predictor;
  readonly text: TextEncoder;
  readonly reader: TaskReader;
  readonly outcomes: OutcomeHead;
  readonly stateHead: StateHead | null;
  readonly moveHead: MoveHead | null;
  readonly goalHead: GoalHead | null;
  readonly prior: PriorNet | null;

  constructor({ net }: JepaConfig, facts: StreamFacts, generator: Generator) {
    super();
    const { cameras, actionWidth, stateWidth, vocabulary = [] } = facts;
    this.encoder = makeEncoder(net, cameras.length, stateWidth, generator);
    this.predictor = new Predictor(net, actionWidth, generator);
    this.text = new TextEncoder(net.text, vocabulary, generator);
    this.reader = new TaskReader(net, cameras.length, generator);
    this.outcomes = new OutcomeHead(net, generator);
    this.stateHead = stateWidth === 0 ? null : new StateHead(net, stateWidth, generator);
    this.moveHead = stateWidth === 0 ? null : new MoveHead(net, stateWidth, generator);
    this.goalHead = stateWidth === 0 ? null : new GoalHead(net, stateWidth, generator);
    const { prior, maxBlock } = net;
    const acts = prior !== null && stateWidth > 0 && actionWidth > 0;
    this.prior = acts ? new PriorNet({ ...prior, maxBlock, stateWidth, actionWidth }, generator) : null;
  }
}

function makeEncoder(
  net: JepaConfig["net"],
  numCameras: number,
  stateWidth: number,
  generator: Generator,
): JepaNets["encoder"] {
  switch (net.eye) {
    case "transformer":
      return new Encoder(net, numCameras, stateWidth, generator);
    case "places":
      return new PlacesEncoder(net, numCameras, stateWidth, generator);
    case "points":
      return new PointsEncoder(net, numCameras, generator);
  }
}

export class JepaModel extends Module {
  readonly config: JepaConfig;
  readonly facts: StreamFacts;
  readonly nets: JepaNets;
  /** None where the encoder draws what it learnt by. */
  readonly decoder: Decoder | null;
  readonly actionScale: Normalizer;
  readonly stateScale: Normalizer;
  readonly rewardScale: Normalizer;
  /** Of the states in which tasks were done. */
  readonly goalScale: Normalizer;
  /** Of the changes of the state over a longest block. */
  readonly moveScale: Normalizer;
  /** Whether goals count in a number of the state, [P]; see `task.parts`. */
  readonly counts: readonly boolean[];
  /** 1 where the training data held rewards; scalar. */
  readonly knowsReward: Tensor;
  /** 1 once what draws embeddings has been trained; scalar. */
  readonly hasDecoder: Tensor;
  readonly #drawer: Pick<Decoder, "draw">;

  constructor(config: JepaConfig, facts: StreamFacts, generator: Generator) {
    super();
    this.config = config;
    this.facts = facts;
    this.nets = new JepaNets(config, facts, generator);
    const { encoder } = this.nets;
    this.decoder =
      encoder instanceof PointsEncoder ? null : new Decoder(config.net, facts.cameras.length, generator);
    this.#drawer = this.decoder ?? (encoder as PointsEncoder);
    this.actionScale = new Normalizer(facts.actionWidth);
    this.stateScale = new Normalizer(facts.stateWidth, STATE_LIMIT);
    this.rewardScale = new Normalizer(1);
    this.goalScale = new Normalizer(facts.stateWidth, STATE_LIMIT);
    this.moveScale = new Normalizer(facts.stateWidth, STATE_LIMIT);
    const { name: body, state } = facts.embodiment;
    const { parts } = config.net.task;
    checkPartNames("net.task.parts must be parts of the state", body, state, parts);
    this.counts = isInParts(state, parts.length === 0 ? state.map(({ name }) => name) : parts);
    this.knowsReward = buffer(zeros([]));
    this.hasDecoder = buffer(zeros([]));
  }

  get device(): string {
    return this.knowsReward.device;
  }

  /** Whether it was ever shown a state in training; one that was not goes by pictures alone, as goal pictures must. */
  get feels(): boolean {
    return this.config.training.jepa.stateDropShare < 1;
  }

  /** 1 where goals count in a number of the state, [P]. */
  countsTensor(): Tensor {
    return flagsTensor(this.counts, this.device);
  }

  /** 1 for every number of the named parts of the state, [P]. @throws {UsageError} if there is no such part */
  flagsOf(parts: readonly string[]): Tensor {
    const { name: body, state } = this.facts.embodiment;
    checkPartNames("JepaImagination.begin: goals must count in parts of the state", body, state, parts);
    return flagsTensor(isInParts(state, parts), this.device);
  }

  /** Pictures that the model takes. */
  get size(): { readonly height: number; readonly width: number } {
    const { height, width } = this.config.net;
    return { height, width };
  }

  /** Embeddings [B, D] as pictures, uint8 [B, V, H, W, 3]; they show something once `hasDecoder` is set. */
  draw(embedding: Tensor): Tensor {
    return this.#drawer.draw(embedding);
  }

  /** A copy whose matrices are bfloat16, to be run under autocast. Not trainable. */
  halfPrecisionNets(): JepaNets {
    return scope(() => {
      const copy = new JepaNets(this.config, this.facts, new Generator(0)).setTrainable(false);
      noGrad(() => copy.to({ device: this.device }).loadStateDict(this.nets.stateDict()));
      for (const module of copy.modules()) if (module instanceof Linear) module.to({ dtype: "bfloat16" });
      return copy;
    });
  }

  /** Normalised states [.., P] after a block with the given code [.., W]; as they were where the model has none. */
  moved(nets: JepaNets, embedding: Tensor, state: Tensor, code: Tensor): Tensor {
    if (nets.moveHead === null) return state;
    const change = nets.moveHead.forward(embedding, state, code);
    return state.add(change.mul(this.moveScale.std.div(this.stateScale.std)));
  }

  /**
   * Actions [B, n, A] in the units of the data, 1 to K control steps, as a block; null for one step of which nothing
   * is known. A part that never changed in training is left out: there is no scale to put it on.
   */
  blockOf(actions: Tensor | null, B: number): Block {
    const { device } = this;
    const { maxBlock: K } = this.config.net;
    const A = this.facts.actionWidth;
    const n = actions?.size(1) ?? 1;
    const length = zeros([1, K], { device });
    length.narrow(1, n - 1, 1).fill_(1);
    const known = actions === null ? null : this.actionScale.normalize(actions).flatten(1);
    const given = known ?? zeros([B, A], { device });
    return {
      actions: n === K ? given : cat([given, zeros([B, (K - n) * A], { device })], 1),
      length: length.expand([B, K]),
      isKnown: (known === null ? zeros([1, 1], { device }) : ones([1, 1], { device })).bool().expand([B, 1]),
    };
  }
}

/** The history of each moment of clips that are known throughout: embedding [B, S, D], code [B, S, W] of what followed. */
export function pastsOf(embedding: Tensor, code: Tensor, depth: number): Past {
  const S = embedding.size(1);
  const shifted = (x: Tensor, by: number): Tensor => {
    if (by >= S) return x.mul(0);
    const [B = 0, , width = 0] = x.shape;
    return cat([zeros([B, by, width], { device: x.device }), x.narrow(1, 0, S - by)], 1);
  };
  const there = ones([1, S, 1], { device: embedding.device });
  const each = (of: (by: number) => Tensor): Tensor =>
    depth === 0
      ? of(0).unsqueeze(2).narrow(2, 0, 0)
      : cat(
          Array.from({ length: depth }, (_, j) => of(j + 1).unsqueeze(2)),
          2,
        );
  return {
    embedding: each((by) => shifted(embedding, by)),
    code: each((by) => shifted(code, by)),
    isThere: each((by) => shifted(there, by)),
  };
}

/** The history one moment later: the present joins it, the oldest leaves. */
export function pastAfter(past: Past, present: Tensor, code: Tensor): Past {
  const h = past.embedding.size(-2);
  if (h === 0) return past;
  const push = (x: Tensor, newest: Tensor): Tensor =>
    h === 1 ? newest.unsqueeze(-2) : cat([newest.unsqueeze(-2), x.narrow(-2, 0, h - 1)], -2);
  const there = past.isThere.narrow(-2, 0, 1).squeeze(-2).mul(0).add(1);
  return {
    embedding: push(past.embedding, present),
    code: push(past.code, code),
    isThere: push(past.isThere, there),
  };
}

function flagsTensor(flags: readonly boolean[], device: string): Tensor {
  return fromTyped(Float32Array.from(flags, Number), [flags.length], { device });
}
