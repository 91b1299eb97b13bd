package turdb

/*
#include <stdlib.h>
#include "shim.h"
*/
import "C"

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"unsafe"
)

func init() { sql.Register("turdb", Driver{}) }

// Driver is what sql.Open("turdb", name) uses. The name is the path of the directory that the database is in, or ":memory:", with
// options of turdb.h behind a question mark: "app.turdb?memory_limit=64MB&busy_timeout=2000".
type Driver struct{}

// Open implements driver.Driver.
func (d Driver) Open(name string) (driver.Conn, error) {
	connector, err := d.OpenConnector(name)
	if err != nil {
		return nil, err
	}
	conn, err := connector.Connect(context.Background())
	if err != nil {
		return nil, err
	}
	conn.(*Conn).connector = connector.(*Connector) // which is closed with it
	return conn, nil
}

// OpenConnector implements driver.DriverContext.
func (d Driver) OpenConnector(name string) (driver.Connector, error) {
	path, query, _ := strings.Cut(name, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, fmt.Errorf("turdb: the options of %q: %w", name, err)
	}
	options := make(map[string]string, len(values))
	for key, value := range values {
		options[key] = value[len(value)-1]
	}
	return NewConnector(path, options)
}

// Connector opens connections of one database, for sql.OpenDB. The database is opened with the first of them, and closed by
// Close, which sql.DB.Close calls.
type Connector struct {
	path    string
	options *C.turdb_options

	mu       sync.Mutex
	database *database
	closed   bool
}

// NewConnector checks the options, which are those of turdb_db_open, and may be nil. Nothing is opened yet.
func NewConnector(path string, options map[string]string) (*Connector, error) {
	if strings.IndexByte(path, 0) >= 0 {
		return nil, misuse("a path cannot contain NUL")
	}
	c := &Connector{path: path}
	var e *C.turdb_error
	if status := C.turdb_options_new(&c.options, &e); status != C.TURDB_OK {
		return nil, takeError(status, e)
	}
	for key, value := range options {
		if strings.IndexByte(key, 0) >= 0 || strings.IndexByte(value, 0) >= 0 {
			C.turdb_options_free(c.options)
			return nil, misuse("options cannot contain NUL")
		}
		k, v := C.CString(key), C.CString(value)
		status := C.turdb_options_set(c.options, k, v, &e)
		C.free(unsafe.Pointer(k))
		C.free(unsafe.Pointer(v))
		if status != C.TURDB_OK {
			C.turdb_options_free(c.options)
			return nil, takeError(status, e)
		}
	}
	collect(c, c.options, func(options *C.turdb_options) { C.turdb_options_free(options) })
	return c, nil
}

// Driver implements driver.Connector.
func (c *Connector) Driver() driver.Driver { return Driver{} }

// Connect implements driver.Connector.
func (c *Connector) Connect(ctx context.Context) (driver.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, misuse("the database is closed")
	}
	if c.database == nil {
		database, err := openDatabase(c.path, c.options)
		if err != nil {
			return nil, err
		}
		c.database = database
	}
	return c.database.connect()
}

// Close closes the database: what runs on connections of this Connector is interrupted, transactions are rolled back. Closing
// twice is fine.
func (c *Connector) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if c.database == nil {
		return nil
	}
	err := c.database.close()
	c.database = nil
	return err
}

// database is an open database, of a Connector and its connections.
type database struct {
	mu     sync.Mutex
	handle *C.turdb_db
	shared sync.WaitGroup // calls that use the handle without mu
	stop   func()
}

func openDatabase(path string, options *C.turdb_options) (*database, error) {
	p := C.CString(path)
	defer C.free(unsafe.Pointer(p))
	d := &database{}
	var e *C.turdb_error
	if status := C.turdb_db_open(p, options, &d.handle, &e); status != C.TURDB_OK {
		return nil, takeError(status, e)
	}
	d.stop = collect(d, d.handle, func(handle *C.turdb_db) { C.turdb_db_free(handle) })
	return d, nil
}

func (d *database) connect() (*Conn, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.handle == nil {
		return nil, misuse("the database is closed")
	}
	c := &Conn{database: d, autocommit: true}
	var e *C.turdb_error
	if status := C.turdb_conn_open(d.handle, &c.handle, &e); status != C.TURDB_OK {
		return nil, takeError(status, e)
	}
	if status := C.turdb_interrupt_open(c.handle, &c.interrupt, &e); status != C.TURDB_OK {
		C.turdb_conn_free(c.handle)
		return nil, takeError(status, e)
	}
	c.stop = collect(c, c.handle, func(handle *C.turdb_conn) { C.turdb_conn_free(handle) })
	c.progress = &ownedCallback{}
	collect(c, c.progress, func(progress *ownedCallback) { progress.replace(0) })
	// Watches may still have it when the connection is closed: it goes when the connection is garbage.
	collect(c, c.interrupt, func(handle *C.turdb_interrupt) { C.turdb_interrupt_free(handle) })
	return c, nil
}

// close ends the database now.
func (d *database) close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.handle == nil {
		return nil
	}
	var e *C.turdb_error
	status := C.turdb_db_close(d.handle, &e)
	d.free()
	if status != C.TURDB_OK {
		return takeError(status, e)
	}
	return nil
}

func (d *database) free() {
	if d.handle != nil {
		d.stop()
		d.shared.Wait()
		C.turdb_db_free(d.handle)
		d.handle = nil
	}
}

// share gives a handle of the database for a call that may take long, and that another goroutine may close the database under.
func (d *database) share() (*C.turdb_db, func(), error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.handle == nil {
		return nil, nil, misuse("the database is closed")
	}
	d.shared.Add(1)
	return d.handle, d.shared.Done, nil
}

// Options lists the options of turdb.h, each with a sentence on it.
func Options() map[string]string {
	options := map[string]string{}
	for i := C.int64_t(0); ; i++ {
		key := C.turdb_options_key(i)
		if key == nil {
			return options
		}
		options[C.GoString(key)] = C.GoString(C.turdb_options_describe(key))
	}
}

// Recover makes a new database in target of what can be read of the damaged one in path. It returns the number of rows saved, and
// what was lost, each thing in words. See turdb_db_recover.
func Recover(path, target string) (rows int64, lost []string, err error) {
	err = withText(path, func(p *C.char) error {
		return withText(target, func(t *C.char) error {
			var e *C.turdb_error
			var savedRows, lostThings C.int64_t
			status := C.turdb_status(C.TURDB_OK)
			lost = visiting(func(handle C.uintptr_t) { status = C.turdb_go_recover(p, t, handle, &savedRows, &lostThings, &e) })
			if status != C.TURDB_OK {
				return takeError(status, e)
			}
			rows = int64(savedRows)
			return nil
		})
	})
	if err != nil {
		return 0, nil, err
	}
	return rows, lost, nil
}

var (
	_ driver.DriverContext = Driver{}
	_ driver.Connector     = (*Connector)(nil)
)
