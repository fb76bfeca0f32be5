from time import sleep

from course_lib.timing import median_seconds


def test_the_first_call_is_not_counted_and_one_slow_call_does_not_matter():
    waits = iter([0.2, 0.0, 0.1, 0.0])
    assert median_seconds(lambda: sleep(next(waits)), repeats=3) < 0.05


def test_the_time_is_in_seconds():
    assert 0.02 <= median_seconds(lambda: sleep(0.02), repeats=1) < 0.2
