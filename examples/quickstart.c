/*
 * quickstart.c: TurDB in one page of C.
 *
 *     cc -std=c11 quickstart.c -lturdb -o quickstart && ./quickstart mydb
 *
 * Opens a database directory (made when missing), makes a table, inserts rows in a transaction with a prepared
 * statement, asks a question, and shows what an error says. Running it again starts over.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "turdb.h"

/* Prints what went wrong and ends the program. A longer-lived program would free its handles instead. */
static void die(const char* doing, turdb_error* error) {
  fprintf(stderr, "%s: %s: %s\n", doing, turdb_error_sqlstate(error), turdb_error_message(error));
  if (turdb_error_hint(error) != NULL) fprintf(stderr, "  hint: %s\n", turdb_error_hint(error));
  turdb_error_free(error);
  exit(1);
}

static void execute(turdb_conn* conn, const char* sql) {
  turdb_error* error = NULL;
  if (turdb_conn_exec(conn, sql, TURDB_NUL_TERMINATED, &error) != TURDB_OK) die(sql, error);
}

struct city {
  const char* name;
  const char* country;
  int64_t people;
};

/* All cities or none: the rows become visible and durable together, at the commit. */
static void insert_cities(turdb_conn* conn) {
  static const struct city cities[] = {
      {"Lagos", "Nigeria", 15388000}, {"Accra", "Ghana", 2557000}, {"Kano", "Nigeria", 4103000},
      {"Lima", "Peru", 10883000},     {"Cusco", "Peru", 428450},   {"Kumasi", "Ghana", 3490000},
  };
  turdb_error* error = NULL;
  turdb_stmt* insert = NULL;
  if (turdb_stmt_prepare(conn, "INSERT INTO city (name, country, people) VALUES (?, ?, ?)", TURDB_NUL_TERMINATED, NULL, &insert,
                         &error) != TURDB_OK) {
    die("preparing the insert", error);
  }
  if (turdb_conn_begin(conn, &error) != TURDB_OK) die("beginning", error);
  for (size_t i = 0; i < sizeof(cities) / sizeof(cities[0]); ++i) {
    /* The texts outlive the step, so they need no copy. Parameters count from 1. */
    if (turdb_stmt_bind_text_static(insert, 1, cities[i].name, TURDB_NUL_TERMINATED, &error) != TURDB_OK ||
        turdb_stmt_bind_text_static(insert, 2, cities[i].country, TURDB_NUL_TERMINATED, &error) != TURDB_OK ||
        turdb_stmt_bind_int64(insert, 3, cities[i].people, &error) != TURDB_OK ||
        turdb_stmt_step(insert, &error) != TURDB_DONE) {
      die("inserting a city", error);
    }
  }
  if (turdb_conn_commit(conn, &error) != TURDB_OK) die("committing", error);
  turdb_stmt_free(insert);
}

static void print_countries(turdb_conn* conn, int64_t at_least) {
  turdb_error* error = NULL;
  turdb_stmt* query = NULL;
  const char* sql =
      "SELECT country, count(*), sum(people) FROM city WHERE people >= :at_least GROUP BY country ORDER BY 3 DESC";
  if (turdb_stmt_prepare(conn, sql, TURDB_NUL_TERMINATED, NULL, &query, &error) != TURDB_OK) die("preparing", error);
  if (turdb_stmt_bind_int64(query, turdb_stmt_parameter_index(query, ":at_least"), at_least, &error) != TURDB_OK) {
    die("binding", error);
  }
  turdb_status status;
  while ((status = turdb_stmt_step(query, &error)) == TURDB_ROW) {
    printf("%-8s %" PRId64 " cities  %10" PRId64 " people\n", turdb_stmt_column_text(query, 0, NULL),
           turdb_stmt_column_int64(query, 1), turdb_stmt_column_int64(query, 2));
  }
  if (status != TURDB_DONE) die("asking", error);
  turdb_stmt_free(query);
}

int main(int argc, char** argv) {
  turdb_error* error = NULL;
  turdb_db* db = NULL;
  turdb_conn* conn = NULL;
  if (turdb_db_open(argc > 1 ? argv[1] : ":memory:", NULL, &db, &error) != TURDB_OK) die("opening", error);
  if (turdb_conn_open(db, &conn, &error) != TURDB_OK) die("connecting", error);

  execute(conn, "DROP TABLE IF EXISTS city");
  execute(conn, "CREATE TABLE city (name text PRIMARY KEY, country text NOT NULL, people bigint CHECK (people > 0))");
  insert_cities(conn);
  print_countries(conn, 1000000);

  /* An error leaves everything as it was and says what to do about it. */
  if (turdb_conn_exec(conn, "INSERT INTO city VALUES ('Lima', 'Peru', 1)", TURDB_NUL_TERMINATED, &error) == TURDB_CONSTRAINT) {
    printf("as it should be: %s\n", turdb_error_message(error));
    turdb_error_free(error);
  } else {
    die("inserting a second Lima", error);
  }

  turdb_conn_free(conn);
  if (turdb_db_close(db, &error) != TURDB_OK) die("closing", error);
  turdb_db_free(db);
  return 0;
}
