// jsonb_path_exists, jsonb_path_match, jsonb_path_query and its kin; @? and @@.
#include "function/builtins.h"
#include "function/json_path.h"
#include "function/json_support.h"
#include "function/set_function.h"

namespace turdb::function {
namespace {

using base::MakeError;
using vec::JsonKind;
using vec::JsonView;

// The path that was parsed last: a constant one is parsed once a batch.
class ParsedPath {
 public:
  StatusOr<const JsonPath*> Get(std::string_view text) {
    if (!path_ || text_ != text) {
      path_.reset();
      TURDB_ASSIGN_OR_RETURN(path_, JsonPath::Parse(text));
      text_ = text;
    }
    return &*path_;
  }

 private:
  std::string text_;
  std::optional<JsonPath> path_;
};

Status NoObject() {
  return base::WithHint(
      MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter, "\"vars\" argument is not an object"),
      "Jsonpath parameters should be encoded as key-value pairs of \"vars\" object.");
}

// What one query found. *silenced: an error that was asked not to show ended it.
struct Found {
  std::deque<std::string> storage;
  std::vector<JsonView> items;
  bool silenced = false;
};

Status Query(ParsedPath& parsed, std::string_view target, std::string_view path, const std::string_view* variables, bool silent,
             Found* found) {
  TURDB_ASSIGN_OR_RETURN(const JsonPath* const query, parsed.Get(path));
  std::optional<JsonView> object;
  if (variables != nullptr) {
    object.emplace(*variables);
    if (object->kind() != JsonKind::kObject) return NoObject();
  }
  Status status = query->Query(JsonView(target), object ? &*object : nullptr, &found->storage, &found->items);
  if (!status.ok() && silent && IsPathError(status)) {
    found->silenced = true;
    return absl::OkStatus();
  }
  return status;
}

// f(row, found) -> Status. Arguments: target, path [, vars [, silent]].
template <typename F>
void QueryEach(Call& call, bool always_silent, F&& f) {
  ParsedPath parsed;
  call.ForEach([&](SelIndex row) {
    Found found;
    std::string_view variables;
    if (call.args.size() > 2) variables = call.args[2].Get<StringView>(row).view();
    const bool silent = always_silent || (call.args.size() > 3 && call.args[3].Get<bool>(row));
    Status status = Query(parsed, call.args[0].Get<StringView>(row).view(), call.args[1].Get<StringView>(row).view(),
                          call.args.size() > 2 ? &variables : nullptr, silent, &found);
    if (status.ok()) status = f(row, found);
    if (!status.ok()) call.RaiseStatus(row, std::move(status));
  });
}

template <bool kSilent>
void ExistsKernel(Call& call) {
  QueryEach(call, kSilent, [&](SelIndex row, const Found& found) -> Status {
    if (found.silenced && found.items.empty()) {
      call.result->SetNull(row);
    } else {
      call.result->data<bool>()[row] = !found.items.empty();
    }
    return absl::OkStatus();
  });
}

template <bool kSilent>
void MatchKernel(Call& call) {
  QueryEach(call, kSilent, [&](SelIndex row, const Found& found) -> Status {
    const bool single = found.items.size() == 1 && !found.silenced;
    if (single && found.items[0].is_boolean()) {
      call.result->data<bool>()[row] = found.items[0].kind() == JsonKind::kTrue;
      return absl::OkStatus();
    }
    call.result->SetNull(row);
    const bool silent = kSilent || (call.args.size() > 3 && call.args[3].Get<bool>(row));
    if (silent || (single && found.items[0].kind() == JsonKind::kNull)) return absl::OkStatus();
    return MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"22038"}, "single boolean result is expected");
  });
}

void QueryArrayKernel(Call& call) {
  QueryEach(call, false, [&](SelIndex row, const Found& found) -> Status {
    std::string out;
    vec::JsonWriter writer(&out);
    writer.BeginArray();
    for (const JsonView& item : found.items) writer.Value(item);
    writer.EndArray();
    TURDB_RETURN_IF_ERROR(vec::CheckJsonbDepth(JsonView(out)));
    call.result->SetString(row, out);
    return absl::OkStatus();
  });
}

