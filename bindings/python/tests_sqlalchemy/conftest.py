"""SQLAlchemy's own suite for dialects: `pytest --dburi turdb:////tmp/database` in this folder.

Tests that are left out must be in exclusions.txt with their reason, and be at most 5% of all.
"""

import pathlib
import re

import pytest
from sqlalchemy.dialects import registry

registry.register("turdb", "turdb.sqlalchemy", "TurDBDialect")
registry.register("turdb.turdb", "turdb.sqlalchemy", "TurDBDialect")
pytest.register_assert_rewrite("sqlalchemy.testing.assertions")

from sqlalchemy.testing.plugin.pytestplugin import *  # noqa: E402,F401,F403

from turdb.sqlalchemy import TurDBDialect  # noqa: E402

TurDBDialect.load_provisioning = classmethod(lambda cls: __import__("provision"))

EXCLUSIONS = pathlib.Path(__file__).parent / "exclusions.txt"
_skipped, _ran = [], []


def pytest_runtest_logreport(report):
    if report.skipped:
        _skipped.append(re.sub(r"\[.*", "", re.sub(r"_turdb\+turdb_[\d_]+", "", report.nodeid.split("::", 1)[1])))
    elif report.when == "call":
        _ran.append(report.nodeid)


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter):
    listed = {line.split()[0] for line in EXCLUSIONS.read_text().splitlines() if line and line[0] != "#"}
    total = len(_ran) + len(_skipped)
    if total < 1000:  # a part of the suite
        return
    terminalreporter.write_line(f"{len(_skipped)} of {total} left out ({100 * len(_skipped) / total:.1f}%)")
    unlisted = sorted(set(_skipped) - listed)
    obsolete = sorted(listed - set(_skipped))
    if unlisted or obsolete or len(_skipped) > 0.05 * total:
        terminalreporter.write_line(f"exclusions.txt lacks {unlisted}, has {obsolete} too many, or there are more than 5%")
        terminalreporter._session.exitstatus = 1
