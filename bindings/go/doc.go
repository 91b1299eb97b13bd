// Package turdb is the driver of TurDB for database/sql, named "turdb", and what TurDB has beyond it.
//
//	db, err := sql.Open("turdb", "app.turdb?memory_limit=256MB")
//
// Importing the package is enough for database/sql; its own types are for errors, for values that Go has no type for, and, through
// sql.Conn.Raw, for what a Conn can do: appenders, batches, Arrow, functions of Go, hooks, blobs in pieces, backups.
//
// # Parameters
//
// ?, $1, :name, @name and $name; the latter with sql.Named. A parameter is nil, a boolean, any number, a string, a []byte, a
// time.Time, a []float32 (a vector), another slice or array (an array), a *big.Int, a json.RawMessage, one of the types of this
// package, a UUID or a decimal number of another package, a driver.Valuer, a pointer to one of these (nil is NULL), or of a type that is
// one of them underneath. A time.Time is an instant, timestamp with time zone: a column of type timestamp takes what it shows in the
// session's time zone. TimestampOf and DateOf give what it shows in its own.
//
// # Values
//
//	boolean                                bool
//	integers                               int64, but uint64 for ubigint and the digits for int128
//	real, double precision                 float64
//	decimal, numeric                       string, exactly
//	text, enums, structs, addresses ...    string
//	blob, json, jsonb                      []byte
//	date, timestamp, timestamptz           time.Time in UTC, or an Infinity
//	time                                   string
//	interval                               Interval
//	uuid                                   string
//	vectors                                []float32, []int8, []bool
//	arrays                                 []any, nested; Slice scans them into others
//
// Elements of arrays and values of columns of type ANY say their types: dates are a Date, timestamps without a time zone a
// Timestamp, times a TimeOfDay, decimals a Decimal, UUIDs a UUID, int128 a *big.Int, JSON a JSON.
//
// # Contexts
//
// When a context is done, what runs under it is interrupted, and the call returns once it has stopped, with an error for which
// errors.Is(err, ctx.Err()) holds. A statement that is over is not affected, nor is what comes next on the connection.
package turdb
