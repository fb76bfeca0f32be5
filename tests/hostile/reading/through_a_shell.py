"""Has shells and programs of the system read the secrets."""
# must: what it starts is in the same sandbox
# points: 0

# %% added
import subprocess

for path in SECRETS.values():
    for command in (
        ["cat", path],
        ["sh", "-c", f"cat < {path}"],
        ["find", COURSE, "-type", "f", "-exec", "cat", "{}", ";"],
    ):
        try:
            print(subprocess.run(command, capture_output=True, timeout=1).stdout[:200_000])
        except (OSError, subprocess.SubprocessError) as error:
            print(error)
