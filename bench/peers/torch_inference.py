"""One forward pass of networks that are not trained, in PyTorch (eager in either layout; compiled, and
traced, with weights frozen) and in onnxruntime. Entries: WORDS/MODEL/batchN."""

import io
import itertools
import warnings

import torch

import models

DISTINCT_BATCHES = 8


def run_with(module, batches, words=()):
    batches = itertools.cycle(batches)

    def step():
        with torch.inference_mode(), models.precision(words):
            module(next(batches))

    return step


def compiled(module):
    """Inductor knows the weights as constants: it folds batch norm and packs them once."""
    import torch._inductor.config
    torch._inductor.config.freezing = True
    return torch.compile(module)


def traced(module, example):
    """As deep as TorchScript goes: batch norm folded, weights in oneDNN's layout."""
    return torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(module, example)))


def onnxruntime_step(module, batches, threads):
    import onnxruntime
    file = io.BytesIO()
    torch.onnx.export(module, (batches[0],), file, dynamo=False, input_names=["x"])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(file.getvalue(), options,
                                           providers=["CPUExecutionProvider"])
    arrays = itertools.cycle([batch.numpy() for batch in batches])
    return lambda: session.run(None, {"x": next(arrays)})


def prepare(entry, threads):
    warnings.simplefilter("ignore")  # TorchScript is deprecated, and at batch 1 the fastest
    words, name, batch = entry.split("/")
    words = words.split("-")
    batch = int(batch.removeprefix("batch"))
    layout = models.layout_of(words)
    make = models.IMAGE_MODELS.get(name, lambda: models.mlp(dropout=0))
    module = make().eval().to(memory_format=layout)
    parameters = models.parameter_count(module)
    shape = (784,) if name == "mlp" else (3, 32, 32)
    batches = [torch.randn(batch, *shape) for _ in range(DISTINCT_BATCHES)]
    if name != "mlp":
        batches = [batch.to(memory_format=layout) for batch in batches]
    if "onnxruntime" in words:
        return {entry: (onnxruntime_step(module, batches, threads), parameters)}
    if "compiled" in words:
        module = compiled(module)
    elif "traced" in words:
        module = traced(module, batches[0])
    return {entry: (run_with(module, batches, words), parameters)}
