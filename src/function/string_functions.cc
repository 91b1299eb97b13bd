// Functions on text, and on bytea where PostgreSQL has them too. Positions and lengths count characters, from
// 1. Results that are part of an argument share its bytes.
#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "function/builtins.h"
#include "function/unicode_case.h"
#include "vec/text_format.h"
#include "vec/utf8.h"

namespace turdb::function {
namespace {

using base::MakeError;
using vec::Utf8Count;
using vec::Utf8Length;
using vec::Utf8Offset;

constexpr TypeId kT = TypeId::kText;
constexpr TypeId kI = TypeId::kInt32;

std::string_view TextAt(const Call& call, size_t argument, SelIndex row) {
  return call.args[argument].Get<StringView>(row).view();
}
int32_t IntAt(const Call& call, size_t argument, SelIndex row) { return call.args[argument].Get<int32_t>(row); }

// A result that lies inside argument 0. REQUIRES: ShareHeap(0) was called.
void SetPart(Call& call, SelIndex row, std::string_view part) { call.result->data<StringView>()[row] = StringView(part); }

template <typename F>
void TextToInt(Call& call, F&& f) {
  int32_t* out = call.result->data<int32_t>();
  const VectorView text = call.args[0];
  if (call.rows.dense() && text.is_flat()) {
    // NULL slots hold views too (V3).
    const StringView* values = text.values<StringView>();
    for (uint32_t i = 0; i < call.rows.count; ++i) out[i] = static_cast<int32_t>(f(values[i].view()));
    return;
  }
  call.ForEach([&](SelIndex row) { out[row] = static_cast<int32_t>(f(TextAt(call, 0, row))); });
}

void LengthKernel(Call& call) {
  TextToInt(call, [](std::string_view text) { return Utf8Count(text); });
}
void OctetLengthKernel(Call& call) {
  TextToInt(call, [](std::string_view text) { return text.size(); });
}
void BitLengthKernel(Call& call) {
  TextToInt(call, [](std::string_view text) { return text.size() * 8; });
}
void AsciiKernel(Call& call) {
  TextToInt(call, [](std::string_view text) -> uint32_t {
    size_t offset = 0;
    return text.empty() ? 0 : vec::Utf8Decode(text, &offset);
  });
}

template <typename F>
void TextToText(Call& call, F&& f) {
  call.ForEach([&](SelIndex row) { call.result->SetString(row, f(TextAt(call, 0, row))); });
}
void UpperKernel(Call& call) { TextToText(call, UpperText); }
void LowerKernel(Call& call) { TextToText(call, LowerText); }
void ReverseKernel(Call& call) {
  TextToText(call, [](std::string_view text) {
    std::string out(text.size(), '\0');
    size_t to = text.size();
    for (size_t i = 0; i < text.size();) {
      const size_t length = Utf8Length(text[i]);
      to -= length;
      text.copy(out.data() + to, length, i);
      i += length;
    }
    return out;
  });
}
void InitcapKernel(Call& call) {
  TextToText(call, [](std::string_view text) {
    std::string out;
    bool inside = false;
    for (size_t i = 0; i < text.size();) {
      const uint32_t c = vec::Utf8Decode(text, &i);
      vec::Utf8Append(inside ? ToLower(c) : ToUpper(c), &out);
      inside = IsAlphanumeric(c);
    }
    return out;
  });
}
std::string QuoteLiteral(std::string_view text) {
  std::string out = text.find('\\') != std::string_view::npos ? "E'" : "'";
  for (char c : text) {
    if (c == '\'' || c == '\\') out.push_back(c);
    out.push_back(c);
  }
  return out + "'";
}
void QuoteLiteralKernel(Call& call) { TextToText(call, QuoteLiteral); }
std::string QuoteIdentifier(std::string_view text) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  bool safe = !text.empty() && plain(text[0]);
  for (char c : text) safe = safe && (plain(c) || (c >= '0' && c <= '9'));
  if (safe) return std::string(text);
  std::string out = "\"";
  for (char c : text) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  return out + "\"";
}
void QuoteIdentKernel(Call& call) { TextToText(call, QuoteIdentifier); }

void ConcatOperatorKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const StringView &a = call.args[0].Get<StringView>(row), &b = call.args[1].Get<StringView>(row);
    const size_t size = size_t{a.size()} + b.size();
    if (static_cast<int64_t>(size) > call.context.max_string_bytes) return call.Raise(row, ErrorCode::kResultTooLarge);
    char short_text[StringView::kInlineBytes];
    char* to = size <= sizeof(short_text) ? short_text : call.result->heap()->Allocate(size);
    std::memcpy(to, a.data(), a.size());
    std::memcpy(to + a.size(), b.data(), b.size());
    call.result->data<StringView>()[row] = StringView(to, static_cast<uint32_t>(size));
  });
}

