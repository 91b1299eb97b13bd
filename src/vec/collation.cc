#include "vec/collation.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "vec/compare.h"
#include "vec/text_format.h"

namespace turdb::vec {
namespace {

constexpr NamedCollation kCollations[] = {
    {"default", Collation::kBinary},   {"C", Collation::kBinary},      {"POSIX", Collation::kBinary},
    {"ucs_basic", Collation::kBinary}, {"BINARY", Collation::kBinary}, {"NOCASE", Collation::kNoCase},
    {"RTRIM", Collation::kRTrim},
};

unsigned char Fold(char c) { return static_cast<unsigned char>(absl::ascii_tolower(static_cast<unsigned char>(c))); }

int CompareFolded(std::string_view a, std::string_view b) {
  const size_t common = std::min(a.size(), b.size());
  for (size_t i = 0; i < common; ++i) {
    const unsigned char x = Fold(a[i]), y = Fold(b[i]);
    if (x != y) return x < y ? -1 : 1;
  }
  return a.size() < b.size() ? -1 : static_cast<int>(a.size() > b.size());
}

}  // namespace

std::span<const NamedCollation> Collations() { return kCollations; }

const NamedCollation* FindCollation(std::string_view name) {
  const auto exact = [&](const NamedCollation& c) { return c.name == name; };
  const auto any_case = [&](const NamedCollation& c) { return absl::EqualsIgnoreCase(c.name, name); };
  const auto* found = std::find_if(std::begin(kCollations), std::end(kCollations), exact);
  if (found == std::end(kCollations)) found = std::find_if(std::begin(kCollations), std::end(kCollations), any_case);
  return found == std::end(kCollations) ? nullptr : found;
}

CollationId IdOf(const NamedCollation& collation) { return static_cast<CollationId>(&collation - std::begin(kCollations)); }

CollationId CollationOf(Collation order) {
  const auto* found =
      std::find_if(std::begin(kCollations), std::end(kCollations), [&](const NamedCollation& c) { return c.order == order; });
  return IdOf(*found);
}

int CompareTexts(Collation order, const StringView& a, const StringView& b) {
  switch (order) {
    case Collation::kBinary:
      break;
    case Collation::kNoCase:
      return CompareFolded(a.view(), b.view());
    case Collation::kRTrim:
      return TrimTrailingBlanks(a.view()).compare(TrimTrailingBlanks(b.view()));
  }
  return StringView::Compare(a, b);
}

bool EqualTexts(Collation order, const StringView& a, const StringView& b) {
  if (order == Collation::kBinary) return a == b;
  if (order == Collation::kNoCase && a.size() != b.size()) return false;
  return CompareTexts(order, a, b) == 0;
}

uint64_t HashText(Collation order, std::string_view text) {
  switch (order) {
    case Collation::kBinary:
      break;
    case Collation::kNoCase: {
      // A piece at a time, so that no text needs memory.
      uint64_t hash = text.size();
      char piece[64];
      for (size_t at = 0; at < text.size() || at == 0; at += sizeof(piece)) {
        const std::string_view part = text.substr(at, sizeof(piece));
        for (size_t i = 0; i < part.size(); ++i) piece[i] = static_cast<char>(Fold(part[i]));
        hash = CombineHash(hash, HashBytes(piece, part.size()));
      }
      return hash;
    }
    case Collation::kRTrim:
      text = TrimTrailingBlanks(text);
      break;
  }
  return HashBytes(text.data(), text.size());
}

std::string_view SortKey(Collation order, std::string_view text, std::string* scratch) {
  switch (order) {
    case Collation::kBinary:
      break;
    case Collation::kNoCase:
      *scratch = absl::AsciiStrToLower(text);
      return *scratch;
    case Collation::kRTrim:
      return TrimTrailingBlanks(text);
  }
  return text;
}

}  // namespace turdb::vec
