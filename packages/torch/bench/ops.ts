/**
 * Workloads of single operators: calls on tiny tensors, which cost nothing but the way there and back, and matrix products. peer.py holds the
 * same ones.
 */
import { randn, type DType } from "@orrery/torch";
import type { Workload } from "./compare.ts";

const CALLS = 2000;

/** Small calls, and one small step with a backward pass. */
export function callWorkloads(): Workload[] {
  const [a, b, cube] = [randn([4]), randn([4]), randn([2, 3, 4])];
  const weight = randn([64, 64], { requiresGrad: true });
  const x = randn([16, 64]);
  const step = (): void => {
    x.matmul(weight).tanh().square().mean().backward();
    weight.grad = null;
  };
  return [
    { name: "add", repeats: CALLS, run: () => void a.add(b) },
    { name: "mulScalar", repeats: CALLS, run: () => void a.mul(2) },
    { name: "relu", repeats: CALLS, run: () => void a.relu() },
    { name: "addInPlace", repeats: CALLS, run: () => void a.add_(b) },
    { name: "reshape", repeats: CALLS, run: () => void a.reshape([2, 2]) },
    { name: "permute", repeats: CALLS, run: () => void cube.permute([2, 0, 1]) },
    { name: "sumDim", repeats: CALLS, run: () => void a.sum(0) },
    { name: "backward, 5 small operators", repeats: 200, run: step },
  ];
}

/** Square matrix products, float32 and bfloat16. */
export function productWorkloads(): Workload[] {
  const product = (n: number, dtype: DType): Workload => {
    const [x, y] = [randn([n, n]).to(dtype), randn([n, n]).to(dtype)];
    return { name: `matmul ${dtype} ${n}`, repeats: 1, flops: 2 * n ** 3, run: () => void x.matmul(y) };
  };
  return [256, 512, 1024, 2048].flatMap((n) => [product(n, "float32"), product(n, "bfloat16")]);
}