// anything || text: both sides by their text.
Status BindConcat(BoundCall* call, std::span<const Type>) {
  call->argument_types = {Type(kT), Type(kT)};
  return absl::OkStatus();
}

// Characters [start, start + length) of positions from 1; what lies outside the text is not there.
std::string_view Substring(std::string_view text, int64_t start, int64_t end) {
  start = std::max<int64_t>(start, 1);
  if (end <= start) return {};
  const size_t from = Utf8Offset(text, static_cast<size_t>(start - 1));
  const std::string_view rest = text.substr(from);
  return rest.substr(0, Utf8Offset(rest, static_cast<size_t>(end - start)));
}

Status NegativeLength() {
  return MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"22011"}, "negative substring length not allowed");
}

void SubstringKernel(Call& call) {
  call.ShareHeap(0);
  const bool has_length = call.args.size() == 3;
  call.ForEach([&](SelIndex row) {
    const int64_t start = IntAt(call, 1, row);
    const int64_t length = has_length ? IntAt(call, 2, row) : INT32_MAX;
    if (length < 0) return call.RaiseStatus(row, NegativeLength());
    SetPart(call, row, Substring(TextAt(call, 0, row), start, start + length));
  });
}

void BlobSubstringKernel(Call& call) {
  call.ShareHeap(0);
  const bool has_length = call.args.size() == 3;
  call.ForEach([&](SelIndex row) {
    const std::string_view bytes = TextAt(call, 0, row);
    const int64_t length = has_length ? IntAt(call, 2, row) : INT32_MAX;
    if (length < 0) return call.RaiseStatus(row, NegativeLength());
    const int64_t size = static_cast<int64_t>(bytes.size());
    const int64_t from = std::clamp<int64_t>(int64_t{IntAt(call, 1, row)} - 1, 0, size);
    const int64_t to = std::clamp<int64_t>(int64_t{IntAt(call, 1, row)} - 1 + length, from, size);
    SetPart(call, row, bytes.substr(static_cast<size_t>(from), static_cast<size_t>(to - from)));
  });
}

void LeftKernel(Call& call) {
  call.ShareHeap(0);
  call.ForEach([&](SelIndex row) {
    const std::string_view text = TextAt(call, 0, row);
    int64_t n = IntAt(call, 1, row);
    if (n < 0) n = std::max<int64_t>(0, static_cast<int64_t>(Utf8Count(text)) + n);
    SetPart(call, row, text.substr(0, Utf8Offset(text, static_cast<size_t>(n))));
  });
}

void RightKernel(Call& call) {
  call.ShareHeap(0);
  call.ForEach([&](SelIndex row) {
    const std::string_view text = TextAt(call, 0, row);
    const int64_t n = IntAt(call, 1, row);
    const int64_t skip = n < 0 ? -n : std::max<int64_t>(0, static_cast<int64_t>(Utf8Count(text)) - n);
    SetPart(call, row, text.substr(Utf8Offset(text, static_cast<size_t>(skip))));
  });
}

bool HasCharacter(std::string_view set, std::string_view character) {
  for (size_t i = 0; i < set.size(); i += Utf8Length(set[i])) {
    if (set.substr(i, Utf8Length(set[i])) == character) return true;
  }
  return false;
}

