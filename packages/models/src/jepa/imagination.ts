/**
 * Running a joint-embedding model: streams of embeddings that are stepped on under actions, many at once.
 *
 * Shapes: B streams, M futures of each, H imagined steps, n control steps of a block, K the longest one, A action width,
 * P state width, D numbers of an embedding, V cameras.
 */
import { ShapeError, UsageError } from "@orrery/core";
import {
  autocast,
  fromTyped,
  full,
  isGradEnabled,
  noGrad,
  randn,
  scope,
  stack,
  where,
  zeros,
  type Generator,
  type Tensor,
} from "@orrery/torch";
import {
  forkRows,
  type Abilities,
  type BeginOptions,
  type Feeling,
  type ProposeOptions,
  type DrawingImagination,
  type Rollout,
  type Stats,
} from "../imagination.ts";
import type { Context, StreamFacts } from "../world-model.ts";
import type { Sight } from "./encoder.ts";
import { pastAfter, type JepaModel, type JepaNets } from "./model.ts";
import { drawMode } from "./modes.ts";
import type { BlockCode } from "./predictor.ts";
import { goalOf, noGoal } from "./goal.ts";
import { goalDistance } from "./heads.ts";
import { PointsEncoder } from "./points-encoder.ts";
import { JepaState, type GoalMark, type Moment, type Scene } from "./state.ts";

export interface JepaOptions {
  /** Runs matrix products in bfloat16; see precision.ts. */
  readonly usesBfloat16?: boolean;
}

/** Runs a model; it borrows it. Without gradients, but for `rollout`. */
export class JepaImagination implements DrawingImagination<JepaState> {
  readonly model: JepaModel;
  readonly abilities: Abilities;
  readonly #nets: JepaNets;
  readonly #precision: { readonly enabled: boolean; readonly device: "cpu" | "cuda" };

