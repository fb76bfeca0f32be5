"""Reads the memory of the process that started it with process_vm_readv and /proc/<pid>/mem."""
# must: both are denied
# points: 0

# %% added
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
for pid in (GRADER, os.getppid()):
    try:
        for line in open(f"/proc/{pid}/maps"):
            if "[heap]" in line or "rw-p" in line and "/" not in line:
                begin, end = (int(part, 16) for part in line.split()[0].split("-"))
                with open(f"/proc/{pid}/mem", "rb") as memory:
                    memory.seek(begin)
                    data = memory.read(min(end - begin, 1 << 24))
                at = data.find(b"Zq")
                while at >= 0:
                    print(data[at : at + 30])
                    at = data.find(b"Zq", at + 1)
    except (OSError, ValueError) as error:
        print(error)
    space = ctypes.create_string_buffer(4096)
    vector = (ctypes.c_void_p * 2)(ctypes.addressof(space), 4096)
    if libc.process_vm_readv(pid, vector, 1, vector, 1, 0) > 0:
        print(MARK, "did read the grader's memory")