template <bool kFront, bool kBack>
void TrimKernel(Call& call) {
  call.ShareHeap(0);
  call.ForEach([&](SelIndex row) {
    std::string_view text = TextAt(call, 0, row);
    const std::string_view set = call.args.size() > 1 ? TextAt(call, 1, row) : std::string_view(" ");
    while (kFront && !text.empty() && HasCharacter(set, text.substr(0, Utf8Length(text[0])))) {
      text.remove_prefix(Utf8Length(text[0]));
    }
    while (kBack && !text.empty()) {
      size_t start = text.size() - 1;
      while (start > 0 && (static_cast<unsigned char>(text[start]) & 0xc0) == 0x80) --start;
      if (!HasCharacter(set, text.substr(start))) break;
      text.remove_suffix(text.size() - start);
    }
    SetPart(call, row, text);
  });
}

void ReplaceKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const std::string_view text = TextAt(call, 0, row), from = TextAt(call, 1, row), to = TextAt(call, 2, row);
    std::string out;
    size_t start = 0;
    while (!from.empty()) {
      const size_t found = text.find(from, start);
      if (found == std::string_view::npos) break;
      out.append(text.substr(start, found - start)).append(to);
      start = found + from.size();
      if (static_cast<int64_t>(out.size()) > call.context.max_string_bytes) return call.Raise(row, ErrorCode::kResultTooLarge);
    }
    out.append(text.substr(start));
    call.result->SetString(row, out);
  });
}

void TranslateKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const std::string_view text = TextAt(call, 0, row), from = TextAt(call, 1, row), to = TextAt(call, 2, row);
    std::string out;
    for (size_t i = 0; i < text.size(); i += Utf8Length(text[i])) {
      const std::string_view character = text.substr(i, Utf8Length(text[i]));
      size_t j = 0, index = 0;
      while (j < from.size() && from.substr(j, Utf8Length(from[j])) != character) j += Utf8Length(from[j]), ++index;
      if (j >= from.size()) {
        out.append(character);
        continue;
      }
      const size_t offset = Utf8Offset(to, index);
      if (offset < to.size()) out.append(to.substr(offset, Utf8Length(to[offset])));
    }
    call.result->SetString(row, out);
  });
}

void PositionKernel(Call& call) {
  int32_t* out = call.result->data<int32_t>();
  call.ForEach([&](SelIndex row) {
    const std::string_view text = TextAt(call, 0, row);
    const size_t found = text.find(TextAt(call, 1, row));
    out[row] = found == std::string_view::npos ? 0 : static_cast<int32_t>(Utf8Count(text.substr(0, found))) + 1;
  });
}

void StartsWithKernel(Call& call) {
  bool* out = call.result->data<bool>();
  call.ForEach([&](SelIndex row) { out[row] = TextAt(call, 0, row).starts_with(TextAt(call, 1, row)); });
}

template <bool kLeft>
void PadKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const std::string_view text = TextAt(call, 0, row);
    const std::string_view fill = call.args.size() > 2 ? TextAt(call, 2, row) : std::string_view(" ");
    const int64_t length = std::max(0, IntAt(call, 1, row));
    if (length * 4 > call.context.max_string_bytes) return call.Raise(row, ErrorCode::kResultTooLarge);
    const int64_t have = static_cast<int64_t>(Utf8Count(text));
    if (have >= length || fill.empty()) {
      return call.result->SetString(row, text.substr(0, Utf8Offset(text, static_cast<size_t>(length))));
    }
    std::string padding;
    size_t at = 0;
    for (int64_t i = have; i < length; ++i) {
      const size_t size = Utf8Length(fill[at]);
      padding.append(fill.substr(at, size));
      at = at + size < fill.size() ? at + size : 0;
    }
    call.result->SetString(row, kLeft ? absl::StrCat(padding, text) : absl::StrCat(text, padding));
  });
}

void RepeatKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const std::string_view text = TextAt(call, 0, row);
    const int64_t count = std::max(0, IntAt(call, 1, row));
    if (static_cast<int64_t>(text.size()) * count > call.context.max_string_bytes) {
      return call.Raise(row, ErrorCode::kResultTooLarge);
    }
    std::string out;
    out.reserve(text.size() * static_cast<size_t>(count));
    for (int64_t i = 0; i < count; ++i) out.append(text);
    call.result->SetString(row, out);
  });
}

