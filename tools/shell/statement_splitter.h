// Finds where SQL statements end in text that arrives line by line: at a semicolon outside of quotes, dollar
// quotes and comments, and behind the END of a trigger's body. The engine parses; this only knows when it is worth asking.
#ifndef TURDB_TOOLS_SHELL_STATEMENT_SPLITTER_H_
#define TURDB_TOOLS_SHELL_STATEMENT_SPLITTER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace turdb::shell {

struct Statement {
  std::string text;  // with its semicolon, without what only surrounds it
  int64_t line = 1;  // of its first byte, counted over everything added
};

// One thread at a time. Each byte is looked at once, however long a statement grows.
class StatementSplitter {
 public:
  void Add(std::string_view text);
  // The next complete statement; nothing when more text is needed.
  std::optional<Statement> Next();
  // What is left at the end of the input, complete or not; nothing when it is only space and comments.
  std::optional<Statement> Rest();
  // Whether the next line starts a statement, so that it may be a dot command.
  bool at_start() const { return state_ == State::kCode && !has_code_; }
  void Clear();

 private:
  enum class State : uint8_t { kCode, kString, kEscapeString, kName, kBacktick, kDollar, kLineComment, kBlockComment };
  void Step(char c);
  void TakeWord(char c);
  void EndWord();
  bool TryDollarQuote();
  Statement Cut(size_t end);

  std::string pending_;
  size_t at_ = 0;     // all before it was looked at
  size_t start_ = 0;  // of the statement's first code byte, once has_code_
  bool has_code_ = false;
  bool ended_ = false;  // at_ is just behind a semicolon
  State state_ = State::kCode;
  int comment_depth_ = 0;
  std::string dollar_tag_;  // "$tag$"
  // Of CREATE TRIGGER and CREATE FUNCTION, whose bodies have semicolons between BEGIN and END.
  std::string word_;        // that is being read, in lower case
  bool after_dot_ = false;  // the word is part of a name
  int words_ = 0;           // of the statement so far
  bool creates_ = false;    // CREATE is the first of them
  bool is_trigger_ = false;
  bool is_function_ = false;
  bool was_begin_ = false;  // the word before
  int begins_ = 0;          // of BEGIN and, inside, CASE
  int64_t line_ = 1;        // of pending_[0]
};

}  // namespace turdb::shell

#endif  // TURDB_TOOLS_SHELL_STATEMENT_SPLITTER_H_
