#include "shell/import.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

#include "shell/progress_bar.h"
#include "shell/text_width.h"

namespace turdb::shell {
namespace {

constexpr size_t kExamples = 10;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using FileHandle = std::unique_ptr<std::FILE, CloseFile>;

// A file that can be read twice: what comes through a pipe is put aside first.
FileHandle OpenTwiceReadable(const std::string& path) {
  FileHandle file(path == "-" ? fdopen(dup(fileno(stdin)), "rb") : std::fopen(path.c_str(), "rb"));
  struct stat about;
  if (file == nullptr || fstat(fileno(file.get()), &about) != 0) return nullptr;
  if (S_ISDIR(about.st_mode)) {
    errno = EISDIR;
    return nullptr;
  }
  if (S_ISREG(about.st_mode)) return file;
  FileHandle copy(std::tmpfile());
  if (copy == nullptr) return nullptr;
  char buffer[64 << 10];
  while (const size_t count = std::fread(buffer, 1, sizeof(buffer), file.get())) {
    if (std::fwrite(buffer, 1, count, copy.get()) != count) return nullptr;
  }
  if (std::ferror(file.get()) != 0 || std::fflush(copy.get()) != 0) return nullptr;
  std::rewind(copy.get());
  return copy;
}

struct Target {
  std::vector<std::string> columns;  // that the rows have values for, in the order of the file
  std::vector<int32_t> types;        // TURDB_TYPE_*
};

int32_t TypeNumber(ColumnType type) {
  switch (type) {
    case ColumnType::kBool:
      return TURDB_TYPE_BOOL;
    case ColumnType::kInteger:
      return TURDB_TYPE_INT32;
    case ColumnType::kBigint:
      return TURDB_TYPE_INT64;
    case ColumnType::kDouble:
      return TURDB_TYPE_DOUBLE;
    case ColumnType::kDecimal:
    case ColumnType::kNumeric:
      return TURDB_TYPE_DECIMAL;
    case ColumnType::kDate:
      return TURDB_TYPE_DATE;
    case ColumnType::kTimestamp:
      return TURDB_TYPE_TIMESTAMP;
    case ColumnType::kTimestampTz:
      return TURDB_TYPE_TIMESTAMPTZ;
    case ColumnType::kUnknown:
    case ColumnType::kText:
      break;
  }
  return TURDB_TYPE_TEXT;
}

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  });
}

// One import. Each step returns false after it has filled in result_.error.
class Importer {
 public:
  Importer(turdb_conn* conn, const ImportOptions& options) : conn_(conn), options_(options) {}

  ImportResult Run() {
    result_.table = TableName();
    file_ = OpenTwiceReadable(options_.file);
    if (file_ == nullptr) {
      Fail("58P01", "opening " + options_.file + ": " + std::strerror(errno));
      return std::move(result_);
    }
    struct stat about;
    if (fstat(fileno(file_.get()), &about) == 0) size_bytes_ = about.st_size;
    delimiter_ = options_.format.delimiter.value_or(Sniff());
    result_.ok = TakeSurvey() && InTransaction();
    return std::move(result_);
  }

 private:
  bool Fail(std::string_view sqlstate, std::string message, std::string hint = "") {
    result_.error = ErrorText();
    result_.error.sqlstate = sqlstate;
    result_.error.message = std::move(message);
    result_.error.hint = std::move(hint);
    result_.sql.clear();
    return false;
  }
  bool FailWith(const ErrorHandle& error, std::string_view sql) {
    result_.error = TextOf(error.get());
    result_.sql = sql;
    return false;
  }

  std::string TableName() const {
    std::string name = options_.table;
    if (name.empty()) name = options_.file == "-" ? "stdin" : std::filesystem::path(options_.file).stem().string();
    const size_t dot = options_.table.find('.');
    if (dot == std::string::npos) return QuoteName(FoldName(name));
    return QuoteName(FoldName(name.substr(0, dot))) + "." + QuoteName(FoldName(name.substr(dot + 1)));
  }

  char Sniff() {
    char sample[64 << 10];
    const size_t count = std::fread(sample, 1, sizeof(sample), file_.get());
    std::rewind(file_.get());
    return SniffDelimiter(std::string_view(sample, count));
  }

  bool TakeSurvey() {
    CsvReader reader(file_.get(), delimiter_);
    ProgressBar bar(stderr, options_.progress, "reading " + options_.file, size_bytes_);
    survey_ = Survey(reader, options_.format, options_.sample_records,
                     [&](int64_t bytes, int64_t records) { bar.Update(bytes, records); });
    if (reader.failed()) return Fail("58030", "reading " + options_.file + ": " + std::strerror(errno));
    if (survey_.columns.empty()) return Fail("22P04", options_.file + " holds no records");
    std::rewind(file_.get());
    return true;
  }

  bool Execute(const std::string& sql) {
    ErrorHandle error;
    return turdb_conn_exec(conn_, sql.data(), static_cast<int64_t>(sql.size()), error.out()) == TURDB_OK ||
           FailWith(error, sql);
  }

