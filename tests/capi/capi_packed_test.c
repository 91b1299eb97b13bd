/* Packed rows: every type at its edges both ways, memory that is too small, bytes that are no row. */
#include "capi_test.h"

struct bytes {
  uint8_t data[4096];
  int64_t size;
};

static void put(struct bytes* row, const void* data, size_t size) {
  memcpy(row->data + row->size, data, size);
  row->size += (int64_t)size;
}
static void put_tag(struct bytes* row, int type) {
  const uint8_t tag = (uint8_t)type;
  put(row, &tag, 1);
}
static void put_fixed(struct bytes* row, int type, const void* data, size_t size) {
  put_tag(row, type);
  put(row, data, size);
}
static void put_int64(struct bytes* row, int64_t value) { put_fixed(row, TURDB_TYPE_INT64, &value, sizeof value); }
static void put_text(struct bytes* row, int type, const char* text) {
  const uint32_t size = (uint32_t)strlen(text);
  put_tag(row, type);
  put(row, &size, sizeof size);
  put(row, text, size);
}

/* Prepares `sql`, packs its first row into *row and checks that it is the only one. */
static void query_packed(turdb_conn* conn, const char* sql, struct bytes* row) {
  turdb_stmt* stmt = NULL;
  turdb_error* error = NULL;
  int64_t rows = -1;
  memset(row, 0, sizeof *row);
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(conn, sql, -1, NULL, &stmt, &error));
  CHECK_STATUS(TURDB_DONE, turdb_stmt_fetch_packed(stmt, 10, row->data, sizeof row->data, &rows, &row->size, &error));
  if (error != NULL) fprintf(stderr, "%s: %s\n", sql, turdb_error_message(error));
  CHECK(rows == 1);
  turdb_error_free(error);
  turdb_stmt_free(stmt);
}

static void check_row(const char* what, const struct bytes* expected, const struct bytes* got) {
  if (expected->size == got->size && memcmp(expected->data, got->data, (size_t)got->size) == 0) return;
  fprintf(stderr, "%s:\n  expected", what);
  for (int64_t i = 0; i < expected->size; ++i) fprintf(stderr, " %02x", expected->data[i]);
  fprintf(stderr, "\n  got     ");
  for (int64_t i = 0; i < got->size; ++i) fprintf(stderr, " %02x", got->data[i]);
  fprintf(stderr, "\n");
  ++g_failures;
}

static void rows_are_packed_as_documented(void) { /* [C-PACKED-1], docs/packed.md */
  struct session s = session_open(":memory:");
  struct bytes got;
  static const uint8_t row[] = {4, 7, 0, 0, 0, 15, 3, 0, 0, 0, 'h', 0xc3, 0xa9, 0, 1, 1, 14, 4, 0, 0, 0, '1', '.', '5', '0'};
  static const uint8_t array[] = {27, 21, 0, 0, 0, 4, 1, 1, 0, 0, 0, 3, 0, 0, 0, 4, 1, 0, 0, 0, 0, 4, 3, 0, 0, 0};
  struct bytes expected = {{0}, 0};
  put(&expected, row, sizeof row);
  query_packed(s.conn, "select 7, 'h\xc3\xa9', null, true, 1.50", &got);
  check_row("the row of docs/packed.md", &expected, &got);
  expected.size = 0;
  put(&expected, array, sizeof array);
  query_packed(s.conn, "select array[1, null, 3]", &got);
  check_row("the array of docs/packed.md", &expected, &got);
  session_close(&s);
}

