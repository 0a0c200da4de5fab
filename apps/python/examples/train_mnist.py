# %% [markdown]
# # MNIST in PyTorch with NeuroPlastic
#
# The network and the settings of the paper (arXiv 2604.26297): 784-256-256-10 with dropout, batches of
# 128, `lr=0.1`, α up to twice the full rule after a warm-up of two epochs. `plastic_optim.NeuroPlastic`
# is a `torch.optim.Optimizer`; the one call that others do not have is `set_epoch()`, by which the
# warm-up knows how far training has come.
#
# As a program: `python3 train_mnist.py data=FOLDER epochs=10 optimizer=NeuroPlastic`. `data` is a folder
# with the four files of MNIST or Fashion-MNIST, such as `train-images-idx3-ubyte.gz`.

# %%
import gzip
import os
import sys
import time

import torch
from torch import nn

import plastic_optim

settings = {"data": "", "epochs": "10", "fraction": "1", "optimizer": "NeuroPlastic", "seed": "41"}
if "ipykernel" not in sys.modules:  # a notebook has no arguments
    settings.update(argument.split("=", 1) for argument in sys.argv[1:])

FOLDERS = [settings["data"]] if settings["data"] else [
    os.path.expanduser("~/.cache/plastic/mnist"), "mnist", "data/mnist",
    "/usr/share/datasets/fashion-mnist"]
folder = next((one for one in FOLDERS if os.path.isdir(one)), None)
if folder is None:
    sys.exit(f"[train_mnist] none of {', '.join(FOLDERS)} is a folder; say data=FOLDER")

# %% [markdown]
# ## Data
#
# An IDX file is a header of big-endian numbers (a magic number, the sizes) and bytes.


# %%
def read_idx(name):
    path = os.path.join(folder, name)
    opened = gzip.open(path + ".gz") if os.path.exists(path + ".gz") else open(path, "rb")
    with opened as file:
        data = bytearray(file.read())
    rank = data[3]
    sizes = [int.from_bytes(data[4 * i:4 * i + 4], "big") for i in range(1, 1 + rank)]
    return torch.frombuffer(data, dtype=torch.uint8, offset=4 + 4 * rank).view(sizes)


def read_set(name):
    images = read_idx(f"{name}-images-idx3-ubyte").float().view(-1, 784).div(255)
    labels = read_idx(f"{name}-labels-idx1-ubyte").long()
    count = int(len(images) * float(settings["fraction"]))
    return (images[:count] - 0.5) / 0.5, labels[:count]


torch.manual_seed(int(settings["seed"]))
images, labels = read_set("train")
test_images, test_labels = read_set("t10k")
print(f"{folder}: {len(images)} images for training, {len(test_images)} for testing")

# %% [markdown]
# ## Network and optimizer

# %%
network = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Dropout(0.1),
                        nn.Linear(256, 256), nn.ReLU(), nn.Dropout(0.1), nn.Linear(256, 10))
if settings["optimizer"] == "NeuroPlastic":
    optimizer = plastic_optim.NeuroPlastic(network.parameters(), lr=0.1, plasticity_scale=2.0,
                                           warmup_epochs=2)
else:
    optimizer = getattr(plastic_optim, settings["optimizer"])(network.parameters())

# %% [markdown]
# ## Training
#
# The schedule-free optimizers evaluate other weights than they train: `optimizer.eval()` puts them in
# place, `optimizer.train()` takes them back. For others both do nothing.


# %%
def accuracy():
    network.eval()
    optimizer.eval()
    with torch.no_grad():
        return (network(test_images).argmax(1) == test_labels).float().mean().item()


epochs = int(settings["epochs"])
for epoch in range(1, epochs + 1):
    start = time.perf_counter()
    network.train()
    optimizer.train()
    optimizer.set_epoch(epoch, epochs)
    for batch in torch.randperm(len(images)).split(128):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(network(images[batch]), labels[batch])
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch}: test accuracy {100 * accuracy():.2f}%, "
          f"{time.perf_counter() - start:.1f} s")
