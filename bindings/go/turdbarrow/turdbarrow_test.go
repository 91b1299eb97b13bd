package turdbarrow_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/arrow/memory/mallocator"

	"turdb"
	"turdb/turdbarrow"
)

func connect(t testing.TB) *sql.Conn {
	db, err := sql.Open("turdb", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(); db.Close() })
	return conn
}

func exec(t testing.TB, conn *sql.Conn, query string) {
	t.Helper()
	if _, err := conn.ExecContext(context.Background(), query); err != nil {
		t.Fatal(err)
	}
}

// numbers is a reader of batches of int64 and texts.
func numbers(t testing.TB, batches, rows int) array.RecordReader {
	schema := arrow.NewSchema([]arrow.Field{{Name: "i", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		{Name: "s", Type: arrow.BinaryTypes.String, Nullable: true}}, nil)
	var all []arrow.RecordBatch
	for batch := range batches {
		builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		for row := range rows {
			builder.Field(0).(*array.Int64Builder).Append(int64(batch*rows + row))
			builder.Field(1).(*array.StringBuilder).Append(fmt.Sprint("row ", row))
		}
		all = append(all, builder.NewRecordBatch())
	}
	reader, err := array.NewRecordReader(schema, all)
	if err != nil {
		t.Fatal(err)
	}
	return reader
}

func TestRoundTrip(t *testing.T) {
	conn := connect(t)
	exec(t, conn, "create table t(i bigint primary key, s text)")
	count, err := turdbarrow.Append(conn, "t", numbers(t, 3, 5000))
	if err != nil || count != 15000 {
		t.Fatal(count, err)
	}
	rows, err := turdbarrow.Query(t.Context(), conn, "select i, s from t where i >= ? order by i", 10)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Release()
	if rows.Schema().Field(0).Name != "i" || rows.Schema().Field(1).Type.ID() != arrow.STRING {
		t.Fatal(rows.Schema())
	}
	var got, sum int64
	for rows.Next() {
		batch := rows.RecordBatch()
		for _, value := range batch.Column(0).(*array.Int64).Int64Values() {
			sum += value
		}
		got += batch.NumRows()
	}
	if rows.Err() != nil || got != 14990 || sum != 15000*14999/2-45 {
		t.Fatal(got, sum, rows.Err())
	}
}

// A statement runs on the connection while its rows are read as Arrow.
func TestOtherStatementsMeanwhile(t *testing.T) {
	conn := connect(t)
	rows, err := turdbarrow.Query(t.Context(), conn, "select i::bigint from generate_series(1, 200000) g(i)")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Release()
	var total int64
	for rows.Next() {
		total += rows.RecordBatch().NumRows()
		exec(t, conn, "select 1")
	}
	if rows.Err() != nil || total != 200000 {
		t.Fatal(total, rows.Err())
	}
}

// Slices, dictionaries, lists, structs and empty batches, of Go's memory and of C's.
func TestAllocators(t *testing.T) {
	conn := connect(t)
	for _, allocator := range []memory.Allocator{memory.DefaultAllocator, mallocator.NewMallocator()} {
		dictionary := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}
		schema := arrow.NewSchema([]arrow.Field{{Name: "i", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
			{Name: "d", Type: dictionary, Nullable: true}, {Name: "l", Type: arrow.ListOf(arrow.PrimitiveTypes.Int64), Nullable: true}}, nil)
		builder := array.NewRecordBuilder(allocator, schema)
		for i := range 100 {
			builder.Field(0).(*array.Int32Builder).Append(int32(i))
			if err := builder.Field(1).(*array.BinaryDictionaryBuilder).AppendString(fmt.Sprint(i % 3)); err != nil {
				t.Fatal(err)
			}
			list := builder.Field(2).(*array.ListBuilder)
			list.Append(i%2 == 0)
			list.ValueBuilder().(*array.Int64Builder).Append(int64(i))
		}
		whole := builder.NewRecordBatch()
		rows, err := array.NewRecordReader(schema, []arrow.RecordBatch{whole.NewSlice(10, 20), whole.NewSlice(5, 5), whole.NewSlice(50, 100)})
		if err != nil {
			t.Fatal(err)
		}
		source := rows
		if allocator != memory.DefaultAllocator {
			source = turdbarrow.InC(rows)
		}
		if err := turdbarrow.Register(conn, "source", source); err != nil {
			t.Fatal(err)
		}
		var count, sum, lists int64
		var texts string
		err = conn.QueryRowContext(t.Context(), "select count(*), sum(i), min(d) || max(d), sum(l[1]) filter (where i % 2 = 0) from source").
			Scan(&count, &sum, &texts, &lists)
		if err != nil || count != 60 || sum != 145+3725 || texts != "02" || lists != 70+1850 {
			t.Fatal(count, sum, texts, lists, err)
		}
		rows.Release()
		whole.Release()
		builder.Release()
	}
}

func TestRegister(t *testing.T) {
	conn := connect(t)
	if err := turdbarrow.Register(conn, "numbers", numbers(t, 2, 100)); err != nil {
		t.Fatal(err)
	}
	var count int64
	if err := conn.QueryRowContext(t.Context(), "select count(*) from numbers where i % 2 = 0").Scan(&count); err != nil || count != 100 {
		t.Fatal(count, err)
	}
	err := conn.QueryRowContext(t.Context(), "select count(*) from numbers").Scan(&count)
	if !errors.Is(err, turdb.SQLState("24000")) {
		t.Fatal("a stream cannot be read twice:", err)
	}
}

func TestCancel(t *testing.T) {
	conn := connect(t)
	ctx, cancel := context.WithCancel(t.Context())
	rows, err := turdbarrow.Query(ctx, conn, "select a.i from generate_series(1, 1000000) a(i), generate_series(1, 1000) b")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Release()
	if !rows.Next() {
		t.Fatal(rows.Err())
	}
	cancel()
	for rows.Next() {
	}
	if !errors.Is(rows.Err(), context.Canceled) || !errors.Is(rows.Err(), turdb.ErrInterrupted) {
		t.Fatal(rows.Err())
	}
	exec(t, conn, "select 1") // what comes next is not hit
}

func TestErrors(t *testing.T) {
	conn := connect(t)
	if _, err := turdbarrow.Query(t.Context(), conn, "selekt"); !errors.Is(err, turdb.SQLState("42601")) {
		t.Fatal(err)
	}
	exec(t, conn, "create table t(i bigint primary key, s text)")
	exec(t, conn, "insert into t values (7, '')")
	if _, err := turdbarrow.Append(conn, "t", numbers(t, 1, 10)); !errors.Is(err, turdb.ErrConstraint) {
		t.Fatal(err)
	}
	if _, err := turdbarrow.Append(conn, "nowhere", numbers(t, 1, 10)); !errors.Is(err, turdb.SQLState("42P01")) {
		t.Fatal(err)
	}
	rows, err := turdbarrow.Query(t.Context(), conn, "select 1 / (200000 - i) from generate_series(1, 200000) g(i)")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Release()
	for rows.Next() {
	}
	var whole *turdb.Error
	if !errors.As(rows.Err(), &whole) || whole.State != "22012" {
		t.Fatal(rows.Err())
	}
	// A database that is closed while a reader is there.
	left, err := turdbarrow.Query(t.Context(), conn, "select i from generate_series(1, 1000000) g(i)")
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Raw(func(c any) error { return c.(*turdb.Conn).Close() })
	for left.Next() {
	}
	if left.Err() == nil {
		t.Fatal("a reader of a closed connection reads")
	}
	left.Release()
}

type panicking struct{ array.RecordReader }

func (panicking) Next() bool { panic("no more") }

// Panics in a reader of the program's own are errors, and so is using the connection that reads it.
func TestReaderThatPanics(t *testing.T) {
	conn := connect(t)
	exec(t, conn, "create table t(i bigint, s text)")
	_, err := turdbarrow.Append(conn, "t", panicking{numbers(t, 1, 10)})
	var panicked *turdb.PanicError
	if !errors.As(err, &panicked) || panicked.Value != "no more" {
		t.Fatal(err)
	}
	rows, err := turdbarrow.Query(t.Context(), conn, "select i::bigint, 'x' from generate_series(1, 100000) g(i)")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Release()
	if _, err := turdbarrow.Append(conn, "t", rows); !errors.Is(err, turdb.ErrMisuse) {
		t.Fatal(err)
	}
}

func Example() {
	db, _ := sql.Open("turdb", ":memory:")
	defer db.Close()
	ctx := context.Background()
	conn, err := db.Conn(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	rows, err := turdbarrow.Query(ctx, conn, "select i, i * 0.5 as half from generate_series(1, 3) g(i)")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rows.Release()
	for rows.Next() {
		fmt.Println(rows.RecordBatch().NumRows(), "rows of", rows.Schema().Field(0).Type)
	}
	if err := rows.Err(); err != nil {
		fmt.Println(err)
	}
	// Output: 3 rows of int32
}
