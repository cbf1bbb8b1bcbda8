"""The seed's classifier."""

from __future__ import annotations

import keras

SEED_PARAMETERS = 4_200_842


def seed_network() -> keras.Sequential:
    """32x32 RGB pixels from 0 to 1, channels last, to ten probabilities."""
    network = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            keras.layers.Conv2D(32, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dense(512, activation="relu"),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    count = network.count_params()
    assert count == SEED_PARAMETERS, f"expected {SEED_PARAMETERS} parameters, built {count}"
    return network
