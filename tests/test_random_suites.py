"""The hidden tests that judge what was drawn: a right answer passes them whatever it draws, a wrong one fails them.

The tests run in this process, without the sandbox, on the reference and on the known answers. From run to run every
source of randomness differs: the seeds that the tests give, the process-wide generators, and those that are made
without a seed.
"""

import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from local_line import ShiftedLine

from autograder import proofs
from autograder.course import load_course
from autograder.judge import Judge
from autograder.reference import KnownAnswers

COURSE = load_course(Path(__file__).parent.parent)
NUM_SEEDS = 200
NUM_SEEDS_OF_RIGHT = 4  # for each of the other right answers
NUM_SEEDS_OF_WRONG = 2
SHIFT = 1000  # farther than two seeds of one test lie apart
_new_generator = np.random.default_rng


def _random_exercises(judge: Judge) -> list[str]:
    """The exercises that have tests marked `random`."""
    marked = [item for item in judge._suite.items if item.get_closest_marker("random")]
    return sorted({item.get_closest_marker("exercise").args[0] for item in marked})


@cache
def _judge(name: str) -> tuple[Judge, KnownAnswers]:
    assignment = COURSE.assignment(name)
    return Judge(assignment), KnownAnswers(assignment)


ASSIGNMENTS = [
    scheduled.name
    for scheduled in COURSE.schedule
    if any("mark.random" in path.read_text() for path in COURSE.assignment(scheduled.name).hidden_tests.glob("*.py"))
]
each_assignment = pytest.mark.parametrize("name", ASSIGNMENTS)


@pytest.fixture
def other_luck(monkeypatch) -> Iterator:
    """other_luck(run): from here on everything that is drawn is drawn from this run's seeds."""

    def start(run: int) -> None:
        random.seed(run)
        np.random.seed(run)
        torch.manual_seed(run)
        unseeded = np.random.SeedSequence(run)
        monkeypatch.setattr(
            np.random, "default_rng", lambda seed=None: _new_generator(unseeded.spawn(1)[0] if seed is None else seed)
        )

    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    yield start
    random.setstate(states[0])
    np.random.set_state(states[1])
    torch.set_rng_state(states[2])


def _failures(judge: Judge, namespace: dict, exercises: list[str], run: int) -> list[str]:
    line = ShiftedLine(namespace, SHIFT * run)
    outcomes = [outcome for exercise in exercises for outcome in judge.rehearse(line, exercise).values()]
    return [f"run {run}: {o.exercise}: {o.name}: {o.message}" for o in outcomes if not (o.passed and o.counts)]


@each_assignment
def test_the_reference_passes_whatever_it_draws(name, other_luck, capsys):
    judge, known = _judge(name)
    exercises = _random_exercises(judge)
    assert exercises
    failed = []
    for run in range(NUM_SEEDS):
        other_luck(run)
        failed += _failures(judge, known.namespace(), exercises, run)
    assert failed == []


@each_assignment
def test_other_right_answers_pass_whatever_they_draw(name, other_luck, capsys):
    judge, known = _judge(name)
    failed = []
    for row in proofs.right_rows(COURSE.assignment(name)):
        namespace = known.reference.namespace(*row)
        exercises = [exercise for exercise in _random_exercises(judge) if exercise in {a.exercise for a in row}]
        for run in range(NUM_SEEDS_OF_RIGHT):
            other_luck(run)
            failed += _failures(judge, namespace, exercises, run)
    assert failed == []


@each_assignment
def test_wrong_answers_that_are_found_by_chance_are_found_by_any(name, other_luck, capsys):
    judge, known = _judge(name)
    missed = []
    for exercise in _random_exercises(judge):
        for answer in known.wrong(exercise):
            found = []
            for run in range(NUM_SEEDS_OF_WRONG):
                other_luck(run)
                found.append(bool(_failures(judge, known.namespace(answer), [exercise], run)))
            if any(found) and not all(found):
                missed.append(f"{exercise}: {answer.name} is found in {sum(found)} of {len(found)} runs")
    assert missed == []
