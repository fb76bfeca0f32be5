"""Other right ways to answer the exercises of `transfer-learning`: each must keep full marks."""

from autograder.answers import right

RIGHT = [
    right(
        "load_pretrained",
        "sets_and_one_call",
        source="""\
def load_pretrained(model, state, key_map):
    ours = model.state_dict()
    pairs = [(old, key_map[old] if old in key_map else old) for old in state]
    pairs = [(old, new) for old, new in pairs if new is not None]
    targets = [new for _, new in pairs]
    lines = []
    lines += [f"missing in the file: {name}" for name in set(ours) - set(targets)]
    lines += [f"unexpected in the file: {old}" for old, new in pairs if new not in ours]
    for old, new in pairs:
        if new in ours and list(state[old].shape) != list(ours[new].shape):
            lines.append(f"wrong shape: {new} is {list(ours[new].shape)}, {old} is {list(state[old].shape)}")
    lines += [f"given twice: {name}" for name in set(targets) if targets.count(name) > 1]
    if len(lines) > 0:
        print(len(lines), "problems")
        raise ValueError("the file does not fit:" + "".join(chr(10) + "  " + line for line in lines))
    model.load_state_dict({new: state[old] for old, new in pairs}, strict=True)
    return model
""",
    ),
    right(
        "load_pretrained",
        "parameters_and_buffers_by_hand",
        source="""\
import collections


class DoesNotFit(ValueError):
    pass


def load_pretrained(model, state, key_map):
    own = dict(model.named_parameters())
    own.update(model.named_buffers())
    sources = collections.defaultdict(list)
    for name in state:
        new = key_map.get(name, name)
        if new is not None:
            sources[new].append(name)
    report = {
        "missing": sorted(own.keys() - sources.keys()),
        "unexpected": [old for new, names in sources.items() if new not in own for old in names],
        "twice": [new for new, names in sources.items() if new in own and len(names) > 1],
        "shape": [
            (new, tuple(own[new].size()), tuple(state[old].size()))
            for new, names in sources.items() for old in names
            if new in own and own[new].size() != state[old].size()
        ],
    }
    if sum(map(len, report.values())):
        raise DoesNotFit(str(report))
    for new, (old,) in sources.items():
        own[new].data[...] = state[old].detach().clone()
    return model
""",
    ),
    right(
        "load_pretrained",
        "on_a_copy_first",
        source="""\
def load_pretrained(model, state, key_map):
    wrong, seen = [], {}
    expected = {name: t.shape for name, t in copy.deepcopy(model).state_dict().items()}
    for name, tensor in list(state.items()):
        target = key_map.get(name, name)
        if target is None: continue
        if target not in expected: wrong.append("unexpected " + name)
        elif target in seen: wrong.append("two for " + target + " (" + name + ")")
        if target in expected:
            if tensor.shape != expected[target]:
                wrong.append(f"{target} must be {expected[target]}, not {tensor.shape}")
            seen[target] = tensor
    wrong.extend("missing " + name for name in expected if name not in seen)
    if wrong:
        raise ValueError(wrong)
    for name, tensor in model.state_dict().items():
        tensor.copy_(seen[name])
    return model
""",
    ),
    right(
        "preprocess",
        "upsample_and_loop",
        source="""\
def preprocess(images, mean, std, size):
    x = torch.from_numpy(np.array(images)).double()
    x = nn.Upsample(size=(size, size), mode="bilinear", align_corners=False)(x)
    channels = x.shape[1]
    mean, std = np.broadcast_to(mean, channels), np.broadcast_to(std, channels)
    for c in range(channels):
        x[:, c] = (x[:, c] - mean[c]) / std[c]
    return x.float()
""",
    ),
    right(
        "preprocess",
        "normalised_first",
        source="""\
def preprocess(images, mean, std, size):
    images = np.asarray(images, dtype=np.float32)
    mean = np.asarray(mean, dtype=np.float32)
    std = np.asarray(std, dtype=np.float32)
    if mean.ndim:
        mean, std = mean[:, None, None], std[:, None, None]
    normalised = (images - mean) / std
    return F.interpolate(torch.tensor(normalised), size, mode="bilinear")
""",
    ),
    right(
        "preprocess",
        "two_products",
        source="""\
def rows(new, old):
    at = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
    low = np.floor(at).astype(int)
    high = np.minimum(low + 1, old - 1)
    matrix = np.zeros((new, old))
    matrix[np.arange(new), low] += 1 - (at - low)
    matrix[np.arange(new), high] += at - low
    return matrix


def preprocess(images, mean, std, size):
    x = np.einsum("ih,nchw,jw->ncij", rows(size, images.shape[2]), images, rows(size, images.shape[3]))
    x -= np.array(mean).reshape(1, -1, 1, 1)
    x /= np.array(std).reshape(1, -1, 1, 1)
    return torch.from_numpy(x.astype("float32"))
""",
    ),
    right(
        "extract_features",
        "context_manager",
        source="""\
from contextlib import contextmanager


@contextmanager
def evaluating(model):
    before = [(m, m.training) for m in model.modules()]
    model.train(False)
    try:
        yield
    finally:
        for m, training in before:
            m.training = training


def extract_features(model, loader, layer):
    found = {}
    rows, labels = [], []
    with evaluating(model), torch.inference_mode():
        handle = dict(model.named_modules())[layer].register_forward_hook(
            lambda m, i, o: found.update(value=o.clone())
        )
        try:
            for x, y in loader:
                _ = model(x)
                rows += list(found.pop("value").reshape(len(x), -1))
                labels += y.tolist()
        finally:
            handle.remove()
    return torch.stack(rows).numpy(), np.array(labels)
""",
    ),
    right(
        "extract_features",
        "tensors_come_back",
        source="""\
class Stop(Exception):
    pass


def extract_features(model, loader, layer):
    modes = {name: m.training for name, m in model.named_modules()}
    features, labels = torch.empty(0), torch.empty(0, dtype=torch.long)

    def hook(module, inputs, output):
        nonlocal features
        rows = output.detach().clone().reshape(output.shape[0], -1)
        features = rows if not len(features) else torch.cat([features, rows])
        raise Stop  # what lies behind the layer need not run

    model.get_submodule(layer)
    handle = model.get_submodule(layer).register_forward_hook(hook)
    grad = torch.is_grad_enabled()
    torch.set_grad_enabled(False)
    try:
        model.eval()
        for images, targets in loader:
            try:
                model(images)
            except Stop:
                pass
            labels = torch.cat([labels, targets])
    finally:
        torch.set_grad_enabled(grad)
        handle.remove()
        for name, m in model.named_modules():
            m.training = modes[name]
    return features, labels
""",
    ),
    right(
        "extract_features",
        "parts_of_arrays",
        edits={
            "return np.concatenate(features), np.concatenate(labels)": "print(len(features), 'batches')\n"
            "    return np.vstack(features), np.hstack(labels)",
            "with torch.no_grad():": "with torch.set_grad_enabled(False):",
        },
    ),
    right(
        "linear_probe",
        "softmax_lbfgs",
        source="""\
def linear_probe(features, labels, l2):
    x = torch.as_tensor(np.array(features), dtype=torch.float64)
    y = torch.as_tensor(np.array(labels), dtype=torch.long)
    probe = nn.Linear(x.shape[1], int(y.max()) + 1).double()
    optimizer = torch.optim.LBFGS(probe.parameters(), lr=1, max_iter=200, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(probe(x), y) + l2 / 2 * probe.weight.pow(2).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return probe.weight.detach().numpy(), probe.bias.detach().numpy()
""",
    ),
    right(
        "linear_probe",
        "softmax_float32_scipy",
        source="""\
from scipy.optimize import minimize


def linear_probe(features, labels, l2):
    n, d = features.shape
    k = labels.max() + 1
    onehot = np.eye(k, dtype=np.float32)[labels]
    x = features.astype(np.float32)

    def objective(flat):
        w, b = flat[: k * d].reshape(k, d), flat[k * d :]
        scores = x @ w.T + b
        scores = scores - scores.max(1, keepdims=True)
        logp = scores - np.log(np.exp(scores).sum(1, keepdims=True))
        loss = -(logp * onehot).sum() / n + 0.5 * l2 * (w**2).sum()
        dscores = (np.exp(logp) - onehot) / n
        return loss, np.concatenate([(dscores.T @ x + l2 * w).ravel(), dscores.sum(0)])

    found = minimize(objective, np.zeros(k * d + k), jac=True, method="L-BFGS-B", options={"maxiter": 1000}).x
    return found[: k * d].reshape(k, d), found[k * d :]
""",
    ),
    right(
        "linear_probe",
        "ridge_as_least_squares",
        source="""\
def linear_probe(features, labels, l2):
    n, d = features.shape
    k = int(max(labels)) + 1
    wide = np.concatenate([features, np.ones((n, 1))], axis=1)
    extra = np.sqrt(l2 * n) * np.eye(d, d + 1)  # a row for each weight; the bias has none
    targets = np.concatenate([(labels[:, None] == np.arange(k)).astype(float), np.zeros((d, k))])
    solution, *_ = np.linalg.lstsq(np.concatenate([wide, extra]), targets, rcond=None)
    return np.ascontiguousarray(solution[:-1].T), solution[-1]
""",
    ),
    right(
        "linear_probe",
        "tensors_and_descent",
        source="""\
def linear_probe(features, labels, l2):
    x = torch.tensor(features, dtype=torch.float32)
    y = torch.tensor(labels).long()
    w = torch.zeros(int(y.max()) + 1, x.shape[1], requires_grad=True)
    b = torch.zeros(int(y.max()) + 1, requires_grad=True)
    step = torch.optim.LBFGS([w, b], max_iter=100)
    for _ in range(5):
        def loss():
            step.zero_grad()
            value = F.cross_entropy(x @ w.T + b, y) + l2 / 2 * (w * w).sum()
            value.backward()
            return value
        step.step(loss)
    return w.detach(), b.detach()
""",
    ),
    right(
        "replace_head",
        "walks_through_the_parents",
        source="""\
def replace_head(model, num_classes):
    found = None
    for parent in model.modules():
        for name, child in parent.named_children():
            if type(child) is nn.Linear:
                found = None if found and list(model.modules()).index(found[2]) > list(
                    model.modules()
                ).index(child) else (parent, name, child)
    parent, name, old = found
    new = nn.Linear(old.weight.shape[1], num_classes).to(old.weight)
    parent._modules[name] = new
    return model
""",
    ),
    right(
        "replace_head",
        "set_submodule",
        source="""\
def replace_head(model, num_classes):
    for name, module in reversed(list(model.named_modules())):
        if isinstance(module, nn.Linear):
            break
    *path, last = name.split(".")
    parent = model
    for part in path:
        parent = getattr(parent, part)
    new = nn.Linear(in_features=module.in_features, out_features=num_classes, bias=True)
    if last.isdigit() and isinstance(parent, nn.Sequential):
        parent[int(last)] = new
    else:
        setattr(parent, last, new)
    print(model)
    return model
""",
    ),
    right(
        "freeze",
        "requires_grad_method",
        source="""\
def freeze(model, until):
    parts = dict(model.named_children())
    if until is not None and until not in parts:
        raise ValueError("no part " + str(until))
    model.requires_grad_(False)
    seen = False
    for name, part in parts.items():
        seen |= name == until
        if seen:
            part.requires_grad_()
    return model


def set_bn_eval(model):
    for m in model.modules():
        if type(m).__name__.startswith("BatchNorm") and all(not p.requires_grad for p in m.parameters()):
            m.train(False)
    return model
""",
    ),
    right(
        "freeze",
        "by_position",
        source="""\
from torch.nn.modules.batchnorm import _BatchNorm


def freeze(model, until):
    names = [n for n, _ in model.named_children()]
    first = len(names) if until is None else names.index(until)  # a ValueError of list.index
    for i, part in enumerate(model.children()):
        for p in part.parameters():
            p.requires_grad_(i >= first)
    return model


def set_bn_eval(model):
    def one(m):
        if isinstance(m, _BatchNorm):
            if sum(p.requires_grad for p in m.parameters()) == 0:
                m.training = False

    return model.apply(one)
""",
    ),
    right(
        "param_groups",
        "four_lists",
        source="""\
def param_groups(model, lr, head_factor=10):
    linear = [name for name, m in model.named_modules() if isinstance(m, nn.Linear)]
    head = linear[-1] + "."
    lists = {"back_w": [], "back_b": [], "head_w": [], "head_b": []}
    for name, p in model.named_parameters():
        if not p.requires_grad:
            continue
        place = "head" if name.startswith(head) else "back"
        lists[place + ("_b" if len(p.shape) <= 1 else "_w")].append(p)
    groups = []
    for key, parameters in lists.items():
        if parameters:
            settings = {"weight_decay": 0} if key.endswith("b") else {}
            groups.append(dict(params=parameters, lr=lr * (head_factor if key.startswith("head") else 1), **settings))
    return groups
""",
    ),
    right(
        "param_groups",
        "one_group_each",
        source="""\
def param_groups(model, lr, head_factor=10):
    for module in model.modules():
        if isinstance(module, nn.Linear):
            head = module
    heads = [p for p in head.parameters()]
    groups = []
    for p in model.parameters():
        if p.requires_grad:
            group = {"params": [p], "lr": lr}
            if any(p is h for h in heads):
                group["lr"] = head_factor * lr
            if p.dim() in (0, 1):
                group["weight_decay"] = 0.0
            groups.append(group)
    return groups[::-1]
""",
    ),
    right(
        "finetune",
        "own_evaluation",
        source="""\
def validate(model, loader):
    model.eval()
    losses = right = count = 0
    with torch.no_grad():
        for x, y in loader:
            logp = model(x).log_softmax(1)
            losses += F.nll_loss(logp, y, reduction="sum").item()
            right += (logp.argmax(1) == y).sum().item()
            count += len(x)
    return losses / count, right / count


def finetune(model, loaders, epochs, lr=1e-3, head_factor=10, weight_decay=0.01):
    optimizer = torch.optim.AdamW(param_groups(model, lr, head_factor), weight_decay=weight_decay)
    criterion = nn.CrossEntropyLoss()
    losses, validation, states = [], [], []
    for epoch in range(epochs):
        set_bn_eval(model.train())
        seen = []
        for x, y in loaders["train"]:
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            seen += [loss.detach()] * len(y)
        losses.append(torch.stack(seen).mean().item())
        validation.append(validate(model, loaders["validation"])[0])
        states.append({name: value.clone() for name, value in model.state_dict().items()})
        print("epoch", epoch, losses[-1], validation[-1])
    best = int(np.argmin(validation))
    model.load_state_dict(states[best])
    model.eval()
    history = dict(loss=losses, validation=validation, best_epoch=best + 1, states=len(states))
    if "test" in loaders:
        history["test"] = validate(model, loaders["test"])[1]
    return history
""",
    ),
    right(
        "finetune",
        "single_tensors_and_a_generator_expression",
        source="""\
from io import BytesIO


def finetune(model, loaders, epochs, lr=1e-3, head_factor=10, weight_decay=0.01):
    dev = next(model.parameters()).device
    groups = param_groups(model, lr, head_factor)
    for group in groups:
        group.setdefault("weight_decay", weight_decay)
    optimizer = torch.optim.AdamW(groups, foreach=False)
    history = {"loss": [], "validation": []}
    best = None
    for epoch in range(1, epochs + 1):
        model.train()
        set_bn_eval(model)
        sums = torch.zeros(2)
        for x, y in loaders["train"]:
            x, y = x.to(dev), y.to(dev)
            optimizer.zero_grad(set_to_none=False)
            loss = -model(x).log_softmax(dim=1)[torch.arange(len(y)), y].mean()
            loss.backward()
            optimizer.step()
            sums += torch.tensor([loss.item() * len(y), len(y)])
        history["loss"].append(float(sums[0] / sums[1]))
        value = evaluate(model, loaders["validation"])[0]
        history["validation"].append(value)
        if best is None or value < best:
            best, file = value, BytesIO()
            torch.save(model.state_dict(), file)
            history["best_epoch"] = epoch
    file.seek(0)
    model.load_state_dict(torch.load(file))
    if loaders.get("test") is not None:
        history["test"] = evaluate(model, loaders["test"])[1]
    model.eval()
    return history
""",
    ),
    right(
        "choose_strategy",
        "a_table",
        source="""\
TABLE = {
    (True, "similar"): "probe",
    (True, "different"): "probe_early",
    (False, "similar"): "finetune_last",
    (False, "different"): "finetune_all",
}


def choose_strategy(num_labels, similarity):
    if num_labels <= 0 or (True, similarity) not in TABLE:
        raise ValueError(num_labels, similarity)
    return TABLE[num_labels < 21, similarity]
""",
    ),
    right(
        "choose_strategy",
        "match",
        source="""\
def choose_strategy(num_labels, similarity):
    if not num_labels >= 1:
        raise ValueError("labels")
    match (num_labels > 20, similarity):
        case (False, "similar"):
            answer = "probe"
        case (False, "different"):
            answer = "probe_early"
        case (True, "similar"):
            answer = "finetune_last"
        case (True, "different"):
            answer = "finetune_all"
        case _:
            raise ValueError("similarity")
    print(answer)
    return answer
""",
    ),
]
