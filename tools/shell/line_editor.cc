#include "shell/line_editor.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#ifdef TURDB_HAVE_LIBEDIT
#include <histedit.h>
#endif

namespace turdb::shell {

#ifdef TURDB_HAVE_LIBEDIT
namespace {

constexpr int kHistorySize = 2000;
constexpr size_t kMostCandidates = 100;  // more are counted, not listed

class EditedLine final : public LineEditor {
 public:
  EditedLine(std::string history_path, Completer completer)
      : history_path_(std::move(history_path)), completer_(std::move(completer)) {
    editor_ = el_init("turdb", stdin, stdout, stderr);
    history_ = history_init();
    HistEvent event;
    history(history_, &event, H_SETSIZE, kHistorySize);
    history(history_, &event, H_SETUNIQUE, 1);
    if (!history_path_.empty()) history(history_, &event, H_LOAD, history_path_.c_str());
    el_set(editor_, EL_CLIENTDATA, this);
    el_set(editor_, EL_PROMPT, &EditedLine::Prompt);
    el_set(editor_, EL_EDITOR, "emacs");
    el_set(editor_, EL_HIST, history, history_);
    // The narrow call copies the names and never frees them.
    el_wset(editor_, EL_ADDFN, L"turdb-complete", L"complete the word", &EditedLine::Complete);
    el_wset(editor_, EL_ADDFN, L"turdb-forget", L"forget the statement", &EditedLine::Forget);
    el_set(editor_, EL_BIND, "^I", "turdb-complete", nullptr);
    el_set(editor_, EL_BIND, "^R", "em-inc-search-prev", nullptr);
    el_set(editor_, EL_BIND, "^[[1;5C", "em-next-word", nullptr);
    el_set(editor_, EL_BIND, "^[[1;5D", "ed-prev-word", nullptr);
    el_source(editor_, nullptr);  // the person's own ~/.editrc
    // While a line is edited Ctrl-C is a key, not a signal: it forgets the statement instead of the process.
    el_set(editor_, EL_SETTY, "-d", "-isig", nullptr);
    el_set(editor_, EL_BIND, "^C", "turdb-forget", nullptr);
  }
  ~EditedLine() override {
    HistEvent event;
    if (!history_path_.empty()) history(history_, &event, H_SAVE, history_path_.c_str());
    history_end(history_);
    el_end(editor_);
  }

  Outcome Read(const std::string& prompt, std::string* line) override {
    prompt_ = prompt;
    forget_ = false;
    int count = 0;
    const char* const text = el_gets(editor_, &count);
    if (forget_) return Outcome::kInterrupted;
    if (text == nullptr || count <= 0) return Outcome::kEnd;
    line->assign(text, static_cast<size_t>(count));
    while (!line->empty() && (line->back() == '\n' || line->back() == '\r')) line->pop_back();
    return Outcome::kLine;
  }

  void AddHistory(const std::string& statement) override {
    HistEvent event;
    history(history_, &event, H_ENTER, statement.c_str());
  }

 private:
  static EditedLine* Self(EditLine* editor) {
    EditedLine* self = nullptr;
    el_get(editor, EL_CLIENTDATA, &self);
    return self;
  }

  static char* Prompt(EditLine* editor) { return Self(editor)->prompt_.data(); }

  static unsigned char Forget(EditLine* editor, int) {
    Self(editor)->forget_ = true;
    std::fputs("^C\n", stdout);
    return CC_NEWLINE;
  }

  static unsigned char Complete(EditLine* editor, int) {
    const LineInfo* const info = el_line(editor);
    const std::string_view line(info->buffer, static_cast<size_t>(info->cursor - info->buffer));
    const size_t before = line.find_last_of(" \t\n(),;=<>+*/");
    const std::string_view word = before == std::string_view::npos ? line : line.substr(before + 1);
    const std::vector<std::string> candidates = Self(editor)->completer_(line, word);
    if (candidates.empty()) return CC_ERROR;
    // What all candidates go on with. They may differ from the word in case, so the word is replaced.
    std::string common = candidates[0];
    for (const std::string& candidate : candidates) {
      size_t same = 0;
      while (same < common.size() && same < candidate.size() && common[same] == candidate[same]) ++same;
      common.resize(same);
    }
    if (candidates.size() == 1) common += " ";
    if (common.size() > word.size()) {
      el_deletestr(editor, static_cast<int>(word.size()));
      return el_insertstr(editor, common.c_str()) == -1 ? CC_ERROR : CC_REFRESH;
    }
    List(candidates);
    return CC_REDISPLAY;
  }

  static void List(const std::vector<std::string>& candidates) {
    std::fputs("\n", stdout);
    size_t width = 0;
    for (const std::string& candidate : candidates) width = std::max(width, candidate.size() + 2);
    const size_t per_line = std::max<size_t>(1, 80 / width);
    for (size_t i = 0; i < std::min(candidates.size(), kMostCandidates); ++i) {
      const bool ends_line = (i + 1) % per_line == 0 || i + 1 == candidates.size();
      std::fprintf(stdout, "%-*s%s", static_cast<int>(width), candidates[i].c_str(), ends_line ? "\n" : "");
    }
    if (candidates.size() > kMostCandidates) std::fprintf(stdout, "\n... and %zu more\n", candidates.size() - kMostCandidates);
  }

  const std::string history_path_;
  const Completer completer_;
  EditLine* editor_ = nullptr;
  History* history_ = nullptr;
  std::string prompt_;
  bool forget_ = false;
};

}  // namespace

std::unique_ptr<LineEditor> NewLineEditor(const std::string& history_path, LineEditor::Completer completer) {
  return std::make_unique<EditedLine>(history_path, std::move(completer));
}

#else
namespace {

class PlainLine final : public LineEditor {
 public:
  Outcome Read(const std::string& prompt, std::string* line) override {
    std::fputs(prompt.c_str(), stdout);
    std::fflush(stdout);
    line->clear();
    int c = 0;
    while ((c = std::getc(stdin)) != EOF && c != '\n') line->push_back(static_cast<char>(c));
    if (c == EOF && errno == EINTR) {
      std::clearerr(stdin);
      errno = 0;
      return Outcome::kInterrupted;
    }
    return c == EOF && line->empty() ? Outcome::kEnd : Outcome::kLine;
  }
  void AddHistory(const std::string&) override {}
};

}  // namespace

std::unique_ptr<LineEditor> NewLineEditor(const std::string&, LineEditor::Completer) { return std::make_unique<PlainLine>(); }

#endif

}  // namespace turdb::shell
