/* Blobs read and written in pieces. */
#include <unistd.h>

#include "capi_test.h"

/* Bytes that cannot be compressed, the same whenever they are asked for. */
static uint8_t byte_at(int64_t offset) {
  uint64_t x = (uint64_t)(offset / 8) * 0x9E3779B97F4A7C15u + 0x1234567u;
  x ^= x >> 31;
  x *= 0xBF58476D1CE4E5B9u;
  x ^= x >> 27;
  return (uint8_t)(x >> (8 * (offset % 8)));
}

static void fill(uint8_t* data, int64_t offset, int64_t size) {
  for (int64_t i = 0; i < size; ++i) data[i] = byte_at(offset + i);
}

static bool holds(const uint8_t* data, int64_t offset, int64_t size) {
  for (int64_t i = 0; i < size; ++i) {
    if (data[i] != byte_at(offset + i)) return false;
  }
  return true;
}

static turdb_status insert_bytes(turdb_conn* conn, const char* sql, const void* data, int64_t size) {
  turdb_stmt* stmt = NULL;
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(conn, sql, -1, NULL, &stmt, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_blob(stmt, 1, data, size, NULL));
  const turdb_status status = turdb_stmt_step(stmt, NULL);
  turdb_stmt_free(stmt);
  return status;
}

