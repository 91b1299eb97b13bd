package turdb

/*
#include "shim.h"
*/
import "C"

import (
	"context"
	"database/sql/driver"
	"fmt"
	"unsafe"
)

const (
	cachedStatements = 32       // of a connection, idle ones
	longestCached    = 16 << 10 // bytes of SQL
	firstBuffer      = 8 << 10  // for the first rows of a statement
	laterBuffer      = 64 << 10 // larger ones are not faster
	keptBuffer       = 1 << 20  // larger ones are not kept
)

// statement is a compiled statement, used by one Stmt or Rows at a time.
type statement struct {
	conn       *Conn
	handle     *C.turdb_stmt // nil for a text without a statement
	stop       func()
	text       string // up to the end of what was prepared; the key of the cache
	tail       int    // where the statement ends
	parameters int
	names      []string // of the parameters, once they were asked for

	columns      []column
	columnNames  []string
	compilations C.int64_t // that `columns` were described at
	packed       []byte    // the parameters
	buffer       []byte    // for rows
	rows         Rows      // of the Stmt that has it
	busy         bool      // a Rows reads it
	orphan       bool      // its Stmt was closed meanwhile
}

type column struct {
	name, declared string
	kind           int32
}

// statementCache has the idle statements of a connection, so that queries which come again are not compiled again.
type statementCache struct{ idle map[string]*statement }

func (s *statementCache) take(text string) *statement {
	st := s.idle[text]
	if st != nil {
		delete(s.idle, text)
	}
	return st
}

func (s *statementCache) give(st *statement) {
	if s.idle == nil {
		s.idle = make(map[string]*statement)
	}
	if _, there := s.idle[st.text]; there || len(st.text) > longestCached {
		st.free()
		return
	}
	if len(s.idle) >= cachedStatements {
		for text, other := range s.idle { // any one: Go's maps begin anywhere
			delete(s.idle, text)
			other.free()
			break
		}
	}
	if cap(st.buffer) > laterBuffer {
		st.buffer = nil
	}
	s.idle[st.text] = st
}

func (s *statementCache) clear() {
	for _, st := range s.idle {
		st.free()
	}
	s.idle = nil
}

func (st *statement) free() {
	if st.handle != nil {
		st.stop()
		C.turdb_stmt_free(st.handle)
		st.handle = nil
	}
}

// takeStatement compiles the statement that begins at `start`, or takes one that was compiled before, and tells where it ends.
func (c *Conn) takeStatement(query string, start int) (*statement, int, error) {
	if err := c.lock(); err != nil {
		return nil, 0, err
	}
	defer c.unlock()
	text := query[start:]
	if st := c.cache.take(text); st != nil {
		return st, start + st.tail, nil
	}
	st := &statement{conn: c, text: text}
	if len(text) == 0 {
		return st, start, nil
	}
	handle := C.turdb_go_prepare(c.handle, (*C.char)(unsafe.Pointer(unsafe.StringData(text))), C.int64_t(len(text)), &c.out)
	if c.out.status < 0 {
		err := c.fail(context.Background(), c.out.status, C.turdb_go_error(&c.out))
		shift(err, start)
		return nil, 0, err
	}
	st.handle = handle
	st.tail = int(c.out.size_bytes)
	st.parameters = int(c.out.parameters)
	if handle == nil {
		st.tail = len(text)
	} else {
		st.stop = collect(st, handle, func(handle *C.turdb_stmt) { C.turdb_stmt_free(handle) })
	}
	return st, start + st.tail, nil
}

// giveStatement gives back a statement that nothing uses any more.
func (c *Conn) giveStatement(st *statement) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.handle == nil || st.handle == nil {
		st.free()
		return
	}
	c.cache.give(st)
}

// ---- parameters

