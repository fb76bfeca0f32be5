"""NumPy's own buffers, kept out of the way where they cost more than they give."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

BUFFER_ITEMS = 256


@contextmanager
def unbuffered_rows() -> Iterator[None]:
    """Rows of more than BUFFER_ITEMS entries are worked on where they lie, inside this context.

    NumPy copies broadcast or strided operands through a buffer of 8192 entries where rows are shorter than the
    buffer; on rows of 1,000 entries that takes as long as the arithmetic.
    """
    with np.errstate():  # restores the buffer's size too
        np.setbufsize(BUFFER_ITEMS)
        yield
