// The text forms of structs, which is PostgreSQL's of composite types, and of maps, which is DuckDB's.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "vec/struct.h"
#include "vec/text_format.h"
#include "vec/type_source.h"

namespace turdb::vec {
namespace {

using base::MakeError;
using base::Status;
using base::StatusOr;

bool IsBlank(char c) { return absl::ascii_isspace(static_cast<unsigned char>(c)); }

// `text` between quotes, with `quote` and backslashes doubled, when it is empty or has one of `special` or a blank in it.
void AppendQuoted(std::string_view text, std::string_view special, std::string* out) {
  const bool plain = !text.empty() && std::none_of(text.begin(), text.end(), [&](char c) {
    return c == '"' || c == '\\' || IsBlank(c) || special.find(c) != std::string_view::npos;
  });
  if (plain) {
    out->append(text);
    return;
  }
  out->push_back('"');
  for (const char c : text) out->append(c == '"' || c == '\\' ? 2 : 1, c);
  out->push_back('"');
}

void FieldText(const StructView& value, size_t i, const TextContext& context, std::string* text) {
  ElementSlot slot;
  text->clear();
  const Type type = value.field_type(i);
  AppendSlotText(type, value.Load(i, &slot), context, text);
  if (type.id == TypeId::kBoolean) text->resize(1);
}

StatusOr<std::shared_ptr<const StructFields>> FieldsOf(const Type& type, const TextContext* context) {
  auto fields = context == nullptr || context->types == nullptr ? nullptr : context->types->FieldsOf(type);
  if (fields == nullptr) return base::UnsupportedError("input of anonymous composite types is not implemented");
  return fields;
}

Status Malformed(std::string_view what, std::string_view text, std::string_view why) {
  return base::WithHint(MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidText,
                                  absl::StrCat("malformed ", what, " literal: \"", text, "\"")),
                        why);
}

// One item up to an unquoted character of `ends`; false when the text ends before.
bool ReadItem(std::string_view text, size_t* at, std::string_view ends, std::string* item, bool* quoted) {
  item->clear();
  *quoted = false;
  for (bool inside = false; *at < text.size(); ++*at) {
    const char c = text[*at];
    if (!inside && ends.find(c) != std::string_view::npos) return true;
    if (c == '\\') {
      if (++*at == text.size()) return false;
      item->push_back(text[*at]);
    } else if (c == '"') {
      if (inside && *at + 1 < text.size() && text[*at + 1] == '"') {
        item->push_back('"');
        ++*at;
      } else {
        inside = !inside;
        *quoted = true;
      }
    } else {
      item->push_back(c);
    }
  }
  return false;
}

}  // namespace

void AppendStruct(const StructView& value, const TextContext& context, std::string* out) {
  std::string text;
  out->push_back('(');
  for (size_t i = 0; i < value.size(); ++i) {
    if (i != 0) out->push_back(',');
    if (value.IsNull(i)) continue;
    FieldText(value, i, context, &text);
    AppendQuoted(text, "(),", out);
  }
  out->push_back(')');
}

StatusOr<Value> ParseStruct(std::string_view text, const Type& type, const TextContext* context) {
  TURDB_ASSIGN_OR_RETURN(const auto fields, FieldsOf(type, context));
  const auto malformed = [&](std::string_view why) { return Malformed("record", text, why); };
  size_t at = 0;
  while (at < text.size() && IsBlank(text[at])) ++at;
  if (at == text.size() || text[at] != '(') return malformed("Missing left parenthesis.");
  ++at;
  StructBuilder builder;
  std::string item;
  for (size_t i = 0; i < fields->size(); ++i) {
    if (i != 0) {
      if (at >= text.size() || text[at] != ',') return malformed("Too few columns.");
      ++at;
    }
    const Type& field = (*fields)[i].type;
    if (at < text.size() && (text[at] == ',' || text[at] == ')')) {
      builder.AddNull(field);
      continue;
    }
    bool quoted = false;
    if (!ReadItem(text, &at, ",)", &item, &quoted)) return malformed("Unexpected end of input.");
    TURDB_ASSIGN_OR_RETURN(const Value value, Value::Parse(item, field, context));
    builder.AddValue(field, value);
  }
  if (at >= text.size()) return malformed("Unexpected end of input.");
  if (text[at] != ')') return malformed("Too many columns.");
  ++at;
  while (at < text.size() && IsBlank(text[at])) ++at;
  if (at != text.size()) return malformed("Junk after right parenthesis.");
  return Value::OfBytes(type, builder.Finish());
}

void AppendMap(const ArrayView& entries, const TextContext& context, std::string* out) {
  constexpr std::string_view kSpecial = "{}=,";
  std::string text;
  out->push_back('{');
  for (uint32_t i = 0; i < entries.size(); ++i) {
    if (i != 0) out->append(", ");
    ElementSlot slot;
    const StructView entry(static_cast<const StringView*>(entries.Load(i, &slot))->view());
    FieldText(entry, 0, context, &text);
    AppendQuoted(text, kSpecial, out);
    out->push_back('=');
    if (entry.IsNull(1)) {
      out->append("NULL");
      continue;
    }
    FieldText(entry, 1, context, &text);
    if (absl::EqualsIgnoreCase(text, "null")) {
      absl::StrAppend(out, "\"", text, "\"");
    } else {
      AppendQuoted(text, kSpecial, out);
    }
  }
  out->push_back('}');
}

StatusOr<Value> ParseMap(std::string_view text, const Type& type, const TextContext* context) {
  TURDB_ASSIGN_OR_RETURN(const auto fields, FieldsOf(type, context));
  const auto malformed = [&](std::string_view why) { return Malformed("map", text, why); };
  size_t at = 0;
  const auto skip = [&] {
    while (at < text.size() && IsBlank(text[at])) ++at;
  };
  const auto trim = [](std::string* item, bool quoted) {
    if (!quoted) *item = std::string(absl::StripAsciiWhitespace(*item));
  };
  skip();
  if (at == text.size() || text[at] != '{') return malformed("Missing left brace.");
  ++at;
  skip();
  std::vector<Value> keys, values;
  std::string item;
  bool quoted = false;
  while (at < text.size() && text[at] != '}') {
    if (!ReadItem(text, &at, "=,}", &item, &quoted) || text[at] != '=') return malformed("A key without a value.");
    ++at;
    trim(&item, quoted);
    TURDB_ASSIGN_OR_RETURN(Value key, Value::Parse(item, (*fields)[0].type, context));
    skip();
    if (!ReadItem(text, &at, ",}", &item, &quoted)) return malformed("Unexpected end of input.");
    trim(&item, quoted);
    keys.push_back(std::move(key));
    if (!quoted && absl::EqualsIgnoreCase(item, "null")) {
      values.push_back(Value::Null((*fields)[1].type));
    } else {
      TURDB_ASSIGN_OR_RETURN(Value value, Value::Parse(item, (*fields)[1].type, context));
      values.push_back(std::move(value));
    }
    if (text[at] == ',') {
      ++at;
      skip();
    }
  }
  if (at == text.size()) return malformed("Unexpected end of input.");
  ++at;
  skip();
  if (at != text.size()) return malformed("Junk after right brace.");
  TURDB_ASSIGN_OR_RETURN(std::string bytes, MakeMap(keys, values, (*fields)[0].type, (*fields)[1].type));
  return Value::OfBytes(type, std::move(bytes));
}

}  // namespace turdb::vec