void QueryFirstKernel(Call& call) {
  QueryEach(call, false, [&](SelIndex row, const Found& found) -> Status {
    if (found.items.empty()) {
      call.result->SetNull(row);
    } else {
      call.result->SetString(row, found.items[0].bytes());
    }
    return absl::OkStatus();
  });
}

// What JSON_VALUE and its like do with ERROR ON EMPTY and ERROR ON ERROR.
void ItemErrorKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const std::string_view message = call.args[0].Get<StringView>(row).view();
    constexpr base::SqlState kNoItem{"22035"}, kNoScalar{"2203F"}, kSeveral{"22034"};
    const base::SqlState state = message.starts_with("no ")                         ? kNoItem
                                 : message.find("scalar") != std::string_view::npos ? kNoScalar
                                                                                    : kSeveral;
    call.RaiseStatus(row, MakeError(absl::StatusCode::kInvalidArgument, state, message));
  });
}

class PathScan : public SetScan {
 public:
  Status Start(std::span<const Value> arguments, CallContext&) override {
    found_ = Found();
    next_ = 0;
    target_ = arguments[0].bytes();
    std::string_view variables;
    if (arguments.size() > 2) {
      variables_ = arguments[2].bytes();
      variables = variables_;
    }
    return Query(parsed_, target_, arguments[1].bytes(), arguments.size() > 2 ? &variables : nullptr,
                 arguments.size() > 3 && arguments[3].AsBool(), &found_);
  }
  StatusOr<bool> Next(std::vector<Value>* row) override {
    if (next_ == found_.items.size()) return false;
    (*row)[0] = Value::OfBytes(TypeId::kJsonb, std::string(found_.items[next_++].bytes()));
    return true;
  }

 private:
  ParsedPath parsed_;
  std::string target_, variables_;
  Found found_;
  size_t next_ = 0;
};

std::unique_ptr<SetScan> MakePathScan(const BoundSetFunction&) { return std::make_unique<PathScan>(); }

const std::vector<std::vector<TypeId>>& Signatures() {
  constexpr TypeId kJsonb = TypeId::kJsonb, kText = TypeId::kText;
  static const auto* const kSignatures =
      new std::vector<std::vector<TypeId>>{{kJsonb, kText}, {kJsonb, kText, kJsonb}, {kJsonb, kText, kJsonb, TypeId::kBoolean}};
  return *kSignatures;
}

}  // namespace

// Paths are texts: the type name jsonpath means text.
void AddJsonPaths(FunctionList& list) {
  constexpr TypeId kJsonb = TypeId::kJsonb, kText = TypeId::kText, kBool = TypeId::kBoolean;
  for (const std::vector<TypeId>& signature : Signatures()) {
    list.Add("jsonb_path_exists", signature, kBool, kCanRaise, ExistsKernel<false>);
    list.Add("jsonb_path_match", signature, kBool, kCanRaise, MatchKernel<false>);
    list.Add("jsonb_path_query_array", signature, kJsonb, kCanRaise, QueryArrayKernel);
    list.Add("jsonb_path_query_first", signature, kJsonb, kCanRaise, QueryFirstKernel);
  }
  list.Add("json item error", {kText}, kText, kCanRaise, ItemErrorKernel);
  list.Add("@?", {kJsonb, kText}, kBool, kCanRaise, ExistsKernel<true>);
  list.Add("@@", {kJsonb, kText}, kBool, kCanRaise, MatchKernel<true>);
}

void AddJsonPathSets(std::vector<SetFunction>& list) {
  for (const std::vector<TypeId>& signature : Signatures()) {
    list.push_back({"jsonb_path_query", signature, {{"", TypeId::kJsonb}}, MakePathScan});
  }
}

}  // namespace turdb::function
