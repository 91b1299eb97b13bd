#include "vec/json_text.h"

#include <yyjson.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <optional>

#include "absl/strings/str_cat.h"

namespace turdb::vec {
namespace {

using base::MakeError;
using base::Status;
using base::StatusOr;

// yyjson's memory comes from where all memory of the library comes from.
void* Allocate(void*, size_t size) { return ::operator new(size, std::nothrow); }
void Free(void*, void* memory) { ::operator delete(memory); }
void* Reallocate(void* context, void* memory, size_t old_size, size_t size) {
  void* grown = Allocate(context, size);
  if (grown == nullptr) return nullptr;
  std::memcpy(grown, memory, std::min(old_size, size));
  Free(context, memory);
  return grown;
}
constexpr yyjson_alc kAllocator = {Allocate, Reallocate, Free, nullptr};

struct FreeDocument {
  void operator()(yyjson_doc* document) const { yyjson_doc_free(document); }
};
using Document = std::unique_ptr<yyjson_doc, FreeDocument>;

StatusOr<Document> Read(std::string_view text) {
  TURDB_RETURN_IF_ERROR(CheckJsonDepth(text));
  yyjson_read_err error;
  // Not in place: the buffer is const, and yyjson copies it. Numbers stay as they are written.
  Document document(
      yyjson_read_opts(const_cast<char*>(text.data()), text.size(), YYJSON_READ_NUMBER_AS_RAW, &kAllocator, &error));
  if (document != nullptr) return document;
  if (error.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) throw std::bad_alloc();
  const std::string why = text.find_first_not_of(" \t\r\n") == std::string_view::npos
                              ? "the input string ended unexpectedly"
                              : absl::StrCat(error.msg, ", at byte ", error.pos + 1);
  return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidText,
                   absl::StrCat("invalid input syntax for type json: ", why));
}

Status CheckNoNul(std::string_view text) {
  return text.find('\0') == std::string_view::npos ? absl::OkStatus() : NoNulInTextError();
}

// REQUIRES: no deeper than kMaxJsonDepth.
Status Convert(yyjson_val* value, JsonWriter* writer, const std::string& out) {
  switch (yyjson_get_type(value)) {
    case YYJSON_TYPE_NULL:
      writer->Null();
      return absl::OkStatus();
    case YYJSON_TYPE_BOOL:
      writer->Boolean(yyjson_get_bool(value));
      return absl::OkStatus();
    case YYJSON_TYPE_RAW: {
      bool out_of_range = false;
      const std::optional<Numeric> number = Numeric::Parse({yyjson_get_raw(value), yyjson_get_len(value)}, &out_of_range);
      if (!number) {
        return MakeError(absl::StatusCode::kOutOfRange, base::sqlstate::kNumericOutOfRange, "value overflows numeric format");
      }
      writer->Number(*number);
      return absl::OkStatus();
    }
    case YYJSON_TYPE_STR: {
      const std::string_view text(yyjson_get_str(value), yyjson_get_len(value));
      TURDB_RETURN_IF_ERROR(CheckNoNul(text));
      writer->String(text);
      return absl::OkStatus();
    }
    case YYJSON_TYPE_ARR: {
      writer->BeginArray();
      yyjson_arr_iter iterator = yyjson_arr_iter_with(value);
      while (yyjson_val* element = yyjson_arr_iter_next(&iterator)) {
        TURDB_RETURN_IF_ERROR(Convert(element, writer, out));
      }
      writer->EndArray();
      break;
    }
    case YYJSON_TYPE_OBJ: {
      writer->BeginObject();
      yyjson_obj_iter iterator = yyjson_obj_iter_with(value);
      while (yyjson_val* key = yyjson_obj_iter_next(&iterator)) {
        const std::string_view name(yyjson_get_str(key), yyjson_get_len(key));
        TURDB_RETURN_IF_ERROR(CheckNoNul(name));
        writer->Key(name);
        TURDB_RETURN_IF_ERROR(Convert(yyjson_obj_iter_get_val(key), writer, out));
      }
      writer->EndObject();
      break;
    }
    default:
      return base::InternalError("a JSON value of no known kind");
  }
  return out.size() <= kMaxJsonbBytes ? absl::OkStatus() : base::LimitError("a jsonb value is longer than 1 GB");
}

}  // namespace

Status NoNulInTextError() {
  return base::WithHint(MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"22P05"},
                                  "unsupported Unicode escape sequence: \\u0000 cannot be converted to text"),
                        "The type json keeps \\u0000 as it is written.");
}

