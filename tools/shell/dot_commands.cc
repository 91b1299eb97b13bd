#include "shell/dot_commands.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>

#include "shell/catalog_queries.h"
#include "shell/dump.h"
#include "shell/maintenance.h"
#include "shell/shell.h"
#include "shell/text_width.h"
#include "shell/value_text.h"

namespace turdb::shell {

using Words = std::vector<std::string>;

// What a dot command may touch of the shell. Each returns what is wrong, empty when nothing is.
struct DotCommands {
  static std::string Bail(Shell& shell, const Words& words) { return Switch(words, &shell.settings_.bail); }
  static std::string Echo(Shell& shell, const Words& words) { return Switch(words, &shell.settings_.echo); }
  static std::string Timer(Shell& shell, const Words& words) { return Switch(words, &shell.settings_.timer); }
  static std::string Headers(Shell& shell, const Words& words) { return Switch(words, &shell.settings_.render.headers); }

  static std::string Check(Shell& shell, const Words&) {
    if (shell.db_ == nullptr) return "no database is open";
    const auto print = [](void* out, const char* problem) { std::fprintf(static_cast<std::FILE*>(out), "%s\n", problem); };
    int64_t problems = 0;
    ErrorHandle error;
    if (turdb_db_check(shell.db_.get(), print, shell.out(), &problems, error.out()) != TURDB_OK) return Fail(shell, error);
    if (problems > 0) return std::to_string(problems) + " problem" + (problems == 1 ? "" : "s") + " found";
    std::fputs("ok\n", shell.out());
    return "";
  }

  static std::string Backup(Shell& shell, const Words& words) {
    if (shell.db_ == nullptr) return "no database is open";
    if (words.size() != 2) return "usage: .backup DIRECTORY";
    ErrorHandle error;
    return BackUp(shell.db_.get(), words[1], error) ? "" : Fail(shell, error);
  }

  static std::string DumpCommand(Shell& shell, const Words& words) {
    if (shell.conn_ == nullptr) return "no database is open";
    ErrorHandle error;
    return Dump(shell.conn_.get(), words.size() > 1 ? words[1] : "%", shell.out(), error) ? "" : Fail(shell, error);
  }

  static std::string Explain(Shell& shell, const Words& words) {
    if (words.size() == 2 && words[1] == "auto") {
      shell.settings_.explain = ExplainMode::kAuto;
      return "";
    }
    bool on = false;
    if (std::string problem = Switch(words, &on); !problem.empty()) return "usage: .explain on|off|auto";
    shell.settings_.explain = on ? ExplainMode::kOn : ExplainMode::kOff;
    return "";
  }

  static std::string Help(Shell& shell, const Words& words);

  static std::string Import(Shell& shell, const Words& words) {
    ImportOptions options;
    options.progress = isatty(STDERR_FILENO) != 0;
    std::vector<std::string> names;
    for (size_t at = 1; at < words.size(); ++at) {
      std::string problem;
      if (TakeImportOption(words, &at, &options, &problem)) {
        if (!problem.empty()) return problem;
      } else if (words[at].size() > 1 && words[at][0] == '-') {
        return ".import has no option " + words[at] + "; .help import lists them";
      } else {
        names.push_back(words[at]);
      }
    }
    if (names.empty() || names.size() > 2) return "usage: .import [OPTIONS] FILE [TABLE]";
    options.file = names[0];
    if (names.size() == 2) options.table = names[1];
    shell.RunImport(options);
    return "";
  }

  static std::string Indexes(Shell& shell, const Words& words) {
    return PrintQuery(shell, IndexesQuery(words.size() > 1 ? words[1] : "%"),
                      [](const Words& row) { return row[0] + "  on " + row[1]; });
  }

  static std::string ModeCommand(Shell& shell, const Words& words) {
    if (words.size() == 1) {
      std::fprintf(shell.out(), "%s\n", std::string(ModeName(shell.settings_.render.mode)).c_str());
      return "";
    }
    const std::optional<Mode> mode = ModeNamed(words[1]);
    if (!mode) return "no mode is called \"" + words[1] + "\"; there are " + std::string(kModeNames);
    shell.settings_.render.mode = *mode;
    return "";
  }

