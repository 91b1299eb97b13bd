// JSON as rows: json_each, json_array_elements, json_object_keys and what jsonb has of them.
#include "absl/strings/str_cat.h"
#include "function/json_support.h"
#include "function/set_function.h"

namespace turdb::function {
namespace {

using vec::JsonKind;
using vec::JsonText;
using vec::JsonView;

enum class Rows : uint8_t { kMembers, kMembersText, kElements, kElementsText, kKeys };

Status WrongKind(std::string_view function, JsonKind kind, bool wants_array) {
  if (wants_array) {
    return JsonError(kind == JsonKind::kObject ? "cannot extract elements from an object"
                                               : "cannot extract elements from a scalar");
  }
  const std::string_view what = kind == JsonKind::kArray ? "an array" : "a scalar";
  if (function.ends_with("_keys")) return JsonError(absl::StrCat("cannot call ", function, " on ", what));
  return JsonError(absl::StrCat("cannot call ", function, " on a non-object"));
}

// Members and elements of jsonb, by number.
struct JsonbCursor {
  using Source = JsonbSource;
  JsonView root;
  uint32_t next = 0;
  void Start(std::string_view bytes) {
    root = JsonView(bytes);
    next = 0;
  }
  JsonKind kind() const { return root.kind(); }
  StatusOr<bool> Next(std::string* key, std::optional<JsonView>* value) {
    if (next == root.size()) return false;
    if (root.kind() == JsonKind::kObject) {
      *key = root.key(next);
      *value = root.value(next);
    } else {
      *value = root.element(next);
    }
    ++next;
    return true;
  }
};

// Of json: read once, when the scan starts, since a text has no numbers to go by.
struct JsonCursor {
  using Source = JsonSource;
  std::optional<JsonText> root;
  std::vector<std::pair<std::string_view, JsonText>> members;
  size_t next = 0;
  void Start(std::string_view text) {
    root.emplace(text);
    members.clear();
    next = 0;
    if (root->kind() == JsonKind::kObject) {
      root->ForEachMember([&](std::string_view key, const JsonText& value) {
        members.emplace_back(key, value);
        return true;
      });
    } else if (root->kind() == JsonKind::kArray) {
      root->ForEachElement([&](const JsonText& value) {
        members.emplace_back(std::string_view(), value);
        return true;
      });
    }
  }
  JsonKind kind() const { return root->kind(); }
  StatusOr<bool> Next(std::string* key, std::optional<JsonText>* value) {
    if (next == members.size()) return false;
    if (!members[next].first.empty()) {
      TURDB_ASSIGN_OR_RETURN(*key, vec::UnquoteJson(members[next].first));
    }
    *value = members[next++].second;
    return true;
  }
};

template <typename Cursor, Rows kRows>
class JsonScan : public SetScan {
 public:
  explicit JsonScan(std::string_view name) : name_(name) {}

  Status Start(std::span<const Value> arguments, CallContext&) override {
    text_ = arguments[0].bytes();
    cursor_.Start(text_);
    constexpr bool kWantsArray = kRows == Rows::kElements || kRows == Rows::kElementsText;
    if (cursor_.kind() != (kWantsArray ? JsonKind::kArray : JsonKind::kObject)) {
      return WrongKind(name_, cursor_.kind(), kWantsArray);
    }
    return absl::OkStatus();
  }

  StatusOr<bool> Next(std::vector<Value>* row) override {
    using Source = typename Cursor::Source;
    std::string key;
    std::optional<typename Source::Item> value;
    TURDB_ASSIGN_OR_RETURN(const bool more, cursor_.Next(&key, &value));
    if (!more) return false;
    size_t column = 0;
    if (kRows != Rows::kElements && kRows != Rows::kElementsText) (*row)[column++] = Value::Text(key);
    if (kRows == Rows::kKeys) return true;
    Value& out = (*row)[column];
    if (kRows == Rows::kMembers || kRows == Rows::kElements) {
      out = Value::OfBytes(Source::kType, std::string(Source::Bytes(*value)));
    } else if (value->kind() == JsonKind::kNull) {
      out = Value::Null(TypeId::kText);
    } else {
      std::string text;
      TURDB_RETURN_IF_ERROR(Source::AppendPlain(*value, &text));
      out = Value::OfBytes(TypeId::kText, std::move(text));
    }
    return true;
  }

 private:
  const std::string_view name_;
  std::string text_;
  Cursor cursor_;
};

template <typename Cursor, Rows kRows>
std::unique_ptr<SetScan> MakeScan(const BoundSetFunction& bound) {
  return std::make_unique<JsonScan<Cursor, kRows>>(bound.function->name);
}

template <typename Cursor>
void AddAll(std::vector<SetFunction>& list, const std::array<std::string_view, 5>& names) {
  constexpr TypeId kJson = Cursor::Source::kType, kText = TypeId::kText;
  list.push_back({names[0], {kJson}, {{"key", kText}, {"value", kJson}}, MakeScan<Cursor, Rows::kMembers>});
  list.push_back({names[1], {kJson}, {{"key", kText}, {"value", kText}}, MakeScan<Cursor, Rows::kMembersText>});
  list.push_back({names[2], {kJson}, {{"value", kJson}}, MakeScan<Cursor, Rows::kElements>});
  list.push_back({names[3], {kJson}, {{"value", kText}}, MakeScan<Cursor, Rows::kElementsText>});
  list.push_back({names[4], {kJson}, {{"", kText}}, MakeScan<Cursor, Rows::kKeys>});
}

}  // namespace

void AddJsonSets(std::vector<SetFunction>& list) {
  AddAll<JsonCursor>(list,
                     {"json_each", "json_each_text", "json_array_elements", "json_array_elements_text", "json_object_keys"});
  AddAll<JsonbCursor>(
      list, {"jsonb_each", "jsonb_each_text", "jsonb_array_elements", "jsonb_array_elements_text", "jsonb_object_keys"});
}

}  // namespace turdb::function
