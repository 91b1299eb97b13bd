package turdb

/*
#include <stdlib.h>
#include "shim.h"
*/
import "C"

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"
)

const batchBytes = 64 << 10 // of packed rows that go to C at once

// Appender inserts many rows into a table, which is the fastest way in. Rows are collected; a flush is one INSERT, all of whose rows
// go in or none. Outside a transaction each flush commits. After an error only Close is left.
//
// Flushes happen by themselves, every 100,000 rows or 16 MB; Close flushes what is left, so its error counts. Discard does not.
type Appender struct {
	conn    *Conn
	handle  *C.turdb_appender
	stop    func()
	columns int
	packed  []byte
	rows    int64 // in packed
	sent    int64 // to C
	err     error
	out     C.turdb_go_outcome
}

// NewAppender begins to insert into a table, "name" or "schema.name" as the catalog has it, without quotes. Without columns, rows
// have all columns that are not generated.
func (c *Conn) NewAppender(table string, columns ...string) (*Appender, error) {
	schema, name, qualified := strings.Cut(table, ".")
	if !qualified {
		schema, name = "", table
	}
	a := &Appender{conn: c}
	err := withText(schema, func(cSchema *C.char) error {
		return withText(name, func(cName *C.char) error {
			if err := c.lock(); err != nil {
				return err
			}
			defer c.unlock()
			if !qualified {
				cSchema = nil
			}
			var e *C.turdb_error
			return c.check(C.turdb_appender_open(c.handle, cSchema, cName, &a.handle, &e), e)
		})
	})
	if err != nil {
		return nil, err
	}
	a.stop = collect(a, a.handle, func(handle *C.turdb_appender) { C.turdb_appender_free(handle) })
	for _, column := range columns {
		err := withText(column, func(cColumn *C.char) error {
			return a.call(func(e **C.turdb_error) C.turdb_status { return C.turdb_appender_add_column(a.handle, cColumn, e) })
		})
		if err != nil {
			a.Discard()
			return nil, err
		}
	}
	a.columns = int(C.turdb_appender_column_count(a.handle))
	return a, nil
}

func (a *Appender) call(run func(e **C.turdb_error) C.turdb_status) error {
	if err := a.conn.lock(); err != nil {
		return err
	}
	defer a.conn.unlock()
	var e *C.turdb_error
	return a.conn.check(run(&e), e)
}

func (a *Appender) usable() error {
	if a.handle == nil {
		return misuse("the appender is closed")
	}
	if a.err != nil {
		return misuse("the appender has failed before, with: %v", a.err)
	}
	return nil
}

// AppendRow appends a row; what values may be is what parameters may be. An error with a value may come with a later row, or with
// Close, and names the row.
func (a *Appender) AppendRow(values ...any) error {
	if err := a.usable(); err != nil {
		return err
	}
	if len(values) != a.columns {
		return misuse("a row of %d values for %d columns", len(values), a.columns)
	}
	at := len(a.packed)
	for i, value := range values {
		var err error
		if a.packed, err = pack(a.packed, value); err != nil {
			a.packed = a.packed[:at]
			if e, ok := err.(*Error); ok {
				e.Context = append([]string{fmt.Sprintf("value %d of row %d", i+1, a.sent+a.rows+1)}, e.Context...)
			}
			return err
		}
	}
	a.rows++
	if len(a.packed) >= batchBytes {
		return a.send()
	}
	return nil
}

// send hands the packed rows to C.
func (a *Appender) send() error {
	if a.rows == 0 {
		return nil
	}
	c := a.conn
	if err := c.lock(); err != nil {
		return err
	}
	defer c.unlock()
	C.turdb_go_append_rows(a.handle, bytesPointer(a.packed), C.int64_t(len(a.packed)), C.int64_t(a.rows), &a.out)
	if a.out.status < 0 {
		err := c.fail(context.Background(), a.out.status, C.turdb_go_error(&a.out))
		if e, ok := err.(*Error); ok && len(e.Context) == 0 {
			e.Context = []string{fmt.Sprintf("row %d of the appender", a.sent+int64(a.out.rows)+1)}
		}
		a.err = err
		return err
	}
	a.sent += a.rows
	a.packed, a.rows = a.packed[:0], 0
	c.raised = nil
	return nil
}

// AppendArrow inserts all rows of an Arrow stream, columns by place, all of them or none. The stream is taken over.
func (a *Appender) AppendArrow(stream *ArrowStream) error {
	defer stream.Release()
	if err := a.usable(); err != nil {
		return err
	}
	if err := a.send(); err != nil {
		return err
	}
	a.err = a.call(func(e **C.turdb_error) C.turdb_status {
		return C.turdb_appender_append_stream(a.handle, stream.stream, e)
	})
	return a.err
}