/* Binds a packed row, stores it in a table of the types, reads it back: the same bytes. */
static void round_trip(turdb_conn* conn, const char* types, struct bytes* row, int columns) {
  char sql[512];
  turdb_stmt* stmt = NULL;
  turdb_error* error = NULL;
  struct bytes got;
  CHECK_STATUS(TURDB_OK, exec(conn, "drop table if exists packed"));
  snprintf(sql, sizeof sql, "create table packed(%s)", types);
  CHECK_STATUS(TURDB_OK, exec(conn, sql));
  snprintf(sql, sizeof sql, "insert into packed values (?");
  for (int i = 1; i < columns; ++i) strcat(sql, ", ?");
  strcat(sql, ")");
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(conn, sql, -1, NULL, &stmt, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_packed(stmt, row->data, row->size, &error));
  if (error == NULL) CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, &error));
  if (error != NULL) fprintf(stderr, "%s: %s\n", types, turdb_error_message(error));
  turdb_error_free(error);
  turdb_stmt_free(stmt);
  query_packed(conn, "select * from packed", &got);
  check_row(types, row, &got);
}

static void every_type_goes_both_ways(void) { /* [C-PACKED-1] */
  struct session s = session_open(":memory:");
  struct bytes row = {{0}, 0};
  const uint8_t yes = 1, no = 0,
                largest[16] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f};
  const uint8_t smallest[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80};
  const int16_t i16[] = {INT16_MIN, INT16_MAX};
  const int32_t i32[] = {INT32_MIN, INT32_MAX};
  const int64_t i64[] = {INT64_MIN, INT64_MAX, 0, 86400000000};
  put_fixed(&row, TURDB_TYPE_BOOL, &yes, 1);
  put_fixed(&row, TURDB_TYPE_BOOL, &no, 1);
  for (int i = 0; i < 2; ++i) put_fixed(&row, TURDB_TYPE_INT16, &i16[i], 2);
  for (int i = 0; i < 2; ++i) put_fixed(&row, TURDB_TYPE_INT32, &i32[i], 4);
  for (int i = 0; i < 2; ++i) put_fixed(&row, TURDB_TYPE_INT64, &i64[i], 8);
  put_fixed(&row, TURDB_TYPE_INT128, smallest, 16);
  put_fixed(&row, TURDB_TYPE_INT128, largest, 16);
  round_trip(s.conn, "a bool, b bool, c int2, d int2, e int4, f int4, g int8, h int8, i int128, j int128", &row, 10);

  row.size = 0;
  const int8_t i8 = INT8_MIN;
  const uint8_t u8 = UINT8_MAX;
  const uint16_t u16 = UINT16_MAX;
  const uint32_t u32 = UINT32_MAX;
  const uint64_t u64 = UINT64_MAX;
  const float floats[] = {-1.17549435e-38F, 3.40282347e38F};
  const double doubles[] = {5e-324, 1.7976931348623157e308};
  put_fixed(&row, TURDB_TYPE_INT8, &i8, 1);
  put_fixed(&row, TURDB_TYPE_UINT8, &u8, 1);
  put_fixed(&row, TURDB_TYPE_UINT16, &u16, 2);
  put_fixed(&row, TURDB_TYPE_UINT32, &u32, 4);
  put_fixed(&row, TURDB_TYPE_UINT64, &u64, 8);
  for (int i = 0; i < 2; ++i) put_fixed(&row, TURDB_TYPE_FLOAT, &floats[i], 4);
  for (int i = 0; i < 2; ++i) put_fixed(&row, TURDB_TYPE_DOUBLE, &doubles[i], 8);
  round_trip(s.conn, "a tinyint, b utinyint, c usmallint, d uinteger, e ubigint, f real, g real, h float8, i float8", &row, 9);

  row.size = 0;
  put_text(&row, TURDB_TYPE_TEXT, "");
  put_text(&row, TURDB_TYPE_TEXT, "twelve bytes");
  put_text(&row, TURDB_TYPE_TEXT, "\xf0\x9f\x90\xa2 thirteen and more");
  put_text(&row, TURDB_TYPE_DECIMAL, "-99999999999999999999.999999999999999999");
  put_text(&row, TURDB_TYPE_DECIMAL, "12.50");
  put_text(&row, TURDB_TYPE_DECIMAL, "NaN");
  put_text(&row, TURDB_TYPE_JSON, "{ \"b\" : [1] }");
  put_text(&row, TURDB_TYPE_JSONB, "{\"b\": [1]}");
  put_tag(&row, TURDB_TYPE_BLOB);
  const uint32_t blob_size = 3;
  put(&row, &blob_size, 4);
  put(&row, "\0\1\xff", 3);
  round_trip(s.conn, "a text, b varchar(12), c text, d numeric(38,18), e numeric(10,2), f numeric, g json, h jsonb, i blob",
             &row, 9);

  row.size = 0;
  const int32_t dates[] = {-2440588, 2145042905, INT32_MAX};
  const int64_t timestamps[] = {-210866803200000000, INT64_MAX - 1, INT64_MIN};
  struct {
    int32_t months, days;
    int64_t micros;
  } const interval = {INT32_MIN, INT32_MAX, INT64_MIN};
  for (int i = 0; i < 3; ++i) put_fixed(&row, TURDB_TYPE_DATE, &dates[i], 4);
  for (int i = 2; i < 4; ++i) put_fixed(&row, TURDB_TYPE_TIME, &i64[i], 8);
  for (int i = 0; i < 3; ++i) put_fixed(&row, TURDB_TYPE_TIMESTAMP, &timestamps[i], 8);
  for (int i = 0; i < 3; ++i) put_fixed(&row, TURDB_TYPE_TIMESTAMPTZ, &timestamps[i], 8);
  put_fixed(&row, TURDB_TYPE_INTERVAL, &interval, 16);
  put_fixed(&row, TURDB_TYPE_UUID, largest, 16);
  round_trip(s.conn,
             "a date, b date, c date, d time, e time, f timestamp, g timestamp, h timestamp, i timestamptz, j timestamptz, "
             "k timestamptz, l interval, m uuid",
             &row, 13);

  row.size = 0;
  for (int i = 0; i < 4; ++i) put_tag(&row, TURDB_TYPE_NULL);
  round_trip(s.conn, "a int, b text, c uuid, d int[]", &row, 4);
  session_close(&s);
}

