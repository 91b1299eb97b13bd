// to_char of numbers and to_number: PostgreSQL's templates ("9G999D99", "FM000.0", "S9.99EEEE", "RN" ...), with the separators
// of the C locale.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/format.h"
#include "function/builtins.h"
#include "vec/numeric.h"

namespace turdb::function {
namespace {

using vec::Numeric;

enum class Item : uint8_t { kNine, kZero, kPoint, kGroup, kMinus, kPlus, kPlusMinus, kCurrency, kOrdinal, kText };

struct TemplateItem {
  Item item;
  std::string text;  // of kText; of kOrdinal, whose case counts
};

// A template taken apart. Digit positions before the point count from the left.
struct Template {
  std::vector<TemplateItem> items;
  size_t before = 0, after = 0;  // digit positions; those after a V count as before
  size_t shift = 0;              // those after a V: the value is multiplied by as many tens
  size_t first_zero = SIZE_MAX;  // the first 0 before the point: from there on zeros fill up
  size_t last_zero = 0;          // how many positions after the point up to the last 0 there
  bool fill = true;              // no FM
  bool point = false;
  bool brackets = false;    // PR
  bool sign_ahead = false;  // S before all digits
  bool sign_behind = false;
  bool minus = false, plus = false;  // MI, PL; SG is both
  bool scientific = false;
  bool roman = false, roman_lower = false;
};

Status BadTemplate(std::string_view what) {
  return base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kSyntaxError, what);
}

// How a template's pattern is written, and what it does. Longer ones stand before their prefixes.
class TemplateParser {
 public:
  StatusOr<Template> Parse(std::string_view text) {
    while (!text.empty()) {
      if (text[0] == '"') {
        const size_t end = std::min(text.find('"', 1), text.size());
        AddText(text.substr(1, end - 1));
        text.remove_prefix(std::min(end + 1, text.size()));
        continue;
      }
      if (text[0] == '\\' && text.size() > 1 && text[1] == '"') text.remove_prefix(1);
      const size_t used = Pattern(text);
      if (!status_.ok()) return status_;
      if (used == 0) AddText(text.substr(0, 1));
      text.remove_prefix(std::max<size_t>(used, 1));
    }
    // Directly before the point a sign ahead of the digits has no place.
    if (result_.sign_ahead && result_.before == 0) std::swap(result_.sign_ahead, result_.sign_behind);
    return std::move(result_);
  }

 private:
  size_t Pattern(std::string_view text) {
    const auto is = [&](std::string_view word) { return absl::StartsWithIgnoreCase(text, word); };
    if (is("EEEE")) return result_.scientific = true, 4;
    if (is("FM")) return result_.fill = false, 2;
    if (is("MI")) return result_.minus = true, Add(Item::kMinus, 2);
    if (is("PL")) return result_.plus = true, Add(Item::kPlus, 2);
    if (is("SG")) return result_.minus = result_.plus = true, Add(Item::kPlusMinus, 2);
    if (is("PR")) return result_.brackets = true, 2;
    if (is("RN")) {
      result_.roman = true;
      result_.roman_lower = text[0] == 'r';
      return 2;
    }
    if (is("TH")) {
      result_.items.push_back({Item::kOrdinal, std::string(text.substr(0, 1))});
      return 2;
    }
    switch (text[0]) {
      case '9':
        return Digit(Item::kNine);
      case '0':
        return Digit(Item::kZero);
      case '.':
      case 'D':
      case 'd':
        if (result_.point) status_ = BadTemplate("multiple decimal points");
        if (shifting_) status_ = BadTemplate("cannot use \"V\" and decimal point together");
        result_.point = true;
        return Add(Item::kPoint, 1);
      case ',':
      case 'G':
      case 'g':
        return Add(Item::kGroup, 1);
      case 'S':
      case 's':
        if (result_.sign_ahead || result_.sign_behind) status_ = BadTemplate("cannot use \"S\" twice");
        (result_.before == 0 && !result_.point ? result_.sign_ahead : result_.sign_behind) = true;
        return 1;
      case 'V':
      case 'v':
        if (result_.point) status_ = BadTemplate("cannot use \"V\" and decimal point together");
        shifting_ = true;
        return 1;
      case 'L':
      case 'l':
        return Add(Item::kCurrency, 1);
      case 'B':
      case 'b':
        return 1;
      default:
        return 0;
    }
  }
  size_t Add(Item item, size_t used) {
    result_.items.push_back({item, {}});
    return used;
  }
  size_t Digit(Item item) {
    if (result_.point) {
      ++result_.after;
      if (item == Item::kZero) result_.last_zero = result_.after;
    } else {
      if (item == Item::kZero && result_.first_zero == SIZE_MAX) result_.first_zero = result_.before;
      ++result_.before;
      if (shifting_) ++result_.shift;
    }
    return Add(item, 1);
  }
  void AddText(std::string_view text) { result_.items.push_back({Item::kText, std::string(text)}); }

