"""Other right ways to answer the exercises of `cnn-architectures`: each must keep full marks.

Other names, lazy layers, functions in the place of layers, convolutions in the place of linear layers where the shapes
are left free, sizes written as numbers where maps are flattened, weights held without PyTorch's layers.
"""

from autograder.answers import right

COUNT = [
    right(
        "count_parameters",
        "loop_over_named_parameters",
        source="""\
def count_parameters(model):
    total = 0
    for name, p in model.named_parameters():
        print(name, tuple(p.shape))
        total += int(np.prod(p.shape))
    return total
""",
    ),
    right(
        "count_parameters",
        "by_identity",
        source="""\
def count_parameters(net):
    found = {}
    for module in net.modules():
        for p in module._parameters.values():
            if p is not None:
                found[id(p)] = p.nelement()
    return sum(found.values(), start=0)
""",
    ),
    right(
        "count_macs",
        "on_a_copy_with_the_weights_own_sizes",
        source="""\
import copy

def count_macs(model, shape):
    clone = copy.deepcopy(model).eval()
    total = [0]
    handles = []

    def conv_hook(m, i, o):
        total[0] += m.weight.numel() * o.shape[2] * o.shape[3]

    def linear_hook(m, i, o):
        total[0] += m.weight.numel() * (o.numel() // o.shape[-1])

    for m in clone.modules():
        if isinstance(m, nn.Conv2d):
            handles.append(m.register_forward_hook(conv_hook))
        elif isinstance(m, nn.Linear):
            handles.append(m.register_forward_hook(linear_hook))
    params = list(clone.parameters())
    x = torch.rand((1,) + tuple(shape))
    if params:
        x = x.to(params[0])
    with torch.inference_mode():
        clone(x)
    for h in handles:
        h.remove()
    return int(total[0])
""",
    ),
    right(
        "count_macs",
        "two_images_and_a_pre_hook",
        source="""\
def count_macs(model, shape):
    was = [(m, m.training) for m in model.modules()]
    macs = []

    def pre(m, args):
        x = args[0]
        if isinstance(m, nn.Linear):
            macs.append(x[0].numel() * m.out_features)
        else:
            with torch.no_grad():
                places = torch.nn.functional.conv2d(
                    x[:1, :1], torch.zeros_like(m.weight[:1, :1]), None, m.stride, m.padding, m.dilation
                ).numel()
            macs.append(places * m.weight.numel())

    hooks = [m.register_forward_pre_hook(pre) for m in model.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    try:
        model.train(False)
        p = next(iter(model.parameters()), None)
        x = torch.zeros(2, *shape) if p is None else p.new_zeros((2, *shape))
        with torch.no_grad():
            model(x)
    finally:
        [h.remove() for h in hooks]
        for m, mode in was:
            m.training = mode
    return np.array(macs, dtype=np.int64).sum()
""",
    ),
    right(
        "activation_memory",
        "on_a_copy",
        source="""\
import copy

def activation_memory(model, shape):
    model = copy.deepcopy(model).eval()
    kinds = (nn.Conv2d, nn.Linear, nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d)
    total = int(np.prod(shape))

    def hook(m, x, y):
        nonlocal total
        if isinstance(m, nn.AdaptiveAvgPool2d) and list(x[0].shape) == list(y.shape):
            return
        total += y.nelement()

    for m in model.modules():
        if isinstance(m, kinds):
            m.register_forward_hook(hook)
    with torch.no_grad():
        p = list(model.parameters())[:1]
        model(torch.ones(1, *shape, device=p[0].device if p else None))
    return total * 4
""",
    ),
]

