"""The conformance suite (tests/conformance): every case prints, byte for byte, what the C runner prints.

Also a program: python test_conformance.py [CASE...] prints the output of cases.
"""

import binascii
import datetime
import decimal
import json
import pathlib
import struct
import sys
import threading
import time
import uuid

import pytest

import turdb

FOLDER = pathlib.Path(__file__).resolve().parents[3] / "tests" / "conformance"
EPOCH = datetime.datetime(1970, 1, 1)
UTC_EPOCH = EPOCH.replace(tzinfo=datetime.timezone.utc)
DAY = 86_400_000_000
LONG = 256


# ---- values


def escape(text):
    special = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
    return "".join(special.get(c) or (f"\\x{ord(c):02x}" if ord(c) < 32 or ord(c) == 127 else c) for c in text)


def show_sized(data, text):
    return f"*{len(data)}:{binascii.crc32(data):08x}" if len(data) > LONG else ":" + text


def micros(delta):
    return (delta.days * 86400 + delta.seconds) * 1_000_000 + delta.microseconds


def show_loose(value):
    """Inside of arrays and in columns of type ANY the value alone says its type."""
    if value is None:
        return "null"
    if isinstance(value, list):
        return "[" + ",".join(show_loose(element) for element in value) + "]"
    kinds = {bool: "bool", int: "int", float: "double", decimal.Decimal: "decimal", bytes: "blob", datetime.date: "date"}
    kinds.update({datetime.time: "time", datetime.timedelta: "interval", turdb.Interval: "interval", uuid.UUID: "uuid"})
    kind = kinds.get(type(value), "text")
    if isinstance(value, datetime.datetime):
        kind = "timestamp" if value.tzinfo is None else "timestamptz"
    return show(kind, value)


def show(kind, value):
    if value is None:
        return "null"
    if kind == "any":
        return show_loose(value)
    if kind == "bool":
        text = "true" if value else "false"
    elif kind == "float":
        text = struct.pack(">f", value).hex()
    elif kind == "double":
        text = struct.pack(">d", value).hex()
    elif kind == "blob":
        return kind + show_sized(value, value.hex())
    elif kind == "date":
        text = str((value - EPOCH.date()).days)
    elif kind == "time":
        text = str(micros(datetime.datetime.combine(EPOCH, value) - EPOCH))
    elif kind in ("timestamp", "timestamptz"):
        text = str(micros(value - (EPOCH if kind == "timestamp" else UTC_EPOCH)))
    elif kind == "interval":
        months, days, rest = (0, 0, micros(value)) if isinstance(value, datetime.timedelta) else tuple(value)
        text = f"{months} {days + rest // DAY} {rest % DAY}"
    elif kind == "array":
        return kind + ":" + show_loose(value)
    elif kind in ("decimal", "text", "enum", "json", "jsonb"):
        text = f"{value:f}" if kind == "decimal" and value.is_finite() else str(value)
        return kind + show_sized(text.encode(), escape(text))
    else:
        text = str(value)
    return f"{kind}:{text}"


def parse(tagged):
    if tagged == "null":
        return None
    tag, text = tagged.split(":", 1)
    if "*" in tag:
        tag, count = tag.split("*")
        text *= int(count)
    if tag in ("int64", "int128"):
        return int(text)
    if tag == "array":
        return [parse(element) for element in text[1:-1].split(",")]
    parsers = {
        "bool": lambda text: text == "true",
        "double": lambda text: struct.unpack(">d", bytes.fromhex(text))[0],
        "decimal": decimal.Decimal,
        "text": str,
        "json": turdb.Json,
        "blob": bytes.fromhex,
        "date": lambda text: EPOCH.date() + datetime.timedelta(days=int(text)),
        "time": lambda text: (EPOCH + datetime.timedelta(microseconds=int(text))).time(),
        "timestamp": lambda text: EPOCH + datetime.timedelta(microseconds=int(text)),
        "timestamptz": lambda text: UTC_EPOCH + datetime.timedelta(microseconds=int(text)),
        "interval": lambda text: turdb.Interval(*map(int, text.split())),
        "uuid": uuid.UUID,
    }
    return parsers[tag](text)


# ---- steps


def show_error(error):
    position = "-" if error.position is None else error.position
    return [f"error\t{error.code_name}\t{error.sqlstate}\t{position}\t{'retry' if error.can_retry else '-'}"]


