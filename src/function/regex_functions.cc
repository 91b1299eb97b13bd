// ~ and its kin, regexp_*, SIMILAR TO, substring(text from pattern).
#include <optional>

#include "absl/strings/str_cat.h"
#include "function/builtins.h"
#include "function/regex.h"
#include "function/set_function.h"
#include "vec/array.h"
#include "vec/utf8.h"

namespace turdb::function {
namespace {

using base::MakeError;
using Groups = std::vector<std::string_view>;

std::string_view TextAt(const Call& call, size_t i, SelIndex row) { return call.args[i].Get<StringView>(row).view(); }

StatusOr<const Regex*> Compile(CallContext& context, std::string_view pattern, const RegexFlags& flags) {
  return context.regexes.Get(context.budget).Get(pattern, flags);
}

// The flags of argument `i`, when there is one. Errors: 22023, also for g where `function` has no use for it.
StatusOr<RegexFlags> FlagsAt(const Call& call, size_t i, SelIndex row, std::string_view no_global_in) {
  RegexFlags flags;
  if (i < call.args.size()) {
    TURDB_ASSIGN_OR_RETURN(flags, ParseRegexFlags(TextAt(call, i, row)));
  }
  if (flags.global && !no_global_in.empty()) {
    return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                     absl::StrCat(no_global_in, "() does not support the \"global\" option"));
  }
  return flags;
}

// f(row) -> Status for each row without a NULL.
template <typename F>
void ForEachOk(Call& call, F&& f) {
  call.ForEach([&](SelIndex row) {
    if (Status status = f(row); !status.ok()) call.RaiseStatus(row, std::move(status));
  });
}

// ---- does it match?

template <bool kFold, bool kNegate>
void MatchKernel(Call& call) {
  bool* out = call.result->data<bool>();
  RegexFlags flags;
  flags.ignore_case = kFold;
  ForEachOk(call, [&](SelIndex row) -> Status {
    out[row] = false;
    TURDB_ASSIGN_OR_RETURN(const Regex* regex, Compile(call.context, TextAt(call, 1, row), flags));
    out[row] = regex->Matches(TextAt(call, 0, row)) != kNegate;
    return absl::OkStatus();
  });
}

void LikeKernel(Call& call) {
  bool* out = call.result->data<bool>();
  ForEachOk(call, [&](SelIndex row) -> Status {
    out[row] = false;
    TURDB_ASSIGN_OR_RETURN(const RegexFlags flags, FlagsAt(call, 2, row, "regexp_like"));
    TURDB_ASSIGN_OR_RETURN(const Regex* regex, Compile(call.context, TextAt(call, 1, row), flags));
    out[row] = regex->Matches(TextAt(call, 0, row));
    return absl::OkStatus();
  });
}

template <bool kNegate>
void SimilarKernel(Call& call) {
  bool* out = call.result->data<bool>();
  ForEachOk(call, [&](SelIndex row) -> Status {
    out[row] = false;
    const std::string_view escape = call.args.size() > 2 ? TextAt(call, 2, row) : "\\";
    TURDB_ASSIGN_OR_RETURN(const std::string pattern, SimilarToRegex(TextAt(call, 1, row), escape));
    TURDB_ASSIGN_OR_RETURN(const Regex* regex, Compile(call.context, pattern, RegexFlags()));
    out[row] = regex->Matches(TextAt(call, 0, row)) != kNegate;
    return absl::OkStatus();
  });
}

// ---- matches one after the other

// Steps through a text. A match that is empty moves on by one character.
class Matches {
 public:
  Matches(const Regex& regex, std::string_view text, size_t start, size_t groups)
      : regex_(regex), text_(text), next_(start), groups_(groups) {}
  bool Next() {
    if (next_ > text_.size() || !regex_.Find(text_, next_, &groups_)) return false;
    begin_ = static_cast<size_t>(groups_[0].data() - text_.data());
    end_ = begin_ + groups_[0].size();
    next_ = end_;
    if (groups_[0].empty()) next_ += next_ < text_.size() ? vec::Utf8Length(text_[next_]) : 1;
    return true;
  }
  const Groups& groups() const { return groups_; }
  size_t begin() const { return begin_; }
  size_t end() const { return end_; }