PATTERN = [
    right(
        "pattern",
        "parsed_by_recursion",
        source="""\
def pattern(text, **sizes):
    tokens = re.findall(r"->|\\[|\\]|\\*|\\?|\\w+|\\S", text)
    place = 0

    def sequence(inside):
        nonlocal place
        words = []
        while place < len(tokens):
            token = tokens[place]
            place += 1
            if token == "->":
                continue
            if token == "]":
                if not inside:
                    raise ValueError("unexpected ]")
                return words
            if token == "[":
                group, count = sequence(True), 1
                if place < len(tokens) and tokens[place] == "*":
                    times = tokens[place + 1]
                    place += 2
                    try:
                        count = int(times) if times.isdigit() else sizes[times]
                    except KeyError:
                        raise ValueError(times)
                words.extend(group * count)
                continue
            optional = place < len(tokens) and tokens[place] == "?"
            place += optional
            if not optional or sizes.get("pool", True):
                words.append(token)
        if inside:
            raise ValueError("missing ]")
        return words

    words = sequence(False)
    if not words or words[0] != "INPUT":
        raise ValueError("INPUT must come first")
    conv, fc = iter(sizes.get("conv", ())), iter(sizes.get("fc", ()))
    c, h, w = sizes["input"]
    net, width = nn.Sequential(), None
    try:
        for number, word in enumerate(words[1:]):
            if word == "CONV":
                f = next(conv)
                net.add_module(f"conv{number}", nn.Conv2d(c, f, (3, 3), padding="same"))
                c = f
            elif word == "RELU":
                net.add_module(f"relu{number}", nn.ReLU(inplace=True))
            elif word == "POOL":
                net.add_module(f"pool{number}", nn.MaxPool2d(kernel_size=2, stride=2))
                h, w = h // 2, w // 2
            elif word == "FC":
                if width is None:
                    net.add_module("flatten", nn.Flatten())
                    width = c * h * w
                f = next(fc)
                net.add_module(f"fc{number}", nn.Linear(width, f))
                width = f
            else:
                raise ValueError(word)
    except StopIteration:
        raise ValueError("too few sizes")
    if list(conv) or list(fc):
        raise ValueError("too many sizes")
    return net
""",
    ),
    right(
        "pattern",
        "lazy_linear_layers",
        source="""\
def pattern(text, **sizes):
    text = text.replace(" ", "")
    while True:
        found = re.search(r"\\[([^][]*)\\]\\*?(\\w*)", text)
        if not found:
            break
        body, count = found.groups()
        count = count or "1"
        if count.isdigit():
            count = int(count)
        elif count in sizes:
            count = sizes[count]
        else:
            raise ValueError("no number for " + count)
        text = text[:found.start()] + "->".join([body] * count) + text[found.end():]
    if "[" in text or "]" in text:
        raise ValueError("brackets")
    words = [w for w in text.split("->") if w]
    words = [w.replace("?", "") for w in words if not (w.endswith("?") and sizes.get("pool") is False)]
    if words[0] != "INPUT":
        raise ValueError("INPUT")
    convs, fcs = list(sizes.get("conv", [])), list(sizes.get("fc", []))
    if len(convs) != words.count("CONV") or len(fcs) != words.count("FC"):
        raise ValueError("sizes")
    layers, flat = [], False
    channels = sizes["input"][0]
    for word in words[1:]:
        if word == "CONV":
            layers += [nn.Conv2d(channels, convs[0], 3, 1, 1)]
            channels = convs.pop(0)
        elif word == "RELU":
            layers += [nn.ReLU()]
        elif word == "POOL":
            layers += [nn.MaxPool2d(2, 2)]
        elif word == "FC":
            if not flat:
                layers += [nn.Flatten()]
                with torch.no_grad():
                    features = nn.Sequential(*layers)(torch.zeros(1, *sizes["input"])).shape[1]
                flat = True
            layers += [nn.Linear(features, fcs[0])]
            features = fcs.pop(0)
        else:
            raise ValueError(word)
    return nn.Sequential(*layers)
""",
    ),
]

