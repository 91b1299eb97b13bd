/* Results as Arrow batches and streams, streams as tables and parameters, appenders. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "capi_test.h"

static turdb_stmt* prepare(turdb_conn* conn, const char* sql) {
  turdb_stmt* stmt = NULL;
  turdb_error* error = NULL;
  if (turdb_stmt_prepare(conn, sql, TURDB_NUL_TERMINATED, NULL, &stmt, &error) != TURDB_OK) {
    fprintf(stderr, "%s: %s\n", sql, turdb_error_message(error));
    ++g_failures;
    turdb_error_free(error);
  }
  return stmt;
}

static turdb_result* execute(turdb_conn* conn, const char* sql) {
  turdb_stmt* stmt = prepare(conn, sql);
  turdb_result* result = NULL;
  CHECK_STATUS(TURDB_OK, turdb_stmt_execute(stmt, TURDB_ARROW_DEFAULT, &result, NULL));
  turdb_stmt_free(stmt);
  return result;
}

static int64_t int64_at(const struct ArrowArray* batch, int64_t column, int64_t row) {
  const struct ArrowArray* array = batch->children[column];
  return ((const int64_t*)array->buffers[1])[array->offset + row];
}

static struct ArrowArrayStream stream_of(turdb_conn* conn, const char* sql) {
  struct ArrowArrayStream stream;
  turdb_result* result = execute(conn, sql);
  CHECK_STATUS(TURDB_OK, turdb_result_stream(result, &stream, NULL));
  turdb_result_free(result);
  return stream;
}

/* ---- streams made here: numbers 0.. in one column "n" (and their texts in "t"), in batches */

struct numbers {
  int64_t next, end, batch, fail_at;
};
static const char* kNumberNames[] = {"n", "t"};

static void release_schema(struct ArrowSchema* schema) {
  for (int64_t i = 0; i < schema->n_children; ++i) {
    if (schema->children[i]->release != NULL) schema->children[i]->release(schema->children[i]);
    free(schema->children[i]);
  }
  free(schema->children);
  schema->release = NULL;
}
static void release_child_schema(struct ArrowSchema* schema) { schema->release = NULL; }

static struct ArrowSchema* child_schema(const char* format, const char* name) {
  struct ArrowSchema* child = (struct ArrowSchema*)calloc(1, sizeof *child);
  child->format = format;
  child->name = name;
  child->flags = ARROW_FLAG_NULLABLE;
  child->release = release_child_schema;
  return child;
}

static void make_schema(struct ArrowSchema* out, int64_t count, const char* const* formats, const char* const* names) {
  memset(out, 0, sizeof *out);
  out->format = "+s";
  out->name = "";
  out->n_children = count;
  out->children = (struct ArrowSchema**)malloc(sizeof(void*) * (size_t)count);
  for (int64_t i = 0; i < count; ++i) out->children[i] = child_schema(formats[i], names[i]);
  out->release = release_schema;
}

static void release_leaf(struct ArrowArray* array) {
  for (int64_t i = 0; i < array->n_buffers; ++i) free((void*)array->buffers[i]);
  free(array->buffers);
  array->release = NULL;
}
static void release_batch(struct ArrowArray* array) {
  for (int64_t i = 0; i < array->n_children; ++i) {
    if (array->children[i]->release != NULL) array->children[i]->release(array->children[i]);
    free(array->children[i]);
  }
  free(array->children);
  free(array->buffers);
  array->release = NULL;
}

static struct ArrowArray* leaf(int64_t length, int64_t buffers) {
  struct ArrowArray* array = (struct ArrowArray*)calloc(1, sizeof *array);
  array->length = length;
  array->n_buffers = buffers;
  array->buffers = (const void**)calloc((size_t)buffers, sizeof(void*));
  array->release = release_leaf;
  return array;
}
static struct ArrowArray* int64_leaf(int64_t first, int64_t length) {
  struct ArrowArray* array = leaf(length, 2);
  int64_t* values = (int64_t*)malloc(sizeof(int64_t) * (size_t)(length + 1));
  for (int64_t i = 0; i < length; ++i) values[i] = first + i;
  array->buffers[1] = values;
  return array;
}
static struct ArrowArray* text_leaf(int64_t first, int64_t length) {
  struct ArrowArray* array = leaf(length, 3);
  int32_t* offsets = (int32_t*)malloc(sizeof(int32_t) * (size_t)(length + 1));
  char* text = (char*)malloc((size_t)length * 24 + 1);
  offsets[0] = 0;
  for (int64_t i = 0; i < length; ++i)
    offsets[i + 1] = offsets[i] + sprintf(text + offsets[i], "text %lld", (long long)(first + i));
  array->buffers[1] = offsets;
  array->buffers[2] = text;
  return array;
}
static void make_batch(struct ArrowArray* out, int64_t length, int64_t count, struct ArrowArray** children) {
  memset(out, 0, sizeof *out);
  out->length = length;
  out->n_buffers = 1;
  out->buffers = (const void**)calloc(1, sizeof(void*));
  out->n_children = count;
  out->children = (struct ArrowArray**)malloc(sizeof(void*) * (size_t)count);
  for (int64_t i = 0; i < count; ++i) out->children[i] = children[i];
  out->release = release_batch;
}

static int numbers_schema(struct ArrowArrayStream* stream, struct ArrowSchema* out) {
  const char* formats[] = {"l", "u"};
  (void)stream;
  make_schema(out, 2, formats, kNumberNames);
  return 0;
}
static int numbers_next(struct ArrowArrayStream* stream, struct ArrowArray* out) {
  struct numbers* state = (struct numbers*)stream->private_data;
  out->release = NULL;
  if (state->fail_at >= 0 && state->next >= state->fail_at) return EIO;
  if (state->next >= state->end) return 0;
  const int64_t length = state->end - state->next < state->batch ? state->end - state->next : state->batch;
  struct ArrowArray* children[] = {int64_leaf(state->next, length), text_leaf(state->next, length)};
  make_batch(out, length, 2, children);
  state->next += length;
  return 0;
}
static const char* numbers_error(struct ArrowArrayStream* stream) {
  (void)stream;
  return "the host's numbers ran dry";
}
static atomic_int g_released;
static void numbers_release(struct ArrowArrayStream* stream) {
  free(stream->private_data);
  stream->release = NULL;
  atomic_fetch_add(&g_released, 1);
}
static struct ArrowArrayStream numbers(int64_t end, int64_t batch, int64_t fail_at) {
  struct numbers* state = (struct numbers*)malloc(sizeof *state);
  *state = (struct numbers){0, end, batch, fail_at};
  return (struct ArrowArrayStream){numbers_schema, numbers_next, numbers_error, numbers_release, state};
}

/* ---- results */

