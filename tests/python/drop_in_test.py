"""What PyTorch's users expect of an optimizer: groups, closures, schedulers, scaling of gradients,
saved states, and what is refused."""

import copy
import io
import pickle
import subprocess
import sys
import unittest
import warnings

import torch

import cases
import plastic_optim
from plastic_optim import checkpoints

sys.path.insert(0, str(cases.GOLDEN.parents[3] / "bench/peers"))
import reference_neuroplastic  # noqa: E402  pylint: disable=wrong-import-position

TORCH = tuple(int(part) for part in torch.__version__.split("+")[0].split(".")[:2])


class Reference(cases.Case):
    def test_100_steps_with_a_scheduler_and_two_groups(self):
        def train(make):
            parameters = cases.parameters()
            groups = [{"params": parameters[:2], "lr": 0.1, "min_alpha": 0.5},
                      {"params": parameters[2:], "lr": 0.05, "weight_decay": 0.01}]
            optimizer = make(groups, warmup_epochs=2, plasticity_scale=2.0)
            scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)
            for epoch in range(1, 11):
                if hasattr(optimizer, "set_epoch"):
                    optimizer.set_epoch(epoch, 10)
                optimizer.epoch = epoch
                self.run_steps(optimizer, parameters, 10, seed=epoch)
                scheduler.step()
            return parameters, optimizer

        ours, optimizer = train(plastic_optim.NeuroPlastic)
        theirs, reference = train(reference_neuroplastic.NeuroPlastic)
        start = cases.parameters()
        for p, q, before in zip(ours, theirs, start):
            self.assertGreater((q - before).norm(), 0.1)
            self.assertLessEqual(cases.relative(p, q), 2e-5)
            self.assertLessEqual(cases.relative(p - before, q - before), 1e-4)
            for name in ("activity", "momentum", "variance"):
                self.assertLessEqual(
                    cases.relative(optimizer.state[p][name], reference.state[q][name]), 2e-5)


class Peers(cases.Case):
    """PyTorch's own optimizers, as schedulers and state dictionaries see them."""

    def check(self, ours, theirs, steps=5):
        parameters, others = cases.parameters(), cases.parameters()
        optimizer, other = ours(parameters), theirs(others)
        self.run_steps(optimizer, parameters, steps)
        self.run_steps(other, others, steps)
        for p, q in zip(parameters, others):
            self.assertLessEqual(cases.relative(p, q), 1e-5)
        return parameters, others, optimizer, other

    def test_adam_and_adamw_and_sgd(self):
        for name in ("Adam", "AdamW"):
            self.check(getattr(plastic_optim, name), getattr(torch.optim, name))
        self.check(plastic_optim.SGD, lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9))

    def test_maximize(self):
        self.check(lambda p: plastic_optim.Adam(p, maximize=True),
                   lambda p: torch.optim.Adam(p, maximize=True))
        parameters, others = cases.parameters(), cases.parameters()
        up = plastic_optim.NeuroPlastic(parameters, maximize=True)
        down = plastic_optim.NeuroPlastic(others)
        cases.set_gradients(parameters, [torch.ones_like(p) for p in parameters])
        cases.set_gradients(others, [-torch.ones_like(p) for p in others])
        up.step()
        down.step()
        self.assert_all_same(parameters, others)
        self.assertEqual(parameters[0].grad.min().item(), 1)

    def test_states_of_pytorchs_adam_are_taken_over_and_given_back(self):
        parameters, others, optimizer, other = self.check(plastic_optim.Adam, torch.optim.Adam)
        again = plastic_optim.Adam(parameters, beta1=0.5)
        again.load_state_dict(other.state_dict())
        self.assertEqual(again.param_groups[0]["beta1"], 0.9)
        back = torch.optim.Adam(others)
        back.load_state_dict({"state": optimizer.state_dict()["state"],
                              "param_groups": other.state_dict()["param_groups"]})
        self.run_steps(again, parameters, 3, seed=1)
        self.run_steps(back, others, 3, seed=1)
        for p, q in zip(parameters, others):
            self.assertLessEqual(cases.relative(p, q), 1e-5)

    def test_an_incomplete_state_is_refused(self):
        _, _, _, other = self.check(plastic_optim.SGD,
                                    lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9))
        parameters = cases.parameters()
        optimizer = plastic_optim.SGD(parameters)
        optimizer.load_state_dict(other.state_dict())
        with self.assertRaisesRegex(ValueError, r"\[sgd\] the state of parameter 0 of group 0.*step"):
            self.run_steps(optimizer, parameters, 1)
        with self.assertRaisesRegex(ValueError, "amsgrad"):
            state = torch.optim.Adam(cases.parameters(), amsgrad=True).state_dict()
            plastic_optim.Adam(parameters).load_state_dict(state)
        adam = plastic_optim.Adam(parameters)
        self.run_steps(adam, parameters, 1)
        with self.assertRaisesRegex(ValueError, "amsgrad"):
            adam.load_state_dict(state)
        self.run_steps(adam, parameters, 1)
        self.assertEqual(adam.state[parameters[0]]["step"].item(), 2)