 private:
  const Regex& regex_;
  const std::string_view text_;
  size_t next_;
  size_t begin_ = 0;
  size_t end_ = 0;
  Groups groups_;
};

size_t WithGroups(const Regex& regex) { return static_cast<size_t>(regex.groups()) + 1; }

// The groups of a match as text[], or all of it when the pattern has none.
std::string GroupsAsArray(const Groups& groups) {
  vec::ArrayBuilder builder(TypeId::kText);
  for (size_t i = groups.size() > 1 ? 1 : 0; i < groups.size(); ++i) {
    if (groups[i].data() == nullptr) {
      builder.AddNull();
      continue;
    }
    const StringView view(groups[i]);
    builder.Add(&view);
  }
  return builder.Finish();
}

void RegexpMatchKernel(Call& call) {
  ForEachOk(call, [&](SelIndex row) -> Status {
    auto flags = FlagsAt(call, 2, row, "regexp_match");
    if (!flags.ok()) return base::WithHint(flags.status(), "Use the regexp_matches function instead.");
    TURDB_ASSIGN_OR_RETURN(const Regex* regex, Compile(call.context, TextAt(call, 1, row), *flags));
    Matches matches(*regex, TextAt(call, 0, row), 0, WithGroups(*regex));
    if (matches.Next()) {
      call.result->SetString(row, GroupsAsArray(matches.groups()));
    } else {
      call.result->SetNull(row);
    }
    return absl::OkStatus();
  });
}

// ---- replacing

Status TooLong() { return base::LimitError("the result of regexp_replace is too long"); }

// `replacement` with \1 ... \9 and \& filled in.
void AppendReplacement(std::string_view replacement, const Groups& groups, std::string* out) {
  for (size_t i = 0; i < replacement.size(); ++i) {
    if (replacement[i] != '\\' || i + 1 == replacement.size()) {
      out->push_back(replacement[i]);
      continue;
    }
    const char c = replacement[++i];
    if (c == '&') {
      out->append(groups[0]);
    } else if (c >= '1' && c <= '9') {
      const auto group = static_cast<size_t>(c - '0');
      if (group < groups.size()) out->append(groups[group]);
    } else {
      if (c != '\\') out->push_back('\\');
      out->push_back(c);
    }
  }
}

// Replaces match number `nth` from byte `start` on, or all when it is 0.
Status Replace(const Regex& regex, std::string_view text, std::string_view replacement, size_t start, int64_t nth,
               int64_t limit_bytes, std::string* out) {
  Matches matches(regex, text, start, WithGroups(regex));
  size_t copied = 0;
  for (int64_t number = 1; matches.Next(); ++number) {
    if (nth != 0 && number != nth) continue;
    out->append(text.substr(copied, matches.begin() - copied));
    AppendReplacement(replacement, matches.groups(), out);
    copied = matches.end();
    if (static_cast<int64_t>(out->size()) > limit_bytes) return TooLong();
    if (nth != 0) break;
  }
  out->append(text.substr(copied));
  return static_cast<int64_t>(out->size()) > limit_bytes ? TooLong() : absl::OkStatus();
}

// regexp_replace(text, pattern, replacement [, flags]).
void ReplaceKernel(Call& call) {
  std::string out;
  ForEachOk(call, [&](SelIndex row) -> Status {
    if (call.args.size() > 3) {
      const std::string_view letters = TextAt(call, 3, row);
      if (!letters.empty() && letters[0] >= '0' && letters[0] <= '9') {
        return base::WithHint(MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                                        absl::StrCat("invalid regular expression option: \"", letters.substr(0, 1), "\"")),
                              "If you meant to use regexp_replace() with a start parameter, cast the fourth argument to "
                              "integer explicitly.");
      }
    }
    TURDB_ASSIGN_OR_RETURN(const RegexFlags flags, FlagsAt(call, 3, row, ""));
    TURDB_ASSIGN_OR_RETURN(const Regex* regex, Compile(call.context, TextAt(call, 1, row), flags));
    out.clear();
    TURDB_RETURN_IF_ERROR(Replace(*regex, TextAt(call, 0, row), TextAt(call, 2, row), 0, flags.global ? 0 : 1,
                                  call.context.max_string_bytes, &out));
    call.result->SetString(row, out);
    return absl::OkStatus();
  });
}

// ---- arguments that are numbers

// Argument `i`, or `otherwise`. Errors: 22023 below `least`.
StatusOr<int32_t> NumberAt(const Call& call, size_t i, SelIndex row, std::string_view name, int32_t otherwise, int32_t least) {
  if (i >= call.args.size()) return otherwise;
  const int32_t number = call.args[i].Get<int32_t>(row);
  if (number < least) {
    return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                     absl::StrCat("invalid value for parameter \"", name, "\": ", number));
  }
  return number;
}

