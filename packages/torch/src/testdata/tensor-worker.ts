/** Used by worker.test.ts: trains a little in a worker thread and reports what it holds. */
import { parentPort } from "node:worker_threads";
import { liveTensorCount, randn, scope, zeros } from "../index.ts";

for (let i = 0; i < 20; i++) {
  scope(() => {
    const x = randn([32, 32], { requiresGrad: true });
    x.matmul(x).sum().backward();
  });
}
let message = "no error";
try {
  scope(() => zeros([2]).matmul(zeros([3])));
} catch (error) {
  message = error instanceof Error ? error.name : String(error);
}
parentPort?.postMessage({ live: liveTensorCount(), message });
