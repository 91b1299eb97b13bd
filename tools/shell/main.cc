// turdb: the command line. Exit codes: 0 all went well, 1 an error of SQL or of the database, 2 used wrongly.
#include <getopt.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "shell/dot_commands.h"
#include "shell/interrupt.h"
#include "shell/maintenance.h"
#include "shell/shell.h"

namespace turdb::shell {
namespace {

constexpr int kUsageError = 2;

constexpr char kUsage[] =
    R"(usage: turdb [OPTIONS] [DATABASE] [SQL...]
       turdb check DATABASE             verify every page, tree, index and log segment
       turdb backup DATABASE TARGET     copy it into the new directory TARGET, which is a database
       turdb recover DATABASE TARGET    make a new database of what can be read of a damaged one

Opens the directory DATABASE (made when missing; default: a database in memory), runs the SQL and dot commands
that are given, in order, or else those of standard input, or else asks for them at a prompt.

  -c, --command SQL     run SQL or a dot command; may be repeated
  -f, --file FILE       run a file; may be repeated; "-" is standard input
      --import FILE     load a CSV file; may be repeated, and takes the options of .import behind it:
        --table NAME        where to (default: the file's name)
        --header, --no-header, --delimiter C, --null TEXT, --skip N, --sample N, --max-errors N
      --readonly        refuse every change; other read-only openers may share the database
      --no-create       fail when the database does not exist
  -o, --option K=V      a setting for opening; .options lists them
      --mode MODE       box (default), table, markdown, csv, tabs, list, line, json, jsonlines
      --box, --csv, --json, --line, --list, --markdown, ...   the same, shorter
      --headers on|off  names of columns above results
      --nullvalue TEXT  how NULL prints
      --timer           print how long each statement took
      --echo            print what is run
      --bail            stop at the first error (SQL arguments and -f files always do)
      --color WHEN      auto (default: on a terminal, unless NO_COLOR is set), always or never
      --interactive     prompt, whatever standard input is
      --check           verify the whole database
  -h, --help            this text
  -V, --version         version of the library
)";

struct Task {
  enum class Kind : uint8_t { kText, kFile, kImport } kind;
  std::string text;
  ImportOptions import;
};

struct CommandLine {
  ShellSettings settings;
  std::string database = ":memory:";
  OpenOptions open_options;
  std::vector<Task> tasks;
  std::string color = "auto";
  bool interactive = false;
};

[[noreturn]] void UsageError(const std::string& problem) {
  std::fprintf(stderr, "turdb: %s\nturdb --help says how it is used\n", problem.c_str());
  std::exit(kUsageError);
}

enum LongOption : int {
  kImport = 256,
  kTable,
  kHeader,
  kNoHeader,
  kDelimiter,
  kNull,
  kSkip,
  kSample,
  kMaxErrors,
  kReadonly,
  kNoCreate,
  kMode,
  kHeaders,
  kNullvalue,
  kTimer,
  kEcho,
  kBail,
  kColor,
  kInteractive,
  kCheck,
  kShortMode,
};

constexpr option kOptions[] = {
    {"command", required_argument, nullptr, 'c'},
    {"file", required_argument, nullptr, 'f'},
    {"option", required_argument, nullptr, 'o'},
    {"help", no_argument, nullptr, 'h'},
    {"version", no_argument, nullptr, 'V'},
    {"import", required_argument, nullptr, kImport},
    {"table", required_argument, nullptr, kTable},
    {"header", no_argument, nullptr, kHeader},
    {"no-header", no_argument, nullptr, kNoHeader},
    {"delimiter", required_argument, nullptr, kDelimiter},
    {"null", required_argument, nullptr, kNull},
    {"skip", required_argument, nullptr, kSkip},
    {"sample", required_argument, nullptr, kSample},
    {"max-errors", required_argument, nullptr, kMaxErrors},
    {"readonly", no_argument, nullptr, kReadonly},
    {"no-create", no_argument, nullptr, kNoCreate},
    {"mode", required_argument, nullptr, kMode},
    {"headers", required_argument, nullptr, kHeaders},
    {"nullvalue", required_argument, nullptr, kNullvalue},
    {"timer", no_argument, nullptr, kTimer},
    {"echo", no_argument, nullptr, kEcho},
    {"bail", no_argument, nullptr, kBail},
    {"color", required_argument, nullptr, kColor},
    {"interactive", no_argument, nullptr, kInteractive},
    {"check", no_argument, nullptr, kCheck},
    {"box", no_argument, nullptr, kShortMode},
    {"markdown", no_argument, nullptr, kShortMode},
    {"csv", no_argument, nullptr, kShortMode},
    {"tabs", no_argument, nullptr, kShortMode},
    {"list", no_argument, nullptr, kShortMode},
    {"line", no_argument, nullptr, kShortMode},
    {"json", no_argument, nullptr, kShortMode},
    {"jsonlines", no_argument, nullptr, kShortMode},
    {nullptr, 0, nullptr, 0},
};

void SetMode(CommandLine& line, const std::string& name) {
  const std::optional<Mode> mode = ModeNamed(name);
  if (!mode) UsageError("no mode is called \"" + name + "\"; there are " + std::string(kModeNames));
  line.settings.render.mode = *mode;
}

// An option that belongs to the --import before it.
void TakeOptionOfImport(CommandLine& line, const std::string& name, const char* value) {
  if (line.tasks.empty() || line.tasks.back().kind != Task::Kind::kImport) UsageError(name + " belongs behind an --import");
  ImportOptions& import = line.tasks.back().import;
  if (name == "--table") {
    import.table = value;
    return;
  }
  std::vector<std::string> words = {name};
  if (value != nullptr) words.emplace_back(value);
  size_t at = 0;
  std::string problem;
  if (!TakeImportOption(words, &at, &import, &problem) || !problem.empty()) UsageError(problem);
}

void TakeOption(CommandLine& line, int which, const option* entry) {
  const std::string name = entry == nullptr ? "" : "--" + std::string(entry->name);
  switch (which) {
    case 'c':
      line.tasks.push_back({Task::Kind::kText, optarg, {}});
      break;
    case 'f':
      line.tasks.push_back({Task::Kind::kFile, optarg, {}});
      break;
    case 'o': {
      const std::string text = optarg;
      const size_t equals = text.find('=');
      if (equals == std::string::npos) UsageError("--option needs KEY=VALUE");
      line.open_options.emplace_back(text.substr(0, equals), text.substr(equals + 1));
      break;
    }
    case 'h':
      std::fputs(kUsage, stdout);
      std::exit(0);
    case 'V':
      std::printf("turdb %s (%s)\n", turdb_version(), turdb_source_id());
      std::exit(0);
    case kImport: {
      Task task{Task::Kind::kImport, "", {}};
      task.import.file = optarg;
      task.import.progress = isatty(STDERR_FILENO) != 0;
      line.tasks.push_back(task);
      break;
    }
    case kHeader:
    case kNoHeader:
      TakeOptionOfImport(line, name, nullptr);
      break;
    case kTable:
    case kDelimiter:
    case kNull:
    case kSkip:
    case kSample:
    case kMaxErrors:
      TakeOptionOfImport(line, name, optarg);
      break;
    case kReadonly:
      line.open_options.emplace_back("read_only", "true");
      break;
    case kNoCreate:
      line.open_options.emplace_back("create", "false");
      break;
    case kMode:
      SetMode(line, optarg);
      break;
    case kShortMode:
      SetMode(line, entry->name);
      break;
    case kHeaders: {
      const std::string value = optarg;
      if (value != "on" && value != "off") UsageError("--headers is on or off");
      line.settings.render.headers = value == "on";
      break;
    }
    case kNullvalue:
      line.settings.render.null_text = optarg;
      break;
    case kTimer:
      line.settings.timer = true;
      break;
    case kEcho:
      line.settings.echo = true;
      break;
    case kBail:
      line.settings.bail = true;
      break;
    case kColor:
      line.color = optarg;
      break;
    case kInteractive:
      line.interactive = true;
      break;
    case kCheck:
      line.tasks.push_back({Task::Kind::kText, ".check", {}});
      break;
    default:
      UsageError("that is no option");
  }
}

CommandLine Parse(int argc, char** argv) {
  CommandLine line;
  int which = 0;
  int index = -1;
  opterr = 0;
  while ((which = getopt_long(argc, argv, ":c:f:o:hV", kOptions, &index)) != -1) {
    if (which == ':') UsageError(std::string(argv[optind - 1]) + " needs a value");
    if (which == '?') UsageError(std::string(argv[optind - 1]) + " is no option");
    TakeOption(line, which, which >= kImport ? &kOptions[index] : nullptr);
  }
  if (optind < argc) line.database = argv[optind++];
  for (; optind < argc; ++optind) line.tasks.push_back({Task::Kind::kText, argv[optind], {}});
  if (line.color != "auto" && line.color != "always" && line.color != "never") UsageError("--color is auto, always or never");
  return line;
}

void Decorate(CommandLine& line) {
  const bool plain = std::getenv("NO_COLOR") != nullptr || line.color == "never";
  const bool always = line.color == "always";
  line.settings.render.color = always || (!plain && isatty(STDOUT_FILENO) != 0);
  line.settings.color_errors = always || (!plain && isatty(STDERR_FILENO) != 0);
  winsize size = {};
  if (isatty(STDOUT_FILENO) != 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) line.settings.render.width = size.ws_col;
}

std::string HistoryPath() {
  if (const char* const path = std::getenv("TURDB_HISTORY")) return path;
  const char* const home = std::getenv("HOME");
  return home == nullptr ? "" : std::string(home) + "/.turdb_history";
}

bool RunTask(Shell& shell, const Task& task) {
  switch (task.kind) {
    case Task::Kind::kText:
      return shell.RunText(task.text, "");
    case Task::Kind::kFile:
      return shell.RunFile(task.text);
    case Task::Kind::kImport:
      return shell.RunImport(task.import);
  }
  return false;
}

int Main(int argc, char** argv) {
  std::setlocale(LC_CTYPE, "");
  if (const std::optional<int> code = RunMaintenance(argc, argv)) return *code;
  CommandLine line = Parse(argc, argv);
  Decorate(line);
  const bool at_terminal = isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0;
  line.settings.interactive = line.interactive || (line.tasks.empty() && at_terminal);
  if (!line.tasks.empty()) line.settings.bail = true;
  Shell shell(line.settings);
  CatchInterrupts();
  const bool opened = shell.Open(line.database, line.open_options);
  if (!opened && !line.settings.interactive) return 1;
  for (const Task& task : line.tasks) {
    if (!RunTask(shell, task)) break;
  }
  if (line.settings.interactive && !shell.stopped()) {
    shell.RunPrompt(HistoryPath());
  } else if (line.tasks.empty()) {
    shell.RunStream(stdin, "stdin");
  }
  const bool closed = shell.Close();
  const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  if (!written) std::perror("turdb: writing the output");
  return shell.exit_code() != 0 || (closed && written) ? shell.exit_code() : 1;
}

}  // namespace
}  // namespace turdb::shell

int main(int argc, char** argv) { return turdb::shell::Main(argc, argv); }
