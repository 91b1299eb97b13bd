package turdb_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"

	"turdb"
)

// open opens a database that ends with the test: in memory, or in a file with "file".
func open(t testing.TB, name string) *sql.DB {
	t.Helper()
	if name == "file" {
		name = filepath.Join(t.TempDir(), "database")
	}
	db, err := sql.Open("turdb", name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func mustExec(t testing.TB, db interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
}, query string, arguments ...any) sql.Result {
	t.Helper()
	result, err := db.ExecContext(context.Background(), query, arguments...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return result
}

func scanOne[T any](t testing.TB, db interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}, query string, arguments ...any) T {
	t.Helper()
	var value T
	if err := db.QueryRowContext(context.Background(), query, arguments...).Scan(&value); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return value
}

// withConn runs with a connection of the driver.
func withConn(t testing.TB, db *sql.DB, use func(conn *turdb.Conn) error) error {
	t.Helper()
	conn, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.Raw(func(c any) error { return use(c.(*turdb.Conn)) })
}
