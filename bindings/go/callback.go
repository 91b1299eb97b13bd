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
	"weak"
)

// callback is what C has a handle of: a function of Go, and the connection that it belongs to, which it does not keep.
type callback[F any] struct {
	conn     weak.Pointer[Conn]
	function F
}

func newCallback[F any](c *Conn, function F) C.uintptr_t {
	return C.uintptr_t(cgo.NewHandle(&callback[F]{weak.Make(c), function}))
}

func callbackOf[F any](handle C.uintptr_t) *callback[F] {
	return cgo.Handle(handle).Value().(*callback[F])
}

// run calls `run`. Its error is the cause of what the call of C returns.
func (b *callback[F]) run(run func() error) error {
	if c := b.conn.Value(); c != nil {
		return c.RunCallback(run)
	}
	return caught(run)
}

// tell calls `run`, whose panics have nobody to be told of.
func (b *callback[F]) tell(run func()) {
	c := b.conn.Value()
	if c != nil {
		c.inside.Store(true)
		defer c.inside.Store(false)
	}
	_ = caught(func() error { run(); return nil })
}

// caught makes panics errors.
func caught(run func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &PanicError{Value: value, Stack: debug.Stack()}
		}
	}()
	return run()
}

// RunCallback runs code of Go that C has called from inside of this connection: its panics are errors, the first error becomes the
// cause of what the call of C returns, and calls of the connection meanwhile are errors. It is for packages that hand such code to C,
// as turdbarrow does.
func (c *Conn) RunCallback(run func() error) error {
	c.inside.Store(true)
	defer c.inside.Store(false)
	err := caught(run)
	if err != nil && c.raised == nil {
		c.raised = err
	}
	return err
}

// inCall runs a callback of a function: its error fails the call, and with it the statement.
func (b *callback[F]) inCall(call *C.turdb_call, run func() error) {
	if err := b.run(run); err != nil {
		failCall(call, err)
	}
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

// forRows calls `each` with the number and the arguments of each row of a call.
func forRows(call *C.turdb_call, each func(row int, arguments []any) error) error {
	rows, count := int(C.turdb_call_row_count(call)), int(C.turdb_call_argument_count(call))
	var data *C.uint8_t
	var size C.int64_t
	var e *C.turdb_error
	if status := C.turdb_call_arguments_packed(call, &data, &size, &e); status != C.TURDB_OK {
		return takeError(status, e)
	}
	in := reader{data: unsafe.Slice((*byte)(data), int(size))}
	for row := range rows {
		arguments := make([]any, count)
		for i := range arguments {
			arguments[i] = in.loose()
		}
		if err := each(row, arguments); err != nil {
			return err
		}
	}
	return nil
}

// giveResults gives the results of all rows. The call fails with what is wrong with them.
func giveResults(call *C.turdb_call, results []byte) {
	var e *C.turdb_error
	C.turdb_call_return_packed(call, bytesPointer(results), C.int64_t(len(results)), &e)
	C.turdb_error_free(e)
}

//export turdbGoRelease
func turdbGoRelease(handle C.uintptr_t) {
	if handle != 0 {
		cgo.Handle(handle).Delete()
	}
}

// visitor collects what C tells of one by one.
type visitor struct{ texts []string }

//export turdbGoVisit
func turdbGoVisit(handle C.uintptr_t, text *C.char) {
	v := cgo.Handle(handle).Value().(*visitor)
	v.texts = append(v.texts, C.GoString(text))
}

// visiting calls `run` with the handle of a visitor.
func visiting(run func(handle C.uintptr_t)) []string {
	v := &visitor{}
	handle := cgo.NewHandle(v)
	defer handle.Delete()
	run(C.uintptr_t(handle))
	return v.texts
}