ALEXNET = [
    right(
        "AlexNet",
        "sizes_as_numbers_and_functions",
        source="""\
class AlexNet(nn.Module):
    def __init__(self, num_classes=1000):
        super(AlexNet, self).__init__()
        self.conv1 = nn.Conv2d(3, 64, 11, 4, 2)
        self.conv2 = nn.Conv2d(64, 192, 5, padding=2)
        self.conv3 = nn.Conv2d(192, 384, 3, padding=1)
        self.conv4 = nn.Conv2d(384, 256, 3, padding=1)
        self.conv5 = nn.Conv2d(256, 256, 3, padding=1)
        self.fc1 = nn.Linear(9216, 4096)
        self.fc2 = nn.Linear(4096, 4096)
        self.fc3 = nn.Linear(4096, num_classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 3, 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 3, 2)
        x = F.relu(self.conv3(x))
        x = F.relu(self.conv4(x))
        x = F.relu(F.max_pool2d(self.conv5(x), 3, 2))
        x = F.adaptive_avg_pool2d(x, (6, 6)).view(-1, 9216)
        x = F.dropout(x, 0.5, self.training)
        x = F.dropout(F.relu(self.fc1(x)), 0.5, self.training)
        return self.fc3(F.relu(self.fc2(x)))
""",
    ),
    right(
        "AlexNet",
        "lazy_layers",
        source="""\
class AlexNet(nn.Module):
    def __init__(self, num_classes=1000):
        super().__init__()
        self.net = nn.Sequential(
            nn.LazyConv2d(64, 11, stride=4, padding=2), nn.MaxPool2d(3, 2), nn.ReLU(inplace=True),
            nn.LazyConv2d(192, 5, padding=2), nn.MaxPool2d(3, 2), nn.ReLU(inplace=True),
            nn.LazyConv2d(384, 3, padding=1), nn.ReLU(),
            nn.LazyConv2d(256, 3, padding=1), nn.ReLU(),
            nn.LazyConv2d(256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.AdaptiveAvgPool2d(6), nn.Flatten(1),
            nn.Dropout(), nn.LazyLinear(4096), nn.ReLU(),
            nn.Dropout(), nn.LazyLinear(4096), nn.ReLU(),
            nn.LazyLinear(num_classes),
        )

    def forward(self, x):
        return self.net(x)
""",
    ),
]

VGG = [
    right(
        "vgg_block",
        "one_list_of_layers",
        source="""\
def vgg_block(num_convs, in_channels, out_channels):
    net = nn.Sequential()
    for i in range(num_convs):
        net.add_module(f"conv{i}", nn.Conv2d(out_channels if i else in_channels, out_channels, (3, 3), (1, 1), "same"))
        net.add_module(f"relu{i}", nn.ReLU(inplace=True))
    net.add_module("pool", nn.MaxPool2d(kernel_size=(2, 2)))
    return net


class VGG(nn.Module):
    def __init__(self, config, num_classes=1000):
        super().__init__()
        ins = [3] + [c for _, c in config]
        self.features = nn.ModuleList([vgg_block(n, i, o) for (n, o), i in zip(config, ins)])
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
        self.fc1 = nn.Linear(ins[-1] * 49, 4096)
        self.fc2 = nn.Linear(4096, 4096)
        self.fc3 = nn.Linear(4096, num_classes)
        self.drop = nn.Dropout()
        print("VGG with", len(config), "blocks")

    def forward(self, x):
        for block in self.features:
            x = block(x)
        x = torch.flatten(self.avgpool(x), 1)
        x = self.drop(self.fc1(x).relu())
        x = self.drop(self.fc2(x).relu())
        return self.fc3(x)
""",
    ),
    right(
        "vgg_block",
        "lazy_layers",
        source="""\
def vgg_block(num_convs, in_channels, out_channels):
    layers = []
    for _ in range(num_convs):
        layers += [nn.LazyConv2d(out_channels, kernel_size=3, padding=1), nn.ReLU()]
    return nn.Sequential(*layers, nn.MaxPool2d(kernel_size=2, stride=2))


class VGG(nn.Module):
    def __init__(self, config, num_classes=1000):
        super().__init__()
        self.net = nn.Sequential(
            *[vgg_block(n, None, c) for n, c in config],
            nn.AdaptiveAvgPool2d(7), nn.Flatten(),
            nn.LazyLinear(4096), nn.ReLU(), nn.Dropout(0.5),
            nn.LazyLinear(4096), nn.ReLU(), nn.Dropout(0.5),
            nn.LazyLinear(num_classes),
        )

    def forward(self, x):
        return self.net(x)
""",
    ),
]

