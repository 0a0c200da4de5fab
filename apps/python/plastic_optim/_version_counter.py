"""Writes that PyTorch does not see are told to autograd, which refuses to use what was overwritten."""

import torch

_increment = getattr(torch.autograd.graph, "increment_version", None)


def _takes_many():
    tensor = torch.zeros(1)
    try:
        _increment([tensor])
    except Exception:  # pylint: disable=broad-except
        return False
    return tensor._version == 1


if _increment is not None and _takes_many():
    bump = _increment
else:
    def bump(tensors):
        for tensor in tensors:
            if _increment is not None:
                _increment(tensor)
            else:
                # Writing to no element counts as writing; a detached tensor shares the count.
                tensor.detach().reshape(-1)[:0].zero_()
