#!/usr/bin/env python3
"""One training step of the dynamics model in Python's torch: the same network, losses and updates as packages/models.

Reads {"threads", "batch", "frames", "tokens", "channels", "inputs", "std", "action", "state", "bootstrap", "bfloat16", and a stack's
"width", "depth", "head", "registers", "timeEvery", "maxSteps"} as its only argument. For every line "N" on stdin it
makes N steps and prints the seconds of each as a JSON list.
"""
import json
import math
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

cfg = json.loads(sys.argv[1])
torch.set_num_threads(cfg["threads"])
torch.manual_seed(0)
B, T, N, C = cfg["batch"], cfg["frames"], cfg["tokens"], cfg["channels"]
A, P, W, MAX = cfg["action"], cfg["state"], cfg["width"], cfg["maxSteps"]
FINEST = int(math.log2(MAX))
SAMPLED = cfg["bootstrap"]


class Norm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(W))

    def forward(self, x):
        return F.layer_norm(x if x.dtype == torch.float32 else x.float(), (W,), self.weight)


def rotate(x, cos, sin):
    return (x * cos).addcmul(x.roll(x.size(-1) // 2, -1), sin)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.heads, self.head = W // cfg["head"], cfg["head"]
        self.qkv = nn.Linear(W, 3 * W, bias=False)
        self.out = nn.Linear(W, W, bias=False)

    def forward(self, x, table):
        rows, Q, _ = x.shape
        q, k, v = (y.transpose(1, 2) for y in self.qkv(x).view(rows, Q, 3 * self.heads, self.head).split(self.heads, 2))
        if table is not None:
            cos, sin = (y[:Q] for y in table)
            q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        scores = (q * self.head**-0.5) @ k.transpose(-2, -1)
        if table is not None:
            scores.add_(torch.full((Q, Q), -torch.inf, dtype=scores.dtype).triu(1))
        mixed = scores.softmax(-1) @ v
        return self.out(mixed.transpose(1, 2).reshape(rows, Q, W))


class Block(nn.Module):
    def __init__(self, over_time):
        super().__init__()
        self.over_time = over_time
        self.norm1, self.attention, self.norm2 = Norm(), Attention(), Norm()
        self.mlp = nn.Sequential(nn.Linear(W, 4 * W), nn.GELU(), nn.Linear(4 * W, W))

    def forward(self, x, table):
        b, t, n, w = x.shape
        y = self.norm1(x)
        if self.over_time:
            y = y.transpose(1, 2).reshape(b * n, t, w)
            y = self.attention(y, table).view(b, n, t, w).transpose(1, 2)
        else:
            y = self.attention(y.reshape(b * t, n, w), None).view(b, t, n, w)
        x = x + y
        return x + self.mlp(self.norm2(x))


class Dynamics(nn.Module):
    def __init__(self):
        super().__init__()
        token = lambda rows: nn.Parameter(torch.randn(rows, W) * 0.02)
        self.latents_in = nn.Linear(cfg["inputs"], W)
        self.position, self.register = token(N), token(cfg["registers"] + 1)
        self.level, self.step = nn.Embedding(MAX + 1, W), nn.Embedding(FINEST + 1, W)
        self.action_in, self.no_action = nn.Linear(A, W), nn.Parameter(torch.zeros(W))
        self.state_in, self.no_state = nn.Linear(P, W), nn.Parameter(torch.zeros(W))
        every = cfg["timeEvery"]
        self.blocks = nn.ModuleList(Block(i % every == every - 1) for i in range(cfg["depth"]))
        self.norm = Norm()
        self.register_buffer("change_std", torch.tensor(0.1))
        self.latents_out, self.state_out, self.outcome = nn.Linear(W, C), nn.Linear(W, P), nn.Linear(W, 2)
        half = cfg["head"] // 2
        angle = torch.arange(2 * T)[:, None] * 10000.0 ** (-torch.arange(half) / half)
        cos, sin = angle.cos(), angle.sin()
        self.table = torch.cat([cos, cos], 1), torch.cat([-sin, sin], 1)

    def forward(self, latents, level, step, action, has_action, state, has_state):
        b, t = level.shape
        condition = self.level(level) + self.step(step)
        condition = condition + torch.where(has_action, self.action_in(action).float(), self.no_action)
        condition = condition + torch.where(has_state, self.state_in(state).float(), self.no_state)
        prior, guess = self.linear_guess(latents, level)
        seen = torch.cat([latents, prior, guess][: cfg["inputs"] // C], -1)
        local = self.latents_in(seen) + self.position
        own = self.register.expand(b, t, -1, -1)
        h = torch.cat([local.float(), own], 2) + condition.unsqueeze(2)
        for block in self.blocks:
            h = block(h, self.table)
        h = self.norm(h)
        head = h[:, :, N]
        outcome = self.outcome(head).float()
        return self.latents_out(h[:, :, :N]).float(), self.state_out(head).float(), outcome[..., 0], outcome[..., 1]

    def linear_guess(self, latents, level):
        """The frame before, moved towards the noisy input as far as a Kalman filter would."""
        b, t = level.shape
        variance, change = cfg["std"] ** 2, self.change_std.square().clamp_min(1e-8)
        tau = (level.float() / MAX).view(b, t, 1, 1)
        tau_before = torch.cat([torch.zeros_like(tau[:, :1]), tau[:, :-1]], 1)
        noise_before = (1 - tau_before).square()
        spread = tau_before.square() * variance + noise_before
        previous = torch.cat([torch.zeros_like(latents[:, :1]), latents[:, :-1]], 1)
        prior = previous * (tau_before * variance / spread)
        prior_variance = noise_before * variance / spread + change
        gain = tau * prior_variance / (tau.square() * prior_variance + (1 - tau).square())
        return prior, prior + gain * (latents - prior * tau)


model = Dynamics()
parameters = list(model.parameters())
averages = [p.detach().clone() for p in parameters]
squares = {}


def rms(name, value):
    square, weight = squares.get(name, (0.0, 0.0))
    squares[name] = square, weight = 0.99 * square + 0.01 * value * value, 0.99 * weight + 0.01
    return 1 / max(math.sqrt(square / weight), 1e-8)


def self_target(noisy, level, step, clean, condition):
    at = lambda x: x.float()[..., None, None]
    coarse = step < FINEST
    half_log = (step + 1).clamp_max(FINEST)
    half = (at(step + 1) * -math.log(2)).exp()
    half_levels = (half.view(level.shape) * MAX).round().long()
    tau, move = at(level) / MAX, coarse[..., None, None].float()
    first = model(noisy, level, half_log, *condition)[0]
    velocity1 = (first - noisy) / (1 - tau).clamp_min(1 / MAX)
    middle = noisy + velocity1 * half * move
    middle_level = (level + half_levels * coarse.long()).clamp_max(MAX)
    second = model(middle, middle_level, half_log, *condition)[0]
    velocity2 = (second - middle) / (1 - at(middle_level) / MAX).clamp_min(1 / MAX)
    target = noisy + (velocity1 + velocity2) / 2 * (1 - tau)
    return target * move + clean * (1 - move)


def masked_mean(error, mask):
    return (error * mask).sum() / mask.sum().clamp_min(1)


clean = torch.randn(B, T, N, C) * 0.5
action, state = torch.randn(B, T, A), torch.randn(B, T, P)
known = torch.ones(B, T, 1, dtype=torch.bool)
mask, delta, reward, success = torch.ones(B, T), torch.randn(B, T, P), torch.randn(B, T), torch.zeros(B, T)


def losses():
    k = torch.full((B, T), FINEST)
    k[:SAMPLED] = torch.randint(0, FINEST + 1, (SAMPLED, T))
    level = (torch.rand(B, T) * 2**k).long() * 2 ** (FINEST - k)
    weight = torch.ones(B, T)
    tau = level.float() / MAX
    noisy = torch.randn(B, T, N, C).lerp(clean, tau.view(B, T, 1, 1))
    condition = (action, known, state, known)
    precision = lambda: torch.autocast("cpu", torch.bfloat16, enabled=cfg["bfloat16"])
    with precision():
        latents, moved, paid, done = model(noisy, level, k, *condition)
    target = clean
    if SAMPLED > 0:
        rows = lambda x: x[:SAMPLED]
        with torch.no_grad(), precision():
            part = self_target(rows(noisy), rows(level), rows(k), rows(clean), [rows(x) for x in condition])
        target = torch.cat([part, clean[SAMPLED:]])
    error = (latents - target).square().mean((2, 3))
    ramp = (tau * 0.9 + 0.1) * weight
    return {
        "flow": ((error * ramp).sum() / weight.sum().clamp_min(1), 1),
        "state": (masked_mean((moved - delta).square().mean(-1), mask), 0.1),
        "reward": (masked_mean((paid - reward).square(), mask), 0.1),
        "success": (masked_mean(F.binary_cross_entropy_with_logits(done, success, reduction="none"), mask), 0.1),
    }


def make_step(optimizer):
    def step():
        total = 0
        for name, (value, weight) in losses().items():
            total = total + value * (weight * rms(name, value.item()))
        optimizer.zero_grad(set_to_none=True)
        total.backward()
        grads = [p.grad for p in parameters]
        norm = torch.stack(torch._foreach_norm(grads)).norm().item()
        if norm > 1:
            torch._foreach_mul_(grads, 1 / (norm + 1e-6))
        optimizer.step()
        with torch.no_grad():
            torch._foreach_mul_(averages, 0.995)
            torch._foreach_add_(averages, parameters, alpha=0.005)

    return step


def timed(step, count):
    seconds = []
    for _ in range(count):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    return seconds


options = {"lr": 1e-4, "betas": (0.9, 0.95), "weight_decay": 0.01}
steps = {each: make_step(torch.optim.AdamW(parameters, foreach=each, **options)) for each in (False, True)}
for step in steps.values():
    timed(step, 2)
# Whichever way of updating is the faster one here stands for Python.
best = min(steps.values(), key=lambda step: sorted(timed(step, 5))[2])
print(json.dumps({"torch": torch.__version__, "parameters": sum(p.numel() for p in parameters)}), flush=True)
for line in sys.stdin:
    print(json.dumps(timed(best, int(line))), flush=True)
