package turdb

/*
#include <stdlib.h>
#include "shim.h"
*/
import "C"

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Conn is a connection. database/sql uses it; programs get at it for what database/sql has no words for:
//
//	err := sqlConn.Raw(func(driverConn any) error {
//		conn := driverConn.(*turdb.Conn)
//		...
//	})
//
// Its methods may be called from any goroutine; they wait for each other.
type Conn struct {
	database  *database
	connector *Connector // of Driver.Open, closed with the connection
	mu        sync.Mutex // held during calls of C
	handle    *C.turdb_conn
	interrupt *C.turdb_interrupt
	stop      func() // ends the care of the garbage collector

	inside     atomic.Bool // SQL is calling a function of Go
	autocommit bool        // no transaction is open
	cache      statementCache
	out        C.turdb_go_outcome
	raised     error // by a function of Go that SQL called
	progress   *ownedCallback
}

// collect frees a handle when its owner is garbage. The frees of turdb.h work in any order and on any thread. What is returned
// ends that.
func collect[Owner, Handle any](owner *Owner, handle Handle, free func(Handle)) func() {
	return runtime.AddCleanup(owner, free, handle).Stop
}

// lock makes the connection this goroutine's.
func (c *Conn) lock() error {
	if !c.mu.TryLock() {
		if c.inside.Load() {
			return misuse("the connection is running the statement that called this function: use another one")
		}
		c.mu.Lock()
	}
	if c.handle == nil {
		c.mu.Unlock()
		return misuse("the connection is closed")
	}
	return nil
}

func (c *Conn) unlock() { c.mu.Unlock() }

// fail makes an error of a call's status, with what caused it.
func (c *Conn) fail(ctx context.Context, status C.turdb_status, e *C.turdb_error) error {
	err := takeError(status, e)
	if c.raised != nil {
		err.cause, c.raised = c.raised, nil
	} else if err.Code == ErrInterrupted && ctx.Err() != nil {
		err.cause = ctx.Err()
	}
	return err
}

// outcome is nil, or the error of a call of shim.h.
func (c *Conn) outcome(ctx context.Context) error {
	c.autocommit = bool(c.out.autocommit)
	if c.out.status >= 0 {
		c.raised = nil
		return nil
	}
	return c.fail(ctx, c.out.status, C.turdb_go_error(&c.out))
}

// check is outcome for calls of turdb.h itself.
func (c *Conn) check(status C.turdb_status, e *C.turdb_error) error {
	if status >= 0 {
		c.raised = nil
		return nil
	}
	return c.fail(context.Background(), status, e)
}

// ---- cancelling

// watch stops what runs when a context is done.
type watch struct {
	stop func() bool
	done chan struct{}
}

// watchNext stops the execution that begins next. With mu held. The zero watch watches nothing.
func (c *Conn) watchNext(ctx context.Context) watch {
	if ctx.Done() == nil {
		return watch{}
	}
	execution := C.turdb_interrupt_execution(c.interrupt) + 1
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		C.turdb_interrupt_stop_execution(c.interrupt, execution)
		close(done)
	})
	return watch{stop, done}
}

// end returns when the watch will not interrupt any more.
func (w *watch) end() {
	if w.stop != nil && !w.stop() {
		<-w.done
	}
	w.stop = nil
}

// ---- driver.Conn

// Close implements driver.Conn: it rolls back an open transaction. Closing twice is fine.
func (c *Conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.handle == nil {
		return nil
	}
	c.cache.clear()
	var e *C.turdb_error
	status := C.turdb_conn_close(c.handle, &e)
	c.stop()
	C.turdb_conn_free(c.handle)
	c.handle = nil
	c.progress.replace(0)
	if c.connector != nil {
		defer c.connector.Close()
	}
	if status == C.TURDB_MISUSE { // the database was closed before
		C.turdb_error_free(e)
		return nil
	}
	return c.check(status, e)
}

// Ping implements driver.Pinger.
func (c *Conn) Ping(ctx context.Context) error {
	_, err := c.ExecContext(ctx, "select 1", nil)
	return err
}

// ResetSession implements driver.SessionResetter: a transaction that was begun by SQL and left open is rolled back before somebody
// else gets the connection.
func (c *Conn) ResetSession(ctx context.Context) error {
	if c.lock() != nil {
		return driver.ErrBadConn
	}
	defer c.unlock()
	if c.autocommit {
		return nil
	}
	var e *C.turdb_error
	if c.check(C.turdb_conn_rollback(c.handle, &e), e) != nil && !bool(C.turdb_conn_in_autocommit(c.handle)) {
		return driver.ErrBadConn
	}
	c.autocommit = true
	return nil
}

// IsValid implements driver.Validator.
func (c *Conn) IsValid() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.handle != nil
}