  static std::string NullValue(Shell& shell, const Words& words) {
    if (words.size() > 2) return "usage: .nullvalue [TEXT]";
    shell.settings_.render.null_text.reset();
    if (words.size() == 2) shell.settings_.render.null_text = words[1];
    return "";
  }

  static std::string Open(Shell& shell, const Words& words) {
    OpenOptions options;
    std::string path = ":memory:";
    for (size_t i = 1; i < words.size(); ++i) {
      if (words[i] == "--readonly" || words[i] == "-readonly") {
        options.emplace_back("read_only", "true");
      } else if (words[i].starts_with("--") && words[i].find('=') != std::string::npos) {
        const size_t equals = words[i].find('=');
        options.emplace_back(words[i].substr(2, equals - 2), words[i].substr(equals + 1));
      } else {
        path = words[i];
      }
    }
    shell.Open(path, options);
    return "";
  }

  static std::string Options(Shell& shell, const Words&) {
    for (int64_t i = 0; const char* const key = turdb_options_key(i); ++i) {
      std::fprintf(shell.out(), "%-18s %s\n", key, turdb_options_describe(key));
    }
    return "";
  }

  static std::string Output(Shell& shell, const Words& words) {
    std::FILE* file = nullptr;
    if (words.size() > 1 && words[1] != "stdout") {
      file = std::fopen(words[1].c_str(), "wb");
      if (file == nullptr) return "opening " + words[1] + ": " + std::strerror(errno);
    }
    if (shell.output_ != nullptr && std::fclose(shell.output_) != 0)
      return std::string("closing the output: ") + std::strerror(errno);
    shell.output_ = file;
    return "";
  }

  static std::string Print(Shell& shell, const Words& words) {
    for (size_t i = 1; i < words.size(); ++i) std::fprintf(shell.out(), "%s%s", i > 1 ? " " : "", words[i].c_str());
    std::fputs("\n", shell.out());
    return "";
  }

  static std::string Quit(Shell& shell, const Words& words) {
    shell.stopped_ = true;
    if (words.size() > 1) {
      const std::optional<int64_t> code = ParseInt64(words[1]);
      if (!code || *code < 0 || *code > 255) return "usage: .quit [CODE], from 0 to 255";
      shell.exit_code_ = static_cast<int>(*code);
    }
    return "";
  }

  static std::string Read(Shell& shell, const Words& words) {
    if (words.size() != 2) return "usage: .read FILE";
    shell.RunFile(words[1]);
    return "";
  }

  static std::string Schema(Shell& shell, const Words& words) {
    return PrintQuery(shell, SchemaQuery(words.size() > 1 ? words[1] : "%"), [](const Words& row) { return row[0] + ";"; });
  }

  static std::string Show(Shell& shell, const Words&) {
    const ShellSettings& settings = shell.settings_;
    const auto on = [](bool value) { return value ? "on" : "off"; };
    const char* const explain = settings.explain == ExplainMode::kOn    ? "on"
                                : settings.explain == ExplainMode::kOff ? "off"
                                                                        : "auto";
    std::fprintf(shell.out(),
                 "database   %s\nmode       %s\nheaders    %s\nnullvalue  %s\ntimer      %s\necho       %s\nbail       "
                 "%s\nexplain    %s\n",
                 shell.db_ == nullptr ? "(none)" : shell.path_.c_str(), std::string(ModeName(settings.render.mode)).c_str(),
                 on(settings.render.headers), settings.render.null_text.value_or("(of the mode)").c_str(), on(settings.timer),
                 on(settings.echo), on(settings.bail), explain);
    for (const auto& [key, value] : shell.open_options_) std::fprintf(shell.out(), "%-10s %s\n", key.c_str(), value.c_str());
    return "";
  }

  static std::string Tables(Shell& shell, const Words& words) {
    return PrintQuery(shell, TablesQuery(words.size() > 1 ? words[1] : "%"), [](const Words& row) {
      const std::string name = row[0] == "root" || row[0] == "main" ? row[1] : row[0] + "." + row[1];
      return row[2] == "VIEW" ? name + "  (view)" : name;
    });
  }

  static std::string Version(Shell& shell, const Words&) {
    std::fprintf(shell.out(), "turdb %s (%s)\n", turdb_version(), turdb_source_id());
    return "";
  }