  // All or nothing: a transaction of its own, or a savepoint inside the one that is open.
  bool InTransaction() {
    const bool own = turdb_conn_in_autocommit(conn_);
    if (!Execute(own ? "BEGIN" : "SAVEPOINT turdb_import")) return false;
    const bool loaded = FindOrCreateTable() && Load();
    const ImportResult outcome = result_;
    if (!loaded) {
      Execute(own ? "ROLLBACK" : "ROLLBACK TO turdb_import");
      result_ = outcome;  // the cause, not what rolling back may say
      result_.rows = 0;
      return false;
    }
    return Execute(own ? "COMMIT" : "RELEASE turdb_import");
  }

  bool FindOrCreateTable() {
    const std::string probe = "SELECT * FROM " + result_.table + " LIMIT 0";
    StmtHandle stmt;
    ErrorHandle error;
    turdb_stmt_prepare(conn_, probe.data(), static_cast<int64_t>(probe.size()), nullptr, stmt.out(), error.out());
    if (stmt != nullptr) return MapColumns(stmt.get());
    if (std::string_view(turdb_error_sqlstate(error.get())) != "42P01") return FailWith(error, probe);
    std::string create = "CREATE TABLE " + result_.table + " (";
    for (const CsvColumn& column : survey_.columns) {
      if (!target_.columns.empty()) create += ", ";
      create += QuoteName(column.name) + " " + SqlName(column.type);
      target_.columns.push_back(column.name);
      target_.types.push_back(TypeNumber(column.type));
    }
    create += ")";
    result_.created = true;
    return Execute(create);
  }

  // Fields go to the table's columns by name when the header's names are all columns, by position otherwise.
  bool MapColumns(turdb_stmt* stmt) {
    const int64_t count = turdb_stmt_column_count(stmt);
    const auto find = [&](std::string_view name) {
      int64_t index = 0;
      while (index < count && !EqualsIgnoringCase(turdb_stmt_column_name(stmt, index), name)) ++index;
      return index;
    };
    const auto is_column = [&](const CsvColumn& column) { return find(column.name) < count; };
    const bool by_name = survey_.has_header && std::all_of(survey_.columns.begin(), survey_.columns.end(), is_column);
    if (!by_name && survey_.columns.size() != static_cast<size_t>(count)) {
      return Fail("22P04",
                  options_.file + " has " + std::to_string(survey_.columns.size()) + " columns, table " + result_.table +
                      " has " + std::to_string(count),
                  "give the file a header line with the names of the table's columns");
    }
    for (size_t i = 0; i < survey_.columns.size(); ++i) {
      const int64_t index = by_name ? find(survey_.columns[i].name) : static_cast<int64_t>(i);
      target_.columns.emplace_back(turdb_stmt_column_name(stmt, index));
      target_.types.push_back(turdb_stmt_column_type(stmt, index));
    }
    return true;
  }

  bool Load() {
    std::string insert = "INSERT INTO " + result_.table + " (";
    std::string values;
    for (size_t i = 0; i < target_.columns.size(); ++i) {
      insert += (i > 0 ? ", " : "") + QuoteName(target_.columns[i]);
      values += i > 0 ? ", ?" : "?";
    }
    insert += ") VALUES (" + values + ")";
    StmtHandle stmt;
    ErrorHandle error;
    turdb_stmt_prepare(conn_, insert.data(), static_cast<int64_t>(insert.size()), nullptr, stmt.out(), error.out());
    if (stmt == nullptr) return FailWith(error, insert);

    CsvReader reader(file_.get(), delimiter_);
    ProgressBar bar(stderr, options_.progress, "loading " + result_.table, size_bytes_);
    CsvRecord record;
    for (int64_t i = 0; i < options_.format.skip_records + (survey_.has_header ? 1 : 0); ++i) reader.Next(&record);
    while (reader.Next(&record)) {
      bar.Update(reader.bytes_read(), result_.rows);
      if (!LoadRecord(stmt.get(), record)) return false;
      if (options_.max_errors >= 0 && result_.rejected > options_.max_errors) {
        return Fail("22P04", "more than " + std::to_string(options_.max_errors) + " rows were rejected; nothing was imported");
      }
    }
    return !reader.failed() || Fail("58030", "reading " + options_.file + ": " + std::strerror(errno));
  }

  void Reject(const CsvRecord& record, int64_t column, std::string_view reason) {
    ++result_.rejected;
    if (result_.examples.size() == kExamples) return;
    std::string text;
    if (column > 0) {
      text = "column " + std::to_string(column);
      if (static_cast<size_t>(column) <= target_.columns.size())
        text += " (" + target_.columns[static_cast<size_t>(column) - 1] + ")";
      text += ": ";
    }
    result_.examples.push_back({record.line, text.append(reason)});
  }

