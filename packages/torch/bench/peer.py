#!/usr/bin/env python3
"""The workloads of ops.ts in Python's torch. Prints {"torch": version, "seconds": {name: seconds per run}} as its last line.

Arguments: the number of threads, then the seconds to spend on each workload.
"""
import json
import sys
import time

import torch

threads, budget = int(sys.argv[1]), float(sys.argv[2])
torch.set_num_threads(threads)
torch.manual_seed(0)


def best(run, repeats):
    """The fastest of many batches: everything slower was disturbed by something else."""
    for _ in range(3):
        run()
    fastest, end = float("inf"), time.perf_counter() + budget
    while time.perf_counter() < end:
        start = time.perf_counter()
        for _ in range(repeats):
            run()
        fastest = min(fastest, (time.perf_counter() - start) / repeats)
    return fastest


a, b = torch.randn(4), torch.randn(4)
cube = torch.randn(2, 3, 4)
workloads = {
    "add": (lambda: torch.add(a, b), 2000),
    "mulScalar": (lambda: a * 2, 2000),
    "relu": (lambda: a.relu(), 2000),
    "addInPlace": (lambda: a.add_(b), 2000),
    "reshape": (lambda: a.reshape(2, 2), 2000),
    "permute": (lambda: cube.permute(2, 0, 1), 2000),
    "sumDim": (lambda: a.sum(0), 2000),
}


def product(n, dtype):
    x, y = torch.randn(n, n).to(dtype), torch.randn(n, n).to(dtype)
    return lambda: x @ y


for n in (256, 512, 1024, 2048):
    workloads[f"matmul float32 {n}"] = (product(n, torch.float32), 1)
    workloads[f"matmul bfloat16 {n}"] = (product(n, torch.bfloat16), 1)


def step():
    weight = torch.randn(64, 64, requires_grad=True)
    x = torch.randn(16, 64)

    def run():
        loss = (x @ weight).tanh().square().mean()
        loss.backward()
        weight.grad = None

    return run


workloads["backward, 5 small operators"] = (step(), 200)

seconds = {name: best(run, repeats) for name, (run, repeats) in workloads.items()}
print(json.dumps({"torch": torch.__version__, "seconds": seconds}))
