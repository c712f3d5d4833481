"""What a consumer keeps: a file with a line for each event, durable before the next is taken."""

import os


class Store:
    """The events in a file: the number of the last one, and keep for the next."""

    def __init__(self, path):
        self.file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with open(path, "rb") as file:
            text = file.read()
        whole = text.rfind(b"\n") + 1
        os.ftruncate(self.file, whole)  # a line in whose middle it was killed
        lines = text[:whole].splitlines()
        self.last = int(lines[-1].split()[0]) if lines else 0

    def keep(self, event):
        os.write(self.file, f"{event['sequence']} {event['id']} {event['type']} {event['related']['id']}\n".encode())
        os.fsync(self.file)
        self.last = event["sequence"]
