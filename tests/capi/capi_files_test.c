/* Databases on disk: opening, sharing, damage. Every bad file gets an error that names it, and nothing is written. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capi_test.h"

enum { kPage = 16384 };

static void make_database(const char* path) {
  struct session s = session_open(path);
  char sql[128];
  CHECK_STATUS(TURDB_OK,
               exec(s.conn, "create table t(id bigint primary key, name text); create index t_name on t(name); begin"));
  for (int i = 0; i < 2000; ++i) {
    snprintf(sql, sizeof sql, "insert into t values (%d, 'name number %d')", i, i * 7919 % 2000);
    CHECK_STATUS(TURDB_OK, exec(s.conn, sql));
  }
  CHECK_STATUS(TURDB_OK, exec(s.conn, "commit"));
  session_close(&s);
}

static void overwrite(const char* path, long offset, const void* data, size_t size) {
  FILE* file = fopen(path, "r+b");
  CHECK(file != NULL);
  if (file == NULL) return;
  CHECK(fseek(file, offset, SEEK_SET) == 0 && fwrite(data, 1, size, file) == size);
  fclose(file);
}

static int read_byte(const char* path, long offset) {
  FILE* file = fopen(path, "rb");
  int byte = -1;
  if (file != NULL && fseek(file, offset, SEEK_SET) == 0) byte = fgetc(file);
  if (file != NULL) fclose(file);
  return byte;
}

static long file_size(const char* path) {
  struct stat status;
  return stat(path, &status) == 0 ? (long)status.st_size : -1;
}

static void reopening_finds_everything(void) { /* [C-OPEN-2] */
  char path[512];
  snprintf(path, sizeof path, "%s", temporary_path("reopen"));
  make_database(path);
  for (int i = 0; i < 3; ++i) {
    struct session s = session_open(path);
    int64_t problems = -1;
    CHECK(query_int64(s.conn, "select count(*) from t") == 2000);
    CHECK(query_int64(s.conn, "select count(*) from t where name = 'name number 1919'") == 1);
    CHECK_STATUS(TURDB_OK, turdb_db_check(s.db, NULL, NULL, &problems, NULL));
    CHECK(problems == 0);
    session_close(&s);
  }
}

static void one_process_shares_a_database(void) { /* [C-OPEN-1] */
  char path[512];
  snprintf(path, sizeof path, "%s", temporary_path("shared"));
  struct session a = session_open(path);
  struct session b = session_open(path);
  turdb_db* other = NULL;
  turdb_options* options = NULL;
  turdb_error* error = NULL;
  CHECK_STATUS(TURDB_OK, exec(a.conn, "create table t(a int); insert into t values (7)"));
  CHECK(query_int64(b.conn, "select a from t") == 7);
  CHECK_STATUS(TURDB_OK, turdb_options_new(&options, NULL));
  CHECK_STATUS(TURDB_OK, turdb_options_set(options, "threads", "1000", NULL));
  CHECK_STATUS(TURDB_ERROR, turdb_db_open(path, options, &other, &error));
  CHECK(strstr(turdb_error_message(error), "threads") != NULL);
  turdb_error_free(error);
  turdb_options_free(options);
  turdb_conn_free(b.conn);
  turdb_db_free(b.db); /* the first handle lives on */
  CHECK(query_int64(a.conn, "select a from t") == 7);
  session_close(&a);
}

static void a_second_process_is_refused_by_name(void) {
  char path[512];
  int ready[2], go[2];
  char byte = 0;
  snprintf(path, sizeof path, "%s", temporary_path("locked"));
  make_database(path);
  CHECK(pipe(ready) == 0 && pipe(go) == 0);
  const pid_t child = fork();
  if (child == 0) {
    turdb_db* db = NULL;
    if (turdb_db_open(path, NULL, &db, NULL) != TURDB_OK) _exit(1);
    if (write(ready[1], "r", 1) != 1 || read(go[0], &byte, 1) != 1) _exit(2);
    turdb_db_close(db, NULL);
    turdb_db_free(db);
    _exit(0);
  }
  CHECK(read(ready[0], &byte, 1) == 1);
  turdb_db* db = NULL;
  turdb_error* error = NULL;
  char pid[32];
  snprintf(pid, sizeof pid, "%d", (int)child);
  CHECK_STATUS(TURDB_LOCKED, turdb_db_open(path, NULL, &db, &error));
  CHECK(db == NULL);
  CHECK(strstr(turdb_error_message(error), pid) != NULL);
  turdb_error_free(error);
  CHECK(write(go[1], "g", 1) == 1);
  int result = -1;
  CHECK(waitpid(child, &result, 0) == child && WIFEXITED(result) && WEXITSTATUS(result) == 0);
  struct session s = session_open(path);
  CHECK(query_int64(s.conn, "select count(*) from t") == 2000);
  session_close(&s);
}

