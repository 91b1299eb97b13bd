#!/usr/bin/env python3
"""The shell from outside: shell_test.py PATH_OF_TURDB. Each test runs the binary in a directory of its own."""
import json
import os
import pty
import select
import subprocess
import sys
import tempfile
import time
import unittest

TURDB = os.path.abspath(sys.argv.pop(1))


class ShellTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.dir = directory.name

    def path(self, name, content=None):
        path = os.path.join(self.dir, name)
        if content is not None:
            with open(path, "wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
        return path

    def run_shell(self, *args, stdin="", code=0):
        environment = dict(os.environ, TURDB_HISTORY=self.path("history"), LC_ALL="C.UTF-8")
        done = subprocess.run([TURDB, *args], input=stdin.encode(), capture_output=True, cwd=self.dir, env=environment, timeout=60)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout.decode(), done.stderr.decode()

    def rows(self, *args, stdin=""):
        return json.loads(self.run_shell("--json", *args, stdin=stdin)[0])

    # ---- ways to run
    def test_sql_from_arguments(self):
        out, err = self.run_shell("mydb", "select 1 as one; select 2 as two", ".mode csv", "select 3 as three")
        self.assertEqual(out, "┌─────┐\n│ one │\n├─────┤\n│   1 │\n└─────┘\n┌─────┐\n│ two │\n├─────┤\n│   2 │\n└─────┘\nthree\n3\n")
        self.assertEqual(err, "")

    def test_what_is_stored_is_there_the_next_time(self):
        self.run_shell("mydb", "create table t (a integer, b text); insert into t values (1, 'x'), (2, null)")
        self.assertEqual(self.rows("mydb", "select * from t order by a"), [{"a": 1, "b": "x"}, {"a": 2, "b": None}])

    def test_sql_from_a_file_and_from_stdin(self):
        script = self.path("script.sql", "\ufeff-- a comment\ncreate table t (a integer);\ninsert into t\nvalues (1),\n(2);\n.mode list\nselect count(*) as n from t\n")
        self.assertEqual(self.run_shell("mydb", "-f", script)[0], "n\n2\n")
        self.assertEqual(self.run_shell("--list", stdin="select 'a\nb' as x;\n.headers off\nselect 2;")[0], "x\na\nb\n2\n")
        self.assertEqual(self.run_shell("--list", "mydb", "-f", "-", stdin="select 5 as x")[0], "x\n5\n")

    def test_read_reads_files_in_files(self):
        self.path("inner.sql", "select 'inner' as x;")
        self.path("outer.sql", ".print before\n.read inner.sql\n.print after\n")
        self.assertEqual(self.run_shell("--list", stdin=".read outer.sql\n")[0], "before\nx\ninner\nafter\n")
        self.path("loop.sql", ".read loop.sql\n")
        self.assertIn("deeper than", self.run_shell(stdin=".read loop.sql\n", code=1)[1])

    # ---- exit codes and errors
    def test_exit_codes(self):
        self.run_shell("mydb", "select 1")
        self.run_shell("mydb", "selec 1", code=1)
        self.run_shell("--no-such-option", code=2)
        self.run_shell("--mode", "no-such-mode", code=2)
        self.run_shell("--null", "x", code=2)
        self.run_shell(stdin=".quit 7\nselect 1;", code=7)
        self.run_shell("mydb", ".nosuch", code=1)
        self.run_shell(self.path("a-file", "x"), "select 1", code=1)

    def test_arguments_stop_at_the_first_error_and_scripts_do_not(self):
        out, _ = self.run_shell("--list", "mydb", "select 1 as a", "selec", "select 2 as b", code=1)
        self.assertEqual(out, "a\n1\n")
        out, err = self.run_shell("--list", stdin="select 1 as a;\nselec;\nselect 2 as b;\n", code=1)
        self.assertEqual(out, "a\n1\nb\n2\n")
        self.assertIn("stdin:2: error 42601", err)
        script = self.path("script.sql", "select 1 as a;\nselec;\nselect 2 as b;\n")
        out, err = self.run_shell("--list", "mydb", "-f", script, code=1)
        self.assertEqual(out, "a\n1\n")
        self.assertIn(":2: error 42601", err)
        out, _ = self.run_shell("--list", stdin=".bail on\nselec;\nselect 2 as b;\n", code=1)
        self.assertEqual(out, "")

    def test_errors_show_the_place(self):
        _, err = self.run_shell("mydb", "select 1,\n  nmae from t where x", code=1)
        self.assertRegex(err, r"^error \w{5}: ")
        _, err = self.run_shell("mydb", "create table t (a integer)", "select a,\n  b from t", code=1)
        lines = err.split("\n")
        self.assertIn("42703", lines[0])
        self.assertEqual(lines[1:3], ["    b from t", "    ^"])

    def test_colours_only_when_asked_for(self):
        _, err = self.run_shell("mydb", "selec", code=1)
        self.assertNotIn("\x1b", err)
        _, err = self.run_shell("--color", "always", "mydb", "selec", code=1)
        self.assertIn("\x1b[1;31merror", err)

    def test_readonly_refuses_changes(self):
        self.run_shell("mydb", "create table t (a integer)")
        self.run_shell("--readonly", "mydb", "select * from t")
        self.run_shell("--readonly", "mydb", "insert into t values (1)", code=1)
        self.run_shell("--no-create", "nothere", "select 1", code=1)

    # ---- output
    def test_modes(self):
        sql = "select 1 as n, 'a,b' as t, null as x"
        for mode, expected in {
            "csv": 'n,t,x\n1,"a,b",\n',
            "list": "n|t|x\n1|a,b|\n",
            "tabs": "n\tt\tx\n1\ta,b\t\n",
            "line": "n = 1\nt = a,b\nx = NULL\n",
            "json": '[{"n":1,"t":"a,b","x":null}]\n',
            "jsonlines": '{"n":1,"t":"a,b","x":null}\n',
            "markdown": "|   n | t   | x    |\n|----:|-----|------|\n|   1 | a,b | NULL |\n",
            "table": "+---+-----+------+\n| n | t   | x    |\n+---+-----+------+\n| 1 | a,b | NULL |\n+---+-----+------+\n",
        }.items():
            with self.subTest(mode):
                self.assertEqual(self.run_shell("--mode", mode, "mydb", sql)[0], expected)
        self.assertEqual(self.run_shell("--csv", "--headers", "off", "--nullvalue", "-", "mydb", sql)[0], '1,"a,b",-\n')

    def test_output_goes_to_a_file(self):
        self.run_shell("--list", stdin=".output out.txt\nselect 1 as a;\n.output\n")
        with open(self.path("out.txt")) as file:
            self.assertEqual(file.read(), "a\n1\n")

    def test_echo_timer_show_and_help(self):
        out, err = self.run_shell("--list", stdin=".echo on\n.timer on\nselect 1 as a;\n")
        self.assertEqual(out, ".timer on\nselect 1 as a;\na\n1\n")
        self.assertRegex(err, r"time: \d+\.\d+ ms")
        self.assertIn("mode       list", self.run_shell("--list", "mydb", ".show")[0])
        self.assertIn(".import", self.run_shell("mydb", ".help")[0])
        self.assertIn("--max-errors", self.run_shell("mydb", ".help import")[0])
        self.assertIn("memory_limit", self.run_shell("mydb", ".options")[0])
        self.assertIn("--import", self.run_shell("--help")[0])

    def test_tables_schema_and_check(self):
        self.run_shell("mydb", "create table users (id integer primary key, name text not null)", "create table t2 (a integer)",
                       "create index by_name on users (name)")
        self.assertEqual(self.run_shell("mydb", ".tables")[0], "t2\nusers\n")
        self.assertEqual(self.run_shell("mydb", ".tables u%")[0], "users\n")
        self.assertEqual(self.run_shell("mydb", ".indexes")[0], "by_name  on users\n")
        schema, _ = self.run_shell("mydb", ".schema")
        self.run_shell("copy", schema)
        self.assertEqual(self.run_shell("copy", ".schema")[0], schema)
        self.assertEqual(self.run_shell("mydb", ".check")[0], "ok\n")
        self.assertEqual(self.run_shell("--check", "mydb")[0], "ok\n")

    def test_dump_makes_the_database_again(self):
        self.run_shell("mydb", "create table t (a integer primary key, b text, c double precision, d boolean)",
                       "create index by_b on t (b)", "insert into t values (1, 'it''s\ntwo lines', 0.1, true), (2, null, 1e300, false)",
                       "create table many (x bigint)", "create schema other; create table other.t (y text); insert into other.t values ('z')",
                       "create view v as select b from t",
                       "create table s (id serial, n int generated always as identity (start with 7)); insert into s default values",
                       "create table lite (id integer primary key autoincrement, x int); insert into lite(x) values (1)",
                       "create materialized view mv as select b from v", "create unique index mv_b on mv (b)",
                       "create sequence free start 5 increment -1 maxvalue 9",
                       "create type mood as enum ('sad', 'ok'); create domain word as text collate nocase",
                       "create table col (a text collate nocase unique, b text, w word); create index by_c on col (b collate rtrim desc)",
                       "create trigger tr after insert on t for each row begin select 1; end",
                       "comment on table t is 'it''s a table'; comment on column other.t.y is 'y'; comment on type mood is 'mood'",
                       "comment on domain word is 'word'; comment on trigger tr on t is 'tr'; comment on index by_b is 'by b'",
                       "comment on constraint col_a_key on col is 'key'; comment on schema other is 'other'; comment on view v is 'v'")
        self.run_shell("mydb", stdin="".join(f"insert into many values ({i}), ({-i});\n" for i in range(150)))
        dump, _ = self.run_shell("mydb", ".dump")
        self.run_shell("copy", "-f", self.path("dump.sql", dump))
        self.assertEqual(self.run_shell("copy", ".dump")[0], dump)
        self.assertEqual(self.rows("copy", "insert into s default values returning id, n"), [{"id": 2, "n": 8}])
        self.assertEqual(self.rows("copy", "insert into lite(x) values (2) returning id"), [{"id": 2}])
        self.assertEqual(self.rows("copy", "select count(*) as n from mv"), [{"n": 2}])
        self.assertEqual(self.rows("copy", "select nextval('free') as n"), [{"n": 5}])
        self.assertEqual(self.rows("copy", "select count(*) as n from turdb_catalog.comments"), [{"n": 9}])
        self.assertIn("COMMENT ON TRIGGER tr ON root.t IS 'tr';", dump)
        self.assertEqual(self.rows("copy", "select y from other.t"), [{"y": "z"}])
        self.assertEqual(self.rows("copy", "select count(*) as n from v"), [{"n": 2}])
        self.assertEqual(self.rows("copy", "select count(*) as n, sum(x) as s from many"), [{"n": 300, "s": 0}])
        self.assertEqual(self.rows("copy", "select * from t order by a"), [
            {"a": 1, "b": "it's\ntwo lines", "c": 0.1, "d": True}, {"a": 2, "b": None, "c": 1e300, "d": False}])

    def test_dump_makes_functions_again(self):
        self.run_shell("mydb", "create type mood as enum ('sad', 'ok'); create table t (a int, m mood)",
                       "create function twice(a int) returns int language sql immutable as 'select a * 2'",
                       "create table u (b int default twice(4), check (twice(b) < 100)); insert into u default values",
                       "create function rows_of(x int) returns setof t language sql as $$ select * from t where a = x $$",
                       "create function feel(m mood, n int default 3) returns table (f mood, k int) begin atomic select m, n; end",
                       "create macro plus(a, b := 1) as a + b; create view v as select twice(a) as d, plus(a) as p from t",
                       "insert into t values (5, 'ok'); comment on function twice(int) is 'doubles'; comment on macro plus is 'adds'")
        schema, _ = self.run_shell("mydb", ".schema")
        self.run_shell("again", schema)
        self.assertEqual(self.run_shell("again", ".schema")[0], schema)
        dump, _ = self.run_shell("mydb", ".dump")
        self.run_shell("copy", "-f", self.path("dump.sql", dump))
        self.assertEqual(self.run_shell("copy", ".dump")[0], dump)
        self.assertIn("COMMENT ON FUNCTION root.twice(integer) IS 'doubles';", dump)
        self.assertEqual(self.rows("copy", "select d, p from v"), [{"d": 10, "p": 6}])
        self.assertEqual(self.rows("copy", "select * from rows_of(5)"), [{"a": 5, "m": "ok"}])
        self.assertEqual(self.rows("copy", "select * from feel('sad')"), [{"f": "sad", "k": 3}])
        self.assertEqual(self.rows("copy", "insert into u default values returning b"), [{"b": 8}])

    def test_explain(self):
        out, _ = self.run_shell("mydb", "create table t (a integer)", "explain select * from t where a = 1")
        self.assertIn("t", out)
        self.assertNotIn("│", out)
        both, _ = self.run_shell("--list", "mydb", ".explain on", "select count(*) as n from t")
        self.assertTrue(both.endswith("n\n0\n") and len(both) > 6, both)

    def test_open(self):
        out, _ = self.run_shell("--list", stdin=".open first\ncreate table a (x integer);\n.open second\n.tables\n.open first\n.tables\n")
        self.assertEqual(out, "a\n")
        self.assertIn("nosuch", self.run_shell("-o", "nosuch=1", "mydb", "select 1", code=1)[1])

    # ---- import
    def test_import_infers_types(self):
        self.path("t.csv", "id,big,x,flag,day,at,name\n1,3000000000,1.5,true,2013-01-31,2013-01-31 06:00:00,Ä\n2,1,2,false,2013-02-01,2013-02-01,\n")
        _, err = self.run_shell("mydb", ".import t.csv t")
        self.assertIn('2 rows into new table "t"', err)
        self.assertEqual(self.rows("mydb", "select * from t order by id"), [
            {"id": 1, "big": 3000000000, "x": 1.5, "flag": True, "day": "2013-01-31", "at": "2013-01-31 06:00:00", "name": "Ä"},
            {"id": 2, "big": 1, "x": 2, "flag": False, "day": "2013-02-01", "at": "2013-02-01 00:00:00", "name": None}])

    def test_import_of_what_the_world_writes(self):
        self.path("w.csv", '\ufeffid;text\r\n1;"two\r\nlines; and ""quotes"""\r\n2;\\N\r\n3;""\r\n')
        self.run_shell("mydb", "--import", "w.csv", "--null", "\\N")
        self.assertEqual(self.rows("mydb", "select * from w order by id"), [
            {"id": 1, "text": 'two\r\nlines; and "quotes"'}, {"id": 2, "text": None}, {"id": 3, "text": ""}])

    def test_import_without_header_and_from_stdin(self):
        self.run_shell("mydb", "--import", "-", "--table", "Letters", "--no-header", stdin="a\tb\nc\td\n")
        self.assertEqual(self.rows("mydb", "select column2 from letters order by 1"), [{"column2": "b"}, {"column2": "d"}])

    def test_import_into_a_table_by_name_and_by_position(self):
        self.run_shell("mydb", "create table t (a integer, b text, c double precision default 7)")
        self.path("named.csv", "B,a\nx,1\n")
        self.path("plain.csv", "2,y,0.5\n")
        self.run_shell("mydb", ".import named.csv t", ".import --no-header plain.csv t")
        self.assertEqual(self.rows("mydb", "select * from t order by a"), [{"a": 1, "b": "x", "c": 7}, {"a": 2, "b": "y", "c": 0.5}])
        self.path("other.csv", "p,q\n1,2\n")
        self.assertIn("has 2 columns", self.run_shell("mydb", ".import other.csv t", code=1)[1])

    def test_import_reports_rejected_rows_and_loads_the_rest(self):
        self.run_shell("mydb", "create table t (id integer primary key, name text not null)")
        self.path("bad.csv", b'id,name\n1,one\ntwo,2\n3\n4,"four"x\n1,again\n6,\n7,\xff\n8,eight\n')
        _, err = self.run_shell("mydb", ".import bad.csv t", code=1)
        self.assertIn('bad.csv:3: rejected: column 1 (id): "two" is not an integer', err)
        self.assertIn("bad.csv:4: rejected: 1 fields where 2 are expected", err)
        self.assertIn("bad.csv:5: rejected: column 2 (name): text behind the closing quote", err)
        self.assertIn("bad.csv:6: rejected:", err)
        self.assertIn("bad.csv:7: rejected:", err)
        self.assertIn("bad.csv:8: rejected: column 2 (name): byte 1 of the field is not valid UTF-8", err)
        self.assertIn('2 rows into "t", 6 rejected', err)
        self.assertEqual(self.rows("mydb", "select id from t order by id"), [{"id": 1}, {"id": 8}])

    def test_import_with_too_many_errors_changes_nothing(self):
        self.path("bad.csv", "id,name\n1,one\n2\n3\n4,four\n")
        self.assertIn("more than 1 rows were rejected", self.run_shell("mydb", ".import --max-errors 1 bad.csv t", code=1)[1])
        self.assertEqual(self.run_shell("mydb", ".tables")[0], "")
        self.run_shell("mydb", ".import --max-errors 2 bad.csv t")
        self.assertEqual(self.rows("mydb", "select count(*) as n from t"), [{"n": 2}])

    def test_import_inside_a_transaction_belongs_to_it(self):
        self.path("t.csv", "a\n1\n2\n")
        out, _ = self.run_shell("--list", "mydb", "create table t (a integer)", "begin", ".import --header t.csv t", "rollback",
                                "select count(*) as n from t")
        self.assertEqual(out, "n\n0\n")

    def test_import_of_many_rows_round_trips(self):
        content = "id,text\n" + "".join(f'{i},"row ""{i}"", line"\n' for i in range(5000))
        self.path("many.csv", content)
        self.run_shell("mydb", "--import", "many.csv")
        out, _ = self.run_shell("--csv", "mydb", "select * from many order by id")
        self.assertEqual(out, content)

    def test_import_of_what_is_not_there(self):
        self.assertIn("No such file", self.run_shell("mydb", ".import none.csv", code=1)[1])
        self.path("empty.csv", "")
        self.assertIn("holds no records", self.run_shell("mydb", ".import empty.csv", code=1)[1])

    # ---- the prompt
    def test_prompt_on_a_terminal(self):
        master, slave = pty.openpty()
        environment = dict(os.environ, TURDB_HISTORY=self.path("history"), TERM="xterm", LC_ALL="C.UTF-8", HOME=self.dir)
        shell = subprocess.Popen([TURDB, "mydb"], stdin=slave, stdout=slave, stderr=slave, cwd=self.dir, env=environment, close_fds=True)
        os.close(slave)
        seen = ""

        def expect(text):
            nonlocal seen
            end = time.monotonic() + 30
            while text not in seen:
                ready, _, _ = select.select([master], [], [], max(0, end - time.monotonic()))
                self.assertTrue(ready, f"waited for {text!r}, saw {seen!r}")
                seen += os.read(master, 4096).decode(errors="replace")
            seen = seen[seen.index(text) + len(text):]

        expect("turdb> ")
        os.write(master, b"select 40 +\n")
        expect("...> ")
        os.write(master, b"2 as answer;\n")
        expect("42")
        expect("1 row")
        expect("turdb> ")
        os.write(master, b"selec 1;\n")
        expect("error")
        expect("turdb> ")
        os.write(master, b".quit\n")
        self.assertEqual(shell.wait(timeout=30), 0)
        os.close(master)
        with open(self.path("history")) as file:
            self.assertIn("answer", file.read())


if __name__ == "__main__":
    unittest.main(verbosity=0)
