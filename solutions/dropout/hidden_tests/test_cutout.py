import functools

import numpy as np
import pytest

from autograder.checks import Mismatch, assert_close

pytestmark = pytest.mark.exercise("cutout")

BATCH, CHANNELS, HEIGHT, WIDTH = 6, 2, 10, 24  # for cutmix


def check_labels(name, weights, labels, mixed):
    """Labels (N, K) mixed in several calls, (calls, N, K), must be weights @ labels; says in words what they are."""
    if mixed.shape[1:] != labels.shape:
        raise Mismatch(f"{name}: the labels have the wrong shape: expected {labels.shape}, got {mixed.shape[1:]}")
    expected, own = weights @ labels, weights.diagonal(axis1=1, axis2=2)[..., None]
    exchanged = np.where(own > 1 - 1e-9, weights, (weights > 0) - weights) @ labels
    way = expected + exchanged - 2 * labels  # from an image's own label to its partner's
    along = ((mixed - labels) * way).sum(-1) / np.maximum((way**2).sum(-1), 1e-12)
    if np.allclose(mixed, expected, atol=1e-4):
        return
    if np.allclose(mixed, labels, atol=1e-4):
        raise Mismatch(f"{name}: the labels are those that were given, though the images are mixed")
    if np.allclose(mixed, exchanged, atol=1e-4):
        raise Mismatch(f"{name}: the shares of own and partner are exchanged in the labels")
    if np.isclose(mixed[:, :, None], labels).all(axis=-1).any(axis=-1).all():
        raise Mismatch(f"{name}: each label is that of one image alone, though the images are mixed")
    if not np.allclose(mixed.sum(axis=-1), 1, atol=1e-4):
        raise Mismatch(f"{name}: the rows of the labels do not sum to one")
    if not np.allclose(mixed, labels + along[..., None] * way, atol=1e-4):
        raise Mismatch(f"{name}: labels are mixed with those of other partners than the images")
    assert_close(mixed, expected, f"{name}: labels")


def check_done(name, outs, images):
    """The images of several calls: in one of them, at least, something must have been done to some of the image."""
    for out in outs:
        if out.shape != images.shape:
            raise Mismatch(f"{name}: the images have the wrong shape: expected {images.shape}, got {out.shape}")
        if not np.isfinite(out).all():
            raise Mismatch(f"{name}: the images hold values that are not finite")
    if all(np.allclose(out, images) or not out.any() for out in outs):
        raise Mismatch(f"{name}: in {len(outs)} calls the images always came back as they were, or empty")


# cutout


@pytest.fixture
def holes(student, away_from_zero):
    """holes(shape, size, seed) -> True where a pixel was set to zero, for each image (N, H, W); size below H and W."""

    def cut(shape, size, seed):
        images = away_from_zero(shape)
        out = student.cutout(images, size, student.make("rng", seed))
        if out.shape != shape:
            raise Mismatch(f"cutout: the images have the wrong shape: expected {shape}, got {out.shape}")
        found = (out == 0).any(axis=1)
        assert_close(out, np.where(found[:, None], 0, images), "cutout: images")
        if not found.any():
            raise Mismatch("cutout: no image has a hole")
        if found.all():
            raise Mismatch("cutout: nothing is left of the images")
        return found

    return cut


def span(found, axis):
    """(first, one behind the last) of the places along an axis at which anything of a hole is; a hole has no gaps."""
    places = np.flatnonzero(found.any(axis=1 - axis))
    if not len(places):
        raise Mismatch("an image has no hole")
    return int(places[0]), int(places[-1]) + 1


@pytest.mark.random
@pytest.mark.weight(1)
@pytest.mark.parametrize("size", [3, 4])
def test_cutout_holes(holes, size):
    """40 images of 2x10x7, size 3 and size 4: a square of zeros through all channels, cut off at the border."""
    for found in holes((40, 2, 10, 7), size, 1):
        (top, bottom), (left, right) = span(found, 0), span(found, 1)
        if not found[top:bottom, left:right].all():
            raise Mismatch("cutout: a hole must be a full rectangle")
        for axis, start, stop, side in (("rows", top, bottom, 10), ("columns", left, right, 7)):
            if stop - start > size or (stop - start < size and start > 0 and stop < side):
                raise Mismatch(f"cutout: a hole of size {size} inside the image has {stop - start} {axis}")


