// Regular expressions, run by RE2: time linear in the text whatever the pattern, so none blows up. Patterns are
// PostgreSQL's advanced regular expressions, translated; what needs backtracking (back references, lookaround) is refused
// with 2201B.
//
// Of PostgreSQL's rules for what matches, these hold: the match that begins first, of these the longest; a pattern with a
// non-greedy quantifier in it matches as Perl's does. Classes are Unicode's, but for \d and \y, which know ASCII only.
#ifndef TURDB_FUNCTION_REGEX_H_
#define TURDB_FUNCTION_REGEX_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/memory_budget.h"
#include "base/status.h"

namespace re2 {
class RE2;
}

namespace turdb::function {

struct RegexFlags {
  bool ignore_case = false;
  bool newline_ends_dot = false;  // . and [^x] leave newlines out
  bool line_anchors = false;      // ^ and $ match at newlines, too
  bool expanded = false;          // blanks and comments in the pattern mean nothing
  bool literal = false;           // the pattern is a plain text
  bool global = false;
  friend bool operator==(const RegexFlags&, const RegexFlags&) = default;
};

// PostgreSQL's letters: i c n m p w s x t q e b g. Error 22023: another one.
base::StatusOr<RegexFlags> ParseRegexFlags(std::string_view letters);

// A pattern of PostgreSQL as one of RE2. `*perl`: it has a non-greedy quantifier. `flags` gets what the pattern itself
// says in front. Errors: 2201B.
base::StatusOr<std::string> TranslateRegex(std::string_view pattern, RegexFlags* flags, bool* perl);
// A pattern of SIMILAR TO as one of PostgreSQL, anchored at both ends. `escape`: its escape character, or empty for none.
// Errors: 22025, 2200C.
base::StatusOr<std::string> SimilarToRegex(std::string_view pattern, std::string_view escape);

class Regex {
 public:
  static base::StatusOr<std::unique_ptr<Regex>> Compile(std::string_view pattern, RegexFlags flags, int64_t memory_bytes);
  ~Regex();

  int groups() const { return groups_; }
  // The first match at or behind byte `start`. (*match)[0] is all of it, [i] group i, with a null data() when the group
  // took no part. As many groups are filled in as `match` has room for.
  bool Find(std::string_view text, size_t start, std::vector<std::string_view>* match) const;
  bool Matches(std::string_view text) const;

 private:
  explicit Regex(std::unique_ptr<re2::RE2> re);
  std::unique_ptr<re2::RE2> re_;
  int groups_ = 0;
};

// What one pattern may take of a budget, which may be null.
int64_t RegexMemory(const base::MemoryBudget* budget);

// The patterns that were used last. Not thread-safe.
class RegexCache {
 public:
  explicit RegexCache(int64_t memory_bytes) : memory_bytes_(memory_bytes) {}
  // Valid until the next call.
  base::StatusOr<const Regex*> Get(std::string_view pattern, const RegexFlags& flags);

 private:
  static constexpr size_t kMaxPatterns = 32;
  struct Entry {
    std::string pattern;
    RegexFlags flags;
    std::unique_ptr<Regex> regex;
  };
  const int64_t memory_bytes_;  // of one pattern
  std::vector<Entry> entries_;  // the last one used first
};

}  // namespace turdb::function

#endif  // TURDB_FUNCTION_REGEX_H_
