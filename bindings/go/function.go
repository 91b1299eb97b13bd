package turdb

/*
#include "shim.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"runtime/cgo"
	"runtime/debug"
	"strings"
	"unsafe"
)

// FunctionFlags say how a function of Go may be called. See TURDB_FUNCTION_* of turdb.h.
type FunctionFlags int64

const (
	// Deterministic: equal arguments give equal results, so that calls may be saved.
	Deterministic FunctionFlags = C.TURDB_FUNCTION_DETERMINISTIC
	// SeesNull: called for NULLs, too. Without it one NULL argument makes the result NULL without a call.
	SeesNull FunctionFlags = C.TURDB_FUNCTION_SEES_NULL
	// Variadic: the last parameter repeats, any number of times.
	Variadic FunctionFlags = C.TURDB_FUNCTION_VARIADIC
)

// ScalarFunction computes a value of the values of a row, which are as those of columns of type ANY are: int64, float64, string,
// Decimal, Date and so on. What it returns may be whatever may be a parameter.
type ScalarFunction func(arguments []any) (any, error)

// callback is what C has a handle of.
type callback struct {
	conn     *Conn
	scalar   ScalarFunction
	commit   func() error
	rollback func()
}

// CreateFunction makes a function of Go one of SQL, for this connection. Parameters and the result are types of SQL, such as
// "bigint", or "any". What the function returns as an error, or panics with, is the cause of the statement's error: errors.Is and
// errors.As find it. It may not use this connection.
func (c *Conn) CreateFunction(name string, parameters []string, returns string, flags FunctionFlags, function ScalarFunction) error {
	types := strings.Join(parameters, ", ")
	return withText(name, func(cName *C.char) error {
		return withText(types, func(cTypes *C.char) error {
			return withText(returns, func(cReturns *C.char) error {
				if err := c.lock(); err != nil {
					return err
				}
				defer c.unlock()
				handle := cgo.NewHandle(&callback{conn: c, scalar: function})
				var e *C.turdb_error // the handle is given back by destroy, whatever happens
				return c.check(C.turdb_go_create_function(c.handle, cName, cTypes, cReturns, C.int64_t(flags), C.uintptr_t(handle),
					&e), e)
			})
		})
	})
}

// DropFunction takes all functions of a name away.
func (c *Conn) DropFunction(name string) error {
	return withText(name, func(cName *C.char) error {
		if err := c.lock(); err != nil {
			return err
		}
		defer c.unlock()
		var e *C.turdb_error
		return c.check(C.turdb_conn_drop_function(c.handle, cName, nil, 0, &e), e)
	})
}

// SetCommitHook has a function of Go asked before a transaction that changed something commits. An error, or a panic, rolls it
// back, and is the cause of the commit's error. nil takes the hook away.
func (c *Conn) SetCommitHook(hook func() error) error {
	if err := c.lock(); err != nil {
		return err
	}
	defer c.unlock()
	var handle cgo.Handle
	if hook != nil {
		handle = cgo.NewHandle(&callback{conn: c, commit: hook})
	}
	var e *C.turdb_error
	return c.check(C.turdb_go_set_commit_hook(c.handle, C.uintptr_t(handle), &e), e)
}

// SetRollbackHook has a function of Go told after a transaction that changed something was rolled back. nil takes the hook away.
func (c *Conn) SetRollbackHook(hook func()) error {
	if err := c.lock(); err != nil {
		return err
	}
	defer c.unlock()
	var handle cgo.Handle
	if hook != nil {
		handle = cgo.NewHandle(&callback{conn: c, rollback: hook})
	}
	var e *C.turdb_error
	return c.check(C.turdb_go_set_rollback_hook(c.handle, C.uintptr_t(handle), &e), e)
}

// RunCallback runs code of Go that C has called from inside of this connection: its panics are errors, the first error becomes the
// cause of what the call of C returns, and calls of the connection meanwhile are errors. It is for packages that hand such code to C,
// as turdbarrow does.
func (c *Conn) RunCallback(run func() error) (err error) {
	c.inside.Store(true)
	defer func() {
		c.inside.Store(false)
		if value := recover(); value != nil {
			err = &PanicError{Value: value, Stack: debug.Stack()}
		}
		if err != nil && c.raised == nil {
			c.raised = err
		}
	}()
	return run()
}

//export turdbGoScalar
func turdbGoScalar(handle C.uintptr_t, call *C.turdb_call) {
	b := cgo.Handle(handle).Value().(*callback)
	if err := b.conn.RunCallback(func() error { return runScalar(b.scalar, call) }); err != nil {
		failCall(call, err)
	}
}

// runScalar calls the function for each row of a call.
func runScalar(function ScalarFunction, call *C.turdb_call) error {
	rows, count := int(C.turdb_call_row_count(call)), int(C.turdb_call_argument_count(call))
	var data *C.uint8_t
	var size C.int64_t
	var e *C.turdb_error
	if status := C.turdb_call_arguments_packed(call, &data, &size, &e); status != C.TURDB_OK {
		return takeError(status, e)
	}
	in := reader{data: unsafe.Slice((*byte)(data), int(size))}
	results := make([]byte, 0, 16*rows)
	for range rows {
		arguments := make([]any, count)
		for i := range arguments {
			arguments[i] = in.loose()
		}
		value, err := function(arguments)
		if err == nil {
			results, err = pack(results, value)
		}
		if err != nil {
			return err
		}
	}
	if status := C.turdb_call_return_packed(call, bytesPointer(results), C.int64_t(len(results)), &e); status != C.TURDB_OK {
		C.turdb_error_free(e) // the call has failed with it
	}
	return nil
}

func failCall(call *C.turdb_call, err error) {
	state := "38000"
	var with interface{ SQLState() string }
	if errors.As(err, &with) {
		state = with.SQLState()
	}
	message := strings.ReplaceAll(fmt.Sprint(err), "\x00", "")
	_ = withText(state, func(cState *C.char) error {
		return withText(message, func(cMessage *C.char) error {
			C.turdb_call_fail(call, cState, cMessage)
			return nil
		})
	})
}

//export turdbGoCommit
func turdbGoCommit(handle C.uintptr_t) C.bool {
	b := cgo.Handle(handle).Value().(*callback)
	return b.conn.RunCallback(b.commit) != nil
}

//export turdbGoRollback
func turdbGoRollback(handle C.uintptr_t) {
	b := cgo.Handle(handle).Value().(*callback)
	_ = b.conn.RunCallback(func() error { b.rollback(); return nil })
}

//export turdbGoRelease
func turdbGoRelease(handle C.uintptr_t) { cgo.Handle(handle).Delete() }
