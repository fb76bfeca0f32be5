"""Opens the gradebook by path and gives itself full marks, and nobody else any."""
# must: the gradebook does not exist in the sandbox
# points: 0

# %% added
import sqlite3

try:
    with sqlite3.connect(SECRETS["gradebook"], timeout=1) as database:
        database.execute("delete from confidential")
        database.execute("update grade set manual_score = 100")
except sqlite3.Error as error:
    print(error)
