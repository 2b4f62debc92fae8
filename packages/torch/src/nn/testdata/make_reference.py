"""Computes what the layers and optimisers should give, with PyTorch: python3 make_reference.py > reference.json

The formulas are written out here a second time, from their papers, and share nothing with the code under test.
Debian's python3-torch 1.13 made the stored file. It may change only when a case is added or a definition changes.
"""
import json
import math
import sys

import torch
import torch.nn.functional as F

torch.manual_seed(7)


def leaf(*shape, scale=1.0):
    return (scale * torch.randn(*shape)).requires_grad_()


def flat(t):
    return {"shape": list(t.shape), "values": [float(f"{v:.9g}") for v in t.detach().double().flatten().tolist()]}


def case(y, **leaves):
    """Inputs and weights, the output, and the gradients of sum(output * g) for a fixed g."""
    g = torch.randn_like(y)
    grads = torch.autograd.grad(y, list(leaves.values()), g)
    return {
        "in": {k: flat(v) for k, v in leaves.items()},
        "out": flat(y),
        "g": flat(g),
        "grad": {k: flat(v) for k, v in zip(leaves, grads)},
    }


def rms(x, w, eps=1e-6):
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + eps) * w


def rotate(x, positions, base=10000.0):
    """positions [axes][T]; the pairs (i, i + D/2) are complex numbers turned by exp(i * angle)."""
    half = x.shape[-1] // 2
    per_axis = half // len(positions)
    angles = torch.cat(
        [torch.tensor(p, dtype=torch.float64)[:, None] * base ** (-torch.arange(per_axis).double() / per_axis) for p in positions],
        dim=1,
    )
    turned = torch.complex(x[..., :half].double(), x[..., half:].double()) * torch.exp(1j * angles)
    return torch.cat([turned.real, turned.imag], -1).to(x.dtype)


def attention(x, qkv, out, qn, kn, H, G, D, cap, positions, mask):
    B, T, _ = x.shape
    q, k, v = (x @ qkv.T).split([H * D, G * D, G * D], -1)
    q, k, v = (t.reshape(B, T, -1, D).permute(0, 2, 1, 3) for t in (q, k, v))
    q, k = rotate(rms(q, qn), positions), rotate(rms(k, kn), positions)
    heads = []
    for h in range(H):
        s = torch.einsum("bqd,bkd->bqk", q[:, h], k[:, h * G // H]) / math.sqrt(D)
        s = cap * torch.tanh(s / cap) if cap else s
        s = torch.where(mask, s, torch.tensor(-math.inf))
        heads.append(torch.softmax(s, -1) @ v[:, h * G // H])
    return torch.cat(heads, -1) @ out.T


def layers():
    cases = {}
    x, w, b = leaf(3, 8), leaf(8), leaf(8)
    cases["rmsNorm"] = case(rms(x, w), x=x, weight=w)
    cases["layerNorm"] = case(F.layer_norm(x, (8,), w, b), x=x, weight=w, bias=b)
    x, w, b = leaf(2, 6, 3, 2), leaf(6), leaf(6)
    cases["groupNorm"] = case(F.group_norm(x, 3, w, b), x=x, weight=w, bias=b)
    x, w, b = leaf(2, 5), leaf(4, 5), leaf(4)
    cases["linear"] = case(F.linear(x, w, b), x=x, weight=w, bias=b)
    x, into, out = leaf(3, 4), leaf(12, 4), leaf(4, 6)
    gate, value = (x @ into.T).split(6, -1)
    cases["swiglu"] = case((gate * torch.sigmoid(gate) * value) @ out.T, **{"x": x, "into.weight": into, "out.weight": out})
    x, w, b = leaf(1, 2, 5, 5), leaf(3, 2, 3, 3), leaf(3)
    cases["conv2d"] = case(F.conv2d(x, w, b, stride=2, padding=1), x=x, weight=w, bias=b)
    x, w, b = leaf(1, 3, 2, 3), leaf(3, 2, 4, 4), leaf(2)
    cases["convTranspose2d"] = case(F.conv_transpose2d(x, w, b, stride=2, padding=1), x=x, weight=w, bias=b)

    H, G, D, T, W = 4, 2, 8, 6, 10
    for name, cap, positions, mask in [
        ("attentionCausal", None, [range(T)], torch.ones(T, T).tril().bool()),
        ("attentionGridCapped", 3.0, [[t // 3 for t in range(T)], [t % 3 for t in range(T)]], torch.ones(T, T).bool()),
    ]:
        x, qkv, out = leaf(2, T, W), leaf((H + 2 * G) * D, W, scale=0.5), leaf(W, H * D, scale=0.2)
        qn, kn = leaf(D), leaf(D)
        y = attention(x, qkv, out, qn, kn, H, G, D, cap, positions, mask)
        cases[name] = case(y, **{"x": x, "qkv.weight": qkv, "out.weight": out, "queryNorm.weight": qn, "keyNorm.weight": kn})
    return cases


def gradients_at(params, targets, step):
    """A loss whose gradient depends on the weights and the step, so that errors add up."""
    loss = sum(((p - t) ** 2 * (1 + i)).sum() + (p * math.sin(step + i)).sum() for i, (p, t) in enumerate(zip(params, targets)))
    return torch.autograd.grad(loss, params)


def adamw():
    params = [torch.randn(3, 4), torch.randn(5)]
    start = [flat(p) for p in params]
    targets = [torch.randn_like(p) for p in params]
    for p in params:
        p.requires_grad_()
    groups = [{"params": params[:1], "weight_decay": 0.1}, {"params": params[1:], "weight_decay": 0.0, "lr": 0.003}]
    optimizer = torch.optim.AdamW(groups, lr=0.01, betas=(0.9, 0.95), eps=1e-8)
    path = []
    for step in range(20):
        for p, g in zip(params, gradients_at(params, targets, step)):
            p.grad = g
        optimizer.step()
        path.append([flat(p) for p in params])
    return {"start": start, "targets": [flat(t) for t in targets], "path": path[::5] + path[-1:], "steps": [0, 5, 10, 15, 19]}


def newton_schulz(g):
    x = g / (g.norm() + 1e-7)
    x = x.T if g.shape[0] > g.shape[1] else x
    for _ in range(5):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return x.T if g.shape[0] > g.shape[1] else x


def muon():
    """Keller Jordan's Muon with Nesterov momentum as an average, Moonshot's scale, in float64."""
    torch.set_default_dtype(torch.float64)
    params = [torch.randn(6, 4), torch.randn(3, 5)]
    start = [flat(p) for p in params]
    targets = [torch.randn_like(p) for p in params]
    for p in params:
        p.requires_grad_()
    buffers = [torch.zeros_like(p) for p in params]
    for step in range(6):
        for p, g, m in zip(params, gradients_at(params, targets, step), buffers):
            m.mul_(0.95).add_(0.05 * g)
            update = newton_schulz(0.05 * g + 0.95 * m)
            with torch.no_grad():
                p.mul_(1 - 0.02 * 0.1).sub_(0.02 * 0.2 * math.sqrt(max(p.shape)) * update)
    return {"start": start, "targets": [flat(t) for t in targets], "end": [flat(p) for p in params], "steps": 6}


json.dump({"torch": torch.__version__, "layers": layers(), "adamw": adamw(), "muon": muon()}, sys.stdout, separators=(",", ":"))
