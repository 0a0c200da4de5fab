"""Prints what scripts/bench conv measured: effective GFLOP/s, which are the operations of a direct
convolution, zeros of the padding included, over the time, whatever the algorithm really does."""

from compare.report import duration

# Distinct convolutions, in-out-size-kernel-stride, and how many of them a model has.
RESNET18 = {
    "3-64-32-3-1": 1, "64-64-32-3-1": 4, "64-128-32-3-2": 1, "64-128-32-1-2": 1,
    "128-128-16-3-1": 3, "128-256-16-3-2": 1, "128-256-16-1-2": 1, "256-256-8-3-1": 3,
    "256-512-8-3-2": 1, "256-512-8-1-2": 1, "512-512-4-3-1": 3}
SMALL_CNN = {"3-32-32-3-1": 1, "32-64-32-3-1": 1, "64-128-16-3-1": 1}
MODELS = {"resnet18": RESNET18, "small_cnn": SMALL_CNN}

PASSES = ("forward", "input_grad", "weight_grad")
ALGORITHMS = ("automatic", "im2row", "winograd2", "winograd4")
LAYOUTS = ("nchw", "channels_last")


def operations(layer, batch):
    inputs, outputs, size, kernel, stride = map(int, layer.split("-"))
    return 2 * batch * inputs * outputs * kernel ** 2 * (size // stride) ** 2


def described(layer):
    inputs, outputs, size, kernel, stride = layer.split("-")
    return f"{inputs:>3} -> {outputs:>3} @{size:<2} {kernel}x{kernel} /{stride}"


def print_pass(which, plastic, peer, batch):
    print(f"\n{which + ', GFLOP/s':24} {'ms':>8} {'automatic':>10} {'im2row':>9} {'winograd2':>9} "
          f"{'winograd4':>9} {'torch nchw':>11} {'ch. last':>9} {'ratio':>6}")
    for layer in [*RESNET18, *SMALL_CNN]:
        def median(table, how):
            series = table.get(f"{which}-{how}/{layer}/batch{batch}")
            return series and series.median

        ours = [median(plastic, algorithm) for algorithm in ALGORITHMS]
        theirs = [median(peer, layout) for layout in LAYOUTS]
        if ours[0] is None:
            continue
        work = operations(layer, batch) / 1e9
        speeds = [f"{work / seconds:9.0f}" if seconds else f"{'-':>9}" for seconds in ours + theirs]
        print(f"{described(layer):24} {ours[0] * 1e3:8.2f}  {' '.join(speeds[:4])}   "
              f"{' '.join(speeds[4:])} {min(theirs) / ours[0]:6.2f}")


def sums(plastic, peer, batch):
    """(model, pass, Plastic's seconds, PyTorch's) for all convolutions of a step. Of PyTorch's layouts
    each pass of each layer takes the faster, which is better than any step of it can do."""
    for model, layers in MODELS.items():
        for which in PASSES:
            ours = theirs = 0
            for layer, count in layers.items():
                if f"{which}-automatic/{layer}/batch{batch}" not in plastic:
                    continue
                ours += count * plastic[f"{which}-automatic/{layer}/batch{batch}"].median
                theirs += count * min(peer[f"{which}-{layout}/{layer}/batch{batch}"].median
                                      for layout in LAYOUTS)
            yield model, which, ours, theirs


def of_steps(found):
    """model -> (Plastic's seconds, PyTorch's) for all three passes."""
    return {model: tuple(sum(row[side] for row in found if row[0] == model) for side in (2, 3))
            for model in MODELS}


def summary_rows(plastic, peer, batch):
    for model, (ours, theirs) in of_steps(list(sums(plastic, peer, batch))).items():
        yield (f"all convolutions of {model}'s step, batch {batch}", duration(ours),
               f"{duration(theirs)} (the faster layout of each)", f"**{theirs / ours:.2f}**", *["–"] * 3)


def report(plastic, peer, batch):
    for which in PASSES:
        print_pass(which, plastic, peer, batch)
    print("\nall convolutions of a training step; PyTorch in the faster layout for each pass of each "
          "layer")
    found = list(sums(plastic, peer, batch))
    for model, which, ours, theirs in found:
        print(f"{model + ' ' + which:24} Plastic {ours * 1e3:8.1f} ms, PyTorch "
              f"{theirs * 1e3:8.1f} ms")
        print(f"ratio: conv-{model}-{which} {theirs / ours:.2f}")
    for model, (ours, theirs) in of_steps(found).items():
        print(f"ratio: conv-{model} {theirs / ours:.2f}")