  // False only for what makes going on useless.
  bool LoadRecord(turdb_stmt* stmt, const CsvRecord& record) {
    if (!record.problem.empty()) {
      Reject(record, record.problem_column, record.problem);
      return true;
    }
    if (record.fields.size() != target_.columns.size()) {
      Reject(
          record, 0,
          std::to_string(record.fields.size()) + " fields where " + std::to_string(target_.columns.size()) + " are expected");
      return true;
    }
    ErrorHandle error;
    for (size_t i = 0; i < record.fields.size(); ++i) {
      const std::string problem = Bind(stmt, i, record.fields[i], error);
      if (error != nullptr) return RejectOrFail(record, error, static_cast<int64_t>(i) + 1);
      if (!problem.empty()) {
        Reject(record, static_cast<int64_t>(i) + 1, problem);
        return true;
      }
    }
    if (turdb_stmt_step(stmt, error.out()) == TURDB_DONE) {
      ++result_.rows;
      return true;
    }
    return RejectOrFail(record, error, 0);
  }

  bool RejectOrFail(const CsvRecord& record, const ErrorHandle& error, int64_t column) {
    const turdb_status status = turdb_error_status(error.get());
    if (status != TURDB_DATA && status != TURDB_CONSTRAINT) {
      FailWith(error, "");
      result_.error.frames.insert(result_.error.frames.begin(),
                                  "importing line " + std::to_string(record.line) + " of " + options_.file);
      return false;
    }
    Reject(record, column, turdb_error_message(error.get()));
    return true;
  }

  // Binds a field as its column's type; returns what is wrong with it, or leaves an error of the engine.
  std::string Bind(turdb_stmt* stmt, size_t i, const CsvField& field, ErrorHandle& error) {
    const auto index = static_cast<int64_t>(i) + 1;
    const std::string_view text = field.text;
    const int32_t type = target_.types[i];
    const bool is_text = type == TURDB_TYPE_TEXT || type == TURDB_TYPE_ANY || type == TURDB_TYPE_BLOB;
    if (IsNull(field, options_.format.nulls) || (text.empty() && !is_text)) {
      turdb_stmt_bind_null(stmt, index, error.out());
      return "";
    }
    const auto is_not = [&](std::string_view what) {
      return "\"" + CutToWidth(Printable(text, false), 40) + "\" is not " + std::string(what);
    };
    switch (type) {
      case TURDB_TYPE_BOOL: {
        const std::optional<bool> value = ParseBool(text);
        if (!value) break;  // the engine knows more spellings
        turdb_stmt_bind_bool(stmt, index, *value, error.out());
        return "";
      }
      case TURDB_TYPE_INT8:
      case TURDB_TYPE_INT16:
      case TURDB_TYPE_INT32:
      case TURDB_TYPE_INT64: {
        const std::optional<int64_t> value = ParseInt64(text);
        if (!value) return is_not("an integer");
        turdb_stmt_bind_int64(stmt, index, *value, error.out());
        return "";
      }
      case TURDB_TYPE_FLOAT:
      case TURDB_TYPE_DOUBLE: {
        const std::optional<double> value = ParseDouble(text);
        if (!value) return is_not("a number");
        turdb_stmt_bind_double(stmt, index, *value, error.out());
        return "";
      }
      case TURDB_TYPE_INT128:
      case TURDB_TYPE_DECIMAL:
        turdb_stmt_bind_decimal(stmt, index, text.data(), static_cast<int64_t>(text.size()), error.out());
        return "";
      case TURDB_TYPE_DATE: {
        const std::optional<int32_t> days = ParseDate(text);
        if (!days) return is_not("a date (YYYY-MM-DD)");
        turdb_stmt_bind_date(stmt, index, *days, error.out());
        return "";
      }
      case TURDB_TYPE_TIMESTAMP:
      case TURDB_TYPE_TIMESTAMPTZ: {
        std::optional<int64_t> micros;
        if (const std::optional<TimestampText> value = ParseTimestamp(text)) micros = value->micros;
        if (const std::optional<int32_t> days = ParseDate(text)) micros = int64_t{*days} * 86'400'000'000;
        if (!micros) return is_not("a timestamp (YYYY-MM-DD HH:MM:SS)");
        if (type == TURDB_TYPE_TIMESTAMP) {
          turdb_stmt_bind_timestamp(stmt, index, *micros, error.out());
        } else {
          turdb_stmt_bind_timestamptz(stmt, index, *micros, error.out());
        }
        return "";
      }
      default:
        break;
    }
    if (const int64_t at = FindInvalidUtf8(text); at >= 0) {
      return "byte " + std::to_string(at + 1) + " of the field is not valid UTF-8";
    }
    // Not copied: the record lives longer than the step.
    turdb_stmt_bind_text_static(stmt, index, text.data(), static_cast<int64_t>(text.size()), error.out());
    return "";
  }

  turdb_conn* const conn_;
  const ImportOptions& options_;
  ImportResult result_;
  FileHandle file_;
  int64_t size_bytes_ = 0;
  char delimiter_ = ',';
  CsvSurvey survey_;
  Target target_;
};

}  // namespace

std::string QuoteName(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted.push_back('"');
    quoted.push_back(c);
  }
  return quoted + "\"";
}

ImportResult Import(turdb_conn* conn, const ImportOptions& options) { return Importer(conn, options).Run(); }

}  // namespace turdb::shell
