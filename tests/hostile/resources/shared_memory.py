"""Takes memory that no process's limit counts: in /dev/shm and by memfd."""
# must: the one is limited in size, the other denied
# points: 100
# answers: right

# %% added
import os

for number in range(20):
    try:
        with open(f"/dev/shm/{MARK}-{number}", "wb") as file:
            file.write(bytes(15 << 20))
    except OSError as error:
        print(number, error)
        break
try:
    held = os.memfd_create(MARK)
    os.write(held, bytes(1 << 20))
    print(MARK, "did take memory that no limit counts")
except OSError as error:
    print(error)
