import pathlib
import subprocess
import sys

import pytest

EXAMPLE = pathlib.Path(__file__).resolve().parent.parent / "examples" / "flights.py"
SHARED = EXAMPLE.parents[3].parent / "shared" / "data" / "openflights"


@pytest.mark.parametrize("data", ["made", "shared"])
def test_flights(tmp_path, data):
    pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    if data == "shared" and not SHARED.exists():
        pytest.skip("there is no ../shared/data")
    folder = SHARED if data == "shared" else tmp_path / "nothing"
    result = subprocess.run([sys.executable, EXAMPLE, folder, tmp_path / "flights.png"], capture_output=True, text=True, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert ("loaded" if data == "shared" else "made data") in result.stdout
    assert "legs kept" in result.stdout
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        assert "no picture" in result.stdout
    else:
        assert (tmp_path / "flights.png").read_bytes()[:4] == b"\x89PNG"