static void batches_have_one_schema(void) { /* [C-ARROW-1] [C-ARROW-3] [C-RESULT-2] */
  struct session s = session_open(":memory:");
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a bigint, b text, c decimal(9,2), d timestamptz, e integer[], f)"));
  CHECK_STATUS(TURDB_OK,
               exec(s.conn, "insert into t select i, 'x' || i, i, now(), array[i], i from generate_series(1, 10000) as g(i)"));
  turdb_stmt* stmt = prepare(s.conn, "select a, b, c, d, e, f from t where a <= ? order by a");
  struct ArrowSchema schema, again;
  CHECK_STATUS(TURDB_OK, turdb_stmt_result_schema(stmt, 0, &schema, NULL));
  CHECK_TEXT("+s", schema.format);
  CHECK(schema.n_children == 6);
  const char* formats[] = {"l", "u", "d:9,2", "tsu:UTC", "+l"};
  for (int i = 0; i < 5; ++i) CHECK_TEXT(formats[i], schema.children[i]->format);
  CHECK(strncmp(schema.children[5]->format, "+ud:0,1,2", 9) == 0);
  CHECK_TEXT("b", schema.children[1]->name);
  CHECK(schema.children[0]->flags & ARROW_FLAG_NULLABLE);
  schema.release(&schema);
  for (int64_t limit = 0; limit <= 10000; limit += 10000) { /* no rows, and many */
    turdb_result* result = NULL;
    struct ArrowArray batch;
    int64_t rows = 0;
    int batches = 0;
    CHECK_STATUS(TURDB_OK, turdb_stmt_bind_int64(stmt, 1, limit, NULL));
    CHECK_STATUS(TURDB_OK, turdb_stmt_execute(stmt, 0, &result, NULL));
    CHECK_STATUS(TURDB_OK, turdb_result_schema(result, &schema, NULL));
    while (turdb_result_next(result, 3000, &batch, NULL) == TURDB_ROW) {
      CHECK(batch.length > 0 && batch.length <= 3000 && batch.n_children == 6);
      for (int64_t i = 0; i < batch.length; ++i) CHECK(int64_at(&batch, 0, i) == rows + i + 1);
      rows += batch.length;
      ++batches;
      batch.release(&batch);
    }
    CHECK(rows == limit && (limit == 0 ? batches == 0 : batches >= 4));
    CHECK_STATUS(TURDB_DONE, turdb_result_next(result, 0, &batch, NULL));
    CHECK(batch.release == NULL);
    CHECK_STATUS(TURDB_OK, turdb_result_schema(result, &again, NULL));
    for (int i = 0; i < 6; ++i) CHECK_TEXT(schema.children[i]->format, again.children[i]->format);
    schema.release(&schema);
    again.release(&again);
    turdb_result_free(result);
  }
  /* A batch outlives everything. */
  struct ArrowArray batch;
  turdb_result* result = NULL;
  CHECK_STATUS(TURDB_OK, turdb_stmt_execute(stmt, 0, &result, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_result_next(result, 100, &batch, NULL));
  turdb_result_free(result);
  turdb_stmt_free(stmt);
  session_close(&s);
  CHECK(batch.length == 100 && int64_at(&batch, 0, 99) == 100);
  const struct ArrowArray* text = batch.children[1];
  const int32_t* offsets = (const int32_t*)text->buffers[1];
  CHECK(memcmp((const char*)text->buffers[2] + offsets[9], "x10", 3) == 0);
  batch.release(&batch);
}

static void parameters_have_a_schema(void) { /* [C-ARROW-4] */
  struct session s = session_open(":memory:");
  struct ArrowSchema schema;
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a bigint, b text)"));
  turdb_stmt* stmt = prepare(s.conn, "insert into t values (:id, $name)");
  CHECK_STATUS(TURDB_OK, turdb_stmt_parameter_schema(stmt, &schema, NULL));
  CHECK(schema.n_children == 2);
  CHECK_TEXT("id", schema.children[0]->name);
  CHECK_TEXT("l", schema.children[0]->format);
  CHECK_TEXT("name", schema.children[1]->name);
  CHECK_TEXT("u", schema.children[1]->format);
  schema.release(&schema);
  CHECK_STATUS(TURDB_OK, turdb_stmt_result_schema(stmt, 0, &schema, NULL));
  CHECK(schema.n_children == 0);
  schema.release(&schema);
  turdb_stmt_free(stmt);
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table anything(a)"));
  stmt = prepare(s.conn, "insert into anything values (?)");
  CHECK_STATUS(TURDB_OK, turdb_stmt_parameter_schema(stmt, &schema, NULL));
  CHECK_TEXT("n", schema.children[0]->format);
  CHECK_TEXT("", schema.children[0]->name);
  schema.release(&schema);
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_result_schema(stmt, 1 << 20, &schema, NULL));
  CHECK(schema.release == NULL);
  turdb_stmt_free(stmt);
  session_close(&s);
}

