package turdb_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"iter"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"turdb"
)

// A database is a directory; ":memory:" is one that ends with the program.
func Example() {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	db, err := sql.Open("turdb", filepath.Join(folder, "app.turdb")+"?memory_limit=256MB")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	if _, err := db.Exec("create table city(id integer primary key, name text not null, people bigint)"); err != nil {
		log.Fatal(err)
	}
	// In a transaction: all of it, or nothing.
	tx, err := db.Begin()
	if err != nil {
		log.Fatal(err)
	}
	defer tx.Rollback()
	insert, err := tx.Prepare("insert into city(name, people) values (?, ?)")
	if err != nil {
		log.Fatal(err)
	}
	for name, people := range map[string]int{"Lagos": 15388000, "Kano": 4103000, "Accra": 2514000} {
		if _, err := insert.Exec(name, people); err != nil {
			log.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		log.Fatal(err)
	}

	rows, err := db.Query("select name, people from city where people > ? order by people desc", 3_000_000)
	if err != nil {
		log.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var people int64
		if err := rows.Scan(&name, &people); err != nil {
			log.Fatal(err)
		}
		fmt.Println(name, people)
	}
	if err := rows.Err(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// Lagos 15388000
	// Kano 4103000
}

// Vectors are []float32, as parameters and in Scan. <-> is the Euclidean distance.
func Example_nearestNeighbours() {
	db, err := sql.Open("turdb", ":memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("create table item(id integer primary key, name text, v vector(3))"); err != nil {
		log.Fatal(err)
	}
	for name, v := range map[string][]float32{"red": {1, 0, 0}, "green": {0, 1, 0}, "orange": {1, 0.6, 0}, "blue": {0, 0, 1}} {
		if _, err := db.Exec("insert into item(name, v) values (?, ?)", name, v); err != nil {
			log.Fatal(err)
		}
	}
	rows, err := db.Query("select name, v, v <-> $1 as distance from item order by v <-> $1 limit 2", []float32{1, 0.2, 0})
	if err != nil {
		log.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var v []float32
		var distance float64
		if err := rows.Scan(&name, &v, &distance); err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s %v %.2f\n", name, v, distance)
	}
	if err := rows.Err(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// red [1 0 0] 0.20
	// orange [1 0.6 0] 0.40
}

// Errors have a code and a SQLSTATE for errors.Is, and the whole story in a *turdb.Error.
func Example_errors() {
	db, err := sql.Open("turdb", ":memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("create table person(id integer primary key, email text unique); insert into person values (1, 'ada@example.org')"); err != nil {
		log.Fatal(err)
	}

	_, err = db.Exec("insert into person values (2, 'ada@example.org')")
	fmt.Println(errors.Is(err, turdb.ErrConstraint), errors.Is(err, turdb.SQLState("23505")))

	_, err = db.Query("select emial from person")
	var e *turdb.Error
	if errors.As(err, &e) {
		fmt.Println(e.Code, "|", e.State, "| at byte", e.Position, "|", e.Message)
	}

	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	_, err = db.ExecContext(ctx, "select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b")
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	// Output:
	// true true
	// turdb: TURDB_ERROR | turdb: SQLSTATE 42703 | at byte 7 | column "emial" does not exist
	// true
}

// Transactions that meet are told so: run them again.
func Example_retry() {
	db, err := sql.Open("turdb", ":memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("create table account(id integer primary key, balance bigint); insert into account values (1, 100)"); err != nil {
		log.Fatal(err)
	}
	withdraw := func() error {
		tx, err := db.BeginTx(context.Background(), &sql.TxOptions{Isolation: sql.LevelSerializable})
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if _, err := tx.Exec("update account set balance = balance - 10 where id = 1"); err != nil {
			return err
		}
		return tx.Commit()
	}
	for {
		err := withdraw()
		var e *turdb.Error
		if errors.As(err, &e) && e.CanRetry {
			continue
		}
		fmt.Println(err)
		break
	}
	// Output: <nil>
}

// The appender is the fastest way in: for tables of any size.
func ExampleConn_NewAppender() {
	db, err := sql.Open("turdb", ":memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("create table reading(at timestamptz, sensor int, value double precision)"); err != nil {
		log.Fatal(err)
	}
	conn, err := db.Conn(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	err = conn.Raw(func(driverConn any) error {
		appender, err := driverConn.(*turdb.Conn).NewAppender("reading")
		if err != nil {
			return err
		}
		defer appender.Discard()
		start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for i := range 100_000 {
			if err := appender.AppendRow(start.Add(time.Duration(i)*time.Second), i%10, float64(i)/10); err != nil {
				return err
			}
		}
		return appender.Close()
	})
	if err != nil {
		log.Fatal(err)
	}
	var count int
	var last time.Time
	if err := db.QueryRow("select count(*), max(at) from reading").Scan(&count, &last); err != nil {
		log.Fatal(err)
	}
	fmt.Println(count, last)
	// Output: 100000 2026-01-02 03:46:39 +0000 UTC
}

// Arrays scan into slices.
func ExampleSlice() {
	db, err := sql.Open("turdb", ":memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	var tags []string
	if err := db.QueryRow("select ?::text[] || 'c'::text", []string{"a", "b"}).Scan(turdb.Slice(&tags)); err != nil {
		log.Fatal(err)
	}
	fmt.Println(tags)
	// Output: [a b c]
}

// A function of Go, for SQL of one connection.
func ExampleConn_CreateFunction() {
	db, err := sql.Open("turdb", ":memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	err = conn.Raw(func(driverConn any) error {
		return driverConn.(*turdb.Conn).CreateFunction("twice", []string{"text"}, "text", turdb.Deterministic,
			func(arguments []any) (any, error) { return arguments[0].(string) + arguments[0].(string), nil })
	})
	if err != nil {
		log.Fatal(err)
	}
	var text string
	if err := conn.QueryRowContext(context.Background(), "select twice('ab')").Scan(&text); err != nil {
		log.Fatal(err)
	}
	fmt.Println(text)
	// Output: abab
}

// longest is the state of an aggregate: the longest text so far.
type longest struct{ text string }

func (l *longest) Step(arguments []any) error {
	if text := arguments[0].(string); len(text) > len(l.text) {
		l.text = text
	}
	return nil
}

func (l *longest) Result() (any, error) { return l.text, nil }

// Aggregates of Go work as those that are built in, and functions of Go give rows.
func ExampleConn_CreateAggregate() {
	db, err := sql.Open("turdb", ":memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	err = conn.Raw(func(driverConn any) error {
		c := driverConn.(*turdb.Conn)
		if err := c.CreateAggregate("longest", []string{"text"}, "text", 0, func() turdb.Aggregate { return &longest{} }); err != nil {
			return err
		}
		return c.CreateTableFunction("words", []string{"text"}, []string{"number bigint", "word text"}, 0,
			func(arguments []any) (turdb.TableRows, error) {
				return turdb.RowsOf(wordsOf(arguments[0].(string))), nil
			})
	})
	if err != nil {
		log.Fatal(err)
	}
	var text string
	if err := conn.QueryRowContext(context.Background(), "select longest(word) from words('a bc def gh')").Scan(&text); err != nil {
		log.Fatal(err)
	}
	fmt.Println(text)
	// Output: def
}

func wordsOf(text string) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for i, word := range strings.Fields(text) {
			if !yield([]any{i + 1, word}, nil) {
				return
			}
		}
	}
}

// A long value as a file.
func ExampleConn_OpenBlob() {
	db, err := sql.Open("turdb", ":memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("create table file(id integer primary key, content blob); insert into file values (7, '')"); err != nil {
		log.Fatal(err)
	}
	conn, err := db.Conn(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	source := strings.NewReader("from somewhere else")
	err = conn.Raw(func(driverConn any) error {
		blob, err := driverConn.(*turdb.Conn).OpenBlob("file", "content", true, 7) // of the row whose primary key is 7
		if err != nil {
			return err
		}
		defer blob.Close()
		_, err = io.Copy(blob, source)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	var content []byte
	if err := db.QueryRow("select content from file").Scan(&content); err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(content))
	// Output: from somewhere else
}
