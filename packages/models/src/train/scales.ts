/** The scales of the training data, by which a model normalises what it is given. */
import { vectorStats, type ClipEpisode, type ClipLoader } from "@orrery/data";
import { noGrad, type Tensor } from "@orrery/torch";
import { actionLabels } from "../inverse/inferred-columns.ts";
import type { Normalizer } from "../nets/normalizer.ts";

/** What a model of either family keeps of its data. */
export interface Scales {
  readonly actionScale: Normalizer;
  readonly stateScale: Normalizer;
  readonly deltaScale?: Normalizer;
  readonly rewardScale: Normalizer;
  /** Scalar: becomes 1 where there are rewards. */
  readonly knowsReward?: Tensor;
}

/** Means and deviations of the training episodes. */
export function setScales(model: Scales, loader: ClipLoader): void {
  const state = vectorStats(loader.episodes, "state");
  const action = vectorStats(loader.episodes, "action") ?? vectorStats(inferred(loader.episodes), "action");
  noGrad(() => {
    if (action !== null) model.actionScale.set(action);
    if (state !== null) {
      model.stateScale.set(state);
      model.deltaScale?.set(deltaMoments(loader, state.std));
    }
    model.rewardScale.set(rewardMoments(loader));
    const hasReward = loader.episodes.some(({ columns }) => columns.reward !== null);
    model.knowsReward?.fill_(hasReward ? 1 : 0);
  });
}

/** The episodes with inferred actions in the place of recorded ones: the only scale where nothing was recorded. */
function inferred(episodes: ClipLoader["episodes"]): ClipEpisode[] {
  return episodes.map((episode) => {
    const labels = actionLabels(episode.columns, "use");
    if (labels === null) return episode;
    return { ...episode, columns: { ...episode.columns, action: labels.values, actionMask: labels.mask } };
  });
}

/** Of the change of the normalised state from row to row. */
function deltaMoments(
  loader: ClipLoader,
  stateStd: ArrayLike<number>,
): { mean: Float64Array; std: Float64Array } {
  const P = stateStd.length;
  const sum = new Float64Array(P);
  const squares = new Float64Array(P);
  let count = 0;
  for (const { columns } of loader.episodes) {
    if (columns.state === null) continue;
    const own = columns.state.length / columns.length;
    for (let row = 1; row < columns.length; row++) {
      if (columns.stateMask[row] !== 1 || columns.stateMask[row - 1] !== 1) continue;
      count++;
      for (let i = 0; i < own; i++) {
        const scale = (stateStd[i] as number) || 1;
        const delta =
          ((columns.state[row * own + i] as number) - (columns.state[(row - 1) * own + i] as number)) / scale;
        sum[i] = (sum[i] as number) + delta;
        squares[i] = (squares[i] as number) + delta * delta;
      }
    }
  }
  const mean = sum.map((s) => s / Math.max(1, count));
  return {
    mean,
    std: squares.map((s, i) => Math.sqrt(Math.max(0, s / Math.max(1, count) - (mean[i] as number) ** 2))),
  };
}

function rewardMoments(loader: ClipLoader): { mean: number[]; std: number[] } {
  let count = 0;
  let sum = 0;
  let squares = 0;
  for (const { columns } of loader.episodes) {
    columns.reward?.forEach((reward, row) => {
      if (columns.rewardMask[row] !== 1) return;
      count++;
      sum += reward;
      squares += reward * reward;
    });
  }
  const mean = sum / Math.max(1, count);
  return { mean: [mean], std: [Math.sqrt(Math.max(0, squares / Math.max(1, count) - mean * mean))] };
}
