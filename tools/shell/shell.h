// The shell: runs SQL and dot commands from arguments, files, standard input or a prompt against one open
// database, and prints what comes back. A client of turdb.h, like every other program.
#ifndef TURDB_TOOLS_SHELL_SHELL_H_
#define TURDB_TOOLS_SHELL_SHELL_H_

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shell/handles.h"
#include "shell/import.h"
#include "shell/renderer.h"
#include "shell/statement_splitter.h"

namespace turdb::shell {

enum class ExplainMode : uint8_t {
  kOff,   // EXPLAIN prints as any other result
  kAuto,  // its lines print as they are
  kOn,    // and every statement's plan is shown before it runs
};

struct ShellSettings {
  RenderOptions render;
  bool timer = false;
  bool echo = false;
  bool bail = false;         // stop at the first error
  bool interactive = false;  // a person at a prompt: says how many rows, greets, never exits on errors
  bool color_errors = false;
  ExplainMode explain = ExplainMode::kAuto;
};

using OpenOptions = std::vector<std::pair<std::string, std::string>>;  // of turdb_options_set

// One thread at a time.
class Shell {
 public:
  explicit Shell(ShellSettings settings) : settings_(std::move(settings)) {}
  ~Shell();

  // Opens `path` in place of what is open. False: said why on standard error, and what was open is closed.
  bool Open(const std::string& path, const OpenOptions& options);
  // Closes and reports what closing says.
  bool Close();

  // All return false when the shell should stop: after an error with bail, or after .quit.
  bool RunText(std::string_view text, const std::string& source);
  bool RunFile(const std::string& path);
  bool RunStream(std::FILE* file, const std::string& source);
  bool RunImport(const ImportOptions& options);
  void RunPrompt(const std::string& history_path);

  int exit_code() const { return exit_code_.value_or(errors_ > 0 && !settings_.interactive ? 1 : 0); }
  bool stopped() const { return stopped_; }

 private:
  friend struct DotCommands;
  struct Input {
    std::string source;  // for messages; empty: typed in
    int64_t line = 0;    // of what is run now
    StatementSplitter splitter;
  };

  bool RunLine(Input& input, std::string_view line);
  bool FinishInput(Input& input);
  bool RunStatement(const Statement& statement, const Input& input);
  bool Execute(std::string_view sql, ErrorHandle& error);
  void ShowPlan(std::string_view sql);
  void PrintRows(turdb_stmt* stmt, turdb_status first, bool plain, turdb_status* last, ErrorHandle& error);
  // Runs a dot command line; false when the shell should stop.
  bool RunDotCommand(std::string_view line, const Input& input);
  bool AfterError();
  bool SayError(const ErrorText& error, std::string_view sql, const std::string& source, int64_t line);
  bool SayProblem(const std::string& problem, const Input& input);

  // A query of the shell's own: all rows as text, NULL as nothing. False: error_ says why.
  using TextRows = std::vector<std::vector<std::string>>;
  bool Query(const std::string& sql, TextRows* rows, ErrorHandle& error);
  std::vector<std::string> Complete(std::string_view line, std::string_view word);
  std::FILE* out() const { return output_ != nullptr ? output_ : stdout; }

  ShellSettings settings_;
  std::string path_;
  OpenOptions open_options_;
  DbHandle db_;
  ConnHandle conn_;
  std::FILE* output_ = nullptr;  // of .output; null: standard output
  int64_t errors_ = 0;
  std::optional<int> exit_code_;
  bool stopped_ = false;
  int depth_ = 0;  // of .read inside .read
};

}  // namespace turdb::shell

#endif  // TURDB_TOOLS_SHELL_SHELL_H_