  constructor(model: JepaModel, options: JepaOptions = {}) {
    this.model = model;
    // Autocast would cast frozen weights anew at every product: a fifth of the time of a plan.
    this.#nets = options.usesBfloat16 === true ? model.halfPrecisionNets() : model.nets;
    const isSet = (flag: Tensor): boolean => scope(() => flag.item()) > 0;
    const reward = isSet(model.knowsReward);
    const goal = reward && model.nets.goalHead !== null && model.goalScale.isSet;
    const prior = goal && model.nets.prior !== null && isSet(model.nets.prior.isTrained);
    const pictures = isSet(model.hasDecoder);
    const stages = goal && model.config.net.task.goals === "rests";
    this.abilities = { reward, task: reward, goal, stages, prior, gradient: true, pictures };
    this.#precision = {
      enabled: options.usesBfloat16 ?? false,
      device: model.device.startsWith("cuda") ? "cuda" : "cpu",
    };
  }

  get facts(): StreamFacts {
    return this.model.facts;
  }

  get actionStats(): Stats {
    return this.model.actionScale.moments;
  }

  get stateStats(): Stats {
    return this.model.stateScale.moments;
  }

  get size(): { readonly height: number; readonly width: number } {
    return this.model.size;
  }

  get maxBlock(): number {
    return this.model.config.net.maxBlock;
  }

  /** The rows that the history's moments lie on, blocks of the longest length apart. */
  get contextRows(): number {
    return (this.model.config.net.historyFrames - 1) * this.maxBlock + 1;
  }

  get device(): string {
    return this.model.device;
  }

  get embeddingWeights(): Float32Array | null {
    const { encoder } = this.model.nets;
    return encoder instanceof PointsEncoder
      ? Float32Array.from(scope(() => encoder.reliability.toFloat64()))
      : null;
  }

  /**
   * Takes in the last row and as many before it, a longest block apart, as the history holds.
   * @throws {ShapeError} if cameras, pictures, action or state have another size than the model was made for
   */
  begin(context: Context, options: BeginOptions = {}): JepaState {
    this.#check(context);
    const { model } = this;
    const { B, T } = context;
    const K = this.maxBlock;
    const depth = model.config.net.historyFrames - 1;
    const numPast = Math.min(depth, Math.floor((T - 1) / K));
    const rows = Array.from({ length: numPast + 1 }, (_, j) => T - 1 - (numPast - j) * K);
    const words = textsFor(options.task ?? "", B);
    return this.#run(() => {
      const { encoder, predictor } = this.#nets;
      const sights = rows.map((row) => this.#sightOf(context, row));
      const seen = sights.map((sight) => encoder.forward(sight));
      let past = predictor.noPast(B);
      for (const [j, earlier] of seen.slice(0, -1).entries()) {
        const block = model.blockOf(this.#actionsOf(context, rows[j] as number), B);
        const { code } = predictor.blockCode(block);
        past = pastAfter(past, earlier, code);
      }
      const embedding = seen.at(-1) as Tensor;
      const sight = sights.at(-1) as Sight;
      const state = this.#feltOf(embedding, sight);
      const surprise = zeros([B], { device: model.device });
      const scene = { texts: words, goalParts: options.goalParts, picture: sight.frames };
      return new JepaState({ embedding, past, surprise, state, ...this.#taskOf(scene, state) }, scene);
    });
  }

  /** @throws {UsageError} if there are neither one text nor as many as streams */
  setTask(state: JepaState, task: string | readonly string[]): void {
    const words = textsFor(task, state.streams);
    state.setTask(
      words,
      this.#run(() => this.#taskOf({ ...state.scene, texts: words }, state.moment.state)),
    );
  }

  step(state: JepaState, action: Tensor | null): JepaState {
    scope(() => {
      for (const block of this.#blocksOf(state, action)) {
        state.advance(
          this.#run(() => {
            const { predictor } = this.#nets;
            const code = predictor.blockCode(this.model.blockOf(block, state.streams));
            return this.#after(state.moment, code);
          }),
        );
      }
    });
    return state;
  }

  /** Of a longer block all but the last part is imagined. */
  observe(state: JepaState, action: Tensor | null, frames: Tensor, proprioception: Tensor | null): JepaState {
    this.step(state, action);
    scope(() => {
      const { moment, scene } = this.#run(() => {
        const sight = this.#sight(frames, proprioception);
        const embedding = this.#nets.encoder.forward(sight);
        const expected = state.moment.embedding;
        const surprise = embedding.sub(expected).square().mean(-1).sqrt();
        return {
          moment: { embedding, surprise, state: this.#feltOf(embedding, sight) },
          scene: { ...state.scene, picture: sight.frames.clone() },
        };
      });
      state.correct(moment, scene);
    });
    return state;
  }

  fork(state: JepaState, copies: number): JepaState {
    return scope(() => {
      const rows = forkRows(state.streams, copies);
      return this.select(state, fromTyped(rows, [rows.length], { device: this.device }));
    });
  }

  select(state: JepaState, rows: Tensor): JepaState {
    return noGrad(() => scope(() => state.select(rows)));
  }

  /** Drawn from the embedding after a step, where that has been learnt; else the last picture observed. */
  look(state: JepaState): Tensor {
    return state.look(
      this.abilities.pictures ? (embedding) => this.#run(() => this.model.draw(embedding)) : undefined,
    );
  }

  feel(state: JepaState): Feeling {
    return this.#run(() => {
      const { state: felt, goal, surprise } = state.moment;
      return {
        ...this.#judge(state.moment),
        toldDistance: goalDistance(felt, goal.aim, goal.isTold),
        surprise: surprise.clone(),
      };
    });
  }

  embed(state: JepaState): Tensor {
    return noGrad(() => state.moment.embedding.clone());
  }

  embedImage(frames: Tensor, proprioception: Tensor | null = null): Tensor {
    return this.#run(() => this.#nets.encoder.forward(this.#sight(frames, proprioception)));
  }

  /** What is left of pictures in their embeddings; each by itself, whatever came before. */
  reconstruct(frames: Tensor, _before: Tensor): Tensor {
    return this.#run(() => {
      const [B = 0, T = 0] = frames.shape;
      const sight = this.#sight(frames.flatten(0, 1), null);
      return this.model.draw(this.#nets.encoder.forward(sight)).unflatten(0, [B, T]);
    });
  }

  rollout(state: JepaState, actions: Tensor): Rollout {
    const [N = 0, H = 0, n = 0] = actions.shape;
    if (n > this.maxBlock) {
      const wanted = `[N, H, at most ${this.maxBlock}, A]`;
      throw new ShapeError("JepaImagination.rollout", "actions", wanted, actions.shape);
    }
    const withGradient = isGradEnabled() && actions.requiresGrad;
    return this.#run(() => {
      const { predictor } = this.#nets;
      const rows = forkRows(state.streams, N / state.streams);
      let moment = state.momentOf(fromTyped(rows, [N], { device: this.device }));
      const { task, goal } = moment;
      // What the blocks do is one product for all steps.
      const all = predictor.blockCode(this.model.blockOf(actions.flatten(0, 1), N * H));
      const code = all.code.unflatten(0, [N, H]);
      const modulation = all.modulation.unflatten(0, [N, H]);
      const moments: Moment[] = [];
      for (let h = 0; h < H; h++) {
        moment = this.#after(moment, { code: code.select(1, h), modulation: modulation.select(1, h) });
        moments.push(moment);
      }
      const over = (of: (moment: Moment) => Tensor): Tensor => stack(moments.map(of), 1);
      const embedding = over((each) => each.embedding);
      return {
        embedding,
        surprise: over((each) => each.surprise),
        ...this.#judge({
          embedding,
          state: over((each) => each.state),
          task: task.unsqueeze(1),
          goal: { aim: goal.aim.unsqueeze(1), precision: goal.precision.unsqueeze(1) },
        }),
      };
    }, withGradient);
  }

  drawGoal(state: JepaState, generator: Generator): void {
    scope(() => {
      const { mean, precision } = state.moment.goal;
      const noise = randn(mean.shape, { generator }).to({ device: this.device });
      // Precision is what is known beyond the recordings' own deviation of 1.
      const spread = precision.add(1).rsqrt().mul(precision.gt(0).float());
      state.setAim(mean.add(noise.mul(spread)));
    });
  }

  propose(state: JepaState, options: ProposeOptions, generator: Generator): Tensor {
    const { copies, horizon: H, block: n, isStuck = false } = options;
    const { prior } = this.#nets;
    if (prior === null || !this.abilities.prior) {
      throw new UsageError(
        "JepaImagination.propose: this model has learnt no policy prior. Ask `abilities.prior` first.",
      );
    }
    if (n > this.maxBlock) {
      throw new UsageError(
        `JepaImagination.propose: a block must have at most ${this.maxBlock} control steps, got ${n}.`,
      );
    }
    return this.#run(() => {
      const { model, device } = this;
      const rows = forkRows(state.streams, copies);
      const N = rows.length;
      let moment = state.momentOf(fromTyped(rows, [N], { device }));
      const { isTold } = moment.goal;
      const isAsked = full([N, 1], 1, { device }); // goals come from words alone
      const aim = { mean: moment.goal.aim, isTold, isAsked };
      // The first of each stream's copies does at every block what is expected, unless it is stuck with that.
      const isDrawn = fromTyped(
        Float32Array.from(rows, (_, i) => (i % copies === 0 && !isStuck ? 0 : 1)),
        [N, 1, 1],
        { device },
      );
      const blocks: Tensor[] = [];
      for (let h = 0; h < H; h++) {
        const modes = prior.modes(moment.state, aim);
        const guess = prior.way(modes, drawMode(modes, isDrawn, generator));
        const std = guess.logVariance.mul(0.5).exp();
        // One draw for a block: whoever moves a hand means it for longer than a control step.
        const noise = randn([N, 1, std.size(2)], { generator })
          .to({ device })
          .mul(isDrawn);
        const chosen = guess.mean.add(std.mul(noise)).narrow(1, 0, n);
        const actions = model.actionScale.denormalize(chosen);
        blocks.push(actions);
        moment = this.#after(moment, this.#nets.predictor.blockCode(model.blockOf(actions, N)));
      }
      return stack(blocks, 1);
    });
  }

  #run<T>(fn: () => T, withGradient = false): T {
    const inside = (): T => scope(() => autocast(this.#precision, fn));
    return withGradient ? inside() : noGrad(inside);
  }

  #after(moment: Moment, { code, modulation }: BlockCode): Moment {
    const { embedding, past, task, goal } = moment;
    const next = this.#nets.predictor.forward(embedding, past, modulation);
    return {
      embedding: next.embedding,
      past: pastAfter(past, embedding, code),
      surprise: next.logError.mul(0.5).exp(),
      task,
      goal,
      state: this.model.moved(this.#nets, embedding, moment.state, code),
    };
  }

  /** In the units of the data. */
  #judge({
    embedding,
    state,
    task,
    goal,
  }: Pick<Moment, "embedding" | "state" | "task"> & {
    readonly goal: Pick<GoalMark, "aim" | "precision">;
  }): Omit<Feeling, "surprise" | "toldDistance"> {
    const { stateScale, rewardScale } = this.model;
    const { reward, successLogit } = this.#nets.outcomes.forward(embedding, task);
    return {
      state: stateScale.denormalize(state),
      goalDistance: goalDistance(state, goal.aim, goal.precision),
      reward: rewardScale.denormalize(reward.unsqueeze(-1)).squeeze(-1),
      success: successLogit.sigmoid(),
    };
  }

  /** What was felt; where nothing was, what the pictures tell of it. */
  #feltOf(embedding: Tensor, { state, hasState }: Sight): Tensor {
    const { stateHead } = this.#nets;
    return stateHead === null ? state.clone() : where(hasState, state, stateHead.forward(embedding).float());
  }

  /** What is asked for, as read off a picture and, where goals are rests, what is felt there: normalised, [B, P]. */
  #taskOf({ texts, goalParts, picture }: Scene, felt: Tensor): Pick<Moment, "task" | "goal"> {
    const { text, reader, outcomes, goalHead } = this.#nets;
    const found = reader.forward(text.read(texts), picture);
    const task = outcomes.ofTask(found);
    const isTold = goalHead !== null && this.abilities.goal;
    return {
      task,
      goal: isTold
        ? goalOf(this.model, goalHead, found, felt, goalParts)
        : noGoal(this.model, picture.size(0)),
    };
  }

  /** An action as blocks that the predictor takes, each [B, n, A]. */
  #blocksOf(state: JepaState, action: Tensor | null): (Tensor | null)[] {
    if (action === null) return [null];
    const block = action.rank === 2 ? action.unsqueeze(1) : action;
    const { actionWidth } = this.facts;
    if (block.size(0) !== state.streams || block.size(-1) !== actionWidth) {
      const wanted = `[${state.streams}, n, ${actionWidth}] or [${state.streams}, ${actionWidth}]`;
      throw new ShapeError("JepaImagination.step", "action", wanted, action.shape);
    }
    return block.split(this.maxBlock, 1);
  }

  /** One moment as the encoder takes it. */
  #sight(frames: Tensor, proprioception: Tensor | null): Sight {
    const B = frames.size(0);
    const { stateScale, facts, device, feels } = this.model;
    const felt = feels ? proprioception : null;
    return {
      frames: frames.to({ device }),
      state:
        felt === null ? zeros([B, facts.stateWidth], { device }) : stateScale.normalize(felt.to({ device })),
      hasState: full([B, 1], felt !== null, { dtype: "bool", device }),
    };
  }

  /** Row `row` of a context. */
  #sightOf({ B, T, V, H, W, P, frames, state, stateMask }: Context, row: number): Sight {
    const { device, stateScale, feels } = this.model;
    const known = feels ? stateMask : new Uint8Array(B * T);
    const hasState = fromTyped(known, [B, T, 1], { device }).bool().select(1, row);
    const felt = stateScale.normalize(fromTyped(state, [B, T, P], { device }).select(1, row));
    return {
      frames: fromTyped(frames, [B, T, V, H, W, 3]).select(1, row).contiguous().to({ device }),
      state: felt.mul(hasState.float()),
      hasState,
    };
  }

  /** The block of actions [B, K, A] that begins at row `row`; null where one of them is not known. */
  #actionsOf({ B, T, A, action, actionMask }: Context, row: number): Tensor | null {
    const K = this.maxBlock;
    if (A === 0) return null;
    for (let b = 0; b < B; b++) {
      if (actionMask.subarray(b * T + row, b * T + row + K).includes(0)) return null;
    }
    return fromTyped(action, [B, T, A], { device: this.device }).narrow(1, row, K);
  }

  #check({ T, V, A, P, H, W }: Context): void {
    const { cameras, actionWidth, stateWidth } = this.facts;
    const { height, width } = this.size;
    const where = "JepaImagination.begin";
    const hint = "The model was trained on another embodiment; see its embodiment.json.";
    if (T < 1) throw new UsageError(`${where}: a context needs at least one frame, got 0.`);
    if (V !== cameras.length) {
      const wanted = `${cameras.length} cameras (${cameras.join(", ")})`;
      throw new ShapeError(where, "frames", wanted, [V], hint);
    }
    if (H !== height || W !== width)
      throw new ShapeError(where, "frames", `[${height}, ${width}] pixels`, [H, W], "Resize them.");
    if (A !== actionWidth) throw new ShapeError(where, "action", `[B, T, ${actionWidth}]`, [A], hint);
    if (P !== stateWidth) throw new ShapeError(where, "state", `[B, T, ${stateWidth}]`, [P], hint);
  }
}

/** One text per stream. @throws {UsageError} if there are neither one nor as many as streams */
function textsFor(task: string | readonly string[], streams: number): readonly string[] {
  if (typeof task === "string") return Array.from({ length: streams }, () => task);
  if (task.length === streams) return task;
  throw new UsageError(
    `JepaImagination: there must be one task for all or one for each of ${streams} streams, got ${task.length}.`,
  );
}
