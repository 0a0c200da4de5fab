"""Shapes of the parameters of two models, in the order in which PyTorch lists them."""


def mlp():
    sizes = (784, 512, 512, 10)
    return [shape for i, o in zip(sizes, sizes[1:]) for shape in ((o, i), (o,))]


def resnet18():
    """The form for CIFAR: a 3x3 stem, no pooling before the first block."""
    def normalised_conv(inputs, outputs, kernel):
        return [(outputs, inputs, kernel, kernel), (outputs,), (outputs,)]

    shapes = normalised_conv(3, 64, 3)
    inputs = 64
    for width in (64, 128, 256, 512):
        for _ in range(2):
            shapes += normalised_conv(inputs, width, 3) + normalised_conv(width, width, 3)
            if inputs != width:
                shapes += normalised_conv(inputs, width, 1)
            inputs = width
    return shapes + [(10, 512), (10,)]
