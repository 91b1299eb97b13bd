// Loads a CSV file into a table, new or old, in one transaction.
#ifndef TURDB_TOOLS_SHELL_IMPORT_H_
#define TURDB_TOOLS_SHELL_IMPORT_H_

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "shell/csv_survey.h"
#include "shell/error_report.h"
#include "shell/handles.h"

namespace turdb::shell {

struct ImportOptions {
  std::string file;   // "-": standard input
  std::string table;  // "name" or "schema.name"; empty: after the file
  CsvFormat format;
  int64_t max_errors = -1;     // more rejected rows than this undo the import; -1: any number is fine
  int64_t sample_records = 0;  // types come from so many records; 0: from all
  bool progress = false;       // draw a bar on standard error
};

struct Rejected {
  int64_t line = 0;
  std::string reason;
};

struct ImportResult {
  bool ok = false;
  ErrorText error;    // when not ok
  std::string sql;    // that the error's position is in; may be empty
  std::string table;  // as SQL writes it
  bool created = false;
  int64_t rows = 0;
  int64_t rejected = 0;
  std::vector<Rejected> examples;  // the first rejected rows
};

ImportResult Import(turdb_conn* conn, const ImportOptions& options);

// "name" in double quotes.
std::string QuoteName(std::string_view name);

}  // namespace turdb::shell

#endif  // TURDB_TOOLS_SHELL_IMPORT_H_