static void parts_and_any_have_their_own_types(void) { /* [C-PACKED-2] */
  struct session s = session_open(":memory:");
  struct bytes row = {{0}, 0}, got;
  /* An enum is bound as text and comes back as what it is. */
  CHECK_STATUS(
      TURDB_OK,
      exec(s.conn, "create type mood as enum('sad', 'happy'); create table felt(m mood, any_int \"any\", any_text \"any\")"));
  turdb_stmt* stmt = NULL;
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "insert into felt values (?, ?, ?)", -1, NULL, &stmt, NULL));
  put_text(&row, TURDB_TYPE_ENUM, "happy");
  put_int64(&row, 42);
  put_text(&row, TURDB_TYPE_TEXT, "what?");
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_packed(stmt, row.data, row.size, NULL));
  CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, NULL));
  query_packed(s.conn, "select * from felt", &got);
  check_row("enum and any", &row, &got);
  turdb_stmt_free(stmt);

  /* Elements convert to those of the column. */
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table narrow(a int[], b text[])"));
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "insert into narrow values (?, ?)", -1, NULL, &stmt, NULL));
  query_packed(s.conn, "select array[1, null, 3]::int8[], array['x']::varchar(5)[]", &row);
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_packed(stmt, row.data, row.size, NULL));
  CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, NULL));
  turdb_stmt_free(stmt);
  CHECK(query_int64(s.conn, "select count(*) from narrow where a = array[1, null, 3] and b = array['x']") == 1);

  /* Arrays of two dimensions, with bounds, of texts, and the empty one. */
  query_packed(s.conn, "select '[0:1][5:6]={{a,NULL},{\"\",ccccccccccccccc}}'::text[], '{}'::int[]", &row);
  CHECK(row.data[0] == TURDB_TYPE_ARRAY && row.data[5] == TURDB_TYPE_TEXT && row.data[6] == 2);
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "select ?::text[], ?::int[]", -1, NULL, &stmt, NULL));
  int64_t rows = 0;
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_packed(stmt, row.data, row.size, NULL));
  CHECK_STATUS(TURDB_DONE, turdb_stmt_fetch_packed(stmt, 1000, got.data, sizeof got.data, &rows, &got.size, NULL));
  CHECK(rows == 1);
  check_row("arrays", &row, &got);
  turdb_stmt_free(stmt);
  session_close(&s);
}