NIN = [
    right(
        "NiN",
        "mean_by_hand",
        source="""\
def nin_block(in_channels, filters, kernel_size, stride=1, padding=0):
    layers = [nn.Conv2d(in_channels, filters[0], kernel_size, stride=stride, padding=padding), nn.ReLU(inplace=True)]
    for a, b in zip(filters, filters[1:]):
        layers += [nn.Conv2d(a, b, 1), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


class NiN(nn.Module):
    def __init__(self, num_classes=1000):
        super().__init__()
        self.a = nin_block(3, [96] * 3, 11, 4)
        self.b = nin_block(96, [256] * 3, 5, 1, 2)
        self.c = nin_block(256, [384] * 3, 3, 1, 1)
        self.d = nin_block(384, [1024, 1024, num_classes], 3, 1, 1)

    def forward(self, x):
        for block in (self.a, self.b, self.c):
            x = F.max_pool2d(block(x), 3, 2, ceil_mode=True)
        x = F.dropout(x, 0.5, training=self.training)
        return self.d(x).mean(dim=(2, 3))
""",
    ),
    right(
        "NiN",
        "pooled_before_the_relu_and_flattened_by_view",
        source="""\
def nin_block(in_channels, filters, kernel_size, stride=1, padding=0):
    one, two, three = filters
    return nn.Sequential(
        nn.Conv2d(in_channels, one, kernel_size, stride, padding), nn.ReLU(),
        nn.Conv2d(one, two, 1), nn.ReLU(), nn.Conv2d(two, three, 1), nn.ReLU(),
    )


class NiN(nn.Module):
    def __init__(self, num_classes=1000):
        super().__init__()
        self.num_classes = num_classes
        self.pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.blocks = nn.ModuleList([
            nin_block(3, (96, 96, 96), 11, 4), nin_block(96, (256, 256, 256), 5, padding=2),
            nin_block(256, (384, 384, 384), 3, padding=1), nin_block(384, (1024, 1024, num_classes), 3, padding=1),
        ])
        self.dropout = nn.Dropout2d(0.5)

    def forward(self, x):
        for block in self.blocks[:3]:
            x = self.pool(block(x))
        x = self.blocks[3](self.dropout(x))
        return nn.AvgPool2d(x.shape[2:])(x).view(-1, self.num_classes)
""",
    ),
]