static turdb_status open_status(const char* path, const char* read_only, char* message, size_t size) {
  turdb_options* options = NULL;
  turdb_db* db = NULL;
  turdb_error* error = NULL;
  turdb_options_new(&options, NULL);
  turdb_options_set(options, "read_only", read_only, NULL);
  const turdb_status status = turdb_db_open(path, options, &db, &error);
  turdb_options_free(options);
  message[0] = '\0';
  if (error != NULL) {
    snprintf(message, size, "%s", turdb_error_message(error));
    for (int64_t i = 0; i < turdb_error_frame_count(error); ++i) {
      const size_t used = strlen(message);
      snprintf(message + used, size - used, " / %s", turdb_error_frame(error, i));
    }
  }
  turdb_error_free(error);
  if (db != NULL) turdb_db_close(db, NULL);
  turdb_db_free(db);
  return status;
}

static void read_only_changes_nothing(void) {
  char path[512], message[1024];
  snprintf(path, sizeof path, "%s", temporary_path("readonly"));
  CHECK_STATUS(TURDB_NOT_FOUND, open_status(path, "true", message, sizeof message));
  make_database(path);
  turdb_options* options = NULL;
  turdb_db* db = NULL;
  turdb_conn* conn = NULL;
  turdb_options_new(&options, NULL);
  turdb_options_set(options, "read_only", "true", NULL);
  CHECK_STATUS(TURDB_OK, turdb_db_open(path, options, &db, NULL));
  turdb_options_free(options);
  CHECK_STATUS(TURDB_OK, turdb_conn_open(db, &conn, NULL));
  CHECK(query_int64(conn, "select count(*) from t") == 2000);
  CHECK_STATUS(TURDB_READ_ONLY, turdb_conn_exec(conn, "insert into t values (5000, 'x')", -1, NULL));
  CHECK_STATUS(TURDB_READ_ONLY, turdb_conn_exec(conn, "create table u(a int)", -1, NULL));
  turdb_conn_free(conn);
  turdb_db_close(db, NULL);
  turdb_db_free(db);
}

static void foreign_and_newer_files_are_refused(void) {
  char path[512], file[600], message[1024];
  snprintf(path, sizeof path, "%s", temporary_path("foreign"));
  make_database(path);
  snprintf(file, sizeof file, "%s/turdb.meta", path);
  const long size = file_size(file);
  overwrite(file, 0, "SQLite format 3", 16);
  CHECK_STATUS(TURDB_CORRUPT, open_status(path, "false", message, sizeof message));
  CHECK(strstr(message, "turdb.meta") != NULL);
  CHECK(file_size(file) == size);
  snprintf(path, sizeof path, "%s", temporary_path("newer"));
  make_database(path);
  snprintf(file, sizeof file, "%s/turdb.meta", path);
  overwrite(file, 16, "\x63\0\0\0", 4);
  CHECK_STATUS(TURDB_UNSUPPORTED, open_status(path, "false", message, sizeof message));
  CHECK(strstr(message, "turdb.meta") != NULL);
  snprintf(path, sizeof path, "%s", temporary_path("truncated"));
  make_database(path);
  snprintf(file, sizeof file, "%s/turdb.meta", path);
  CHECK(truncate(file, 100) == 0);
  CHECK_STATUS(TURDB_CORRUPT, open_status(path, "false", message, sizeof message));
  CHECK(strstr(message, "turdb.meta") != NULL);
  snprintf(path, sizeof path, "%s", temporary_path("a_file"));
  FILE* plain = fopen(path, "w");
  CHECK(plain != NULL && fputs("not a directory", plain) >= 0 && fclose(plain) == 0);
  CHECK(open_status(path, "false", message, sizeof message) < 0);
  CHECK(strstr(message, "a_file") != NULL);
  CHECK_STATUS(TURDB_MISUSE, open_status("", "false", message, sizeof message));
  /* A directory with other things in it stays as it is. */
  snprintf(path, sizeof path, "%s", temporary_path("others"));
  snprintf(file, sizeof file, "%s/holiday.txt", path);
  CHECK(mkdir(path, 0777) == 0);
  plain = fopen(file, "w");
  CHECK(plain != NULL && fclose(plain) == 0);
  CHECK(open_status(path, "false", message, sizeof message) < 0);
  CHECK(strstr(message, "holiday.txt") != NULL);
  snprintf(file, sizeof file, "%s/turdb.lock", path);
  CHECK(access(file, F_OK) != 0);
}