@pytest.mark.random
@pytest.mark.weight(1)
def test_cutout_centres(holes, chance):
    """1,500 images of 10x7 pixels, size 3: any pixel is equally often the centre, those at the border too."""
    # 1,500 coins: a share off by 0.07 is found. Holes that always lie inside are never cut off (off by 0.2 and more);
    # rows and columns exchanged, or a hole that begins at the drawn pixel, put the centre elsewhere in 0.1 or more.
    found = holes((1500, 1, 10, 7), 3, 2)
    if (found == found[0]).all():
        raise Mismatch("cutout: all images of the batch have their hole at the same place")
    for axis, name, side in ((2, "rows", 10), (1, "columns", 7)):
        places = found.any(axis=axis)
        if not places.any(axis=1).all():
            raise Mismatch("cutout: an image has no hole")
        starts, sizes = places.argmax(axis=1), places.sum(axis=1)
        centres = np.where(starts > 0, starts + 1, sizes - 2)
        chance.share(sizes < 3, 2 / side, f"cutout: the share of holes whose {name} are cut off")
        chance.share(centres < 3, 3 / side, f"cutout: the share of holes centred in the first three {name}")
        same = centres[::2] == centres[1::2]
        chance.share(same, 1 / side, f"cutout: the share of neighbouring images with their hole at the same {name}")


@pytest.mark.secondary
@pytest.mark.weight(0.5)
def test_cutout_larger_than_the_image(student, rng):
    """A hole three times as large as the image, wherever its centre: nothing but zeros is left."""
    out = student.cutout(rng.normal(size=(3, 2, 4, 5)), 15, student.make("rng", 3))
    assert_close(out, np.zeros((3, 2, 4, 5)), "cutout: images")


@pytest.mark.random
@pytest.mark.weight(0.5)
def test_cutout_inputs_are_left_as_they_were(student, holes):
    """cutout: the images that were given hold afterwards what they held before; those that come back have holes."""
    with student.unchanged():
        holes((5, 2, 6, 7), 3, 4)


# mixup


@pytest.fixture
def mixing(student):
    """mixing(labels, alpha, generator) -> (weights (N, N) by which mixup mixed the images, the labels that it gave).

    Image n is one in column n alone, so that a mixed image shows in its columns what it is made of.
    """

    def mix(labels, alpha, generator):
        images = np.zeros((len(labels), 2, 3, len(labels)))
        images += np.eye(len(labels))[:, None, None, :]
        out, mixed = student.mixup(images, labels, alpha, generator)
        if out.shape != images.shape:
            raise Mismatch(f"mixup: the images have the wrong shape: expected {images.shape}, got {out.shape}")
        if not (np.abs(out - out[:, :1, :1]) < 1e-4).all():
            raise Mismatch("mixup: an image is to be a mixture of whole images, the same in every pixel and channel")
        return out[:, 0, 0], mixed

    return mix


@pytest.fixture
def mixings(student, mixing, chance):
    """mixings(labels) -> (weights, labels) of five calls of mixup with five images, alpha = 1, each a pair as above.

    In one call no two images are mixed with probability 1/120, that all meet themselves, and 2e-6, for a share at an
    end; in all five with less than 0.009**5 = 6e-11, and the same in each test, which all give the same seeds.
    """

    def mix(labels):
        calls = [mixing(labels, 1.0, student.make("rng", seed)) for seed in range(5)]
        alone = [bool(((weights > 1e-6).sum(axis=1) < 2).all()) for weights, _ in calls]
        chance.not_always(alone, 0.009, "mixup: in five calls no image was mixed with another")
        return calls

    return mix


@pytest.mark.random
@pytest.mark.weight(1)
def test_mixup_images(mixings):
    """mixup of five images, alpha = 1: each is share * own + (1 - share) * that of one other, or its own again."""
    for weights, _ in mixings(np.eye(5)):
        assert_close(weights.sum(axis=1), np.ones(5), "mixup: the sum of the shares in each image")
        if ((weights > 1e-6).sum(axis=1) > 2).any() or (weights < -1e-6).any():
            raise Mismatch("mixup: an image is to be mixed of its own and of one other")


@pytest.mark.random
@pytest.mark.weight(2)
def test_mixup_labels(mixings, rng):
    """mixup of five images with seven classes, alpha = 1: labels are mixed in the same proportion as images."""
    labels = rng.dirichlet(np.ones(7), 5)
    calls = mixings(labels)
    check_labels("mixup", np.stack([weights for weights, _ in calls]), labels, np.stack([mixed for _, mixed in calls]))