// Byte of the character that a 1-based number names; nullopt behind the end.
std::optional<size_t> StartOffset(std::string_view text, int32_t start) {
  size_t at = 0;
  for (int32_t i = 1; i < start; ++i) {
    if (at >= text.size()) return std::nullopt;
    at += vec::Utf8Length(text[at]);
  }
  return at;
}

// regexp_replace(text, pattern, replacement, start [, n [, flags]]).
void ReplaceFromKernel(Call& call) {
  std::string out;
  ForEachOk(call, [&](SelIndex row) -> Status {
    TURDB_ASSIGN_OR_RETURN(const int32_t start, NumberAt(call, 3, row, "start", 1, 1));
    TURDB_ASSIGN_OR_RETURN(const RegexFlags flags, FlagsAt(call, 5, row, ""));
    TURDB_ASSIGN_OR_RETURN(const int32_t nth, NumberAt(call, 4, row, "n", flags.global ? 0 : 1, 0));
    TURDB_ASSIGN_OR_RETURN(const Regex* regex, Compile(call.context, TextAt(call, 1, row), flags));
    const std::string_view text = TextAt(call, 0, row);
    out.clear();
    const std::optional<size_t> offset = StartOffset(text, start);
    if (!offset) {
      out = text;
    } else {
      TURDB_RETURN_IF_ERROR(Replace(*regex, text, TextAt(call, 2, row), *offset, nth, call.context.max_string_bytes, &out));
    }
    call.result->SetString(row, out);
    return absl::OkStatus();
  });
}

// regexp_count(text, pattern [, start [, flags]]).
void CountKernel(Call& call) {
  ForEachOk(call, [&](SelIndex row) -> Status {
    TURDB_ASSIGN_OR_RETURN(const int32_t start, NumberAt(call, 2, row, "start", 1, 1));
    TURDB_ASSIGN_OR_RETURN(const RegexFlags flags, FlagsAt(call, 3, row, "regexp_count"));
    TURDB_ASSIGN_OR_RETURN(const Regex* regex, Compile(call.context, TextAt(call, 1, row), flags));
    const std::string_view text = TextAt(call, 0, row);
    int32_t count = 0;
    if (const std::optional<size_t> offset = StartOffset(text, start); offset) {
      Matches matches(*regex, text, *offset, 1);
      while (matches.Next()) ++count;
    }
    call.result->data<int32_t>()[row] = count;
    return absl::OkStatus();
  });
}

// Finds match number `nth`, or a group of it; false when there is none.
StatusOr<bool> FindNth(Call& call, SelIndex row, size_t flags_at, size_t group_at, std::string_view name,
                       std::string_view* found) {
  TURDB_ASSIGN_OR_RETURN(const int32_t start, NumberAt(call, 2, row, "start", 1, 1));
  TURDB_ASSIGN_OR_RETURN(const int32_t nth, NumberAt(call, 3, row, "n", 1, 1));
  TURDB_ASSIGN_OR_RETURN(const RegexFlags flags, FlagsAt(call, flags_at, row, name));
  TURDB_ASSIGN_OR_RETURN(const int32_t group, NumberAt(call, group_at, row, "subexpr", 0, 0));
  TURDB_ASSIGN_OR_RETURN(const Regex* regex, Compile(call.context, TextAt(call, 1, row), flags));
  const std::string_view text = TextAt(call, 0, row);
  const std::optional<size_t> offset = StartOffset(text, start);
  if (!offset || group > regex->groups()) return false;
  Matches matches(*regex, text, *offset, static_cast<size_t>(group) + 1);
  for (int32_t number = 1; matches.Next(); ++number) {
    if (number != nth) continue;
    *found = matches.groups()[static_cast<size_t>(group)];
    return found->data() != nullptr;
  }
  return false;
}

// regexp_instr(text, pattern [, start [, n [, endoption [, flags [, subexpr]]]]]).
void PositionKernel(Call& call) {
  ForEachOk(call, [&](SelIndex row) -> Status {
    TURDB_ASSIGN_OR_RETURN(const int32_t end_option, NumberAt(call, 4, row, "endoption", 0, 0));
    if (end_option > 1) {
      return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                       absl::StrCat("invalid value for parameter \"endoption\": ", end_option));
    }
    std::string_view found;
    TURDB_ASSIGN_OR_RETURN(const bool any, FindNth(call, row, 5, 6, "regexp_instr", &found));
    int32_t place = 0;
    if (any) {
      const std::string_view text = TextAt(call, 0, row);
      const size_t before = static_cast<size_t>(found.data() - text.data()) + (end_option == 1 ? found.size() : 0);
      place = static_cast<int32_t>(vec::Utf8Count(text.substr(0, before))) + 1;
    }
    call.result->data<int32_t>()[row] = place;
    return absl::OkStatus();
  });
}

