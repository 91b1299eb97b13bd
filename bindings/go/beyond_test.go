package turdb_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"turdb"
)

func TestFunctions(t *testing.T) {
	db := open(t, ":memory:")
	conn, _ := db.Conn(t.Context())
	defer conn.Close()
	var native *turdb.Conn
	_ = conn.Raw(func(c any) error { native = c.(*turdb.Conn); return nil })
	cause := errors.New("an odd number")
	create := func(name string, parameters []string, returns string, flags turdb.FunctionFlags, function turdb.ScalarFunction) {
		t.Helper()
		if err := native.CreateFunction(name, parameters, returns, flags, function); err != nil {
			t.Fatal(err)
		}
	}
	create("halve", []string{"bigint"}, "bigint", turdb.Deterministic, func(arguments []any) (any, error) {
		if number := arguments[0].(int64); number%2 == 0 {
			return number / 2, nil
		}
		return nil, fmt.Errorf("%d: %w", arguments[0], cause)
	})
	create("shown", []string{"any"}, "text", turdb.SeesNull|turdb.Variadic, func(arguments []any) (any, error) {
		parts := make([]string, len(arguments))
		for i := range arguments {
			parts[i] = fmt.Sprintf("%T", arguments[i])
		}
		return strings.Join(parts, " "), nil
	})
	create("panics", nil, "int", 0, func([]any) (any, error) { panic(cause) })
	create("asks", nil, "int", 0, func([]any) (any, error) {
		_, err := native.Exec(context.Background(), "select 1")
		return nil, err
	})
	create("wrong", nil, "int", 0, func([]any) (any, error) { return "x", nil })
	create("impossible", nil, "int", 0, func([]any) (any, error) { return struct{}{}, nil })
	create("own_state", nil, "int", 0, func([]any) (any, error) {
		return nil, &turdb.Error{Code: turdb.ErrData, State: "22012", Message: "x\x00y"}
	})

	if got := scanOne[int64](t, conn, "select sum(halve(i * 2)) from generate_series(1, 10000) g(i)"); got != 50005000 {
		t.Fatal(got)
	}
	if got := scanOne[string](t, conn, "select shown(1, 'x', null, 1.5, date '2024-01-01')"); got != "int64 string <nil> turdb.Decimal turdb.Date" {
		t.Fatal(got)
	}
	var panicked *turdb.PanicError
	for query, check := range map[string]func(err error) bool{
		"select halve(3)": func(err error) bool { return errors.Is(err, cause) && errors.Is(err, turdb.SQLState("38000")) },
		"select panics()": func(err error) bool {
			return errors.As(err, &panicked) && errors.Is(err, cause) && len(panicked.Stack) > 0
		},
		"select asks()":       func(err error) bool { return errors.Is(err, turdb.ErrMisuse) },
		"select wrong()":      func(err error) bool { return errors.Is(err, turdb.ErrData) },
		"select impossible()": func(err error) bool { return err != nil },
		"select own_state()":  func(err error) bool { return errors.Is(err, turdb.SQLState("22012")) },
		"select no_such(1)":   func(err error) bool { return errors.Is(err, turdb.SQLState("42883")) },
	} {
		if _, err := conn.ExecContext(t.Context(), query); !check(err) {
			t.Errorf("%s: %v", query, err)
		}
	}
	// What failed once is not the cause of what fails next.
	if _, err := conn.ExecContext(t.Context(), "select 1 / 0"); errors.Is(err, cause) || !errors.Is(err, turdb.SQLState("22012")) {
		t.Error(err)
	}
	if err := native.DropFunction("halve"); err != nil {
		t.Fatal(err)
	}
	if err := native.DropFunction("halve"); !errors.Is(err, turdb.ErrNotFound) {
		t.Fatal(err)
	}
	for _, bad := range [][]string{{"no_such_type"}, {"a\x00b"}} {
		if err := native.CreateFunction("f", bad, "int", 0, func([]any) (any, error) { return nil, nil }); err == nil {
			t.Fatal(bad)
		}
	}
}

func TestHooks(t *testing.T) {
	db := open(t, ":memory:")
	mustExec(t, db, "create table t(a int)")
	cause := errors.New("not today")
	answer, rollbacks := error(nil), 0
	conn, _ := db.Conn(t.Context())
	defer conn.Close()
	err := conn.Raw(func(c any) error {
		native := c.(*turdb.Conn)
		if err := native.SetCommitHook(func() error {
			if answer == nil {
				return nil
			}
			if answer == context.Canceled {
				panic("in a hook")
			}
			return answer
		}); err != nil {
			return err
		}
		return native.SetRollbackHook(func() { rollbacks++ })
	})
	if err != nil {
		t.Fatal(err)
	}
	mustExec(t, conn, "insert into t values (1)")
	answer = cause
	if _, err := conn.ExecContext(t.Context(), "insert into t values (2)"); !errors.Is(err, cause) || !errors.Is(err, turdb.ErrConstraint) {
		t.Fatal(err)
	}
	tx, _ := conn.BeginTx(t.Context(), nil)
	mustExec(t, tx, "insert into t values (3)")
	if err := tx.Commit(); !errors.Is(err, cause) {
		t.Fatal(err)
	}
	answer = context.Canceled
	var panicked *turdb.PanicError
	if _, err := conn.ExecContext(t.Context(), "insert into t values (4)"); !errors.As(err, &panicked) {
		t.Fatal(err)
	}
	if rollbacks != 3 || scanOne[int](t, conn, "select count(*) from t") != 1 {
		t.Fatal(rollbacks)
	}
	_ = conn.Raw(func(c any) error {
		native := c.(*turdb.Conn)
		if err := native.SetCommitHook(nil); err != nil {
			t.Error(err)
		}
		return native.SetRollbackHook(nil)
	})
	mustExec(t, conn, "insert into t values (5)")
}