@pytest.mark.random
@pytest.mark.weight(0.25)
def test_mixup_one_share(mixings):
    """mixup of five images, alpha = 1: the share is one for the whole batch."""
    for weights, _ in mixings(np.eye(5)):
        own = weights.diagonal()[weights.diagonal() < 1 - 1e-6]
        assert_close(own, np.broadcast_to(own[:1], own.shape), "mixup: the share of its own that each image keeps")


@pytest.mark.random
@pytest.mark.weight(0.75)
def test_mixup_shares(student, mixing, chance):
    """mixup of six images, alpha = 0.05, 120 calls: the share is drawn from Beta(alpha, alpha)."""
    # Beta(0.05, 0.05) lies within 0.25 of 0.5 in 5.1 %. Of 120 coins, off by 0.18 is found: with an alpha that is
    # ignored it lies there in 50 %, with a share that is 0.5 always.
    generator, middle = student.make("rng", 5), []
    for _ in range(120):
        weights = mixing(np.eye(6), 0.05, generator)[0]
        others = (weights * (1 - np.eye(6))).max(axis=1)  # the shares of those that were met, none in one call of 720
        mixed = weights.diagonal()[others > 1e-12]
        middle += [abs(mixed[0] - 0.5) < 0.25] if len(mixed) else []
    if not middle:
        raise Mismatch("mixup: in 120 calls no image was mixed with another")
    chance.share(np.array(middle), 0.0513, "mixup: how often the share lies between 0.25 and 0.75", 0.01)


@pytest.mark.random
@pytest.mark.weight(0.5)
def test_mixup_partners(student, mixing, chance):
    """mixup of four images, alpha = 1, 80 calls: image 0 meets every other one of the batch, by chance."""
    # Each of the others comes with probability 1/4 or more, so that one never comes with 0.75**80 = 1e-10; in a fixed
    # order two of them never do.
    generator = student.make("rng", 6)
    rows = np.array([mixing(np.eye(4), 1.0, generator)[0][0] for _ in range(80)])
    for other in range(1, 4):
        never = f"mixup: in 80 calls image 0 never met image {other}: the partners are to come in a random order"
        chance.not_always([bool(share < 1e-12) for share in rows[:, other]], 0.75, never)


# cutmix


@pytest.fixture
def pasting(student):
    """pasting(generator, alpha, labels) -> (sources, labels): from which image each pixel (N, H, W) came.

    Every number in the images says where it stands, so that a pixel that was pasted elsewhere is seen.
    """

    places = np.arange(CHANNELS * HEIGHT * WIDTH).reshape(CHANNELS, HEIGHT, WIDTH) / 1000
    images = 1 + np.arange(BATCH)[:, None, None, None] + places
    one_hot = np.eye(BATCH)

    def paste(generator, alpha=1.0, labels=one_hot):
        out, mixed = student.cutmix(images, labels, alpha, generator)
        if out.shape != images.shape:
            raise Mismatch(f"cutmix: the images have the wrong shape: expected {images.shape}, got {out.shape}")
        sources = np.rint(out - places).astype(int) - 1
        exact = (np.abs(out - places - 1 - sources) < 1e-4).all()
        if not exact or sources.min() < 0 or sources.max() >= BATCH:
            thousandths = out % 1 * 1000
            if np.allclose(thousandths, np.rint(thousandths), atol=0.1) and thousandths.max() < places.size:
                raise Mismatch("cutmix: what is pasted comes from another place in the partner's image")
            raise Mismatch("cutmix: every pixel is to be one of its own image or of another, from the same place")
        if (sources != sources[:, :1]).any():
            raise Mismatch("cutmix: all channels are to be pasted alike")
        return sources[:, 0], mixed

    return paste


def rectangle(sources):
    """The pixels that came from elsewhere, the same for all images but those that met themselves; None if no image
    met another or nothing was pasted."""
    pasted = sources != np.arange(len(sources))[:, None, None]
    shown = pasted[pasted.any(axis=(1, 2))]
    if not len(shown):
        return None
    if (shown != shown[0]).any():
        raise Mismatch("cutmix: the rectangle is to be the same for the whole batch")
    top, bottom, left, right = corners(shown[0])
    if not shown[0][top:bottom, left:right].all():
        raise Mismatch("cutmix: what is pasted is to be a full rectangle")
    return shown[0]


def corners(region):
    """(top, bottom, left, right) of a rectangle, each end one behind its last pixel."""
    rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
    return rows[0], rows[-1] + 1, columns[0], columns[-1] + 1