// regexp_substr(text, pattern [, start [, n [, flags [, subexpr]]]]).
void SubstringKernel(Call& call) {
  ForEachOk(call, [&](SelIndex row) -> Status {
    std::string_view found;
    TURDB_ASSIGN_OR_RETURN(const bool any, FindNth(call, row, 4, 5, "regexp_substr", &found));
    if (any) {
      call.result->SetString(row, found);
    } else {
      call.result->SetNull(row);
    }
    return absl::OkStatus();
  });
}

// substring(text from pattern [for escape]): the first group, or all of the match. With an escape character the pattern is
// one of SIMILAR TO.
void SubstringFromKernel(Call& call) {
  ForEachOk(call, [&](SelIndex row) -> Status {
    std::string pattern(TextAt(call, 1, row));
    if (call.args.size() > 2) {
      TURDB_ASSIGN_OR_RETURN(pattern, SimilarToRegex(pattern, TextAt(call, 2, row)));
    }
    TURDB_ASSIGN_OR_RETURN(const Regex* regex, Compile(call.context, pattern, RegexFlags()));
    Matches matches(*regex, TextAt(call, 0, row), 0, regex->groups() > 0 ? 2 : 1);
    if (!matches.Next() || matches.groups().back().data() == nullptr) {
      call.result->SetNull(row);
    } else {
      call.result->SetString(row, matches.groups().back());
    }
    return absl::OkStatus();
  });
}

// ---- splitting

// What lies between matches; empty matches at the ends and right behind a match do not split.
class Splitter {
 public:
  Splitter(const Regex& regex, std::string_view text) : text_(text), matches_(regex, text, 0, 1) {}
  bool Next(std::string_view* piece) {
    if (done_) return false;
    while (matches_.Next()) {
      const bool empty = matches_.begin() == matches_.end();
      if (empty && (matches_.begin() >= text_.size() || matches_.begin() == from_)) continue;
      *piece = text_.substr(from_, matches_.begin() - from_);
      from_ = matches_.end();
      return true;
    }
    *piece = text_.substr(from_);
    done_ = true;
    return true;
  }

 private:
  const std::string_view text_;
  Matches matches_;
  size_t from_ = 0;
  bool done_ = false;
};

void SplitKernel(Call& call) {
  ForEachOk(call, [&](SelIndex row) -> Status {
    TURDB_ASSIGN_OR_RETURN(const RegexFlags flags, FlagsAt(call, 2, row, "regexp_split_to_array"));
    TURDB_ASSIGN_OR_RETURN(const Regex* regex, Compile(call.context, TextAt(call, 1, row), flags));
    Splitter splitter(*regex, TextAt(call, 0, row));
    vec::ArrayBuilder builder(TypeId::kText);
    std::string_view piece;
    while (splitter.Next(&piece)) {
      const StringView view(piece);
      builder.Add(&view);
    }
    call.result->SetString(row, builder.Finish());
    return absl::OkStatus();
  });
}

Status BindTextArray(BoundCall* call, std::span<const Type>) {
  call->result_type = Type::ArrayOf(TypeId::kText);
  return absl::OkStatus();
}

// ---- rows

StatusOr<RegexFlags> ScanFlags(std::span<const Value> arguments, std::string_view no_global_in) {
  RegexFlags flags;
  if (arguments.size() > 2) {
    TURDB_ASSIGN_OR_RETURN(flags, ParseRegexFlags(arguments[2].bytes()));
  }
  if (flags.global && !no_global_in.empty()) {
    return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                     absl::StrCat(no_global_in, "() does not support the \"global\" option"));
  }
  return flags;
}

class MatchesScan : public SetScan {
 public:
  Status Start(std::span<const Value> arguments, CallContext& context) override {
    TURDB_ASSIGN_OR_RETURN(const RegexFlags flags, ScanFlags(arguments, ""));
    TURDB_ASSIGN_OR_RETURN(regex_, Regex::Compile(arguments[1].bytes(), flags, RegexMemory(context.budget)));
    text_ = arguments[0].bytes();
    all_ = flags.global;
    done_ = false;
    matches_.emplace(*regex_, text_, 0, WithGroups(*regex_));
    return absl::OkStatus();
  }
  StatusOr<bool> Next(std::vector<Value>* row) override {
    if (done_ || !matches_->Next()) return false;
    done_ = !all_;
    (*row)[0] = Value::OfBytes(Type::ArrayOf(TypeId::kText), GroupsAsArray(matches_->groups()));
    return true;
  }

