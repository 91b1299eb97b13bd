// One line from a person: with editing, history and completion where libedit was found at build time and the
// input is a terminal; plainly otherwise.
#ifndef TURDB_TOOLS_SHELL_LINE_EDITOR_H_
#define TURDB_TOOLS_SHELL_LINE_EDITOR_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace turdb::shell {

// One thread at a time.
class LineEditor {
 public:
  // Everything that could stand where `word` ends; `line` is the whole line up to there.
  using Completer = std::function<std::vector<std::string>(std::string_view line, std::string_view word)>;
  enum class Outcome : uint8_t { kLine, kInterrupted /* Ctrl-C: forget the statement */, kEnd };

  virtual ~LineEditor() = default;
  // `line` without its line end.
  virtual Outcome Read(const std::string& prompt, std::string* line) = 0;
  virtual void AddHistory(const std::string& statement) = 0;
};

// `history_path` empty: no history is kept.
std::unique_ptr<LineEditor> NewLineEditor(const std::string& history_path, LineEditor::Completer completer);

}  // namespace turdb::shell

#endif  // TURDB_TOOLS_SHELL_LINE_EDITOR_H_