static void first_segment(const char* path, char* file, size_t size) { snprintf(file, size, "%s/wal/wal.000001", path); }

/* Writes three transactions, the pages of the first checkpointed, and dies. */
static void make_crashed_database(const char* path) {
  const pid_t child = fork();
  if (child == 0) {
    struct session s = session_open(path);
    exec(s.conn, "create table t(id bigint primary key, name text)");
    exec(s.conn, "insert into t select i, 'name ' || i from generate_series(1, 1000) g(i); checkpoint");
    exec(s.conn, "update t set name = name || '!'");
    exec(s.conn, "insert into t select i, 'name ' || i from generate_series(2001, 3000) g(i)");
    _exit(0);
  }
  int result = -1;
  CHECK(waitpid(child, &result, 0) == child && WIFEXITED(result) && WEXITSTATUS(result) == 0);
}

/* A log that ends early after a crash: cut in the middle of a sector, or before pages that were written. */
static void a_log_that_was_cut_is_found(void) {
  char path[512], file[600], message[1024];
  snprintf(path, sizeof path, "%s", temporary_path("cut_log"));
  make_crashed_database(path);
  first_segment(path, file, sizeof file);
  CHECK(truncate(file, file_size(file) - 100) == 0);
  CHECK_STATUS(TURDB_CORRUPT, open_status(path, "false", message, sizeof message));
  CHECK(strstr(message, "wal.000001") != NULL && strstr(message, "truncated") != NULL);

  snprintf(path, sizeof path, "%s", temporary_path("lost_log"));
  make_crashed_database(path);
  first_segment(path, file, sizeof file);
  CHECK(truncate(file, 8192) == 0);
  CHECK_STATUS(TURDB_CORRUPT, open_status(path, "false", message, sizeof message));
  CHECK(strstr(message, "log") != NULL);
}

/* Flips one bit in every page of the table's file, one at a time: reading all rows or the check must notice, and never
 * give a wrong answer passed off as right. */
