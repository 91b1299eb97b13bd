// SQL/JSON paths over jsonb: $.a[*] ? (@.b > 1).
//
// A path is parsed into nodes. A value expression has a base ($, @, a literal, an operation) and accessors that are
// applied to every item one after the other; a predicate is true, false or unknown. Mode and errors are those of
// PostgreSQL: lax unwraps arrays, wraps what is none, and finds nothing where strict raises.
#ifndef TURDB_FUNCTION_JSON_PATH_H_
#define TURDB_FUNCTION_JSON_PATH_H_

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "function/regex.h"
#include "vec/json.h"

namespace turdb::function {

enum class PathKind : uint8_t {
  // bases
  kRoot,      // $
  kCurrent,   // @
  kVariable,  // $name: text
  kLast,      // last, inside [...]
  kLiteral,   // literal: a jsonb value
  kAdd,       // left, right; the next four likewise
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kPlus,   // left
  kMinus,  // left
  // accessors
  kMember,      // .name: text
  kAnyMember,   // .*
  kDescend,     // .**{from to to}
  kAnyElement,  // [*]
  kElements,    // [subscripts]
  kFilter,      // ? (left)
  kMethod,      // .text()
  // predicates
  kAnd,
  kOr,
  kNot,
  kIsUnknown,
  kExists,
  kEqual,
  kNotEqual,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kStartsWith,
  kLikeRegex,  // left; regex
};

struct PathNode {
  explicit PathNode(PathKind k) : kind(k) {}

  PathKind kind;
  std::string text;
  std::string literal;
  int left = -1;
  int right = -1;
  std::vector<int> accessors;                   // of a base
  std::vector<std::pair<int, int>> subscripts;  // kElements: from, to (-1: only from)
  uint32_t from = 0, to = 0;                    // kDescend: levels; ~0u is last
  std::shared_ptr<const Regex> regex;           // kLikeRegex
};

class JsonPath {
 public:
  // Errors: 22P02 nothing, 42601 no path, 54001 nested too deeply, 2201B a bad regular expression.
  static base::StatusOr<JsonPath> Parse(std::string_view text);

  // The items that the path finds in `target`, in order. They point into it, into `variables`, into the path and into
  // *storage. Errors: what a strict path misses (2203x), 22012, 42704 no such variable.
  base::Status Query(const vec::JsonView& target, const vec::JsonView* variables, std::deque<std::string>* storage,
                     std::vector<vec::JsonView>* items) const;

 private:
  friend class PathParser;
  friend class PathRun;
  std::vector<PathNode> nodes_;
  int root_ = -1;
  bool strict_ = false;
};

// Whether an error is of the kind that a silent query leaves out.
bool IsPathError(const base::Status& status);

}  // namespace turdb::function

#endif  // TURDB_FUNCTION_JSON_PATH_H_
