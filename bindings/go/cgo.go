package turdb

/*
#cgo CFLAGS: -std=c11 -I${SRCDIR}/../../include
#cgo !turdb_static LDFLAGS: -lturdb
#cgo turdb_static LDFLAGS: -l:libturdb.a -lstdc++ -lpthread -lm
#cgo noescape turdb_go_prepare
#cgo noescape turdb_go_start
#cgo noescape turdb_go_fetch
#cgo noescape turdb_go_exec
#cgo noescape turdb_go_run_rows
#cgo noescape turdb_go_append_rows
#include "shim.h"
*/
import "C"

// Version is that of the library that is loaded.
func Version() string { return C.GoString(C.turdb_version()) }

// SourceID identifies the source that the library was built from.
func SourceID() string { return C.GoString(C.turdb_source_id()) }
