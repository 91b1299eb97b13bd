package turdb

/*
#include "shim.h"
*/
import "C"

import (
	"fmt"
	"time"
)

func setHook[F any](c *Conn, kind C.int32_t, set bool, hook F) error {
	if err := c.lock(); err != nil {
		return err
	}
	defer c.unlock()
	var handle C.uintptr_t
	if set {
		handle = newCallback(c, hook)
	}
	var e *C.turdb_error
	return c.check(C.turdb_go_set_hook(c.handle, kind, handle, &e), e)
}

// SetCommitHook has a function of Go asked before a transaction that changed something commits. An error, or a panic, rolls it
// back, and is the cause of the commit's error. nil takes the hook away. Hooks may not use the connection.
func (c *Conn) SetCommitHook(hook func() error) error {
	return setHook(c, C.TURDB_GO_COMMIT_HOOK, hook != nil, hook)
}

// SetRollbackHook has a function of Go told after a transaction that changed something was rolled back. Nobody is told of its panics.
// nil takes the hook away.
func (c *Conn) SetRollbackHook(hook func()) error {
	return setHook(c, C.TURDB_GO_ROLLBACK_HOOK, hook != nil, hook)
}

// SetChangeHook has a function of Go told of rows that a statement has changed, by itself, by triggers or by foreign keys, some rows
// of one table at a time. An error, or a panic, takes all changes of the statement back, and is the cause of its error. nil takes the
// hook away.
func (c *Conn) SetChangeHook(hook func(change *Change) error) error {
	return setHook(c, C.TURDB_GO_CHANGE_HOOK, hook != nil, hook)
}

// SetTrace has a function of Go told when a statement begins and when it ends. Nobody is told of its panics. nil takes it away.
func (c *Conn) SetTrace(hook func(trace *Trace)) error {
	return setHook(c, C.TURDB_GO_TRACE_HOOK, hook != nil, hook)
}

// SetAuthorizer has a function of Go asked, while a statement is compiled, about everything that it names. A panic denies, and is the
// cause of the statement's error. nil takes it away: everything is allowed then.
func (c *Conn) SetAuthorizer(authorizer func(asked Authorization) Access) error {
	return setHook(c, C.TURDB_GO_AUTHORIZER, authorizer != nil, authorizer)
}

// SetProgress has a function of Go called about every `interval`, of at least a millisecond, while a statement works or waits. An
// error, or a panic, interrupts the statement, and is the cause of its error. nil takes it away.
func (c *Conn) SetProgress(interval time.Duration, progress func() error) error {
	if err := c.lock(); err != nil {
		return err
	}
	defer c.unlock()
	var handle C.uintptr_t
	if progress != nil {
		handle = newCallback(c, progress)
	}
	var e *C.turdb_error
	err := c.check(C.turdb_go_set_progress(c.handle, C.int64_t(max(1, interval.Milliseconds())), handle, &e), e)
	if err != nil {
		turdbGoRelease(handle)
		return err
	}
	c.progress.replace(handle)
	return nil
}

// ownedCallback is one that C does not give back by itself. It goes with the connection.
type ownedCallback struct{ handle C.uintptr_t }

func (o *ownedCallback) replace(handle C.uintptr_t) {
	turdbGoRelease(o.handle)
	o.handle = handle
}

//export turdbGoCommit
func turdbGoCommit(handle C.uintptr_t) C.bool {
	b := callbackOf[func() error](handle)
	return b.run(b.function) != nil
}

//export turdbGoProgress
func turdbGoProgress(handle C.uintptr_t) C.bool { return turdbGoCommit(handle) }

//export turdbGoRollback
func turdbGoRollback(handle C.uintptr_t) {
	b := callbackOf[func()](handle)
	b.tell(b.function)
}

// ---- changes

// Operation is what was done to rows.
type Operation int32

const (
	Insert Operation = C.TURDB_CHANGE_INSERT
	Update Operation = C.TURDB_CHANGE_UPDATE
	Delete Operation = C.TURDB_CHANGE_DELETE
)

func (o Operation) String() string {
	switch o {
	case Insert:
		return "INSERT"
	case Update:
		return "UPDATE"
	case Delete:
		return "DELETE"
	}
	return fmt.Sprintf("Operation(%d)", int32(o))
}

// Change are rows of one table that a statement has changed. It is of use while the hook runs.
type Change struct {
	Operation    Operation
	Schema       string
	Table        string
	ByTrigger    bool // a trigger made the change
	ByForeignKey bool // a foreign key did: ON DELETE CASCADE and its like

	raw *C.turdb_change
}

//export turdbGoChange
func turdbGoChange(handle C.uintptr_t, raw *C.turdb_change) C.bool {
	b := callbackOf[func(change *Change) error](handle)
	change := &Change{
		Operation:    Operation(C.turdb_change_operation(raw)),
		Schema:       C.GoString(C.turdb_change_schema(raw)),
		Table:        C.GoString(C.turdb_change_table(raw)),
		ByTrigger:    bool(C.turdb_change_by_trigger(raw)),
		ByForeignKey: bool(C.turdb_change_by_foreign_key(raw)),
		raw:          raw,
	}
	defer func() { change.raw = nil }()
	return b.run(func() error { return b.function(change) }) != nil
}

// RowCount is the number of rows, at least 1.
func (c *Change) RowCount() int { return int(C.turdb_change_row_count(c.raw)) }

// Columns are the names of the table's columns.
func (c *Change) Columns() []string {
	columns := make([]string, C.turdb_change_column_count(c.raw))
	for i := range columns {
		columns[i] = C.GoString(C.turdb_change_column_name(c.raw, C.int64_t(i)))
	}
	return columns
}

