/** The two-dimensional Fourier transform of small square pictures, in place; just what motion estimation needs. */

/** Complex numbers of an n x n picture, rows first. */
export interface Spectrum {
  readonly re: Float32Array;
  readonly im: Float32Array;
}

/** Transforms of one size. Not for use by two callers at once: the tables are shared, the data is the caller's. */
export class SquareFft {
  readonly n: number;
  readonly #reversed: Uint16Array;
  readonly #cos: Float32Array;
  readonly #sin: Float32Array;

  /** @param n side, a power of two */
  constructor(n: number) {
    this.n = n;
    const bits = Math.log2(n);
    this.#reversed = Uint16Array.from({ length: n }, (_, i) => {
      let reversed = 0;
      for (let b = 0; b < bits; b++) reversed |= ((i >> b) & 1) << (bits - 1 - b);
      return reversed;
    });
    this.#cos = Float32Array.from({ length: n / 2 }, (_, i) => Math.cos((2 * Math.PI * i) / n));
    this.#sin = Float32Array.from({ length: n / 2 }, (_, i) => -Math.sin((2 * Math.PI * i) / n));
  }

  make(): Spectrum {
    return { re: new Float32Array(this.n * this.n), im: new Float32Array(this.n * this.n) };
  }

  /** Forward transform. Twice forward is the mirrored original times n², which is how the inverse is done here. */
  forward({ re, im }: Spectrum): void {
    for (let i = 0; i < this.n; i++) {
      this.#line(re, im, i * this.n, 1);
    }
    for (let i = 0; i < this.n; i++) {
      this.#line(re, im, i, this.n);
    }
  }

  /** One row (stride 1) or column (stride n): decimation in time, radix 2 (Cooley and Tukey 1965). */
  #line(re: Float32Array, im: Float32Array, base: number, stride: number): void {
    const { n } = this;
    const reversed = this.#reversed;
    for (let i = 0; i < n; i++) {
      const j = reversed[i] as number;
      if (j <= i) continue;
      const a = base + i * stride;
      const b = base + j * stride;
      const r = re[a] as number;
      const m = im[a] as number;
      re[a] = re[b] as number;
      im[a] = im[b] as number;
      re[b] = r;
      im[b] = m;
    }
    for (let half = 1; half < n; half <<= 1) {
      const turn = n / (2 * half);
      for (let k = 0; k < half; k++) {
        const c = this.#cos[k * turn] as number;
        const s = this.#sin[k * turn] as number;
        for (let i = k; i < n; i += 2 * half) {
          const a = base + i * stride;
          const b = a + half * stride;
          const br = re[b] as number;
          const bi = im[b] as number;
          const r = br * c - bi * s;
          const m = br * s + bi * c;
          const ar = re[a] as number;
          const ai = im[a] as number;
          re[b] = ar - r;
          im[b] = ai - m;
          re[a] = ar + r;
          im[a] = ai + m;
        }
      }
    }
  }
}