static void memory_may_be_too_small(void) { /* [C-PACKED-4] */
  struct session s = session_open(":memory:");
  turdb_stmt* stmt = NULL;
  uint8_t memory[256];
  int64_t rows = -1, size = -1, seen = 0;
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "select i::int8, repeat('x', i::int) from generate_series(1, 100) t(i)", -1,
                                            NULL, &stmt, NULL));
  /* The first row takes 9 + 6 bytes: nothing is lost when there are fewer. */
  for (int64_t small = 0; small < 15; ++small) {
    CHECK_STATUS(TURDB_ROW, turdb_stmt_fetch_packed(stmt, 10, small == 0 ? NULL : memory, small, &rows, &size, NULL));
    CHECK(rows == 0 && size == 15);
  }
  for (;;) {
    const turdb_status status = turdb_stmt_fetch_packed(stmt, 7, memory, 200, &rows, &size, NULL);
    CHECK(status == TURDB_ROW || status == TURDB_DONE);
    CHECK(rows >= 1 || status == TURDB_DONE);
    CHECK(rows <= 7 && size <= 200);
    int64_t at = 0;
    for (int64_t i = 0; i < rows; ++i) {
      int64_t number;
      uint32_t length;
      memcpy(&number, memory + at + 1, 8);
      memcpy(&length, memory + at + 10, 4);
      CHECK(number == ++seen && (int64_t)length == number);
      at += 14 + (int64_t)length;
    }
    CHECK(at == size);
    if (status != TURDB_ROW) break;
  }
  CHECK(seen == 100);
  /* A step passes over the row that found no room; a reset forgets it. */
  CHECK_STATUS(TURDB_ROW, turdb_stmt_fetch_packed(stmt, 10, memory, 3, &rows, &size, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK(turdb_stmt_column_int64(stmt, 0) == 2);
  CHECK_STATUS(TURDB_ROW, turdb_stmt_fetch_packed(stmt, 1, memory, sizeof memory, &rows, &size, NULL));
  CHECK(rows == 1 && memory[1] == 3);
  CHECK_STATUS(TURDB_ROW, turdb_stmt_fetch_packed(stmt, 1, memory, 3, &rows, &size, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_reset(stmt, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_fetch_packed(stmt, 1, memory, sizeof memory, &rows, &size, NULL));
  CHECK(rows == 1 && memory[1] == 1);
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_fetch_packed(stmt, 0, memory, sizeof memory, &rows, &size, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_fetch_packed(stmt, 1, NULL, 1, &rows, &size, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_fetch_packed(stmt, 1, memory, -1, &rows, &size, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_fetch_packed(stmt, 1, memory, 1, NULL, &size, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_fetch_packed(NULL, 1, memory, 1, &rows, &size, NULL));
  turdb_stmt_free(stmt);
  session_close(&s);
}

static void a_row_that_is_owed_ends_with_its_transaction(void) {
  struct session s = session_open(":memory:");
  turdb_stmt* stmt = NULL;
  turdb_error* error = NULL;
  uint8_t memory[16];
  int64_t rows = -1, size = -1;
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a int); insert into t values (1), (2); begin"));
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "select a from t", -1, NULL, &stmt, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_fetch_packed(stmt, 1, memory, 1, &rows, &size, NULL));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "rollback"));
  CHECK_STATUS(TURDB_ERROR, turdb_stmt_fetch_packed(stmt, 1, memory, sizeof memory, &rows, &size, &error));
  CHECK_TEXT("24000", turdb_error_sqlstate(error));
  CHECK(rows == 0 && size == 0);
  turdb_error_free(error);
  turdb_stmt_free(stmt);
  session_close(&s);
}

static void batches_run(void) { /* [C-PACKED-3] */
  struct session s = session_open(":memory:");
  turdb_stmt* stmt = NULL;
  turdb_error* error = NULL;
  struct bytes rows = {{0}, 0};
  int64_t done = -1;
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(id int primary key, a text)"));
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "insert into t values (?, ?) returning id", -1, NULL, &stmt, NULL));
  for (int64_t i = 1; i <= 5; ++i) {
    put_int64(&rows, i == 5 ? 2 : i);
    if (i % 2 == 0) {
      put_text(&rows, TURDB_TYPE_TEXT, "even");
    } else {
      put_tag(&rows, TURDB_TYPE_NULL);
    }
  }
  CHECK_STATUS(TURDB_CONSTRAINT, turdb_stmt_run_packed(stmt, rows.data, rows.size, 5, &done, &error));
  CHECK(done == 4);
  CHECK_TEXT("23505", turdb_error_sqlstate(error));
  CHECK(turdb_error_frame_count(error) > 0);
  CHECK_TEXT("running with row 5 of the batch", turdb_error_frame(error, 0));
  turdb_error_free(error);
  CHECK(query_int64(s.conn, "select count(*) from t where a = 'even'") == 2);
  CHECK(query_int64(s.conn, "select count(*) from t") == 4);
  CHECK_STATUS(TURDB_OK, turdb_stmt_run_packed(stmt, NULL, 0, 0, &done, NULL));
  CHECK(done == 0);
  /* More bytes, or fewer, than rows. */
  CHECK_STATUS(TURDB_OK, exec(s.conn, "delete from t"));
  CHECK_STATUS(TURDB_DATA, turdb_stmt_run_packed(stmt, rows.data, rows.size, 1, &done, &error));
  CHECK_TEXT("22P03", turdb_error_sqlstate(error));
  CHECK(done == 1);
  turdb_error_free(error);
  CHECK_STATUS(TURDB_OK, exec(s.conn, "delete from t"));
  CHECK_STATUS(TURDB_DATA, turdb_stmt_run_packed(stmt, rows.data, 9, 1, &done, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_run_packed(stmt, rows.data, rows.size, -1, &done, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_run_packed(NULL, rows.data, rows.size, 1, &done, NULL));
  turdb_stmt_free(stmt);
  /* Without parameters, and a query, whose rows go. */
  CHECK_STATUS(TURDB_OK,
               turdb_stmt_prepare(s.conn, "insert into t values ((select count(*) from t) + 10)", -1, NULL, &stmt, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_run_packed(stmt, NULL, 0, 3, NULL, NULL));
  CHECK(query_int64(s.conn, "select sum(id) from t") == 33);
  turdb_stmt_free(stmt);
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "select * from t", -1, NULL, &stmt, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_run_packed(stmt, NULL, 0, 3, &done, NULL));
  CHECK(done == 3);
  /* In the middle of its rows it takes no parameters. */
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_run_packed(stmt, NULL, 0, 1, &done, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_bind_packed(stmt, NULL, 0, NULL));
  turdb_stmt_free(stmt);
  session_close(&s);
}

static void what_does_not_fit_is_refused(void) {
  struct session s = session_open(":memory:");
  turdb_stmt* stmt = NULL;
  turdb_error* error = NULL;
  struct bytes row = {{0}, 0};
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "select ?", -1, NULL, &stmt, NULL));
  const int32_t date = 2145042906;
  put_fixed(&row, TURDB_TYPE_DATE, &date, 4);
  CHECK_STATUS(TURDB_DATA, turdb_stmt_bind_packed(stmt, row.data, row.size, &error));
  CHECK_TEXT("22008", turdb_error_sqlstate(error));
  CHECK_TEXT("binding parameter 1", turdb_error_frame(error, 0));
  turdb_error_free(error);
  const struct {
    int type;
    const char* text;
    const char* sqlstate;
  } texts[] = {{TURDB_TYPE_TEXT, "\xff", "22021"},
               {TURDB_TYPE_DECIMAL, "1,5", "22P02"},
               {TURDB_TYPE_JSON, "{", "22P02"},
               {TURDB_TYPE_ENUM, "\xc3", "22021"},
               {TURDB_TYPE_DECIMAL, "\xc3", "22021"},
               {TURDB_TYPE_ANY, "x", "22P03"},
               {99, "x", "22P03"}};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; ++i) {
    row.size = 0;
    put_text(&row, texts[i].type, texts[i].text);
    CHECK_STATUS(TURDB_DATA, turdb_stmt_bind_packed(stmt, row.data, row.size, &error));
    CHECK_TEXT(texts[i].sqlstate, turdb_error_sqlstate(error));
    turdb_error_free(error);
  }
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_bind_packed(stmt, NULL, 4, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_bind_packed(stmt, row.data, -1, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_bind_packed(NULL, row.data, 0, NULL));
  turdb_stmt_free(stmt);
  /* Where the value does not convert, the step says so. */
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a uuid)"));
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "insert into t values (?)", -1, NULL, &stmt, NULL));
  row.size = 0;
  put_int64(&row, 1);
  int64_t rows, size;
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_packed(stmt, row.data, row.size, NULL));
  CHECK_STATUS(TURDB_ERROR, turdb_stmt_fetch_packed(stmt, 1, NULL, 0, &rows, &size, &error));
  CHECK_TEXT("42804", turdb_error_sqlstate(error));
  turdb_error_free(error);
  turdb_stmt_free(stmt);
  session_close(&s);
}

