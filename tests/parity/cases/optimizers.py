"""Every optimizer over 20 steps, with the same gradients as PyTorch's; clipping; averages."""
import torch

from case import Case, family
from compare import sums, whole
from draw import F32
from wire import Input

STEPS = 20
STATE = {"sgd": ["momentum_buffer", "step"], "adam": ["exp_avg", "exp_avg_sq", "step"]}


def options(draw, rule):
    if rule == "sgd":
        momentum = draw.choice([0.0, 0.9, 0.5])
        nesterov = momentum > 0 and draw.chance(0.4)
        return {"lr": draw.choice([0.1, 1e-2, 0.0]), "momentum": momentum,
                "dampening": 0.0 if nesterov else draw.choice([0.0, 0.0, 0.3, 1.0]),
                "nesterov": float(nesterov), "weight_decay": draw.choice([0.0, 1e-2, 0.3])}
    return {"lr": draw.choice([1e-3, 0.1, 1e-2]), "beta1": draw.choice([0.9, 0.0, 0.5]),
            "beta2": draw.choice([0.999, 0.9]), "eps": draw.choice([1e-8, 1e-3]),
            "weight_decay": draw.choice([0.0, 1e-2, 0.3])}


def torch_optimizer(rule, groups, settings):
    rows = []
    for parameters, setting in zip(groups, settings):
        row = {"params": parameters} | setting
        if rule == "sgd":
            row["nesterov"] = bool(row["nesterov"])
        else:
            row["betas"] = (row.pop("beta1"), row.pop("beta2"))
        rows.append(row)
    kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[rule]
    return kind(rows, foreach=False)


@family
def optimizer(draw):
    rule = draw.choice(["sgd", "sgd", "adam", "adamw"])
    count, group_count = draw.integer(1, 4), 1
    if count > 1 and draw.chance(0.5):
        group_count = 2
    group_of = sorted(draw.integer(0, group_count - 1) for _ in range(count))
    group_of[-1] = group_count - 1
    group_of[0] = 0
    settings = [options(draw, rule) for _ in range(group_count)]
    shapes = [draw.shape(0, 3, 300) for _ in range(count)]
    parameters = [Input(draw.values(s, F32)) for s in shapes]
    gradients = [Input((draw.values([STEPS] + s, F32) * draw.choice([1, 1, 1e-4, 1e4])).astype(F32))
                 for s in shapes]
    given = [int(t == 0 or draw.chance(0.9)) for t in range(STEPS) for _ in range(count)]

    def reference(*tensors):
        leaves = [t.detach().clone().requires_grad_() for t in tensors[:count]]
        groups = [[p for p, g in zip(leaves, group_of) if g == i] for i in range(group_count)]
        rule_ = torch_optimizer(rule, groups, settings)
        values = [[] for _ in leaves]
        for t in range(STEPS):
            rule_.zero_grad()
            for i, leaf in enumerate(leaves):
                if given[t * count + i]:
                    leaf.grad = tensors[count + i][t].clone()
            rule_.step()
            for i, leaf in enumerate(leaves):
                values[i].append(leaf.detach().clone())
        results = []
        for i, leaf in enumerate(leaves):
            results.append(torch.stack(values[i]))
            for name in STATE["sgd" if rule == "sgd" else "adam"]:
                state = rule_.state[leaf].get(name)
                if name == "momentum_buffer" and not any(s["momentum"] for s in settings):
                    continue
                if name == "step":
                    state = torch.tensor(sum(given[i::count]) if leaf.numel() else 0)
                results.append(torch.zeros_like(leaf) if state is None else state.detach().clone())
        return results

    attributes = {"rule": rule, "steps": STEPS, "groups": group_of, "group_count": group_count,
                  "given": given}
    for g, setting in enumerate(settings):
        attributes |= {f"{name}.{g}": float(value) for name, value in setting.items()}
    return Case("optimizer", parameters + gradients, reference, attributes, sums(64),
                differs="empty parameters" if any(0 in s for s in shapes) else "")


@family
def clipping(draw):
    gradients = [draw.tensor(draw.shape(0, 3, 300), F32, "special" if draw.chance(0.1) else "normal")
                 for _ in range(draw.integer(1, 4))]
    if draw.chance(0.5):
        limit = draw.choice([0.5, 1.0, 3.0])
        return Case("clip_grad", gradients, lambda *g: [x.clamp(-limit, limit) for x in g],
                    {"limit": limit})
    max_norm = draw.choice([0.5, 10.0, 1e6, float("inf")])
    strict = draw.chance(0.3)

    def reference(*gradients):
        # In f64, where the squares of f32 do not overflow.
        leaves = []
        for g in gradients:
            leaf = torch.zeros_like(g, dtype=torch.float64).requires_grad_()
            leaf.grad = g.detach().double()
            leaves.append(leaf)
        if max_norm == float("inf") and not strict:
            # Only measures; PyTorch multiplies by what may be NaN.
            norm = torch.linalg.vector_norm(torch.cat([leaf.grad.flatten() for leaf in leaves]))
            return [norm.reshape(1), *gradients]
        norm = torch.nn.utils.clip_grad_norm_(leaves, max_norm, error_if_nonfinite=strict, foreach=False)
        return [norm.detach().reshape(1)] + [leaf.grad.to(g.dtype) for leaf, g in zip(leaves, gradients)]

    return Case("clip_grad", gradients, reference,
                {"max_norm": max_norm, "error_if_nonfinite": int(strict)}, whole(16), differs="clipping")


@family
def ema(draw):
    decay, warmup = draw.choice([0.9, 0.999, 0.0]), draw.chance(0.4)
    shape = draw.shape(0, 3, 200)
    first, values = Input(draw.values(shape, F32)), Input(draw.values([STEPS] + shape, F32))

    def reference(first, values):
        average, rows = first.clone(), []
        for n, value in enumerate(values, 1):
            d = min(decay, (1 + n) / (10 + n)) if warmup else decay
            average = torch.lerp(average, value, 1 - d) if d else value.clone()
            rows.append(average)
        return torch.stack(rows)

    return Case("ema", [first, values], reference, {"decay": decay, "warmup": int(warmup)}, sums(4))