INCEPTION = [
    right(
        "Inception",
        "functions_in_the_place_of_layers",
        source="""\
class Inception(nn.Module):
    def __init__(self, in_channels, sizes):
        super().__init__()
        c1, r3, c3, r5, c5, p = sizes
        self.p1_1 = nn.Conv2d(in_channels, c1, kernel_size=1)
        self.p2_1 = nn.Conv2d(in_channels, r3, kernel_size=1)
        self.p2_2 = nn.Conv2d(r3, c3, kernel_size=3, padding="same")
        self.p3_1 = nn.Conv2d(in_channels, r5, kernel_size=1)
        self.p3_2 = nn.Conv2d(r5, c5, kernel_size=5, padding=2)
        self.p4_2 = nn.Conv2d(in_channels, p, kernel_size=1)

    def forward(self, x):
        p2 = self.p2_2(F.relu(self.p2_1(x)))
        p3 = self.p3_2(F.relu(self.p3_1(x)))
        p4 = self.p4_2(F.max_pool2d(x, 3, 1, 1))
        return F.relu(torch.cat((self.p1_1(x), p2, p3, p4), 1))


class GoogLeNet(nn.Module):
    def __init__(self, num_classes=1000, aux=False):
        super().__init__()
        self.aux = aux
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3)
        self.conv2 = nn.Conv2d(64, 64, 1)
        self.conv3 = nn.Conv2d(64, 192, 3, 1, 1)
        self.i3a = Inception(192, (64, 96, 128, 16, 32, 32))
        self.i3b = Inception(256, (128, 128, 192, 32, 96, 64))
        self.i4a = Inception(480, (192, 96, 208, 16, 48, 64))
        self.i4b = Inception(512, (160, 112, 224, 24, 64, 64))
        self.i4c = Inception(512, (128, 128, 256, 24, 64, 64))
        self.i4d = Inception(512, (112, 144, 288, 32, 64, 64))
        self.i4e = Inception(528, (256, 160, 320, 32, 128, 128))
        self.i5a = Inception(832, (256, 160, 320, 32, 128, 128))
        self.i5b = Inception(832, (384, 192, 384, 48, 128, 128))
        self.fc = nn.Linear(1024, num_classes)
        if aux:
            self.aux1 = AuxHead(512, num_classes)
            self.aux2 = AuxHead(528, num_classes)

    def forward(self, x):
        pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        x = pool(self.conv1(x).relu())
        x = pool(self.conv3(self.conv2(x).relu()).relu())
        x = pool(self.i3b(self.i3a(x)))
        a = x = self.i4a(x)
        d = x = self.i4d(self.i4c(self.i4b(x)))
        x = self.i5b(self.i5a(pool(self.i4e(x))))
        x = x.mean((2, 3)).reshape(-1, 1024)
        x = self.fc(F.dropout(x, 0.4, self.training))
        return (x, self.aux1(a), self.aux2(d)) if self.aux and self.training else x


class AuxHead(nn.Module):
    def __init__(self, channels, num_classes):
        super().__init__()
        self.conv = nn.Conv2d(channels, 128, 1)
        self.fc1 = nn.Linear(2048, 1024)
        self.fc2 = nn.Linear(1024, num_classes)

    def forward(self, x):
        x = F.relu(self.conv(F.avg_pool2d(x, 5, 3))).flatten(1)
        return self.fc2(F.dropout(F.relu(self.fc1(x)), 0.7, self.training))
""",
    ),
    right(
        "Inception",
        "units_in_loops",
        source="""\
class ConvRelu(nn.Sequential):
    def __init__(self, *args, **kwargs):
        super().__init__(nn.Conv2d(*args, **kwargs), nn.ReLU(inplace=True))


class Inception(nn.Module):
    def __init__(self, in_channels, sizes):
        super().__init__()
        self.branches = nn.ModuleList([
            ConvRelu(in_channels, sizes[0], 1),
            nn.Sequential(ConvRelu(in_channels, sizes[1], 1), ConvRelu(sizes[1], sizes[2], 3, padding=1)),
            nn.Sequential(ConvRelu(in_channels, sizes[3], 1), ConvRelu(sizes[3], sizes[4], 5, padding=2)),
            nn.Sequential(nn.MaxPool2d(3, 1, 1, ceil_mode=True), ConvRelu(in_channels, sizes[5], 1)),
        ])

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], dim=-3)


class GoogLeNet(nn.Module):
    TABLE = {
        "3a": (64, 96, 128, 16, 32, 32), "3b": (128, 128, 192, 32, 96, 64), "pool3": None,
        "4a": (192, 96, 208, 16, 48, 64), "4b": (160, 112, 224, 24, 64, 64), "4c": (128, 128, 256, 24, 64, 64),
        "4d": (112, 144, 288, 32, 64, 64), "4e": (256, 160, 320, 32, 128, 128), "pool4": None,
        "5a": (256, 160, 320, 32, 128, 128), "5b": (384, 192, 384, 48, 128, 128),
    }

    def __init__(self, num_classes=1000, aux=False):
        super().__init__()
        self.stem = nn.Sequential(
            ConvRelu(3, 64, 7, stride=2, padding=3), nn.MaxPool2d(3, 2, ceil_mode=True),
            ConvRelu(64, 64, 1), ConvRelu(64, 192, 3, padding=1), nn.MaxPool2d(3, 2, ceil_mode=True),
        )
        self.blocks, channels = nn.ModuleDict(), 192
        for name, sizes in self.TABLE.items():
            if sizes is None:
                self.blocks[name] = nn.MaxPool2d(3, 2, ceil_mode=True)
            else:
                self.blocks[name] = Inception(channels, sizes)
                channels = sizes[0] + sizes[2] + sizes[4] + sizes[5]
        last = nn.Linear(channels, num_classes)
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.4), last)
        self.heads = nn.ModuleDict()
        for name, width in (("4a", 512), ("4d", 528)) if aux else ():
            self.heads[name] = nn.Sequential(
                nn.AvgPool2d(5, 3), ConvRelu(width, 128, 1), nn.Flatten(), nn.Linear(2048, 1024), nn.ReLU(),
                nn.Dropout(0.7), nn.Linear(1024, num_classes),
            )

    def forward(self, x):
        x, others = self.stem(x), []
        for name, block in self.blocks.items():
            x = block(x)
            if self.training and name in self.heads:
                others.append(self.heads[name](x))
        return tuple([self.head(x), *others]) if others else self.head(x)
""",
    ),
]

