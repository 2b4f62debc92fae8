/**
 * Muon: momentum whose update is made orthogonal, so that all directions of a weight matrix move alike.
 *
 * Source: Jordan et al. 2024, kellerjordan.github.io/posts/muon; update scale and weight decay from Liu et al. 2025
 * (Moonlight), arXiv:2502.16982, which lets Muon and AdamW share one learning rate.
 */
import { UsageError } from "@orrery/core";
import { scope } from "../memory.ts";
import { checkState } from "../nn/module.ts";
import { preferredProductDtype } from "../nn/precision.ts";
import type { Tensor } from "../tensor.ts";
import { AdamW, type AdamWOptions } from "./adamw.ts";
import { checkRanges, SlotTable, type NamedParameters, type Optimizer } from "./optimizer.ts";

export interface MuonOptions {
  readonly lr: number;
  readonly momentum?: number;
  readonly weightDecay?: number;
  /**
   * What the Newton-Schulz products are computed in. bfloat16 suffices, as the result is only roughly orthogonal, and
   * is several times faster where hardware multiplies it; by default `preferredProductDtype` decides per parameter's device.
   */
  readonly productDtype?: "bfloat16" | "float32" | "float64";
}

/** For matrices only; see `MuonWithAdamW` for a whole model. */
export class Muon implements Optimizer {
  readonly #table: SlotTable<"momentum">;
  readonly #options: Required<Omit<MuonOptions, "productDtype">>;
  readonly #productDtype: MuonOptions["productDtype"];

  /** @throws {UsageError} if a parameter is not a matrix */
  constructor(parameters: NamedParameters, options: MuonOptions) {
    const wrong = parameters.find(([, parameter]) => parameter.rank !== 2);
    if (wrong !== undefined) {
      const [name, parameter] = wrong;
      throw new UsageError(
        `Muon: every parameter must be a matrix, got "${name}" with [${parameter.shape.join(", ")}]. Give it to AdamW.`,
      );
    }
    this.#options = { momentum: 0.95, weightDecay: 0, ...options };
    this.#productDtype = options.productDtype;
    const { lr, momentum, weightDecay } = this.#options;
    checkRanges("Muon", {
      lr: [lr, 0, Infinity],
      momentum: [momentum, 0, 1],
      weightDecay: [weightDecay, 0, Infinity],
    });
    this.#table = new SlotTable("Muon", parameters, ["momentum"]);
  }

  step(lrFactor = 1): void {
    const { lr, momentum, weightDecay } = this.#options;
    const rate = lr * lrFactor;
    this.#table.forEachWithGrad(({ parameter, parts }, grad) => {
      // lerp says the same and takes eight times as long in libtorch 1.13, which computes it number by number.
      parts.momentum.mul_(momentum).add_(grad, 1 - momentum);
      const nesterov = grad.mul(1 - momentum).add_(parts.momentum, momentum);
      const update = orthogonalize(nesterov, this.#productDtype ?? preferredProductDtype(parameter.device));
      if (weightDecay > 0) parameter.mul_(1 - rate * weightDecay);
      // An orthogonal [m, n] matrix has elements of RMS 1 / sqrt(max(m, n)); AdamW's updates have about 0.2.
      const scale = 0.2 * Math.sqrt(Math.max(...parameter.shape));
      parameter.add_(update.to(parameter.dtype), -rate * scale);
    });
  }

  zeroGrad(): void {
    this.#table.zeroGrad();
  }

  stateDict(): Map<string, Tensor> {
    return this.#table.stateDict();
  }

  loadStateDict(state: ReadonlyMap<string, Tensor>): void {
    this.#table.loadStateDict(state);
  }
}

/**
 * Pushes all singular values of a matrix [m, n] to roughly 1 (between about 0.7 and 1.2) by five Newton-Schulz steps
 * of a quintic whose slope at zero is as steep as stability allows, so small ones rise quickly.
 */
export function orthogonalize(
  matrix: Tensor,
  productDtype: "bfloat16" | "float32" | "float64" = "float32",
): Tensor {
  const [a, b, c] = [3.4445, -4.775, 2.0315];
  return scope(() => {
    const isTall = matrix.size(0) > matrix.size(1); // the products are cheapest on the wide side
    let x = matrix.div(matrix.norm().add_(1e-7)).to(productDtype);
    if (isTall) x = x.t();
    for (let i = 0; i < 5; i++) {
      const gram = x.mm(x.t());
      const polynomial = gram.addmm(gram, gram, b, c); // b A + c A A
      x = x.addmm(polynomial, x, a); // a X + (b A + c A A) X
    }
    return isTall ? x.t() : x;
  });
}

export interface MuonWithAdamWOptions {
  readonly muon: MuonOptions;
  readonly adamw: AdamWOptions;
  /** Which matrices Muon takes. It suits hidden layers, not lookup tables or a model's first and last layers. */
  readonly isHidden?: (name: string, parameter: Tensor) => boolean;
}

/** Muon for the hidden matrices of a model and AdamW for all else: embeddings, norms, biases, in- and outputs. */
export class MuonWithAdamW implements Optimizer {
  readonly #parts: readonly (readonly [name: string, optimizer: Optimizer])[];
  /** Names of the parameters that Muon moves, for logs. */
  readonly muonNames: readonly string[];

  constructor(parameters: NamedParameters, options: MuonWithAdamWOptions) {
    const isHidden = options.isHidden ?? isLikelyHidden;
    const takes = ([name, parameter]: readonly [string, Tensor]): boolean =>
      parameter.rank === 2 && isHidden(name, parameter);
    const matrices = parameters.filter(takes);
    const others = parameters.filter((entry) => !takes(entry));
    this.muonNames = matrices.map(([name]) => name);
    this.#parts = [
      ["muon", new Muon(matrices, options.muon)],
      ["adamw", new AdamW(others, options.adamw)],
    ];
  }

  step(lrFactor = 1): void {
    for (const [, optimizer] of this.#parts) optimizer.step(lrFactor);
  }

  zeroGrad(): void {
    for (const [, optimizer] of this.#parts) optimizer.zeroGrad();
  }

  stateDict(): Map<string, Tensor> {
    const entries = this.#parts.flatMap(([prefix, optimizer]) =>
      [...optimizer.stateDict()].map(([name, value]) => [`${prefix}.${name}`, value] as const),
    );
    return new Map(entries);
  }

  loadStateDict(state: ReadonlyMap<string, Tensor>): void {
    // Checked as a whole first, so that neither part is loaded when the other does not fit.
    scope(() => checkState("MuonWithAdamW.loadStateDict", this.stateDict(), state));
    for (const [prefix, optimizer] of this.#parts) {
      const own = [...state].filter(([name]) => name.startsWith(`${prefix}.`));
      optimizer.loadStateDict(new Map(own.map(([name, value]) => [name.slice(prefix.length + 1), value])));
    }
  }
}

/** Matrices inside numbered blocks ("blocks.3.attn.qkv.weight"): how the project's models name hidden layers. */
function isLikelyHidden(name: string): boolean {
  return /\.\d+\./.test(name);
}
