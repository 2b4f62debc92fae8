#!/usr/bin/env python3
"""Writes src/testdata/reference.json: results and gradients computed by Python's torch, for reference.test.ts.

Run by `/usr/bin/python3 packages/torch/scripts/make-references.py` (Debian's python3-torch). Change a case only together with the test's
table of the same names. Values are rounded to 9 digits, which float32 results survive unchanged.
"""
import json
import pathlib

import torch
import torch.nn.functional as F

torch.manual_seed(7)


def draw(*shape):
    return torch.randn(*shape)


x, y = draw(3, 4), draw(3, 4)
positive = draw(3, 4).abs() + 0.5
image, kernel = draw(2, 3, 6, 5), draw(4, 3, 3, 3)
up_kernel = draw(3, 2, 4, 4)
query, key, value = draw(2, 3, 5, 8), draw(2, 3, 7, 8), draw(2, 3, 7, 6)
square = draw(2, 2, 6, 8)


def plain_attention(q, k, v, mask=None, causal=False):
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    if causal:
        mask = torch.ones(q.shape[-2], k.shape[-2]).tril() > 0
    if mask is not None:
        scores = scores.masked_fill(~mask, -float("inf"))
    return scores.softmax(-1) @ v


seen = torch.arange(35).reshape(5, 7) % 3 != 1
ids = torch.tensor([[2, 0, 1], [1, 1, 2]])
classes = torch.tensor([3, 0, 2])

# name: (inputs, function); every input gets a gradient
cases = {
    "add": ([x, y], lambda a, b: a + b),
    "subScalar": ([x], lambda a: a - 1.5),
    "rsub": ([x], lambda a: 2.0 - a),
    "mulBroadcast": ([x, draw(4)], lambda a, b: a * b),
    "div": ([x, positive], lambda a, b: a / b),
    "pow": ([positive], lambda a: a.pow(1.7)),
    "lerp": ([x, y], lambda a, b: a.lerp(b, 0.3)),
    "exp": ([x], torch.exp),
    "log": ([positive], torch.log),
    "rsqrt": ([positive], torch.rsqrt),
    "tanh": ([x], torch.tanh),
    "sigmoid": ([x], torch.sigmoid),
    "relu": ([x], torch.relu),
    "gelu": ([x], F.gelu),
    "geluTanh": ([x], lambda a: F.gelu(a, approximate="tanh")),
    "silu": ([x], F.silu),
    "softplus": ([x], F.softplus),
    "clamp": ([x], lambda a: a.clamp(-0.5, 0.7)),
    "maskedFill": ([x], lambda a: a.masked_fill(a > 0.2, 9.0)),
    "where": ([x, y], lambda a, b: torch.where(a > b, a, b * 2)),
    "sumDim": ([x], lambda a: a.sum(1)),
    "meanKeepdim": ([x], lambda a: a.mean(0, keepdim=True)),
    "std": ([x], lambda a: a.std(-1)),
    "varBiased": ([x], lambda a: a.var(-1, unbiased=False)),
    "maxDim": ([x], lambda a: a.max(1).values),
    "norm": ([x], lambda a: a.norm()),
    "logsumexp": ([x], lambda a: a.logsumexp(1)),
    "softmax": ([x], lambda a: a.softmax(-1)),
    "logSoftmax": ([x], lambda a: a.log_softmax(0)),
    "cumsum": ([x], lambda a: a.cumsum(1)),
    "sortDescending": ([x], lambda a: a.sort(1, descending=True).values),
    "topkSmallest": ([x], lambda a: a.topk(2, 1, largest=False).values),
    "matmul": ([x, draw(4, 5)], torch.matmul),
    "einsum": ([query, key], lambda q, k: torch.einsum("bhqd,bhkd->bhqk", q, k)),
    "permuteReshape": ([square], lambda a: a.permute(1, 3, 0, 2).reshape(4, -1)),
    "sliceStep": ([x], lambda a: a[:, 1::2]),
    "gather": ([x], lambda a: a.gather(0, ids)),
    "take": ([x], lambda a: a[:, ids]),
    "flipRoll": ([x], lambda a: a.flip([1]).roll(1, 0)),
    "repeatInterleave": ([x], lambda a: a.repeat_interleave(2, 1)),
    "pad": ([x], lambda a: F.pad(a, (1, 2), value=0.5)),
    "cat": ([x, y], lambda a, b: torch.cat([a, b], 1)),
    "stack": ([x, y], lambda a, b: torch.stack([a, b], -1)),
    "tril": ([x], torch.tril),
    "layerNorm": ([x, draw(4), draw(4)], lambda a, w, b: F.layer_norm(a, [4], w, b)),
    "groupNorm": ([draw(2, 4, 3), draw(4), draw(4)], lambda a, w, b: F.group_norm(a, 2, w, b)),
    "linear": ([x, draw(5, 4), draw(5)], F.linear),
    "embedding": ([x], lambda a: F.embedding(ids, a)),
    "conv2d": ([image, kernel, draw(4)], lambda a, w, b: F.conv2d(a, w, b, stride=2, padding=1)),
    "convTranspose2d": ([image, up_kernel], lambda a, w: F.conv_transpose2d(a, w, stride=2, padding=1)),
    "avgPool2d": ([image], lambda a: F.avg_pool2d(a, 2)),
    "bilinear": ([image], lambda a: F.interpolate(a, (9, 7), mode="bilinear", align_corners=False)),
    "pixelShuffle": ([draw(1, 8, 2, 3)], lambda a: F.pixel_shuffle(a, 2)),
    "attention": ([query, key, value], plain_attention),
    "attentionMasked": ([query, key, value], lambda q, k, v: plain_attention(q, k, v, mask=seen)),
    "attentionCausal": ([square, square * 0.5, square + 1], lambda q, k, v: plain_attention(q, k, v, causal=True)),
    "crossEntropy": ([x], lambda a: F.cross_entropy(a, classes, label_smoothing=0.1)),
    "mseLoss": ([x, y], F.mse_loss),
    "huberLoss": ([x, y], lambda a, b: F.huber_loss(a, b, delta=0.7)),
    "bceWithLogits": ([x, y.sigmoid()], F.binary_cross_entropy_with_logits),
}


def rounded(t):
    return {"shape": list(t.shape), "values": [float(f"{v:.9g}") for v in t.detach().reshape(-1).tolist()]}


out = {}
for name, (inputs, fn) in cases.items():
    leaves = [t.detach().clone().requires_grad_() for t in inputs]
    result = fn(*leaves)
    # The same weights as in the test: without them the gradient of softmax's sum would be zero everywhere.
    weights = torch.cos(torch.arange(result.numel(), dtype=torch.float64)).float().reshape(result.shape)
    (result * weights).sum().backward()
    out[name] = {
        "inputs": [rounded(t) for t in leaves],
        "output": rounded(result),
        "grads": [rounded(t.grad) for t in leaves],
    }

path = pathlib.Path(__file__).parent.parent / "src/testdata/reference.json"
path.write_text(json.dumps({"torch": torch.__version__, "cases": out}) + "\n")
print(f"{path}: {len(out)} cases, {path.stat().st_size} bytes")