// CheckNamedValue implements driver.NamedValueChecker: what parameters may be is said in the documentation of the package.
func (c *Conn) CheckNamedValue(value *driver.NamedValue) error {
	var err error
	value.Value, err = normalise(value.Value)
	return err
}

// ---- transactions

// Begin implements driver.Conn.
func (c *Conn) Begin() (driver.Tx, error) { return c.BeginTx(context.Background(), driver.TxOptions{}) }

// BeginTx implements driver.ConnBeginTx. Every level up to snapshot isolation is snapshot isolation.
func (c *Conn) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	text := "begin"
	switch sql.IsolationLevel(options.Isolation) {
	case sql.LevelDefault:
	case sql.LevelReadUncommitted, sql.LevelReadCommitted:
		text += " isolation level read committed"
	case sql.LevelRepeatableRead, sql.LevelSnapshot:
		text += " isolation level repeatable read"
	case sql.LevelSerializable:
		text += " isolation level serializable"
	default:
		return nil, &Error{Code: ErrUnsupported, State: "0A000", Position: -1,
			Message: "there is no isolation level " + sql.IsolationLevel(options.Isolation).String()}
	}
	if options.ReadOnly {
		text += " read only"
	}
	if _, err := c.ExecContext(ctx, text, nil); err != nil {
		return nil, err
	}
	return transaction{c}, nil
}

type transaction struct{ conn *Conn }

// Commit implements driver.Tx. A commit that failed has ended the transaction.
func (t transaction) Commit() error {
	c := t.conn
	if err := c.lock(); err != nil {
		return err
	}
	defer c.unlock()
	var e *C.turdb_error
	err := c.check(C.turdb_conn_commit(c.handle, &e), e)
	c.autocommit = bool(C.turdb_conn_in_autocommit(c.handle))
	return err
}

func (t transaction) Rollback() error {
	c := t.conn
	if err := c.lock(); err != nil {
		return err
	}
	defer c.unlock()
	var e *C.turdb_error
	err := c.check(C.turdb_conn_rollback(c.handle, &e), e)
	c.autocommit = bool(C.turdb_conn_in_autocommit(c.handle))
	return err
}

// ---- statements without preparing them

// ExecContext implements driver.ExecerContext. The query may be several statements; arguments by place are given to them in
// order.
func (c *Conn) ExecContext(ctx context.Context, query string, arguments []driver.NamedValue) (driver.Result, error) {
	result := result{}
	for start := 0; ; {
		st, tail, err := c.takeStatement(query, start)
		if err != nil {
			return nil, err
		}
		last := isBlank(query[tail:])
		own, rest, err := st.share(arguments, last)
		if err == nil {
			err = st.exec(ctx, own, start == 0 && last, &result)
			shift(err, start)
		}
		c.giveStatement(st)
		if err != nil {
			return nil, err
		}
		if last {
			return result, nil
		}
		arguments, start = rest, tail
	}
}

// QueryContext implements driver.QueryerContext. Each statement of the query that gives rows is a result set.
func (c *Conn) QueryContext(ctx context.Context, query string, arguments []driver.NamedValue) (driver.Rows, error) {
	r := &Rows{conn: c, ctx: ctx, text: query, arguments: arguments}
	if err := r.nextStatement(); err != nil {
		return nil, err
	}
	return r, nil
}

// Exec runs a query as sql.DB.ExecContext does, within sql.Conn.Raw.
func (c *Conn) Exec(ctx context.Context, query string, arguments ...any) (driver.Result, error) {
	named, err := c.named(arguments)
	if err != nil {
		return nil, err
	}
	return c.ExecContext(ctx, query, named)
}

func (c *Conn) named(arguments []any) ([]driver.NamedValue, error) {
	named := make([]driver.NamedValue, len(arguments))
	for i, argument := range arguments {
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: argument}
		if with, ok := argument.(sql.NamedArg); ok {
			named[i].Name, named[i].Value = with.Name, with.Value
		}
		if err := c.CheckNamedValue(&named[i]); err != nil {
			return nil, err
		}
	}
	return named, nil
}