class DropIn(cases.Case):
    def train_twice(self, change, name="neuroplastic", **options):
        """The bits of training, and of training in which something changes in the middle."""
        results = []
        for changed in (False, True):
            parameters = cases.parameters()
            optimizer = cases.make(name, parameters, **options)
            self.run_steps(optimizer, parameters, 3)
            if changed:
                parameters, optimizer = change(parameters, optimizer)
            self.run_steps(optimizer, parameters, 3, seed=1)
            results.append(parameters)
        self.assert_all_same(*results, name)

    def test_parameters_that_share_memory_are_refused_when_they_are_given(self):
        whole = torch.zeros(6)
        with self.assertRaisesRegex(ValueError, r"\[sgd\] parameters 0 and 1 overlap; list what they "
                                                "share once"):
            plastic_optim.SGD([whole[:4], whole[3:]])
        weight = torch.zeros(3)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch's, of the same
            with self.assertRaisesRegex(ValueError, "overlap"):
                plastic_optim.SGD([weight, weight])
        optimizer = plastic_optim.SGD([whole[:2], whole[2:4]])
        with self.assertRaisesRegex(ValueError, "parameters 1 and 2 overlap"):
            optimizer.add_param_group({"params": [whole[3:]]})
        self.assertEqual(len(optimizer.param_groups), 1)
        # Stepped in copies, which have no element in common.
        columns = torch.zeros(4, 2)
        plastic_optim.SGD([columns[:, 0], columns[:, 1]])

    def test_the_state_is_where_the_step_works(self):
        parameters = cases.parameters()
        optimizer = plastic_optim.NeuroPlastic(parameters)
        self.assertEqual(len(optimizer.state), 0)
        self.run_steps(optimizer, parameters, 1)
        views = [dict(optimizer.state[p]) for p in parameters]
        self.assertEqual(sorted(views[0]), ["activity", "momentum", "step", "variance"])
        self.assertEqual(views[0]["activity"].shape, parameters[0].shape)
        self.assertEqual(views[0]["step"].item(), 1)
        self.run_steps(optimizer, parameters, 1)
        self.assertEqual(views[0]["step"].item(), 2)
        for p, view in zip(parameters, views):
            for name, tensor in view.items():
                self.assertIs(optimizer.state[p][name], tensor)
        gradient = parameters[0].grad
        before = views[0]["activity"].zero_().clone()
        optimizer.step()
        expected = before * 0.95 + 0.05 * gradient.abs()
        self.assertLess(cases.relative(views[0]["activity"], expected), 1e-6)

    def test_a_view_of_the_state_outlives_the_optimizer(self):
        parameters = cases.parameters()
        optimizer = plastic_optim.Adam(parameters)
        self.run_steps(optimizer, parameters, 1)
        view = optimizer.state[parameters[0]]["exp_avg"]
        copied = view.clone()
        del optimizer
        junk = [plastic_optim.Adam(cases.parameters()) for _ in range(4)]
        for one in junk:
            self.run_steps(one, one.param_groups[0]["params"], 1, seed=9)
        self.assert_same(view, copied)

    def test_what_replaces_a_state_is_taken_over(self):
        def replace(parameters, optimizer):
            for p in parameters:
                for name in list(optimizer.state[p]):
                    optimizer.state[p][name] = optimizer.state[p][name].clone()
            return parameters, optimizer
        for name in plastic_optim.optimizers:
            self.train_twice(replace, name)

    def test_copies_pickles_and_state_dicts_continue(self):
        def deep_copied(parameters, optimizer):
            pair = copy.deepcopy((parameters, optimizer))
            self.run_steps(optimizer, parameters, 1, seed=7)  # leaves the copy alone
            return pair

        def pickled(parameters, optimizer):
            return pickle.loads(pickle.dumps((parameters, optimizer)))

        def saved(parameters, optimizer):
            file = io.BytesIO()
            torch.save(optimizer.state_dict(), file)
            file.seek(0)
            other = type(optimizer)(parameters)
            other.load_state_dict(torch.load(file))
            return parameters, other
        for change in (deep_copied, pickled, saved):
            for name in ("neuroplastic", "adam", "soap", "schedule-free-adamw"):
                self.train_twice(change, name)

    def test_a_state_that_is_cleared_begins_anew(self):
        parameters, others = cases.parameters(), cases.parameters()
        optimizer, fresh = plastic_optim.Adam(parameters), plastic_optim.Adam(others)
        self.run_steps(optimizer, parameters, 3)
        for p, q in zip(parameters, others):
            q.data.copy_(p.data)
        optimizer.state.clear()
        self.run_steps(optimizer, parameters, 2, seed=1)
        self.run_steps(fresh, others, 2, seed=1)
        self.assert_all_same(parameters, others)

    def test_parameters_that_move_in_memory_are_followed(self):
        def move(parameters, optimizer):
            for p in parameters:
                p.data = p.data.clone()
            return parameters, optimizer
        self.train_twice(move)

    def test_a_parameter_that_becomes_a_part_of_itself_leaves_the_rest(self):
        whole = torch.ones(1000)
        p = torch.nn.Parameter(whole)
        optimizer = plastic_optim.SGD([p])
        p.grad = torch.ones(1000)
        optimizer.step()
        before = whole.clone()
        p.data, p.grad = whole[:10], None
        p.grad = torch.ones(10)
        optimizer.state.clear()
        optimizer.step()
        self.assertTrue(torch.equal(whole[10:], before[10:]))
        self.assertFalse(torch.equal(whole[:10], before[:10]))

    def test_state_that_is_given_other_memory_goes_on_from_there(self):
        def share(parameters, optimizer):
            for p in parameters:
                for tensor in optimizer.state[p].values():
                    tensor.share_memory_()
            return parameters, optimizer
        self.train_twice(share)

    def test_groups_without_parameters(self):
        a, b = cases.parameters(), cases.parameters()
        first = plastic_optim.AdamW([{"params": []}, {"params": a, "lr": 0.2}])
        second = plastic_optim.AdamW(b, lr=0.2)
        self.run_steps(first, a, 3)
        self.run_steps(second, b, 3)
        self.assert_all_same(a, b)

    def test_a_later_group_is_in_the_same_epoch(self):
        for is_native in (True, False):
            optimizer = plastic_optim.NeuroPlastic(cases.parameters(), warmup_epochs=2)
            optimizer._is_native = is_native
            optimizer.set_epoch(2, 5)
            more = cases.parameters()
            optimizer.add_param_group({"params": more})
            self.assertEqual(optimizer.param_groups[1]["epoch"], 2)
            self.run_steps(optimizer, more, 1)

    def test_parameters_without_a_shape_as_yet(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch 1.13 says that these are new
            torch.manual_seed(3)
            network = torch.nn.LazyLinear(2)
        optimizer = plastic_optim.Adam(network.parameters(), lr=0.1)
        network(torch.ones(4, 3)).sum().backward()
        before = [p.detach().clone() for p in network.parameters()]
        optimizer.step()
        for p, was in zip(network.parameters(), before):
            torch.testing.assert_close(p.detach(), was - 0.1)

    def test_gradients_that_are_negated_lazily(self):
        p = torch.zeros(1)
        optimizer = plastic_optim.SGD([p], lr=1, momentum=0)
        p.grad = torch.tensor([1 + 2j]).conj().imag
        self.assertTrue(p.grad.is_neg())
        optimizer.step()
        self.assertEqual(p.item(), 2)

    @unittest.skipUnless(hasattr(torch, "set_default_device"), "PyTorch has this from 2.0 on")
    def test_another_default_device(self):
        parameters = cases.parameters()
        with torch.device("meta"):
            optimizer = plastic_optim.Adam(parameters)
            self.run_on_cpu(optimizer, parameters)
            checkpoints.load_state(optimizer, checkpoints.state_of(optimizer))
            self.run_on_cpu(optimizer, parameters)
        self.assertEqual(optimizer.state[parameters[0]]["step"].item(), 2)

    @staticmethod
    def run_on_cpu(optimizer, parameters):
        for p in parameters:
            p.grad = torch.ones(p.shape, device="cpu")
        optimizer.step()

    def test_the_state_lives_until_python_has_ended(self):
        program = """
import atexit

@atexit.register
def late():
    other = plastic_optim.SGD([torch.zeros(1000)], momentum=0.9)
    other.param_groups[0]["params"][0].grad = torch.full((1000,), 7.0)
    other.step()
    kept = optimizer.state[p]["momentum_buffer"]
    print("kept" if bool((kept == 1).all()) else kept)

import torch, plastic_optim
p = torch.zeros(1000)
optimizer = plastic_optim.SGD([p], momentum=0.9)
p.grad = torch.ones(1000)
optimizer.step()
"""
        done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=True)
        self.assertEqual(done.stdout.decode().strip(), "kept")

    def test_parameters_and_gradients_of_other_layouts_have_the_same_bits(self):
        for name in ("neuroplastic", "adamw", "muon"):
            plain = [torch.randn(4, 3, 5, 5, generator=torch.Generator().manual_seed(1)),
                     torch.randn(6, 4, generator=torch.Generator().manual_seed(2))]
            others = [plain[0].clone().contiguous(memory_format=torch.channels_last),
                      plain[1].t().contiguous().t()]
            self.assertFalse(others[0].is_contiguous() or others[1].is_contiguous())
            optimizers = [cases.make(name, params) for params in (plain, others)]
            for k in range(4):
                gradients = [torch.randn(p.shape, generator=torch.Generator().manual_seed(k))
                             for p in plain]
                for p, q, gradient in zip(plain, others, gradients):
                    p.grad, q.grad = gradient, gradient.transpose(0, 1).contiguous().transpose(0, 1)
                for optimizer in optimizers:
                    optimizer.step()
                self.assert_all_same(others, plain, name)
            self.assertFalse(others[1].is_contiguous())

    def test_parameters_at_any_address_have_the_same_bits(self):
        for name in ("neuroplastic", "adam", "muon"):
            plain = cases.parameters()
            odd = [torch.frombuffer(bytearray(4 * p.numel() + 1), dtype=torch.float32, offset=1).view(p.shape)
                   for p in plain]
            optimizer, other = cases.make(name, plain), cases.make(name, odd)
            for p, q in zip(plain, odd):
                q.copy_(p.detach())
            self.run_steps(optimizer, plain, 3)
            self.run_steps(other, odd, 3)
            self.assert_all_same(odd, plain, name)

    def test_groups_can_be_added(self):
        parameters = cases.parameters()
        optimizer = plastic_optim.NeuroPlastic(parameters[:2], lr=0.1)
        self.run_steps(optimizer, parameters[:2], 2)
        activity = optimizer.state[parameters[0]]["activity"].clone()
        optimizer.add_param_group({"params": parameters[2:], "lr": 0.5})
        before = [p.detach().clone() for p in parameters]
        optimizer.step()
        self.assertFalse(torch.equal(before[0], parameters[0]))
        self.assertTrue(torch.equal(before[2], parameters[2]))  # no gradient yet
        self.assertFalse(torch.equal(activity, optimizer.state[parameters[0]]["activity"]))
        self.run_steps(optimizer, parameters, 1)
        self.assertFalse(torch.equal(before[2], parameters[2]))
        with self.assertRaisesRegex(plastic_optim.Error, "min_alpha 3 exceeds max_alpha 2"):
            optimizer.add_param_group({"params": cases.parameters(5), "min_alpha": 3})
        self.assertEqual(len(optimizer.param_groups), 2)

    def test_schedulers_change_rates_and_other_options(self):
        parameters, others = cases.parameters(), cases.parameters()
        ours = plastic_optim.SGD(parameters, lr=0.1)
        theirs = torch.optim.SGD(others, lr=0.1, momentum=0.9)
        cycles = [torch.optim.lr_scheduler.OneCycleLR(o, max_lr=0.3, total_steps=10)
                  for o in (ours, theirs)]  # cycles the momentum, too
        for k in range(9):
            for optimizer, params, cycle in zip((ours, theirs), (parameters, others), cycles):
                self.run_steps(optimizer, params, 1, seed=k)
                cycle.step()
        for p, q in zip(parameters, others):
            self.assertLessEqual(cases.relative(p, q), 1e-5)

    def test_a_closure_is_called_with_gradients_recorded(self):
        parameter = torch.ones(3, requires_grad=True)
        optimizer = plastic_optim.NeuroPlastic([parameter], lr=0.1)

        def closure():
            optimizer.zero_grad()
            loss = parameter.square().sum()
            loss.backward()
            return loss
        losses = [optimizer.step(closure).item() for _ in range(5)]
        self.assertEqual(losses[0], 3)
        self.assertLess(losses[-1], losses[0])

    def test_zero_grad_of_both_kinds(self):
        for set_to_none in (True, False):
            parameters = cases.parameters()
            optimizer = plastic_optim.NeuroPlastic(parameters)
            self.run_steps(optimizer, parameters, 1)
            optimizer.zero_grad(set_to_none=set_to_none)
            for p in parameters:
                self.assertEqual(p.grad is None, set_to_none)
            before = [p.detach().clone() for p in parameters]
            steps = int(optimizer.state[parameters[0]]["step"])
            optimizer.step()
            self.assertEqual(int(optimizer.state[parameters[0]]["step"]),
                             steps + (0 if set_to_none else 1))
            if set_to_none:
                self.assert_all_same(parameters, before)

    def test_autograd_sees_that_a_step_wrote(self):
        weight = torch.ones(2, 2, requires_grad=True)
        optimizer = plastic_optim.SGD([weight])
        loss = (weight * weight).sum()
        loss.backward(retain_graph=True)
        optimizer.step()
        with self.assertRaisesRegex(RuntimeError, "modified by an inplace operation"):
            loss.backward()

    @unittest.skipIf(TORCH < (2, 3), "GradScaler works on the CPU since PyTorch 2.3")
    def test_gradients_that_are_scaled(self):
        scaler = torch.amp.GradScaler("cpu", init_scale=2.0 ** 10, growth_interval=100)
        parameters, others = cases.parameters(), cases.parameters()
        optimizer = plastic_optim.NeuroPlastic(parameters, lr=0.1)
        plain = plastic_optim.NeuroPlastic(others, lr=0.1)
        for k in range(3):
            for params, scale in ((parameters, scaler.scale), (others, lambda loss: loss)):
                for p in params:
                    p.grad = None
                scale(sum((p * (k + 1)).square().sum() for p in params)).backward()
            scaler.step(optimizer)
            scaler.update()
            plain.step()
        self.assert_all_same(parameters, others)  # powers of two scale exactly
        parameters[1].grad.fill_(float("inf"))
        scaler.step(optimizer)
        scaler.update()
        self.assert_all_same(parameters, others)  # the step was left out
        self.assertEqual(scaler.get_scale(), 2.0 ** 9)

    def test_threads_are_as_many_as_pytorchs(self):
        before = torch.get_num_threads()
        try:
            for count in (1, 2):
                torch.set_num_threads(count)
                parameters = cases.parameters()
                self.run_steps(plastic_optim.Adam(parameters), parameters, 1)
                self.assertEqual(plastic_optim._library.library.plastic_num_threads(), count)
        finally:
            torch.set_num_threads(before)

    def test_hooks_and_empty_and_frozen_parameters(self):
        parameters = [*cases.parameters(), torch.zeros(0, 3, requires_grad=True), torch.ones(())]
        optimizer = plastic_optim.NeuroPlastic(parameters)
        self.run_steps(optimizer, parameters, 2)
        parameters[0].grad = None
        before = parameters[0].detach().clone()
        optimizer.step()
        self.assert_same(parameters[0], before)
        self.assertEqual(optimizer.state[parameters[0]]["step"].item(), 2)


