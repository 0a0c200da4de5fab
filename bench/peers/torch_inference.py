"""One forward pass of models that are not trained, in PyTorch (eager in either layout, compiled and
frozen) and in onnxruntime, which read the same weights."""

import io
import itertools
import logging
import os

import torch
from torch import nn

import peer
from torch_cnn import MODELS as IMAGE_MODELS

DISTINCT_BATCHES = 8


def mlp():
    return nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(),
                         nn.Linear(512, 10))


MODELS = {"mlp": mlp, **IMAGE_MODELS}


def batches_of(model, batch):
    shape = (batch, 784) if model == "mlp" else (batch, 3, 32, 32)
    return [torch.randn(*shape) for _ in range(DISTINCT_BATCHES)]


def torch_call(module, batches):
    cycle = itertools.cycle(batches)

    def call():
        with torch.inference_mode():
            module(next(cycle))
    return call


def onnxruntime_call(module, batches, threads):
    import onnxruntime  # pylint: disable=import-outside-toplevel
    file = io.BytesIO()
    torch.onnx.export(module, (batches[0],), file, dynamo=False, input_names=["x"])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(file.getvalue(), options,
                                           providers=["CPUExecutionProvider"])
    cycle = itertools.cycle([batch.numpy() for batch in batches])
    return lambda: session.run(None, {"x": next(cycle)})


def ways(model, batch, threads):
    """What can be measured for a model, by name: functions that prepare it and return the call."""
    make, batches = MODELS[model], batches_of(model, batch)
    last = [b.to(memory_format=torch.channels_last) if b.dim() == 4 else b for b in batches]

    def fresh():
        return make().eval()

    def frozen(inputs):
        # As deep as a user who serves a model goes: batch norm folded, weights in oneDNN's layout.
        traced = torch.jit.trace(fresh(), inputs[0])
        return torch.jit.optimize_for_inference(torch.jit.freeze(traced))

    def compiled():
        os.environ.setdefault("TORCHINDUCTOR_FREEZING", "1")
        torch._dynamo.reset()
        return torch.compile(fresh())

    return {
        "eager": lambda: torch_call(fresh(), batches),
        "eager-channels_last": lambda: torch_call(
            fresh().to(memory_format=torch.channels_last), last),
        "frozen": lambda: torch_call(frozen(batches), batches),
        "compiled": lambda: torch_call(compiled(), batches),
        "onnxruntime": lambda: onnxruntime_call(fresh(), batches, threads),
    }


def main():
    options = peer.arguments(__doc__)
    os.environ["TORCHINDUCTOR_FREEZING"] = "1"
    logging.disable(logging.WARNING)
    entries = {}
    for batch in map(int, options.batches.split(",")):
        for model in MODELS:
            for way, prepare in ways(model, batch, options.threads).items():
                name = f"{way}/{model}/batch{batch}"
                if options.only not in (None, name):
                    continue
                entries[name] = peer.mean_step(prepare(), options.min_time)
    peer.report(entries)


if __name__ == "__main__":
    main()
