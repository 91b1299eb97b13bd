#include "function/regex.h"

#include <re2/re2.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "function/call.h"

namespace turdb::function {

using base::MakeError;
using base::Status;
using base::StatusOr;

namespace {

constexpr int64_t kMaxPatternBytes = 8 << 20, kMinPatternBytes = 256 << 10;

Status InvalidRegex(std::string_view why) {
  return MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"2201B"},
                   absl::StrCat("invalid regular expression: ", why));
}

}  // namespace

StatusOr<RegexFlags> ParseRegexFlags(std::string_view letters) {
  RegexFlags flags;
  for (const char letter : letters) {
    switch (letter) {
      case 'i':
        flags.ignore_case = true;
        break;
      case 'c':
        flags.ignore_case = false;
        break;
      case 'n':
      case 'm':
        flags.newline_ends_dot = flags.line_anchors = true;
        break;
      case 'p':
        flags.newline_ends_dot = true;
        flags.line_anchors = false;
        break;
      case 'w':
        flags.newline_ends_dot = false;
        flags.line_anchors = true;
        break;
      case 's':
        flags.newline_ends_dot = flags.line_anchors = false;
        break;
      case 'x':
        flags.expanded = true;
        break;
      case 't':
        flags.expanded = false;
        break;
      case 'q':
        flags.literal = true;
        break;
      case 'g':
        flags.global = true;
        break;
      case 'e':  // extended and basic expressions are read as advanced ones
      case 'b':
        break;
      default:
        return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                         absl::StrCat("invalid regular expression option: \"", std::string_view(&letter, 1), "\""));
    }
  }
  return flags;
}

StatusOr<std::unique_ptr<Regex>> Regex::Compile(std::string_view pattern, RegexFlags flags, int64_t memory_bytes) {
  bool perl = false;
  TURDB_ASSIGN_OR_RETURN(const std::string translated, TranslateRegex(pattern, &flags, &perl));
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_case_sensitive(!flags.ignore_case);
  options.set_dot_nl(!flags.newline_ends_dot);
  options.set_longest_match(!perl);
  options.set_max_mem(memory_bytes);
  std::string whole = flags.line_anchors ? absl::StrCat("(?m)", translated) : translated;
  auto re = std::make_unique<re2::RE2>(whole, options);
  if (!re->ok()) {
    if (re->error_code() == re2::RE2::ErrorPatternTooLarge) {
      return base::WithHint(InvalidRegex("regular expression is too complex"), "Large repetition counts multiply.");
    }
    return InvalidRegex(re->error_code() == re2::RE2::ErrorMissingParen     ? "parentheses () not balanced"
                        : re->error_code() == re2::RE2::ErrorMissingBracket ? "brackets [] not balanced"
                        : re->error_code() == re2::RE2::ErrorBadCharRange   ? "invalid character range"
                        : re->error_code() == re2::RE2::ErrorRepeatOp       ? "quantifier operand invalid"
                        : re->error_code() == re2::RE2::ErrorRepeatArgument ? "quantifier operand invalid"
                                                                            : re->error());
  }
  std::unique_ptr<Regex> regex(new Regex(std::move(re)));
  regex->groups_ = regex->re_->NumberOfCapturingGroups();
  return regex;
}

Regex::Regex(std::unique_ptr<re2::RE2> re) : re_(std::move(re)) {}

Regex::~Regex() = default;

bool Regex::Find(std::string_view text, size_t start, std::vector<std::string_view>* match) const {
  return re_->Match(text, start, text.size(), re2::RE2::UNANCHORED, match->data(), static_cast<int>(match->size()));
}

bool Regex::Matches(std::string_view text) const { return re_->Match(text, 0, text.size(), re2::RE2::UNANCHORED, nullptr, 0); }

StatusOr<const Regex*> RegexCache::Get(std::string_view pattern, const RegexFlags& flags) {
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].pattern != pattern || !(entries_[i].flags == flags)) continue;
    std::rotate(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(i),
                entries_.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    return entries_[0].regex.get();
  }
  TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Regex> regex, Regex::Compile(pattern, flags, memory_bytes_));
  if (entries_.size() == kMaxPatterns) entries_.pop_back();
  entries_.insert(entries_.begin(), Entry{std::string(pattern), flags, std::move(regex)});
  return entries_[0].regex.get();
}

int64_t RegexMemory(const base::MemoryBudget* budget) {
  const int64_t share = budget == nullptr ? kMaxPatternBytes : budget->limit_bytes() / 16;
  return std::clamp(share, kMinPatternBytes, kMaxPatternBytes);
}

RegexCache& RegexCacheSlot::Get(const base::MemoryBudget* budget) {
  if (cache_ == nullptr) {
    cache_ = std::make_shared<RegexCache>(RegexMemory(budget));
  }
  return *cache_;
}

}  // namespace turdb::function
