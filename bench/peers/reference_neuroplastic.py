"""NeuroPlastic in plain PyTorch, as a peer for benchmarks.

This is our transcription of the classic update rule (docs/design.md), operation by operation and
tensor by tensor, with the diagnostics that the paper's reference implementation computes in every
step and cannot switch off. It is not the reference's code. `check.py` beside it compares it with
the golden trajectories, which the reference made.
"""

import torch

BINS = 64


class NeuroPlastic(torch.optim.Optimizer):
    """The options are those of the golden file; the variants are left out."""

    def __init__(self, params, lr=1e-3, weight_decay=0.0, decoupled_weight_decay=False,
                 mode="rule_based", activity_weight=0.4, gradient_weight=0.4, memory_weight=0.2,
                 min_alpha=0.2, max_alpha=2.0, plasticity_scale=1.0, warmup_epochs=0,
                 parameterwise=True, eps=1e-8, max_update_norm=1.0, target_rms=0.02,
                 adaptation_rate=0.01, early_target_rms_scale=1.0, middle_target_rms_scale=1.0,
                 late_target_rms_scale=1.0, saturation_threshold_fraction=0.05):
        options = {k: v for k, v in locals().items() if k not in ("self", "params", "__class__")}
        super().__init__(params, options)
        self.epoch = 1
        self.diagnostics = {}

    @torch.no_grad()
    def step(self):
        tensors = [p for group in self.param_groups for p in group["params"]]
        totals = Totals(self.param_groups[0])
        index = 0
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self._update(p, group, 3 * index // len(tensors), totals)
                index += 1
        self.diagnostics = totals.summary()

    def _update(self, p, o, third, totals):
        g = p.grad
        state = self.state[p]
        if not state:
            for name in ("activity", "momentum", "variance"):
                state[name] = torch.zeros_like(p)
        a, m, v = state["activity"], state["momentum"], state["variance"]
        magnitude = g.abs()
        a.mul_(0.95).add_(magnitude, alpha=0.05)
        m.mul_(0.9).add_(g, alpha=0.1)
        v.mul_(0.99).addcmul_(g, g, value=0.01)

        eps = o["eps"]
        gradient = magnitude / (magnitude.mean() + eps)
        alpha0 = self._coefficient(gradient, o)
        alpha = alpha0
        if o["mode"] != "ablation_grad_only":
            activity = a / (a.mean() + eps)
            memory = m.abs() / (v.sqrt() + eps)
            memory = memory / (memory.mean() + eps)
            alpha1 = self._coefficient(o["activity_weight"] * activity
                                       + o["gradient_weight"] * gradient
                                       + o["memory_weight"] * memory, o)
            gate = 1.0
            if o["warmup_epochs"] > 0:
                gate = min(max((self.epoch - 1) / o["warmup_epochs"], 0.0), 1.0)
            alpha = alpha0 + gate * o["plasticity_scale"] * (alpha1 - alpha0)

        update = alpha * g
        if o["weight_decay"] and o["decoupled_weight_decay"]:
            p.mul_(1 - o["lr"] * o["weight_decay"])
        elif o["weight_decay"]:
            update = update + o["weight_decay"] * p
        raw = update
        update = self._homeostasis(update, o, third)
        totals.add(alpha, alpha0, g, p, raw, update)
        p.add_(update, alpha=-o["lr"])

    @staticmethod
    def _coefficient(combination, o):
        if not o["parameterwise"]:
            combination = torch.full_like(combination, combination.mean().item())
        return combination.clamp(o["min_alpha"], o["max_alpha"])

    @staticmethod
    def _homeostasis(update, o, third):
        norm = update.norm().item()
        if norm > o["max_update_norm"]:
            update = update * (o["max_update_norm"] / (norm + o["eps"]))
        scale = o[("early_", "middle_", "late_")[third] + "target_rms_scale"]
        rms = (update.pow(2).mean() + o["eps"]).sqrt().item()
        gain = 1 + o["adaptation_rate"] * (o["target_rms"] * scale - rms)
        return update * min(max(gain, 0.5), 1.5)


class Totals:
    """Sums the diagnostics of one step over its tensors."""

    def __init__(self, o):
        self.low, self.high = o["min_alpha"], o["max_alpha"]
        self.margin = o["saturation_threshold_fraction"] * (self.high - self.low) + 1e-6
        self.count = 0
        self.sum = self.squares = 0.0
        self.near_min = self.near_max = 0
        self.min, self.max = float("inf"), float("-inf")
        self.histogram = torch.zeros(BINS)
        self.norms = [0.0] * 5

    def add(self, alpha, alpha0, g, p, raw, update):
        self.count += alpha.numel()
        self.sum += alpha.sum().item()
        self.squares += alpha.pow(2).sum().item()
        self.min = min(self.min, alpha.min().item())
        self.max = max(self.max, alpha.max().item())
        self.near_min += (alpha <= self.low + self.margin).sum().item()
        self.near_max += (alpha >= self.high - self.margin).sum().item()
        self.histogram += torch.histc(alpha, bins=BINS, min=self.low, max=self.high).cpu()
        for i, tensor in enumerate((g, p, raw, update, (alpha - alpha0) * g)):
            self.norms[i] += tensor.pow(2).sum().item()

    def summary(self):
        if not self.count:
            return {}
        mean = self.sum / self.count
        width = (self.high - self.low) / BINS
        below_half = int((self.histogram.cumsum(0) < self.count / 2).sum().item())
        names = ("raw_gradient_norm", "parameter_norm", "raw_update_norm", "effective_update_norm",
                 "plasticity_delta_norm")
        return {
            "alpha_mean": mean,
            "alpha_std": max(self.squares / self.count - mean * mean, 0.0) ** 0.5,
            "alpha_min": self.min,
            "alpha_max": self.max,
            "alpha_median": self.low + (below_half + 0.5) * width,
            "alpha_fraction_near_min": self.near_min / self.count,
            "alpha_fraction_near_max": self.near_max / self.count,
            **{name: square ** 0.5 for name, square in zip(names, self.norms)},
        }
