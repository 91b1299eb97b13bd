// Random text through the JSON reader: json and jsonb accept the same texts, jsonb survives writing and reading again, and
// paths over it end. Whatever is refused is refused with an error.
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <string>
#include <string_view>

#include "function/json_path.h"
#include "vec/json.h"
#include "vec/json_text.h"
#include "vec/utf8.h"

namespace {

using turdb::vec::JsonLayout;
using turdb::vec::JsonView;

void Require(bool holds) {
  if (!holds) std::abort();
}

void ReadAgain(const JsonView& value, JsonLayout layout) {
  std::string text, again;
  turdb::vec::AppendJson(value, layout, &text);
  Require(turdb::vec::ParseJson(text, &again).ok());
  Require(turdb::vec::CompareJson(value, JsonView(again)) == 0);
  Require(turdb::vec::HashJson(value) == turdb::vec::HashJson(JsonView(again)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // The document, then, behind a line feed and a dollar sign, a path.
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t split = input.find("\n$");
  const std::string_view text = input.substr(0, split);
  if (!turdb::vec::CheckUtf8(input).ok()) return 0;
  std::string jsonb;
  const bool checked = turdb::vec::CheckJsonText(text).ok();
  const bool parsed = turdb::vec::ParseJson(text, &jsonb).ok();
  Require(checked || !parsed);  // \u0000 and huge numbers are json only
  if (!parsed) return 0;
  const JsonView value(jsonb);
  for (const JsonLayout layout : {JsonLayout::kSpaced, JsonLayout::kCompact, JsonLayout::kPretty}) ReadAgain(value, layout);
  if (split == std::string_view::npos) return 0;
  const auto path = turdb::function::JsonPath::Parse(input.substr(split + 1));
  if (!path.ok()) return 0;
  std::deque<std::string> storage;
  std::vector<JsonView> items;
  const absl::Status status = path->Query(value, nullptr, &storage, &items);
  for (const JsonView& item : items) ReadAgain(item, JsonLayout::kCompact);
  Require(status.ok() || !status.message().empty());
  return 0;
}
