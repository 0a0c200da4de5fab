#!/usr/bin/env python3
"""Writes matrix_trajectories.json: what PyTorch's and other packages' optimizers over whole tensors
do in 100 steps.

Run in an environment with PyTorch and the packages:
  pip install torch prodigyopt pytorch_optimizer
  pip install --no-deps timm

The gradient of a parameter is noise + pull·(parameter - target), in float32: noise and target are
the same for all cases. The parameters are kept after some steps.
"""

import inspect
import json
import pathlib
import sys
import types

import prodigyopt
import pytorch_optimizer
import torch
import torch.optim._muon

# Wide and tall matrices, filters of a convolution, a vector. The first gradient of each determines
# every eigenvector that SOAP needs: no Gram matrix lacks more than one rank.
SHAPES = [[3, 4], [4, 3], [4, 2, 3, 3], [2]]
STEPS = 100
KEPT = [1, 2, 10, 50, 100]


def timm_lamb():
    """timm's Lamb without the rest of timm, which needs other packages."""
    for path in map(pathlib.Path, sys.path):
        if (path / "timm/optim/lamb.py").exists():
            for name, folder in [("timm", "timm"), ("timm.optim", "timm/optim")]:
                package = types.ModuleType(name)
                package.__path__ = [str(path / folder)]
                sys.modules[name] = package
            from timm.optim.lamb import Lamb
            return Lamb
    raise SystemExit("timm is missing: pip install --no-deps timm")


def muon_in_f32():
    """torch.optim.Muon, orthogonalising in float32: in bfloat16 it is not repeatable elsewhere."""
    module = torch.optim._muon
    name = "_zeropower_via_newtonschulz"
    source = inspect.getsource(getattr(module, name))
    assert source.count("torch.bfloat16") == 1
    exec(source.replace("torch.bfloat16", "torch.float32"), module.__dict__)


class Muon:
    """torch.optim.Muon for matrices, filters flattened; torch.optim.AdamW for what is none."""

    def __init__(self, parameters, adamw_lr, adamw_betas, adamw_eps, **options):
        self.flat = [(p, p.detach().flatten(1)) for p in parameters if p.ndim >= 2]
        self.muon = torch.optim.Muon([flat for _, flat in self.flat], **options)
        self.adamw = torch.optim.AdamW(
            [p for p in parameters if p.ndim < 2], lr=adamw_lr, betas=adamw_betas, eps=adamw_eps,
            weight_decay=options["weight_decay"])

    def step(self):
        for parameter, flat in self.flat:
            flat.grad = None if parameter.grad is None else parameter.grad.flatten(1)
        self.muon.step()
        self.adamw.step()


class Separate:
    """One optimizer for each parameter: some packages count steps for all parameters together."""

    def __init__(self, make, parameters):
        self.all = [(p, make(p)) for p in parameters]

    def step(self):
        for parameter, optimizer in self.all:
            if parameter.grad is not None:
                optimizer.step()


def muon_cases():
    base = dict(lr=0.02, momentum=0.95, nesterov=True, weight_decay=0.0, ns_steps=5,
                ns_coefficients=(3.4445, -4.7750, 2.0315), eps=1e-7, adjust_lr_fn="original",
                adamw_lr=3e-4, adamw_betas=(0.9, 0.95), adamw_eps=1e-10)
    for change in [{}, {"momentum": 0.5}, {"nesterov": False}, {"weight_decay": 0.1},
                   {"ns_steps": 3}, {"ns_coefficients": (1.5, -0.5, 0.0)},
                   # Longer than the momentum, so that it matters.
                   {"eps": 100.0}, {"adjust_lr_fn": "match_rms_adamw"},
                   {"adjust_lr_fn": "spectral_unclamped", "weight_decay": 0.3},
                   {"adamw_lr": 0.01, "adamw_betas": (0.5, 0.8), "adamw_eps": 1e-2}]:
        options = base | change
        yield "muon", options, lambda parameters, o=options: Muon(parameters, **o), 0.0


def lamb_cases():
    Lamb = timm_lamb()
    base = dict(lr=0.01, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.1, bias_correction=True,
                adapt_vectors=False)

    def make_timm(o):
        def make(p):
            decay = o["weight_decay"] if p.ndim >= 2 or o["adapt_vectors"] else 0.0
            return Lamb([p], lr=o["lr"], betas=o["betas"], eps=o["eps"], weight_decay=decay,
                        bias_correction=o["bias_correction"], max_grad_norm=None,
                        always_adapt=p.ndim >= 2 or o["adapt_vectors"])
        return lambda parameters: Separate(make, parameters)

    for change in [{}, {"betas": (0.5, 0.8)}, {"weight_decay": 0.0}, {"eps": 1e-2},
                   {"bias_correction": False}, {"adapt_vectors": True},
                   {"adapt_vectors": True, "weight_decay": 0.0}]:
        yield "lamb", base | change, make_timm(base | change), 0.0

    # adam_debias=True leaves out the package's correction of beta1 alone.
    def bounded(o):
        def make(p):
            lamb = pytorch_optimizer.Lamb(
                [p], lr=o["lr"], betas=o["betas"], eps=o["eps"], weight_decay=o["weight_decay"],
                weight_decouple=False, adam_debias=True, foreach=False)
            lamb.clamp = o["max_norm"]
            return lamb
        return lambda parameters: Separate(make, parameters)

    for max_norm in [2.0, 10.0]:
        options = base | dict(bias_correction=False, adapt_vectors=True, max_norm=max_norm)
        yield "lamb", options, bounded(options), 0.0


