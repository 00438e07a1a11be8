"""How `./tokenwise fuzz differ` asks a program in Python: it sends a file, a number of four bytes and so many bytes, and is answered by 0 (read) or 1
(refused), a number, and bytes. The first answer comes unasked: which versions these are."""

import struct
import sys


def serve(versions, read):
    """Answers until there are no more files. `read` turns a file's bytes into what is compared; what it raises is why it refuses the file."""
    files, answers = sys.stdin.buffer, sys.stdout.buffer

    def answer(refused, content):
        answers.write(struct.pack(">BI", refused, len(content)) + content)
        answers.flush()

    answer(0, versions.encode())
    while head := files.read(4):
        content = files.read(struct.unpack(">I", head)[0])
        try:
            said = read(content)
        except Exception as e:
            answer(1, f"{type(e).__name__}: {e}".encode())
        else:
            answer(0, said)
