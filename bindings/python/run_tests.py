"""Builds the wheel, installs it into a fresh environment, and runs the tests there: what `ctest -R python` does.

usage: run_tests.py --library libturdb.so --build DIR [pytest arguments]
       run_tests.py --library libturdb.so --build DIR --run SCRIPT [arguments]      runs SCRIPT there instead

The environment is DIR/python-venv. It is made once; the wheel is built and installed anew each time. Exits with 77, which ctest
shows as skipped, where Python cannot make environments or pip reaches no index.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77
# What the tests use; each of the optional ones is left out where pip has none for this Python.
NEEDED = ["pytest", "scikit-build-core>=0.10"]
OPTIONAL = ["mypy", "numpy", "pyarrow", "pandas", "polars", "SQLAlchemy>=2", "adbc-driver-manager", "matplotlib"]


def run(*command, **options):
    print("+", *command, flush=True)
    return subprocess.run([str(part) for part in command], **options).returncode


def skip(reason):
    print("skipped:", reason)
    sys.exit(SKIPPED)


def make_environment(folder):
    python = folder / "bin" / "python"
    if (folder / ".complete").exists():
        return python
    shutil.rmtree(folder, ignore_errors=True)
    if run(sys.executable, "-m", "venv", folder) != 0:
        skip("this Python cannot make environments (Debian: apt-get install python3-venv)")
    pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    swig = [] if shutil.which("swig") else ["swig>=4.1"]
    ninja = [] if shutil.which("ninja") else ["ninja"]
    cmake = [] if shutil.which("cmake") else ["cmake"]
    if run(*pip, *NEEDED, *swig, *ninja, *cmake) != 0:
        skip("pip cannot install " + ", ".join(NEEDED) + ": there is no index here")
    if run(*pip, *OPTIONAL) != 0:
        for package in OPTIONAL:
            if run(*pip, package) != 0:
                print(f"without {package}: its tests are skipped")
    (folder / ".complete").touch()
    return python


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--library", required=True)
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--run", type=pathlib.Path)
    arguments, rest = parser.parse_known_args()
    include = subprocess.run(
        [sys.executable, "-c", "import sysconfig; print(sysconfig.get_paths()['include'])"], capture_output=True, text=True
    ).stdout.strip()
    if not (pathlib.Path(include) / "Python.h").exists():
        skip(f"there is no {include}/Python.h (Debian: apt-get install python3-dev)")
    python = make_environment(arguments.build / "python-venv")
    wheels = arguments.build / "python-wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    environment = {
        **os.environ,
        "TURDB_LIBRARY": str(pathlib.Path(arguments.library).resolve()),
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
    }
    environment.pop("PYTHONPATH", None)
    pip = [python, "-m", "pip", "--disable-pip-version-check", "-q"]
    if run(*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", wheels, HERE, env=environment) != 0:
        return 1
    if run(*pip, "install", "--force-reinstall", "--no-deps", *wheels.glob("turdb-*.whl"), env=environment) != 0:
        return 1
    if arguments.run is not None:
        return run(python, arguments.run.resolve(), *rest, env=environment)
    # From another folder: the package that is tested is the one that was installed.
    pytest = [python, "-X", "faulthandler", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    if run(*pytest, HERE / "tests", *rest, cwd=wheels, env=environment) != 0:
        return 1
    if rest or run(python, "-c", "import sqlalchemy", stderr=subprocess.DEVNULL) != 0:
        return 0
    with tempfile.TemporaryDirectory() as folder:
        uri = f"turdb:///{folder}/suite?synchronous=off"
        return run(*pytest, "--dburi", uri, cwd=HERE / "tests_sqlalchemy", env={**environment, "PYTHONPATH": str(HERE / "tests_sqlalchemy")})


if __name__ == "__main__":
    sys.exit(main())