// share takes the statement's arguments off the front of those that are there. Named ones are for every statement.
func (st *statement) share(arguments []driver.NamedValue, last bool) (own, rest []driver.NamedValue, err error) {
	for i := range arguments {
		if arguments[i].Name != "" {
			return arguments, arguments, nil
		}
	}
	if len(arguments) < st.parameters || last && len(arguments) > st.parameters {
		return nil, nil, wrongCount(st.parameters, len(arguments))
	}
	return arguments[:st.parameters], arguments[st.parameters:], nil
}

// pack packs the arguments in the order of the parameters. only: all of them are for this statement.
func (st *statement) pack(arguments []driver.NamedValue, only bool) error {
	if cap(st.packed) > keptBuffer {
		st.packed = nil
	}
	st.packed = st.packed[:0]
	named := false
	for i := range arguments {
		named = named || arguments[i].Name != ""
	}
	if named {
		return st.packNamed(arguments, only)
	}
	if len(arguments) != st.parameters {
		return wrongCount(st.parameters, len(arguments))
	}
	for i := range arguments {
		if err := st.packArgument(arguments[i].Value, i+1); err != nil {
			return err
		}
	}
	return nil
}

func (st *statement) packArgument(value any, number int) error {
	var err error
	if st.packed, err = pack(st.packed, value); err != nil {
		if e, ok := err.(*Error); ok {
			e.Context = append([]string{fmt.Sprintf("parameter %d", number)}, e.Context...)
		}
	}
	return err
}

func (st *statement) packNamed(arguments []driver.NamedValue, only bool) error {
	names, err := st.parameterNames()
	if err != nil {
		return err
	}
	used := make([]bool, len(arguments))
	for i, name := range names {
		found := -1
		for j := range arguments {
			if arguments[j].Name != "" && arguments[j].Name == name || arguments[j].Name == "" && arguments[j].Ordinal == i+1 {
				found = j
			}
		}
		if found < 0 {
			return &Error{Code: ErrMisuse, State: "07001", Position: -1,
				Message: fmt.Sprintf("there is no argument for parameter %d %s", i+1, name)}
		}
		used[found] = true
		if err := st.packArgument(arguments[found].Value, i+1); err != nil {
			return err
		}
	}
	for j := range arguments {
		if only && !used[j] {
			return &Error{Code: ErrMisuse, State: "07001", Position: -1,
				Message: fmt.Sprintf("the statement has no parameter for argument %d %s", arguments[j].Ordinal, arguments[j].Name)}
		}
	}
	return nil
}

// parameterNames has the names without their first character, "" for those without one.
func (st *statement) parameterNames() ([]string, error) {
	if st.names != nil || st.parameters == 0 {
		return st.names, nil
	}
	if err := st.conn.lock(); err != nil {
		return nil, err
	}
	defer st.conn.unlock()
	st.names = make([]string, st.parameters)
	for i := range st.names {
		if name := C.GoString(C.turdb_stmt_parameter_name(st.handle, C.int64_t(i+1))); name != "" {
			st.names[i] = name[1:]
		}
	}
	return st.names, nil
}

// numberOf gives a handle of C as a number, which cgo need not look at.
func numberOf(handle unsafe.Pointer) C.uintptr_t { return C.uintptr_t(uintptr(handle)) }

func bytesPointer(data []byte) *C.uint8_t { return (*C.uint8_t)(unsafe.SliceData(data)) }

// ---- running

// exec runs the statement to its end and adds to the result.
func (st *statement) exec(ctx context.Context, arguments []driver.NamedValue, only bool, result *result) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := st.pack(arguments, only); err != nil {
		return err
	}
	c := st.conn
	if err := c.lock(); err != nil {
		return err
	}
	defer c.unlock()
	if st.handle == nil {
		return nil
	}
	w := c.watchNext(ctx)
	C.turdb_go_exec(numberOf(unsafe.Pointer(c.handle)), numberOf(unsafe.Pointer(st.handle)), bytesPointer(st.packed), C.int64_t(len(st.packed)), &c.out)
	w.end()
	if err := c.outcome(ctx); err != nil {
		return err
	}
	result.rowsAffected += int64(c.out.changes)
	result.lastInsertID = int64(c.out.last_insert_id)
	return nil
}