static void flipped_bits_are_found(void) {
  char path[512], file[600], message[1024];
  snprintf(path, sizeof path, "%s", temporary_path("flipped"));
  make_database(path);
  const char* names[] = {"root/t.tbd", "root/t.t_name.idx", "turdb.meta"};
  for (size_t n = 0; n < 3; ++n) {
    snprintf(file, sizeof file, "%s/%s", path, names[n]);
    /* Files grow in steps; what lies behind the page count in the header belongs to nobody yet. */
    const long pages = read_byte(file, 92) + 256L * read_byte(file, 93);
    CHECK(pages >= 2);
    for (long page = 0; page < pages; ++page) {
      const long offset = page * kPage + (page == 0 ? 33 : (page * 2654435761L) % kPage);
      const int byte = read_byte(file, offset);
      const char flipped = (char)(byte ^ 0x10), original = (char)byte;
      overwrite(file, offset, &flipped, 1);
      turdb_db* db = NULL;
      turdb_conn* conn = NULL;
      turdb_error* error = NULL;
      int64_t problems = 0;
      const turdb_status opened = turdb_db_open(path, NULL, &db, &error);
      if (opened == TURDB_OK) {
        CHECK_STATUS(TURDB_OK, turdb_db_check(db, NULL, NULL, &problems, NULL));
        if (problems == 0) fprintf(stderr, "%s: a flipped bit at %ld was not found\n", file, offset);
        CHECK(problems > 0);
        CHECK_STATUS(TURDB_OK, turdb_conn_open(db, &conn, NULL));
        turdb_stmt* stmt = NULL;
        if (turdb_stmt_prepare(conn, "select sum(length(name)) from t", -1, NULL, &stmt, NULL) == TURDB_OK) {
          const turdb_status status = turdb_stmt_step(stmt, NULL);
          CHECK(status == TURDB_CORRUPT || (status == TURDB_ROW && turdb_stmt_column_int64(stmt, 0) == 30890));
          turdb_stmt_free(stmt);
        }
        turdb_conn_free(conn);
        turdb_db_close(db, NULL);
      } else {
        CHECK_STATUS(TURDB_CORRUPT, opened);
        snprintf(message, sizeof message, "%s", turdb_error_message(error));
      }
      turdb_error_free(error);
      turdb_db_free(db);
      overwrite(file, offset, &original, 1);
    }
  }
  struct session s = session_open(path);
  CHECK(query_int64(s.conn, "select count(*) from t") == 2000);
  session_close(&s);
}

static void no_permission_is_said(void) {
  char path[512], message[1024];
  snprintf(path, sizeof path, "%s", temporary_path("forbidden"));
  CHECK(mkdir(path, 0) == 0);
  const pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 && seteuid(65534) != 0) _exit(2);
    const turdb_status status = open_status(path, "false", message, sizeof message);
    _exit(status == TURDB_IO && strstr(message, "ermission denied") != NULL ? 0 : 1);
  }
  int result = -1;
  CHECK(waitpid(child, &result, 0) == child && WIFEXITED(result) && WEXITSTATUS(result) == 0);
  rmdir(path);
}

static void copy_reads_the_machines_files(void) {
  char path[512], sql[700];
  snprintf(path, sizeof path, "%s", temporary_path("old_mac.csv"));
  FILE* file = fopen(path, "wb");
  CHECK(file != NULL);
  if (file == NULL) return;
  fputs("a,b\r1,2\r3,\"x\ry\"\r5,6", file); /* lines end with a carriage return */
  fclose(file);
  struct session s = session_open(":memory:");
  snprintf(sql, sizeof sql, "create table t(a int, b text); copy t from '%s' (format csv, header)", path);
  CHECK_STATUS(TURDB_OK, exec(s.conn, sql));
  CHECK(query_int64(s.conn, "select count(*) * 100 + sum(a) from t") == 309);
  CHECK(query_int64(s.conn, "select length(b) from t where a = 3") == 3);
  session_close(&s);
}

