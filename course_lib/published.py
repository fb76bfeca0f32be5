"""Figures as others have published them: tables, accuracies, and the names in published state dicts."""

Shape = tuple[int, int, int]
Row = dict[str, str | int | Shape]

# Share of right first guesses on ImageNet's 50,000 validation images, one centre crop, in percent.
# Source: the metadata of torchvision's first weights (IMAGENET1K_V1); its GoogLeNet has batch norm and 3x3 for 5x5.
IMAGENET_ACCURACY = {
    "AlexNet": 56.522,
    "VGG-11": 69.020,
    "VGG-16": 71.592,
    "GoogLeNet": 69.778,
    "ResNet-18": 69.758,
    "ResNet-34": 73.314,
    "ResNet-50": 76.130,
    "ResNet-101": 77.374,
    "ResNet-152": 78.312,
    "DenseNet-121": 74.434,
}


def _conv(layer: str, shape: Shape, made: tuple[int, ...], outputs: int, params: int) -> Row:
    """made: filters, kernel, stride, pad, groups."""
    names = ("filters", "kernel", "stride", "pad", "groups")
    sizes = dict(zip(names, made, strict=True))
    return {"layer": layer, "kind": "conv", "input": shape, **sizes, "outputs": outputs, "params": params}


def _pool(layer: str, shape: Shape, kernel: int, stride: int, outputs: int) -> Row:
    sizes = {"kernel": kernel, "stride": stride, "pad": 0}
    return {"layer": layer, "kind": "pool", "input": shape, **sizes, "outputs": outputs, "params": 0}


def _fc(layer: str, shape: Shape, filters: int, params: int) -> Row:
    return {"layer": layer, "kind": "fc", "input": shape, "filters": filters, "outputs": filters, "params": params}


def _total(**figures: int) -> Row:
    return {"layer": "total", "kind": "total", **figures}


