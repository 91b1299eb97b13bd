// What the functions over JSON share: SQL values as JSON, and json and jsonb behind one shape so that most functions
// are written once.
#ifndef TURDB_FUNCTION_JSON_SUPPORT_H_
#define TURDB_FUNCTION_JSON_SUPPORT_H_

#include <optional>
#include <string>
#include <string_view>

#include "function/call.h"
#include "vec/array.h"
#include "vec/json.h"
#include "vec/json_text.h"

namespace turdb::function {

// A present value as PostgreSQL's to_json writes it: numbers and booleans as they are, dates in ISO 8601, arrays as
// arrays, json and jsonb as what they hold, the rest as strings. Errors: those of its text.
Status AppendAsJson(const Type& type, const void* slot, const CallContext& context, std::string* out);
// The same as jsonb. Errors: 22P05.
Status WriteAsJsonb(const Type& type, const void* slot, const CallContext& context, vec::JsonWriter* writer);
// `slot` of row `row`; null when the value is NULL.
const void* SlotAt(const Type& type, const VectorView& view, SelIndex row);

// json and jsonb: what functions ask of either.
struct JsonbSource {
  static constexpr TypeId kType = TypeId::kJsonb;
  using Item = vec::JsonView;
  static Item Root(std::string_view bytes) { return vec::JsonView(bytes); }
  static std::string_view Bytes(const Item& item) { return item.bytes(); }
  // The member, the last one of that name; nullopt when there is none or it is no object.
  static StatusOr<std::optional<Item>> Member(const Item& item, std::string_view name);
  // The element, counted from the end when negative; nullopt as above.
  static std::optional<Item> Element(const Item& item, int64_t index);
  static int64_t Size(const Item& item) { return item.size(); }
  // What ->> gives: strings without quotes. REQUIRES: not null.
  static Status AppendPlain(const Item& item, std::string* out);
};

struct JsonSource {
  static constexpr TypeId kType = TypeId::kJson;
  using Item = vec::JsonText;
  static Item Root(std::string_view bytes) { return vec::JsonText(bytes); }
  static std::string_view Bytes(const Item& item) { return item.text(); }
  static StatusOr<std::optional<Item>> Member(const Item& item, std::string_view name);
  static std::optional<Item> Element(const Item& item, int64_t index);
  static int64_t Size(const Item& item);
  static Status AppendPlain(const Item& item, std::string* out);
};

// "object", "array", "string", "number", "boolean", "null".
std::string_view JsonTypeName(vec::JsonKind kind);

// The steps of a text[] path. Errors: 22004 when one is NULL and `nulls` is null; otherwise *nulls says whether one is.
StatusOr<std::vector<std::string>> PathOf(std::string_view text_array, bool* nulls);
// A step as the index of an array; nullopt when it is none.
std::optional<int32_t> PathIndex(std::string_view step);

// 22023 with PostgreSQL's words.
Status JsonError(std::string_view message);

// Follows `path`; nullopt where it leads nowhere.
template <typename Source>
StatusOr<std::optional<typename Source::Item>> FollowPath(typename Source::Item item, const std::vector<std::string>& path) {
  for (const std::string& step : path) {
    if (item.kind() == vec::JsonKind::kObject) {
      TURDB_ASSIGN_OR_RETURN(const std::optional<typename Source::Item> member, Source::Member(item, step));
      if (!member) return std::optional<typename Source::Item>();
      item = *member;
      continue;
    }
    const std::optional<int32_t> index = PathIndex(step);
    std::optional<typename Source::Item> element;
    if (index) element = Source::Element(item, *index);
    if (!element) return std::optional<typename Source::Item>();
    item = *element;
  }
  return std::optional<typename Source::Item>(item);
}

}  // namespace turdb::function

#endif  // TURDB_FUNCTION_JSON_SUPPORT_H_