class Refused(cases.Case):
    def test_other_dtypes(self):
        for dtype in (torch.bfloat16, torch.float16, torch.float64):
            with self.assertRaisesRegex(
                    TypeError, rf"\[neuroplastic\] parameter 0 of group 0, shape \(2,\), is {dtype}"):
                plastic_optim.NeuroPlastic([torch.zeros(2, dtype=dtype)])

    def test_a_parameter_that_changes_its_dtype(self):
        parameter = torch.zeros(2)
        optimizer = plastic_optim.NeuroPlastic([parameter])
        parameter.data = parameter.data.double()
        parameter.grad = torch.zeros(2, dtype=torch.float64)
        with self.assertRaisesRegex(TypeError, "float64"):
            optimizer.step()

    def test_sparse_gradients(self):
        embedding = torch.nn.Embedding(5, 3, sparse=True)
        optimizer = plastic_optim.NeuroPlastic(embedding.parameters())
        embedding(torch.tensor([1, 2])).sum().backward()
        with self.assertRaisesRegex(
                RuntimeError, r"\[neuroplastic\] the gradient of parameter 0 of group 0, shape "
                              r"\(5, 3\), is sparse, and NeuroPlastic takes dense"):
            optimizer.step()

    def test_gradients_of_another_shape(self):
        parameter = torch.nn.Parameter(torch.zeros(10))
        optimizer = plastic_optim.SGD([parameter])
        parameter.grad = torch.ones(10)
        parameter.data = torch.zeros(5000)
        with self.assertRaisesRegex(RuntimeError, r"shape \(5000,\), has shape \(10,\)"):
            optimizer.step()
        self.assertFalse(parameter.data.any())

    def test_options_of_groups_that_only_pytorch_has(self):
        group = {"params": cases.parameters(), "betas": (0.5, 0.9)}
        optimizer = plastic_optim.Adam([group])
        self.assertEqual([optimizer.param_groups[0][name] for name in ("beta1", "beta2")], [0.5, 0.9])
        with self.assertRaisesRegex(TypeError, "no option amsgrad"):
            optimizer.add_param_group({"params": cases.parameters(1), "amsgrad": True})
        state = torch.optim.AdamW(cases.parameters()).state_dict()
        if state["param_groups"][0].get("decoupled_weight_decay"):
            with self.assertRaisesRegex(ValueError, "decoupled_weight_decay"):
                optimizer.load_state_dict(state)

    def test_options_of_pytorchs_that_are_off(self):
        off = {"foreach": None, "fused": False, "capturable": False, "amsgrad": False}
        optimizer = plastic_optim.Adam(cases.parameters(), betas=[0.5, 0.9], **off)
        self.assertEqual([optimizer.param_groups[0][name] for name in ("beta1", "beta2")], [0.5, 0.9])
        self.assertEqual(sorted(set(off) & set(optimizer.param_groups[0])), [])
        for name in off:
            with self.assertRaisesRegex(TypeError, f"no option {name}; there are lr"):
                plastic_optim.Adam(cases.parameters(), **{name: True})
        with self.assertRaisesRegex(TypeError, "no option betas"):
            plastic_optim.SGD(cases.parameters(), betas=(0.5, 0.9))
        for options in ({"betas": 0.9}, {"betas": (0.9,)}, {"betas": (0.5, 0.9), "beta1": 0.5}):
            with self.assertRaisesRegex(TypeError, r"\[adam\] option betas is .*; give two numbers"):
                plastic_optim.Adam(cases.parameters(), **options)

    def test_states_of_another_shape(self):
        of_other = plastic_optim.Adam([torch.zeros(4, 6)])
        of_other.param_groups[0]["params"][0].grad = torch.ones(4, 6)
        of_other.step()
        p = torch.zeros(6, 4)
        optimizer = plastic_optim.Adam([p])
        optimizer.load_state_dict(of_other.state_dict())
        p.grad = torch.ones(6, 4)
        with self.assertRaisesRegex(ValueError, r"has shape \(4, 6\), expected \(6, 4\)"):
            optimizer.step()

    def test_options(self):
        with self.assertRaisesRegex(plastic_optim.Error, "rule_based or ablation_grad_only"):
            plastic_optim.NeuroPlastic(cases.parameters(), mode="other")
        with self.assertRaisesRegex(plastic_optim.Error, "set_epoch"):
            optimizer = plastic_optim.NeuroPlastic(cases.parameters(), warmup_epochs=2)
            self.run_steps(optimizer, optimizer.param_groups[0]["params"], 1)
        with self.assertRaisesRegex(ValueError, "epochs count from 1"):
            plastic_optim.NeuroPlastic(cases.parameters()).set_epoch(1, 0)
        for epoch in (1.5, "1", None):
            with self.assertRaisesRegex(TypeError, "give whole numbers"):
                plastic_optim.NeuroPlastic(cases.parameters()).set_epoch(epoch, 3)


