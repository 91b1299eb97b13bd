package turdbarrow

import (
	"context"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"turdb"
)

// reader is arrow-go's reader of a stream, kept apart from other calls of the connection, with TurDB's errors.
type reader struct {
	ctx        context.Context
	stream     *turdb.ArrowStream
	inner      array.RecordReader
	schema     *arrow.Schema
	err        error
	references atomic.Int64
}

func (r *reader) Retain() { r.references.Add(1) }

func (r *reader) Release() {
	if r.references.Add(-1) != 0 {
		return
	}
	if r.stream.Read(r.inner.Release) != nil {
		r.inner.Release() // the connection is closed: nothing runs there
	}
	r.stream.Release()
}

func (r *reader) Schema() *arrow.Schema { return r.schema }

func (r *reader) Next() (more bool) {
	if r.err != nil {
		return false
	}
	if err := r.stream.Read(func() { more = r.inner.Next() }); err != nil {
		r.err = err
		return false
	}
	if err := r.inner.Err(); err != nil {
		r.err = err
		if whole := r.stream.Err(r.ctx); whole != nil {
			r.err = whole
		}
		return false
	}
	return more
}

func (r *reader) RecordBatch() arrow.RecordBatch { return r.inner.RecordBatch() }

// Record is what RecordBatch was called before.
func (r *reader) Record() arrow.RecordBatch { return r.inner.RecordBatch() }

func (r *reader) Err() error { return r.err }
