#include "shell/shell.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "shell/catalog_queries.h"
#include "shell/error_report.h"
#include "shell/interrupt.h"
#include "shell/line_editor.h"
#include "shell/text_width.h"

namespace turdb::shell {
namespace {

using Clock = std::chrono::steady_clock;

std::string FirstWord(std::string_view sql) {
  std::string word;
  for (const char c : sql) {
    if (std::isalpha(static_cast<unsigned char>(c)) == 0) break;
    word.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  }
  return word;
}

ValueKind KindOf(int32_t type) {
  if (type == TURDB_TYPE_BOOL) return ValueKind::kBool;
  return type >= TURDB_TYPE_INT8 && type <= TURDB_TYPE_DECIMAL ? ValueKind::kNumber : ValueKind::kText;
}

Cell CellOf(turdb_stmt* stmt, int64_t index) {
  Cell cell;
  int64_t size_bytes = 0;
  const char* const text = turdb_stmt_column_text(stmt, index, &size_bytes);
  cell.is_null = text == nullptr;
  if (text != nullptr) cell.text.assign(text, static_cast<size_t>(size_bytes));
  cell.kind = KindOf(turdb_stmt_value_type(stmt, index));
  return cell;
}

bool IsDotCommand(std::string_view line) {
  return line.size() > 1 && line[0] == '.' && std::isalpha(static_cast<unsigned char>(line[1])) != 0;
}

}  // namespace

Shell::~Shell() {
  if (output_ != nullptr) std::fclose(output_);
}

bool Shell::Open(const std::string& path, const OpenOptions& options) {
  Close();
  path_ = path;
  open_options_ = options;
  ErrorHandle error;
  OptionsHandle handle;
  if (turdb_options_new(handle.out(), error.out()) != TURDB_OK) return SayError(TextOf(error.get()), "", "", 0);
  for (const auto& [key, value] : options) {
    if (turdb_options_set(handle.get(), key.c_str(), value.c_str(), error.out()) != TURDB_OK) {
      return SayError(TextOf(error.get()), "", "", 0);
    }
  }
  if (turdb_db_open(path.c_str(), handle.get(), db_.out(), error.out()) != TURDB_OK ||
      turdb_conn_open(db_.get(), conn_.out(), error.out()) != TURDB_OK) {
    db_.reset();
    return SayError(TextOf(error.get()), "", "", 0);
  }
  WatchInterrupts(conn_.get());
  return true;
}

bool Shell::Close() {
  if (db_ == nullptr) return true;
  ErrorHandle error;
  conn_.reset();
  const bool closed = turdb_db_close(db_.get(), error.out()) == TURDB_OK;
  db_.reset();
  return closed || SayError(TextOf(error.get()), "", "", 0);
}

bool Shell::SayError(const ErrorText& error, std::string_view sql, const std::string& source, int64_t line) {
  std::fflush(out());
  std::fputs(Report(error, sql, source, line, settings_.color_errors).c_str(), stderr);
  ++errors_;
  return false;
}

bool Shell::SayProblem(const std::string& problem, const Input& input) {
  std::fflush(out());
  if (!input.source.empty()) std::fprintf(stderr, "%s:%lld: ", input.source.c_str(), static_cast<long long>(input.line));
  std::fprintf(stderr, "error: %s\n", problem.c_str());
  ++errors_;
  return AfterError();
}

bool Shell::AfterError() {
  if (settings_.bail && !settings_.interactive) stopped_ = true;
  return !stopped_;
}

bool Shell::RunText(std::string_view text, const std::string& source) {
  Input input;
  input.source = source;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    if (!RunLine(input, text.substr(0, end))) return false;
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return FinishInput(input);
}

bool Shell::RunFile(const std::string& path) {
  constexpr int kMaxDepth = 20;
  Input nowhere;
  std::FILE* const file = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
  if (file == nullptr) return SayProblem("opening " + path + ": " + std::strerror(errno), nowhere);
  if (depth_ == kMaxDepth) {
    std::fclose(file);
    return SayProblem(".read inside .read goes deeper than " + std::to_string(kMaxDepth), nowhere);
  }
  ++depth_;
  const bool go_on = RunStream(file, path == "-" ? "stdin" : path);
  --depth_;
  if (file != stdin) std::fclose(file);
  return go_on;
}

bool Shell::RunStream(std::FILE* file, const std::string& source) {
  Input input;
  input.source = source;
  std::string line;
  char* buffer = nullptr;
  size_t capacity = 0;
  bool go_on = true;
  for (ssize_t count = 0; go_on && (count = getline(&buffer, &capacity, file)) >= 0;) {
    line.assign(buffer, static_cast<size_t>(count));
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
    if (input.line == 0 && line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);
    go_on = RunLine(input, line);
  }
  std::free(buffer);
  if (!go_on) return false;
  if (std::ferror(file) != 0) return SayProblem("reading " + source + ": " + std::strerror(errno), input);
  return FinishInput(input);
}

// `line` without its end.
bool Shell::RunLine(Input& input, std::string_view line) {
  ++input.line;
  if (input.splitter.at_start() && IsDotCommand(line)) {
    input.splitter.Add("\n");  // keeps the count of lines
    input.splitter.Next();
    if (settings_.echo) std::fprintf(out(), "%.*s\n", static_cast<int>(line.size()), line.data());
    return RunDotCommand(line, input);
  }
  input.splitter.Add(line);
  input.splitter.Add("\n");
  while (const std::optional<Statement> statement = input.splitter.Next()) {
    if (!RunStatement(*statement, input)) return false;
  }
  return true;
}

bool Shell::FinishInput(Input& input) {
  while (const std::optional<Statement> statement = input.splitter.Rest()) {
    if (!RunStatement(*statement, input)) return false;
  }
  return true;
}

bool Shell::RunStatement(const Statement& statement, const Input& input) {
  if (settings_.echo) std::fprintf(out(), "%s\n", statement.text.c_str());
  if (conn_ == nullptr) {
    Input place;
    place.source = input.source;
    place.line = statement.line;
    return SayProblem("no database is open; .open PATH opens one", place);
  }
  ClearInterrupt();
  const Clock::time_point start = Clock::now();
  ErrorHandle error;
  if (settings_.explain == ExplainMode::kOn && FirstWord(statement.text) != "explain") ShowPlan(statement.text);
  const bool ran = Execute(statement.text, error);
  if (!ran) SayError(TextOf(error.get()), statement.text, input.source, statement.line);
  std::fflush(out());  // whoever reads the other end of a pipe may be waiting for this result
  if (settings_.timer) {
    std::fprintf(stderr, "time: %.3f ms\n", std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  }
  return ran || AfterError();
}

// One statement, rows and all.
bool Shell::Execute(std::string_view sql, ErrorHandle& error) {
  StmtHandle stmt;
  const turdb_status prepared =
      turdb_stmt_prepare(conn_.get(), sql.data(), static_cast<int64_t>(sql.size()), nullptr, stmt.out(), error.out());
  if (prepared != TURDB_OK) return false;
  if (stmt == nullptr) return true;
  turdb_status status = turdb_stmt_step(stmt.get(), error.out());
  if (status != TURDB_ROW && status != TURDB_DONE) return false;
  const std::string word = FirstWord(sql);
  if (turdb_stmt_column_count(stmt.get()) > 0) {
    PrintRows(stmt.get(), status, settings_.explain != ExplainMode::kOff && word == "explain", &status, error);
  } else if (settings_.interactive &&
             (word == "insert" || word == "update" || word == "delete" || word == "merge" || word == "copy")) {
    const auto count = static_cast<long long>(turdb_conn_changes(conn_.get()));
    std::fprintf(out(), "%lld row%s changed\n", count, count == 1 ? "" : "s");
  }
  return status == TURDB_DONE;
}

// `first` is what the first step returned. `plain`: lines of text, as EXPLAIN has them.
void Shell::PrintRows(turdb_stmt* stmt, turdb_status first, bool plain, turdb_status* last, ErrorHandle& error) {
  const int64_t count = turdb_stmt_column_count(stmt);
  plain = plain && settings_.render.mode == Mode::kBox;
  std::vector<ResultColumn> columns;
  for (int64_t i = 0; i < count; ++i) {
    columns.push_back({turdb_stmt_column_name(stmt, i), KindOf(turdb_stmt_column_type(stmt, i))});
  }
  const std::unique_ptr<Renderer> renderer = NewRenderer(settings_.render, out());
  if (!plain) renderer->Begin(columns);
  int64_t rows = 0;
  turdb_status status = first;
  for (; status == TURDB_ROW; status = turdb_stmt_step(stmt, error.out()), ++rows) {
    std::vector<Cell> cells;
    cells.reserve(static_cast<size_t>(count));
    for (int64_t i = 0; i < count; ++i) cells.push_back(CellOf(stmt, i));
    if (plain) {
      std::fprintf(out(), "%s\n", cells.back().text.c_str());
    } else {
      renderer->Row(std::move(cells));
    }
  }
  if (!plain) renderer->End();
  if (settings_.interactive && !plain) std::fprintf(out(), "%lld row%s\n", static_cast<long long>(rows), rows == 1 ? "" : "s");
  *last = status;
}

void Shell::ShowPlan(std::string_view sql) {
  TextRows rows;
  ErrorHandle ignored;  // what cannot be explained says so itself when it runs
  if (!Query("EXPLAIN " + std::string(sql), &rows, ignored)) return;
  for (const std::vector<std::string>& row : rows) std::fprintf(out(), "%s\n", row.back().c_str());
}

bool Shell::Query(const std::string& sql, TextRows* rows, ErrorHandle& error) {
  StmtHandle stmt;
  turdb_stmt_prepare(conn_.get(), sql.data(), static_cast<int64_t>(sql.size()), nullptr, stmt.out(), error.out());
  if (stmt == nullptr) return false;
  turdb_status status = TURDB_ROW;
  while ((status = turdb_stmt_step(stmt.get(), error.out())) == TURDB_ROW) {
    std::vector<std::string> row;
    for (int64_t i = 0; i < turdb_stmt_column_count(stmt.get()); ++i) row.push_back(CellOf(stmt.get(), i).text);
    rows->push_back(std::move(row));
  }
  return status == TURDB_DONE;
}

bool Shell::RunImport(const ImportOptions& options) {
  Input nowhere;
  if (conn_ == nullptr) return SayProblem("no database is open", nowhere);
  ClearInterrupt();
  const Clock::time_point start = Clock::now();
  const ImportResult result = Import(conn_.get(), options);
  std::fflush(out());
  for (const Rejected& rejected : result.examples) {
    std::fprintf(stderr, "%s:%lld: rejected: %s\n", options.file.c_str(), static_cast<long long>(rejected.line),
                 rejected.reason.c_str());
  }
  const auto unseen = result.rejected - static_cast<int64_t>(result.examples.size());
  if (unseen > 0) std::fprintf(stderr, "... and %lld more\n", static_cast<long long>(unseen));
  if (!result.ok) {
    SayError(result.error, result.sql, "", 0);
    return AfterError();
  }
  std::fprintf(stderr, "%s: %lld rows into %s%s", options.file.c_str(), static_cast<long long>(result.rows),
               result.created ? "new table " : "", result.table.c_str());
  if (result.rejected > 0) std::fprintf(stderr, ", %lld rejected", static_cast<long long>(result.rejected));
  if (settings_.timer || settings_.interactive) {
    std::fprintf(stderr, " in %.2f s", std::chrono::duration<double>(Clock::now() - start).count());
  }
  std::fputs("\n", stderr);
  // Whoever said how many may be rejected has accepted them; otherwise a script should notice.
  if (result.rejected == 0 || options.max_errors >= 0) return true;
  ++errors_;
  return AfterError();
}

void Shell::RunPrompt(const std::string& history_path) {
  std::fprintf(stdout, "turdb %s. \".help\" lists what the shell can do.\n", turdb_version());
  const std::unique_ptr<LineEditor> editor =
      NewLineEditor(history_path, [this](std::string_view line, std::string_view word) { return Complete(line, word); });
  Input input;
  std::string statement;  // as typed so far, for the history
  std::string line;
  while (!stopped_) {
    const char* const prompt = !statement.empty()                                           ? "  ...> "
                               : conn_ != nullptr && !turdb_conn_in_autocommit(conn_.get()) ? "turdb*> "
                                                                                            : "turdb> ";
    const LineEditor::Outcome outcome = editor->Read(prompt, &line);
    if (outcome == LineEditor::Outcome::kEnd) break;
    if (outcome == LineEditor::Outcome::kInterrupted) {
      input.splitter.Clear();
      statement.clear();
      ClearInterrupt();
      continue;
    }
    if (line.find_first_not_of(" \t") == std::string::npos && statement.empty()) continue;
    statement += (statement.empty() ? "" : "\n") + line;
    const bool go_on = RunLine(input, line);
    std::fflush(out());
    if (!input.splitter.at_start() && go_on) continue;
    editor->AddHistory(statement);
    statement.clear();
    input.line = 0;
    if (!go_on) break;
  }
  if (!stopped_) std::fputs("\n", stdout);
}

std::vector<std::string> Shell::Complete(std::string_view line, std::string_view word) {
  TextRows rows;
  ErrorHandle ignored;
  if (conn_ != nullptr && !line.starts_with('.')) Query(kNamesQuery, &rows, ignored);
  std::vector<std::string> names;
  for (const std::vector<std::string>& row : rows) names.push_back(row[0]);
  return Candidates(line, word, names);
}

}  // namespace turdb::shell