// Prepare implements driver.Conn.
func (c *Conn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

// PrepareContext implements driver.ConnPrepareContext.
func (c *Conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	st, tail, err := c.takeStatement(query, 0)
	if err != nil {
		return nil, err
	}
	if blank, err := c.isBlank(query[tail:]); err != nil || !blank {
		c.giveStatement(st)
		if err != nil {
			shift(err, tail)
			return nil, err
		}
		return nil, &Error{Code: ErrSQL, State: "42601", Position: tail,
			Message: "a prepared statement is one statement, and there is another one behind it"}
	}
	return &Stmt{conn: c, text: query, statement: st}, nil
}

// isBlank tells that there is no other statement. A comment counts as one, which does nothing.
func isBlank(text string) bool { return strings.Trim(text, " \t\r\n\f;") == "" }

// isBlank asks the parser.
func (c *Conn) isBlank(text string) (bool, error) {
	if isBlank(text) {
		return true, nil
	}
	st, tail, err := c.takeStatement(text, 0)
	if err != nil {
		return false, err
	}
	defer c.giveStatement(st)
	return st.handle == nil && isBlank(text[tail:]), nil
}

// shift makes a position in a statement one in the text that it is a part of.
func shift(err error, start int) {
	if e, ok := err.(*Error); ok && e.Position >= 0 {
		e.Position += start
	}
}

// result implements driver.Result.
type result struct{ lastInsertID, rowsAffected int64 }

func (r result) LastInsertId() (int64, error) { return r.lastInsertID, nil }
func (r result) RowsAffected() (int64, error) { return r.rowsAffected, nil }

// ---- beyond database/sql

// withText calls use with a C string of text.
func withText(text string, use func(*C.char) error) error {
	if strings.IndexByte(text, 0) >= 0 {
		return misuse("a name or a path cannot contain NUL")
	}
	c := C.CString(text)
	defer C.free(unsafe.Pointer(c))
	return use(c)
}

// InTransaction tells whether a transaction is open.
func (c *Conn) InTransaction() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.handle != nil && !bool(C.turdb_conn_in_autocommit(c.handle))
}

// Changes is the number of rows inserted, updated or deleted by the last changing statement that succeeded on this connection,
// for statements with RETURNING, whose sql.Rows do not say.
func (c *Conn) Changes() int64 {
	if c.lock() != nil {
		return 0
	}
	defer c.unlock()
	return int64(C.turdb_conn_changes(c.handle))
}

// Backup copies the database, as of its end, into the directory path while others go on reading and writing. progress may be nil;
// it is told of pages of 16 KiB. When the context is done the copy is removed.
func (c *Conn) Backup(ctx context.Context, path string, progress func(done, total int64)) error {
	db, release, err := c.database.share()
	if err != nil {
		return err
	}
	defer release()
	var backup *C.turdb_backup
	var e *C.turdb_error
	err = withText(path, func(p *C.char) error {
		if status := C.turdb_backup_open(db, p, &backup, &e); status != C.TURDB_OK {
			return takeError(status, e)
		}
		return nil
	})
	if err != nil {
		return err
	}
	defer C.turdb_backup_free(backup)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		status := C.turdb_backup_step(backup, 256, &e)
		if status < 0 {
			return takeError(status, e)
		}
		if progress != nil {
			progress(int64(C.turdb_backup_pages_done(backup)), int64(C.turdb_backup_pages_total(backup)))
		}
		if status == C.TURDB_DONE {
			return nil
		}
	}
}

// Checkpoint writes back what the log holds, so that the next opening has little to do.
func (c *Conn) Checkpoint() error {
	db, release, err := c.database.share()
	if err != nil {
		return err
	}
	defer release()
	var e *C.turdb_error
	if status := C.turdb_db_checkpoint(db, &e); status != C.TURDB_OK {
		return takeError(status, e)
	}
	return nil
}

// Check verifies every page, tree and index, and returns the problems found, each in words: none for a sound database. It is best done
// while nobody writes.
func (c *Conn) Check() (problems []string, err error) {
	db, release, err := c.database.share()
	if err != nil {
		return nil, err
	}
	defer release()
	var e *C.turdb_error
	var found C.int64_t
	status := C.turdb_status(C.TURDB_OK)
	problems = visiting(func(handle C.uintptr_t) { status = C.turdb_go_check(db, handle, &found, &e) })
	if status != C.TURDB_OK {
		return nil, takeError(status, e)
	}
	return problems, nil
}

// MemoryUsed is the number of bytes that the database holds, counted against memory_limit.
func (c *Conn) MemoryUsed() int64 {
	db, release, err := c.database.share()
	if err != nil {
		return 0
	}
	defer release()
	return int64(C.turdb_db_memory_used(db))
}

var (
	_ driver.Conn               = (*Conn)(nil)
	_ driver.Pinger             = (*Conn)(nil)
	_ driver.SessionResetter    = (*Conn)(nil)
	_ driver.Validator          = (*Conn)(nil)
	_ driver.ExecerContext      = (*Conn)(nil)
	_ driver.QueryerContext     = (*Conn)(nil)
	_ driver.ConnPrepareContext = (*Conn)(nil)
	_ driver.ConnBeginTx        = (*Conn)(nil)
	_ driver.NamedValueChecker  = (*Conn)(nil)
)
