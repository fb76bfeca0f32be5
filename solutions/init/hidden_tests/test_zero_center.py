import numpy as np
import pytest

from autograder.checks import Mismatch, assert_close

pytestmark = pytest.mark.exercise("zero_center")

EACH = ("zero_center", "standardize", "pca_whiten")
each_function = pytest.mark.parametrize("name", EACH)


@pytest.fixture
def fit(student):
    """fit(name, x_train, ...) -> transform, to be called with an array."""

    def run(name, *args, **kwargs):
        transform = getattr(student, name)(*args, **kwargs)
        return lambda x: student.call(transform, x, returns="transform(x): array")

    return run


@pytest.fixture
def features(rng):
    """features(n, d) -> training rows with correlated features of other means and widths, test rows from elsewhere."""

    def draw(n, d):
        mix = rng.normal(size=(d, d)) + np.diag(np.arange(1.0, d + 1))
        train = rng.normal(size=(n, d)) @ mix + 5 * rng.normal(size=d)
        return train, 2 * rng.normal(size=(4, d)) @ mix - 3

    return draw


def whitened(train, x, eps=1e-5):
    """The components of x along the principal axes of train, largest first, each divided by sqrt(eigenvalue + eps)."""
    centred = train - train.mean(axis=0)
    _, singular, axes = np.linalg.svd(centred, full_matrices=False)
    return (x - train.mean(axis=0)) @ axes.T / np.sqrt(singular**2 / len(train) + eps)


def expect_components(found, expected, name):
    """Equal but for the sign of each component."""
    found = np.asarray(found)
    if found.shape == expected.shape:
        expected = expected * np.where(np.sum(found * expected, axis=0) < 0, -1, 1)
    assert_close(found, expected, name, rtol=1e-3, atol=1e-4)


@pytest.mark.weight(0.5)
def test_by_hand(fit):
    """Training rows (1, 10) and (3, 30): means 2 and 20, standard deviations 1 and 10. What becomes of (5, 0)?"""
    train, x = np.array([[1.0, 10.0], [3.0, 30.0]]), np.array([[5.0, 0.0]])
    assert_close(fit("zero_center", train)(x), [[3.0, -20.0]], "zero_center")
    assert_close(fit("standardize", train)(x), [[3.0, -2.0]], "standardize")


@pytest.mark.weight(1)
def test_zero_center(fit, features):
    """The training rows have mean 0 in every feature afterwards."""
    train, _ = features(9, 4)
    assert_close(fit("zero_center", train)(train), train - train.mean(axis=0), "zero_center of the training rows")


@pytest.mark.weight(1)
def test_standardize(fit, features):
    """The training rows have mean 0 and standard deviation 1 in every feature afterwards (division by N)."""
    train, _ = features(6, 5)
    expected = (train - train.mean(axis=0)) / train.std(axis=0)
    assert_close(fit("standardize", train)(train), expected, "standardize of the training rows")


@pytest.mark.weight(1)
def test_pca_whiten(fit, features):
    """The training rows have mean 0 afterwards, and their covariance (division by N) is the identity."""
    train, _ = features(12, 4)
    found = fit("pca_whiten", train)(train)
    assert_close(found.shape, train.shape, "the shape of the whitened rows")
    assert_close(found.mean(axis=0), np.zeros(4), "the mean of the whitened rows")
    assert_close(found.T @ found / len(train), np.eye(4), "the covariance of the whitened rows", atol=1e-3)


@pytest.mark.weight(0.5)
def test_order_of_components(fit, features):
    """Each component of the training rows, largest variance first; its sign is free."""
    train, _ = features(15, 3)
    expect_components(fit("pca_whiten", train)(train), whitened(train, train), "pca_whiten of the training rows")


@pytest.mark.weight(0.75)
@each_function
def test_statistics_of_the_training_set_alone(fit, features, name):
    """Rows that were not in the training set, from elsewhere: transformed with the training set's statistics."""
    train, test = features(11, 4)
    found, mean = fit(name, train)(test), train.mean(axis=0)
    if name == "pca_whiten":
        expect_components(found, whitened(train, test), "pca_whiten of other rows")
    else:
        scale = train.std(axis=0) if name == "standardize" else 1
        assert_close(found, (test - mean) / scale, f"{name} of other rows")


@pytest.mark.weight(0.25)
@each_function
def test_one_row(fit, features, name):
    """One row alone, as a network sees it when it is used."""
    train, test = features(8, 3)
    found = fit(name, train)(test[:1])
    expected = {
        "zero_center": test[:1] - train.mean(axis=0),
        "standardize": (test[:1] - train.mean(axis=0)) / train.std(axis=0),
        "pca_whiten": whitened(train, test[:1]),
    }[name]
    compare = expect_components if name == "pca_whiten" else assert_close
    compare(found, expected, f"{name} of one row")


@pytest.mark.weight(0.75)
def test_constant_feature(fit, features):
    """A pixel that is the same in every training image (0, or 0.1): centred only, in the training set and elsewhere."""
    train, test = features(7, 4)
    train[:, 1], train[:, 3] = 0.0, 0.1
    std = train.std(axis=0)
    std[[1, 3]] = 1
    transform = fit("standardize", train)
    for name, x in (("the training rows", train), ("other rows", test)):
        assert_close(transform(x), (x - train.mean(axis=0)) / std, f"standardize of {name}")


@pytest.mark.weight(0.5)
@pytest.mark.secondary
def test_whitening_with_a_constant_feature(fit, features):
    """A constant feature, and fewer rows than features: eigenvalues of 0, and still only finite numbers."""
    train, test = features(10, 4)
    train[:, 2] = 0.1
    few, others = features(3, 5)
    for rows, x in ((train, train), (train, test), (few, few), (few, others)):
        if not np.isfinite(fit("pca_whiten", rows)(x)).all():
            raise Mismatch("pca_whiten gives nan or inf where an eigenvalue is 0")


@pytest.mark.weight(0.5)
def test_eps_of_the_whitening(fit, features):
    """eps = 2 is added to each eigenvalue before the root is taken."""
    train, test = features(10, 3)
    transform = fit("pca_whiten", train, eps=2.0)
    expect_components(transform(train), whitened(train, train, 2.0), "pca_whiten with eps = 2")
    expect_components(transform(test), whitened(train, test, 2.0), "pca_whiten of other rows with eps = 2")


@pytest.mark.weight(0.25)
@pytest.mark.secondary
@each_function
def test_inputs_are_not_changed(student, fit, features, name):
    """Neither fitting nor transforming changes the rows that are passed in."""
    train, test = features(6, 3)
    with student.unchanged():
        transform = fit(name, train)
        transform(train)
        transform(test)


@pytest.mark.weight(0.5)
def test_two_at_once(fit, features):
    """Two transforms fitted on two training sets, and used in turn: each keeps its own statistics."""
    (first, test), (second, _) = features(8, 3), features(5, 3)
    transforms = {name: (fit(name, first), fit(name, second)) for name in EACH}
    for name in EACH:
        for train, transform in zip((first, second), transforms[name], strict=True):
            for _ in range(2):
                found, centred = transform(test), test - train.mean(axis=0)
                if name == "pca_whiten":
                    expect_components(found, whitened(train, test), name)
                else:
                    assert_close(found, centred / (train.std(axis=0) if name == "standardize" else 1), name)
