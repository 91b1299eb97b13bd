package turdb

/*
#include <stdlib.h>
#include "shim.h"
*/
import "C"

import (
	"strings"
	"unsafe"
)

// FunctionFlags say how a function of Go may be called. See TURDB_FUNCTION_* of turdb.h.
type FunctionFlags int64

const (
	// Deterministic: equal arguments give equal results, so that calls may be saved.
	Deterministic FunctionFlags = C.TURDB_FUNCTION_DETERMINISTIC
	// SeesNull: called for NULLs, too. Without it one NULL argument makes the result NULL without a call, aggregates leave the row
	// out, and functions that give rows give none.
	SeesNull FunctionFlags = C.TURDB_FUNCTION_SEES_NULL
	// Variadic: the last parameter repeats, any number of times.
	Variadic FunctionFlags = C.TURDB_FUNCTION_VARIADIC
)

// ScalarFunction computes a value of the values of a row, which are as those of columns of type ANY are: int64, float64, string,
// Decimal, Date and so on. What it returns may be whatever may be a parameter.
type ScalarFunction func(arguments []any) (any, error)

// CreateFunction makes a function of Go one of SQL, for this connection. Parameters and the result are types of SQL, such as
// "bigint", or "any". What the function returns as an error, or panics with, is the cause of the statement's error: errors.Is and
// errors.As find it. It may not use this connection.
func (c *Conn) CreateFunction(name string, parameters []string, returns string, flags FunctionFlags, function ScalarFunction) error {
	return c.register([]string{name, list(parameters), returns}, func(texts []*C.char, e **C.turdb_error) C.turdb_status {
		handle := newCallback(c, function) // which destroy gives back, whatever happens
		return C.turdb_go_create_function(c.handle, texts[0], texts[1], texts[2], C.int64_t(flags), handle, e)
	})
}

func list(types []string) string { return strings.Join(types, ", ") }

// register calls `run` with C strings, and with the connection locked.
func (c *Conn) register(texts []string, run func(texts []*C.char, e **C.turdb_error) C.turdb_status) error {
	cTexts := make([]*C.char, len(texts))
	for i, text := range texts {
		if strings.IndexByte(text, 0) >= 0 {
			return misuse("a name or a type cannot contain NUL")
		}
		cTexts[i] = C.CString(text)
		defer C.free(unsafe.Pointer(cTexts[i]))
	}
	if err := c.lock(); err != nil {
		return err
	}
	defer c.unlock()
	var e *C.turdb_error
	return c.check(run(cTexts, &e), e)
}

// DropFunction takes all functions of a name away, of whatever kind they are.
func (c *Conn) DropFunction(name string) error {
	return c.register([]string{name}, func(texts []*C.char, e **C.turdb_error) C.turdb_status {
		return C.turdb_conn_drop_function(c.handle, texts[0], nil, 0, e)
	})
}

//export turdbGoScalar
func turdbGoScalar(handle C.uintptr_t, call *C.turdb_call) {
	b := callbackOf[ScalarFunction](handle)
	b.inCall(call, func() error {
		results := make([]byte, 0, 16*int(C.turdb_call_row_count(call)))
		err := forRows(call, func(_ int, arguments []any) error {
			value, err := b.function(arguments)
			if err == nil {
				results, err = pack(results, value)
			}
			return err
		})
		if err == nil {
			giveResults(call, results)
		}
		return err
	})
}

// ---- collations

// SortKey gives what a text is sorted by: two texts are equal when their keys are, and in the order of their keys, byte by byte. A
// collator of golang.org/x/text/collate has such keys (KeyFromString).
type SortKey func(text string) ([]byte, error)

// CreateCollation makes an order of texts one of SQL, for this connection: ORDER BY name COLLATE german. See turdb_conn_create_collation
// for where it may be used.
func (c *Conn) CreateCollation(name string, key SortKey) error {
	return c.register([]string{name}, func(texts []*C.char, e **C.turdb_error) C.turdb_status {
		return C.turdb_go_create_collation(c.handle, texts[0], newCallback(c, key), e)
	})
}

// DropCollation takes a collation away.
func (c *Conn) DropCollation(name string) error {
	return c.register([]string{name}, func(texts []*C.char, e **C.turdb_error) C.turdb_status {
		return C.turdb_conn_drop_collation(c.handle, texts[0], e)
	})
}

//export turdbGoSortKey
func turdbGoSortKey(handle C.uintptr_t, call *C.turdb_call) {
	b := callbackOf[SortKey](handle)
	b.inCall(call, func() error {
		var keys []byte
		err := forRows(call, func(_ int, arguments []any) error {
			text, _ := arguments[0].(string)
			key, err := b.function(text)
			keys = sized(keys, C.TURDB_TYPE_BLOB, key)
			return err
		})
		if err == nil {
			giveResults(call, keys)
		}
		return err
	})
}
