package turdb_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"turdb"
)

// Runs for ever, unless it is interrupted.
const endless = "select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b"

func TestManyGoroutines(t *testing.T) {
	db := open(t, "file")
	mustExec(t, db, "create table t(id bigint primary key, worker int)")
	prepared, err := db.Prepare("insert into t values (?, ?)")
	if err != nil {
		t.Fatal(err)
	}
	defer prepared.Close()
	const workers, each = 8, 50
	var group sync.WaitGroup
	for worker := range workers {
		group.Go(func() {
			for i := range each {
				if _, err := prepared.Exec(worker*each+i, worker); err != nil {
					t.Error(err)
				}
				var count int
				if err := db.QueryRow("select count(*) from t where worker = ?", worker).Scan(&count); err != nil || count != i+1 {
					t.Error(count, err)
				}
			}
		})
	}
	group.Wait()
	if scanOne[int](t, db, "select count(*) from t") != workers*each {
		t.Fatal("rows are missing")
	}
}

// Goroutines that use one connection of the driver wait for each other.
func TestOneConnection(t *testing.T) {
	db := open(t, ":memory:")
	err := withConn(t, db, func(conn *turdb.Conn) error {
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				for range 50 {
					if _, err := conn.Exec(context.Background(), "select count(*) from generate_series(1, 100)"); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A cancelled context stops what runs, says why, and hits nothing that comes later.
func TestCancel(t *testing.T) {
	db := open(t, ":memory:")
	db.SetMaxOpenConns(1)
	prepared, err := db.Prepare(endless)
	if err != nil {
		t.Fatal(err)
	}
	defer prepared.Close()
	for name, run := range map[string]func(ctx context.Context) error{
		"Exec":          func(ctx context.Context) error { _, err := db.ExecContext(ctx, endless); return err },
		"Exec prepared": func(ctx context.Context) error { _, err := prepared.ExecContext(ctx); return err },
		"QueryRow":      func(ctx context.Context) error { return db.QueryRowContext(ctx, endless).Scan(new(int)) },
		"Query": func(ctx context.Context) error {
			rows, err := db.QueryContext(ctx, "select a.i from generate_series(1, 1000000) a(i), generate_series(1, 1000000) b")
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
			}
			return rows.Err()
		},
		"transaction": func(ctx context.Context) error {
			tx, err := db.BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			defer tx.Rollback()
			_, err = tx.ExecContext(ctx, endless)
			return err
		},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		err := run(ctx)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
		if scanOne[int](t, db, "select 1") != 1 {
			t.Errorf("%s: the next statement is hit", name)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := db.ExecContext(ctx, "create table never(a int)"); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	err = withConn(t, db, func(conn *turdb.Conn) error {
		for _, run := range []func() error{
			func() error { _, err := conn.Exec(ctx, "select 1"); return err },
			func() error { _, err := conn.QueryContext(ctx, "select 1", nil); return err },
			func() error { _, err := conn.PrepareContext(ctx, "select 1"); return err },
			func() error { _, err := conn.QueryArrow(ctx, 0, "select 1"); return err },
		} {
			if err := run(); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What waits for another transaction's row is stopped as well.
func TestCancelWait(t *testing.T) {
	db := open(t, ":memory:?busy_timeout=60000")
	mustExec(t, db, "create table t(a int primary key); insert into t values (1)")
	tx, _ := db.Begin()
	defer tx.Rollback()
	mustExec(t, tx, "update t set a = 2")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := db.ExecContext(ctx, "delete from t")
	var e *turdb.Error
	if !errors.As(err, &e) || e.Code != turdb.ErrInterrupted || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
}

// Contexts that are cancelled at any moment: each statement runs, or is cancelled, and the connection is as it was.
func TestCancelAtAnyMoment(t *testing.T) {
	db := open(t, ":memory:")
	db.SetMaxOpenConns(1)
	mustExec(t, db, "create table t(a int); insert into t select i from generate_series(1, 2000) g(i)")
	for i := range 100 {
		ctx, cancel := context.WithCancel(t.Context())
		timer := time.AfterFunc(time.Duration(i*7)*time.Microsecond, cancel)
		var sum int64
		if err := db.QueryRowContext(ctx, "select sum(a) from t").Scan(&sum); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		} else if err == nil && sum != 2001000 {
			t.Fatal(sum)
		}
		timer.Stop()
		cancel()
		if scanOne[int](t, db, "select count(*) from t") != 2000 {
			t.Fatal("the next statement is hit")
		}
	}
}

func TestCancelBatch(t *testing.T) {
	db := open(t, ":memory:")
	mustExec(t, db, "create table t(a bigint)")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	err := withConn(t, db, func(conn *turdb.Conn) error {
		_, err := conn.ExecBatch(ctx, "insert into t values (?)", func(yield func([]any) bool) {
			for i := 0; yield([]any{i}); i++ {
			}
		})
		return err
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	if scanOne[int](t, db, "select count(*) from t") != 0 {
		t.Fatal("a part of a batch is left")
	}
}

// Rows that are dropped half read leave nothing running.
func TestAbandonedRows(t *testing.T) {
	db := open(t, ":memory:")
	db.SetMaxOpenConns(1)
	for range 50 {
		rows, err := db.Query("select i, repeat('x', 50) from generate_series(1, 100000) g(i)")
		if err != nil {
			t.Fatal(err)
		}
		rows.Next()
		rows.Close()
	}
	err := withConn(t, db, func(conn *turdb.Conn) error {
		// Not even closed: the garbage collector frees them, in any order.
		for range 20 {
			if _, err := conn.QueryContext(context.Background(), "select i from generate_series(1, 100000) g(i)", nil); err != nil {
				return err
			}
			if _, err := conn.NewAppender("nowhere"); err == nil {
				t.Error("an appender of no table")
			}
			if _, err := conn.QueryArrow(context.Background(), 0, "select 1"); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		connector, _ := turdb.NewConnector(":memory:", nil)
		conn, err := connector.Connect(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.(*turdb.Conn).Prepare("select 1"); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	runtime.GC()
	time.Sleep(10 * time.Millisecond)
	if scanOne[int](t, db, "select 1") != 1 {
		t.Fatal("the connection is lost")
	}
}

func TestLongRows(t *testing.T) {
	db := open(t, ":memory:")
	for _, size := range []int{1, 8000, 9000, 64000, 70000, 3_000_000} {
		rows, err := db.Query("select repeat('x', ?::int), i from generate_series(1, 4) g(i)", size)
		if err != nil {
			t.Fatal(err)
		}
		count := 0
		for rows.Next() {
			var text string
			var i int
			if err := rows.Scan(&text, &i); err != nil || len(text) != size || i != count+1 {
				t.Fatal(len(text), i, err)
			}
			count++
		}
		if rows.Err() != nil || count != 4 {
			t.Fatal(count, rows.Err())
		}
		rows.Close()
	}
}

func residentKB(t *testing.T) int {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("no /proc here")
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	number, _ := strconv.Atoi(strings.Fields(rest)[0])
	return number
}

// TURDB_CYCLES=1000000 go test -run TestCycles makes it the long test: memory stays flat over a million cycles.
func TestCycles(t *testing.T) {
	cycles := 1500
	if text := os.Getenv("TURDB_CYCLES"); text != "" {
		cycles, _ = strconv.Atoi(text)
	}
	db := open(t, ":memory:")
	mustExec(t, db, "create table t(a int primary key, b text); insert into t values (1, 'x')")
	conn, _ := db.Conn(t.Context())
	defer conn.Close()
	run := func(count int) {
		for i := range count {
			// Another text each time: nothing comes from the cache of statements.
			statement, err := conn.PrepareContext(t.Context(), fmt.Sprintf("select b from t where a = ? and %d = %d", i, i))
			if err != nil {
				t.Fatal(err)
			}
			var b string
			if err := statement.QueryRow(1).Scan(&b); err != nil || b != "x" {
				t.Fatal(b, err)
			}
			statement.Close()
			if i%20 == 0 || cycles > 100_000 {
				other, err := db.Conn(t.Context()) // a connection of its own
				if err != nil {
					t.Fatal(err)
				}
				_ = other.Raw(func(c any) error { return c.(*turdb.Conn).Close() })
				other.Close()
			}
		}
	}
	run(cycles / 4)
	runtime.GC()
	before := residentKB(t)
	run(cycles)
	runtime.GC()
	after := residentKB(t)
	t.Logf("%d cycles: %d KB before, %d KB after", cycles, before, after)
	if after > before+before/2+16*1024 {
		t.Fatalf("memory grows: %d KB before, %d KB after %d cycles", before, after, cycles)
	}
}

func TestOpenAndClose(t *testing.T) {
	cycles := 40
	if text := os.Getenv("TURDB_CYCLES"); text != "" {
		cycles, _ = strconv.Atoi(text)
		cycles /= 100
	}
	run := func(count int) {
		for range count {
			db, err := sql.Open("turdb", ":memory:")
			if err != nil {
				t.Fatal(err)
			}
			mustExec(t, db, "select 1")
			db.Close()
		}
	}
	run(cycles / 4)
	runtime.GC()
	before := residentKB(t)
	run(cycles)
	runtime.GC()
	after := residentKB(t)
	t.Logf("%d databases: %d KB before, %d KB after", cycles, before, after)
	if after > before+before/2+32*1024 {
		t.Fatalf("memory grows: %d KB before, %d KB after %d databases", before, after, cycles)
	}
}

// Closing the database stops what still runs.
func TestCloseWhileRunning(t *testing.T) {
	connector, err := turdb.NewConnector(":memory:", nil)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		_, err := conn.ExecContext(context.Background(), endless)
		done <- err
	}()
	time.Sleep(20 * time.Millisecond)
	if err := connector.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err == nil {
		t.Fatal("an endless statement has ended")
	}
	conn.Close()
	db.Close()
}
