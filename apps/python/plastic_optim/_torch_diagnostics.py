"""What a step of the plain PyTorch form did: docs/design.md and NeuroPlasticDiagnostics."""

import torch

_BINS = 64


def of(updates, factors):
    """Over all elements of all tensors of a step; {} where there were none."""
    if not updates:
        return {}
    o = updates[0].o
    low, high = o["min_alpha"], o["max_alpha"]
    margin = o["saturation_threshold_fraction"] * (high - low) + 1e-6
    alpha = torch.cat([update.alpha.expand(update.g.shape).flatten() for update in updates])
    width = (high - low) / _BINS
    counts = torch.histc(alpha.cpu(), bins=_BINS, min=low, max=high).double()
    below_half = int((counts.cumsum(0) < alpha.numel() / 2).sum())

    def norm(tensors):
        return float(torch.stack([t.double().square().sum() for t in tensors]).sum().sqrt())

    def before_subtracting(update, factor):
        # θ was left with the step subtracted; decoupled decay came before.
        return update.theta + float(update.o["lr"]) * factor * update.update

    return {
        "alpha_mean": float(alpha.double().mean()),
        "alpha_std": float(alpha.double().std(unbiased=False)),
        "alpha_min": float(alpha.min()),
        "alpha_max": float(alpha.max()),
        "alpha_median": low + (below_half + 0.5) * width,
        "alpha_fraction_near_min": float((alpha <= low + margin).double().mean()),
        "alpha_fraction_near_max": float((alpha >= high - margin).double().mean()),
        "raw_gradient_norm": norm([u.g for u in updates]),
        "parameter_norm": norm([before_subtracting(u, f) for u, f in zip(updates, factors)]),
        "raw_update_norm": norm([u.raw for u in updates]),
        "effective_update_norm": norm([u.update * f for u, f in zip(updates, factors)]),
        "plasticity_delta_norm": norm([u.residual for u in updates]),
    }
