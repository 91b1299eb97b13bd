import pytest

import turdb


@pytest.fixture
def connection():
    connection = turdb.connect()
    yield connection
    connection.close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "database.turdb"