  // ---- what they share
  static std::string Switch(const Words& words, bool* value) {
    const std::string text = words.size() == 2 ? words[1] : "";
    if (text != "on" && text != "off" && text != "1" && text != "0" && text != "yes" && text != "no")
      return "usage: " + words[0] + " on|off";
    *value = text == "on" || text == "1" || text == "yes";
    return "";
  }

  static std::string Fail(Shell& shell, const ErrorHandle& error) {
    shell.SayError(TextOf(error.get()), "", "", 0);
    return "";
  }

  static std::string PrintQuery(Shell& shell, const std::string& sql, std::string (*line)(const Words& row)) {
    if (shell.conn_ == nullptr) return "no database is open";
    Shell::TextRows rows;
    ErrorHandle error;
    if (!shell.Query(sql, &rows, error)) return Fail(shell, error);
    for (const Words& row : rows) std::fprintf(shell.out(), "%s\n", line(row).c_str());
    return "";
  }
};

namespace {

struct DotCommand {
  std::string_view name;
  std::string_view usage;
  std::string_view help;
  std::string (*run)(Shell& shell, const Words& words);
};

constexpr std::string_view kImportHelp =
    "load a CSV file (\"-\": standard input) into a table, made when missing\n"
    "      --header, --no-header   the first line holds names, or does not (default: guessed)\n"
    "      --delimiter C           between fields; \\t for a tab (default: guessed)\n"
    "      --null TEXT             unquoted fields that are NULL, besides empty ones; may be repeated\n"
    "      --skip N                records to pass over at the start\n"
    "      --sample N              records that decide the types (default: all)\n"
    "      --max-errors N          undo the import when more rows than this are rejected";

constexpr DotCommand kCommands[] = {
    {".backup", "DIRECTORY", "copy the database into a new directory, while others may go on", DotCommands::Backup},
    {".bail", "on|off", "stop at the first error", DotCommands::Bail},
    {".check", "", "verify every page, tree, index and log segment", DotCommands::Check},
    {".dump", "[TABLE]", "the database, or tables LIKE this, as SQL that makes it again", DotCommands::DumpCommand},
    {".echo", "on|off", "print what is run", DotCommands::Echo},
    {".exit", "[CODE]", "leave, with this exit code", DotCommands::Quit},
    {".explain", "on|off|auto", "on: show each statement's plan first; off: EXPLAIN in the mode's own form",
     DotCommands::Explain},
    {".headers", "on|off", "names of columns above results", DotCommands::Headers},
    {".help", "[COMMAND]", "this list, or one command", DotCommands::Help},
    {".import", "[OPTIONS] FILE [TABLE]", kImportHelp, DotCommands::Import},
    {".indexes", "[TABLE]", "indexes of all tables, or of those LIKE this", DotCommands::Indexes},
    {".mode", "[MODE]", "how results print: box, table, markdown, csv, tabs, list, line, json, jsonlines",
     DotCommands::ModeCommand},
    {".nullvalue", "[TEXT]", "how NULL prints; without a text as the mode likes it", DotCommands::NullValue},
    {".open", "[--readonly] [--KEY=VALUE] [PATH]", "open a database; without a path one in memory", DotCommands::Open},
    {".options", "", "what --KEY=VALUE may set when opening", DotCommands::Options},
    {".output", "[FILE]", "results go to a file; without one to standard output again", DotCommands::Output},
    {".print", "TEXT...", "print text", DotCommands::Print},
    {".quit", "[CODE]", "leave, with this exit code", DotCommands::Quit},
    {".read", "FILE", "run a file of SQL and dot commands", DotCommands::Read},
    {".schema", "[TABLE]", "SQL that makes all tables again, or those LIKE this", DotCommands::Schema},
    {".show", "", "settings of the shell", DotCommands::Show},
    {".tables", "[PATTERN]", "tables and views, or those LIKE this", DotCommands::Tables},
    {".timer", "on|off", "how long each statement took", DotCommands::Timer},
    {".version", "", "version and source of the library", DotCommands::Version},
};

// An exact name, or the only one that starts so.
const DotCommand* FindCommand(std::string_view name) {
  const DotCommand* found = nullptr;
  for (const DotCommand& command : kCommands) {
    if (command.name == name) return &command;
    if (!command.name.starts_with(name)) continue;
    if (found != nullptr && found->run != command.run) return nullptr;
    found = &command;
  }
  return found;
}

}  // namespace

std::string DotCommands::Help(Shell& shell, const Words& words) {
  std::string prefix;
  if (words.size() > 1) prefix = words[1].starts_with('.') ? words[1] : "." + words[1];
  const DotCommand* const only = prefix.empty() ? nullptr : FindCommand(prefix);
  if (!prefix.empty() && only == nullptr) return "no command is called " + prefix;
  for (const DotCommand& command : kCommands) {
    if (only != nullptr && only != &command) continue;
    const std::string left = std::string(command.name) + " " + std::string(command.usage);
    const size_t end = only == nullptr ? command.help.find('\n') : std::string_view::npos;
    std::fprintf(shell.out(), "%-36s %s\n", left.c_str(), std::string(command.help.substr(0, end)).c_str());
  }
  if (only == nullptr) std::fputs("SQL ends with a semicolon and may span lines. .help COMMAND says more.\n", shell.out());
  return "";
}

bool Shell::RunDotCommand(std::string_view line, const Input& input) {
  const std::optional<Words> words = SplitWords(line);
  if (!words) return SayProblem("a quote is left open", input);
  const DotCommand* const command = FindCommand((*words)[0]);
  if (command == nullptr) return SayProblem("no command is called " + (*words)[0] + "; .help lists them", input);
  const int64_t errors_before = errors_;
  const std::string problem = command->run(*this, *words);
  if (!problem.empty()) return SayProblem(problem, input);
  return errors_ > errors_before ? AfterError() : !stopped_;
}

std::vector<std::string> DotCommandNames() {
  std::vector<std::string> names;
  for (const DotCommand& command : kCommands) names.emplace_back(command.name);
  return names;
}

std::optional<std::vector<std::string>> SplitWords(std::string_view line) {
  std::vector<std::string> words;
  size_t i = 0;
  while (true) {
    while (i < line.size() && (line[i] == ' ' || line[i] == '\t')) ++i;
    if (i == line.size()) return words;
    std::string word;
    while (i < line.size() && line[i] != ' ' && line[i] != '\t') {
      const char quote = line[i];
      if (quote != '\'' && quote != '"') {
        word.push_back(line[i++]);
        continue;
      }
      for (++i; i < line.size() && line[i] != quote; ++i) {
        if (quote == '"' && line[i] == '\\' && i + 1 < line.size()) {
          ++i;
          word.push_back(line[i] == 't' ? '\t' : line[i] == 'n' ? '\n' : line[i]);
        } else {
          word.push_back(line[i]);
        }
      }
      if (i == line.size()) return std::nullopt;
      ++i;
    }
    words.push_back(word);
  }
}

bool TakeImportOption(const std::vector<std::string>& words, size_t* at, ImportOptions* options, std::string* problem) {
  const std::string& full = words[*at];
  const size_t equals = full.find('=');
  const std::string name = full.substr(0, equals);
  if (name == "--header" || name == "--no-header") {
    options->format.header = name == "--header";
    return true;
  }
  constexpr std::string_view kWithValue[] = {"--delimiter", "--null", "--skip", "--sample", "--max-errors"};
  if (std::find(std::begin(kWithValue), std::end(kWithValue), name) == std::end(kWithValue)) return false;
  if (equals == std::string::npos && *at + 1 == words.size()) {
    *problem = name + " needs a value";
    return true;
  }
  const std::string value = equals == std::string::npos ? words[++*at] : full.substr(equals + 1);
  if (name == "--null") {
    options->format.nulls.push_back(value);
  } else if (name == "--delimiter") {
    const std::string text = value == "\\t" || value == "tab" ? "\t" : value;
    if (text.size() != 1 || text == "\"" || text == "\n" || text == "\r") {
      *problem = "a delimiter is one byte, and no quote or line end";
    } else {
      options->format.delimiter = text[0];
    }
  } else {
    const std::optional<int64_t> count = ParseInt64(value);
    if (!count || *count < 0) {
      *problem = name + " needs a count, not \"" + value + "\"";
    } else {
      (name == "--skip"     ? options->format.skip_records
       : name == "--sample" ? options->sample_records
                            : options->max_errors) = *count;
    }
  }
  return true;
}

}  // namespace turdb::shell
