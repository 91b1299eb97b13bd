package turdb

/*
#include "shim.h"
*/
import "C"

import (
	"errors"
	"io"
	"math"
	"strings"
	"unsafe"
)

// Blob is the value of one column in one row, a blob, text or JSON, read and perhaps written in pieces: it needs no more memory than a
// piece. It is a file: writing behind its end makes it longer, with zeros between.
//
// A blob that was opened outside a transaction shows what was there then, and what is written is committed when the call returns. One
// opened in a transaction ends with it. Each write copies the value, so few large pieces are better than many small ones: put a
// bufio.Writer in front.
type Blob struct {
	conn   *Conn
	handle *C.turdb_blob
	stop   func()
	at     int64 // where Read and Write are
}

// OpenBlob opens a value for reading and, when it is writable, writing. The table is "name" or "schema.name", names are as the catalog
// has them, without quotes. The row is given by its primary key or, of a table without one, its rowid.
func (c *Conn) OpenBlob(table, column string, writable bool, key ...any) (*Blob, error) {
	schema, name, qualified := strings.Cut(table, ".")
	if !qualified {
		schema, name = "", table
	}
	packed, err := packKey(key)
	if err != nil {
		return nil, err
	}
	b := &Blob{conn: c}
	err = c.register([]string{schema, name, column}, func(texts []*C.char, e **C.turdb_error) C.turdb_status {
		if !qualified {
			texts = append([]*C.char{nil}, texts[1:]...)
		}
		return C.turdb_blob_open_key(c.handle, texts[0], texts[1], texts[2], bytesPointer(packed), C.int64_t(len(packed)),
			C.bool(writable), &b.handle, e)
	})
	if err != nil {
		return nil, err
	}
	b.stop = collect(b, b.handle, func(handle *C.turdb_blob) { C.turdb_blob_free(handle) })
	return b, nil
}

func packKey(key []any) (packed []byte, err error) {
	for _, value := range key {
		if packed, err = pack(packed, value); err != nil {
			return nil, err
		}
	}
	return packed, nil
}

// call calls C with the connection locked.
func (b *Blob) call(run func(e **C.turdb_error) C.turdb_status) error {
	if err := b.conn.lock(); err != nil {
		return err
	}
	defer b.conn.unlock()
	if b.handle == nil {
		return misuse("the blob is closed")
	}
	var e *C.turdb_error
	return b.conn.check(run(&e), e)
}

// Reopen goes to the value of the same column in another row, or in the same one as it is now. It is cheaper than opening another blob.
// When it fails, the blob stands on no row.
func (b *Blob) Reopen(key ...any) error {
	packed, err := packKey(key)
	if err != nil {
		return err
	}
	return b.call(func(e **C.turdb_error) C.turdb_status {
		b.at = 0
		return C.turdb_blob_reopen_key(b.handle, bytesPointer(packed), C.int64_t(len(packed)), e)
	})
}

// Size is the number of bytes of the value.
func (b *Blob) Size() int64 {
	size := int64(0)
	_ = b.call(func(**C.turdb_error) C.turdb_status {
		size = int64(C.turdb_blob_size(b.handle))
		return C.TURDB_OK
	})
	return size
}

// Truncate makes the value shorter, or longer with zeros behind.
func (b *Blob) Truncate(size int64) error {
	return b.call(func(e **C.turdb_error) C.turdb_status { return C.turdb_blob_resize(b.handle, C.int64_t(size), e) })
}

// Close ends the blob. Closing twice is fine.
func (b *Blob) Close() error {
	b.conn.mu.Lock()
	defer b.conn.mu.Unlock()
	if b.handle != nil {
		b.stop()
		C.turdb_blob_free(b.handle)
		b.handle = nil
	}
	return nil
}

// readAt reads what there is of the bytes from an offset on.
func (b *Blob) readAt(to []byte, offset int64) (int, error) {
	read := 0
	err := b.call(func(e **C.turdb_error) C.turdb_status {
		size := int64(C.turdb_blob_size(b.handle))
		offset = min(offset, size)
		read = int(min(size-offset, int64(len(to))))
		return C.turdb_blob_read(b.handle, C.int64_t(offset), unsafe.Pointer(unsafe.SliceData(to)), C.int64_t(read), e)
	})
	if err != nil {
		return 0, err
	}
	return read, nil
}

// ReadAt implements io.ReaderAt.
func (b *Blob) ReadAt(to []byte, offset int64) (int, error) {
	if offset < 0 {
		return 0, errNegative
	}
	read, err := b.readAt(to, offset)
	if err == nil && read < len(to) {
		err = io.EOF
	}
	return read, err
}

// WriteAt implements io.WriterAt.
func (b *Blob) WriteAt(from []byte, offset int64) (int, error) {
	if offset < 0 {
		return 0, errNegative
	}
	if offset > math.MaxInt64-int64(len(from)) {
		return 0, errTooLong
	}
	if len(from) == 0 {
		return 0, nil
	}
	err := b.call(func(e **C.turdb_error) C.turdb_status {
		if end := offset + int64(len(from)); end > int64(C.turdb_blob_size(b.handle)) {
			if status := C.turdb_blob_resize(b.handle, C.int64_t(end), e); status != C.TURDB_OK {
				return status
			}
		}
		return C.turdb_blob_write(b.handle, C.int64_t(offset), unsafe.Pointer(unsafe.SliceData(from)), C.int64_t(len(from)), e)
	})
	if err != nil {
		return 0, err
	}
	return len(from), nil
}

// Read implements io.Reader.
func (b *Blob) Read(to []byte) (int, error) {
	if len(to) == 0 {
		return 0, nil
	}
	read, err := b.readAt(to, b.at)
	b.at += int64(read)
	if err == nil && read == 0 {
		err = io.EOF
	}
	return read, err
}

// Write implements io.Writer.
func (b *Blob) Write(from []byte) (int, error) {
	written, err := b.WriteAt(from, b.at)
	b.at += int64(written)
	return written, err
}

// Seek implements io.Seeker.
func (b *Blob) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += b.at
	case io.SeekEnd:
		offset += b.Size()
	default:
		return 0, misuse("Seek wants io.SeekStart, io.SeekCurrent or io.SeekEnd, not %d", whence)
	}
	if offset < 0 {
		return 0, errNegative
	}
	b.at = offset
	return offset, nil
}

var (
	errNegative = errors.New("turdb: a negative place in a blob")
	errTooLong  = error(&Error{Code: ErrLimit, State: "54000", Message: "the blob would be too long", Position: -1})

	_ io.ReadWriteSeeker = (*Blob)(nil)
	_ io.ReaderAt        = (*Blob)(nil)
	_ io.WriterAt        = (*Blob)(nil)
	_ io.Closer          = (*Blob)(nil)
)
