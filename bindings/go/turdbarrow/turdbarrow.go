// Package turdbarrow moves whole tables between TurDB and arrow-go, by Arrow's C Stream Interface: nothing is converted value by value.
package turdbarrow

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/cdata"

	"turdb"
)

func raw(conn *sql.Conn, use func(conn *turdb.Conn) error) error {
	return conn.Raw(func(driverConn any) error {
		c, ok := driverConn.(*turdb.Conn)
		if !ok {
			return fmt.Errorf("turdbarrow: a connection of another driver: %T", driverConn)
		}
		return use(c)
	})
}

// Query runs one statement and gives its rows as a reader of record batches, which is to be released. Batches own their memory and
// outlive the connection; each is to be released, too, if it was retained. The connection may be used for other things meanwhile.
// When the context is done the reader's Err is an error for which errors.Is(err, ctx.Err()) holds.
func Query(ctx context.Context, conn *sql.Conn, query string, arguments ...any) (array.RecordReader, error) {
	return QueryWith(ctx, conn, 0, query, arguments...)
}

// QueryWith is Query with flags for types that Arrow knows several of.
func QueryWith(ctx context.Context, conn *sql.Conn, flags turdb.ArrowFlags, query string, arguments ...any) (array.RecordReader, error) {
	var stream *turdb.ArrowStream
	err := raw(conn, func(c *turdb.Conn) (err error) {
		stream, err = c.QueryArrow(ctx, flags, query, arguments...)
		return err
	})
	if err != nil {
		return nil, err
	}
	r := &reader{ctx: ctx, stream: stream}
	var imported any
	err2 := stream.Read(func() {
		imported, err = cdata.ImportCRecordReader((*cdata.CArrowArrayStream)(stream.Pointer()), nil)
	})
	if err == nil {
		err = err2
	}
	if err != nil {
		stream.Release()
		return nil, err
	}
	r.inner = imported.(array.RecordReader)
	r.schema = r.inner.Schema()
	r.references.Store(1)
	return r, nil
}

// Append inserts all rows of a reader into a table, columns by place; all of them or none. It returns the number of rows. Batches are
// copied to memory of C, unless they are of Query, or InC says that they lie there.
func Append(conn *sql.Conn, table string, rows array.RecordReader, columns ...string) (count int64, err error) {
	err = raw(conn, func(c *turdb.Conn) error {
		appender, err := c.NewAppender(table, columns...)
		if err != nil {
			return err
		}
		defer appender.Discard()
		if err := appender.AppendArrow(export(c, rows)); err != nil {
			return err
		}
		count = appender.Rows()
		return appender.Close()
	})
	return count, err
}

// Register makes the rows of a reader a table of the connection: FROM name. It can be scanned once.
func Register(conn *sql.Conn, name string, rows array.RecordReader) error {
	return raw(conn, func(c *turdb.Conn) error { return c.RegisterArrow(name, export(c, rows)) })
}

// export makes a stream of a reader, which it retains.
func export(c *turdb.Conn, rows array.RecordReader) *turdb.ArrowStream {
	stream := turdb.NewArrowStream()
	cdata.ExportRecordReader(&guarded{RecordReader: rows, conn: c}, (*cdata.CArrowArrayStream)(stream.Pointer()))
	return stream
}

// guarded is a reader that C reads: its batches lie in C's memory, its panics are errors, and the connection that reads it cannot be
// used by it.
type guarded struct {
	array.RecordReader
	conn  *turdb.Conn
	batch arrow.RecordBatch
	err   error
}

func (g *guarded) drop() {
	if g.batch != nil {
		g.batch.Release()
		g.batch = nil
	}
}

func (g *guarded) Next() (more bool) {
	g.drop()
	g.err = g.conn.RunCallback(func() (err error) {
		if !g.RecordReader.Next() {
			return g.RecordReader.Err()
		}
		more = true
		if liesInC(g.RecordReader) {
			g.batch = g.RecordReader.RecordBatch()
			g.batch.Retain()
			return nil
		}
		g.batch, err = moveToC(g.RecordReader.RecordBatch())
		return err
	})
	return more && g.err == nil
}

func (g *guarded) RecordBatch() arrow.RecordBatch { return g.batch }

// Record is what RecordBatch was called before.
func (g *guarded) Record() arrow.RecordBatch { return g.batch }

func (g *guarded) Err() error { return g.err }

func (g *guarded) Release() {
	g.drop()
	g.RecordReader.Release()
}