// SQLite's: as many zero bytes; none for a negative number.
void ZeroBlobKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const int64_t count = std::max(int64_t{0}, call.args[0].Get<int64_t>(row));
    if (count > call.context.max_string_bytes) return call.Raise(row, ErrorCode::kResultTooLarge);
    call.result->SetString(row, std::string(static_cast<size_t>(count), '\0'));
  });
}

void SplitPartKernel(Call& call) {
  call.ShareHeap(0);
  call.ForEach([&](SelIndex row) {
    std::string_view text = TextAt(call, 0, row);
    const std::string_view separator = TextAt(call, 1, row);
    int64_t n = IntAt(call, 2, row);
    if (n == 0) {
      return call.RaiseStatus(row, MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                                             "field position must not be zero"));
    }
    if (separator.empty()) return SetPart(call, row, n == 1 || n == -1 ? text : std::string_view());
    while (n > 1) {
      const size_t found = text.find(separator);
      if (found == std::string_view::npos) return SetPart(call, row, {});
      text.remove_prefix(found + separator.size());
      --n;
    }
    while (n < -1) {
      const size_t found = text.rfind(separator);
      if (found == std::string_view::npos) return SetPart(call, row, {});
      text.remove_suffix(text.size() - found);
      ++n;
    }
    const size_t found = n > 0 ? text.find(separator) : text.rfind(separator);
    if (found == std::string_view::npos) return SetPart(call, row, text);
    SetPart(call, row, n > 0 ? text.substr(0, found) : text.substr(found + separator.size()));
  });
}

void OverlayKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const std::string_view text = TextAt(call, 0, row), with = TextAt(call, 1, row);
    const int64_t start = IntAt(call, 2, row);
    const int64_t length = call.args.size() > 3 ? IntAt(call, 3, row) : static_cast<int64_t>(Utf8Count(with));
    if (start <= 0) return call.RaiseStatus(row, NegativeLength());
    const std::string_view head = Substring(text, 1, start);
    const std::string_view tail = Substring(text, start + length, int64_t{INT32_MAX} * 2);
    call.result->SetString(row, absl::StrCat(head, with, tail));
  });
}

void ChrKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const int32_t code = IntAt(call, 0, row);
    if (code < 0) {
      return call.RaiseStatus(row, MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                                             "character number must be positive"));
    }
    if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
      const std::string message =
          code == 0 ? "null character not permitted" : absl::StrCat("requested character not valid for encoding: ", code);
      return call.RaiseStatus(row, MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kProgramLimit, message));
    }
    std::string text;
    vec::Utf8Append(static_cast<uint32_t>(code), &text);
    call.result->SetString(row, text);
  });
}

// What PostgreSQL's output function prints, which for booleans is not what the cast to text makes.
void AppendOutput(const Call& call, size_t argument, SelIndex row, std::string* out) {
  const Type type = call.argument_types[argument];
  const VectorView& view = call.args[argument];
  if (type.id == TypeId::kBoolean) {
    out->push_back(view.Get<bool>(row) ? 't' : 'f');
  } else {
    vec::AppendSlotText(type, view.data + view.Index(row) * type.width(), call.context.text, out);
  }
}

void ConcatKernel(Call& call) {
  std::string out;
  call.ForEach([&](SelIndex row) {
    out.clear();
    for (size_t i = 0; i < call.args.size(); ++i) {
      if (call.args[i].IsValid(row)) AppendOutput(call, i, row, &out);
    }
    if (static_cast<int64_t>(out.size()) > call.context.max_string_bytes) return call.Raise(row, ErrorCode::kResultTooLarge);
    call.result->SetString(row, out);
  });
}

