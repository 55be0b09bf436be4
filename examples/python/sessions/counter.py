"""Integers that know which field they were read from, so that `session["n"] += 1` adds in Redis and loses no one's count."""


class Counter(int):
    """An integer as it was read. To all but `+=` and `-=` it is a plain one."""

    by = 0

    def __iadd__(self, by):
        return self._moved(by) if type(by) is int else int(self) + by

    def __isub__(self, by):
        return self._moved(-by) if type(by) is int else int(self) - by

    def _moved(self, by):
        moved = Counter(int(self) + by)
        moved.by = self.by + by
        moved.read = self.read
        return moved


def read_from(value):
    """The integer as read just now; `read` is what tells this reading from every other."""
    counter = Counter(value)
    counter.read = object()
    return counter