/* Whatever bytes come, they are bound or refused. */
static void any_bytes_are_safe(void) {
  struct session s = session_open(":memory:");
  turdb_stmt* stmt = NULL;
  struct bytes row, broken;
  query_packed(s.conn,
               "select 1::int8, 'text', 1.5, '{a,b}'::text[], '{{1,2},{3,4}}'::int[], interval '1 day', '[1]'::jsonb, now(), "
               "'\\x00ff'::blob",
               &row);
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "select ?, ?, ?, ?, ?, ?, ?, ?, ?", -1, NULL, &stmt, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_packed(stmt, row.data, row.size, NULL));
  for (int64_t size = 0; size < row.size; ++size) {
    CHECK_STATUS(TURDB_DATA, turdb_stmt_bind_packed(stmt, row.data, size, NULL));
  }
  uint64_t random = 88172645463325252u;
  for (int round = 0; round < 20000; ++round) {
    broken = row;
    for (int changes = 0; changes <= round % 3; ++changes) {
      random ^= random << 13;
      random ^= random >> 7;
      random ^= random << 17;
      broken.data[random % (uint64_t)row.size] = (uint8_t)(random >> 32);
    }
    const turdb_status status = turdb_stmt_bind_packed(stmt, broken.data, broken.size, NULL);
    CHECK(status == TURDB_OK || status == TURDB_DATA || status == TURDB_LIMIT);
  }
  turdb_stmt_free(stmt);
  session_close(&s);
}

