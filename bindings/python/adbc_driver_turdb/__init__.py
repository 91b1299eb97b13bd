"""The ADBC driver of TurDB, for the ADBC driver manager: the library is the one that the package ``turdb`` has inside.

A database that is open through ``turdb`` and through ADBC in one process is the same database.

>>> import adbc_driver_turdb.dbapi
>>> with adbc_driver_turdb.dbapi.connect() as connection, connection.cursor() as cursor:
...     _ = cursor.execute("select 1 as one")
...     cursor.fetch_arrow_table().to_pydict()
{'one': [1]}
"""

from __future__ import annotations

import importlib.util
import pathlib
from typing import Any, Dict, Optional

__all__ = ["connect", "driver_path"]


def driver_path() -> str:
    """Where the library is."""
    specification = importlib.util.find_spec("turdb")
    if specification is None or specification.origin is None:
        raise ImportError("the package turdb is not installed")
    return str(pathlib.Path(specification.origin).parent / "libturdb.so.1")


def connect(uri: Optional[str] = None, db_kwargs: Optional[Dict[str, str]] = None) -> Any:
    """A low-level ADBC database: ``uri`` is the directory it is in, or ``:memory:``; options of TurDB come with ``db_kwargs``."""
    import adbc_driver_manager

    options = dict(db_kwargs or {})
    if uri is not None:
        options["uri"] = uri
    return adbc_driver_manager.AdbcDatabase(driver=driver_path(), entrypoint="AdbcDriverInit", **options)