void ConcatWithSeparatorKernel(Call& call) {
  std::string out;
  call.ForEach([&](SelIndex row) {
    if (!call.args[0].IsValid(row)) return call.result->SetNull(row);
    out.clear();
    bool first = true;
    for (size_t i = 1; i < call.args.size(); ++i) {
      if (!call.args[i].IsValid(row)) continue;
      if (!first) out.append(TextAt(call, 0, row));
      first = false;
      AppendOutput(call, i, row, &out);
    }
    call.result->SetString(row, out);
  });
}

// format('%s %I %L %%', ...) with positions ("%2$s"), width and the minus flag.
void FormatKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    if (!call.args[0].IsValid(row)) return call.result->SetNull(row);
    const auto fail = [&](std::string_view message) {
      call.RaiseStatus(row, MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter, message));
    };
    const std::string_view format = TextAt(call, 0, row);
    std::string out;
    size_t next = 1;
    for (size_t i = 0; i < format.size(); ++i) {
      if (format[i] != '%') {
        out.push_back(format[i]);
        continue;
      }
      const auto digits = [&] {
        size_t value = 0;
        while (i < format.size() && format[i] >= '0' && format[i] <= '9' && value < 100'000'000) {
          value = value * 10 + static_cast<size_t>(format[i++] - '0');
        }
        return value;
      };
      if (++i >= format.size()) return fail("unterminated format() type specifier");
      if (format[i] == '%') {
        out.push_back('%');
        continue;
      }
      size_t argument = next;
      const size_t before = i;
      const size_t position = digits();
      if (i < format.size() && format[i] == '$' && i > before) {
        if (position == 0) return fail("format specifies argument 0, but arguments are numbered from 1");
        argument = position;
        ++i;
      } else {
        i = before;
      }
      const bool minus = i < format.size() && format[i] == '-';
      if (minus) ++i;
      const size_t width = digits();
      if (i >= format.size()) return fail("unterminated format() type specifier");
      const char kind = format[i];
      if (kind != 's' && kind != 'I' && kind != 'L') {
        return fail(absl::StrCat("unrecognized format() type specifier \"", std::string_view(&kind, 1), "\""));
      }
      if (argument >= call.args.size()) return fail("too few arguments for format()");
      next = argument + 1;
      std::string piece;
      const bool is_null = !call.args[argument].IsValid(row);
      if (!is_null) AppendOutput(call, argument, row, &piece);
      if (kind == 'I') {
        if (is_null) {
          return call.RaiseStatus(row, MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"22004"},
                                                 "null values cannot be formatted as an SQL identifier"));
        }
        piece = QuoteIdentifier(piece);
      } else if (kind == 'L') {
        piece = is_null ? "NULL" : QuoteLiteral(piece);
      }
      const size_t size = Utf8Count(piece);
      const std::string padding(width > size ? width - size : 0, ' ');
      out.append(minus ? piece + padding : padding + piece);
    }
    call.result->SetString(row, out);
  });
}

void AddLengths(FunctionList& list) {
  for (const char* name : {"length", "char_length", "character_length"}) list.Add(name, {kT}, kI, kLatchSafe, LengthKernel);
  for (const char* name : {"length", "octet_length"}) list.Add(name, {TypeId::kBlob}, kI, kLatchSafe, OctetLengthKernel);
  for (TypeId id : {kT, TypeId::kChar}) list.Add("octet_length", {id}, kI, kLatchSafe, OctetLengthKernel);
  list.Add("bit_length", {kT}, kI, kLatchSafe, BitLengthKernel);
  list.Add("bit_length", {TypeId::kBlob}, kI, kLatchSafe, BitLengthKernel);
  for (const char* name : {"ascii", "unicode"}) list.Add(name, {kT}, kI, kLatchSafe, AsciiKernel);
  for (const char* name : {"strpos", "position", "instr"}) list.Add(name, {kT, kT}, kI, kLatchSafe, PositionKernel);
  for (const char* name : {"starts_with", "^@"}) list.Add(name, {kT, kT}, TypeId::kBoolean, kLatchSafe, StartsWithKernel);
}

