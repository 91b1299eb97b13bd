package turdb

/*
#include "shim.h"
*/
import "C"

import (
	"context"
	"database/sql/driver"
	"io"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unsafe"
)

// Rows are the rows of a query. They come from C many at a time, packed.
type Rows struct {
	conn *Conn
	ctx  context.Context

	statement    *statement
	ownStatement bool // it is given back when the rows end
	watch        watch
	columns      []column
	names        []string // of the columns
	reader       reader
	left         int64 // rows in the reader
	more         bool  // there may be rows behind them
	closed       bool

	// What is behind the statement, when it is not a prepared one.
	text      string
	start     int
	arguments []driver.NamedValue
}

// nextStatement runs statements up to one that gives rows, or to the last one.
func (r *Rows) nextStatement() error {
	for {
		st, tail, err := r.conn.takeStatement(r.text, r.start)
		if err != nil {
			return err
		}
		r.ownStatement = true
		last := isBlank(r.text[tail:])
		own, rest, err := st.share(r.arguments, last)
		if err != nil {
			r.conn.giveStatement(st)
			return err
		}
		if err := r.begin(st, own, r.start == 0 && last); err != nil {
			shift(err, r.start)
			r.leave()
			return err
		}
		r.arguments, r.start = rest, tail
		if last {
			r.start = len(r.text)
		}
		if last || len(r.columns) > 0 {
			return nil
		}
		r.leave()
	}
}

// begin runs the statement, which is the rows' from here on, up to its first rows.
func (r *Rows) begin(st *statement, arguments []driver.NamedValue, only bool) error {
	r.statement = st
	st.busy = true
	if err := r.ctx.Err(); err != nil {
		return err
	}
	if err := st.pack(arguments, only); err != nil {
		return err
	}
	c := r.conn
	if err := c.lock(); err != nil {
		return err
	}
	defer c.unlock()
	if st.handle == nil {
		return nil
	}
	if st.buffer == nil {
		st.buffer = make([]byte, firstBuffer)
	}
	r.watch = c.watchNext(r.ctx)
	C.turdb_go_start(numberOf(unsafe.Pointer(c.handle)), numberOf(unsafe.Pointer(st.handle)), bytesPointer(st.packed), C.int64_t(len(st.packed)),
		bytesPointer(st.buffer), C.int64_t(len(st.buffer)), &c.out)
	if err := r.took(); err != nil {
		return err
	}
	st.describe()
	r.columns, r.names = st.columns, st.columnNames
	return nil
}

// fetch fetches more rows.
func (r *Rows) fetch() error {
	c, st := r.conn, r.statement
	if err := c.lock(); err != nil {
		return err
	}
	defer c.unlock()
	if len(st.buffer) < laterBuffer {
		st.buffer = make([]byte, laterBuffer)
	}
	for {
		C.turdb_go_fetch(numberOf(unsafe.Pointer(c.handle)), numberOf(unsafe.Pointer(st.handle)), bytesPointer(st.buffer), C.int64_t(len(st.buffer)), &c.out)
		if err := r.took(); err != nil {
			return err
		}
		if r.left > 0 || !r.more {
			return nil
		}
		// The next row is longer than the memory.
		st.buffer = make([]byte, c.out.size_bytes)
	}
}

// took takes over what a call has fetched. With the connection locked.
func (r *Rows) took() error {
	out := &r.conn.out
	r.more = out.status == C.TURDB_ROW
	r.left = int64(out.rows)
	r.reader = reader{data: r.statement.buffer[:len(r.statement.buffer)]}
	if r.more && r.left == 0 && int(out.size_bytes) > len(r.statement.buffer) {
		r.statement.buffer = make([]byte, out.size_bytes)
	}
	if !r.more {
		r.watch.end()
	}
	return r.conn.outcome(r.ctx)
}

// leave ends the statement, which is no more the rows' then.
func (r *Rows) leave() {
	r.watch.end()
	st := r.statement
	if st == nil {
		return
	}
	r.statement = nil
	st.busy = false
	if r.more && r.conn.lock() == nil {
		if C.turdb_stmt_reset(st.handle, nil) != C.TURDB_OK {
			st.free()
		}
		r.conn.autocommit = bool(C.turdb_conn_in_autocommit(r.conn.handle))
		r.conn.unlock()
	}
	r.more, r.left = false, 0
	if r.ownStatement || st.orphan {
		st.orphan = false
		r.conn.giveStatement(st)
	} else if cap(st.buffer) > keptBuffer {
		st.buffer = nil
	}
}

// Columns implements driver.Rows.
func (r *Rows) Columns() []string { return r.names }

// Close implements driver.Rows.
func (r *Rows) Close() error {
	if !r.closed {
		r.closed = true
		r.leave()
	}
	return nil
}

// Next implements driver.Rows.
func (r *Rows) Next(values []driver.Value) error {
	if r.left == 0 {
		if !r.more || r.closed {
			return io.EOF
		}
		if err := r.fetch(); err != nil {
			r.more = false // it was rolled back
			return err
		}
		if r.left == 0 {
			return io.EOF
		}
	}
	r.left--
	in := &r.reader
	for i := range values {
		if r.columns[i].kind == C.TURDB_TYPE_ANY {
			values[i] = in.loose()
		} else {
			values[i] = in.value()
		}
	}
	return nil
}

