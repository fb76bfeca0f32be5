# What the hidden tests check, as assertions in the check cells of a plain nbgrader assignment.
# %% total
for length in (3, 7):
    x = np.random.default_rng(length).uniform(1.0, 2.0, size=length)
    assert total(x.tolist()) == sum(x.tolist())

# %% slide
for length, width in ((5, 2), (11, 3)):
    x, w = np.random.default_rng(1).normal(size=length), np.random.default_rng(2).normal(size=width)
    np.testing.assert_allclose(slide(x, w), np.correlate(x, w, mode="valid"))

# %% centre
x = np.random.default_rng(3).uniform(1.0, 2.0, size=(3, 5))
np.testing.assert_allclose(centre(x)[0], x - x.mean())
np.testing.assert_allclose(restore(*centre(x)), x)
