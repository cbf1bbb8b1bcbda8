"""The seed's classifier in PyTorch, with the initial weights that Keras would give it."""

from __future__ import annotations

from torch import nn

PARAMETERS = 4_200_842


def seed_network() -> nn.Sequential:
    """32x32 RGB pixels from 0 to 1, shape (N, 3, 32, 32), to ten logits: the softmax belongs to the loss."""
    network = nn.Sequential(
        nn.Conv2d(3, 32, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 16 * 16, 512),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Linear(512, 10),
    )
    for layer in network:
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(layer.weight)  # Glorot-uniform
            nn.init.zeros_(layer.bias)
    count = sum(parameter.numel() for parameter in network.parameters())
    assert count == PARAMETERS, f"expected {PARAMETERS} parameters, built {count}"
    return network
