package turdb_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"turdb"
)

// pinned gives a connection, both as database/sql has it and as the driver does.
func pinned(t testing.TB, db *sql.DB) (*sql.Conn, *turdb.Conn) {
	t.Helper()
	conn, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	var native *turdb.Conn
	_ = conn.Raw(func(c any) error { native = c.(*turdb.Conn); return nil })
	return conn, native
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// errorsOf runs queries that fail, and checks each error.
func errorsOf(t *testing.T, conn *sql.Conn, checks map[string]func(err error) bool) {
	t.Helper()
	for query, check := range checks {
		if _, err := conn.ExecContext(t.Context(), query); !check(err) {
			t.Errorf("%s: %v", query, err)
		}
	}
}

func isPanic(cause error) func(err error) bool {
	var panicked *turdb.PanicError
	return func(err error) bool {
		return errors.As(err, &panicked) && errors.Is(err, cause) && len(panicked.Stack) > 0
	}
}

// product multiplies whole numbers.
type product struct{ value int64 }

func (p *product) Step(arguments []any) error {
	if arguments[0].(int64) == 13 {
		return errUnlucky
	}
	if arguments[0].(int64) == 14 {
		panic(errUnlucky)
	}
	p.value *= arguments[0].(int64)
	return nil
}

func (p *product) Result() (any, error) {
	if p.value == 99 {
		return nil, errUnlucky
	}
	return p.value, nil
}

type mergingProduct struct{ product }

func (p *mergingProduct) Merge(from turdb.Aggregate) error {
	p.value *= from.(*mergingProduct).value
	return nil
}

var errUnlucky = errors.New("an unlucky number")

func TestAggregates(t *testing.T) {
	db := open(t, ":memory:")
	conn, native := pinned(t, db)
	must(t, native.CreateAggregate("product", []string{"bigint"}, "bigint", turdb.Deterministic,
		func() turdb.Aggregate { return &product{1} }))
	must(t, native.CreateAggregate("merging", []string{"bigint"}, "bigint", 0,
		func() turdb.Aggregate { return &mergingProduct{product{1}} }))
	must(t, native.CreateAggregate("everything", []string{"any"}, "text[]", turdb.SeesNull|turdb.Variadic,
		func() turdb.Aggregate { return &everything{} }))
	created := 0
	must(t, native.CreateAggregate("late_panic", nil, "int", 0, func() turdb.Aggregate {
		if created++; created > 1 {
			panic(errUnlucky)
		}
		return &product{1}
	}))
	for query, want := range map[string]int64{
		"select product(i) from generate_series(1, 10) g(i)":                                                           3628800,
		"select product(i) from generate_series(1, 0) g(i)":                                                            1,
		"select product(distinct i % 3 + 1) filter (where i > 2) from generate_series(1, 10) g(i)":                     6,
		"select product(nullif(i, 2)) from generate_series(1, 3) g(i)":                                                 3,
		"select count(*) from (select product(i + 100) from generate_series(1, 4000) g(i) group by i)":                 4000,
		"select max(p) from (select product(i) over (order by i rows 1 preceding) p from generate_series(1, 10) g(i))": 90,
		"select max(p) from (select merging(i) over (order by i rows 2 preceding) p from generate_series(1, 10) g(i))": 720,
		"select merging(i) from generate_series(1, 5) g(i)":                                                            120,
	} {
		if got := scanOne[int64](t, conn, query); got != want {
			t.Errorf("%s: %d, not %d", query, got, want)
		}
	}
	var all []string
	if err := conn.QueryRowContext(t.Context(), "select everything(i, 'x', null) from generate_series(1, 2) g(i)").Scan(turdb.Slice(&all)); err != nil ||
		!slices.Equal(all, []string{"1 x <nil>", "2 x <nil>"}) {
		t.Error(all, err)
	}
	errorsOf(t, conn, map[string]func(err error) bool{
		"select product(13)":  func(err error) bool { return errors.Is(err, errUnlucky) && errors.Is(err, turdb.SQLState("38000")) },
		"select product(14)":  isPanic(errUnlucky),
		"select product(99)":  func(err error) bool { return errors.Is(err, errUnlucky) },
		"select late_panic()": isPanic(errUnlucky),
		"select product('x')": func(err error) bool { return errors.Is(err, turdb.ErrData) },
	})
	if err := native.CreateAggregate("bad", nil, "int", 0, func() turdb.Aggregate { panic(errUnlucky) }); !isPanic(errUnlucky)(err) {
		t.Error(err)
	}
	if err := native.CreateAggregate("bad", nil, "int", 0, func() turdb.Aggregate { return nil }); err == nil {
		t.Error("an aggregate without a state")
	}
	must(t, native.DropFunction("product"))
	if _, err := conn.ExecContext(t.Context(), "select product(1)"); !errors.Is(err, turdb.SQLState("42883")) {
		t.Error(err)
	}
}

type everything struct{ rows []string }

func (e *everything) Step(arguments []any) error {
	e.rows = append(e.rows, strings.TrimSpace(fmt.Sprintln(arguments...)))
	return nil
}

func (e *everything) Result() (any, error) { return e.rows, nil }

// countdown gives numbers, and what it is told to do at one of them.
type countdown struct {
	from   int64
	closed *int
}

func (c *countdown) Next() ([]any, error) {
	switch {
	case c.from == 1313:
		return nil, errUnlucky
	case c.from == 1414:
		panic(errUnlucky)
	case c.from == 1515:
		return []any{1}, nil
	case c.from == 1616:
		return []any{"not a number", "x"}, nil
	case c.from == 1717:
		return []any{1, struct{}{}}, nil
	case c.from == 0:
		return nil, io.EOF
	}
	c.from--
	return []any{c.from + 1, fmt.Sprint("number ", c.from+1)}, nil
}

func (c *countdown) Close() error { *c.closed++; return nil }

func TestTableFunctions(t *testing.T) {
	db := open(t, ":memory:")
	conn, native := pinned(t, db)
	opened, closed := 0, 0
	must(t, native.CreateTableFunction("countdown", []string{"bigint"}, []string{"n bigint", `"The Name" text`}, 0,
		func(arguments []any) (turdb.TableRows, error) {
			if arguments[0].(int64) == -1 {
				return nil, errUnlucky
			}
			if arguments[0].(int64) == -2 {
				return nil, nil
			}
			opened++
			return &countdown{arguments[0].(int64), &closed}, nil
		}))
	var n, rows int
	var last string
	if err := conn.QueryRowContext(t.Context(), `select count(*), sum(n), max("The Name") from countdown(1000)`).Scan(&rows, &n, &last); err != nil ||
		rows != 1000 || n != 500500 || last != "number 999" {
		t.Fatal(rows, n, last, err)
	}
	for query, want := range map[string]int64{
		"select count(*) from countdown(0)":                                                        0,
		"select count(*) from countdown(null)":                                                     0,
		"select count(*) from generate_series(1, 100) g(i), lateral countdown(i) c where c.n <= 3": 297,
		"select n from countdown(10000000) limit 1":                                                10000000,
	} {
		if got := scanOne[int64](t, conn, query); got != want {
			t.Errorf("%s: %d, not %d", query, got, want)
		}
	}
	errorsOf(t, conn, map[string]func(err error) bool{
		"select * from countdown(-1)":   func(err error) bool { return errors.Is(err, errUnlucky) && errors.Is(err, turdb.SQLState("38000")) },
		"select * from countdown(-2)":   func(err error) bool { return err != nil },
		"select * from countdown(1313)": func(err error) bool { return errors.Is(err, errUnlucky) },
		"select * from countdown(1320)": func(err error) bool { return errors.Is(err, errUnlucky) },
		"select * from countdown(1414)": isPanic(errUnlucky),
		"select * from countdown(1515)": func(err error) bool { return errors.Is(err, turdb.ErrMisuse) },
		"select * from countdown(1616)": func(err error) bool { return errors.Is(err, turdb.SQLState("22P02")) },
		"select * from countdown(1717)": func(err error) bool { return errors.Is(err, turdb.SQLState("42804")) },
	})
	// Values of every kind get into columns of their types.
	must(t, native.CreateTableFunction("values_of", nil,
		[]string{"a smallint", "b numeric(10,2)", "c timestamptz", "d int[]", "e vector(2)", "f uuid", "h boolean", "i text"}, 0,
		func([]any) (turdb.TableRows, error) {
			return turdb.RowsOf(func(yield func([]any, error) bool) {
				at := time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)
				_ = yield([]any{7, turdb.Decimal("1.5"), at, [][]int{{1, 2}, {3, 4}}, []float32{1, 2}, turdb.UUID{15: 1}, nil, 12}, nil)
			}), nil
		}))
	want := "(7,1.50,\"2024-05-06 07:08:09+00\",\"{{1,2},{3,4}}\",\"[1,2]\",00000000-0000-0000-0000-000000000001,,12)"
	if got := scanOne[string](t, conn, "select v::text from values_of() v"); got != want {
		t.Error(got)
	}
	for _, columns := range [][]string{nil, {"a"}, {"a no_such_type"}, {"a int", "a int\x00"}} {
		if err := native.CreateTableFunction("f", nil, columns, 0, nil); err == nil {
			t.Error(columns)
		}
	}
	must(t, native.Close())
	if opened == 0 || opened != closed {
		t.Errorf("%d opened, %d closed", opened, closed)
	}
}