RESNET = [
    right(
        "BasicBlock",
        "published_names_and_lists_of_blocks",
        source="""\
def conv_bn(i, o, k, s=1):
    return nn.Conv2d(i, o, k, s, k // 2, bias=False), nn.BatchNorm2d(o)


class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, in_channels, channels, stride=1, version=None):
        super().__init__()
        self.conv1, self.bn1 = conv_bn(in_channels, channels, 3, stride)
        self.conv2, self.bn2 = conv_bn(channels, channels, 3)
        self.downsample = None
        if stride > 1 or in_channels != channels:
            self.downsample = nn.Sequential(*conv_bn(in_channels, channels, 1, stride))

    def forward(self, x):
        identity = x if self.downsample is None else self.downsample(x)
        out = F.relu(self.bn1(self.conv1(x)), inplace=True)
        out = self.bn2(self.conv2(out))
        out += identity
        return F.relu(out, inplace=True)


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, in_channels, channels, stride=1, version="v1.5"):
        super().__init__()
        first = {"v1": stride, "v1.5": 1}.get(version)
        if first is None:
            raise ValueError(version)
        self.conv1, self.bn1 = conv_bn(in_channels, channels, 1, first)
        self.conv2, self.bn2 = conv_bn(channels, channels, 3, stride // first)
        self.conv3, self.bn3 = conv_bn(channels, channels * 4, 1)
        self.downsample = None
        if stride > 1 or in_channels != channels * 4:
            self.downsample = nn.Sequential(*conv_bn(in_channels, channels * 4, 1, stride))

    def forward(self, x):
        identity = x if self.downsample is None else self.downsample(x)
        out = F.relu(self.bn1(self.conv1(x)))
        out = F.relu(self.bn2(self.conv2(out)))
        return F.relu(identity + self.bn3(self.conv3(out)))


class ResNet(nn.Module):
    def __init__(self, kind, num_classes=1000, version="v1.5"):
        super().__init__()
        try:
            block, *counts = {
                18: (BasicBlock, 2, 2, 2, 2), 34: (BasicBlock, 3, 4, 6, 3), 50: (Bottleneck, 3, 4, 6, 3),
                101: (Bottleneck, 3, 4, 23, 3), 152: (Bottleneck, 3, 8, 36, 3),
            }[kind]
        except KeyError:
            raise ValueError(f"no ResNet-{kind}")
        if version not in ("v1", "v1.5"):
            raise ValueError(version)
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        width = 64
        for stage, count in enumerate(counts):
            blocks = []
            for i in range(count):
                blocks.append(block(width, 64 << stage, 2 if stage and not i else 1, version))
                width = (64 << stage) * block.expansion
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(width, num_classes)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


def resnet_key_map(kind):
    names = ResNet(kind).state_dict().keys()
    return dict(zip(names, names))
""",
    ),
    right(
        "BasicBlock",
        "shortcut_first_and_sizes_as_numbers",
        source="""\
class Block(nn.Module):
    def __init__(self, convs, in_channels, out_channels, stride):
        super().__init__()
        self.skip = nn.Identity()
        if (in_channels, 1) != (out_channels, stride):
            self.skip = nn.ModuleList([
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels)
            ])
        self.convs = nn.ModuleList([nn.Conv2d(i, o, k, s, k // 2, bias=False) for i, o, k, s in convs])
        self.norms = nn.ModuleList([nn.BatchNorm2d(o) for _, o, _, _ in convs])

    def forward(self, x):
        y = x
        for conv, norm in zip(self.convs, self.norms):
            y = norm(conv(y if y is x else y.relu()))
        for layer in self.skip if isinstance(self.skip, nn.ModuleList) else ():
            x = layer(x)
        return (x + y).clamp(min=0)


class BasicBlock(Block):
    def __init__(self, in_channels, channels, stride=1):
        super().__init__(
            [(in_channels, channels, 3, stride), (channels, channels, 3, 1)], in_channels, channels, stride
        )


class Bottleneck(Block):
    def __init__(self, in_channels, channels, stride=1, version="v1.5"):
        if version == "v1":
            a, b = stride, 1
        elif version == "v1.5":
            a, b = 1, stride
        else:
            raise ValueError("version")
        super().__init__(
            [(in_channels, channels, 1, a), (channels, channels, 3, b), (channels, 4 * channels, 1, 1)],
            in_channels, 4 * channels, stride,
        )


class ResNet(nn.Module):
    def __init__(self, kind, num_classes=1000, version="v1.5"):
        super().__init__()
        blocks = {18: [2, 2, 2, 2], 34: [3, 4, 6, 3], 50: [3, 4, 6, 3], 101: [3, 4, 23, 3], 152: [3, 8, 36, 3]}
        if version not in ("v1", "v1.5"):
            raise ValueError("version")
        if kind not in blocks:
            raise ValueError("kind")
        self.wide = kind >= 50
        self.begin = nn.Sequential(nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64))
        self.body = nn.ModuleList()
        c = 64
        for stage, n in enumerate(blocks[kind]):
            w = [64, 128, 256, 512][stage]
            for i in range(n):
                s = 2 if stage > 0 and i == 0 else 1
                self.body.append(Bottleneck(c, w, s, version) if self.wide else BasicBlock(c, w, s))
                c = 4 * w if self.wide else w
        self.end = nn.Linear(c, num_classes)

    def forward(self, x):
        x = F.max_pool2d(self.begin(x).relu(), 3, 2, 1)
        for block in self.body:
            x = block(x)
        return self.end(x.mean([2, 3]).view(-1, 2048 if self.wide else 512))


def resnet_key_map(kind):
    blocks = {18: [2, 2, 2, 2], 34: [3, 4, 6, 3], 50: [3, 4, 6, 3], 101: [3, 4, 23, 3], 152: [3, 8, 36, 3]}[kind]
    norm = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
    pairs = [("conv1.weight", "begin.0.weight"), ("fc.weight", "end.weight"), ("fc.bias", "end.bias")]
    pairs += [(f"bn1.{n}", f"begin.1.{n}") for n in norm]
    number = 0
    for stage, n in enumerate(blocks, 1):
        for i in range(n):
            theirs, mine = f"layer{stage}.{i}", f"body.{number}"
            for k in range(3 if kind >= 50 else 2):
                pairs.append((f"{theirs}.conv{k + 1}.weight", f"{mine}.convs.{k}.weight"))
                pairs += [(f"{theirs}.bn{k + 1}.{n_}", f"{mine}.norms.{k}.{n_}") for n_ in norm]
            if i == 0 and (stage > 1 or kind >= 50):
                pairs.append((f"{theirs}.downsample.0.weight", f"{mine}.skip.0.weight"))
                pairs += [(f"{theirs}.downsample.1.{n_}", f"{mine}.skip.1.{n_}") for n_ in norm]
            number += 1
    return dict(pairs)
""",
    ),
]