@pytest.fixture
def regions(student, pasting):
    """regions(alpha, num_calls, seed) -> (top, bottom, left, right) of what was pasted in each call, (4, calls)."""

    def draw(alpha, num_calls, seed):
        generator = student.make("rng", seed)
        found = [rectangle(pasting(generator, alpha)[0]) for _ in range(num_calls)]
        return np.array([(0, 0, 0, 0) if region is None else corners(region) for region in found]).T

    return draw


@functools.cache
def contract(alpha, num=20_000):
    """(top, bottom, left, right) of as many rectangles as the docstring of cutmix says, (4, num)."""
    rng, size = np.random.default_rng(0), np.array([[HEIGHT], [WIDTH]])
    box = (size * np.sqrt(1 - rng.beta(alpha, alpha, num))).astype(int)
    start = (rng.random((2, num)) * size).astype(int) - box // 2
    stop, start = np.minimum(start + box, size), np.maximum(start, 0)
    return np.array([start[0], stop[0], start[1], stop[1]])


def shaped(top, bottom, left, right):
    """Whether a rectangle has the shape of the image, to a pixel on each side."""
    return np.abs((bottom - top) / HEIGHT - (right - left) / WIDTH) <= 1 / HEIGHT + 1 / WIDTH


def low_right(top, bottom, left, right):
    """Whether its middle lies in the lower and right quarter of the image."""
    return (top + bottom > HEIGHT) & (left + right > WIDTH)


def nothing(top, bottom, left, right):
    return (bottom == top) | (left == right)


@pytest.mark.random
@pytest.mark.weight(1)
def test_cutmix_images(student, pasting, chance):
    """cutmix of six images, alpha = 1, eight times: one full rectangle of another image, at its own place."""
    # Nothing is to be seen in a call with probability below 0.05 (a share near 1, or all six met themselves).
    generator = student.make("rng", 7)
    empty = [rectangle(pasting(generator)[0]) is None for _ in range(8)]
    chance.not_always(empty, 0.05, "cutmix: in eight calls nothing of another image was pasted")


@pytest.mark.random
@pytest.mark.weight(2.5)
def test_cutmix_labels(student, pasting, chance, rng):
    """cutmix of six images with seven classes, alpha = 1, twelve times: labels by the area that was really pasted."""
    labels, generator = rng.dirichlet(np.ones(7), BATCH), student.make("rng", 8)
    calls = [pasting(generator, labels=labels) for _ in range(12)]
    own = np.arange(BATCH)[:, None, None]
    empty = [bool((sources == own).all()) for sources, _ in calls]  # each with probability below 0.05, as above
    chance.not_always(empty, 0.05, "cutmix: in twelve calls nothing of another image was pasted")
    weights = [(sources[:, None] == np.arange(BATCH)[:, None, None]).mean(axis=(2, 3)) for sources, _ in calls]
    check_labels("cutmix", np.stack(weights), labels, np.stack([mixed for _, mixed in calls]))


@pytest.mark.random
@pytest.mark.weight(0.75)
def test_cutmix_rectangles(regions, chance):
    """cutmix, alpha = 1, 200 calls: shaped like the image but where they are cut off, centred at any pixel."""
    # 200 coins: a share off by 0.22 or less is found, with a leeway of 0.04 for other roundings in it. Rectangles that
    # always lie inside are always shaped like the image (66 % are to be); those that begin at the drawn pixel have
    # their middle low and right in 59 %, not 22 %, which is found with probability 0.999; squares, and sides that are
    # exchanged, are shaped like the image in 22 % and 1 %.
    found, expected = regions(1.0, 200, 9), contract(1.0)
    said = "cutmix: the share of rectangles"
    chance.share(shaped(*found), shaped(*expected).mean(), f"{said} with the shape of the image", 0.04)
    chance.share(low_right(*found), low_right(*expected).mean(), f"{said} centred low and right in the image", 0.04)


@pytest.mark.random
@pytest.mark.weight(0.75)
def test_cutmix_sides(regions):
    """cutmix, alpha = 1000, so that the share is near 0.5: the largest of 60 rectangles has the sides 10, 24 * 0.71."""
    # 9 or 19 pixels need a share below 0.38, ten standard deviations off. That none of 60 has its full height, or none
    # its full width, but for a pixel, has the probability 0.59**60 = 2e-14.
    top, bottom, left, right = regions(1000.0, 60, 14)
    height, width = (bottom - top).max(), (right - left).max()
    if not (6 <= height <= 8 and 15 <= width <= 18):
        raise Mismatch(
            f"cutmix: half of the image is about 7x17 pixels of 10x24, the largest rectangle has {height}x{width}"
        )