func TestIteratorsAsRows(t *testing.T) {
	db := open(t, ":memory:")
	conn, native := pinned(t, db)
	before := runtime.NumGoroutine()
	must(t, native.CreateTableFunction("numbers", []string{"bigint"}, []string{"n bigint"}, 0, func(arguments []any) (turdb.TableRows, error) {
		return turdb.RowsOf(func(yield func([]any, error) bool) {
			row := []any{nil} // one for all: what was given is copied
			for i := int64(1); i <= arguments[0].(int64); i++ {
				if i == 1000 {
					panic(errUnlucky)
				}
				if i == 500 && arguments[0].(int64) == 500 {
					yield(nil, errUnlucky)
					return
				}
				if row[0] = i; !yield(row, nil) {
					return
				}
			}
		}), nil
	}))
	for _, count := range []int64{0, 1, 255, 256, 257, 999} {
		var rows, sum int64
		if err := conn.QueryRowContext(t.Context(), "select count(*), coalesce(sum(n), 0) from numbers(?)", count).Scan(&rows, &sum); err != nil ||
			rows != count || sum != count*(count+1)/2 {
			t.Error(count, rows, sum, err)
		}
	}
	errorsOf(t, conn, map[string]func(err error) bool{
		"select * from numbers(500)":  func(err error) bool { return errors.Is(err, errUnlucky) },
		"select * from numbers(1000)": isPanic(errUnlucky),
	})
	if got := scanOne[int64](t, conn, "select n from numbers(999) limit 1"); got != 1 {
		t.Error(got)
	}
	must(t, native.Close()) // what was not read to its end is, with its statement
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

func TestCollations(t *testing.T) {
	db := open(t, ":memory:")
	conn, native := pinned(t, db)
	must(t, native.CreateCollation("backwards", func(text string) ([]byte, error) {
		switch text {
		case "unlucky":
			return nil, errUnlucky
		case "panic":
			panic(errUnlucky)
		}
		key := []byte(text)
		slices.Reverse(key)
		return key, nil
	}))
	var words []string
	if err := conn.QueryRowContext(t.Context(), `select array_agg(w order by w collate backwards)
		from (values ('az'), ('bay'), (null), (''), ('cx')) v(w) where w is not null`).Scan(turdb.Slice(&words)); err != nil ||
		!slices.Equal(words, []string{"", "cx", "bay", "az"}) {
		t.Error(words, err)
	}
	errorsOf(t, conn, map[string]func(err error) bool{
		"select * from (values ('unlucky'), ('a')) v(w) order by w collate backwards": func(err error) bool {
			return errors.Is(err, errUnlucky) && errors.Is(err, turdb.SQLState("38000"))
		},
		"select * from (values ('panic'), ('a')) v(w) order by w collate backwards": isPanic(errUnlucky),
	})
	must(t, native.DropCollation("backwards"))
	if err := native.DropCollation("backwards"); !errors.Is(err, turdb.ErrNotFound) {
		t.Error(err)
	}
	if _, err := conn.ExecContext(t.Context(), "select 'a' < 'b' collate backwards"); !errors.Is(err, turdb.SQLState("42704")) {
		t.Error(err)
	}
}

func TestChangeHook(t *testing.T) {
	db := open(t, ":memory:")
	conn, native := pinned(t, db)
	mustExec(t, conn, `create table parent(id integer primary key, name text);
		create table child(id integer primary key, parent integer references parent on delete cascade);
		create table log(what text);
		create trigger logged after insert on parent for each row begin insert into log values (new.name); end`)
	var told []string
	var kept *turdb.Change
	must(t, native.SetChangeHook(func(change *turdb.Change) error {
		for row := range change.RowCount() {
			before, err := change.Old(row)
			if err != nil {
				return err
			}
			after, err := change.New(row)
			if err != nil {
				return err
			}
			told = append(told, fmt.Sprintf("%v %s.%s %t %t %v %v", change.Operation, change.Schema, change.Table, change.ByTrigger,
				change.ByForeignKey, before, after))
			if len(after) > 1 && after[1] == "unlucky" {
				return errUnlucky
			}
			if len(after) > 1 && after[1] == "panic" {
				panic(errUnlucky)
			}
		}
		if change.Table == "parent" && (!slices.Equal(change.Columns(), []string{"id", "name"}) || !change.IsKey(0) || change.IsKey(1)) {
			return fmt.Errorf("columns %v", change.Columns())
		}
		kept = change
		return nil
	}))
	mustExec(t, conn, "insert into parent values (1, 'one'); insert into child values (5, 1); update parent set name = ? where id = 1; delete from parent",
		strings.Repeat("long ", 100))
	long := strings.Repeat("long ", 100)
	want := []string{
		"INSERT root.parent false false [] [1 one]", "INSERT root.log true false [] [one]", "INSERT root.child false false [] [5 1]",
		"UPDATE root.parent false false [1 one] [1 " + long + "]", "DELETE root.parent false false [1 " + long + "] []",
		"DELETE root.child false true [5 1] []",
	}
	slices.Sort(told)
	slices.Sort(want)
	if !reflect.DeepEqual(told, want) {
		t.Errorf("%q\n%q", told, want)
	}
	if _, err := kept.Old(0); !errors.Is(err, turdb.ErrMisuse) {
		t.Error(err)
	}
	if kept.RowCount() != 0 || len(kept.Columns()) != 0 || kept.IsKey(0) {
		t.Error("a change is of use behind its hook")
	}
	errorsOf(t, conn, map[string]func(err error) bool{
		"insert into parent values (1, 'fine'), (2, 'unlucky')": func(err error) bool {
			return errors.Is(err, errUnlucky) && errors.Is(err, turdb.ErrConstraint) && errors.Is(err, turdb.SQLState("23000"))
		},
		"insert into parent values (3, 'panic')": isPanic(errUnlucky),
	})
	if got := scanOne[int](t, conn, "select count(*) from parent"); got != 0 {
		t.Error(got)
	}
	must(t, native.SetChangeHook(nil))
	mustExec(t, conn, "insert into parent values (2, 'unlucky')")
}

func TestTrace(t *testing.T) {
	db := open(t, ":memory:")
	conn, native := pinned(t, db)
	mustExec(t, conn, "create table t(a int primary key)")
	var told []string
	var kept *turdb.Trace
	must(t, native.SetTrace(func(trace *turdb.Trace) {
		if trace.Begins {
			told = append(told, fmt.Sprint("begins ", trace.SQL, " ", trace.ExpandedSQL()))
		} else {
			told = append(told, fmt.Sprint("ends ", trace.Rows, " ", trace.Changes, " ", trace.Duration > 0, " ", trace.Err != nil))
		}
		kept = trace
	}))
	mustExec(t, conn, "insert into t values (?), (?)", 1, 2)
	if got := scanOne[int](t, conn, "select max(a) from t"); got != 2 {
		t.Fatal(got)
	}
	if _, err := conn.ExecContext(t.Context(), "insert into t values (1)"); !errors.Is(err, turdb.ErrConstraint) ||
		kept.Err == nil || !errors.Is(kept.Err, turdb.SQLState("23505")) {
		t.Error(err, kept.Err)
	}
	want := []string{
		"begins insert into t values (?), (?) insert into t values (1), (2)", "ends 0 2 true false",
		"begins select max(a) from t select max(a) from t", "ends 1 0 true false",
		"begins insert into t values (1) insert into t values (1)", "ends 0 0 true true",
	}
	if !slices.Equal(told, want) {
		t.Errorf("%q", told)
	}
	if kept.ExpandedSQL() != "" {
		t.Error("a trace is of use behind its hook")
	}
	// Nobody is told of its panics, and none is the cause of what fails next.
	must(t, native.SetTrace(func(*turdb.Trace) { panic(errUnlucky) }))
	if got := scanOne[int](t, conn, "select 1"); got != 1 {
		t.Error(got)
	}
	if _, err := conn.ExecContext(t.Context(), "select 1 / 0"); errors.Is(err, errUnlucky) || !errors.Is(err, turdb.SQLState("22012")) {
		t.Error(err)
	}
	must(t, native.SetTrace(nil))
}

func TestAuthorizer(t *testing.T) {
	db := open(t, ":memory:")
	conn, native := pinned(t, db)
	mustExec(t, conn, "create table t(a int, secret text); insert into t values (1, 'x'); create view v as select a from t")
	asked := map[turdb.Authorization]bool{}
	must(t, native.SetAuthorizer(func(a turdb.Authorization) turdb.Access {
		asked[a] = true
		switch {
		case a.Column == "secret":
			return turdb.Ignore
		case a.Action == turdb.ActionDelete:
			return turdb.Deny
		case a.Action == turdb.ActionDrop:
			panic(errUnlucky)
		case a.Action == turdb.ActionCreate:
			return turdb.Access(77)
		}
		return turdb.Allow
	}))
	if got := scanOne[sql.NullString](t, conn, "select secret from t"); got.Valid {
		t.Error(got)
	}
	if got := scanOne[int](t, conn, "select a from v"); got != 1 {
		t.Error(got)
	}
	denied := func(err error) bool { return errors.Is(err, turdb.SQLState("42501")) }
	errorsOf(t, conn, map[string]func(err error) bool{
		"delete from t":         denied,
		"create table u(a int)": denied,
		"drop table t":          func(err error) bool { return denied(err) && isPanic(errUnlucky)(err) },
	})
	for _, want := range []turdb.Authorization{
		{Action: turdb.ActionRead, Schema: "root", Object: "t"},
		{Action: turdb.ActionRead, Schema: "root", Object: "t", Column: "secret"},
		{Action: turdb.ActionRead, Schema: "root", Object: "t", Column: "a", Accessor: "v"},
	} {
		if !asked[want] {
			t.Errorf("not asked: %+v", want)
		}
	}
	must(t, native.SetAuthorizer(nil))
	if got := scanOne[string](t, conn, "select secret from t"); got != "x" {
		t.Error(got)
	}
}

func TestProgress(t *testing.T) {
	db := open(t, ":memory:")
	conn, native := pinned(t, db)
	const long = "select count(*) from generate_series(1, 1000000000) g(i)"
	calls := 0
	must(t, native.SetProgress(time.Millisecond, func() error {
		if calls++; calls == 3 {
			return errUnlucky
		}
		return nil
	}))
	if _, err := conn.ExecContext(t.Context(), long); !errors.Is(err, errUnlucky) || !errors.Is(err, turdb.ErrInterrupted) || calls != 3 {
		t.Error(calls, err)
	}
	must(t, native.SetProgress(time.Nanosecond, func() error { panic(errUnlucky) }))
	if _, err := conn.ExecContext(t.Context(), long); !isPanic(errUnlucky)(err) {
		t.Error(err)
	}
	must(t, native.SetProgress(time.Second, nil))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := conn.ExecContext(ctx, long); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

// A connection that was forgotten goes, whatever functions and hooks it has.
func TestForgottenConnectionsWithCallbacks(t *testing.T) {
	connector, err := turdb.NewConnector(":memory:", nil)
	must(t, err)
	defer connector.Close()
	gone := make(chan bool, 1)
	func() {
		conn, err := connector.Connect(t.Context())
		must(t, err)
		native := conn.(*turdb.Conn)
		must(t, native.CreateFunction("f", nil, "int", 0, func([]any) (any, error) { return 1, nil }))
		must(t, native.SetTrace(func(*turdb.Trace) {}))
		must(t, native.SetProgress(time.Second, func() error { return nil }))
		runtime.AddCleanup(native, func(gone chan bool) { gone <- true }, gone)
	}()
	for range 100 {
		runtime.GC()
		select {
		case <-gone:
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
	t.Error("the connection is still there")
}

func TestBlobs(t *testing.T) {
	db := open(t, ":memory:")
	conn, native := pinned(t, db)
	mustExec(t, conn, `create table file(id integer primary key, content blob);
		insert into file values (1, zeroblob(1000000)), (2, 'short'), (3, null);
		create table two(a text, b int, content blob, primary key (a, b)); insert into two values ('x', 7, 'of a key')`)
	blob, err := native.OpenBlob("root.file", "content", true, 1)
	must(t, err)
	if _, err := blob.Seek(500_000, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if n, err := blob.Write([]byte("in the middle")); n != 13 || err != nil {
		t.Fatal(n, err)
	}
	if at, err := blob.Seek(-6, io.SeekCurrent); at != 500_007 || err != nil {
		t.Fatal(at, err)
	}
	word := make([]byte, 6)
	if _, err := io.ReadFull(blob, word); err != nil || string(word) != "middle" {
		t.Fatal(string(word), err)
	}
	// Behind the end.
	if at, err := blob.Seek(10, io.SeekEnd); at != 1_000_010 || err != nil {
		t.Fatal(at, err)
	}
	if n, err := blob.Read(word); n != 0 || err != io.EOF {
		t.Fatal(n, err)
	}
	if n, err := blob.WriteAt([]byte("end"), 1_000_010); n != 3 || err != nil || blob.Size() != 1_000_013 {
		t.Fatal(n, err, blob.Size())
	}
	if n, err := blob.ReadAt(word, 1_000_009); n != 4 || err != io.EOF || string(word[:n]) != "\x00end" {
		t.Fatal(n, err, word[:n])
	}
	if n, err := blob.ReadAt(word[:4], 1_000_009); n != 4 || err != nil {
		t.Fatal(n, err)
	}
	must(t, blob.Truncate(3))
	must(t, blob.Reopen(2))
	if all, err := io.ReadAll(io.NewSectionReader(blob, 1, blob.Size())); err != nil || string(all) != "hort" {
		t.Fatal(string(all), err)
	}
	if all, err := io.ReadAll(blob); err != nil || string(all) != "short" {
		t.Fatal(string(all), err)
	}
	if err := blob.Reopen(9); !errors.Is(err, turdb.ErrNotFound) {
		t.Fatal(err)
	}
	if _, err := blob.ReadAt(word, 0); !errors.Is(err, turdb.ErrMisuse) {
		t.Fatal(err)
	}
	must(t, blob.Close())
	must(t, blob.Close())
	if _, err := blob.Read(word); !errors.Is(err, turdb.ErrMisuse) {
		t.Fatal(err)
	}
	if got := scanOne[int](t, conn, "select length(content) from file where id = 1"); got != 3 {
		t.Fatal(got)
	}

	// Of a key of two columns, read only.
	blob, err = native.OpenBlob("two", "content", false, "x", 7)
	must(t, err)
	defer blob.Close()
	if all, err := io.ReadAll(blob); err != nil || string(all) != "of a key" {
		t.Fatal(string(all), err)
	}
	if _, err := blob.Write(word); !errors.Is(err, turdb.ErrMisuse) {
		t.Fatal(err)
	}
	for _, bad := range []func() error{
		func() error { _, err := blob.Seek(-1, io.SeekStart); return err },
		func() error { _, err := blob.Seek(0, 7); return err },
		func() error { _, err := blob.ReadAt(word, -1); return err },
		func() error { _, err := blob.WriteAt(word, -1); return err },
		func() error { return blob.Truncate(-1) },
		func() error { _, err := native.OpenBlob("file", "content", false, 3); return err },
		func() error { _, err := native.OpenBlob("file", "content", false, 4); return err },
		func() error { _, err := native.OpenBlob("file", "content", false, struct{}{}); return err },
		func() error { _, err := native.OpenBlob("file", "content", false); return err },
		func() error { _, err := native.OpenBlob("file", "nothing", false, 1); return err },
		func() error { _, err := native.OpenBlob("no\x00where", "content", false, 1); return err },
		func() error { _, err := native.OpenBlob("nowhere", "content", false, 1); return err },
	} {
		if bad() == nil {
			t.Error("an error is missing")
		}
	}

	// What another statement has changed is not the blob's any more.
	tx, err := conn.BeginTx(t.Context(), nil)
	must(t, err)
	mine, err := native.OpenBlob("file", "content", true, 2)
	must(t, err)
	mustExec(t, tx, "update file set content = 'changed' where id = 2")
	if _, err := mine.Read(word); !errors.Is(err, turdb.SQLState("24000")) {
		t.Error(err)
	}
	must(t, tx.Rollback())
	must(t, mine.Close())

	// Copied through the interfaces of io.
	source := bytes.Repeat([]byte("0123456789abcdef"), 20_000)
	target, err := native.OpenBlob("file", "content", true, 2)
	must(t, err)
	must(t, target.Truncate(0))
	if n, err := io.CopyBuffer(struct{ io.Writer }{target}, struct{ io.Reader }{bytes.NewReader(source)}, make([]byte, 100_000)); n != int64(len(source)) || err != nil {
		t.Fatal(n, err)
	}
	must(t, target.Close())
	if got := scanOne[[]byte](t, conn, "select content from file where id = 2"); !bytes.Equal(got, source) {
		t.Error(len(got))
	}
}
