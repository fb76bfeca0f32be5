"""Has bash and another Python connect in its place."""
# must: what it starts has no network either
# points: 100
# answers: right

# %% added
import subprocess
import sys

connect = f"import socket; socket.create_connection({tuple(TCP)!r}, 1).sendall({MARK!r}.encode())"
for command in (["bash", "-c", f"echo {MARK} > /dev/tcp/127.0.0.1/{TCP[1]}"], [sys.executable, "-c", connect]):
    try:
        print(subprocess.run(command, capture_output=True, text=True, timeout=1.5).stderr[-300:])
    except (OSError, subprocess.SubprocessError) as error:
        print(error)