def adafactor_cases():
    base = dict(lr=0.01, beta2_decay=-0.8, eps=(None, 1e-3), d=1.0, weight_decay=0.0)
    for change in [{}, {"lr": 0.3}, {"beta2_decay": -0.5}, {"eps": (0.5, 1e-3)},
                   {"eps": (None, 2.0)}, {"d": 1.3}, {"weight_decay": 0.3}]:
        options = base | change
        yield ("adafactor", options,
               lambda parameters, o=options: torch.optim.Adafactor(parameters, foreach=False, **o),
               0.0)


def prodigy_cases():
    base = dict(lr=1.0, betas=(0.9, 0.999), beta3=None, eps=1e-8, weight_decay=0.0, decouple=True,
                use_bias_correction=False, safeguard_warmup=False, d0=1e-6, d_coef=1.0,
                growth_rate=float("inf"), slice_p=1)
    for change in [{}, {"lr": 0.5}, {"betas": (0.5, 0.99)}, {"beta3": 0.8}, {"eps": 1e-3},
                   {"weight_decay": 0.1}, {"weight_decay": 0.1, "decouple": False},
                   {"use_bias_correction": True}, {"safeguard_warmup": True, "lr": 0.3},
                   {"d0": 1e-2}, {"d_coef": 2.0}, {"d0": 1e-3, "growth_rate": 1.05},
                   {"slice_p": 5}]:
        options = base | change
        yield ("prodigy", options,
               lambda parameters, o=options: prodigyopt.Prodigy(parameters, **o), 0.5)


def soap_cases():
    base = dict(lr=3e-3, betas=(0.95, 0.95), shampoo_beta=None, eps=1e-8, weight_decay=1e-2,
                precondition_frequency=10, max_precondition_dim=10000, merge_dims=False,
                precondition_1d=False, correct_bias=True, normalize_gradient=False)

    def make(o):
        # The package fails to join the axes of a vector.
        return lambda parameters: Separate(
            lambda p: pytorch_optimizer.SOAP(
                [p], **(o | {"merge_dims": o["merge_dims"] and p.ndim > 1})), parameters)

    for change in [{}, {"betas": (0.9, 0.99)}, {"shampoo_beta": 0.5}, {"eps": 1e-1},
                   {"weight_decay": 0.3}, {"precondition_frequency": 1},
                   {"max_precondition_dim": 3}, {"precondition_1d": True},
                   {"correct_bias": False}, {"normalize_gradient": True},
                   {"merge_dims": True, "max_precondition_dim": 10}]:
        yield "soap", base | change, make(base | change), 0.0


def rounded(tensor, digits):
    return [round(x, digits) for x in tensor.flatten().tolist()]


def shortest(tensor):
    """Nine digits tell floats apart."""
    return [float(f"{x:.9g}") for x in tensor.flatten().tolist()]


def tensors(values):
    return [torch.tensor(v).reshape(shape) for v, shape in zip(values, SHAPES)]


def run(name, options, make, pull, start, targets, noise):
    parameters = [t.clone().requires_grad_() for t in tensors(start)]
    optimizer = make(parameters)
    case = {"optimizer": name, "options": options, "pull": pull, "after": {}}
    aims = tensors(targets)
    for step in range(1, STEPS + 1):
        for i, (parameter, aim, push) in enumerate(zip(parameters, aims, tensors(noise[step - 1]))):
            # The last parameter joins late, so that its own step count is seen to matter.
            late = i == len(SHAPES) - 1 and step < 3
            gradient = (parameter.detach() - aim).mul_(pull).add_(push)
            parameter.grad = None if late else gradient
        optimizer.step()
        if step in KEPT:
            case["after"][str(step)] = [shortest(p) for p in parameters]
    return case


def main():
    torch.manual_seed(1)
    torch.set_num_threads(1)
    muon_in_f32()
    start = [rounded(torch.randn(shape), 3) for shape in SHAPES]
    targets = [rounded(torch.randn(shape), 3) for shape in SHAPES]
    noise = [[rounded(torch.randn(shape), 3) for shape in SHAPES] for _ in range(STEPS)]
    cases = [*muon_cases(), *lamb_cases(), *adafactor_cases(), *prodigy_cases(), *soap_cases()]
    result = {
        "source": f"PyTorch {torch.__version__}, timm, prodigyopt, pytorch_optimizer, float32 CPU",
        "shapes": SHAPES,
        "start": start,
        "targets": targets,
        "noise": noise,
        "cases": [run(*case, start, targets, noise) for case in cases],
    }
    path = pathlib.Path(__file__).with_name("matrix_trajectories.json")
    path.write_text(json.dumps(result).replace("Infinity", "1e39") + "\n")


main()
