"""Compares reference_neuroplastic.py with the golden trajectories that it covers.

usage: scripts/peer-python bench/peers/check.py GOLDEN.json
"""

import json
import sys

import torch

from reference_neuroplastic import NeuroPlastic

VARIANTS = ("bounded_residual", "orthogonal_residual", "hybrid_base", "lr_controller_mode")


def tensor_of(values, shape):
    return torch.tensor(values, dtype=torch.float32).reshape(shape)


def worst_errors(case):
    """Largest relative error of the parameters after any step, and of any diagnostic."""
    params = [tensor_of(entry["values"], entry["shape"]) for entry in case["params"]]
    rule = NeuroPlastic(params, lr=case["lr"], weight_decay=case["weight_decay"],
                        decoupled_weight_decay=case["decoupled_weight_decay"],
                        **case["plasticity"], **case["homeostatic"])
    parameter_error = diagnostic_error = 0.0
    for step in case["steps"]:
        rule.epoch = step["epoch"]
        for p, grad in zip(params, step["grads"]):
            p.grad = tensor_of(grad, p.shape)
        rule.step()
        for p, wanted in zip(params, step["params"]):
            wanted = tensor_of(wanted, p.shape)
            error = ((p - wanted).norm() / wanted.norm().clamp(min=1e-12)).item()
            parameter_error = max(parameter_error, error)
        rounding = 1e-6 * step["diagnostics"]["raw_gradient_norm"] + 5e-4
        for name, wanted in step["diagnostics"].items():
            allowed = rounding if name in ("alpha_std", "plasticity_delta_norm") else 1e-12
            excess = max(abs(rule.diagnostics[name] - wanted) - allowed, 0.0)
            diagnostic_error = max(diagnostic_error, excess / max(abs(wanted), 1e-12))
    return parameter_error, diagnostic_error


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        cases = json.load(file)["cases"]
    cases = [c for c in cases if not any(name in c["plasticity"] for name in VARIANTS)]
    failures = 0
    for case in cases:
        parameters, diagnostics = worst_errors(case)
        good = parameters <= 2e-5 and diagnostics <= 1e-4
        failures += not good
        print(f"{'ok  ' if good else 'FAIL'} {case['name']:28} parameters {parameters:.1e}"
              f" diagnostics {diagnostics:.1e}")
    print(f"{len(cases) - failures} of {len(cases)} cases agree")
    return 1 if failures or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
