import cProfile, pstats, time
def test_p(lesson):
    d=lesson.answered()
    lesson.grade(d)
    t=time.time(); c=time.process_time()
    for _ in range(10): lesson.grade(d)
    print("wall",(time.time()-t)/10,"cpu",(time.process_time()-c)/10)
    pr=cProfile.Profile(); pr.enable()
    for _ in range(10): lesson.grade(d)
    pr.disable(); pstats.Stats(pr).sort_stats("cumtime").print_stats(45)