  Template result_;
  Status status_;
  bool shifting_ = false;
};

std::string Roman(const Numeric& value, bool fill, bool lower) {
  constexpr size_t kWidth = 15;  // of MMMDCCCLXXXVIII, the longest
  const std::optional<vec::Int128> number = value.ToInt128();
  if (!number || *number < 1 || *number > 3999) return std::string(kWidth, '#');
  constexpr std::pair<int, std::string_view> kParts[] = {{1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"},
                                                         {90, "XC"},  {50, "L"},   {40, "XL"}, {10, "X"},   {9, "IX"},
                                                         {5, "V"},    {4, "IV"},   {1, "I"}};
  std::string roman;
  int left = static_cast<int>(*number);
  for (const auto& [worth, text] : kParts) {
    for (; left >= worth; left -= worth) roman.append(text);
  }
  if (lower) roman = absl::AsciiStrToLower(roman);
  return fill ? std::string(kWidth - roman.size(), ' ') + roman : roman;
}

std::string_view OrdinalSuffix(std::string_view digits) {
  const char last = digits.back();
  const bool teen = digits.size() > 1 && digits[digits.size() - 2] == '1';
  if (teen || last == '0' || last > '3') return "th";
  return last == '1' ? "st" : last == '2' ? "nd" : "rd";
}

// The digits of a value as its template shows them.
class Writer {
 public:
  Writer(const Template& made, const Numeric& value) : t_(made) {
    std::string digits;
    if (value.is_finite()) {
      Numeric scaled = value.Abs();
      if (t_.shift != 0) scaled = scaled * TenTo(t_.shift);
      scaled = scaled.Round(static_cast<int>(t_.after));
      negative_ = value.is_negative() && !scaled.is_zero();
      digits = scaled.ToString();
    }
    const size_t point = std::min(digits.find('.'), digits.size());
    whole_ = digits.substr(0, point);
    part_ = point < digits.size() ? digits.substr(point + 1) : "";
    part_.resize(t_.after, '0');
    overflows_ = !value.is_finite() || whole_.size() > t_.before;
    if (overflows_) {
      whole_.assign(t_.before, '#');
      part_.assign(t_.after, '#');
    }
    shown_after_ = t_.after;
    if (!t_.fill) {
      const size_t last = part_.find_last_not_of('0');
      shown_after_ = std::max(t_.last_zero, last == std::string::npos ? 0 : last + 1);
    }
    const bool own_sign = t_.sign_ahead || t_.sign_behind || t_.brackets;
    leads_ = t_.sign_ahead || t_.brackets || (!own_sign && !t_.minus);
  }

  std::string Write() {
    const size_t digits = t_.before + t_.after;
    for (const TemplateItem& item : t_.items) {
      WriteItem(item);
      const bool digit = item.item == Item::kNine || item.item == Item::kZero;
      if (digit && at_ == digits) Close();
    }
    return std::move(out_);
  }

 private:
  static Numeric TenTo(size_t power) { return *Numeric::Parse(absl::StrCat("1", std::string(power, '0'))); }

  void WriteItem(const TemplateItem& item) {
    switch (item.item) {
      case Item::kNine:
      case Item::kZero:
        return WriteDigit(at_++);
      case Item::kPoint:
        if (t_.after == 0 && !overflows_) return;
        WriteSign();
        out_.push_back('.');
        return;
      case Item::kGroup:
        return seen_ ? out_.push_back(',') : Blank();
      case Item::kMinus:
        return negative_ ? out_.push_back('-') : Blank();
      case Item::kPlus:
        return negative_ ? Blank() : out_.push_back('+');
      case Item::kPlusMinus:
        return out_.push_back(negative_ ? '-' : '+');
      case Item::kOrdinal:
        if (negative_ || overflows_ || t_.point) return;
        out_.append(item.text == "T" ? absl::AsciiStrToUpper(OrdinalSuffix(whole_)) : std::string(OrdinalSuffix(whole_)));
        return;
      case Item::kCurrency:
        return out_.push_back(' ');  // the C locale has no currency
      case Item::kText:
        out_.append(item.text);
    }
  }

  void WriteDigit(size_t place) {
    if (place >= t_.before) {
      const size_t i = place - t_.before;
      if (i < shown_after_) out_.push_back(part_[i]);
      return;
    }
    const size_t from_right = t_.before - 1 - place;
    const bool zero_filled = place >= t_.first_zero;
    if (from_right >= whole_.size()) {
      if (!zero_filled) return Blank();
      return WriteVisible('0');
    }
    // A lone zero before the point shows only where a 0 asks for it, or where nothing else would.
    if (whole_ == "0" && t_.after != 0 && t_.first_zero == SIZE_MAX && (t_.fill || shown_after_ != 0)) return Blank();
    WriteVisible(whole_[whole_.size() - 1 - from_right]);
  }

  void WriteVisible(char c) {
    WriteSign();
    seen_ = true;
    out_.push_back(c);
  }

  // The sign that stands directly before what is seen of the number.
  void WriteSign() {
    if (!leads_) return;
    leads_ = false;
    if (t_.brackets) return negative_ ? out_.push_back('<') : Blank();
    if (t_.sign_ahead) return out_.push_back(negative_ ? '-' : '+');
    negative_ ? out_.push_back('-') : Blank();
  }

  // After the last digit.
  void Close() {
    if (t_.brackets) return negative_ ? out_.push_back('>') : Blank();
    if (t_.sign_behind) out_.push_back(negative_ ? '-' : '+');
  }

  void Blank() {
    if (t_.fill) out_.push_back(' ');
  }

  const Template& t_;
  std::string whole_, part_, out_;
  bool negative_ = false, overflows_ = false, leads_ = false, seen_ = false;
  size_t shown_after_ = 0, at_ = 0;
};

// One digit, a point, the others, and the power of ten.
std::string Scientific(const Template& t, const Numeric& value) {
  if (!value.is_finite()) return std::string(t.before + t.after + 6, '#');
  const Numeric magnitude = value.Abs();
  int exponent = magnitude.is_zero() ? 0 : magnitude.exponent10();
  const auto digits_at = [&](int power) {
    const Numeric ten = *Numeric::Parse(absl::StrCat("1e", -power));
    return (magnitude * ten).Round(static_cast<int>(t.after)).ToString();
  };
  std::string digits = digits_at(exponent);
  if (digits.starts_with("10")) digits = digits_at(++exponent);
  const std::string sign = value.is_negative() ? "-" : t.sign_ahead ? "+" : t.fill ? " " : "";
  return absl::StrCat(sign, digits, base::Format("e%c%02d", exponent < 0 ? '-' : '+', std::abs(exponent)));
}

StatusOr<std::string> FormatNumber(std::string_view text, const Numeric& value) {
  TURDB_ASSIGN_OR_RETURN(const Template made, TemplateParser().Parse(text));
  if (made.roman) return Roman(value, made.fill, made.roman_lower);
  if (made.scientific) return Scientific(made, value);
  return Writer(made, value).Write();
}

// to_number: digits, signs and the point are taken where the template has them; PostgreSQL's steps, one for one, since what
// is lenient about it follows from them.
class NumberReader {
 public:
  NumberReader(const Template& made, std::string_view text) : t_(made), text_(text) {}

  StatusOr<Numeric> Read() {
    for (const TemplateItem& item : t_.items) {
      if (AtEnd()) break;
      if (ReadItem(item)) ++at_;
    }
    if (digits_.ends_with('.')) digits_.pop_back();
    const std::string number = absl::StrCat(std::string(1, sign_), digits_);
    const std::optional<Numeric> read = Numeric::Parse(std::string(absl::StripAsciiWhitespace(number)));
    if (!read.has_value()) {
      return base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidText,
                             absl::StrCat("invalid input syntax for type numeric: \"", number, "\""));
    }
    const size_t scale = after_, precision = t_.before + scale;
    const size_t whole = std::min(digits_.find('.'), digits_.size());
    if (whole - std::min(digits_.find_first_not_of('0'), whole) > t_.before) {
      return base::WithFrame(
          base::MakeError(absl::StatusCode::kOutOfRange, base::sqlstate::kNumericOutOfRange, "numeric field overflow"),
          absl::StrCat("A field with precision ", precision, ", scale ", scale, " must round to an absolute value less than ",
                       t_.before == 0 ? "1" : absl::StrCat("10^", t_.before), "."));
    }
    if (t_.shift == 0) return *read;
    return *read * *Numeric::Parse(absl::StrCat("0.", std::string(t_.shift - 1, '0'), "1",
                                                std::string(t_.shift < 16 ? 16 - t_.shift : 0, '0')));
  }

 private:
  bool AtEnd() const { return at_ >= text_.size(); }
  bool At(char c) const { return !AtEnd() && text_[at_] == c; }
  bool AtDigit() const { return !AtEnd() && absl::ascii_isdigit(static_cast<unsigned char>(text_[at_])); }
  bool locale_sign() const { return t_.sign_ahead || t_.sign_behind; }

  // A character, whatever it is.
  void Pass() {
    ++at_;
    while (!AtEnd() && (static_cast<unsigned char>(text_[at_]) & 0xc0) == 0x80) ++at_;
  }
  void PassWhatIsNoNumber(int characters) {
    for (; characters > 0 && !AtEnd() && std::string_view("0123456789.,+-").find(text_[at_]) == std::string_view::npos;
         --characters) {
      Pass();
    }
  }
  bool TakeSign(bool minus, bool plus) {
    if ((minus && At('-')) || (plus && At('+'))) return sign_ = text_[at_], true;
    PassWhatIsNoNumber(1);
    return false;
  }

  // Whether it stands on the last character that it read, and not behind.
  bool ReadItem(const TemplateItem& item) {
    switch (item.item) {
      case Item::kNine:
      case Item::kZero:
        return ReadDigit(true), true;
      case Item::kPoint:
        return ReadDigit(false), true;
      case Item::kGroup:
        return t_.fill && At(',');
      case Item::kCurrency:
        return PassWhatIsNoNumber(1), false;
      case Item::kOrdinal:
        if (sign_ != '-' && !t_.point) PassWhatIsNoNumber(2);
        return false;
      case Item::kMinus:
        return TakeSign(true, false);
      case Item::kPlus:
        return TakeSign(false, true);
      case Item::kPlusMinus:
        return TakeSign(true, true);
      case Item::kText:
        return Pass(), false;
    }
    return false;
  }

  void ReadDigit(bool digit_place) {
    if (At(' ')) ++at_;
    if (AtEnd()) return;
    if (sign_ == ' ' && digit_place && before_ + after_ == 0) {
      if (At('-') || (!locale_sign() && t_.brackets && At('<'))) {
        if (!locale_sign() || t_.sign_ahead) sign_ = '-', ++at_;
      } else if (At('+')) {
        if (!locale_sign() || t_.sign_ahead) sign_ = '+', ++at_;
      }
    }
    if (AtEnd()) return;
    bool read = false;
    if (AtDigit()) {
      if (point_ && after_ == t_.after) return;
      digits_.push_back(text_[at_]);
      ++(point_ ? after_ : before_);
      read = true;
    } else if (t_.point && !point_ && At('.')) {
      digits_.push_back('.');
      point_ = read = true;
    }
    if (sign_ != ' ' || before_ + after_ == 0) return;
    if (locale_sign()) {  // directly behind the last digit
      const char next = read && at_ + 1 < text_.size() ? text_[at_ + 1] : ' ';
      if (next == '-' || next == '+') sign_ = next, ++at_;
    } else if (!read && (t_.plus || t_.minus) && (At('-') || At('+'))) {
      sign_ = text_[at_];
    }
  }

  const Template& t_;
  const std::string_view text_;
  size_t at_ = 0, before_ = 0, after_ = 0;
  char sign_ = ' ';
  bool point_ = false;
  std::string digits_;
};

StatusOr<Numeric> ReadNumber(std::string_view format, std::string_view text) {
  TURDB_ASSIGN_OR_RETURN(const Template made, TemplateParser().Parse(format));
  for (const bool roman : {true, false}) {
    if (!(roman ? made.roman : made.scientific)) continue;
    return base::MakeError(absl::StatusCode::kUnimplemented, base::sqlstate::kFeatureNotSupported,
                           absl::StrCat("\"", roman ? "RN" : "EEEE", "\" not supported for input"));
  }
  return NumberReader(made, text).Read();
}

void ToNumberKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const std::string_view format = call.args[1].Get<StringView>(row).view();
    if (format.empty()) return call.result->SetNull(row);
    StatusOr<Numeric> number = ReadNumber(format, call.args[0].Get<StringView>(row).view());
    if (!number.ok()) return call.RaiseStatus(row, number.status());
    call.result->SetString(row, number->ToBytes());
  });
}

