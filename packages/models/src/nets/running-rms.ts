/** Running root mean square of each loss, by which it is divided so that no weights need tuning (Dreamer 4, section 3.1). */
export class RunningRms {
  readonly #decay: number;
  readonly #square = new Map<string, number>();
  readonly #weight = new Map<string, number>();

  constructor(decay = 0.99) {
    this.#decay = decay;
  }

  /** Takes the newest value of a loss and gives the factor to multiply it with. */
  factor(name: string, value: number): number {
    if (!Number.isFinite(value)) return 0; // the step is skipped by its caller; the average must not be spoilt
    const square = this.#decay * (this.#square.get(name) ?? 0) + (1 - this.#decay) * value * value;
    const weight = this.#decay * (this.#weight.get(name) ?? 0) + (1 - this.#decay);
    this.#square.set(name, square);
    this.#weight.set(name, weight);
    return 1 / Math.max(Math.sqrt(square / weight), 1e-8);
  }

  get state(): Record<string, readonly [number, number]> {
    return Object.fromEntries([...this.#square].map(([name, s]) => [name, [s, this.#weight.get(name) ?? 0]]));
  }

  restore(state: Readonly<Record<string, readonly [number, number]>>): void {
    this.#square.clear();
    this.#weight.clear();
    for (const [name, [square, weight]] of Object.entries(state)) {
      this.#square.set(name, square);
      this.#weight.set(name, weight);
    }
  }
}