static void an_execution_is_the_results(void) { /* [C-RESULT-1] */
  struct session s = session_open(":memory:");
  struct ArrowArray batch;
  turdb_result *one = NULL, *two = NULL;
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a bigint); insert into t select * from generate_series(1, 20000)"));
  turdb_stmt* stmt = prepare(s.conn, "select a from t where a > ? order by a");
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_int64(stmt, 1, 100, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_execute(stmt, 0, &one, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_int64(stmt, 1, 200, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_execute(stmt, 0, &two, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK(turdb_stmt_column_int64(stmt, 0) == 201);
  CHECK_STATUS(TURDB_OK, turdb_stmt_reset(stmt, NULL));
  turdb_stmt_free(stmt);
  for (int round = 0; round < 3; ++round) { /* side by side */
    CHECK_STATUS(TURDB_ROW, turdb_result_next(one, 10, &batch, NULL));
    CHECK(int64_at(&batch, 0, 0) == 101 + round * 10 && batch.length == 10);
    batch.release(&batch);
    CHECK_STATUS(TURDB_ROW, turdb_result_next(two, 10, &batch, NULL));
    CHECK(int64_at(&batch, 0, 0) == 201 + round * 10);
    batch.release(&batch);
  }
  turdb_result_free(one);
  turdb_result_free(two);
  /* Changes are made when execute returns; a row found by its key is a batch, too. */
  turdb_result* change = execute(s.conn, "update t set a = -a where a <= 10 returning a");
  CHECK(turdb_result_changes(change) == 10 && query_int64(s.conn, "select count(*) from t where a < 0") == 10);
  CHECK_STATUS(TURDB_ROW, turdb_result_next(change, 0, &batch, NULL));
  CHECK(batch.length == 10);
  batch.release(&batch);
  turdb_result_free(change);
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table k(id bigint primary key, v bigint); insert into k values (7, 70)"));
  turdb_result* point = execute(s.conn, "select v, id from k where id = 7");
  CHECK_STATUS(TURDB_ROW, turdb_result_next(point, 0, &batch, NULL));
  CHECK(batch.length == 1 && int64_at(&batch, 0, 0) == 70);
  batch.release(&batch);
  CHECK_STATUS(TURDB_DONE, turdb_result_next(point, 0, &batch, NULL));
  turdb_result_free(point);
  turdb_result* setting = execute(s.conn, "show search_path");
  CHECK_STATUS(TURDB_ROW, turdb_result_next(setting, 0, &batch, NULL));
  CHECK(batch.length == 1);
  batch.release(&batch);
  turdb_result_free(setting);
  session_close(&s);
}

static void commit_keeps_results_rollback_ends_them(void) { /* [C-RESULT-3] */
  struct session s = session_open(":memory:");
  struct ArrowArray batch;
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a bigint); insert into t select * from generate_series(1, 30000)"));
  for (int changes_before = 0; changes_before < 2; ++changes_before) {
    CHECK_STATUS(TURDB_OK, turdb_conn_begin(s.conn, NULL));
    if (changes_before) CHECK_STATUS(TURDB_OK, exec(s.conn, "insert into t values (30001)"));
    turdb_result* result = execute(s.conn, "select a from t");
    int64_t rows = 0;
    CHECK_STATUS(TURDB_ROW, turdb_result_next(result, 777, &batch, NULL));
    rows += batch.length;
    batch.release(&batch);
    CHECK_STATUS(TURDB_OK, turdb_conn_commit(s.conn, NULL));
    CHECK_STATUS(TURDB_OK, exec(s.conn, "delete from t where a <= 1000"));
    while (turdb_result_next(result, 0, &batch, NULL) == TURDB_ROW) {
      for (int64_t i = 0; i < batch.length; ++i) CHECK(int64_at(&batch, 0, i) == rows + i + 1 + (changes_before ? 1000 : 0));
      rows += batch.length;
      batch.release(&batch);
    }
    CHECK(rows == (changes_before ? 29001 : 30000));
    turdb_result_free(result);
  }
  CHECK_STATUS(TURDB_OK, turdb_conn_begin(s.conn, NULL));
  turdb_result* result = execute(s.conn, "select a from t");
  CHECK_STATUS(TURDB_ROW, turdb_result_next(result, 10, &batch, NULL));
  batch.release(&batch);
  CHECK_STATUS(TURDB_OK, turdb_conn_rollback(s.conn, NULL));
  turdb_error* error = NULL;
  CHECK_STATUS(TURDB_ERROR, turdb_result_next(result, 10, &batch, &error));
  CHECK_TEXT("24000", turdb_error_sqlstate(error));
  CHECK(batch.release == NULL);
  turdb_error_free(error);
  turdb_result_free(result);
  session_close(&s);
}

struct reading {
  struct ArrowArrayStream stream;
  int64_t rows;
  int code;
};
static void* read_all(void* argument) {
  struct reading* reading = (struct reading*)argument;
  for (;;) {
    struct ArrowArray batch;
    reading->code = reading->stream.get_next(&reading->stream, &batch);
    if (reading->code != 0 || batch.release == NULL) break;
    reading->rows += batch.length;
    batch.release(&batch);
  }
  reading->stream.release(&reading->stream);
  return NULL;
}

static void streams_wait_for_the_connection(void) { /* [C-STREAM-1] [C-STREAM-2] */
  struct session s = session_open(":memory:");
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a bigint); insert into t select * from generate_series(1, 300000)"));
  struct reading readings[2] = {{stream_of(s.conn, "select a from t"), 0, 0}, {stream_of(s.conn, "select a + 1 from t"), 0, 0}};
  pthread_t threads[2];
  for (int i = 0; i < 2; ++i) pthread_create(&threads[i], NULL, read_all, &readings[i]);
  for (int i = 0; i < 2; ++i) pthread_join(threads[i], NULL);
  for (int i = 0; i < 2; ++i) CHECK(readings[i].code == 0 && readings[i].rows == 300000);
  /* Errors: errno, a text, and the whole of it. */
  struct ArrowArrayStream stream = stream_of(s.conn, "select 1 / (250000 - a) from t");
  struct ArrowArray batch;
  struct ArrowSchema schema;
  turdb_error* error = NULL;
  CHECK_STATUS(TURDB_OK, turdb_stream_error(&stream, &error));
  CHECK(error == NULL);
  int code = 0;
  while ((code = stream.get_next(&stream, &batch)) == 0 && batch.release != NULL) batch.release(&batch);
  CHECK(code == EINVAL);
  CHECK(stream.get_last_error(&stream) != NULL && strstr(stream.get_last_error(&stream), "division by zero") != NULL);
  CHECK_STATUS(TURDB_OK, turdb_stream_error(&stream, &error));
  CHECK_TEXT("22012", turdb_error_sqlstate(error));
  turdb_error_free(error);
  /* The schema is there still, and what has ended has ended. */
  CHECK(stream.get_schema(&stream, &schema) == 0);
  CHECK_TEXT("l", schema.children[0]->format);
  schema.release(&schema);
  CHECK(stream.get_next(&stream, &batch) == 0 && batch.release == NULL);
  stream.release(&stream);
  CHECK_STATUS(TURDB_MISUSE, turdb_stream_error(&stream, &error));
  struct ArrowArrayStream foreign = numbers(1, 1, -1);
  CHECK_STATUS(TURDB_MISUSE, turdb_stream_error(&foreign, &error));
  foreign.release(&foreign);
  /* Closed under it. */
  stream = stream_of(s.conn, "select a from t");
  CHECK_STATUS(TURDB_OK, turdb_conn_close(s.conn, NULL));
  CHECK(stream.get_next(&stream, &batch) == EINVAL);
  session_close(&s);
  stream.release(&stream);
}

static void wrong_calls_are_refused(void) {
  struct session s = session_open(":memory:");
  struct ArrowSchema schema;
  struct ArrowArray batch;
  struct ArrowArrayStream stream;
  turdb_result* result = NULL;
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_execute(NULL, 0, &result, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_execute(NULL, 0, NULL, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_result_schema(NULL, 0, &schema, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_parameter_schema(NULL, &schema, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_result_schema(NULL, &schema, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_result_next(NULL, 0, &batch, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_result_stream(NULL, &stream, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_bind_stream(NULL, NULL, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stream_error(NULL, NULL));
  CHECK(turdb_result_changes(NULL) == 0);
  turdb_result_free(NULL);
  result = execute(s.conn, "select 1");
  CHECK_STATUS(TURDB_MISUSE, turdb_result_next(result, -1, &batch, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_result_next(result, 1, NULL, NULL));
  CHECK_STATUS(TURDB_OK, turdb_result_stream(result, &stream, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_result_next(result, 1, &batch, NULL));
  stream.release(&stream);
  CHECK_STATUS(TURDB_MISUSE, turdb_result_stream(result, &stream, NULL));
  CHECK(stream.release == NULL);
  turdb_result_free(result);
  turdb_stmt* stmt = prepare(s.conn, "select 1 / 0");
  CHECK_STATUS(TURDB_DATA, turdb_stmt_execute(stmt, 0, &result, NULL));
  CHECK(result == NULL);
  turdb_stmt_free(stmt);
  session_close(&s);
}

/* ---- parameters */

static void rows_of_a_stream_are_parameters(void) { /* [C-BIND-STREAM-1] */
  struct session s = session_open(":memory:");
  struct ArrowArrayStream stream = numbers(5000, 700, -1);
  struct ArrowArray batch;
  turdb_result* result = NULL;
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a bigint primary key, b text)"));
  turdb_stmt* stmt = prepare(s.conn, "insert into t values (?, ?)");
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_stream(stmt, &stream, NULL));
  CHECK(stream.release == NULL);
  CHECK_STATUS(TURDB_OK, turdb_stmt_execute(stmt, 0, &result, NULL));
  CHECK(turdb_result_changes(result) == 5000);
  turdb_result_free(result);
  CHECK(query_int64(s.conn, "select count(*) from t where b = 'text ' || a") == 5000);
  /* One of them fails: none of them happened, inside a transaction as outside. */
  for (int inside = 0; inside < 2; ++inside) {
    CHECK_STATUS(TURDB_OK, exec(s.conn, "delete from t; insert into t values (4321, 'in the way')"));
    if (inside) CHECK_STATUS(TURDB_OK, exec(s.conn, "begin; insert into t values (-1, 'stays')"));
    stream = numbers(5000, 700, -1);
    turdb_error* error = NULL;
    CHECK_STATUS(TURDB_OK, turdb_stmt_bind_stream(stmt, &stream, NULL));
    CHECK_STATUS(TURDB_CONSTRAINT, turdb_stmt_execute(stmt, 0, &result, &error));
    CHECK(result == NULL && turdb_error_frame_count(error) > 0);
    CHECK(strstr(turdb_error_frame(error, 0), "row 4322 of the bound stream") != NULL);
    turdb_error_free(error);
    if (inside) CHECK_STATUS(TURDB_OK, exec(s.conn, "commit"));
    CHECK(query_int64(s.conn, "select count(*) from t") == 1 + inside);
  }
  turdb_stmt_free(stmt);
  /* By name, in another order; rows of all runs follow each other. */
  stmt = prepare(s.conn, "select :t || '!', :n::bigint * 2 from generate_series(1, 2)");
  stream = numbers(3, 2, -1);
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_stream(stmt, &stream, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_execute(stmt, 0, &result, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_result_next(result, 0, &batch, NULL));
  CHECK(batch.length == 6 && int64_at(&batch, 1, 0) == 0 && int64_at(&batch, 1, 5) == 4);
  batch.release(&batch);
  turdb_result_free(result);
  /* It is used up; too few columns; a stream that fails; one that is taken away. */
  stream = numbers(10, 5, 5);
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_stream(stmt, &stream, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_execute(stmt, 0, &result, NULL));
  turdb_error* error = NULL;
  CHECK_STATUS(TURDB_IO, turdb_result_next(result, 100, &batch, &error));
  CHECK_TEXT("the host's numbers ran dry", turdb_error_message(error));
  turdb_error_free(error);
  turdb_result_free(result);
  turdb_stmt_free(stmt);
  stmt = prepare(s.conn, "select ?, ?, ?");
  stream = numbers(1, 1, -1);
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_stream(stmt, &stream, NULL));
  CHECK_STATUS(TURDB_ERROR, turdb_stmt_execute(stmt, 0, &result, NULL));
  stream = numbers(1, 1, -1);
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_stream(stmt, &stream, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_stream(stmt, NULL, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_execute(stmt, 0, &result, NULL));
  turdb_result_free(result);
  turdb_stmt_free(stmt);
  session_close(&s);
}

/* ---- tables */

static void streams_are_tables(void) { /* [C-SOURCE-1] [C-SOURCE-2] */
  struct session s = session_open(":memory:");
  struct ArrowArrayStream stream = numbers(10000, 999, -1);
  turdb_error* error = NULL;
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table things(z text); create view v as select * from things"));
  CHECK_STATUS(TURDB_OK, turdb_conn_register_stream(s.conn, "Things", &stream, NULL));
  CHECK(stream.release == NULL);
  CHECK(query_int64(s.conn, "select count(*) from v") == 0); /* the view means what it meant */
  CHECK(query_int64(s.conn, "select sum(n) from things where t like 'text 1%' and n < 20") == 1 + 145);
  /* Once only. */
  turdb_stmt* stmt = prepare(s.conn, "select * from things");
  CHECK_STATUS(TURDB_ERROR, turdb_stmt_step(stmt, &error));
  CHECK_TEXT("24000", turdb_error_sqlstate(error));
  turdb_error_free(error);
  turdb_stmt_free(stmt);
  /* Another under its name; and none. */
  stream = numbers(5, 10, -1);
  CHECK_STATUS(TURDB_OK, turdb_conn_register_stream(s.conn, "things", &stream, NULL));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table copy as select n, t as named from things"));
  CHECK(query_int64(s.conn, "select sum(n) from copy where named = 'text ' || n") == 10);
  CHECK_STATUS(TURDB_ERROR, exec(s.conn, "create view w as select * from things"));
  CHECK_STATUS(TURDB_ERROR, exec(s.conn, "create materialized view w as select * from things"));
  CHECK_STATUS(TURDB_OK, turdb_conn_unregister(s.conn, "things", NULL));
  CHECK_STATUS(TURDB_OK, turdb_conn_unregister(s.conn, "Things", NULL));
  CHECK_STATUS(TURDB_NOT_FOUND, turdb_conn_unregister(s.conn, "things", NULL));
  CHECK(query_int64(s.conn, "select count(*) from things") == 0);
  /* What fails in the middle fails the statement, with the host's words. */
  stream = numbers(100000, 1000, 50000);
  CHECK_STATUS(TURDB_OK, turdb_conn_register_stream(s.conn, "broken", &stream, NULL));
  stmt = prepare(s.conn, "insert into copy select * from broken");
  CHECK_STATUS(TURDB_IO, turdb_stmt_step(stmt, &error));
  CHECK_TEXT("the host's numbers ran dry", turdb_error_message(error));
  CHECK_TEXT("38000", turdb_error_sqlstate(error));
  turdb_error_free(error);
  turdb_stmt_free(stmt);
  CHECK(query_int64(s.conn, "select count(*) from copy") == 5);
  /* A result of the same connection cannot be read while a statement of it runs: an error, no deadlock. */
  stream = stream_of(s.conn, "select n from copy");
  CHECK_STATUS(TURDB_OK, turdb_conn_register_stream(s.conn, "mine", &stream, NULL));
  CHECK(query_int64(s.conn, "select count(*) from mine") == -1);
  const int before = atomic_load(&g_released);
  stream = numbers(5, 10, -1);
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_register_stream(NULL, "x", &stream, NULL));
  CHECK(stream.release == NULL && atomic_load(&g_released) == before + 1);
  CHECK_STATUS(TURDB_DATA, turdb_conn_register_stream(s.conn, "x", NULL, NULL));
  stream = numbers(5, 10, -1);
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_register_stream(s.conn, NULL, &stream, NULL));
  session_close(&s);
}

struct source {
  int opened, destroyed, missing;
};
static pthread_t g_statement_thread;
static int g_other_threads;
static int32_t open_numbers(void* user_data, struct ArrowArrayStream* out, const char** message) {
  struct source* source = (struct source*)user_data;
  if (source->missing) {
    *message = "the table has left";
    return ENOENT;
  }
  ++source->opened;
  if (!pthread_equal(pthread_self(), g_statement_thread)) ++g_other_threads;
  *out = numbers(1000, 300, -1);
  return 0;
}
static int32_t find_numbers(void* user_data, const char* name, struct ArrowArrayStream* out, const char** message) {
  return strcmp(name, "frame") == 0 ? open_numbers(user_data, out, message) : -1;
}
static void destroy_source(void* user_data) { ++((struct source*)user_data)->destroyed; }

static void sources_are_read_again(void) { /* [C-SOURCE-3] [C-SOURCE-4] [C-SOURCE-5] */
  struct session s = session_open(":memory:");
  struct source source = {0, 0, 0}, replacement = {0, 0, 0}, failing = {0, 0, 1}, refused = {0, 0, 0};
  turdb_error* error = NULL;
  g_statement_thread = pthread_self();
  CHECK_STATUS(TURDB_OK, turdb_conn_register_source(s.conn, "numbers", open_numbers, &source, destroy_source, NULL));
  turdb_stmt* stmt = prepare(s.conn, "select count(*) from numbers a join numbers b on a.n = b.n where a.n < ?");
  for (int64_t i = 1; i <= 3; ++i) {
    CHECK_STATUS(TURDB_OK, turdb_stmt_bind_int64(stmt, 1, i * 100, NULL));
    CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
    CHECK(turdb_stmt_column_int64(stmt, 0) == i * 100);
    CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, NULL));
  }
  CHECK(source.opened == 6);
  /* On this thread, also where the statement works on several. */
  CHECK_STATUS(
      TURDB_OK,
      exec(s.conn,
           "create table big(n bigint, m bigint); insert into big select i, i % 7 from generate_series(1, 50000) as g(i);"
           "set threads = 4; set parallel_min_rows = 0"));
  CHECK(query_int64(s.conn, "select sum(m) from (select m, count(*) from big join numbers using (n) group by m) as g") == 21);
  CHECK(g_other_threads == 0 && source.opened == 7);
  /* The statement keeps it until it is compiled anew. */
  CHECK_STATUS(TURDB_OK, turdb_conn_unregister(s.conn, "numbers", NULL));
  CHECK(source.destroyed == 0);
  CHECK_STATUS(TURDB_ERROR, turdb_stmt_step(stmt, NULL)); /* compiled anew: no such table */
  turdb_stmt_free(stmt);
  CHECK(source.destroyed == 1);
  /* Replacement scans. */
  CHECK_STATUS(TURDB_OK, turdb_conn_set_replacement(s.conn, find_numbers, &replacement, destroy_source, NULL));
  CHECK(query_int64(s.conn, "select sum(n) from Frame") == 499500);
  CHECK(query_int64(s.conn, "select sum(n) from other") == -1);
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table frame(n bigint); insert into frame values (1)"));
  CHECK(query_int64(s.conn, "select sum(n) from frame") == 1);
  CHECK_STATUS(TURDB_OK, exec(s.conn, "drop table frame"));
  stmt = prepare(s.conn, "select count(*) from frame");
  replacement.missing = 0;
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, NULL));
  replacement.missing = 1;
  CHECK_STATUS(TURDB_IO, turdb_stmt_step(stmt, &error));
  CHECK_TEXT("the table has left", turdb_error_message(error));
  turdb_error_free(error);
  turdb_stmt_free(stmt);
  CHECK_STATUS(TURDB_OK, turdb_conn_set_replacement(s.conn, NULL, NULL, NULL, NULL));
  CHECK(replacement.destroyed == 1);
  /* A source that fails is not registered, and destroyed. */
  CHECK_STATUS(TURDB_IO, turdb_conn_register_source(s.conn, "failing", open_numbers, &failing, destroy_source, NULL));
  CHECK(failing.destroyed == 1);
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_register_source(s.conn, "refused", NULL, &refused, destroy_source, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_register_source(NULL, "refused", open_numbers, &refused, destroy_source, NULL));
  CHECK(refused.destroyed == 2);
  /* The session's end is theirs. */
  CHECK_STATUS(TURDB_OK, turdb_conn_register_source(s.conn, "last", open_numbers, &source, destroy_source, NULL));
  session_close(&s);
  CHECK(source.destroyed == 2);
}

/* One row of text that the query gives. */
static void gives(turdb_conn* conn, const char* sql, const char* text) {
  turdb_stmt* stmt = prepare(conn, sql);
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK_TEXT(text, turdb_stmt_column_text(stmt, 0, NULL));
  turdb_stmt_free(stmt);
}

static void structs_and_maps_stay_what_they_are(void) { /* [C-ARROW-1] [C-ARROW-5] */
  struct session s = session_open(":memory:"), other = session_open(":memory:");
  static const char sql[] =
      "select i, case when i <> 2 then row(i, 'x' || i, array[i, null])::struct(n int, t text, a int[]) end as s,"
      " case when i <> 3 then map([i, i + 1], ['one', null]) end as m from generate_series(1, 3) as g(i)";
  /* Out: a child a field, and entries of a key, which is never NULL, and a value. */
  struct ArrowArrayStream stream = stream_of(other.conn, sql);
  struct ArrowSchema schema;
  struct ArrowArray batch;
  CHECK(stream.get_schema(&stream, &schema) == 0);
  CHECK_TEXT("+s", schema.children[1]->format);
  CHECK(schema.children[1]->n_children == 3);
  CHECK_TEXT("t", schema.children[1]->children[1]->name);
  CHECK_TEXT("u", schema.children[1]->children[1]->format);
  CHECK_TEXT("+l", schema.children[1]->children[2]->format);
  CHECK_TEXT("+m", schema.children[2]->format);
  const struct ArrowSchema* entries = schema.children[2]->children[0];
  CHECK_TEXT("+s", entries->format);
  CHECK((entries->flags & ARROW_FLAG_NULLABLE) == 0 && (entries->children[0]->flags & ARROW_FLAG_NULLABLE) == 0);
  CHECK((entries->children[1]->flags & ARROW_FLAG_NULLABLE) != 0);
  schema.release(&schema);
  CHECK(stream.get_next(&stream, &batch) == 0);
  const struct ArrowArray* structs = batch.children[1];
  CHECK(structs->null_count == 1 && structs->children[0]->length == 3);
  CHECK(((const int32_t*)structs->children[0]->buffers[1])[2] == 3);
  CHECK(((const int32_t*)batch.children[2]->buffers[1])[2] == 4 && batch.children[2]->children[0]->length == 4);
  batch.release(&batch);
  stream.release(&stream);
  /* In: fields by name, keys, NULLs; also into columns and by parameters of such types. */
  stream = stream_of(other.conn, sql);
  CHECK_STATUS(TURDB_OK, turdb_conn_register_stream(s.conn, "frame", &stream, NULL));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table kept as select * from frame"));
  gives(s.conn, "select string_agg((s).t || (s).n || coalesce((s).a::text, ''), ' ' order by i) from kept",
        "x11{1,NULL} x33{3,NULL}");
  gives(s.conn, "select count(*) filter (where s is null) || ' ' || count(*) filter (where m is null) from kept", "1 1");
  gives(s.conn, "select m from kept where i = 1", "{1=one, 2=NULL}");
  CHECK_STATUS(TURDB_OK, exec(s.conn,
                              "create table typed(i bigint, s struct(n bigint, t text, a int[]), m map(int, text));"
                              "create table plain(i int, s json, m text)"));
  turdb_appender* appender = NULL;
  CHECK_STATUS(TURDB_OK, turdb_appender_open(s.conn, NULL, "typed", &appender, NULL));
  stream = stream_of(other.conn, sql);
  CHECK_STATUS(TURDB_OK, turdb_appender_append_stream(appender, &stream, NULL));
  CHECK_STATUS(TURDB_OK, turdb_appender_close(appender, NULL));
  turdb_appender_free(appender);
  gives(s.conn, "select string_agg(s::text, ' ' order by i) from typed", "(1,x1,\"{1,NULL}\") (3,x3,\"{3,NULL}\")");
  turdb_stmt* stmt = prepare(s.conn, "insert into typed values (?, ?, ?)");
  turdb_result* result = NULL;
  stream = stream_of(other.conn, sql);
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_stream(stmt, &stream, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_execute(stmt, 0, &result, NULL));
  CHECK(turdb_result_changes(result) == 3);
  turdb_result_free(result);
  turdb_stmt_free(stmt);
  gives(s.conn, "select count(*) from typed a join typed b on a.s = b.s and a.i = b.i", "8");
  /* Elsewhere a struct is json, as it was, and a map nothing. */
  static const char structs_only[] =
      "select i, row(i, 'x' || i)::struct(n int, t text) as s from generate_series(1, 2) as g(i)";
  CHECK_STATUS(TURDB_OK, turdb_appender_open(s.conn, NULL, "plain", &appender, NULL));
  CHECK_STATUS(TURDB_OK, turdb_appender_add_column(appender, "i", NULL));
  CHECK_STATUS(TURDB_OK, turdb_appender_add_column(appender, "s", NULL));
  stream = stream_of(other.conn, structs_only);
  CHECK_STATUS(TURDB_OK, turdb_appender_append_stream(appender, &stream, NULL));
  CHECK_STATUS(TURDB_OK, turdb_appender_close(appender, NULL));
  turdb_appender_free(appender);
  gives(s.conn, "select s ->> 't' from plain where i = 2", "x2");
  CHECK_STATUS(TURDB_OK, turdb_appender_open(s.conn, NULL, "plain", &appender, NULL));
  stream = stream_of(other.conn, sql);
  CHECK_STATUS(TURDB_UNSUPPORTED, turdb_appender_append_stream(appender, &stream, NULL));
  turdb_appender_free(appender);
  /* Inside each other, and without rows. */
  stream =
      stream_of(other.conn,
                "select row(map(['k'], [row(1, 2)::struct(a int, b int)]))::struct(m map(text, struct(a int, b int))) as s,"
                " array[row(1)::struct(z int), null] as l where $1::bool is null");
  CHECK_STATUS(TURDB_OK, turdb_conn_register_stream(s.conn, "deep", &stream, NULL));
  gives(s.conn, "select ((s).m['k']).b + (l[1]).z from deep", "3");
  stream = stream_of(other.conn, "select row(1)::struct(z int) as s where false");
  CHECK_STATUS(TURDB_OK, turdb_conn_register_stream(s.conn, "nothing", &stream, NULL));
  gives(s.conn, "select count((s).z) from nothing", "0");
  /* A schema is the same after the end of the connection that it is of. */
  stmt = prepare(s.conn, "select s from typed");
  CHECK_STATUS(TURDB_OK, turdb_stmt_execute(stmt, 0, &result, NULL));
  turdb_stmt_free(stmt);
  CHECK_STATUS(TURDB_OK, turdb_conn_close(s.conn, NULL));
  CHECK_STATUS(TURDB_OK, turdb_result_schema(result, &schema, NULL));
  CHECK_TEXT("+s", schema.children[0]->format);
  schema.release(&schema);
  turdb_result_free(result);
  session_close(&s);
  session_close(&other);
}

static int broken_next(struct ArrowArrayStream* stream, struct ArrowArray* out) {
  const int code = numbers_next(stream, out);
  if (code == 0 && out->release != NULL) ((char*)out->children[1]->buffers[2])[0] = (char)0xff;
  return code;
}
/* 100 rows of a number and a text, of which the first is no UTF-8. */
static struct ArrowArrayStream broken_texts(void) {
  struct ArrowArrayStream stream = numbers(100, 100, -1);
  stream.get_next = broken_next;
  return stream;
}

/* Rows that were fetched packed and not used come first, of every type that is packed as text, too. */
static void packed_rows_of_every_type_go_on_as_arrow(void) { /* [C-RESULT-4] */
  static const char* const values[] = {
      "row(1, 'a b')::struct(n int, t text)",
      "map(['k'], [1])",
      "'10.0.0.1/8'::inet",
      "'10.0.0.0/8'::cidr",
      "'08:00:2b:01:02:03'::macaddr",
      "b'101'",
      "int4range(1, 5)",
      "array[row(1)::struct(z int), null]",
      "array['10.0.0.1'::inet]",
      "array[[1, 2], [3, null]]::text::int[]",
      "'x'::text",
      "array['x', null]",
  };
  struct session s = session_open(":memory:");
  for (size_t i = 0; i < sizeof values / sizeof values[0]; ++i) {
    char sql[200];
    const bool flat = strstr(values[i], "[[") == NULL;
    snprintf(sql, sizeof sql, "select %s as v, i from generate_series(1, 3) as g(i)", values[i]);
    turdb_stmt* stmt = prepare(s.conn, sql);
    uint8_t memory[4096];
    int64_t rows = 0, size = 0;
    CHECK_STATUS(TURDB_ROW, turdb_stmt_fetch_packed(stmt, 2, memory, sizeof memory, &rows, &size, NULL));
    CHECK(rows == 2);
    turdb_result* result = NULL;
    turdb_error* error = NULL;
    const turdb_status status = turdb_stmt_continue(stmt, 0, memory, size, rows, &result, &error);
    if ((status == TURDB_OK) != flat) fprintf(stderr, "%s: %s\n", sql, error == NULL ? "" : turdb_error_message(error));
    CHECK(status == (flat ? TURDB_OK : TURDB_UNSUPPORTED));
    int64_t total = 0;
    struct ArrowArray batch;
    while (result != NULL && turdb_result_next(result, 0, &batch, NULL) == TURDB_ROW) {
      total += batch.length;
      CHECK(batch.children[0]->null_count == 0);
      batch.release(&batch);
    }
    CHECK(!flat || total == 3);
    turdb_error_free(error);
    turdb_result_free(result);
    turdb_stmt_free(stmt);
  }
  session_close(&s);
}

/* What nobody asks for is not read: a column of what cannot be read hurts only those who want it. */
static void scans_read_what_they_need(void) {
  struct session s = session_open(":memory:");
  struct ArrowArrayStream stream;
  static const char* const unread[] = {"select sum(n) from (select *, n as again from bad) as b", "select count(*) from bad",
                                       "select max(n) from bad where n < 500"};
  for (size_t i = 0; i < sizeof unread / sizeof unread[0]; ++i) {
    stream = broken_texts();
    CHECK_STATUS(TURDB_OK, turdb_conn_register_stream(s.conn, "bad", &stream, NULL));
    CHECK(query_int64(s.conn, unread[i]) == (i == 0 ? 4950 : i == 1 ? 100 : 99));
  }
  stream = broken_texts();
  CHECK_STATUS(TURDB_OK, turdb_conn_register_stream(s.conn, "bad", &stream, NULL));
  CHECK_STATUS(TURDB_DATA, turdb_conn_exec(s.conn, "select n, t from bad", -1, NULL));
  session_close(&s);
}

static void hostile_streams_are_errors(void) { /* [C-ARROW-2] */
  struct session s = session_open(":memory:");
  turdb_error* error = NULL;
  struct ArrowSchema schema;
  struct ArrowArray batch;
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a text)"));
  for (int kind = 0; kind < 7; ++kind) {
    turdb_appender* appender = NULL;
    const char* formats[] = {kind == 0 ? "+m" : "u"};
    const char* names[] = {"strange"};
    CHECK_STATUS(TURDB_OK, turdb_appender_open(s.conn, NULL, "t", &appender, NULL));
    make_schema(&schema, 1, formats, names);
    struct ArrowArray* text = text_leaf(0, 100);
    int32_t* offsets = (int32_t*)text->buffers[1];
    if (kind == 1) text->length = -5;
    if (kind == 2) offsets[50] = offsets[49] - 1;
    if (kind == 3) offsets[0] = -1;
    if (kind == 4) text->null_count = 3; /* and no buffer says which */
    if (kind == 5) ((char*)text->buffers[2])[offsets[7]] = (char)0xff;
    if (kind == 6) {
      free((void*)text->buffers[2]);
      text->n_buffers = 2;
    }
    make_batch(&batch, 100, 1, &text);
    CHECK_STATUS(kind == 0 ? TURDB_UNSUPPORTED : TURDB_DATA, turdb_appender_append_batch(appender, &schema, &batch, &error));
    CHECK(batch.release == NULL);
    CHECK(strstr(turdb_error_message(error), "strange") != NULL ||
          (turdb_error_frame_count(error) > 0 &&
           strstr(turdb_error_frame(error, turdb_error_frame_count(error) - 1), "strange") != NULL));
    if (kind == 0) CHECK(strstr(turdb_error_message(error), "+m") != NULL);
    turdb_error_free(error);
    schema.release(&schema);
    turdb_appender_free(appender);
  }
  CHECK(query_int64(s.conn, "select count(*) from t") == 0);
  session_close(&s);
}

/* ---- appenders */

static void flushes_are_statements(void) { /* [C-APPENDER-1] [C-APPENDER-3] [C-APPENDER-5] [C-APPENDER-6] */
  struct session s = session_open(":memory:");
  turdb_appender* appender = NULL;
  CHECK_STATUS(TURDB_OK, exec(s.conn,
                              "create table parent(id bigint primary key); insert into parent values (1), (2);"
                              "create table log(n bigint);"
                              "create table t(id integer primary key, who text default 'nobody', p bigint references parent, "
                              "twice bigint generated always as (id * 2) stored, at date, check (id < 1000000));"
                              "create trigger tr after insert on t for each row begin insert into log values (new.id); end"));
  CHECK_STATUS(TURDB_OK, turdb_appender_open(s.conn, "root", "t", &appender, NULL));
  CHECK(turdb_appender_column_count(appender) == 4);
  for (int64_t i = 0; i < 10000; ++i) {
    CHECK_STATUS(TURDB_OK, turdb_appender_append_int64(appender, i, NULL));
    CHECK_STATUS(TURDB_OK, turdb_appender_append_text(appender, "somebody", -1, NULL));
    CHECK_STATUS(TURDB_OK,
                 i % 2 ? turdb_appender_append_int64(appender, 1 + i % 2, NULL) : turdb_appender_append_null(appender, NULL));
    CHECK_STATUS(TURDB_OK, turdb_appender_append_text(appender, "2024-02-29", -1, NULL)); /* as binding converts */
    CHECK_STATUS(TURDB_OK, turdb_appender_end_row(appender, NULL));
  }
  CHECK(query_int64(s.conn, "select count(*) from t") == 0 && turdb_appender_row_count(appender) == 0);
  CHECK_STATUS(TURDB_OK, turdb_appender_flush(appender, NULL));
  CHECK(turdb_appender_row_count(appender) == 10000);
  CHECK(query_int64(s.conn, "select sum(twice - id * 2) + count(*) from t where at = '2024-02-29'") == 10000);
  CHECK(query_int64(s.conn, "select count(*) from log") == 10000);
  /* A value that does not fit leaves the row as it was. */
  CHECK_STATUS(TURDB_DATA, turdb_appender_append_text(appender, "no number", -1, NULL));
  CHECK_STATUS(TURDB_DATA, turdb_appender_append_uint64(appender, UINT64_MAX, NULL));
  CHECK_STATUS(TURDB_OK, turdb_appender_append_double(appender, 20000, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_appender_end_row(appender, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_appender_flush(appender, NULL));
  for (int i = 0; i < 3; ++i) CHECK_STATUS(TURDB_OK, turdb_appender_append_null(appender, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_appender_append_null(appender, NULL));
  CHECK_STATUS(TURDB_OK, turdb_appender_end_row(appender, NULL));
  CHECK_STATUS(TURDB_OK, turdb_appender_close(appender, NULL));
  CHECK_STATUS(TURDB_OK, turdb_appender_close(appender, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_appender_append_null(appender, NULL));
  turdb_appender_free(appender);
  CHECK(query_int64(s.conn, "select count(*) from t") == 10001);
  /* Some columns; free discards. */
  CHECK_STATUS(TURDB_OK, turdb_appender_open(s.conn, NULL, "t", &appender, NULL));
  CHECK_STATUS(TURDB_ERROR, turdb_appender_add_column(appender, "nothing", NULL));
  CHECK_STATUS(TURDB_OK, turdb_appender_add_column(appender, "at", NULL));
  CHECK_STATUS(TURDB_ERROR, turdb_appender_add_column(appender, "at", NULL));
  CHECK_STATUS(TURDB_OK, turdb_appender_add_column(appender, "id", NULL));
  CHECK(turdb_appender_column_count(appender) == 2);
  for (int64_t i = 30000; i < 30010; ++i) {
    CHECK_STATUS(TURDB_OK, turdb_appender_append_date(appender, 0, NULL));
    CHECK_STATUS(TURDB_OK, turdb_appender_append_int64(appender, i, NULL));
    CHECK_STATUS(TURDB_OK, turdb_appender_end_row(appender, NULL));
    if (i == 30004) CHECK_STATUS(TURDB_OK, turdb_appender_flush(appender, NULL));
  }
  CHECK_STATUS(TURDB_MISUSE, turdb_appender_add_column(appender, "who", NULL));
  turdb_appender_free(appender);
  CHECK(query_int64(s.conn, "select count(*) from t where who = 'nobody' and at = '1970-01-01'") == 5);
  /* Every kind of value. */
  CHECK_STATUS(
      TURDB_OK,
      exec(s.conn,
           "create type mood as enum ('sad', 'happy');"
           "create table k(a boolean, b numeric(9,2), c time, d timestamp, e timestamptz, f interval, g uuid, h bytea, "
           "i double precision, j, k mood, l varchar(3), m jsonb, n integer[])"));
  CHECK_STATUS(TURDB_OK, turdb_appender_open(s.conn, NULL, "k", &appender, NULL));
  const uint8_t uuid[16] = {1, 2, 3};
  CHECK_STATUS(TURDB_OK, turdb_appender_append_bool(appender, true, NULL));
  CHECK_STATUS(TURDB_OK, turdb_appender_append_decimal(appender, "12.50", -1, NULL));
  CHECK_STATUS(TURDB_OK, turdb_appender_append_time(appender, 1000000, NULL));
  CHECK_STATUS(TURDB_OK, turdb_appender_append_timestamp(appender, 1, NULL));
  CHECK_STATUS(TURDB_OK, turdb_appender_append_timestamptz(appender, 1, NULL));
  CHECK_STATUS(TURDB_OK, turdb_appender_append_interval(appender, 1, 2, 3, NULL));
  CHECK_STATUS(TURDB_OK, turdb_appender_append_uuid(appender, uuid, 16, NULL));
  CHECK_STATUS(TURDB_OK, turdb_appender_append_blob(appender, "\0\1", 2, NULL));
  CHECK_STATUS(TURDB_OK, turdb_appender_append_uint64(appender, 17, NULL));
  CHECK_STATUS(TURDB_OK, turdb_appender_append_text(appender, "any", 3, NULL));
  CHECK_STATUS(TURDB_OK, turdb_appender_append_text(appender, "happy", -1, NULL));
  CHECK_STATUS(TURDB_DATA, turdb_appender_append_text(appender, "long", -1, NULL));
  CHECK_STATUS(TURDB_OK, turdb_appender_append_text(appender, "abc", -1, NULL));
  CHECK_STATUS(TURDB_OK, turdb_appender_append_text(appender, "{\"a\": 1}", -1, NULL));
  CHECK_STATUS(TURDB_OK, turdb_appender_append_text(appender, "{1,2}", -1, NULL));
  CHECK_STATUS(TURDB_OK, turdb_appender_end_row(appender, NULL));
  CHECK_STATUS(TURDB_OK, turdb_appender_close(appender, NULL));
  turdb_appender_free(appender);
  CHECK(query_int64(
            s.conn,
            "select count(*) from k where a and b = 12.5 and c = '00:00:01' and f = '1 mon 2 days 00:00:00.000003' and i = 17 "
            "and j = 'any' and k = 'happy' and m->>'a' = '1' and n[2] = 2 and h = '\\x0001'") == 1);
  CHECK_STATUS(TURDB_ERROR, turdb_appender_open(s.conn, NULL, "absent", &appender, NULL));
  CHECK(appender == NULL);
  CHECK_STATUS(TURDB_MISUSE, turdb_appender_append_null(NULL, NULL));
  turdb_appender_free(NULL);
  session_close(&s);
}

/* A row of an INT64, an ARRAY of two INT32 and a VECTOR of two floats. */
static size_t put_packed_row(uint8_t* at, int64_t id) {
  static const uint8_t rest[] = {
      TURDB_TYPE_ARRAY,  20, 0, 0, 0, TURDB_TYPE_INT32,     1, 1, 0,    0,    0, 2, 0, 0,   0, /* from 1 on, two elements */
      TURDB_TYPE_INT32,  7,  0, 0, 0, TURDB_TYPE_INT32,     8, 0, 0,    0,                     /* {7,8} */
      TURDB_TYPE_VECTOR, 9,  0, 0, 0, TURDB_VECTOR_FLOAT32, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40    /* [1,2] */
  };
  at[0] = TURDB_TYPE_INT64;
  memcpy(at + 1, &id, 8);
  memcpy(at + 9, rest, sizeof rest);
  return 9 + sizeof rest;
}

static void the_appender_takes_packed_rows(void) { /* [C-APPENDER-7] */
  struct session s = session_open(":memory:");
  turdb_appender* appender = NULL;
  turdb_error* error = NULL;
  static uint8_t data[64 * 4000];
  size_t size = 0;
  int64_t done = -1;
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a int primary key, b int[], c vector(2))"));
  CHECK_STATUS(TURDB_OK, turdb_appender_open(s.conn, NULL, "t", &appender, NULL));
  for (int64_t i = 1; i <= 4000; ++i) size += put_packed_row(data + size, i);
  CHECK_STATUS(TURDB_OK, turdb_appender_append_packed(appender, data, (int64_t)size, 4000, &done, NULL));
  CHECK(done == 4000);
  CHECK_STATUS(TURDB_OK, turdb_appender_append_packed(appender, NULL, 0, 0, NULL, NULL));
  /* The third row cannot go in: the first two are there, and the appender goes on. */
  size = put_packed_row(data, 5001);
  size += put_packed_row(data + size, 5002);
  size += put_packed_row(data + size, INT64_C(1) << 40);
  size += put_packed_row(data + size, 5004);
  CHECK_STATUS(TURDB_DATA, turdb_appender_append_packed(appender, data, (int64_t)size, 4, &done, &error));
  CHECK_TEXT("22003", turdb_error_sqlstate(error));
  CHECK(strstr(turdb_error_frame(error, 0), "column \"a\", row 4003") != NULL);
  CHECK(done == 2);
  turdb_error_free(error);
  /* Bytes that are no rows: a value cut off, no such type, too many bytes, too few rows. */
  size = put_packed_row(data, 5005);
  CHECK_STATUS(TURDB_DATA, turdb_appender_append_packed(appender, data, (int64_t)size - 1, 1, &done, &error));
  CHECK_TEXT("22P03", turdb_error_sqlstate(error));
  CHECK(done == 0);
  turdb_error_free(error);
  CHECK_STATUS(TURDB_DATA, turdb_appender_append_packed(appender, (const uint8_t*)"\xff", 1, 1, &done, NULL));
  CHECK_STATUS(TURDB_DATA, turdb_appender_append_packed(appender, data, (int64_t)size, 2, &done, NULL));
  CHECK(done == 1);
  put_packed_row(data, 5006);
  data[size] = 0;
  CHECK_STATUS(TURDB_DATA, turdb_appender_append_packed(appender, data, (int64_t)size + 1, 1, &done, NULL));
  CHECK(done == 1);
  /* Not in the middle of a row. */
  CHECK_STATUS(TURDB_OK, turdb_appender_append_int64(appender, 1, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_appender_append_packed(appender, data, (int64_t)size, 1, &done, NULL));
  CHECK_STATUS(TURDB_OK, turdb_appender_append_null(appender, NULL));
  CHECK_STATUS(TURDB_OK, turdb_appender_append_null(appender, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_appender_append_packed(appender, data, -1, 1, &done, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_appender_append_packed(appender, NULL, 1, 1, &done, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_appender_append_packed(NULL, data, 1, 1, &done, NULL));
  /* That row, a double of the first one, was not ended: with its end the flush fails, and the appender with it. */
  CHECK_STATUS(TURDB_OK, turdb_appender_end_row(appender, NULL));
  CHECK_STATUS(TURDB_CONSTRAINT, turdb_appender_flush(appender, &error));
  CHECK(strstr(turdb_error_frame(error, 0), "row 4005") != NULL);
  turdb_error_free(error);
  CHECK_STATUS(TURDB_MISUSE, turdb_appender_append_packed(appender, data, (int64_t)size, 1, &done, NULL));
  turdb_appender_free(appender);

  CHECK_STATUS(TURDB_OK, turdb_appender_open(s.conn, NULL, "t", &appender, NULL));
  size = put_packed_row(data, 1);
  size += put_packed_row(data + size, 2);
  CHECK_STATUS(TURDB_OK, turdb_appender_append_packed(appender, data, (int64_t)size, 2, NULL, NULL));
  CHECK_STATUS(TURDB_OK, turdb_appender_close(appender, NULL));
  turdb_appender_free(appender);
  CHECK(query_int64(s.conn, "select count(*) from t where b = '{7,8}' and c = '[1,2]'") == 2);
  session_close(&s);
}

static void a_failure_names_its_row(void) { /* [C-APPENDER-2] [C-APPENDER-4] */
  struct session s = session_open(":memory:");
  turdb_appender* appender = NULL;
  turdb_error* error = NULL;
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a bigint primary key, b text, check (a <> 7777))"));
  CHECK_STATUS(TURDB_OK, turdb_appender_open(s.conn, NULL, "t", &appender, NULL));
  for (int64_t i = 1; i <= 9000; ++i) {
    CHECK_STATUS(TURDB_OK, turdb_appender_append_int64(appender, i == 7777 ? 123456 : i == 8888 ? 5000 : i, NULL));
    CHECK_STATUS(TURDB_OK, turdb_appender_append_null(appender, NULL));
    CHECK_STATUS(TURDB_OK, turdb_appender_end_row(appender, NULL));
    if (i == 6000) CHECK_STATUS(TURDB_OK, turdb_appender_flush(appender, NULL));
  }
  CHECK_STATUS(TURDB_CONSTRAINT, turdb_appender_flush(appender, &error));
  CHECK_TEXT("23505", turdb_error_sqlstate(error));
  CHECK(strstr(turdb_error_frame(error, 0), "row 8888") != NULL);
  turdb_error_free(error);
  CHECK(query_int64(s.conn, "select count(*) from t") == 6000);
  CHECK_STATUS(TURDB_MISUSE, turdb_appender_append_int64(appender, 1, &error));
  CHECK(strstr(turdb_error_message(error), "duplicate key") != NULL);
  turdb_error_free(error);
  CHECK_STATUS(TURDB_MISUSE, turdb_appender_close(appender, NULL));
  turdb_appender_free(appender);
  /* Streams: all or nothing, over all batches. */
  for (int inside = 0; inside < 2; ++inside) {
    CHECK_STATUS(TURDB_OK, exec(s.conn, "delete from t"));
    if (inside) CHECK_STATUS(TURDB_OK, exec(s.conn, "begin; insert into t values (-1, 'stays')"));
    struct ArrowArrayStream stream = numbers(10000, 3000, -1);
    CHECK_STATUS(TURDB_OK, turdb_appender_open(s.conn, NULL, "t", &appender, NULL));
    CHECK_STATUS(TURDB_CONSTRAINT, turdb_appender_append_stream(appender, &stream, &error));
    CHECK(stream.release == NULL);
    CHECK_TEXT("23514", turdb_error_sqlstate(error));
    CHECK(strstr(turdb_error_frame(error, 0), "row 7778") != NULL);
    turdb_error_free(error);
    CHECK(turdb_appender_row_count(appender) == 0);
    turdb_appender_free(appender);
    if (inside) CHECK_STATUS(TURDB_OK, exec(s.conn, "commit"));
    CHECK(query_int64(s.conn, "select count(*) from t") == inside);
  }
  CHECK_STATUS(TURDB_OK, exec(s.conn, "delete from t"));
  CHECK_STATUS(TURDB_OK, turdb_appender_open(s.conn, NULL, "t", &appender, NULL));
  struct ArrowArrayStream stream = numbers(7000, 3000, -1);
  CHECK_STATUS(TURDB_OK, turdb_appender_append_stream(appender, &stream, NULL));
  CHECK(turdb_appender_row_count(appender) == 7000);
  struct ArrowSchema schema;
  struct ArrowArray batch;
  numbers_schema(NULL, &schema);
  struct ArrowArray* children[] = {int64_leaf(8000, 50), text_leaf(8000, 50)};
  make_batch(&batch, 50, 2, children);
  CHECK_STATUS(TURDB_OK, turdb_appender_append_batch(appender, &schema, &batch, NULL));
  CHECK(query_int64(s.conn, "select count(*) from t where b = 'text ' || a") == 7050);
  /* A stream that fails, another number of columns, in the middle of a row. */
  stream = numbers(100000, 3000, 3000);
  CHECK_STATUS(TURDB_OK, turdb_appender_append_int64(appender, -5, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_appender_append_stream(appender, &stream, NULL));
  CHECK_STATUS(TURDB_OK, turdb_appender_append_null(appender, NULL));
  CHECK_STATUS(TURDB_OK, turdb_appender_end_row(appender, NULL));
  turdb_appender_free(appender);
  CHECK_STATUS(TURDB_OK, turdb_appender_open(s.conn, NULL, "t", &appender, NULL));
  CHECK_STATUS(TURDB_OK, turdb_appender_add_column(appender, "a", NULL));
  children[0] = int64_leaf(8000, 50);
  children[1] = text_leaf(8000, 50);
  make_batch(&batch, 50, 2, children);
  CHECK_STATUS(TURDB_MISUSE, turdb_appender_append_batch(appender, &schema, &batch, NULL));
  turdb_appender_free(appender);
  schema.release(&schema);
  CHECK_STATUS(TURDB_OK, turdb_appender_open(s.conn, NULL, "t", &appender, NULL));
  stream = numbers(100000, 100, 200);
  CHECK_STATUS(TURDB_OK, exec(s.conn, "delete from t"));
  CHECK_STATUS(TURDB_IO, turdb_appender_append_stream(appender, &stream, NULL));
  CHECK(query_int64(s.conn, "select count(*) from t") == 0);
  /* The connection goes first. */
  CHECK_STATUS(TURDB_OK, turdb_conn_close(s.conn, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_appender_flush(appender, NULL));
  session_close(&s);
  turdb_appender_free(appender);
}

void arrow_tests(void) {
  batches_have_one_schema();
  parameters_have_a_schema();
  an_execution_is_the_results();
  commit_keeps_results_rollback_ends_them();
  streams_wait_for_the_connection();
  wrong_calls_are_refused();
  rows_of_a_stream_are_parameters();
  streams_are_tables();
  sources_are_read_again();
  structs_and_maps_stay_what_they_are();
  packed_rows_of_every_type_go_on_as_arrow();
  scans_read_what_they_need();
  hostile_streams_are_errors();
  flushes_are_statements();
  the_appender_takes_packed_rows();
  a_failure_names_its_row();
}
