/* A test is a function that CHECKs; main runs them all and counts. */
#ifndef TURDB_TESTS_CAPI_CAPI_TEST_H_
#define TURDB_TESTS_CAPI_CAPI_TEST_H_

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turdb.h"

extern int g_failures;

#define CHECK(condition)                                              \
  do {                                                                \
    if (!(condition)) {                                               \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      ++g_failures;                                                   \
    }                                                                 \
  } while (0)

#define CHECK_STATUS(expected, call)                                                                                   \
  do {                                                                                                                 \
    const turdb_status check_status_ = (call);                                                                         \
    if (check_status_ != (expected)) {                                                                                 \
      fprintf(stderr, "%s:%d: %s gave %s, expected %s\n", __FILE__, __LINE__, #call, turdb_status_name(check_status_), \
              turdb_status_name(expected));                                                                            \
      ++g_failures;                                                                                                    \
    }                                                                                                                  \
  } while (0)

#define CHECK_TEXT(expected, actual)                                              \
  do {                                                                            \
    const char* check_text_ = (actual);                                           \
    if (check_text_ == NULL || strcmp((expected), check_text_) != 0) {            \
      fprintf(stderr, "%s:%d: got \"%s\", expected \"%s\"\n", __FILE__, __LINE__, \
              check_text_ != NULL ? check_text_ : "(null)", (expected));          \
      ++g_failures;                                                               \
    }                                                                             \
  } while (0)

/* An in-memory database with one connection. */
struct session {
  turdb_db* db;
  turdb_conn* conn;
};
struct session session_open(const char* path);
void session_close(struct session* session);
/* Runs `sql`; prints the error when it fails. */
turdb_status exec(turdb_conn* conn, const char* sql);
/* The one integer that `sql` gives; -1 when it fails. */
int64_t query_int64(turdb_conn* conn, const char* sql);
/* A fresh directory name inside a temporary directory that is removed at exit. */
const char* temporary_path(const char* name);

void files_tests(void);
void contract_tests(void);
void arrow_tests(void);
void function_tests(void);
void packed_tests(void);
void blob_tests(void);
void database_tests(void);
void hooks_tests(void);
void interrupt_tests(void);
void misuse_tests(void);
void session_tests(void);

#endif