class Session:
    def __init__(self, database):
        self.connection = database.connect(autocommit=True)
        self.connection.json_loads = None  # JSON is text, in and out
        self.connection.json_dumps = str
        self.thread = None
        self.output = []

    def run(self, sql, step):
        named = {name: parse(value) for name, value in step.get("named", {}).items()}
        lines = []
        try:
            cursor = self.connection.execute(sql, named or [parse(value) for value in step.get("with", [])] or None)
            done = "done"
            if cursor.description is not None:
                kinds = [column.type_code.name.lower() for column in cursor.description]
                lines.append("columns" + "".join(f"\t{escape(c.name)}:{k}" for c, k in zip(cursor.description, kinds)))
                rows = cursor.fetchall()
                lines += ["row" + "".join("\t" + show(k, v) for k, v in zip(kinds, row)) for row in rows]
                done += f"\trows={len(rows)}"
            if sql.startswith(("insert", "update", "delete", "merge", "copy", "replace")):
                done += f"\tchanges={cursor.rowcount}"
            return lines + [done]
        except turdb.Error as error:
            return show_error(error)

    def run_many(self, sql, rows):
        try:
            cursor = self.connection.executemany(sql, [[parse(value) for value in row] for row in rows])
            return [f"done\tchanges={cursor.rowcount}"]
        except turdb.Error as error:
            return show_error(error)

    def start(self, sql, step):
        def run():
            self.output = self.run(sql, step)

        self.thread = threading.Thread(target=run)
        self.thread.start()
        return ["started"]

    def hand_over(self, sql, to, name):
        try:
            to.connection.register(name, self.connection.execute(sql))
            return ["registered"]
        except turdb.Error as error:
            return show_error(error)

    def step(self, step, sessions):
        if "arrow" in step:
            return self.hand_over(step["arrow"], sessions[step["to"]], step["as"])
        if "do" in step:
            return self.run(step["do"], step)
        if "many" in step:
            return self.run_many(step["many"], step["rows"])
        if "start" in step:
            return self.start(step["start"], step)
        if "blocked" in step:
            time.sleep(step["blocked"] / 1000)
            return ["blocked" if self.thread.is_alive() else "it is done"]
        if "cancel" in step:
            while self.thread.is_alive():
                self.connection.interrupt()
                self.thread.join(0.01)
            return ["cancelled"]
        if "await" in step:
            self.thread.join()
            return self.output
        self.connection.close()
        return ["closed"]


def run_case(name, directory):
    case = json.loads((FOLDER / "cases" / (name + ".json")).read_text())
    path = pathlib.Path(directory) / "database" if case.get("file") else ":memory:"
    output = []
    sessions = {}
    with turdb.Database(path, **case.get("options", {})) as database:
        for number, step in enumerate(case["steps"], 1):
            for on in {step["on"], step.get("to", step["on"])} - set(sessions):
                sessions[on] = Session(database)
            on = step["on"]
            output += [f"{number}\t{on}\t{line}" for line in sessions[on].step(step, sessions)]
        for session in sessions.values():
            session.connection.close()
    return output


def skipped(name):
    """The steps of a case that Python cannot do."""
    lines = (FOLDER / "skips" / "python.txt").read_text().splitlines()
    entries = [line.split(None, 2) for line in lines if line and not line.startswith("#")]
    assert all(len(entry) == 3 for entry in entries), "every skip has a reason"
    return {entry[1] for entry in entries if entry[0] == name}


@pytest.mark.skipif(not FOLDER.exists(), reason="the suite lies in the source tree")
@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("cases/*.json")))
def test_case(name, tmp_path):
    expected = (FOLDER / "expected" / (name + ".txt")).read_text().splitlines()
    steps = skipped(name)
    got = run_case(name, tmp_path)

    def without(lines):
        return [line for line in lines if line.split("\t")[0] not in steps]

    assert without(got) == without(expected)
    for step in steps:
        lines = [[line for line in lines if line.split("\t")[0] == step] for lines in (got, expected)]
        assert lines[0] != lines[1], f"step {step} passes: it is skipped no more"


if __name__ == "__main__":
    import tempfile

    for case_name in sys.argv[1:] or sorted(path.stem for path in FOLDER.glob("cases/*.json")):
        with tempfile.TemporaryDirectory() as temporary:
            print("\n".join(run_case(case_name, temporary)))