class PlainForm(cases.Case):
    """What devices without kernels get, on tensors of the CPU."""

    def test_a_state_passes_between_library_and_plain_form(self):
        def switch(parameters, optimizer):
            optimizer._is_native = not optimizer._is_native
            return parameters, optimizer
        results = []
        for switches in (0, 1, 2):
            parameters = cases.parameters()
            optimizer = plastic_optim.NeuroPlastic(parameters, hybrid_base="adamw", lr=0.01)
            for k in range(3):
                self.run_steps(optimizer, parameters, 2, seed=k)
                if k < switches:
                    switch(parameters, optimizer)
            results.append(parameters)
        for other in results[1:]:
            for p, q in zip(other, results[0]):
                self.assertLessEqual(cases.relative(p, q), 1e-6)

    def test_it_saves_the_engines_state(self):
        states = []
        for is_native in (True, False):
            parameters = cases.parameters()
            optimizer = plastic_optim.NeuroPlastic(parameters)
            optimizer._is_native = is_native
            optimizer.set_epoch(2, 5)
            self.run_steps(optimizer, parameters, 3)
            states.append(plastic_optim.checkpoints.state_of(optimizer))
        self.assertEqual(sorted(states[0]), sorted(states[1]))
        for name, tensor in states[0].items():
            self.assertEqual(tensor.dtype, states[1][name].dtype, name)
            self.assertLessEqual(cases.relative(states[1][name].double(), tensor.double()), 1e-6)

    def test_no_number_is_waited_for(self):
        # A tensor without values cannot be read.
        parameters = [torch.empty(3, 4, device="meta"), torch.empty(4, device="meta")]
        optimizer = plastic_optim.NeuroPlastic(parameters, lr_controller_mode="global",
                                               hybrid_base="adamw", weight_decay=0.1)
        for p in parameters:
            p.grad = torch.empty_like(p)
        optimizer.step()
        self.assertEqual(optimizer.state[parameters[0]]["activity"].device.type, "meta")

    def test_the_epoch_is_asked_for(self):
        parameters = cases.parameters()
        optimizer = plastic_optim.NeuroPlastic(parameters, warmup_epochs=2)
        optimizer._is_native = False
        with self.assertRaisesRegex(RuntimeError, "set_epoch"):
            self.run_steps(optimizer, parameters, 1)


class Devices(cases.Case):
    def test_other_optimizers_say_that_they_copy(self):
        parameter = torch.empty(3, device="meta")
        parameter.grad = torch.empty(3, device="meta")
        optimizer = plastic_optim.Adam([parameter])
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            with self.assertRaises((NotImplementedError, RuntimeError)):
                optimizer.step()  # a tensor without values cannot be copied
        self.assertEqual([str(one.message) for one in caught],
                         ["[adam] this package has no kernels for meta: each step copies parameters "
                          "and gradients to the CPU and back"])


if __name__ == "__main__":
    unittest.main()
