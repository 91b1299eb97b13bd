package turdb

/*
#include "shim.h"
*/
import "C"

import (
	"errors"
	"io"
	"iter"
	"runtime/cgo"
	"slices"
)

const (
	givenRows  = 2048 // of a table function, at once
	givenBytes = 1 << 20
)

// TableFunction begins to give rows for arguments, which are as those of a ScalarFunction are.
type TableFunction func(arguments []any) (TableRows, error)

// TableRows are the rows of one call of a TableFunction. When it is an io.Closer, Close is called when its rows are read or have failed,
// or else when the statement is run again or freed.
type TableRows interface {
	// Next gives the next row, whose values may be whatever may be parameters, or the error io.EOF when there are no more. The slice
	// may be used again for the next row.
	Next() ([]any, error)
}

// CreateTableFunction makes a function that gives rows one of SQL, for this connection: SELECT * FROM name(1, 'x'). Columns are names
// and types, such as "id bigint". Errors and panics are as those of CreateFunction.
func (c *Conn) CreateTableFunction(name string, parameters, columns []string, flags FunctionFlags, function TableFunction) error {
	return c.register([]string{name, list(parameters), list(columns)}, func(texts []*C.char, e **C.turdb_error) C.turdb_status {
		return C.turdb_go_create_table_function(c.handle, texts[0], texts[1], texts[2], C.int64_t(flags),
			newCallback(c, tableFunction{function, len(columns)}), e)
	})
}

type tableFunction struct {
	open    TableFunction
	columns int
}

type rowCursor struct {
	rows   TableRows
	packed []byte
	over   bool
}

//export turdbGoRowsOpen
func turdbGoRowsOpen(handle C.uintptr_t, call *C.turdb_call) (cursor C.uintptr_t) {
	b := callbackOf[tableFunction](handle)
	b.inCall(call, func() error {
		return forRows(call, func(_ int, arguments []any) error {
			rows, err := b.function.open(arguments)
			if err != nil {
				return err
			}
			if rows == nil {
				return errors.New("a table function without rows: nil")
			}
			cursor = C.uintptr_t(cgo.NewHandle(&rowCursor{rows: rows}))
			return nil
		})
	})
	return cursor
}

//export turdbGoRowsNext
func turdbGoRowsNext(handle, cursor C.uintptr_t, call *C.turdb_call) {
	b := callbackOf[tableFunction](handle)
	b.inCall(call, func() error {
		return cgo.Handle(cursor).Value().(*rowCursor).give(b.function.columns, call)
	})
}

func (r *rowCursor) give(columns int, call *C.turdb_call) error {
	r.packed = r.packed[:0]
	count := 0
	for ; count < givenRows && len(r.packed) < givenBytes && !r.over; count++ {
		row, err := r.rows.Next()
		if err == io.EOF {
			r.over = true
			break
		}
		if err != nil {
			return err
		}
		if len(row) != columns {
			return misuse("a row of %d values for %d columns", len(row), columns)
		}
		for _, value := range row {
			if r.packed, err = pack(r.packed, value); err != nil {
				return err
			}
		}
	}
	if count == 0 {
		return nil
	}
	var e *C.turdb_error
	status := C.turdb_call_return_rows(call, bytesPointer(r.packed), C.int64_t(len(r.packed)), C.int64_t(count), &e)
	if status != C.TURDB_OK {
		return takeError(status, e)
	}
	return nil
}

//export turdbGoRowsClose
func turdbGoRowsClose(handle, cursor C.uintptr_t) {
	if cursor == 0 {
		return
	}
	rows := cgo.Handle(cursor).Value().(*rowCursor).rows
	cgo.Handle(cursor).Delete()
	if closer, ok := rows.(io.Closer); ok {
		callbackOf[tableFunction](handle).tell(func() { closer.Close() })
	}
}

// RowsOf gives the rows of an iterator, which runs in a goroutine of its own, while rows are waited for.
func RowsOf(rows iter.Seq2[[]any, error]) TableRows { return &iteratedRows{rows: rows} }

// iteratedRows has a goroutine where iter.Pull would be in place: that does not work from one thread to another for functions that C
// calls.
type iteratedRows struct {
	rows    iter.Seq2[[]any, error]
	more    chan bool // whether more rows are wanted
	batches chan iteratedBatch
	batch   iteratedBatch
	at      int
}

type iteratedBatch struct {
	rows [][]any
	err  error // behind the rows
}

func (r *iteratedRows) run() {
	defer close(r.batches)
	if !<-r.more {
		return
	}
	batch, stopped := iteratedBatch{}, false
	batch.err = caught(func() (failed error) {
		for row, err := range r.rows {
			if err != nil {
				return err
			}
			if batch.rows = append(batch.rows, slices.Clone(row)); len(batch.rows) < 256 {
				continue
			}
			r.batches <- batch
			batch.rows = nil
			if stopped = !<-r.more; stopped {
				return nil
			}
		}
		return io.EOF
	})
	if !stopped {
		r.batches <- batch
	}
}

// Next implements TableRows.
func (r *iteratedRows) Next() ([]any, error) {
	for r.at == len(r.batch.rows) {
		if r.batch.err != nil {
			return nil, r.batch.err
		}
		if r.batches == nil {
			r.more, r.batches = make(chan bool), make(chan iteratedBatch)
			go r.run()
		}
		r.more <- true
		r.batch, r.at = <-r.batches, 0
	}
	r.at++
	return r.batch.rows[r.at-1], nil
}

// Close ends the iterator, which has returned then.
func (r *iteratedRows) Close() error {
	if r.batches != nil && r.batch.err == nil {
		r.more <- false
		<-r.batches
		r.batch = iteratedBatch{err: io.EOF}
	}
	return nil
}