// HasNextResultSet implements driver.RowsNextResultSet.
func (r *Rows) HasNextResultSet() bool { return !r.closed && !isBlank(r.text[r.start:]) }

// NextResultSet implements driver.RowsNextResultSet.
func (r *Rows) NextResultSet() error {
	if !r.HasNextResultSet() {
		return io.EOF
	}
	r.leave()
	r.columns, r.names = nil, nil
	if err := r.nextStatement(); err != nil {
		return err
	}
	if len(r.columns) == 0 {
		return io.EOF
	}
	return nil
}

// ColumnTypeDatabaseTypeName implements driver.RowsColumnTypeDatabaseTypeName: the type as SQL writes it, in capital letters and
// without what is in parentheses.
func (r *Rows) ColumnTypeDatabaseTypeName(index int) string {
	name := strings.ToUpper(r.columns[index].declared)
	if open := strings.IndexByte(name, '('); open >= 0 {
		rest := ""
		if end := strings.IndexByte(name[open:], ')'); end >= 0 {
			rest = name[open+end+1:]
		}
		name = name[:open] + rest
	}
	return name
}

// ColumnTypeLength implements driver.RowsColumnTypeLength.
func (r *Rows) ColumnTypeLength(index int) (int64, bool) {
	switch r.columns[index].kind {
	case C.TURDB_TYPE_TEXT:
		if length, _, ok := r.typeArguments(index); ok {
			return length, true
		}
		return math.MaxInt64, true
	case C.TURDB_TYPE_BLOB, C.TURDB_TYPE_JSON, C.TURDB_TYPE_JSONB:
		return math.MaxInt64, true
	}
	return 0, false
}

// ColumnTypePrecisionScale implements driver.RowsColumnTypePrecisionScale.
func (r *Rows) ColumnTypePrecisionScale(index int) (precision, scale int64, ok bool) {
	if r.columns[index].kind != C.TURDB_TYPE_DECIMAL {
		return 0, 0, false
	}
	if precision, scale, ok = r.typeArguments(index); !ok {
		return math.MaxInt64, math.MaxInt64, true
	}
	return precision, scale, true
}

// typeArguments are the numbers of "decimal(10,2)".
func (r *Rows) typeArguments(index int) (first, second int64, ok bool) {
	_, text, found := strings.Cut(r.columns[index].declared, "(")
	text, _, closed := strings.Cut(text, ")")
	if !found || !closed {
		return 0, 0, false
	}
	one, two, _ := strings.Cut(text, ",")
	first, err := strconv.ParseInt(strings.TrimSpace(one), 10, 64)
	second, _ = strconv.ParseInt(strings.TrimSpace(two), 10, 64)
	return first, second, err == nil
}

// ColumnTypeNullable implements driver.RowsColumnTypeNullable: TurDB does not tell yet.
func (r *Rows) ColumnTypeNullable(int) (nullable, ok bool) { return true, false }

// ColumnTypeScanType implements driver.RowsColumnTypeScanType: the type of values that are not NULL.
func (r *Rows) ColumnTypeScanType(index int) reflect.Type {
	switch r.columns[index].kind {
	case C.TURDB_TYPE_BOOL:
		return reflect.TypeFor[bool]()
	case C.TURDB_TYPE_INT8, C.TURDB_TYPE_INT16, C.TURDB_TYPE_INT32, C.TURDB_TYPE_INT64, C.TURDB_TYPE_UINT8, C.TURDB_TYPE_UINT16,
		C.TURDB_TYPE_UINT32:
		return reflect.TypeFor[int64]()
	case C.TURDB_TYPE_UINT64:
		return reflect.TypeFor[uint64]()
	case C.TURDB_TYPE_FLOAT, C.TURDB_TYPE_DOUBLE:
		return reflect.TypeFor[float64]()
	case C.TURDB_TYPE_BLOB, C.TURDB_TYPE_JSON, C.TURDB_TYPE_JSONB:
		return reflect.TypeFor[[]byte]()
	case C.TURDB_TYPE_DATE, C.TURDB_TYPE_TIMESTAMP, C.TURDB_TYPE_TIMESTAMPTZ:
		return reflect.TypeFor[time.Time]()
	case C.TURDB_TYPE_INTERVAL:
		return reflect.TypeFor[Interval]()
	case C.TURDB_TYPE_ARRAY:
		return reflect.TypeFor[[]any]()
	case C.TURDB_TYPE_VECTOR:
		switch declared := r.columns[index].declared; {
		case strings.Contains(declared, "int8"):
			return reflect.TypeFor[[]int8]()
		case strings.Contains(declared, "bit"):
			return reflect.TypeFor[[]bool]()
		}
		return reflect.TypeFor[[]float32]()
	case C.TURDB_TYPE_NULL, C.TURDB_TYPE_ANY:
		return reflect.TypeFor[any]()
	}
	return reflect.TypeFor[string]()
}

var (
	_ driver.RowsNextResultSet              = (*Rows)(nil)
	_ driver.RowsColumnTypeDatabaseTypeName = (*Rows)(nil)
	_ driver.RowsColumnTypeLength           = (*Rows)(nil)
	_ driver.RowsColumnTypeNullable         = (*Rows)(nil)
	_ driver.RowsColumnTypePrecisionScale   = (*Rows)(nil)
	_ driver.RowsColumnTypeScanType         = (*Rows)(nil)
)