// describe brings `columns` up to date. With the connection locked.
func (st *statement) describe() {
	if st.compilations == st.conn.out.compilations {
		return
	}
	columns := make([]column, C.turdb_stmt_column_count(st.handle))
	names := make([]string, len(columns))
	for i := range columns {
		columns[i] = column{
			name:     C.GoString(C.turdb_stmt_column_name(st.handle, C.int64_t(i))),
			declared: C.GoString(C.turdb_stmt_column_declared_type(st.handle, C.int64_t(i))),
			kind:     int32(C.turdb_stmt_column_type(st.handle, C.int64_t(i))),
		}
		names[i] = columns[i].name
	}
	st.columns, st.columnNames, st.compilations = columns, names, st.conn.out.compilations
}

// Stmt is a prepared statement.
type Stmt struct {
	conn      *Conn
	text      string
	statement *statement
}

// use gives a statement that is not being read: the own one, or another one like it.
func (s *Stmt) use() (*statement, error) {
	if s.statement == nil {
		return nil, misuse("the statement is closed")
	}
	if !s.statement.busy {
		return s.statement, nil
	}
	st, _, err := s.conn.takeStatement(s.text, 0)
	return st, err
}

// Close implements driver.Stmt. Closing twice is fine.
func (s *Stmt) Close() error {
	st := s.statement
	s.statement = nil
	if st == nil {
		return nil
	}
	if st.busy {
		st.orphan = true // its Rows gives it back
	} else {
		s.conn.giveStatement(st)
	}
	return nil
}

// NumInput implements driver.Stmt.
func (s *Stmt) NumInput() int {
	if s.statement == nil {
		return -1
	}
	return s.statement.parameters
}

// CheckNamedValue implements driver.NamedValueChecker.
func (s *Stmt) CheckNamedValue(value *driver.NamedValue) error { return s.conn.CheckNamedValue(value) }

// ExecContext implements driver.StmtExecContext.
func (s *Stmt) ExecContext(ctx context.Context, arguments []driver.NamedValue) (driver.Result, error) {
	st, err := s.use()
	if err != nil {
		return nil, err
	}
	result := result{}
	err = st.exec(ctx, arguments, true, &result)
	if st != s.statement {
		s.conn.giveStatement(st)
	}
	if err != nil {
		return nil, err
	}
	return result, nil
}

// QueryContext implements driver.StmtQueryContext.
func (s *Stmt) QueryContext(ctx context.Context, arguments []driver.NamedValue) (driver.Rows, error) {
	st, err := s.use()
	if err != nil {
		return nil, err
	}
	// The own statement's Rows is used again: database/sql is done with it when it is closed.
	r := &st.rows
	*r = Rows{conn: s.conn, ctx: ctx, ownStatement: st != s.statement}
	if err := r.begin(st, arguments, true); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// Exec implements driver.Stmt.
func (s *Stmt) Exec(arguments []driver.Value) (driver.Result, error) {
	return s.ExecContext(context.Background(), ordinals(arguments))
}

// Query implements driver.Stmt.
func (s *Stmt) Query(arguments []driver.Value) (driver.Rows, error) {
	return s.QueryContext(context.Background(), ordinals(arguments))
}

func ordinals(arguments []driver.Value) []driver.NamedValue {
	named := make([]driver.NamedValue, len(arguments))
	for i, argument := range arguments {
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: argument}
	}
	return named
}

var (
	_ driver.Stmt              = (*Stmt)(nil)
	_ driver.StmtExecContext   = (*Stmt)(nil)
	_ driver.StmtQueryContext  = (*Stmt)(nil)
	_ driver.NamedValueChecker = (*Stmt)(nil)
)
