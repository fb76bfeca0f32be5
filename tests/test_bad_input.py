def test_solution(lesson):
    graded = lesson.grade(lesson.answered())
    print(graded.verdict)
    assert graded.verdict.score == 100
def test_released(lesson):
    assert set(lesson.scores(lesson.released()).values()) == {0}