static void a_backup_is_a_database(void) { /* [C-BACKUP-1] */
  char path[512], copy[512], file[600];
  snprintf(path, sizeof path, "%s", temporary_path("original"));
  snprintf(copy, sizeof copy, "%s", temporary_path("backup"));
  make_database(path);
  struct session s = session_open(path);
  turdb_backup* backup = NULL;
  turdb_error* error = NULL;
  CHECK_STATUS(TURDB_OK, turdb_backup_open(s.db, copy, &backup, &error));
  CHECK(turdb_backup_pages_total(backup) > 8 && turdb_backup_pages_done(backup) == 0);
  CHECK_STATUS(TURDB_OK, turdb_backup_step(backup, 2, NULL));
  CHECK(turdb_backup_pages_done(backup) == 2);
  CHECK_STATUS(TURDB_OK, exec(s.conn, "insert into t values (5000, 'while it is copied')"));
  CHECK_STATUS(TURDB_DONE, turdb_backup_step(backup, INT64_MAX, NULL));
  CHECK_STATUS(TURDB_DONE, turdb_backup_step(backup, 1, NULL));
  turdb_backup_free(backup);
  struct session c = session_open(copy);
  CHECK(query_int64(c.conn, "select count(*) from t") == 2001);
  session_close(&c);

  CHECK_STATUS(TURDB_IO, turdb_backup_open(s.db, copy, &backup, &error));
  CHECK(backup == NULL);
  CHECK_TEXT("58P02", turdb_error_sqlstate(error));
  turdb_error_free(error);
  snprintf(copy, sizeof copy, "%s", temporary_path("given_up"));
  CHECK_STATUS(TURDB_OK, turdb_backup_open(s.db, copy, &backup, NULL));
  CHECK_STATUS(TURDB_OK, turdb_backup_step(backup, 3, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_backup_step(backup, 0, NULL));
  session_close(&s);
  CHECK_STATUS(TURDB_MISUSE, turdb_backup_step(backup, 1, NULL));
  turdb_backup_free(backup);
  snprintf(file, sizeof file, "%s/turdb.meta", copy);
  CHECK(file_size(file) == -1);
  CHECK_STATUS(TURDB_MISUSE, turdb_backup_open(NULL, copy, &backup, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_backup_step(NULL, 1, NULL));
  CHECK(turdb_backup_pages_total(NULL) == 0 && turdb_backup_pages_done(NULL) == 0);
  turdb_backup_free(NULL);
}

static void memory_is_backed_up_to_disk(void) {
  char copy[512];
  struct session s = session_open(":memory:");
  turdb_backup* backup = NULL;
  snprintf(copy, sizeof copy, "%s", temporary_path("from_memory"));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a int); insert into t select i from generate_series(1, 100) g(i)"));
  CHECK_STATUS(TURDB_OK, turdb_backup_open(s.db, copy, &backup, NULL));
  CHECK_STATUS(TURDB_DONE, turdb_backup_step(backup, INT64_MAX, NULL));
  turdb_backup_free(backup);
  session_close(&s);
  s = session_open(copy);
  CHECK(query_int64(s.conn, "select sum(a) from t") == 5050);
  session_close(&s);
}

static void count_lost(void* user_data, const char* lost) {
  CHECK(lost[0] != 0);
  ++*(int64_t*)user_data;
}

static void what_can_be_read_is_recovered(void) {
  char path[512], saved[512], file[600];
  int64_t rows = -1, lost = -1, told = 0;
  turdb_error* error = NULL;
  snprintf(path, sizeof path, "%s", temporary_path("damaged"));
  snprintf(saved, sizeof saved, "%s", temporary_path("saved"));
  make_database(path);
  snprintf(file, sizeof file, "%s/root/t.tbd", path);
  overwrite(file, 2 * kPage + 5000, "damage", 6);
  CHECK_STATUS(TURDB_OK, turdb_db_recover(path, saved, count_lost, &told, &rows, &lost, &error));
  CHECK(rows > 500 && rows < 2000 && lost > 0 && lost == told);
  struct session s = session_open(saved);
  CHECK(query_int64(s.conn, "select count(*) from t") == rows);
  CHECK_STATUS(TURDB_OK, turdb_db_check(s.db, NULL, NULL, &lost, NULL));
  CHECK(lost == 0);
  session_close(&s);
  CHECK_STATUS(TURDB_IO, turdb_db_recover(path, saved, NULL, NULL, NULL, NULL, NULL));
  CHECK_STATUS(TURDB_NOT_FOUND,
               turdb_db_recover(temporary_path("nowhere"), temporary_path("nothing"), NULL, NULL, NULL, NULL, &error));
  turdb_error_free(error);
  CHECK_STATUS(TURDB_MISUSE, turdb_db_recover(NULL, saved, NULL, NULL, NULL, NULL, NULL));
}

void files_tests(void) {
  copy_reads_the_machines_files();
  a_backup_is_a_database();
  memory_is_backed_up_to_disk();
  what_can_be_read_is_recovered();
  reopening_finds_everything();
  one_process_shares_a_database();
  a_second_process_is_refused_by_name();
  read_only_changes_nothing();
  foreign_and_newer_files_are_refused();
  a_log_that_was_cut_is_found();
  flipped_bits_are_found();
  no_permission_is_said();
}
