"""Every optimizer of the library from PyTorch, with two groups, and its state to the engine and back."""

import os
import tempfile
import unittest

import torch

import cases
import plastic_optim
from plastic_optim import checkpoints

STEPS = 6


def example(name, file, start="start."):
    """The optimizer of engine_files.cpp over parameters of the file."""
    parameters = [file[f"{start}{i}"].clone().requires_grad_() for i in range(4)]
    lr = plastic_optim._library.options_of(name)["lr"][0]
    other = lr if name == "prodigy" else lr / 2
    groups = [{"params": parameters[:2], "lr": lr},
              {"params": parameters[2:], "lr": other, "weight_decay": 0.01}]
    return parameters, plastic_optim.optimizers[name](groups)


def step(optimizer, parameters, file, k):
    optimizer.set_epoch(k // 2 + 1, 3)
    cases.set_gradients(parameters, [file[f"gradient.{k}.{i}"] for i in range(4)])
    optimizer.step()


class Optimizers(cases.Case):
    @classmethod
    def setUpClass(cls):
        cls.files = cases.engine_files("optimizers")

    def test_there_is_a_class_for_each(self):
        self.assertEqual(set(self.files), set(plastic_optim.optimizers))
        for name in ("NeuroPlastic", "SGD", "Adam", "AdamW", "Lion", "Muon", "SOAP",
                     "ScheduleFreeAdamW"):
            self.assertIn(name, plastic_optim.__all__)
            self.assertTrue(issubclass(getattr(plastic_optim, name), torch.optim.Optimizer))

    def test_the_bits_of_the_engine(self):
        for name, file in self.files.items():
            with self.subTest(name):
                parameters, optimizer = example(name, file)
                for k in range(STEPS):
                    step(optimizer, parameters, file, k)
                    for i, p in enumerate(parameters):
                        self.assert_same(p, file[f"step.{k}.{i}"], f"{name} step {k}")
                    if k == 2:
                        self.check_state(optimizer, file, name)

    def check_state(self, optimizer, file, name):
        state = checkpoints.state_of(optimizer)
        expected = cases.part_of(file, "optimizer.")
        self.assertEqual(sorted(state), sorted(expected))
        for key, tensor in expected.items():
            self.assert_same(state[key], tensor, f"{name} {key}")

    def test_states_that_the_engine_wrote_are_continued(self):
        for name, file in self.files.items():
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "run.safetensors")
                checkpoints.write_safetensors(path, file)  # has "optimizer." and other parts
                parameters, optimizer = example(name, file, "step.2.")
                checkpoints.load(optimizer, path)
                self.check_state(optimizer, file, name)
                self.check_that_it_goes_on(name, optimizer, parameters, file)

    def check_that_it_goes_on(self, name, optimizer, parameters, file):
        for k in range(3, STEPS):
            step(optimizer, parameters, file, k)
            for i, p in enumerate(parameters):
                self.assert_same(p, file[f"step.{k}.{i}"], f"{name} step {k}")

    def test_the_engine_loads_what_is_saved_here(self):
        for name, file in self.files.items():
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                parameters, optimizer = example(name, file)
                for k in range(2):
                    step(optimizer, parameters, file, k)
                path = os.path.join(folder, "state.safetensors")
                checkpoints.save(optimizer, path)
                cases.engine("load", name, path)

    def test_pytorchs_state_dict_continues_with_the_same_bits(self):
        for name, file in self.files.items():
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                parameters, optimizer = example(name, file)
                for k in range(3):
                    step(optimizer, parameters, file, k)
                path = os.path.join(folder, "state.pt")
                torch.save(optimizer.state_dict(), path)
                others, other = example(name, file, "step.2.")
                other.load_state_dict(torch.load(path))
                self.check_that_it_goes_on(name, other, others, file)

    def test_options_have_the_names_and_defaults_of_the_library(self):
        for name, make in plastic_optim.optimizers.items():
            optimizer = make(cases.parameters())
            group = optimizer.param_groups[0]
            for option, (default, _) in plastic_optim._library.options_of(name).items():
                if option != "lr" or name not in ("neuroplastic", "grad-only"):
                    self.assertEqual(group[option], default, f"{name} {option}")
                self.assertIn(option, make.__doc__)
            with self.assertRaisesRegex(TypeError, "no option lrr; there are lr, weight_decay"):
                make(cases.parameters(), lrr=1)
            with self.assertRaisesRegex(plastic_optim.Error, r"lr is -1|option lr is \"-1\""):
                make(cases.parameters(), lr=-1)

    def test_options_have_the_type_of_their_default(self):
        for name, options, why in (
                ("sgd", {"weight_decay": "0.1,lr=5"}, r"\[sgd\] option weight_decay is '0.1,lr=5'; give a number"),
                ("sgd", {"weight_decay": "0.1"}, "give a number"),
                ("sgd", {"lr": True}, "give a number"),
                ("sgd", {"momentum": None}, "give a number"),
                ("sgd", {"nesterov": "true"}, "give True or False"),
                ("neuroplastic", {"hybrid_base": "classic,lr=5"}, "give one name, such as 'classic'"),
                ("neuroplastic", {"hybrid_base": 1}, "give one name")):
            with self.assertRaisesRegex(TypeError, why):
                cases.make(name, cases.parameters(), **options)
        optimizer = cases.make("sgd", cases.parameters(), lr=torch.tensor(0.5), momentum=0)
        self.run_steps(optimizer, optimizer.param_groups[0]["params"], 1)

    def test_a_state_that_is_cleared_begins_anew(self):
        for name in ("prodigy", "schedule-free-sgd", "adam", "neuroplastic"):
            with self.subTest(name):
                parameters, others = cases.parameters(), cases.parameters()
                optimizer = cases.make(name, parameters)
                optimizer.set_epoch(2, 3)
                self.run_steps(optimizer, parameters, 3)
                with torch.no_grad():
                    for p, q in zip(parameters, others):
                        q.copy_(p)
                optimizer.state.clear()
                fresh = cases.make(name, others)
                fresh.set_epoch(2, 3)
                self.run_steps(optimizer, parameters, 3, seed=1)
                self.run_steps(fresh, others, 3, seed=1)
                self.assert_all_same(parameters, others)

    def test_files_have_the_permissions_that_the_umask_leaves(self):
        with tempfile.TemporaryDirectory() as folder:
            before = os.umask(0o027)
            try:
                path = os.path.join(folder, "state.safetensors")
                checkpoints.save(plastic_optim.Adam(cases.parameters()), path)
            finally:
                os.umask(before)
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o640)
            self.assertEqual(os.listdir(folder), ["state.safetensors"])

    def test_schedule_free_evaluates_other_weights(self):
        for name in ("schedule-free-sgd", "schedule-free-adamw"):
            parameters = cases.parameters()
            other = cases.parameters()
            optimizer, plain = cases.make(name, parameters), cases.make(name, other)
            self.run_steps(optimizer, parameters, 3)
            self.run_steps(plain, other, 3)
            optimizer.eval()
            self.assertFalse(torch.equal(parameters[0], other[0]))
            with self.assertRaisesRegex(plastic_optim.Error, "train()"):
                optimizer.step()
            state = optimizer.state_dict()
            optimizer.train()
            self.assert_all_same(parameters, other)
            self.run_steps(optimizer, parameters, 2, seed=1)
            self.run_steps(plain, other, 2, seed=1)
            self.assert_all_same(parameters, other)
            self.assertEqual(state["param_groups"][0]["evaluating"], 1)

    def test_files_that_are_damaged_are_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "state.safetensors")
            optimizer = plastic_optim.Adam(cases.parameters())
            checkpoints.save(optimizer, path)
            with open(path, "rb") as file:
                whole = file.read()
            for content, why in ((b"", "shorter"), (whole[:100], "header of"),
                                 (whole[:-4], "does not fit"),
                                 (whole.replace(b'"F32"', b'"F31"'), "is no tensor"),
                                 ((1).to_bytes(8, "little") + b"{", "not JSON")):
                with open(path, "wb") as file:
                    file.write(content)
                with self.assertRaisesRegex(ValueError, why):
                    checkpoints.load(optimizer, path)
            state = checkpoints.state_of(optimizer)
            with self.assertRaisesRegex(ValueError, "missing"):
                checkpoints.load_state(optimizer, {})
            with self.assertRaisesRegex(ValueError, "has shape"):
                checkpoints.load_state(optimizer, {**state, "state.0.exp_avg": torch.zeros(2)})
            with self.assertRaisesRegex(ValueError, "unknown"):
                checkpoints.load_state(optimizer, {**state, "state.0.other": torch.zeros(2)})
            for name, value, why in (("state.0.step", -1.0, "0 or more"),
                                     ("state.0.step", 1.5, "whole number"),
                                     ("group.0.lr", float("nan"), "expected a number"),
                                     ("group.0.lr", -0.1, "0 or more")):
                with self.assertRaisesRegex(ValueError, f"{name}.*{why}"):
                    checkpoints.load_state(optimizer, {**state, name: torch.tensor(value)})
                for key, tensor in checkpoints.state_of(optimizer).items():
                    self.assertTrue(torch.equal(tensor, state[key]), key)


if __name__ == "__main__":
    unittest.main()