void AddTrims(FunctionList& list) {
  for (const char* name : {"trim", "btrim"}) {
    list.Add(name, {kT}, kT, 0, TrimKernel<true, true>);
    list.Add(name, {kT, kT}, kT, 0, TrimKernel<true, true>);
  }
  list.Add("ltrim", {kT}, kT, 0, TrimKernel<true, false>);
  list.Add("ltrim", {kT, kT}, kT, 0, TrimKernel<true, false>);
  list.Add("rtrim", {kT}, kT, 0, TrimKernel<false, true>);
  list.Add("rtrim", {kT, kT}, kT, 0, TrimKernel<false, true>);
}

}  // namespace

void AddStrings(FunctionList& list) {
  AddLengths(list);
  AddTrims(list);
  list.Add("upper", {kT}, kT, 0, UpperKernel);
  list.Add("lower", {kT}, kT, 0, LowerKernel);
  list.Add("reverse", {kT}, kT, 0, ReverseKernel);
  list.Add("initcap", {kT}, kT, 0, InitcapKernel);
  list.Add("quote_literal", {kT}, kT, 0, QuoteLiteralKernel);
  list.Add("quote_ident", {kT}, kT, 0, QuoteIdentKernel);
  list.Add("||", {kT, kT}, kT, kCanRaise, ConcatOperatorKernel);
  list.Add("||", {TypeId::kBlob, TypeId::kBlob}, TypeId::kBlob, kCanRaise, ConcatOperatorKernel);
  list.Add("||", {kAnyArgument, kT}, kT, kCanRaise, ConcatOperatorKernel, BindConcat);
  list.Add("||", {kT, kAnyArgument}, kT, kCanRaise, ConcatOperatorKernel, BindConcat);
  for (const char* name : {"substr", "substring"}) {
    list.Add(name, {kT, kI}, kT, 0, SubstringKernel);
    list.Add(name, {kT, kI, kI}, kT, kCanRaise, SubstringKernel);
    list.Add(name, {TypeId::kBlob, kI}, TypeId::kBlob, 0, BlobSubstringKernel);
    list.Add(name, {TypeId::kBlob, kI, kI}, TypeId::kBlob, kCanRaise, BlobSubstringKernel);
  }
  list.Add("left", {kT, kI}, kT, 0, LeftKernel);
  list.Add("right", {kT, kI}, kT, 0, RightKernel);
  list.Add("replace", {kT, kT, kT}, kT, kCanRaise, ReplaceKernel);
  list.Add("translate", {kT, kT, kT}, kT, 0, TranslateKernel);
  list.Add("lpad", {kT, kI}, kT, kCanRaise, PadKernel<true>);
  list.Add("lpad", {kT, kI, kT}, kT, kCanRaise, PadKernel<true>);
  list.Add("rpad", {kT, kI}, kT, kCanRaise, PadKernel<false>);
  list.Add("rpad", {kT, kI, kT}, kT, kCanRaise, PadKernel<false>);
  list.Add("repeat", {kT, kI}, kT, kCanRaise, RepeatKernel);
  list.Add("zeroblob", {TypeId::kInt64}, TypeId::kBlob, kCanRaise, ZeroBlobKernel);
  list.Add("split_part", {kT, kT, kI}, kT, kCanRaise, SplitPartKernel);
  list.Add("overlay", {kT, kT, kI}, kT, kCanRaise, OverlayKernel);
  list.Add("overlay", {kT, kT, kI, kI}, kT, kCanRaise, OverlayKernel);
  list.Add("chr", {kI}, kT, kCanRaise, ChrKernel);
  list.AddVariadic("concat", {kAnyArgument}, kT, kCanRaise | kStable | FunctionList::kNotStrict, ConcatKernel);
  list.AddVariadic("concat_ws", {kT, kAnyArgument}, kT, kCanRaise | kStable | FunctionList::kNotStrict,
                   ConcatWithSeparatorKernel);
  list.Add("format", {kT}, kT, kCanRaise | FunctionList::kNotStrict, FormatKernel);
  list.AddVariadic("format", {kT, kAnyArgument}, kT, kCanRaise | kStable | FunctionList::kNotStrict, FormatKernel);
}

}  // namespace turdb::function
