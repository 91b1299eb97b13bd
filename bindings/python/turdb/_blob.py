"""Long values in pieces: what :meth:`Connection.blobopen` gives."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Any, Optional, Type, TypeVar, Union

from . import _native

__all__ = ["Blob"]

_Self = TypeVar("_Self")
_Data = Union[bytes, bytearray, memoryview]


class Blob(_native.Blob):
    """The value of one column in one row, as a file: ``read``, ``write``, ``seek``, ``tell``, ``truncate``, slices.

    Long values are never in memory as a whole. Outside a transaction the blob shows what was there when it was opened; in one it
    is good until the transaction ends, or changes the value otherwise (OperationalError, 24000). As a context manager it closes
    at the end of the block.

    >>> import turdb
    >>> connection = turdb.connect()
    >>> _ = connection.execute("create table file(id integer primary key, content blob)")
    >>> _ = connection.execute("insert into file values (1, zeroblob(10))")
    >>> with connection.blobopen("file", "content", 1) as blob:
    ...     blob.write(b"hello")
    ...     blob[6:9] = b"you"
    ...     _ = blob.seek(0)
    ...     blob.read(), len(blob), blob[0], blob[:2]
    5
    (b'hello\\x00you\\x00', 10, 104, b'he')
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._position = 0

    # ---- as a file

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes from the position on, all the rest when it is negative; moves the position behind them."""
        left = max(0, len(self) - self._position)
        count = left if size < 0 else min(size, left)
        data = self._read_at(self._position if count else 0, count)
        self._position += count
        return data

    def readinto(self, buffer: Any) -> int:
        """Fills a buffer from the position on, and gives how many bytes there were."""
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def write(self, data: _Data) -> int:
        """Writes bytes over those at the position, and moves it behind them. The value keeps its size: what goes past its end
        raises DataError. Each call writes the value anew, so few large pieces are better than many small ones."""
        size = memoryview(data).nbytes
        self._write_at(self._position, data)
        self._position += size
        return size

    def seek(self, offset: int, origin: int = os.SEEK_SET) -> int:
        """Moves the position, and gives it; as files do."""
        if origin not in (os.SEEK_SET, os.SEEK_CUR, os.SEEK_END):
            raise ValueError("origin is one of os.SEEK_SET, os.SEEK_CUR and os.SEEK_END")
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: len(self)}[origin]
        if not 0 <= base + offset <= len(self):
            raise ValueError("the position is outside the blob")
        self._position = base + offset
        return self._position

    def truncate(self, size: Optional[int] = None) -> int:
        """Makes the value ``size`` bytes long, or as long as the position says, and gives its size; longer than it was, it has
        zeros behind. The position stays where it is, or goes to the new end. Each call writes the value anew.

        >>> import turdb
        >>> connection = turdb.connect()
        >>> _ = connection.execute("create table file(id integer primary key, content blob)")
        >>> _ = connection.execute("insert into file values (1, 'abc'::bytea)")
        >>> with connection.blobopen("file", "content", 1) as blob:
        ...     blob.truncate(5), blob.read(), blob.truncate(2), blob[:]
        (5, b'abc\\x00\\x00', 2, b'ab')
        """
        wanted = self._position if size is None else size
        self._resize(wanted)
        self._position = min(self._position, wanted)
        return wanted

    def tell(self) -> int:
        """The position."""
        return self._position

    def readable(self) -> bool:
        """True, as for a file that can be read."""
        return True

    def seekable(self) -> bool:
        """True, as for a file with a position."""
        return True

    def reopen(self, row: Any) -> None:
        """To the same column of another row, or of the same row as it is now; the position is 0 then."""
        self._reopen(row)
        self._position = 0

    # ---- as a sequence of bytes

    def _bounds(self, key: slice) -> range:
        return range(*key.indices(len(self)))

    def __getitem__(self, key: Union[int, slice]) -> Any:
        if isinstance(key, slice):
            places = self._bounds(key)
            if not places:
                return b""
            first, last = min(places[0], places[-1]), max(places[0], places[-1])
            data = self._read_at(first, last - first + 1)
            return data if places.step == 1 else bytes(data[place - first] for place in places)
        return self._read_at(self._index(key), 1)[0]

    def __setitem__(self, key: Union[int, slice], value: Union[int, _Data]) -> None:
        if not isinstance(key, slice):
            if not isinstance(value, int):
                raise TypeError("a byte is an int")
            self._write_at(self._index(key), bytes([value]))
            return
        if isinstance(value, int):
            raise TypeError("a slice is set to bytes")
        places = self._bounds(key)
        data = bytes(value)
        if len(data) != len(places):
            raise IndexError("a slice is set to as many bytes as it has")
        if not places:
            return
        if places.step == 1:
            self._write_at(places[0], data)
            return
        first, last = min(places[0], places[-1]), max(places[0], places[-1])
        changed = bytearray(self._read_at(first, last - first + 1))
        for place, byte in zip(places, data):
            changed[place - first] = byte
        self._write_at(first, changed)

    def _index(self, key: int) -> int:
        if not isinstance(key, int):
            raise TypeError("an index is an int or a slice")
        index = key + len(self) if key < 0 else key
        if not 0 <= index < len(self):
            raise IndexError("the index is outside the blob")
        return index

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        self.close()
