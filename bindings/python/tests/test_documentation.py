"""The examples of the docstrings and of the README run; the types are what mypy expects."""

import doctest
import importlib
import os
import pathlib
import pkgutil
import subprocess
import sys

import pytest

import turdb

ROOT = pathlib.Path(__file__).resolve().parent.parent
OPTIONAL = {"turdb.sqlalchemy": "sqlalchemy", "turdb._connection": "pyarrow"}


@pytest.mark.parametrize("name", sorted(m.name for m in pkgutil.iter_modules(turdb.__path__, "turdb.")) + ["turdb"])
def test_docstrings(name):
    if name in OPTIONAL:
        pytest.importorskip(OPTIONAL[name])
    try:
        results = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    finally:
        turdb._native.adapters.clear()
    assert results.failed == 0


def test_readme(tmp_path, monkeypatch):
    pytest.importorskip("pyarrow")
    pytest.importorskip("pandas")
    monkeypatch.chdir(tmp_path)
    results = doctest.testfile(str(ROOT / "README.md"), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert results.failed == 0 and results.attempted > 5


def test_what_is_public_is_documented():
    for name in turdb.__all__:
        value = getattr(turdb, name)
        if callable(value):
            assert value.__doc__, name
            for member, method in vars(value).items() if isinstance(value, type) else ():
                if callable(method) and not member.startswith("_"):
                    assert method.__doc__, f"{name}.{member}"


def test_mypy(tmp_path):
    pytest.importorskip("mypy")
    package = pathlib.Path(turdb.__file__).parent
    environment = dict(os.environ)
    if "site-packages" not in package.parts:
        environment["MYPYPATH"] = str(package.parent)
    for arguments in (["--package", "turdb"], [str(ROOT / "tests" / "typed.py")]):
        result = subprocess.run(
            [sys.executable, "-m", "mypy", "--strict", *arguments], capture_output=True, text=True, cwd=tmp_path, env=environment
        )
        assert result.returncode == 0, result.stdout + result.stderr
