"""Trains the seed's classifier on CIFAR-10 in PyTorch: the reference for Harrier's own run of the same protocol.

Prints one CSV line per epoch. Training loss and accuracy are running averages over the epoch, dropout on, as Keras
reports them; test accuracy is taken after the epoch, dropout off. The test images choose nothing.
"""

from __future__ import annotations

import argparse
from pathlib import Path

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


def train_epoch(
    network: nn.Module, optimizer: torch.optim.Optimizer, pixels: Tensor, labels: Tensor, batch_size: int
) -> tuple[float, float]:
    """One pass over shuffled images, the last partial batch included; mean loss and accuracy per image."""
    network.train()
    loss_sum, correct = 0.0, 0
    for chosen in torch.randperm(len(labels)).split(batch_size):
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
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    return parser.parse_args()


def main() -> None:
    options = read_options()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    pixels, labels = read_images(options.folder, TRAINING_FILES)
    pixels, labels = pixels[: options.limit], labels[: options.limit]
    test_pixels, test_labels = read_images(options.folder, TEST_FILES)
    network = seed_network()
    optimizer = torch.optim.SGD(network.parameters(), lr=options.learning_rate)
    print("epoch,train_loss,train_accuracy,test_accuracy", flush=True)
    for epoch in range(1, options.epochs + 1):
        loss, running = train_epoch(network, optimizer, pixels, labels, options.batch_size)
        tested = accuracy(network, test_pixels, test_labels)
        print(f"{epoch},{loss:.4f},{running:.4f},{tested:.4f}", flush=True)


if __name__ == "__main__":
    main()
