"""Parameters on a CUDA device, which no test has: the library's functions for one are replaced by those
for the CPU, and PyTorch's streams by numbers. What is tested is what the package asks the library for."""

import contextlib
import unittest
import warnings
from unittest import mock

import torch

import cases
import plastic_optim
from plastic_optim import _engine, _library, _optimizer
from plastic_optim._optimizer import PlasticOptimizer

DEVICE = torch.device("cuda", 2)


class Streams:
    """What the library was told."""

    def __init__(self):
        self.current = 7
        self.made_on = []
        self.moved_to = []


@contextlib.contextmanager
def pretended_device():
    library = _library.library
    streams = Streams()
    memory = []

    def create(name, groups, count, device, stream, handle):
        streams.made_on.append((device, stream))
        return library.plastic_optimizer_create_groups(name, groups, count, handle)

    def set_stream(_, stream):
        streams.moved_to.append(stream)
        return 0

    def over(owner, address, shape, device):
        assert device == DEVICE
        memory.append(_engine._DeviceMemory(owner, address, shape))
        described = memory[-1].__cuda_array_interface__
        assert described["typestr"] == "<f4" and described["data"] == (address, False)
        return real_tensor_over(owner, address, 0, described["shape"], torch.device("cpu"))

    real_tensor_over = _engine._tensor_over
    with mock.patch.object(library, "plastic_optimizer_create_on_cuda", create), \
            mock.patch.object(library, "plastic_optimizer_set_stream", set_stream), \
            mock.patch.object(_engine, "_current_stream", lambda device: streams.current), \
            mock.patch.object(_engine, "_over_device_memory", over), \
            mock.patch.object(_optimizer, "_is_steppable", lambda p, device: device == DEVICE), \
            mock.patch.object(PlasticOptimizer, "_library_device", lambda self: DEVICE):
        yield streams


def parameters():
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(shape, generator=generator).requires_grad_()
            for shape in ((6, 4), (6,), ())]


def train(name, between=lambda step: None):
    own = parameters()
    optimizer = plastic_optim.optimizers[name](own)
    for step in range(4):
        between(step)
        optimizer.set_epoch(step + 1, 4)
        generator = torch.Generator().manual_seed(step + 10)
        for p in own:
            p.grad = torch.randn(p.shape, generator=generator)
        optimizer.step()
    return own, optimizer


class OnDevice(cases.Case):
    def test_every_optimizer_takes_the_steps_of_the_library(self):
        for name in plastic_optim.optimizers:
            with self.subTest(name):
                expected, on_cpu = train(name)
                with pretended_device() as streams:
                    own, optimizer = train(name)
                    for p, q in zip(own, expected):
                        self.assert_same(p, q, name)
                    self.assertEqual(set(streams.made_on), {(2, 7)})
                    self.assertEqual(streams.moved_to, [])
                    for p, q in zip(own, expected):
                        for key, value in on_cpu.state[q].items():
                            self.assert_same(optimizer.state[p][key], value, key)

    def test_steps_follow_the_current_stream(self):
        with pretended_device() as streams:
            def between(step):
                streams.current = 7 if step < 2 else 9
            train("neuroplastic", between)
            self.assertEqual(streams.moved_to, [9])

    def test_state_is_copied_over_before_its_memory_is_free(self):
        with pretended_device() as streams:
            own, optimizer = train("sgd")
            streams.current = 9
            optimizer.param_groups[0]["momentum"] = 0.5
            optimizer.step()
            self.assertEqual(streams.made_on, [(2, 7), (2, 9)])
            self.assertEqual(streams.moved_to, [9])
            streams.current = 11
            optimizer.load_state_dict(optimizer.state_dict())
            self.assertEqual(streams.moved_to, [9, 11])

    def test_parameters_that_were_copied_may_move(self):
        columns = torch.ones(4, 6).t().requires_grad_()
        columns.grad = torch.ones(6, 4)
        optimizer = plastic_optim.SGD([columns])
        optimizer.step()
        engine = optimizer._engine
        optimizer.step()
        self.assertIs(optimizer._engine, engine)
        engine.copied_from[0] = DEVICE
        optimizer.step()
        self.assertIsNot(optimizer._engine, engine)
        self.assertEqual(optimizer._engine.copied_from, [torch.device("cpu")])

    def test_it_says_that_numpy_is_needed(self):
        with pretended_device(), mock.patch.object(torch.Tensor, "numpy",
                                                   side_effect=RuntimeError("Numpy is not available")):
            with self.assertRaisesRegex(ImportError, "Numpy is not available.*pip install numpy"):
                train("adam")

    def test_counts_are_on_the_host(self):
        with pretended_device():
            own, optimizer = train("adamw")
            self.assertEqual(optimizer.state[own[0]]["step"].item(), 4)


class Kernels(cases.Case):
    absent = torch.device("cuda", _library.library.plastic_cuda_device_count())

    def test_there_are_none_for_what_is_not_there(self):
        self.assertFalse(_library.has_kernels_for(self.absent))
        self.assertFalse(_library.has_kernels_for(torch.device("mps")))

    def test_a_warning_says_why(self):
        def why(*devices):
            return _optimizer._why_copied([mock.Mock(device=torch.device(device))
                                           for device in devices])
        self.assertRegex(why(str(self.absent)), f"no kernels for {self.absent} .*is not available: ")
        self.assertIn("on one device, and they are on cpu, cuda:0", why("cuda:0", "cpu", "cuda:0"))
        self.assertEqual(why("mps"), "this package has no kernels for mps")

    def test_a_device_that_is_not_there_is_refused(self):
        with mock.patch.object(_engine, "_current_stream", lambda device: 0):
            with self.assertRaisesRegex(_library.Error, str(self.absent)):
                _engine.Engine("adam", [([torch.zeros(2)], {"lr": (0.1, 0.1)})], device=self.absent)

    def test_the_only_device_of_all_parameters_is_the_librarys(self):
        def place(*devices):
            optimizer = plastic_optim.AdamW([torch.zeros(1)])
            with mock.patch.object(_library, "has_kernels_for",
                                   lambda device: device.type == "cuda"), \
                    mock.patch.object(optimizer, "_parameters",
                                      lambda: [mock.Mock(device=torch.device(device),
                                                         is_cpu=device == "cpu")
                                               for device in devices]):
                return optimizer._library_device()
        self.assertEqual(place("cuda:1", "cuda:1"), torch.device("cuda", 1))
        self.assertEqual(place("cpu", "cpu"), torch.device("cpu"))
        self.assertIsNone(place("cuda:0", "cuda:1"))
        self.assertIsNone(place("cpu", "cuda:0"))
        self.assertIsNone(place("mps"))


if __name__ == "__main__":
    warnings.simplefilter("error")
    unittest.main()
