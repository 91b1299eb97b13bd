// Collations: in which order texts compare, and which of them are equal.
//
// How a text compares is part of its Type (`Type::collation`), so that whoever has a type and two values needs nothing
// else: comparison, hash, key codec, sort. What SQL calls collations are names for these orders (`FindCollation`); several
// names may mean one. Two texts are equal exactly when their sort keys are the same bytes, and compare as these do.
//
// NOCASE and RTRIM are SQLite's: NOCASE folds the 26 letters of ASCII, nothing else; RTRIM leaves out blanks at the end.
// Orders of languages are not here: they need a library and tables of a megabyte and more.
#ifndef TURDB_VEC_COLLATION_H_
#define TURDB_VEC_COLLATION_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "vec/string_view.h"
#include "vec/type.h"

namespace turdb::vec {

// By number in `Collations()`. The first is what everything has that nobody gave another.
using CollationId = uint8_t;
inline constexpr CollationId kDefaultCollation = 0;

struct NamedCollation {
  std::string_view name;
  Collation order;
};
std::span<const NamedCollation> Collations();
// Exactly as it is called, or else in any case of letters; null: there is none.
const NamedCollation* FindCollation(std::string_view name);
CollationId IdOf(const NamedCollation& collation);
// The name for an order that nobody named.
CollationId CollationOf(Collation order);

int CompareTexts(Collation order, const StringView& a, const StringView& b);
bool EqualTexts(Collation order, const StringView& a, const StringView& b);
uint64_t HashText(Collation order, std::string_view text);
// What is left of a text when all that the order does not see is gone: a view of `text`, or of `*scratch`.
std::string_view SortKey(Collation order, std::string_view text, std::string* scratch);

}  // namespace turdb::vec

#endif  // TURDB_VEC_COLLATION_H_
