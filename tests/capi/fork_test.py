"""Children of Python's multiprocessing, forked, train over the C API with the bits of their parent.

usage: fork_test.py LIBRARY
"""

import array
import ctypes
import multiprocessing
import pathlib
import sys
import threading
import unittest

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "apps/examples"
sys.path.insert(0, str(EXAMPLES))
import ctypes_plastic  # noqa: E402

LIBRARY = ctypes_plastic.load(sys.argv.pop(1))
LIBRARY.plastic_set_num_threads.argtypes = [ctypes.c_int32]
ROWS, COLUMNS = 100, 200


class Training:
    """An optimizer over a matrix that is large enough for several threads."""

    def __init__(self, name):
        self.values = array.array("f", [(i % 17 - 8) / 10 for i in range(ROWS * COLUMNS)])
        shape = (ctypes.c_int64 * 2)(ROWS, COLUMNS)
        parameter = ctypes_plastic.Parameter(
            ctypes_plastic.address(self.values), len(self.values), shape, 2)
        self.optimizer = ctypes.c_void_p()
        ctypes_plastic.check(LIBRARY, LIBRARY.plastic_optimizer_create(
            name.encode(), None, ctypes.byref(parameter), 1, ctypes.byref(self.optimizer)))

    def steps(self, count):
        for _ in range(count):
            gradient = array.array("f", [2 * x - 0.5 for x in self.values])
            gradients = (ctypes.c_void_p * 1)(ctypes_plastic.address(gradient))
            ctypes_plastic.check(LIBRARY, LIBRARY.plastic_optimizer_step(self.optimizer, gradients, 1))
        return self.values.tobytes()

    def __del__(self):
        LIBRARY.plastic_optimizer_destroy(ctypes.byref(self.optimizer))


def set_threads(count):
    ctypes_plastic.check(LIBRARY, LIBRARY.plastic_set_num_threads(count))


def trained(name):
    set_threads(3)
    return Training(name).steps(3)


def in_children(function, arguments):
    with multiprocessing.get_context("fork").Pool(2) as pool:
        # A child that hangs is an error, not a wait without end.
        return pool.map_async(function, arguments).get(timeout=60)


def continued(count):
    return STARTED.steps(count)


class Fork(unittest.TestCase):
    names = ["neuroplastic", "adam", "muon", "neuroplastic"]

    def test_children_have_the_bits_of_the_parent(self):
        set_threads(1)
        first = in_children(trained, self.names)  # While the library has no threads in the parent.
        expected = [trained(name) for name in self.names]
        self.assertEqual(first, expected)
        self.assertEqual(in_children(trained, self.names), expected)

    def test_a_training_continues_in_both(self):
        global STARTED
        set_threads(3)
        STARTED = Training("neuroplastic")
        STARTED.steps(2)
        self.assertEqual(in_children(continued, [2])[0], STARTED.steps(2))

    def test_children_of_a_process_that_is_training(self):
        expected = [trained(name) for name in self.names]
        done = threading.Event()

        def keep_training():
            while not done.is_set():
                trained("adam")

        other = threading.Thread(target=keep_training)
        other.start()
        try:
            for _ in range(3):
                self.assertEqual(in_children(trained, self.names), expected)
        finally:
            done.set()
            other.join()


if __name__ == "__main__":
    unittest.main()
