package turdb

/*
#include <stdlib.h>
#include "shim.h"
*/
import "C"

import (
	"context"
	"sync"
	"unsafe"
)

// ArrowFlags say how values become Arrow's. See TURDB_ARROW_* of turdb.h.
type ArrowFlags int64

const (
	StringViews     ArrowFlags = C.TURDB_ARROW_STRING_VIEWS      // texts and blobs as views
	NumericAsDouble ArrowFlags = C.TURDB_ARROW_NUMERIC_AS_DOUBLE // numeric without precision as float64
	AnyAsText       ArrowFlags = C.TURDB_ARROW_ANY_AS_TEXT       // columns of type any as texts
)

// ArrowStream is a struct ArrowArrayStream of Arrow's C Stream Interface, in memory of C. Package turdbarrow makes a reader of
// arrow-go of it; other readers of the interface take Pointer.
type ArrowStream struct {
	conn   *Conn
	stream *C.struct_ArrowArrayStream
	copied C.struct_ArrowArrayStream // of a stream of ours, to ask for its error when it was moved
	watch  watch
	stop   func()
	once   sync.Once
}

// NewArrowStream is an empty one, for an exporter to fill.
func NewArrowStream() *ArrowStream {
	s := &ArrowStream{stream: C.turdb_go_stream_new()}
	s.stop = collect(s, s.stream, func(stream *C.struct_ArrowArrayStream) { C.turdb_go_stream_free(stream) })
	return s
}

// Pointer is the address of the struct. Who moves the stream away sets its release to NULL, as Arrow says.
func (s *ArrowStream) Pointer() unsafe.Pointer { return unsafe.Pointer(s.stream) }

// Release ends the stream, unless it was moved, and the care for its context.
func (s *ArrowStream) Release() {
	s.once.Do(func() {
		s.watch.end()
		s.stop()
		if s.conn != nil {
			s.conn.mu.Lock()
			defer s.conn.mu.Unlock()
		}
		C.turdb_go_stream_free(s.stream)
		s.stream = nil
	})
}

// Read runs `read`, which reads the stream wherever it was moved to, while no other call of the stream's connection runs. It is
// an error inside of a function that SQL of the same connection calls.
func (s *ArrowStream) Read(read func()) error {
	if s.conn != nil {
		if err := s.conn.lock(); err != nil {
			return err
		}
		defer s.conn.unlock()
	}
	read()
	return nil
}

// Err is the whole error of a stream of QueryArrow that has failed and is not released yet, nil when it has not.
func (s *ArrowStream) Err(ctx context.Context) error {
	var e *C.turdb_error
	if s.conn == nil || C.turdb_stream_error(&s.copied, &e) != C.TURDB_OK || e == nil {
		return nil
	}
	return s.conn.fail(ctx, C.turdb_error_status(e), e)
}

// QueryArrow runs one statement and gives its rows as an Arrow stream. The stream has the execution and its snapshot: the
// connection may be used for other things meanwhile. When the context is done, the stream fails.
func (c *Conn) QueryArrow(ctx context.Context, flags ArrowFlags, query string, arguments ...any) (*ArrowStream, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	named, err := c.named(arguments)
	if err != nil {
		return nil, err
	}
	st, tail, err := c.takeStatement(query, 0)
	if err != nil {
		return nil, err
	}
	defer c.giveStatement(st)
	if st.handle == nil || !isBlank(query[tail:]) {
		return nil, misuse("a query for Arrow is one statement")
	}
	if err := st.pack(named, true); err != nil {
		return nil, err
	}
	if err := c.lock(); err != nil {
		return nil, err
	}
	defer c.unlock()
	var e *C.turdb_error
	if len(st.packed) > 0 {
		status := C.turdb_stmt_bind_packed(st.handle, bytesPointer(st.packed), C.int64_t(len(st.packed)), &e)
		if err := c.check(status, e); err != nil {
			return nil, err
		}
	}
	s := NewArrowStream()
	s.conn = c
	s.watch = c.watchNext(ctx)
	var out *C.turdb_result
	status := C.turdb_stmt_execute(st.handle, C.int64_t(flags), &out, &e)
	if status == C.TURDB_OK {
		status = C.turdb_result_stream(out, s.stream, &e)
		C.turdb_result_free(out)
	}
	c.autocommit = bool(C.turdb_conn_in_autocommit(c.handle))
	if status != C.TURDB_OK {
		err := c.fail(ctx, status, e)
		s.conn = nil // the lock is held
		s.Release()
		return nil, err
	}
	s.copied = *s.stream
	return s, nil
}

// RegisterArrow makes the rows of a stream a table of this connection, which can be scanned once. The stream is taken over.
func (c *Conn) RegisterArrow(name string, stream *ArrowStream) error {
	defer stream.Release()
	return withText(name, func(cName *C.char) error {
		if err := c.lock(); err != nil {
			return err
		}
		defer c.unlock()
		var e *C.turdb_error
		return c.check(C.turdb_conn_register_stream(c.handle, cName, stream.stream, &e), e)
	})
}

// Unregister takes a table of RegisterArrow away.
func (c *Conn) Unregister(name string) error {
	return withText(name, func(cName *C.char) error {
		if err := c.lock(); err != nil {
			return err
		}
		defer c.unlock()
		var e *C.turdb_error
		return c.check(C.turdb_conn_unregister(c.handle, cName, &e), e)
	})
}
