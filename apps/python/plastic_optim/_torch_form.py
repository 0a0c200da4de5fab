"""NeuroPlastic in plain PyTorch, for devices that the library has no kernels for here.

The rule is that of docs/design.md, "NeuroPlastic", with the variants of optim/neuroplastic/variants.h;
sums are PyTorch's, in float32, so numbers are the library's to rounding. Nothing waits for the
device.
"""

import math

import torch

_GUARD = 1e-12  # in the limits of residuals, as in the reference


def state_names(groups):
    """What each parameter keeps, `step` aside."""
    bases = {group["hybrid_base"] for group in groups}
    names = ["activity", "momentum", "variance"]
    if bases != {"classic"}:
        names.append("base_exp_avg")
    if "adamw" in bases:
        names.append("base_exp_avg_sq")
    return names


class Place:
    """Where a parameter is among all, and when."""

    def __init__(self, index, count, rank, group, step):
        self.index, self.count, self.rank = index, count, rank
        self.epoch, self.step = group["epoch"], step
        self.progress = group["epoch"] / max(1, group["total_epochs"])

    def is_classifier(self):
        """The last two parameters: weight and bias of the last layer."""
        return self.index + 2 >= self.count

    def body(self):
        return max(self.count, 2) - 2

    def in_layer_scope(self, scope):
        if scope == "conv_only":
            return self.rank == 4
        if scope == "classifier_only":
            return self.is_classifier()
        if scope == "early_blocks":
            return not self.is_classifier() and self.index < (self.body() + 1) // 2
        if scope == "late_blocks":
            return not self.is_classifier() and self.index >= self.body() // 2
        return True

    def in_phase(self, scope):
        return {"full": True, "early": self.progress <= 0.3,
                "middle": 0.3 < self.progress < 0.7, "late": self.progress >= 0.7}[scope]

    def target_rms_scale(self, o):
        third = ("early", "middle", "late")[3 * self.index // self.count]
        return o[third + "_target_rms_scale"]

    def controller_class(self, mode):
        """Tensors of one class share the mean of their signals; None leaves the rate alone."""
        if mode == "global":
            return "all"
        if mode == "classifier_only":
            return "classifier" if self.is_classifier() else None
        if mode == "layerwise":
            if self.is_classifier():
                return "classifier"
            return "early" if self.index < (self.body() + 1) // 2 else "late"
        return None


def depends_on_epoch(o):
    is_hybrid = o["hybrid_base"] != "classic"
    return (o["warmup_epochs"] > 0 or (is_hybrid and o["phase_scope"] != "full")
            or (not is_hybrid and o["orthogonal_residual"]
                and o["orthogonal_schedule"] != "constant"))


def _blend(o, place):
    """γ·s."""
    if o["mode"] == "ablation_grad_only":
        return 0.0
    gate = 1.0
    if o["warmup_epochs"] > 0:
        gate = min(max((place.epoch - 1) / o["warmup_epochs"], 0.0), 1.0)
    return gate * o["plasticity_scale"]


def _coefficients(g, state, o, place):
    """α and α₀, once the traces have seen the gradient."""
    a, m, v = state["activity"], state["momentum"], state["variance"]
    size = g.abs()
    a.mul_(0.95).add_(size, alpha=0.05)
    m.mul_(0.9).add_(g, alpha=0.1)
    v.mul_(0.99).addcmul_(g, g, value=0.01)

    def clipped(combination):
        if not o["parameterwise"]:
            combination = combination.mean()
        return combination.clamp(o["min_alpha"], o["max_alpha"])

    eps, blend = o["eps"], _blend(o, place)
    gradient = size / (size.mean() + eps)
    alpha0 = clipped(gradient)
    if blend == 0:
        return alpha0, alpha0
    activity = a / (a.mean() + eps)
    memory = m.abs() / (v.sqrt() + eps)
    memory = memory / (memory.mean() + eps)
    alpha1 = clipped(o["activity_weight"] * activity + o["gradient_weight"] * gradient
                     + o["memory_weight"] * memory)
    return alpha0 + blend * (alpha1 - alpha0), alpha0


def _limited(r, limit, guard):
    """r, no longer than `limit`."""
    norm = r.norm()
    return r * torch.where(norm > limit, limit / (norm + guard), torch.ones_like(norm))


def _orthogonal(alpha, alpha0, g, o, place):
    schedule, start = 1.0, o["orthogonal_late_start_fraction"]
    if o["orthogonal_schedule"] == "late":
        schedule = max(place.progress - start, 0.0) / (1 - start)
    elif o["orthogonal_schedule"] == "cosine":
        schedule = (1 - math.cos(math.pi * place.progress)) / 2
    eps, square = o["eps"], g.square().sum()
    p = (alpha - alpha0) * g
    q = p - ((p * g).sum() / (square + eps)) * g
    if o["orthogonal_normalization"] == "match_grad_norm":
        norm = q.norm()
        q = q * torch.where(norm > eps, square.sqrt() / (norm + eps), torch.ones_like(norm))
    r = _limited(o["orthogonal_lambda"] * schedule * q, o["orthogonal_max_ratio"] * square.sqrt(),
                 eps)
    return torch.where(square <= eps, torch.zeros_like(r), r)


def _hybrid(alpha, g, theta, state, o, place):
    """The step of the base, and what is added to it."""
    average = state["base_exp_avg"]
    if o["hybrid_base"] == "adamw":
        beta1, beta2 = o["base_momentum"], o["base_beta2"]
        square = state["base_exp_avg_sq"]
        average.mul_(beta1).add_(g, alpha=1 - beta1)
        square.mul_(beta2).addcmul_(g, g, value=1 - beta2)
        momentum = average / (1 - beta1 ** place.step)
        base = momentum / ((square / (1 - beta2 ** place.step)).sqrt() + o["base_eps"])
    else:
        average.mul_(o["base_momentum"]).add_(g + o["weight_decay"] * theta)
        momentum = base = average
    target = base
    if o["modulation_target"] == "momentum":
        target = momentum
    elif o["modulation_target"] == "trust_ratio":
        target = base * ((theta.norm() / (base.norm() + _GUARD)).clamp(0.5, 1.5) - 1)
    in_scope = place.in_phase(o["phase_scope"]) and place.in_layer_scope(o["layer_scope"])
    gate = o["modulation_strength"] if in_scope else 0.0
    r = _limited(gate * (alpha - 1) * target, o["modulation_max_ratio"] * base.norm(), _GUARD)
    return base, r


def _decay(o):
    """Of the update, and of θ itself."""
    decay, base = o["weight_decay"], o["hybrid_base"]
    if base == "sgd_momentum":
        return 0.0, 0.0  # in the gradient of the base
    if base == "adamw" or o["decoupled_weight_decay"]:
        return 0.0, decay
    return decay, 0.0


def _homeostasis(u, o, place):
    norm, limit = u.norm(), o["max_update_norm"]
    u = u * torch.where(norm > limit, limit / (norm + o["eps"]), torch.ones_like(norm))
    rms = (u.square().mean() + o["eps"]).sqrt()
    gain = 1 + o["adaptation_rate"] * (o["target_rms"] * place.target_rms_scale(o) - rms)
    return u * gain.clamp(0.5, 1.5)


class Update:
    """What is to be subtracted from a parameter."""

    def __init__(self, theta, g, state, o, place):
        self.theta, self.g, self.o = theta, g, o
        self.alpha, self.alpha0 = _coefficients(g, state, o, place)
        if o["hybrid_base"] != "classic":
            base, self.residual = _hybrid(self.alpha, g, theta, state, o, place)
            u = base + self.residual
        elif o["orthogonal_residual"]:
            self.residual = _orthogonal(self.alpha, self.alpha0, g, o, place)
            u = g + self.residual
        elif o["bounded_residual"]:
            self.residual = _limited((self.alpha - 1) * g, o["residual_max_ratio"] * g.norm(),
                                     _GUARD)
            u = g + self.residual
        else:
            self.residual = (self.alpha - self.alpha0) * g
            u = self.alpha * g
        coupled, self.decoupled = _decay(o)
        self.raw = u + coupled * theta if coupled else u
        self.update = _homeostasis(self.raw, o, place)
        self.controller_class = place.controller_class(o["lr_controller_mode"])

    def signal(self):
        """The controller's: mean log(α / α₀)."""
        eps = self.o["eps"]
        ratio = self.alpha.clamp(min=eps) / self.alpha0.clamp(min=eps)
        return ratio.log().mean()

    def rate_factor(self, signals):
        """Of the rate; `signals` are those of the tensors of its class."""
        if self.controller_class is None:
            return 1.0
        o = self.o
        factor = 1 + o["controller_alpha"] * torch.stack(signals[self.controller_class]).mean()
        return factor.clamp(o["controller_low"], o["controller_high"])

    def apply(self, factor):
        rate = factor * float(self.o["lr"])
        if self.decoupled:
            self.theta.mul_(1 - rate * self.decoupled)
        self.theta.sub_(rate * self.update)


def step(groups, state, gradients):
    """A step of every parameter that has a gradient; returns the updates. `gradients` has one for
    each, or None."""
    count = sum(len(group["params"]) for group in groups)
    updates, signals, remaining, index = [], {}, iter(gradients), 0
    for group in groups:
        for p in group["params"]:
            g = next(remaining)
            if g is not None and p.numel() > 0:
                own = state[p]
                own["step"] += 1
                place = Place(index, count, p.dim(), group, int(own["step"]))
                update = Update(p.detach(), g, own, group, place)
                if update.controller_class is not None:
                    signals.setdefault(update.controller_class, []).append(update.signal())
                updates.append(update)
            index += 1
    factors = [update.rate_factor(signals) for update in updates]
    for update, factor in zip(updates, factors):
        update.apply(factor)
    return updates, factors