 private:
  std::unique_ptr<Regex> regex_;
  std::string text_;
  std::optional<Matches> matches_;
  bool all_ = false;
  bool done_ = true;
};

class SplitScan : public SetScan {
 public:
  Status Start(std::span<const Value> arguments, CallContext& context) override {
    TURDB_ASSIGN_OR_RETURN(const RegexFlags flags, ScanFlags(arguments, "regexp_split_to_table"));
    TURDB_ASSIGN_OR_RETURN(regex_, Regex::Compile(arguments[1].bytes(), flags, RegexMemory(context.budget)));
    text_ = arguments[0].bytes();
    splitter_.emplace(*regex_, text_);
    return absl::OkStatus();
  }
  StatusOr<bool> Next(std::vector<Value>* row) override {
    std::string_view piece;
    if (!splitter_->Next(&piece)) return false;
    (*row)[0] = Value::Text(piece);
    return true;
  }

 private:
  std::unique_ptr<Regex> regex_;
  std::string text_;
  std::optional<Splitter> splitter_;
};

template <typename Scan>
std::unique_ptr<SetScan> MakeScan(const BoundSetFunction&) {
  return std::make_unique<Scan>();
}

}  // namespace

void AddRegularExpressions(FunctionList& list) {
  constexpr TypeId kT = TypeId::kText, kB = TypeId::kBoolean, kI = TypeId::kInt32, kA = TypeId::kArray;
  list.Add("~", {kT, kT}, kB, kCanRaise, MatchKernel<false, false>);
  list.Add("~*", {kT, kT}, kB, kCanRaise, MatchKernel<true, false>);
  list.Add("!~", {kT, kT}, kB, kCanRaise, MatchKernel<false, true>);
  list.Add("!~*", {kT, kT}, kB, kCanRaise, MatchKernel<true, true>);
  for (const int count : {2, 3}) {
    const std::vector<TypeId> texts(static_cast<size_t>(count), kT);
    list.Add("similar to", texts, kB, kCanRaise, SimilarKernel<false>);
    list.Add("not similar to", texts, kB, kCanRaise, SimilarKernel<true>);
    list.Add("regexp_like", texts, kB, kCanRaise, LikeKernel);
    list.Add("regexp_match", texts, kA, kCanRaise, RegexpMatchKernel, BindTextArray);
    for (const char* name : {"regexp_split_to_array", "string_split_regex"}) {
      list.Add(name, texts, kA, kCanRaise, SplitKernel, BindTextArray);
    }
    list.Add("substring", texts, kT, kCanRaise, SubstringFromKernel);
  }
  list.Add("regexp_replace", {kT, kT, kT}, kT, kCanRaise, ReplaceKernel);
  list.Add("regexp_replace", {kT, kT, kT, kT}, kT, kCanRaise, ReplaceKernel);
  list.Add("regexp_replace", {kT, kT, kT, kI}, kT, kCanRaise, ReplaceFromKernel);
  list.Add("regexp_replace", {kT, kT, kT, kI, kI}, kT, kCanRaise, ReplaceFromKernel);
  list.Add("regexp_replace", {kT, kT, kT, kI, kI, kT}, kT, kCanRaise, ReplaceFromKernel);
  const std::vector<TypeId> count = {kT, kT, kI, kT}, position = {kT, kT, kI, kI, kI, kT, kI}, part = {kT, kT, kI, kI, kT, kI};
  const auto add_all = [&](std::string_view name, const std::vector<TypeId>& arguments, TypeId result, Kernel kernel) {
    for (size_t n = 2; n <= arguments.size(); ++n) {
      list.Add(name, std::vector<TypeId>(arguments.begin(), arguments.begin() + static_cast<std::ptrdiff_t>(n)), result,
               kCanRaise, kernel);
    }
  };
  add_all("regexp_count", count, kI, CountKernel);
  add_all("regexp_instr", position, kI, PositionKernel);
  add_all("regexp_substr", part, kT, SubstringKernel);
}

void AddRegexSets(std::vector<SetFunction>& list) {
  constexpr TypeId kT = TypeId::kText;
  for (const int count : {2, 3}) {
    const std::vector<TypeId> texts(static_cast<size_t>(count), kT);
    list.push_back({"regexp_matches", texts, {{"", Type::ArrayOf(kT)}}, MakeScan<MatchesScan>});
    list.push_back({"regexp_split_to_table", texts, {{"", kT}}, MakeScan<SplitScan>});
  }
}

}  // namespace turdb::function