/* The rest of what was fetched in part, as Arrow: rows that were fetched and handed back, then the others. */
static int64_t rows_left(turdb_stmt* stmt, const uint8_t* data, int64_t size, int64_t rows) {
  turdb_result* result = NULL;
  turdb_error* error = NULL;
  struct ArrowArray batch;
  int64_t total = 0;
  turdb_status status = TURDB_ROW;
  CHECK_STATUS(TURDB_OK, turdb_stmt_continue(stmt, TURDB_ARROW_DEFAULT, data, size, rows, &result, &error));
  if (error != NULL) fprintf(stderr, "%s\n", turdb_error_message(error));
  turdb_error_free(error);
  while (result != NULL && (status = turdb_result_next(result, 0, &batch, NULL)) == TURDB_ROW) {
    const int64_t* numbers = (const int64_t*)batch.children[0]->buffers[1];
    if (total == 0) CHECK(numbers[batch.offset] > 0);
    total += batch.length;
    batch.release(&batch);
  }
  CHECK(status == TURDB_DONE);
  turdb_result_free(result);
  return total;
}

static void what_is_left_is_read_as_arrow(void) { /* [C-RESULT-4] */
  struct session s = session_open(":memory:");
  turdb_stmt* stmt = NULL;
  turdb_error* error = NULL;
  static uint8_t memory[1 << 16];
  int64_t rows = 0, size = 0;
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create type mood as enum ('sad', 'happy')"));
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(
                             s.conn,
                             "select i::int8, i::text, 1.50::decimal(10,2), 'x'::varchar(3), 'happy'::mood, array[1, null], "
                             "'{\"a\":1}'::jsonb, null::uuid, now(), interval '1 month' from generate_series(1, 10000) t(i)",
                             -1, NULL, &stmt, NULL));
  /* Some were used, some are handed back. */
  CHECK_STATUS(TURDB_ROW, turdb_stmt_fetch_packed(stmt, 10, memory, sizeof memory, &rows, &size, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_fetch_packed(stmt, 10, memory, sizeof memory, &rows, &size, NULL));
  CHECK(rows_left(stmt, memory, size, rows) == 9990);
  /* The statement runs again from the start; a row that found no room is not lost. */
  CHECK_STATUS(TURDB_ROW, turdb_stmt_fetch_packed(stmt, 10, memory, 5, &rows, &size, NULL));
  CHECK(rows == 0);
  CHECK(rows_left(stmt, NULL, 0, 0) == 10000);
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK(rows_left(stmt, NULL, 0, 0) == 9999);
  turdb_stmt_free(stmt);
  /* One that has ended gives back what it is given; of the short path, too; commands; and changes are not made again. */
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(id integer primary key, a int8); insert into t values (1, 10)"));
  const char* ended[] = {"select id::int8 from t where id = 1", "select a from t where id = 1",
                         "insert into t values (2, 5) returning a", "update t set a = a + 1 where id = 1 returning a"};
  for (size_t i = 0; i < sizeof ended / sizeof ended[0]; ++i) {
    CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, ended[i], -1, NULL, &stmt, NULL));
    CHECK_STATUS(TURDB_DONE, turdb_stmt_fetch_packed(stmt, 10, memory, sizeof memory, &rows, &size, NULL));
    CHECK(rows == 1 && rows_left(stmt, memory, size, rows) == 1);
    turdb_stmt_free(stmt);
  }
  CHECK(query_int64(s.conn, "select sum(a) from t") == 16);
  /* Bytes that are no rows of it. */
  turdb_result* result = (turdb_result*)&size;
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "select a from t", -1, NULL, &stmt, NULL));
  CHECK_STATUS(TURDB_DONE, turdb_stmt_fetch_packed(stmt, 10, memory, sizeof memory, &rows, &size, NULL));
  CHECK_STATUS(TURDB_DATA, turdb_stmt_continue(stmt, 0, memory, size - 1, rows, &result, &error));
  CHECK(result == NULL);
  CHECK_TEXT("22P03", turdb_error_sqlstate(error));
  turdb_error_free(error);
  CHECK_STATUS(TURDB_DATA, turdb_stmt_continue(stmt, 0, memory, size, 1, &result, NULL));
  CHECK_STATUS(TURDB_DATA, turdb_stmt_continue(stmt, 0, (const uint8_t*)"\x0f\1\0\0\0x", 6, 1, &result, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_continue(stmt, 99, NULL, 0, 0, &result, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_continue(stmt, 0, NULL, 1, 0, &result, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_continue(stmt, 0, memory, size, -1, &result, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_continue(NULL, 0, NULL, 0, 0, &result, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_continue(stmt, 0, NULL, 0, 0, NULL, NULL));
  turdb_stmt_free(stmt);
  session_close(&s);
}

void packed_tests(void) {
  what_is_left_is_read_as_arrow();
  rows_are_packed_as_documented();
  every_type_goes_both_ways();
  parts_and_any_have_their_own_types();
  memory_may_be_too_small();
  a_row_that_is_owed_ends_with_its_transaction();
  batches_run();
  what_does_not_fit_is_refused();
  any_bytes_are_safe();
}