DENSE = [
    right(
        "DenseBlock",
        "lists_of_maps_and_functions",
        source="""\
class DenseLayer(nn.Module):
    def __init__(self, channels, growth):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, 4 * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(4 * growth)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding="same", bias=False)

    def forward(self, maps):
        x = torch.cat(maps, 1)
        x = self.conv1(F.relu(self.norm1(x)))
        return self.conv2(F.relu(self.norm2(x)))


class DenseBlock(nn.Module):
    def __init__(self, num_layers, in_channels, growth):
        super().__init__()
        self.denselayers = nn.ModuleList([DenseLayer(in_channels + i * growth, growth) for i in range(num_layers)])

    def forward(self, x):
        maps = [x]
        for layer in self.denselayers:
            maps.append(layer(maps))
        return torch.concat(maps, dim=1)


class Transition(nn.Module):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.norm = nn.BatchNorm2d(in_channels)
        self.conv = nn.Conv2d(in_channels, out_channels, 1, bias=False)

    def forward(self, x):
        return self.conv(F.avg_pool2d(F.relu(self.norm(x)), 2))  # the mean first: the same, for a quarter of the work


class DenseNet121(nn.Module):
    def __init__(self, num_classes=1000):
        super().__init__()
        self.conv0 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.norm0 = nn.BatchNorm2d(64)
        self.block1, self.trans1 = DenseBlock(6, 64, 32), Transition(256, 128)
        self.block2, self.trans2 = DenseBlock(12, 128, 32), Transition(512, 256)
        self.block3, self.trans3 = DenseBlock(24, 256, 32), Transition(1024, 512)
        self.block4 = DenseBlock(16, 512, 32)
        self.norm5 = nn.BatchNorm2d(1024)
        self.classifier = nn.Linear(1024, num_classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.norm0(self.conv0(x))), 3, 2, 1)
        x = self.trans1(self.block1(x))
        x = self.trans2(self.block2(x))
        x = self.trans3(self.block3(x))
        x = F.relu(self.norm5(self.block4(x)), inplace=True)
        x = F.adaptive_avg_pool2d(x, (1, 1)).view(-1, 1024)
        return self.classifier(x)
""",
    ),
    right(
        "DenseBlock",
        "one_buffer_for_all_maps",
        source="""\
class DenseBlock(nn.Module):
    def __init__(self, num_layers, in_channels, growth):
        super().__init__()
        self.growth = growth
        for i in range(num_layers):
            c = in_channels + i * growth
            self.add_module(str(i), nn.Sequential(
                nn.BatchNorm2d(c), nn.ReLU(inplace=True), nn.Conv2d(c, growth * 4, 1, bias=False),
                nn.BatchNorm2d(growth * 4), nn.ReLU(inplace=True),
                nn.Conv2d(growth * 4, growth, 3, 1, 1, bias=False),
            ))

    def forward(self, x):
        for layer in self.children():
            new = layer(x)
            grown = x.new_empty(x.shape[0], x.shape[1] + new.shape[1], *x.shape[2:])
            grown[:, : x.shape[1]] = x
            grown[:, x.shape[1] :] = new
            x = grown
        return x


class Transition(nn.Sequential):
    def __init__(self, in_channels, out_channels):
        super().__init__(
            nn.BatchNorm2d(in_channels), nn.ReLU(), nn.Conv2d(in_channels, out_channels, 1, bias=False),
            nn.AvgPool2d(2),
        )


class DenseNet121(nn.Module):
    def __init__(self, num_classes=1000):
        super().__init__()
        stem = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.net = nn.Sequential(stem, nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        c = 64
        for n in (6, 12, 24, 16):
            if len(self.net) > 4:
                self.net.append(Transition(c, c // 2))
                c //= 2
            self.net.append(DenseBlock(n, c, 32))
            c += 32 * n
        self.net.extend([nn.BatchNorm2d(c), nn.ReLU()])
        self.fc = nn.Linear(c, num_classes)

    def forward(self, x):
        return self.fc(self.net(x).mean(dim=(-2, -1)))
""",
    ),
]

