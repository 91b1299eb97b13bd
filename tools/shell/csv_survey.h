// Reads a CSV file once to find out what it holds: whether its first line is a header, and the narrowest type
// of every column over all the rows.
#ifndef TURDB_TOOLS_SHELL_CSV_SURVEY_H_
#define TURDB_TOOLS_SHELL_CSV_SURVEY_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shell/csv_reader.h"
#include "shell/value_text.h"

namespace turdb::shell {

struct CsvFormat {
  std::optional<char> delimiter;   // none: sniffed
  std::optional<bool> header;      // none: guessed
  std::vector<std::string> nulls;  // unquoted fields with such text are NULL, as empty unquoted ones always are
  int64_t skip_records = 0;        // at the start, before the header
};

bool IsNull(const CsvField& field, const std::vector<std::string>& nulls);

struct CsvColumn {
  std::string name;
  ColumnType type = ColumnType::kUnknown;
};

struct CsvSurvey {
  std::vector<CsvColumn> columns;
  bool has_header = false;
  int64_t records = 0;  // after the header
};

// Reads records up to the end, or `max_records` of them (0: all). `on_record` hears of the bytes and records read
// so far. Records that are malformed, or have another number of fields than the first, do not count for types.
CsvSurvey Survey(CsvReader& reader, const CsvFormat& format, int64_t max_records,
                 const std::function<void(int64_t bytes, int64_t records)>& on_record);

// A column's name as SQL without quotes would find it: plain names in lower case, others as they are; names that
// are empty or taken get a number.
std::vector<std::string> ColumnNames(const std::vector<std::string>& header);
// Lower case when it is a plain name, as the parser folds it; as it is otherwise.
std::string FoldName(std::string_view name);

}  // namespace turdb::shell

#endif  // TURDB_TOOLS_SHELL_CSV_SURVEY_H_
