#include "shell/statement_splitter.h"

#include <algorithm>
#include <cctype>

namespace turdb::shell {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }
bool IsNamePart(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || (c & 0x80) != 0; }

}  // namespace

void StatementSplitter::Add(std::string_view text) { pending_ += text; }

void StatementSplitter::Clear() { *this = StatementSplitter(); }

// At a '$' in code: takes the whole opening tag when there is one ("$$", "$tag$"; not "$1").
bool StatementSplitter::TryDollarQuote() {
  if (at_ > 0 && IsNamePart(pending_[at_ - 1])) return false;
  size_t end = at_ + 1;
  if (end < pending_.size() && std::isdigit(static_cast<unsigned char>(pending_[end])) != 0) return false;
  while (end < pending_.size() && IsNamePart(pending_[end])) ++end;
  if (end >= pending_.size() || pending_[end] != '$') return false;
  dollar_tag_ = pending_.substr(at_, end + 1 - at_);
  at_ = end + 1;
  state_ = State::kDollar;
  return true;
}

// A byte of code: words are what tells where a trigger's body ends.
void StatementSplitter::TakeWord(char c) {
  if (IsNamePart(c)) {
    if (word_.empty()) after_dot_ = at_ > 0 && pending_[at_ - 1] == '.';
    word_.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  } else {
    EndWord();
  }
}

void StatementSplitter::EndWord() {
  if (word_.empty()) return;
  ++words_;
  if (words_ == 1) creates_ = word_ == "create";
  // CREATE OR REPLACE TEMPORARY TRIGGER; of functions only bodies that BEGIN ATOMIC are no strings.
  if (creates_ && words_ <= 5 && word_ == "trigger") is_trigger_ = true;
  if (creates_ && words_ <= 5 && word_ == "function") is_function_ = true;
  if ((is_trigger_ || is_function_) && !after_dot_) {
    const bool begins = is_trigger_ ? word_ == "begin" : word_ == "atomic" && was_begin_;
    if (begins || (begins_ > 0 && word_ == "case")) ++begins_;
    if (word_ == "end" && begins_ > 0) --begins_;
  }
  was_begin_ = word_ == "begin";
  word_.clear();
}

// Looks at pending_[at_], which is `c`, and moves on, by one byte or by one token of two.
void StatementSplitter::Step(char c) {
  const char next = at_ + 1 < pending_.size() ? pending_[at_ + 1] : '\0';
  size_t taken = 1;
  switch (state_) {
    case State::kCode:
      TakeWord(c);
      if (c == '-' && next == '-') {
        state_ = State::kLineComment;
        break;
      }
      if (c == '/' && next == '*') {
        state_ = State::kBlockComment;
        comment_depth_ = 1;
        taken = 2;
        break;
      }
      if (!IsSpace(c) && !has_code_) {
        if (c == ';') break;  // an empty statement
        has_code_ = true;
        start_ = at_;
      }
      if (c == ';' && begins_ == 0) ended_ = true;
      if (c == '\'') {
        const bool escapes = at_ > start_ && (pending_[at_ - 1] == 'e' || pending_[at_ - 1] == 'E') &&
                             (at_ - 1 == start_ || !IsNamePart(pending_[at_ - 2]));
        state_ = escapes ? State::kEscapeString : State::kString;
      }
      if (c == '"') state_ = State::kName;
      if (c == '`') state_ = State::kBacktick;
      if (c == '$' && TryDollarQuote()) return;
      break;
    case State::kEscapeString:
      if (c == '\\' && at_ + 1 < pending_.size()) {
        taken = 2;
        break;
      }
      [[fallthrough]];
    case State::kString:
      if (c == '\'') state_ = State::kCode;  // a doubled quote opens it again at once
      break;
    case State::kName:
      if (c == '"') state_ = State::kCode;
      break;
    case State::kBacktick:
      if (c == '`') state_ = State::kCode;
      break;
    case State::kDollar:
      if (c == '$' && pending_.compare(at_, dollar_tag_.size(), dollar_tag_) == 0) {
        taken = dollar_tag_.size();
        state_ = State::kCode;
      }
      break;
    case State::kLineComment:
      if (c == '\n') state_ = State::kCode;
      break;
    case State::kBlockComment:
      if (c == '/' && next == '*') {
        ++comment_depth_;
        taken = 2;
      } else if (c == '*' && next == '/') {
        taken = 2;
        if (--comment_depth_ == 0) state_ = State::kCode;
      }
      break;
  }
  at_ += taken;
}

// Takes the statement that ends before `end`, and forgets everything up to there.
Statement StatementSplitter::Cut(size_t end) {
  Statement statement;
  statement.line = line_ + std::count(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(start_), '\n');
  statement.text = pending_.substr(start_, end - start_);
  line_ += std::count(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(end), '\n');
  pending_.erase(0, end);
  at_ = 0;
  start_ = 0;
  has_code_ = false;
  ended_ = false;
  word_.clear();
  words_ = begins_ = 0;
  creates_ = is_trigger_ = is_function_ = was_begin_ = false;
  return statement;
}

std::optional<Statement> StatementSplitter::Next() {
  while (at_ < pending_.size()) {
    // A token of two bytes may be cut in half by the end of what was added.
    const char c = pending_[at_];
    const bool may_pair = c == '-' || c == '/' || c == '*' || c == '$' || c == '\\';
    if (may_pair && at_ + 1 == pending_.size()) break;
    Step(c);
    if (ended_) return Cut(at_);
  }
  if (!has_code_ && state_ == State::kCode && at_ == pending_.size() && at_ > 0) {
    start_ = at_;
    Cut(at_);  // space, comments and lone semicolons
  }
  return std::nullopt;
}

std::optional<Statement> StatementSplitter::Rest() {
  if (std::optional<Statement> statement = Next()) return statement;
  while (at_ < pending_.size()) Step(pending_[at_]);
  if (!has_code_) {
    Clear();
    return std::nullopt;
  }
  Statement statement = Cut(pending_.size());
  while (!statement.text.empty() && IsSpace(statement.text.back())) statement.text.pop_back();
  Clear();
  return statement;
}

}  // namespace turdb::shell