// IsKey tells whether a column, counted from 0, is part of the primary key.
func (c *Change) IsKey(column int) bool {
	return bool(C.turdb_change_column_is_key(c.raw, C.int64_t(column)))
}

// Old is a row, counted from 0, as it was; nil for one that was inserted. Values are as arguments of a ScalarFunction are.
func (c *Change) Old(row int) ([]any, error) {
	if c.Operation == Insert {
		return nil, nil
	}
	return c.row(false, row)
}

// New is a row as it is; nil for one that was deleted.
func (c *Change) New(row int) ([]any, error) {
	if c.Operation == Delete {
		return nil, nil
	}
	return c.row(true, row)
}

func (c *Change) row(isNew bool, row int) ([]any, error) {
	if c.raw == nil {
		return nil, misuse("the hook that was told of the change has returned")
	}
	data := make([]byte, 256)
	for {
		var size C.int64_t
		var e *C.turdb_error
		status := C.turdb_change_pack(c.raw, C.bool(isNew), C.int64_t(row), bytesPointer(data), C.int64_t(len(data)), &size, &e)
		if status != C.TURDB_OK {
			return nil, takeError(status, e)
		}
		if int(size) <= len(data) {
			break
		}
		data = make([]byte, size)
	}
	in := reader{data: data}
	values := make([]any, C.turdb_change_column_count(c.raw))
	for i := range values {
		values[i] = in.loose()
	}
	return values, nil
}

// ---- trace

// Trace is a statement that begins or ends. It is of use while the hook runs.
type Trace struct {
	Begins    bool  // otherwise it ends
	Execution int64 // its number; the beginning and the end have the same
	SQL       string

	// At the end.
	Err      error         // nil: it succeeded
	Duration time.Duration // inside its steps
	Rows     int64         // that it gave
	Changes  int64         // rows that it changed

	raw *C.turdb_trace
}

//export turdbGoTrace
func turdbGoTrace(handle C.uintptr_t, raw *C.turdb_trace) {
	b := callbackOf[func(trace *Trace)](handle)
	trace := &Trace{
		Begins:    bool(C.turdb_trace_begins(raw)),
		Execution: int64(C.turdb_trace_execution(raw)),
		SQL:       C.GoString(C.turdb_trace_sql(raw)),
		raw:       raw,
	}
	if !trace.Begins {
		trace.Duration = time.Duration(C.turdb_trace_nanos(raw))
		trace.Rows = int64(C.turdb_trace_rows(raw))
		trace.Changes = int64(C.turdb_trace_changes(raw))
		if status := C.turdb_trace_status(raw); status < 0 {
			trace.Err = copyError(status, C.turdb_trace_error(raw))
		}
	}
	defer func() { trace.raw = nil }()
	b.tell(func() { b.function(trace) })
}

// ExpandedSQL is the statement with the values that are bound in the places of the parameters, for people to read; "" once the hook has
// returned.
func (t *Trace) ExpandedSQL() string {
	if t.raw == nil {
		return ""
	}
	return C.GoString(C.turdb_trace_expanded_sql(t.raw))
}

// ---- authorizer

// Action is what a statement wants to do.
type Action int32

const (
	ActionRead        Action = C.TURDB_ACTION_READ        // a table or view; then each column of it
	ActionInsert      Action = C.TURDB_ACTION_INSERT      // into a table or view
	ActionUpdate      Action = C.TURDB_ACTION_UPDATE      // one; then each column that gets a value
	ActionDelete      Action = C.TURDB_ACTION_DELETE      // from one; TRUNCATE, too
	ActionFunction    Action = C.TURDB_ACTION_FUNCTION    // call one
	ActionCreate      Action = C.TURDB_ACTION_CREATE      // any object of the catalog; a schema has no object
	ActionAlter       Action = C.TURDB_ACTION_ALTER       // likewise
	ActionDrop        Action = C.TURDB_ACTION_DROP        // likewise
	ActionTransaction Action = C.TURDB_ACTION_TRANSACTION // "begin", "commit", "rollback", "savepoint", "release", "rollback to"
	ActionSetting     Action = C.TURDB_ACTION_SETTING     // set, reset or show one
	ActionFile        Action = C.TURDB_ACTION_FILE        // read or write a file of the machine
	ActionMaintenance Action = C.TURDB_ACTION_MAINTENANCE // "vacuum", "analyze", "checkpoint"
)

// Access is what an authorizer answers.
type Access int32

const (
	Allow  Access = C.TURDB_ALLOW
	Deny   Access = C.TURDB_DENY   // the statement is not compiled: SQLSTATE 42501
	Ignore Access = C.TURDB_IGNORE // a column reads as NULL; for everything else as Deny
)

// Authorization is what an authorizer is asked about. Texts are "" where there is none.
type Authorization struct {
	Action                 Action
	Schema, Object, Column string
	Accessor               string // the view or trigger whose text names it; "": the statement itself
}

//export turdbGoAuthorize
func turdbGoAuthorize(handle C.uintptr_t, action C.int32_t, schema, object, column, accessor *C.char) C.int32_t {
	b := callbackOf[func(asked Authorization) Access](handle)
	access := Deny
	err := b.run(func() error {
		access = b.function(Authorization{
			Action: Action(action), Schema: C.GoString(schema), Object: C.GoString(object), Column: C.GoString(column),
			Accessor: C.GoString(accessor),
		})
		return nil
	})
	if err != nil {
		return C.TURDB_DENY
	}
	return C.int32_t(access)
}
