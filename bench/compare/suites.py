"""What is compared: groups of entries that are measured in the same rounds, and the ratios of each."""

import dataclasses

MLP = "mlp 784-512-512-10"
COMPILED = "compiled"  # in the name of an entry: torch.compile


@dataclasses.dataclass(frozen=True)
class Case:
    """One ratio: the fastest of `peers` over `ours`. `bf16` are peers of ours in bf16."""
    name: str
    what: str  # in the summary
    ours: str
    peers: tuple
    bf16: tuple = ()


@dataclasses.dataclass(frozen=True)
class Group:
    """Entries that take turns in every round. `plastic` are entries without a case."""
    suite: str
    cases: tuple
    batch: int = 128
    plastic: tuple = ()
    memory: bool = False  # the peak memory of each side is compared, too

    def ours(self, precision="f32"):
        if precision == "bf16":
            return tuple(case.ours for case in self.cases if case.bf16)
        return tuple(dict.fromkeys([case.ours for case in self.cases] + list(self.plastic)))

    def peers(self, bf16):
        return tuple(dict.fromkeys(entry for case in self.cases
                                   for entry in case.peers + (case.bf16 if bf16 else ())))


def in_bf16(entry):
    """The name of an entry of ours that is measured in bf16."""
    rule, _, variant = entry.partition("/")
    return f"{rule}-bf16/{variant}"


def with_words(rule, variant, *words):
    """Names of entries, as the peers take them."""
    return tuple("-".join(filter(None, (rule, word))) + f"/{variant}" for word in words)


def mlp(batches, _):
    for batch in batches:
        variant = f"batch{batch}"
        cases = [
            Case(f"mlp-{rule}-{variant}", f"{MLP}, {title}, training, batch {batch}",
                 f"{rule}/{variant}",
                 with_words(rule, variant, "foreach", "fused", "fused-compiled"),
                 with_words(rule, variant, "fused-bf16", "fused-bf16-compiled"))
            for rule, title in (("sgd", "SGD"), ("adam", "Adam"))]
        cases.append(Case(f"mlp-neuroplastic-{variant}-vs-reference",
                          f"{MLP}, NeuroPlastic, training, batch {batch}, against its reference",
                          f"neuroplastic/{variant}", (f"neuroplastic/{variant}",)))
        yield Group("mlp", tuple(cases), batch)


def optimizers(_, __):
    ways = ("foreach", "fused", "foreach-compiled")
    for model, parameters in (("resnet18", "11.17 M"), ("mlp", "0.67 M")):
        sgd, plain, adam = (with_words(rule, model, *ways)
                            for rule in ("sgd", "sgd_plain", "adam"))
        reference = (f"neuroplastic/{model}",)
        neuroplastic = f"neuroplastic/{model}"
        what = f"step alone, {parameters} parameters"
        yield Group("optimizers", (
            Case(f"sgd-{model}", f"SGD's {what}", f"sgd/{model}", sgd),
            Case(f"sgd-plain-{model}", f"SGD's {what}, no momentum", f"sgd_plain/{model}", plain),
            Case(f"adam-{model}", f"Adam's {what}", f"adam/{model}", adam),
            Case(f"neuroplastic-{model}-vs-adam", f"NeuroPlastic's {what}, against Adam's",
                 neuroplastic, adam),
            Case(f"neuroplastic-{model}-vs-reference",
                 f"NeuroPlastic's {what}, against its reference", neuroplastic, reference),
            Case(f"neuroplastic-diagnostics-{model}-vs-reference",
                 f"the same with diagnostics, {parameters} parameters",
                 f"neuroplastic-diagnostics/{model}", reference),
        ), plastic=("stream",))


def cnn(batches, models):
    layouts = ("nchw", "channels_last")
    for model in models:
        for batch in batches:
            variant = f"{model}/batch{batch}"
            yield Group("cnn", (Case(
                f"cnn-{model}-sgd-batch{batch}", f"{model}, SGD, training, batch {batch}",
                f"sgd/{variant}",
                with_words("sgd-fused", variant, *layouts, *(f"{l}-compiled" for l in layouts)),
                with_words("sgd-fused", variant, "channels_last-bf16",
                           "channels_last-bf16-compiled")),),
                batch, memory=batch == max(batches))


def inference(batches, models):
    for model in ("mlp", *models):
        for batch in batches:
            variant = f"{model}/batch{batch}"
            layouts = ("nchw",) if model == "mlp" else ("nchw", "channels_last")
            last = layouts[-1]
            words = (*layouts, *(f"{l}-compiled" for l in layouts), "nchw-traced", "onnxruntime")
            yield Group("inference", (Case(
                f"inference-{model}-batch{batch}", f"{MLP if model == 'mlp' else model}, inference, batch {batch}",
                f"inference/{variant}", with_words("", variant, *words),
                with_words("", variant, f"{last}-bf16", f"{last}-bf16-compiled")),), batch)


def conv(batches, _):
    for batch in batches:
        yield Group("conv", (), batch)


@dataclasses.dataclass(frozen=True)
class Suite:
    groups: object  # called with batch sizes and models
    batches: tuple
    min_time: float  # seconds measured in each round for each entry
    what: str


SUITES = {
    "mlp": Suite(mlp, (128, 16, 1), 0.2,
                 "a training step (forward, loss, backward, optimizer, zero_grad) of 784-512-512-10, "
                 "ReLU,\n  dropout 0.1, on random data in memory; SGD with momentum"),
    "optimizers": Suite(optimizers, (128,), 0.2,
                        "one step of the optimizer on given gradients; SGD with momentum; resnet18: "
                        "11173962\n  parameters in 62 tensors, mlp: 669706 in 6"),
    "cnn": Suite(cnn, (128, 8, 1), 1.0,
                 "a training step (forward, loss, backward, optimizer, zero_grad) on random 32x32 "
                 "colour images\n  in memory; resnet18 in its form for CIFAR; SGD with momentum; "
                 "every way of PyTorch's in a\n  process of its own"),
    "inference": Suite(inference, (1, 8, 64), 0.2,
                       "a forward pass on random data in memory, in the models' form for inference; "
                       "PyTorch eager,\n  compiled with frozen weights, and traced and frozen; "
                       "onnxruntime"),
    "conv": Suite(conv, (128,), 0.1,
                  "each pass of every distinct convolution of resnet18 (CIFAR) and small_cnn by "
                  "itself"),
}
