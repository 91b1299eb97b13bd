"""The exceptions of PEP 249, with what TurDB knows about the failure.

Every exception that comes from the database has

``code``
    the status of turdb.h, an int below zero, and ``code_name``, its name (``"TURDB_CONSTRAINT"``)
``sqlstate``
    five characters, as in PostgreSQL's appendix A (``"23505"``)
``message``
    what failed, on which resource and why; ``str()`` adds the rest
``hint``
    what to do about it, or None
``position``
    where in the statement, in characters from 0, or None
``frames``
    what was being done, outermost first (``("inserting into root.users", ...)``)
``can_retry``
    whether running the whole transaction again can succeed

>>> import turdb
>>> connection = turdb.connect()
>>> try:
...     connection.execute("select nothing from nowhere")
... except turdb.ProgrammingError as error:
...     print(error.sqlstate, error.position)
42P01 20
"""

from __future__ import annotations

from typing import Optional, Tuple, Type

__all__ = [
    "ConstraintError",
    "DataError",
    "DatabaseError",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "Interrupted",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
    "SerializationError",
    "Warning",
]


class Warning(Exception):  # noqa: A001  PEP 249 names it
    """Something to know about. TurDB raises none."""


class Error(Exception):
    """What every exception of this module is."""

    code: int = 0
    code_name: str = "TURDB_UNKNOWN"
    sqlstate: str = "HY000"
    message: str = ""
    hint: Optional[str] = None
    position: Optional[int] = None
    frames: Tuple[str, ...] = ()
    can_retry: bool = False
    query: Optional[str] = None

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        lines = [self.message]
        if self.query is not None and self.position is not None:
            begin = self.query.rfind("\n", 0, self.position) + 1
            end = self.query.find("\n", self.position)
            line = self.query[begin : len(self.query) if end < 0 else end]
            number = self.query.count("\n", 0, begin) + 1
            prefix = f"LINE {number}: "
            at = self.position - begin
            if len(line) > 120:  # what is around it
                cut = max(0, at - 60)
                line, at = line[cut : cut + 120], at - cut
            lines += [prefix + line, " " * (len(prefix) + at) + "^"]
        lines += [f"  while {frame}" for frame in self.frames]
        if self.hint:
            lines.append("hint: " + self.hint)
        return "\n".join(lines)


class InterfaceError(Error):
    """The module was used in a way that has nothing to do with the database."""


class DatabaseError(Error):
    """The database refused, or failed; also: a file of it is damaged (TURDB_CORRUPT)."""


class DataError(DatabaseError):
    """A value does not fit: out of range, no such date, not UTF-8 (SQLSTATE 22...)."""


class OperationalError(DatabaseError):
    """Not the program's fault: files, disks, memory, locks, conflicts with others."""


class SerializationError(OperationalError):
    """Another transaction was faster, or there was a deadlock (40001, 40P01): roll back and run it again."""


class Interrupted(OperationalError):
    """The statement was stopped: by interrupt, by a progress handler or by a timeout (57014)."""


class IntegrityError(DatabaseError):
    """A constraint: unique, primary key, not null, check, foreign key (23...)."""


ConstraintError = IntegrityError


class InternalError(DatabaseError):
    """A transaction or cursor is not in the state for it (24..., 25..., 3B...), or TurDB has a bug (XX000)."""


class ProgrammingError(DatabaseError):
    """SQL that is wrong, names that do not exist, closed handles, two threads in one connection."""


class NotSupportedError(DatabaseError):
    """Valid, but not in this version."""


# By the status of turdb.h; -1 is told apart by its SQLSTATE.
_CLASSES: dict[int, Type[Error]] = {
    -1: ProgrammingError,
    -2: ProgrammingError,
    -3: IntegrityError,
    -4: DataError,
    -5: SerializationError,
    -6: OperationalError,
    -7: OperationalError,
    -8: Interrupted,
    -9: OperationalError,
    -10: OperationalError,
    -11: OperationalError,
    -12: DatabaseError,
    -13: OperationalError,
    -14: OperationalError,
    -15: NotSupportedError,
    -16: OperationalError,
    -17: InternalError,
}
_STATE_CLASSES = ("24", "25", "2D", "3B")


def _class_of(code: int, sqlstate: str) -> Type[Error]:
    if code == -1 and sqlstate[:2] in _STATE_CLASSES:
        return InternalError
    if code == -16 and sqlstate[:2] == "42":
        return ProgrammingError
    return _CLASSES.get(code, DatabaseError)


def _make(
    code: int,
    sqlstate: str,
    message: str,
    hint: Optional[str],
    position: int,
    frames: Tuple[str, ...],
    can_retry: bool,
    query: Optional[str],
) -> Error:
    """The exception for an error of the library; position is a byte offset, or -1."""
    from . import _native

    error = _class_of(code, sqlstate)(message)
    error.code = code
    error.code_name = _native.turdb_status_name(code)
    error.sqlstate = sqlstate
    error.hint = hint
    error.frames = frames
    error.can_retry = can_retry
    error.query = query
    if position >= 0 and query is not None:
        error.position = len(query.encode("utf-8", "surrogatepass")[:position].decode("utf-8", "replace"))
    return error
