package turdb

/*
#include "shim.h"
*/
import "C"

import (
	"fmt"
	"strconv"
	"strings"
)

// Code is the kind of an error, a status of turdb.h. Codes are errors themselves, to be asked for with errors.Is:
//
//	if errors.Is(err, turdb.ErrConflict) { ... run the transaction again ... }
type Code int32

// The codes, as turdb.h has them. SQLState says more exactly which error it is.
const (
	ErrSQL         Code = C.TURDB_ERROR       // SQL that is wrong or cannot be run: syntax, names, types
	ErrMisuse      Code = C.TURDB_MISUSE      // the interface was used wrongly: closed handles, numbers of parameters
	ErrConstraint  Code = C.TURDB_CONSTRAINT  // unique, primary key, not null, check, foreign key
	ErrData        Code = C.TURDB_DATA        // a value that does not fit
	ErrConflict    Code = C.TURDB_CONFLICT    // serialization failure or deadlock: run the transaction again
	ErrBusy        Code = C.TURDB_BUSY        // busy_timeout passed while waiting for another transaction
	ErrLocked      Code = C.TURDB_LOCKED      // another process has the database open
	ErrInterrupted Code = C.TURDB_INTERRUPTED // a context was cancelled, or statement_timeout passed
	ErrReadOnly    Code = C.TURDB_READ_ONLY   // a change on a read-only database or transaction
	ErrIO          Code = C.TURDB_IO          // the file system failed
	ErrFull        Code = C.TURDB_FULL        // the disk, or a quota, is full
	ErrCorrupt     Code = C.TURDB_CORRUPT     // a file is damaged, or not TurDB's
	ErrNoMemory    Code = C.TURDB_NO_MEMORY   // memory_limit, or the machine, has no more
	ErrLimit       Code = C.TURDB_LIMIT       // a documented limit of size, depth or count
	ErrUnsupported Code = C.TURDB_UNSUPPORTED // valid, but not in this version
	ErrNotFound    Code = C.TURDB_NOT_FOUND   // no such option, parameter or file
	ErrInternal    Code = C.TURDB_INTERNAL    // a bug in TurDB; please report it
)

// String is the name of the status in turdb.h, such as "TURDB_CONFLICT".
func (c Code) String() string { return C.GoString(C.turdb_status_name(C.turdb_status(c))) }

func (c Code) Error() string { return "turdb: " + c.String() }

// SQLState is five characters, as in PostgreSQL's appendix A. As codes are, it can be asked for with errors.Is:
//
//	errors.Is(err, turdb.SQLState("23505")) // unique_violation
type SQLState string

func (s SQLState) Error() string { return "turdb: SQLSTATE " + string(s) }

// Error is what went wrong. errors.As finds it in what database/sql returns.
type Error struct {
	Code     Code
	State    SQLState
	Message  string
	Hint     string   // what to do about it, or ""
	Position int      // byte offset into the text of the SQL, or -1
	Context  []string // what was being done, outermost first
	CanRetry bool     // whether running the whole transaction again can succeed

	cause error
}

func (e *Error) Error() string {
	var text strings.Builder
	text.WriteString("turdb: ")
	for _, frame := range e.Context {
		text.WriteString(frame)
		text.WriteString(": ")
	}
	text.WriteString(e.Message)
	if e.Hint != "" {
		text.WriteString(" (")
		text.WriteString(e.Hint)
		text.WriteString(")")
	}
	if e.Position >= 0 {
		text.WriteString(" at byte ")
		text.WriteString(strconv.Itoa(e.Position))
	}
	if e.State != "" {
		text.WriteString(" [")
		text.WriteString(string(e.State))
		text.WriteString("]")
	}
	return text.String()
}

// SQLState has the same name in other drivers: interface{ SQLState() string } finds all of them.
func (e *Error) SQLState() string { return string(e.State) }

// Is makes errors.Is find the code and the SQLSTATE.
func (e *Error) Is(target error) bool {
	switch target := target.(type) {
	case Code:
		return e.Code == target
	case SQLState:
		return e.State == target
	}
	return false
}

// Unwrap is what caused it: the error of a context that was cancelled, or of a function of Go that SQL called.
func (e *Error) Unwrap() error { return e.cause }

// PanicError is the error of a function of Go that panicked while SQL called it.
type PanicError struct {
	Value any    // what panic was called with
	Stack []byte // of the goroutine that panicked
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Unwrap is the value that panic was called with, if that is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// takeError makes an Error of what C gave, and frees that.
func takeError(status C.turdb_status, e *C.turdb_error) *Error {
	err := copyError(status, e)
	C.turdb_error_free(e)
	return err
}

func copyError(status C.turdb_status, e *C.turdb_error) *Error {
	if e == nil {
		return &Error{Code: Code(status), Message: Code(status).String(), Position: -1}
	}
	err := &Error{
		Code:     Code(C.turdb_error_status(e)),
		State:    SQLState(C.GoString(C.turdb_error_sqlstate(e))),
		Message:  C.GoString(C.turdb_error_message(e)),
		Hint:     C.GoString(C.turdb_error_hint(e)),
		Position: int(C.turdb_error_position(e)),
		CanRetry: bool(C.turdb_error_can_retry(e)),
	}
	for i := C.int64_t(0); i < C.turdb_error_frame_count(e); i++ {
		err.Context = append(err.Context, C.GoString(C.turdb_error_frame(e, i)))
	}
	return err
}

func misuse(format string, arguments ...any) *Error {
	return &Error{Code: ErrMisuse, State: "HY010", Message: fmt.Sprintf(format, arguments...), Position: -1}
}

func dataError(state SQLState, format string, arguments ...any) *Error {
	return &Error{Code: ErrData, State: state, Message: fmt.Sprintf(format, arguments...), Position: -1}
}

func wrongCount(expected, got int) *Error {
	plural := "s"
	if expected == 1 {
		plural = ""
	}
	return &Error{Code: ErrMisuse, State: "07001", Position: -1,
		Message: fmt.Sprintf("expected %d argument%s, got %d", expected, plural, got)}
}
