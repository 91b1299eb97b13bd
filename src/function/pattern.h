// LIKE and GLOB over UTF-8. Matching allocates nothing and takes time proportional to text times pattern at
// worst: after a mismatch only the last wildcard is retried.
#ifndef TURDB_FUNCTION_PATTERN_H_
#define TURDB_FUNCTION_PATTERN_H_

#include <cstdint>
#include <string_view>

namespace turdb::function {

enum class MatchResult : uint8_t { kNo, kYes, kBadPattern };

inline constexpr uint32_t kNoEscape = ~uint32_t{0};

// SQL's LIKE: % any characters, _ one character. `escape` is the code point that makes the next one literal, or
// kNoEscape. kBadPattern: the pattern ends with the escape character. With `fold_case`, letters match in
// either case.
MatchResult MatchLike(std::string_view text, std::string_view pattern, uint32_t escape, bool fold_case);

// SQLite's GLOB: * any characters, ? one, [a-z] a set, [^a-z] its complement; case counts.
bool MatchGlob(std::string_view text, std::string_view pattern);

}  // namespace turdb::function

#endif  // TURDB_FUNCTION_PATTERN_H_
