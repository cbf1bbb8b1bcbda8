"""Trains the seed's classifier on CIFAR-10 as a user of Keras does, with `compile`, `fit` and `evaluate`.

The protocol is that of Harrier's recipe keras-cnn: plain SGD 0.01, batches of 32, 30 epochs, pixels / 255, and Keras's
defaults for the rest, which are Harrier's too. Prints one CSV line per epoch and, at the end, the test accuracy and the
time of all epochs. The test images choose nothing.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras  # noqa: E402  (its backend is chosen above)
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from network import seed_network  # noqa: E402

RECORD_BYTES = 1 + 3 * 32 * 32
TRAINING_FILES = [f"data_batch_{number}.bin" for number in range(1, 6)]
TEST_FILES = ["test_batch.bin"]


def read_images(folder: Path, names: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (float32 from 0 to 1, (N, 32, 32, 3)) and labels (N,) of CIFAR-10 files in their binary form."""
    tables = []
    for name in names:
        if not (folder / name).is_file():
            raise SystemExit(f"{folder}: expected {name} in it, one of CIFAR-10's six files in binary form")
        content = np.fromfile(folder / name, np.uint8)
        if len(content) != 10_000 * RECORD_BYTES:
            raise SystemExit(f"{name}: expected {10_000 * RECORD_BYTES} bytes, received {len(content)}")
        tables.append(content.reshape(-1, RECORD_BYTES))
    table = np.concatenate(tables)
    pixels = table[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(pixels, np.float32) / 255, table[:, 0].astype(np.int32)


class Lines(keras.callbacks.Callback):
    """One line per epoch: training loss and accuracy are running averages, dropout on."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        logs = logs or {}
        print(f"{epoch + 1},{logs['loss']:.4f},{logs['accuracy']:.4f}", flush=True)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the six .bin files of CIFAR-10 are")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--limit", type=int, help="only this many training images")
    return parser.parse_args()


def main() -> None:
    options = read_options()
    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(options.threads)
    keras.utils.set_random_seed(options.seed)
    images, labels = read_images(options.folder, TRAINING_FILES)
    test_images, test_labels = read_images(options.folder, TEST_FILES)
    model = seed_network()
    model.compile(keras.optimizers.SGD(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    print("epoch,train_loss,train_accuracy", flush=True)
    started = time.perf_counter()
    model.fit(
        images[: options.limit],
        labels[: options.limit],
        batch_size=32,
        epochs=options.epochs,
        verbose=0,
        callbacks=[Lines()],
    )
    seconds = time.perf_counter() - started
    _, tested = model.evaluate(test_images, test_labels, batch_size=500, verbose=0)
    print(f"test accuracy {tested:.4f}; {options.epochs} epochs in {seconds / 60:.1f} min; Keras {keras.__version__}")


if __name__ == "__main__":
    main()
