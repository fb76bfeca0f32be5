"""Has libraries open the secrets: NumPy, torch, sqlite, ctypes and mmap."""
# must: the kernel decides, whoever asks
# points: 0

# %% added
import ctypes
import mmap
import os
import sqlite3

libc = ctypes.CDLL(None)
for path in SECRETS.values():
    descriptor = libc.open(path.encode(), 0)
    if descriptor >= 0:
        print(os.read(descriptor, 100_000))
    try:
        print(np.fromfile(path, dtype=np.uint8).tobytes())
        print(np.memmap(path, mode="r").tobytes())
    except OSError as error:
        print(error)
try:
    with sqlite3.connect(f"file:{SECRETS['gradebook']}?mode=ro", uri=True) as database:
        print(database.execute("select * from confidential").fetchall())
except sqlite3.Error as error:
    print(error)
