"""Trains the seed's classifier on CIFAR-10 in PyTorch: the reference for Harrier's own run of the same protocol.

Prints one CSV line per epoch. Training loss and accuracy are running averages over the epoch, dropout on, as Keras
reports them; test accuracy is taken after the epoch, dropout off. The test images choose nothing.

With --draws, first weights, the order of images and dropout come from a run of Harrier (bench/seed-draws.ts), so that
the two differ in rounding alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from network import seed_network

RECORD_BYTES = 1 + 3 * 32 * 32
TRAINING_FILES = [f"data_batch_{number}.bin" for number in range(1, 6)]
TEST_FILES = ["test_batch.bin"]


def read_images(folder: Path, names: list[str]) -> tuple[Tensor, Tensor]:
    """Pixels (uint8, (N, 3, 32, 32)) and labels (int64, (N,)) of CIFAR-10 files in their binary form."""
    records = []
    for name in names:
        if not (folder / name).is_file():
            raise SystemExit(f"{folder}: expected {name} in it, one of CIFAR-10's six files in binary form")
        content = bytearray((folder / name).read_bytes())
        if len(content) != 10_000 * RECORD_BYTES:
            raise SystemExit(f"{name}: expected {10_000 * RECORD_BYTES} bytes, received {len(content)}")
        records.append(torch.frombuffer(content, dtype=torch.uint8).view(-1, RECORD_BYTES))
    table = torch.cat(records)
    return table[:, 1:].reshape(-1, 3, 32, 32), table[:, 0].long()


def scaled(pixels: Tensor) -> Tensor:
    """Pixels from 0 to 1."""
    return pixels.float() / 255


class Draws:
    """Everything random of a run of Harrier, as bench/seed-draws.ts wrote it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.orders = np.fromfile(folder / "orders.bin", np.uint32).reshape(-1, 50_000)
        self.masks = np.memmap(folder / "masks.bin", np.uint8, "r").reshape(-1, 512)

    def give_weights(self, network: nn.Sequential) -> None:
        """Keras's layouts: kernels (height, width, in, out), rows in (height, width, channels) order."""
        shapes = {
            "conv2d-kernel": ((3, 3, 3, 32), (3, 2, 0, 1)),
            "conv2d-bias": ((32,), (0,)),
            "dense-kernel": ((16, 16, 32, 512), (3, 2, 0, 1)),
            "dense-bias": ((512,), (0,)),
            "dense_1-kernel": ((512, 10), (1, 0)),
            "dense_1-bias": ((10,), (0,)),
        }
        with torch.no_grad():
            for (name, (shape, axes)), parameter in zip(shapes.items(), network.parameters(), strict=True):
                values = torch.from_numpy(np.fromfile(self.folder / f"{name}.bin", np.float32))
                parameter.copy_(values.reshape(shape).permute(axes).reshape(parameter.shape))


class GivenDropout(nn.Module):
    """Dropout 0.3 by masks that are given, a row for each image in turn."""

    def __init__(self, masks: np.ndarray) -> None:
        super().__init__()
        self.masks = masks
        self.at = 0

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        rows = self.masks[self.at : self.at + len(x)]
        self.at += len(x)
        return x * torch.from_numpy(rows.astype(np.float32)) / 0.7


def train_epoch(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    pixels: Tensor,
    labels: Tensor,
    order: Tensor,
    batch_size: int,
) -> tuple[float, float]:
    """One pass over shuffled images, the last partial batch included; mean loss and accuracy per image."""
    network.train()
    loss_sum, correct = 0.0, 0
    for chosen in order.split(batch_size):
        logits = network(scaled(pixels[chosen]))
        loss = functional.cross_entropy(logits, labels[chosen])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        loss_sum += loss.item() * len(chosen)
        correct += int((logits.argmax(1) == labels[chosen]).sum())
    return loss_sum / len(labels), correct / len(labels)


@torch.inference_mode()
def accuracy(network: nn.Module, pixels: Tensor, labels: Tensor) -> float:
    """The share of images given their label, dropout off."""
    network.eval()
    batches = zip(pixels.split(500), labels.split(500), strict=True)
    correct = sum(int((network(scaled(images)).argmax(1) == classes).sum()) for images, classes in batches)
    return correct / len(labels)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="the folder with data_batch_1.bin … 5 and test_batch.bin")
    parser.add_argument("--seed", type=int, default=1, help="of initial weights, shuffles and dropout")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--learning-rate", type=float, default=0.01, help="of plain SGD")
    parser.add_argument("--limit", type=int, help="train on the first LIMIT images only, to try the script")
    parser.add_argument("--draws", type=Path, help="a folder that bench/seed-draws.ts wrote; --seed then has no effect")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    return parser.parse_args()


def orders(options: argparse.Namespace, count: int, draws: Draws | None) -> Iterator[Tensor]:
    """The order of images for each epoch; as many epochs as were drawn, where draws are given."""
    if draws:
        yield from (torch.from_numpy(order.astype(np.int64)) for order in draws.orders)
    else:
        yield from (torch.randperm(count) for _ in range(options.epochs))


def main() -> None:
    options = read_options()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    pixels, labels = read_images(options.folder, TRAINING_FILES)
    pixels, labels = pixels[: options.limit], labels[: options.limit]
    test_pixels, test_labels = read_images(options.folder, TEST_FILES)
    network = seed_network()
    draws = Draws(options.draws) if options.draws else None
    if draws:
        draws.give_weights(network)
        network[6] = GivenDropout(draws.masks)
    optimizer = torch.optim.SGD(network.parameters(), lr=options.learning_rate)
    print("epoch,train_loss,train_accuracy,test_accuracy", flush=True)
    for epoch, order in enumerate(orders(options, len(labels), draws), 1):
        loss, running = train_epoch(network, optimizer, pixels, labels, order, options.batch_size)
        tested = accuracy(network, test_pixels, test_labels)
        print(f"{epoch},{loss:.4f},{running:.4f},{tested:.4f}", flush=True)


if __name__ == "__main__":
    main()
