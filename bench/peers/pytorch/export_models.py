"""Exports networks of torchvision and timm with random weights to ONNX, by PyTorch's default exporter and its legacy
one, for any number of images and for one alone, each with an image, the scores for it, and the gradient of a fixed combination of the scores to that image.

Beside each NAME.EXPORTER.onnx lie NAME.image.npy, NAME.scores.npy, NAME.weights.npy (of the scores) and
NAME.gradient.npy. What cannot be exported is said on stderr.

    python export_models.py FOLDER [NAME ...]
"""

import os
import sys
import warnings

import numpy as np
import torch

warnings.filterwarnings("ignore")

# Name, source, side of the images.
MODELS = [
    ("resnet18", "torchvision", 64),
    ("mobilenet_v2", "torchvision", 64),
    ("mobilenet_v3_small", "torchvision", 64),
    ("densenet121", "torchvision", 64),
    ("efficientnet_b0", "torchvision", 64),
    ("regnet_y_400mf", "torchvision", 64),
    ("squeezenet1_1", "torchvision", 64),
    ("googlenet", "torchvision", 64),
    ("inception_v3", "torchvision", 96),
    ("shufflenet_v2_x0_5", "torchvision", 64),
    ("swin_t", "torchvision", 64),
    ("vgg11", "torchvision", 224),
    ("mobilenetv4_conv_small", "timm", 64),
    ("hgnetv2_b0", "timm", 64),
    ("repvit_m0_9", "timm", 64),
    ("fastvit_t8", "timm", 64),
    ("efficientvit_b0", "timm", 64),
    ("convnext_atto", "timm", 64),
    ("convnextv2_atto", "timm", 64),
    ("vit_tiny_patch16_224", "timm", 224),
    ("vit_small_patch14_dinov2", "timm", 518),
    ("tf_efficientnet_lite0", "timm", 64),
]


def network(name, source):
    torch.manual_seed(0)
    if source == "timm":
        import timm

        return timm.create_model(name, pretrained=False).eval()
    import torchvision

    options = {"aux_logits": True, "init_weights": True} if name in ("googlenet", "inception_v3") else {}
    return getattr(torchvision.models, name)(weights=None, **options).eval()


def livelier(model):
    """Statistics and scales away from 0 and 1, so that folding them shows."""
    generator = torch.Generator().manual_seed(1)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1, generator=generator)
            module.running_var.uniform_(0.8, 1.2, generator=generator)
    return model


def main():
    folder, *names = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    torch.set_num_threads(1)
    for name, source, side in MODELS:
        if names and name not in names:
            continue
        model = livelier(network(name, source))
        image = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(2), requires_grad=True)
        scores = model(image)
        weights = torch.randn(scores.shape, generator=torch.Generator().manual_seed(3))
        (scores * weights).sum().backward()
        arrays = {"image": image, "scores": scores, "weights": weights, "gradient": image.grad}
        for what, array in arrays.items():
            np.save(os.path.join(folder, f"{name}.{what}.npy"), array.detach().numpy())
        for exporter in ("default", "legacy", "default-one", "legacy-one"):
            file = os.path.join(folder, f"{name}.{exporter}.onnx")
            try:
                one = exporter.endswith("-one")
                given = image.detach()[:1] if one else image.detach()
                if exporter.startswith("default"):
                    shapes = None if one else ({0: torch.export.Dim("N", min=1, max=1024)},)
                    torch.onnx.export(model, (given,), file, dynamo=True, dynamic_shapes=shapes, verbose=False)
                else:
                    axes = None if one else {"input": {0: "N"}, "output": {0: "N"}}
                    ends = {"input_names": ["input"], "output_names": ["output"]}
                    torch.onnx.export(model, (given,), file, dynamo=False, dynamic_axes=axes, **ends)
                print(f"{name} {exporter}: {os.path.getsize(file)} bytes", flush=True)
            except Exception as error:  # noqa: BLE001
                print(f"{name} {exporter}: {type(error).__name__} {str(error)[:300]}", file=sys.stderr, flush=True)


main()
