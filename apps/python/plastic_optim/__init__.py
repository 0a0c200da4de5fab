"""The optimizers of Plastic for PyTorch: NeuroPlastic (arXiv 2604.26297) and the library's others.

    import plastic_optim

    optimizer = plastic_optim.NeuroPlastic(model.parameters(), lr=0.1, warmup_epochs=2)

Each is a torch.optim.Optimizer whose step the library computes; help(plastic_optim.NeuroPlastic)
lists the options.
"""

from . import _library
from ._library import Error
from ._neuroplastic import NeuroPlasticOptimizer
from ._optimizer import PlasticOptimizer, class_name, make_class

optimizers = {}
for _name in _library.optimizer_names():
    if _name in ("neuroplastic", "grad-only"):
        # The reference implementation's rate; the library's table has the paper's.
        optimizers[_name] = make_class(_name, NeuroPlasticOptimizer, {"lr": 1e-3})
    else:
        optimizers[_name] = make_class(_name)
    globals()[class_name(_name)] = optimizers[_name]



def __getattr__(name):
    if name == "__version__":
        from importlib import metadata  # pylint: disable=import-outside-toplevel
        try:
            return metadata.version("plastic-optim")
        except metadata.PackageNotFoundError:
            pass  # a source tree
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["Error", "PlasticOptimizer", "optimizers", *(class_name(name) for name in optimizers)]