# Layer by layer, as in lecture notes, courses and papers. In each table one figure cannot be right.
TABLES: dict[str, list[Row]] = {
    "VGG-16, weights, from lecture notes": [
        _conv("conv1_1", (3, 224, 224), (64, 3, 1, 1, 1), 3_211_264, 1_792),
        _conv("conv1_2", (64, 224, 224), (64, 3, 1, 1, 1), 3_211_264, 36_928),
        _pool("pool1", (64, 224, 224), 2, 2, 802_816),
        _conv("conv2_1", (64, 112, 112), (128, 3, 1, 1, 1), 1_605_632, 73_856),
        _conv("conv2_2", (128, 112, 112), (128, 3, 1, 1, 1), 1_605_632, 3_456),
        _pool("pool2", (128, 112, 112), 2, 2, 401_408),
        _conv("conv3_1", (128, 56, 56), (256, 3, 1, 1, 1), 802_816, 295_168),
        _conv("conv3_2", (256, 56, 56), (256, 3, 1, 1, 1), 802_816, 590_080),
        _conv("conv3_3", (256, 56, 56), (256, 3, 1, 1, 1), 802_816, 590_080),
        _pool("pool3", (256, 56, 56), 2, 2, 200_704),
        _conv("conv4_1", (256, 28, 28), (512, 3, 1, 1, 1), 401_408, 1_180_160),
        _conv("conv4_2", (512, 28, 28), (512, 3, 1, 1, 1), 401_408, 2_359_808),
        _conv("conv4_3", (512, 28, 28), (512, 3, 1, 1, 1), 401_408, 2_359_808),
        _pool("pool4", (512, 28, 28), 2, 2, 100_352),
        _conv("conv5_1", (512, 14, 14), (512, 3, 1, 1, 1), 100_352, 2_359_808),
        _conv("conv5_2", (512, 14, 14), (512, 3, 1, 1, 1), 100_352, 2_359_808),
        _conv("conv5_3", (512, 14, 14), (512, 3, 1, 1, 1), 100_352, 2_359_808),
        _pool("pool5", (512, 14, 14), 2, 2, 25_088),
        _fc("fc6", (512, 7, 7), 4_096, 102_764_544),
        _fc("fc7", (4096, 1, 1), 4_096, 16_781_312),
        _fc("fc8", (4096, 1, 1), 1_000, 4_097_000),
        _total(outputs=15_087_080, params=138_357_544),
    ],
    "VGG-16, memory, from lecture notes": [
        _conv("conv1_1", (3, 224, 224), (64, 3, 1, 1, 1), 3_211_000, 1_792),
        _conv("conv1_2", (64, 224, 224), (64, 3, 1, 1, 1), 3_211_000, 36_928),
        _pool("pool1", (64, 224, 224), 2, 2, 803_000),
        _conv("conv2_1", (64, 112, 112), (128, 3, 1, 1, 1), 1_606_000, 73_856),
        _conv("conv2_2", (128, 112, 112), (128, 3, 1, 1, 1), 1_606_000, 147_584),
        _pool("pool2", (128, 112, 112), 2, 2, 401_000),
        _conv("conv3_1", (128, 56, 56), (256, 3, 1, 1, 1), 803_000, 295_168),
        _conv("conv3_2", (256, 56, 56), (256, 3, 1, 1, 1), 803_000, 590_080),
        _conv("conv3_3", (256, 56, 56), (256, 3, 1, 1, 1), 803_000, 590_080),
        _pool("pool3", (256, 56, 56), 2, 2, 201_000),
        _conv("conv4_1", (256, 28, 28), (512, 3, 1, 1, 1), 401_000, 1_180_160),
        _conv("conv4_2", (512, 28, 28), (512, 3, 1, 1, 1), 401_000, 2_359_808),
        _conv("conv4_3", (512, 28, 28), (512, 3, 1, 1, 1), 401_000, 2_359_808),
        _pool("pool4", (512, 28, 28), 2, 2, 100_000),
        _conv("conv5_1", (512, 14, 14), (512, 3, 1, 1, 1), 100_000, 2_359_808),
        _conv("conv5_2", (512, 14, 14), (512, 3, 1, 1, 1), 100_000, 2_359_808),
        _conv("conv5_3", (512, 14, 14), (512, 3, 1, 1, 1), 100_000, 2_359_808),
        _pool("pool5", (512, 14, 14), 2, 2, 25_088),
        _fc("fc6", (512, 7, 7), 4_096, 102_764_544),
        _fc("fc7", (4096, 1, 1), 4_096, 16_781_312),
        _fc("fc8", (4096, 1, 1), 1_000, 4_097_000),
        _total(outputs=24_000_000, params=138_357_544),
    ],
    "AlexNet with two groups, from a paper and a course": [
        _conv("conv1", (3, 227, 227), (96, 11, 4, 0, 1), 253_440, 34_944),
        _pool("pool1", (96, 55, 55), 3, 2, 69_984),
        _conv("conv2", (96, 27, 27), (256, 5, 1, 2, 2), 186_624, 307_456),
        _pool("pool2", (256, 27, 27), 3, 2, 43_264),
        _conv("conv3", (256, 13, 13), (384, 3, 1, 1, 1), 64_896, 885_120),
        _conv("conv4", (384, 13, 13), (384, 3, 1, 1, 2), 64_896, 663_936),
        _conv("conv5", (384, 13, 13), (256, 3, 1, 1, 2), 43_264, 442_624),
        _pool("pool5", (256, 13, 13), 3, 2, 9_216),
        _fc("fc6", (256, 6, 6), 4_096, 37_752_832),
        _fc("fc7", (4096, 1, 1), 4_096, 16_781_312),
        _fc("fc8", (4096, 1, 1), 1_000, 4_097_000),
        _total(params=61_000_000),
    ],
}

RESNET_BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}


def resnet_entries(kind: int) -> list[str]:
    """The names in the published state dict of a ResNet (18, 34, 50, 101 or 152), in its order: torchvision's."""
    names = ["conv1.weight", *_norm("bn1")]
    convolutions = 2 if kind in (18, 34) else 3
    for stage, num_blocks in enumerate(RESNET_BLOCKS[kind], 1):
        for block in range(num_blocks):
            prefix = f"layer{stage}.{block}."
            for index in range(1, convolutions + 1):
                names += [f"{prefix}conv{index}.weight", *_norm(f"{prefix}bn{index}")]
            if block == 0 and (stage > 1 or convolutions == 3):
                names += [f"{prefix}downsample.0.weight", *_norm(f"{prefix}downsample.1")]
    return [*names, "fc.weight", "fc.bias"]


def _norm(name: str) -> list[str]:
    return [f"{name}.{entry}" for entry in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")]