static void blobs_refuse_what_is_not_there(void) {
  struct session s = session_open(":memory:");
  turdb_blob* blob = NULL;
  turdb_error* error = NULL;
  uint8_t data[8] = {0};
  CHECK_STATUS(TURDB_OK, exec(s.conn,
                              "create table t(a int primary key, b blob, c text, d int); create view v as select * from t;"
                              "insert into t values (1, 'abc'::bytea, 'text', 4), (2, null, null, 0)"));
  CHECK_STATUS(TURDB_MISUSE, turdb_blob_open(NULL, NULL, "t", "b", 1, false, &blob, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_blob_open(s.conn, NULL, NULL, "b", 1, false, &blob, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_blob_open(s.conn, NULL, "t", NULL, 1, false, &blob, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_blob_open(s.conn, NULL, "t", "b", 1, false, NULL, NULL));
  CHECK_STATUS(TURDB_ERROR, turdb_blob_open(s.conn, NULL, "nothing", "b", 1, false, &blob, NULL));
  CHECK_STATUS(TURDB_ERROR, turdb_blob_open(s.conn, "nowhere", "t", "b", 1, false, &blob, NULL));
  CHECK_STATUS(TURDB_ERROR, turdb_blob_open(s.conn, NULL, "t", "x", 1, false, &blob, &error));
  CHECK_TEXT("42703", turdb_error_sqlstate(error));
  turdb_error_free(error);
  CHECK_STATUS(TURDB_ERROR, turdb_blob_open(s.conn, NULL, "v", "b", 1, false, &blob, NULL));
  CHECK_STATUS(TURDB_ERROR, turdb_blob_open(s.conn, NULL, "t", "d", 1, false, &blob, NULL));
  CHECK_STATUS(TURDB_ERROR, turdb_blob_open(s.conn, NULL, "t", "c", 1, true, &blob, NULL)); /* texts are for reading */
  CHECK_STATUS(TURDB_NOT_FOUND, turdb_blob_open(s.conn, NULL, "t", "b", 7, false, &blob, &error));
  CHECK_TEXT("02000", turdb_error_sqlstate(error));
  turdb_error_free(error);
  CHECK_STATUS(TURDB_DATA, turdb_blob_open(s.conn, NULL, "t", "b", 2, false, &blob, &error));
  CHECK_TEXT("22004", turdb_error_sqlstate(error));
  turdb_error_free(error);
  CHECK(blob == NULL);
  CHECK_STATUS(TURDB_OK, turdb_blob_open(s.conn, "root", "t", "b", 1, false, &blob, NULL));
  CHECK(turdb_blob_size(blob) == 3);
  CHECK_STATUS(TURDB_OK, turdb_blob_read(blob, 0, data, 3, NULL));
  CHECK(memcmp(data, "abc", 3) == 0);
  CHECK_STATUS(TURDB_OK, turdb_blob_read(blob, 3, NULL, 0, NULL));
  CHECK_STATUS(TURDB_DATA, turdb_blob_read(blob, 1, data, 3, NULL));
  CHECK_STATUS(TURDB_DATA, turdb_blob_read(blob, INT64_MAX, data, 1, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_blob_read(blob, -1, data, 1, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_blob_read(blob, 0, NULL, 1, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_blob_read(NULL, 0, data, 1, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_blob_write(blob, 0, data, 1, NULL)); /* opened for reading */
  CHECK_STATUS(TURDB_MISUSE, turdb_blob_write(NULL, 0, data, 1, NULL));
  /* To another row, to one that is not there, and back. */
  CHECK_STATUS(TURDB_DATA, turdb_blob_reopen(blob, 2, NULL)); /* [C-BLOB-5] */
  CHECK(turdb_blob_size(blob) == 0);
  CHECK_STATUS(TURDB_MISUSE, turdb_blob_read(blob, 0, data, 1, NULL));
  CHECK_STATUS(TURDB_OK, turdb_blob_reopen(blob, 1, NULL));
  CHECK_STATUS(TURDB_OK, turdb_blob_read(blob, 2, data, 1, NULL));
  CHECK(data[0] == 'c');
  CHECK_STATUS(TURDB_OK, turdb_blob_close(blob, NULL));
  CHECK_STATUS(TURDB_OK, turdb_blob_close(blob, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_blob_close(NULL, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_blob_read(blob, 0, data, 1, NULL));
  turdb_blob_free(blob);
  turdb_blob_free(NULL);
  CHECK(turdb_blob_size(NULL) == 0);
  /* After the end of the session and of the database, and freed behind both. */
  CHECK_STATUS(TURDB_OK, turdb_blob_open(s.conn, NULL, "t", "c", 1, false, &blob, NULL));
  CHECK_STATUS(TURDB_OK, turdb_conn_close(s.conn, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_blob_read(blob, 0, data, 1, NULL));
  session_close(&s);
  turdb_blob_free(blob);
}

static void blobs_are_found_by_any_key(void) { /* [C-BLOB-1] */
  struct session s = session_open(":memory:");
  turdb_blob* blob = NULL;
  char data[32] = {0};
  CHECK_STATUS(TURDB_OK, exec(s.conn,
                              "create table t(a text, b int, c text, primary key(b, a));"
                              "insert into t values ('x', 1, 'first'), ('y', 2, repeat('long', 10000));"
                              "create table u(a text); insert into u values ('no key')"));
  const uint8_t key[] = {TURDB_TYPE_INT64, 2, 0, 0, 0, 0, 0, 0, 0, TURDB_TYPE_TEXT, 1, 0, 0, 0, 'y'};
  CHECK_STATUS(TURDB_OK, turdb_blob_open_key(s.conn, NULL, "t", "c", key, sizeof key, false, &blob, NULL));
  CHECK(turdb_blob_size(blob) == 40000);
  CHECK_STATUS(TURDB_OK, turdb_blob_read(blob, 39994, data, 6, NULL));
  CHECK_TEXT("nglong", data);
  CHECK_STATUS(TURDB_OK, turdb_blob_read(blob, 1, data, 6, NULL)); /* backwards */
  CHECK_TEXT("onglon", data);
  const uint8_t other[] = {TURDB_TYPE_INT64, 1, 0, 0, 0, 0, 0, 0, 0, TURDB_TYPE_TEXT, 1, 0, 0, 0, 'x'};
  CHECK_STATUS(TURDB_OK, turdb_blob_reopen_key(blob, other, sizeof other, NULL));
  CHECK(turdb_blob_size(blob) == 5);
  CHECK_STATUS(TURDB_MISUSE, turdb_blob_reopen(blob, 1, NULL)); /* the key has two values */
  CHECK_STATUS(TURDB_DATA, turdb_blob_reopen_key(blob, other, 7, NULL));
  turdb_blob_free(blob);
  /* A table without a key has rowids. */
  CHECK_STATUS(TURDB_OK,
               turdb_blob_open(s.conn, NULL, "u", "a", query_int64(s.conn, "select rowid from u"), false, &blob, NULL));
  CHECK_STATUS(TURDB_OK, turdb_blob_read(blob, 0, data, 6, NULL));
  CHECK(memcmp(data, "no key", 6) == 0);
  turdb_blob_free(blob);
  session_close(&s);
}

static void snapshots_and_transactions(void) { /* [C-BLOB-2] [C-BLOB-3] */
  struct session s = session_open(":memory:");
  turdb_conn* other = NULL;
  turdb_blob* blob = NULL;
  turdb_error* error = NULL;
  char data[8] = {0};
  CHECK_STATUS(TURDB_OK, turdb_conn_open(s.db, &other, NULL));
  CHECK_STATUS(TURDB_OK,
               exec(s.conn, "create table t(a int primary key, b text); insert into t values (1, repeat('old', 30000))"));
  /* Outside a transaction: what was there, whoever changes it, and whether its pages are garbage or not. */
  CHECK_STATUS(TURDB_OK, turdb_blob_open(s.conn, NULL, "t", "b", 1, false, &blob, NULL));
  CHECK_STATUS(TURDB_OK, exec(other, "update t set b = repeat('new', 30000)"));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "update t set b = repeat('NEW', 30000); vacuum"));
  CHECK_STATUS(TURDB_OK, turdb_blob_read(blob, 89997, data, 3, NULL));
  CHECK(memcmp(data, "old", 3) == 0);
  CHECK_STATUS(TURDB_OK, turdb_blob_reopen(blob, 1, NULL));
  CHECK_STATUS(TURDB_OK, turdb_blob_read(blob, 89997, data, 3, NULL));
  CHECK(memcmp(data, "NEW", 3) == 0);
  turdb_blob_free(blob);
  /* In a transaction: what it sees, until it changes the value, or ends. */
  CHECK_STATUS(TURDB_OK, exec(s.conn, "begin"));
  CHECK_STATUS(TURDB_OK, turdb_blob_open(s.conn, NULL, "t", "b", 1, false, &blob, NULL));
  CHECK_STATUS(TURDB_OK, exec(other, "insert into t values (2, 'x'); update t set b = 'others' where a = 1"));
  CHECK_STATUS(TURDB_OK, turdb_blob_read(blob, 0, data, 3, NULL));
  CHECK(memcmp(data, "NEW", 3) == 0);
  CHECK_STATUS(TURDB_OK, exec(s.conn, "rollback; begin"));
  CHECK_STATUS(TURDB_ERROR, turdb_blob_read(blob, 0, data, 3, &error));
  CHECK_TEXT("24000", turdb_error_sqlstate(error));
  CHECK(turdb_error_hint(error) != NULL);
  turdb_error_free(error);
  CHECK_STATUS(TURDB_OK, turdb_blob_reopen(blob, 1, NULL));
  CHECK_STATUS(TURDB_OK, turdb_blob_read(blob, 0, data, 6, NULL));
  CHECK(memcmp(data, "others", 6) == 0);
  CHECK_STATUS(TURDB_OK, exec(s.conn, "savepoint a; update t set b = 'own' where a = 1"));
  CHECK_STATUS(TURDB_ERROR, turdb_blob_read(blob, 0, data, 3, &error));
  CHECK_TEXT("24000", turdb_error_sqlstate(error));
  turdb_error_free(error);
  CHECK_STATUS(TURDB_OK, exec(s.conn, "rollback to a"));
  CHECK_STATUS(TURDB_OK, turdb_blob_read(blob, 0, data, 6, NULL));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "delete from t where a = 1"));
  CHECK_STATUS(TURDB_ERROR, turdb_blob_read(blob, 0, data, 3, NULL));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "rollback"));
  turdb_blob_free(blob);
  turdb_conn_free(other);
  session_close(&s);
}

static void blobs_are_written_in_place(void) { /* [C-BLOB-6] */
  struct session s = session_open(":memory:");
  turdb_blob* blob = NULL;
  static uint8_t data[100000];
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a int primary key, b blob, c text)"));
  const int64_t sizes[] = {10, 3000, 8000, 20000, 90000};
  for (int i = 0; i < 5; ++i) {
    const int64_t size = sizes[i];
    char sql[200];
    snprintf(sql, sizeof sql, "insert into t values (%d, zeroblob(%lld), 'beside')", i, (long long)size);
    CHECK_STATUS(TURDB_OK, exec(s.conn, sql));
    CHECK_STATUS(TURDB_OK, turdb_blob_open(s.conn, NULL, "t", "b", i, true, &blob, NULL));
    CHECK(turdb_blob_size(blob) == size);
    /* In pieces that fit nothing, some in a transaction of their own and some in one together. */
    for (int64_t at = 0; at < size; at += 7777) {
      const int64_t piece = size - at < 7777 ? size - at : 7777;
      fill(data, at, piece);
      CHECK_STATUS(TURDB_OK, turdb_blob_write(blob, at, data, piece, NULL));
      CHECK_STATUS(TURDB_OK, turdb_blob_read(blob, at, data, piece, NULL));
      CHECK(holds(data, at, piece));
    }
    CHECK_STATUS(TURDB_DATA, turdb_blob_write(blob, size - 1, data, 2, NULL));
    CHECK_STATUS(TURDB_OK, turdb_blob_read(blob, 0, data, size, NULL));
    CHECK(holds(data, 0, size));
    CHECK_STATUS(TURDB_OK, exec(s.conn, "begin"));
    CHECK_STATUS(TURDB_OK, turdb_blob_reopen(blob, i, NULL));
    CHECK_STATUS(TURDB_OK, turdb_blob_write(blob, 3, "!!!!!", 5, NULL));
    CHECK_STATUS(TURDB_OK, turdb_blob_read(blob, 2, data, 6, NULL));
    CHECK(memcmp(data + 1, "!!!!!", 5) == 0 && holds(data, 2, 1));
    CHECK(query_int64(s.conn, "select count(*) from t where substr(b, 4, 5) = '!!!!!'::bytea") == 1);
    CHECK_STATUS(TURDB_OK, exec(s.conn, "rollback"));
    turdb_blob_free(blob);
    blob = NULL;
    snprintf(sql, sizeof sql, "select length(b) from t where a = %d and c = 'beside' and substr(b, 4, 5) <> '!!!!!'::bytea", i);
    CHECK(query_int64(s.conn, sql) == size);
  }
  int64_t problems = -1;
  CHECK_STATUS(TURDB_OK, turdb_db_check(s.db, NULL, NULL, &problems, NULL));
  CHECK(problems == 0);
  session_close(&s);
}

static void writes_meet_the_rules_of_tables(void) { /* [C-BLOB-4] */
  struct session s = session_open(":memory:");
  turdb_conn* other = NULL;
  turdb_blob* blob = NULL;
  turdb_error* error = NULL;
  CHECK_STATUS(TURDB_OK, turdb_conn_open(s.db, &other, NULL));
  CHECK_STATUS(TURDB_OK,
               exec(s.conn,
                    "create table t(a int primary key, b blob, i blob unique, k blob check (length(k) > 0), g int generated "
                    "always as (length(b)) stored);"
                    "create table u(a int primary key, b blob); insert into u values (1, zeroblob(50000));"
                    "insert into t(a, b, i, k) values (1, 'b'::bytea, 'i'::bytea, 'k'::bytea)"));
  const char* const refused[] = {"b", "i", "k"};
  for (int i = 0; i < 3; ++i) {
    CHECK_STATUS(TURDB_UNSUPPORTED, turdb_blob_open(s.conn, NULL, "t", refused[i], 1, true, &blob, &error));
    turdb_error_free(error);
    CHECK_STATUS(TURDB_OK, turdb_blob_open(s.conn, NULL, "t", refused[i], 1, false, &blob, NULL));
    turdb_blob_free(blob);
  }
  /* Two who write one row. */
  CHECK_STATUS(TURDB_OK, exec(s.conn, "begin"));
  CHECK_STATUS(TURDB_OK, turdb_blob_open(s.conn, NULL, "u", "b", 1, true, &blob, NULL));
  CHECK_STATUS(TURDB_OK, exec(other, "update u set b = zeroblob(50001)"));
  CHECK_STATUS(TURDB_CONFLICT, turdb_blob_write(blob, 0, "x", 1, &error));
  CHECK(turdb_error_can_retry(error));
  turdb_error_free(error);
  CHECK_STATUS(TURDB_OK, exec(s.conn, "rollback"));
  turdb_blob_free(blob);
  /* Outside a transaction the blob shows what was there, and so may not write over what is there now. */
  CHECK_STATUS(TURDB_OK, turdb_blob_open(s.conn, NULL, "u", "b", 1, true, &blob, NULL));
  CHECK_STATUS(TURDB_OK, exec(other, "update u set b = zeroblob(50002)"));
  CHECK_STATUS(TURDB_ERROR, turdb_blob_write(blob, 0, "x", 1, &error));
  CHECK_TEXT("24000", turdb_error_sqlstate(error));
  turdb_error_free(error);
  CHECK_STATUS(TURDB_OK, turdb_blob_reopen(blob, 1, NULL));
  CHECK_STATUS(TURDB_OK, turdb_blob_write(blob, 50001, "x", 1, NULL));
  turdb_blob_free(blob);
  CHECK(query_int64(other, "select count(*) from u where substr(b, 50002) = 'x'::bytea") == 1);
  turdb_conn_free(other);
  session_close(&s);
}

/* 100 MB through a megabyte. */
static void one_megabyte_reads_and_writes_a_long_blob(void) { /* [C-BLOB-1] */
  const char* path = temporary_path("long_blob");
  const int64_t size = 100 << 20;
  uint8_t* data = (uint8_t*)malloc((size_t)size);
  turdb_blob* blob = NULL;
  fill(data, 0, size);
  struct session s = session_open(path);
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a int primary key, b blob)"));
  CHECK_STATUS(TURDB_DONE, insert_bytes(s.conn, "insert into t values (1, ?)", data, size));
  session_close(&s);
  free(data);

  turdb_options* options = NULL;
  CHECK_STATUS(TURDB_OK, turdb_options_new(&options, NULL));
  CHECK_STATUS(TURDB_OK, turdb_options_set(options, "memory_limit", "1MB", NULL));
  CHECK_STATUS(TURDB_OK, turdb_options_set(options, "synchronous", "off", NULL));
  turdb_db* db = NULL;
  turdb_conn* conn = NULL;
  CHECK_STATUS(TURDB_OK, turdb_db_open(path, options, &db, NULL));
  turdb_options_free(options);
  CHECK_STATUS(TURDB_OK, turdb_conn_open(db, &conn, NULL));
  static uint8_t piece[1 << 16];
  CHECK_STATUS(TURDB_OK, turdb_blob_open(conn, NULL, "t", "b", 1, true, &blob, NULL));
  CHECK(turdb_blob_size(blob) == size);
  bool same = true;
  for (int64_t at = 0; at < size; at += (int64_t)sizeof piece) {
    CHECK_STATUS(TURDB_OK, turdb_blob_read(blob, at, piece, sizeof piece, NULL));
    same = same && holds(piece, at, 1000) && holds(piece + sizeof piece - 1000, at + (int64_t)sizeof piece - 1000, 1000);
  }
  CHECK(same);
  for (int64_t at = size - (int64_t)sizeof piece; at > 0; at -= 7919 * 977) { /* backwards, in jumps */
    CHECK_STATUS(TURDB_OK, turdb_blob_read(blob, at, piece, 5000, NULL));
    CHECK(holds(piece, at, 5000));
  }
  memset(piece, '!', sizeof piece);
  CHECK_STATUS(TURDB_OK, turdb_blob_write(blob, 50 << 20, piece, sizeof piece, NULL));
  CHECK_STATUS(TURDB_OK, turdb_blob_read(blob, (50 << 20) - 8, piece, 16, NULL));
  CHECK(holds(piece, (50 << 20) - 8, 8) && memcmp(piece + 8, "!!!!!!!!", 8) == 0);
  CHECK_STATUS(TURDB_OK, turdb_blob_read(blob, size - 1000, piece, 1000, NULL));
  CHECK(holds(piece, size - 1000, 1000));
  CHECK(turdb_db_memory_peak(db) <= 1 << 20);
  turdb_blob_free(blob);
  turdb_conn_free(conn);
  CHECK_STATUS(TURDB_OK, turdb_db_close(db, NULL));
  turdb_db_free(db);
}

/* ---- other sizes */

static bool is_zero(const uint8_t* data, int64_t size) {
  for (int64_t i = 0; i < size; ++i) {
    if (data[i] != 0) return false;
  }
  return true;
}

/* From every kind of place to every other: inside the row, in a chain, in a row that is in a chain as a whole. */
static void blobs_grow_and_shrink(void) { /* [C-BLOB-7] */
  struct session s = session_open(":memory:");
  enum { kMost = 100000 };
  static uint8_t data[kMost], back[kMost];
  fill(data, 0, kMost);
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a int primary key, b blob, c text, d text)"));
  const int64_t sizes[] = {0, 1, 100, 4000, 4001, 16384, 100000};
  const size_t count = sizeof sizes / sizeof sizes[0];
  for (int wide = 0; wide < 2; ++wide) {
    for (size_t from = 0; from < count; ++from) {
      for (size_t to = 0; to < count; ++to) {
        turdb_blob* blob = NULL;
        CHECK_STATUS(TURDB_OK, exec(s.conn, "delete from t"));
        CHECK_STATUS(TURDB_DONE, insert_bytes(s.conn,
                                              wide ? "insert into t values (1, ?, repeat('c', 3900), repeat('d', 3900))"
                                                   : "insert into t values (1, ?, 'c', null)",
                                              data, sizes[from]));
        CHECK_STATUS(TURDB_OK, turdb_blob_open(s.conn, NULL, "t", "b", 1, true, &blob, NULL));
        CHECK_STATUS(TURDB_OK, turdb_blob_resize(blob, sizes[to], NULL));
        CHECK(turdb_blob_size(blob) == sizes[to]);
        CHECK_STATUS(TURDB_OK, turdb_blob_read(blob, 0, back, sizes[to], NULL));
        const int64_t kept = sizes[from] < sizes[to] ? sizes[from] : sizes[to];
        CHECK(holds(back, 0, kept) && is_zero(back + kept, sizes[to] - kept));
        /* And it is written to, and read, as it is now. */
        if (sizes[to] > 0) {
          CHECK_STATUS(TURDB_OK, turdb_blob_write(blob, sizes[to] - 1, "!", 1, NULL));
          CHECK_STATUS(TURDB_OK, turdb_blob_read(blob, sizes[to] - 1, back, 1, NULL));
          CHECK(back[0] == '!');
        }
        turdb_blob_free(blob);
        CHECK(query_int64(s.conn, "select length(b) from t") == sizes[to]);
        CHECK(query_int64(s.conn, "select count(*) from t where length(c) in (1, 3900)") == 1);
      }
    }
  }
  int64_t problems = -1;
  CHECK_STATUS(TURDB_OK, turdb_db_check(s.db, NULL, NULL, &problems, NULL));
  CHECK(problems == 0);
  session_close(&s);
}

static void blobs_grow_in_transactions(void) { /* [C-BLOB-7] [C-BLOB-3] */
  struct session s = session_open(":memory:");
  turdb_conn* other = NULL;
  turdb_blob *blob = NULL, *seen = NULL;
  turdb_error* error = NULL;
  uint8_t back[8];
  CHECK_STATUS(TURDB_OK, turdb_conn_open(s.db, &other, NULL));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a int primary key, b blob); insert into t values (1, 'abc'::bytea)"));
  CHECK_STATUS(TURDB_OK, turdb_blob_open(other, NULL, "t", "b", 1, false, &seen, NULL));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "begin"));
  CHECK_STATUS(TURDB_OK, turdb_blob_open(s.conn, NULL, "t", "b", 1, true, &blob, NULL));
  CHECK_STATUS(TURDB_OK, turdb_blob_resize(blob, 50000, NULL));
  CHECK_STATUS(TURDB_OK, turdb_blob_write(blob, 49997, "end", 3, NULL));
  CHECK(query_int64(s.conn, "select length(b) from t") == 50000);
  CHECK(query_int64(other, "select length(b) from t") == 3 && turdb_blob_size(seen) == 3);
  CHECK_STATUS(TURDB_OK, exec(s.conn, "rollback"));
  CHECK_STATUS(TURDB_ERROR, turdb_blob_read(blob, 0, back, 1, &error)); /* it went with the transaction */
  CHECK_TEXT("24000", turdb_error_sqlstate(error));
  turdb_error_free(error);
  CHECK(query_int64(s.conn, "select length(b) from t") == 3);
  CHECK_STATUS(TURDB_OK, turdb_blob_reopen(blob, 1, NULL));
  CHECK_STATUS(TURDB_OK, turdb_blob_resize(blob, 5, NULL));
  CHECK_STATUS(TURDB_OK, turdb_blob_read(blob, 0, back, 5, NULL));
  CHECK(memcmp(back, "abc\0\0", 5) == 0);
  CHECK_STATUS(TURDB_OK, turdb_blob_read(seen, 0, back, 3, NULL)); /* what was there then */
  CHECK(memcmp(back, "abc", 3) == 0);
  /* What cannot be. */
  CHECK_STATUS(TURDB_DATA, turdb_blob_resize(blob, -1, NULL));
  CHECK_STATUS(TURDB_LIMIT, turdb_blob_resize(blob, (INT64_C(1) << 30) + 1, NULL));
  CHECK_STATUS(TURDB_OK, turdb_conn_set_limit(s.conn, TURDB_LIMIT_VALUE_BYTES, 1000, NULL));
  CHECK_STATUS(TURDB_LIMIT, turdb_blob_resize(blob, 1001, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_blob_resize(seen, 1, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_blob_resize(NULL, 1, NULL));
  CHECK(turdb_blob_size(blob) == 5);
  CHECK_STATUS(TURDB_OK, exec(other, "update t set b = 'other'::bytea"));
  CHECK_STATUS(TURDB_ERROR, turdb_blob_resize(blob, 7, NULL)); /* somebody was faster */
  CHECK(turdb_blob_size(blob) == 5);
  /* Rows that are older than the column. */
  CHECK_STATUS(TURDB_OK, exec(s.conn, "alter table t add later blob default '\\x0102'::bytea"));
  CHECK_STATUS(TURDB_OK, turdb_blob_close(blob, NULL));
  turdb_blob_free(blob);
  CHECK_STATUS(TURDB_OK, turdb_blob_open(s.conn, NULL, "t", "later", 1, true, &blob, NULL));
  CHECK_STATUS(TURDB_OK, turdb_blob_resize(blob, 4, NULL));
  CHECK_STATUS(TURDB_OK, turdb_blob_read(blob, 0, back, 4, NULL));
  CHECK(memcmp(back, "\1\2\0\0", 4) == 0);
  turdb_blob_free(blob);
  turdb_blob_free(seen);
  turdb_conn_free(other);
  session_close(&s);
}

void blob_tests(void) {
  blobs_refuse_what_is_not_there();
  blobs_are_found_by_any_key();
  snapshots_and_transactions();
  blobs_are_written_in_place();
  writes_meet_the_rules_of_tables();
  one_megabyte_reads_and_writes_a_long_blob();
  blobs_grow_and_shrink();
  blobs_grow_in_transactions();
}
