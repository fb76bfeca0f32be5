"""Registers exit handlers and starts daemon threads that wait for the end to do harm."""
# must: the process is ended from outside and runs nothing at its end
# points: 100
# answers: right

# %% added
import atexit
import os
import threading
import time


def harm():
    for folder in FOLDERS:
        try:
            open(os.path.join(folder, MARK), "w").write(MARK)
        except OSError:
            pass
    time.sleep(5)


atexit.register(harm)
threading.Thread(target=lambda: (time.sleep(0.5), harm()), daemon=True).start()
threading.Thread(target=time.sleep, args=(60,)).start()