FIND = [
    right(
        "find_the_wrong_number",
        "truth_first_then_the_farthest",
        source="""\
def find_the_wrong_number(table):
    truths, worst = [], (0, None)
    for row in table:
        if row["kind"] == "total":
            truth = [sum(t[i] for k, t in truths if k != "total") for i in range(3)]
        else:
            c, h, w = row["input"]
            if row["kind"] == "fc":
                truth = [row["filters"], row["filters"] * (c * h * w + 1), row["filters"] * c * h * w]
            else:
                k, s, p = row["kernel"], row["stride"], row["pad"]
                places = ((h + 2 * p - k) // s + 1) * ((w + 2 * p - k) // s + 1)
                truth = [c * places, 0, 0]
                if row["kind"] == "conv":
                    n = row["filters"]
                    seen = c // row["groups"] * k * k
                    truth = [n * places, n * (seen + 1), n * places * seen]
        truths.append((row["kind"], truth))
        for name, value in zip(["outputs", "params", "macs"], truth):
            if name in row:
                off = abs(row[name] - value) / value if value else float("inf") * bool(row[name]) if row[name] else 0
                if off > worst[0]:
                    worst = (off, (row["layer"], name))
    return list(worst[1])
""",
    ),
]

RIGHT = [*COUNT, *PATTERN, *ALEXNET, *VGG, *NIN, *INCEPTION, *RESNET, *DENSE, *FIND]