Status TooDeepError() {
  return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kStatementTooComplex,
                   absl::StrCat("a JSON value is nested deeper than ", kMaxJsonDepth, " levels"));
}

// Containers may not be nested deeper than what recursion over them can take. Cheaper before reading than after.
Status CheckJsonDepth(std::string_view text) {
  if (text.size() <= static_cast<size_t>(kMaxJsonDepth)) return absl::OkStatus();
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
      case '"':
        for (++i; i < text.size() && text[i] != '"'; ++i) {
          if (text[i] == '\\') ++i;
        }
        break;
      case '[':
      case '{':
        if (++depth > kMaxJsonDepth) return TooDeepError();
        break;
      case ']':
      case '}':
        --depth;
        break;
      default:
        break;
    }
  }
  return absl::OkStatus();
}

Status CheckJsonText(std::string_view text) { return Read(text).status(); }

Status ParseJson(std::string_view text, std::string* jsonb) {
  TURDB_ASSIGN_OR_RETURN(const Document document, Read(text));
  JsonWriter writer(jsonb);
  return Convert(yyjson_doc_get_root(document.get()), &writer, *jsonb);
}

void AppendJsonString(std::string_view text, std::string* out) {
  constexpr char kHex[] = "0123456789abcdef";
  out->push_back('"');
  size_t begin = 0;  // of what was not appended yet
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    out->append(text.substr(begin, i - begin));
    begin = i + 1;
    out->push_back('\\');
    switch (byte) {
      case '\b':
        out->push_back('b');
        break;
      case '\f':
        out->push_back('f');
        break;
      case '\n':
        out->push_back('n');
        break;
      case '\r':
        out->push_back('r');
        break;
      case '\t':
        out->push_back('t');
        break;
      case '"':
      case '\\':
        out->push_back(static_cast<char>(byte));
        break;
      default:
        out->append("u00");
        out->push_back(kHex[byte >> 4]);
        out->push_back(kHex[byte & 15]);
    }
  }
  out->append(text.substr(begin));
  out->push_back('"');
}

StatusOr<std::string> UnquoteJson(std::string_view quoted) {
  const std::string_view inside = quoted.substr(1, quoted.size() - 2);
  if (inside.find('\\') == std::string_view::npos) return std::string(inside);
  TURDB_ASSIGN_OR_RETURN(const Document document, Read(quoted));
  yyjson_val* const root = yyjson_doc_get_root(document.get());
  std::string text(yyjson_get_str(root), yyjson_get_len(root));
  TURDB_RETURN_IF_ERROR(CheckNoNul(text));
  return text;
}

// ---- walking a checked text

JsonText::JsonText(std::string_view checked) : text_(checked) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const size_t first = text_.find_first_not_of(kBlanks);
  text_ = text_.substr(first, text_.find_last_not_of(kBlanks) - first + 1);
}

JsonKind JsonText::kind() const {
  switch (text_[0]) {
    case 'n':
      return JsonKind::kNull;
    case 'f':
      return JsonKind::kFalse;
    case 't':
      return JsonKind::kTrue;
    case '"':
      return JsonKind::kString;
    case '[':
      return JsonKind::kArray;
    case '{':
      return JsonKind::kObject;
    default:
      return JsonKind::kNumber;
  }
}

size_t JsonText::SkipBlanks(size_t at) const {
  while (text_[at] == ' ' || text_[at] == '\t' || text_[at] == '\r' || text_[at] == '\n') ++at;
  return at;
}

size_t JsonText::SkipValue(size_t at) const {
  const auto skip_string = [&](size_t i) {
    for (++i; text_[i] != '"'; ++i) {
      if (text_[i] == '\\') ++i;
    }
    return i + 1;
  };
  if (text_[at] == '"') return skip_string(at);
  if (text_[at] != '[' && text_[at] != '{') return std::min(text_.find_first_of(",]} \t\r\n", at), text_.size());
  int depth = 0;
  do {
    const char c = text_[at];
    if (c == '"') {
      at = skip_string(at);
      continue;
    }
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') --depth;
    ++at;
  } while (depth != 0);
  return at;
}

// From the end of a value to the next one, or to the end of the container.
size_t JsonText::SkipComma(size_t at) const {
  at = SkipBlanks(at);
  return text_[at] == ',' ? SkipBlanks(at + 1) : at;
}

}  // namespace turdb::vec