// Flush inserts what was collected.
func (a *Appender) Flush() error {
	if err := a.usable(); err != nil {
		return err
	}
	if err := a.send(); err != nil {
		return err
	}
	a.err = a.call(func(e **C.turdb_error) C.turdb_status { return C.turdb_appender_flush(a.handle, e) })
	return a.err
}

// Rows is the number of rows inserted so far, without those that wait for a flush.
func (a *Appender) Rows() int64 {
	if a.handle == nil {
		return 0
	}
	return int64(C.turdb_appender_row_count(a.handle))
}

// Close inserts what was collected and ends the appender. After an error it only ends it. Closing twice is fine.
func (a *Appender) Close() error {
	if a.handle == nil {
		return nil
	}
	defer a.Discard()
	if a.err != nil {
		return nil
	}
	if err := a.send(); err != nil {
		return err
	}
	return a.call(func(e **C.turdb_error) C.turdb_status { return C.turdb_appender_close(a.handle, e) })
}

// Discard ends the appender and drops what was not flushed. Doing so twice, or behind Close, is fine.
func (a *Appender) Discard() {
	if a.handle == nil {
		return
	}
	a.stop()
	C.turdb_appender_free(a.handle)
	a.handle = nil
}

// ---- batches

const batchSavepoint = "turdb exec batch"

// ExecBatch runs one statement for each row of arguments, all of them or none, and returns how many rows were changed. It is for
// statements that NewAppender is not for: updates, upserts, inserts with expressions. Rows go to C many at a time.
func (c *Conn) ExecBatch(ctx context.Context, query string, rows iter.Seq[[]any]) (changes int64, err error) {
	st, tail, err := c.takeStatement(query, 0)
	if err != nil {
		return 0, err
	}
	defer c.giveStatement(st)
	if st.handle == nil || !isBlank(query[tail:]) {
		return 0, misuse("a batch is of one statement")
	}
	own := !c.InTransaction()
	begin, commit, rollback := []string{"begin"}, []string{"commit"}, []string{"rollback"}
	if !own {
		name := `"` + batchSavepoint + `"`
		begin, commit, rollback = []string{"savepoint " + name}, []string{"release " + name}, []string{"rollback to " + name, "release " + name}
	}
	if err := c.execAll(ctx, begin); err != nil {
		return 0, err
	}
	defer func() {
		if value := recover(); value != nil { // of the iterator
			_ = c.execAll(context.Background(), rollback)
			panic(value)
		}
	}()
	changes, err = c.runBatches(ctx, st, rows)
	if err != nil {
		_ = c.execAll(context.Background(), rollback) // a conflict may have ended the transaction
		return 0, err
	}
	return changes, c.execAll(context.Background(), commit)
}

func (c *Conn) execAll(ctx context.Context, queries []string) error {
	for _, query := range queries {
		if _, err := c.ExecContext(ctx, query, nil); err != nil {
			return err
		}
	}
	return nil
}

func (c *Conn) runBatches(ctx context.Context, st *statement, rows iter.Seq[[]any]) (changes int64, err error) {
	var packed []byte
	var count, number int64
	run := func() error {
		if count == 0 {
			return nil
		}
		more, err := c.runBatch(ctx, st, packed, count)
		changes += more
		packed, count = packed[:0], 0
		return err
	}
	for row := range rows {
		number++
		named, err := c.named(row)
		if err == nil {
			err = st.pack(named, true)
		}
		if err != nil {
			if e, ok := err.(*Error); ok {
				e.Context = append([]string{fmt.Sprintf("row %d", number)}, e.Context...)
			}
			return changes, err
		}
		packed = append(packed, st.packed...)
		count++
		if len(packed) >= batchBytes || count >= 1000 {
			if err := run(); err != nil {
				return changes, err
			}
		}
	}
	return changes, run()
}

// runBatch runs the statement for some packed rows. Each is an execution of its own, so that a done context interrupts again and
// again.
func (c *Conn) runBatch(ctx context.Context, st *statement, packed []byte, count int64) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if err := c.lock(); err != nil {
		return 0, err
	}
	defer c.unlock()
	if ctx.Done() != nil {
		ended, done := make(chan struct{}), make(chan struct{})
		stop := context.AfterFunc(ctx, func() {
			defer close(done)
			for {
				C.turdb_interrupt_stop(c.interrupt)
				select {
				case <-ended:
					return
				case <-time.After(time.Millisecond):
				}
			}
		})
		defer func() {
			close(ended)
			if !stop() {
				<-done
			}
		}()
	}
	C.turdb_go_run_rows(c.handle, st.handle, bytesPointer(packed), C.int64_t(len(packed)), C.int64_t(count), &c.out)
	return int64(c.out.changes), c.outcome(ctx)
}
