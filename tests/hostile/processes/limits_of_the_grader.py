"""Sets the grader's own limits on CPU, files and memory to almost nothing."""
# must: it can set no other process's limits
# points: 100
# answers: right

# %% added
import resource

for limit, value in ((resource.RLIMIT_CPU, 1), (resource.RLIMIT_NOFILE, 3), (resource.RLIMIT_FSIZE, 0)):
    try:
        hard = resource.prlimit(GRADER, limit)[1]
        resource.prlimit(GRADER, limit, (value, hard))
    except (OSError, ValueError) as error:
        print(error)
