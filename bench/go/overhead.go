package main

/*
#cgo CFLAGS: -std=c11 -O2 -I${SRCDIR}/../../include
#cgo LDFLAGS: -lturdb
#include <stdio.h>
#include <stdlib.h>
#include <turdb.h>

// The same point selects as in Go, in C: bind, step to the row, three columns, step to the end. 0 when something failed.
static int64_t points(turdb_conn* conn, int64_t few, int64_t count) {
  turdb_stmt* stmt = NULL;
  if (turdb_stmt_prepare(conn, "select a, b, c from t where id = ?", -1, NULL, &stmt, NULL) != TURDB_OK) return 0;
  int64_t sum = 0, size = 0;
  for (int64_t i = 1; i <= count; ++i) {
    if (turdb_stmt_bind_int64(stmt, 1, i % few + 1, NULL) != TURDB_OK || turdb_stmt_step(stmt, NULL) != TURDB_ROW) return 0;
    sum += turdb_stmt_column_int64(stmt, 0) + (int64_t)turdb_stmt_column_double(stmt, 1);
    sum += turdb_stmt_column_text(stmt, 2, &size)[0] + size;
    if (turdb_stmt_step(stmt, NULL) != TURDB_DONE) return 0;
  }
  turdb_stmt_free(stmt);
  return sum;
}

// What a call of C costs.
static void nothing(void) {}

static turdb_conn* filled(int64_t rows, turdb_db** db) {
  char sql[200];
  turdb_conn* conn = NULL;
  snprintf(sql, sizeof sql, "insert into t select i, i * 7, i / 2.0, 'sixteen letters.' from generate_series(1, %lld) g(i)", (long long)rows);
  if (turdb_db_open(":memory:", NULL, db, NULL) != TURDB_OK || turdb_conn_open(*db, &conn, NULL) != TURDB_OK ||
      turdb_conn_exec(conn, "create table t(id integer primary key, a integer, b double precision, c text)", -1, NULL) != TURDB_OK ||
      turdb_conn_exec(conn, sql, -1, NULL) != TURDB_OK) {
    return NULL;
  }
  return conn;
}
*/
import "C"

import (
	"fmt"
	"log"
	"slices"
)

func median(work func() float64) float64 {
	var times []float64
	for range *rounds {
		times = append(times, work())
	}
	slices.Sort(times)
	return times[len(times)/2]
}

// overhead tells what Go and database/sql add to the call of C.
func overhead(inGo float64) {
	var db *C.turdb_db
	conn := C.filled(few, &db)
	if conn == nil {
		log.Fatal("no table in C")
	}
	const count = 200_000
	inC := median(func() float64 {
		begin := now()
		if C.points(conn, few, count) == 0 {
			log.Fatal("a point select failed in C")
		}
		return since(begin, count)
	})
	crossing := median(func() float64 {
		begin := now()
		for range count * 10 {
			C.nothing()
		}
		return since(begin, count*10)
	})
	C.turdb_conn_free(conn)
	C.turdb_db_free(db)
	fmt.Printf("%-38s  in C %5.0f ns   through database/sql %5.0f ns   overhead %5.0f ns, of which a call from Go to C is %.0f ns\n",
		"the point select of 3 columns", inC, inGo, inGo-inC, crossing)
}