func TestAppender(t *testing.T) {
	db := open(t, ":memory:")
	mustExec(t, db, "create table t(id bigint primary key, a text default 'none', b double precision); create schema s; create table s.t(x int)")
	err := withConn(t, db, func(conn *turdb.Conn) error {
		appender, err := conn.NewAppender("t", "id", "b")
		if err != nil {
			return err
		}
		for i := range 20000 {
			if err := appender.AppendRow(i, float64(i)/2); err != nil {
				return err
			}
		}
		if err := appender.Flush(); err != nil || appender.Rows() != 20000 {
			t.Error(appender.Rows(), err)
		}
		if err := appender.AppendRow(1); !errors.Is(err, turdb.ErrMisuse) {
			t.Error(err)
		}
		if err := appender.AppendRow(struct{}{}, 1); err == nil || !strings.Contains(err.Error(), "value 1 of row 20001") {
			t.Error(err)
		}
		if err := appender.Close(); err != nil {
			return err
		}
		if err := appender.Close(); err != nil {
			return err
		}
		if err := appender.Flush(); !errors.Is(err, turdb.ErrMisuse) || appender.Rows() != 0 {
			t.Error(err)
		}
		other, err := conn.NewAppender("s.t")
		if err != nil {
			return err
		}
		if err := other.AppendRow(1); err != nil {
			return err
		}
		return other.Close()
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := scanOne[int](t, db, "select count(*) from t where a = 'none' and b = id / 2.0"); got != 20000 {
		t.Fatal(got)
	}
	// A row that cannot go in: none of its flush does, and the appender is of no more use.
	err = withConn(t, db, func(conn *turdb.Conn) error {
		appender, err := conn.NewAppender("t")
		if err != nil {
			return err
		}
		defer appender.Discard()
		for _, id := range []int{100000, 100001, 5} {
			if err := appender.AppendRow(id, nil, nil); err != nil {
				return err
			}
		}
		if err := appender.Flush(); !errors.Is(err, turdb.ErrConstraint) || !strings.Contains(err.Error(), "3") {
			t.Error(err)
		}
		if err := appender.AppendRow(1, nil, nil); !errors.Is(err, turdb.ErrMisuse) {
			t.Error(err)
		}
		if err := appender.Close(); err != nil {
			t.Error(err)
		}
		wrong, err := conn.NewAppender("t")
		if err != nil {
			return err
		}
		defer wrong.Discard()
		if err := wrong.AppendRow(1, "x", "not a number"); err != nil {
			return err
		}
		if err := wrong.Close(); !errors.Is(err, turdb.ErrData) || !strings.Contains(err.Error(), "row 1") {
			t.Error(err)
		}
		for _, bad := range []string{"nowhere", "no.where", "a\x00b", ""} {
			if _, err := conn.NewAppender(bad); err == nil {
				t.Error(bad)
			}
		}
		if _, err := conn.NewAppender("t", "nothing"); !errors.Is(err, turdb.SQLState("42703")) {
			t.Error(err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := scanOne[int](t, db, "select count(*) from t"); got != 20000 {
		t.Fatal(got)
	}
}

func TestExecBatch(t *testing.T) {
	db := open(t, ":memory:")
	mustExec(t, db, "create table t(id bigint primary key, n bigint)")
	rows := func(from, to int, last any) func(yield func([]any) bool) {
		return func(yield func([]any) bool) {
			for i := from; i < to; i++ {
				if !yield([]any{i, i}) {
					return
				}
			}
			if last != nil {
				yield([]any{last, 0})
			}
		}
	}
	const upsert = "insert into t values (?, ?) on conflict (id) do update set n = t.n + 1"
	err := withConn(t, db, func(conn *turdb.Conn) error {
		if changes, err := conn.ExecBatch(t.Context(), upsert, rows(0, 2500, 7)); err != nil || changes != 2501 {
			t.Error(changes, err)
		}
		if _, err := conn.ExecBatch(t.Context(), upsert, rows(5000, 7500, "x")); !errors.Is(err, turdb.ErrData) {
			t.Error(err)
		}
		if _, err := conn.ExecBatch(t.Context(), upsert, rows(5000, 5001, math.NaN())); err == nil {
			t.Error("NaN as a key")
		}
		if _, err := conn.ExecBatch(t.Context(), upsert, rows(5000, 5001, struct{}{})); err == nil || !strings.Contains(err.Error(), "struct") {
			t.Error(err)
		}
		if _, err := conn.ExecBatch(t.Context(), "insert into t values (?)", rows(1, 2, nil)); !errors.Is(err, turdb.SQLState("07001")) {
			t.Error(err)
		}
		if _, err := conn.ExecBatch(t.Context(), "select 1; select 2", rows(1, 2, nil)); !errors.Is(err, turdb.ErrMisuse) {
			t.Error(err)
		}
		func() {
			defer func() { _ = recover() }()
			_, _ = conn.ExecBatch(t.Context(), upsert, func(yield func([]any) bool) { yield([]any{9000, 1}); panic("in the rows") })
			t.Error("the panic is lost")
		}()
		if conn.InTransaction() {
			t.Error("a transaction is left")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := scanOne[int](t, db, "select count(*) * 10 + max(n) filter (where id = 7) from t"); got != 25008 {
		t.Fatal(got)
	}
}
