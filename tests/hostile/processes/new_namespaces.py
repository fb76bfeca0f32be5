"""Makes namespaces of its own and mounts file systems in them."""
# must: neither can be done
# points: 100
# answers: right

# %% added
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
user, mount = 0x10000000, 0x00020000
for flags in (user | mount, mount, user):
    if libc.unshare(flags) == 0:
        print(MARK, "did make namespaces of its own")