template <typename T>
Numeric NumberAt(const Call& call, SelIndex row) {
  if constexpr (std::is_same_v<T, StringView>) {
    return Numeric::FromBytes(call.args[0].Get<StringView>(row).view());
  } else if constexpr (std::is_same_v<T, double>) {
    return Numeric::FromDouble(call.args[0].Get<double>(row));
  } else {
    return Numeric(call.args[0].Get<T>(row));
  }
}

template <typename T>
void ToCharKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    StatusOr<std::string> text = FormatNumber(call.args[1].Get<StringView>(row).view(), NumberAt<T>(call, row));
    if (!text.ok()) return call.RaiseStatus(row, text.status());
    call.result->SetString(row, *text);
  });
}

}  // namespace

void AddNumberFormat(FunctionList& list) {
  constexpr TypeId kText = TypeId::kText;
  list.Add("to_char", {TypeId::kInt32, kText}, kText, kCanRaise, ToCharKernel<int32_t>);
  list.Add("to_char", {TypeId::kInt64, kText}, kText, kCanRaise, ToCharKernel<int64_t>);
  list.Add("to_char", {TypeId::kNumeric, kText}, kText, kCanRaise, ToCharKernel<StringView>);
  list.Add("to_char", {TypeId::kDouble, kText}, kText, kCanRaise, ToCharKernel<double>);
  list.Add("to_number", {kText, kText}, TypeId::kNumeric, kCanRaise, ToNumberKernel);
}

}  // namespace turdb::function
