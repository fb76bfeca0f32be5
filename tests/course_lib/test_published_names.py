"""Published names and tables."""

import pytest
import torch

from course_lib import models, published


@pytest.mark.parametrize("kind", [18, 34, 50, 101, 152])
def test_resnet_entries_are_those_of_the_library_in_order(kind):
    with torch.device("meta"):
        model = getattr(models, f"resnet{kind}")()
    assert published.resnet_entries(kind) == list(model.state_dict())


def test_every_row_of_a_table_says_what_it_is_and_how_much():
    for rows in published.TABLES.values():
        assert len({row["layer"] for row in rows}) == len(rows)
        assert rows[-1]["kind"] == "total"
        assert all({"outputs", "params"} & set(row) for row in rows)
