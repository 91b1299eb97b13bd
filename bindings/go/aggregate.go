package turdb

/*
#include "shim.h"
*/
import "C"

import (
	"errors"
	"runtime/cgo"
	"unsafe"
)

// Aggregate is the state of an aggregate function: what one group has. It counts against no memory_limit.
type Aggregate interface {
	// Step adds a row. Arguments are as those of a ScalarFunction are.
	Step(arguments []any) error
	// Result is the result so far. More rows may come, and it may be asked again: a window's frame grows.
	Result() (any, error)
}

// MergingAggregate can be put together from parts, which makes frames of windows cheaper.
type MergingAggregate interface {
	Aggregate
	// Merge adds what is in `from`, which stays as it is and is a state of the same function.
	Merge(from Aggregate) error
}

// CreateAggregate makes an aggregate of Go one of SQL, for this connection: DISTINCT, FILTER, ORDER BY and OVER work as with those that
// are built in. `create` makes the state of a group, also of one without rows; when it is a MergingAggregate, all of them are. Errors
// and panics are as those of CreateFunction.
func (c *Conn) CreateAggregate(name string, parameters []string, returns string, flags FunctionFlags, create func() Aggregate) error {
	merges := false
	err := caught(func() error {
		state := create()
		if state == nil {
			return errors.New("an aggregate without a state")
		}
		_, merges = state.(MergingAggregate)
		return nil
	})
	if err != nil {
		return err
	}
	return c.register([]string{name, list(parameters), returns}, func(texts []*C.char, e **C.turdb_error) C.turdb_status {
		return C.turdb_go_create_aggregate(c.handle, texts[0], texts[1], texts[2], C.int64_t(flags), C.bool(merges),
			newCallback(c, create), e)
	})
}

func stateOf(handle C.uintptr_t) Aggregate { return cgo.Handle(handle).Value().(Aggregate) }

func statesOf(states *C.uintptr_t, rows int) []C.uintptr_t { return unsafe.Slice(states, rows) }

//export turdbGoAggregateCreate
func turdbGoAggregateCreate(handle C.uintptr_t, call *C.turdb_call) (state C.uintptr_t) {
	b := callbackOf[func() Aggregate](handle)
	b.inCall(call, func() error {
		made := b.function()
		if made == nil {
			return errors.New("an aggregate without a state")
		}
		state = C.uintptr_t(cgo.NewHandle(made))
		return nil
	})
	return state
}

//export turdbGoAggregateUpdate
func turdbGoAggregateUpdate(handle C.uintptr_t, call *C.turdb_call, states *C.uintptr_t) {
	b := callbackOf[func() Aggregate](handle)
	b.inCall(call, func() error {
		of := statesOf(states, int(C.turdb_call_row_count(call)))
		return forRows(call, func(row int, arguments []any) error { return stateOf(of[row]).Step(arguments) })
	})
}

//export turdbGoAggregateMerge
func turdbGoAggregateMerge(handle C.uintptr_t, call *C.turdb_call, into, from C.uintptr_t) {
	b := callbackOf[func() Aggregate](handle)
	b.inCall(call, func() error {
		state, merges := stateOf(into).(MergingAggregate)
		if !merges {
			return errors.New("a state of the aggregate has no Merge, and the first one had")
		}
		return state.Merge(stateOf(from))
	})
}

//export turdbGoAggregateFinish
func turdbGoAggregateFinish(handle C.uintptr_t, call *C.turdb_call, states *C.uintptr_t) {
	b := callbackOf[func() Aggregate](handle)
	b.inCall(call, func() error {
		var results []byte
		for _, state := range statesOf(states, int(C.turdb_call_row_count(call))) {
			value, err := stateOf(state).Result()
			if err == nil {
				results, err = pack(results, value)
			}
			if err != nil {
				return err
			}
		}
		giveResults(call, results)
		return nil
	})
}