@pytest.mark.random
@pytest.mark.weight(0.5)
def test_cutmix_alpha(regions, chance):
    """cutmix, alpha = 0.05, 100 calls: the area comes from Beta(alpha, alpha), so it is often nothing at all."""
    # Nothing is pasted in 39 % of the calls, with an alpha that is ignored in 1 %: with a leeway of 0.04 for other
    # roundings a share below 0.08 is found.
    found, expected = regions(0.05, 100, 10), contract(0.05)
    chance.share(nothing(*found), nothing(*expected).mean(), "cutmix: the share of calls that paste nothing", 0.04)


# all three


CALLS = {
    "cutout": lambda student, images, labels, generator: (student.cutout(images, 3, generator),),
    "mixup": lambda student, images, labels, generator: student.mixup(images, labels, 1.0, generator),
    "cutmix": lambda student, images, labels, generator: student.cutmix(images, labels, 1.0, generator),
}
each_function = pytest.mark.parametrize("name", list(CALLS))


@pytest.mark.random
@pytest.mark.weight(0.25)
@each_function
def test_rng(student, rng, name):
    """cutout, mixup, cutmix: generators of the same seed give the same, and a generator that goes on something else."""
    # No one result of a call has a probability above 0.05 (of cutmix, that nothing is to be seen), so that eight calls
    # that all give the same have one below 0.05**7 = 8e-10.
    images, labels = rng.uniform(0.5, 2.5, (4, 2, 12, 17)), np.eye(4)
    runs = []
    for _ in range(2):
        generator = student.make("rng", 11)
        runs.append([CALLS[name](student, images, labels, generator) for _ in range(8)])
    for first, again in zip(*runs, strict=True):
        for ours, theirs in zip(again, first, strict=True):
            assert_close(ours, theirs, f"{name}: what a generator of the same seed gives")
    if all(np.array_equal(outs[0], runs[0][0][0]) for outs in runs[0]):
        raise Mismatch(f"{name}: eight calls with one generator, which goes on, all gave the same")


@pytest.mark.random
@pytest.mark.weight(0.25)
@each_function
def test_global_generator(student, rng, name):
    """cutout, mixup, cutmix: NumPy's global generator is not reseeded, in calls that change the images."""
    # Two draws of 53 bits are equal with probability 1e-16; of a generator that is reseeded they are equal always. That
    # none of eight calls changes anything has a probability below 0.05**8 = 4e-11, as above.
    images, draws = rng.uniform(0.5, 2.5, (4, 2, 12, 17)), []
    for _ in range(2):
        generator = student.make("rng", 12)
        check_done(name, [CALLS[name](student, images, np.eye(4), generator)[0] for _ in range(8)], images)
        draws.append(student.global_draw("numpy"))
    if draws[0] == draws[1]:
        raise Mismatch(f"after each call of {name} np.random gives the same number: the call has reseeded it")


@pytest.mark.random
@pytest.mark.weight(0.25)
@pytest.mark.parametrize("name", ["mixup", "cutmix"])
def test_mixing_leaves_its_inputs_as_they_were(student, rng, name):
    """mixup, cutmix, eight calls: images and labels that were given hold afterwards what they held before."""
    # That none of eight calls changes anything has a probability below 0.05**8 = 4e-11, as above.
    images, labels, outs = rng.uniform(0.5, 2.5, (4, 2, 12, 17)), np.eye(4), []
    for seed in range(8):
        with student.unchanged():
            out, mixed = CALLS[name](student, images, labels, student.make("rng", seed))
        assert_close(mixed.sum(axis=1), np.ones(4), f"{name}: the sum of each row of labels")
        outs.append(out)
    check_done(name, outs, images)


@pytest.mark.random
@pytest.mark.secondary
@pytest.mark.weight(0.25)
@pytest.mark.parametrize("name", ["mixup", "cutmix"])
def test_a_batch_of_one(student, rng, name):
    """mixup, cutmix of a single image: it meets itself, so image and label stay what they are."""
    images, labels = rng.normal(size=(1, 3, 5, 4)), np.array([[0.25, 0.75]])
    out, mixed = CALLS[name](student, images, labels, student.make("rng", 13))
    assert_close(out, images, f"{name}: images")
    assert_close(mixed, labels, f"{name}: labels")
