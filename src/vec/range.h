// Ranges: two bounds of one type, as bytes behind a string view.
//
//   offset size
//   0      1     1 empty, 2 the lower bound belongs to it, 4 the upper one does, 8 it has no lower bound, 16 no upper one
//   then         the lower bound, then the upper one, where there is one: as it lies in a vector; numeric: its length (u32),
//   then
//                its bytes
//
// Ranges of integers and dates are kept in one form, [lower,upper). On disk: do not change (FORMAT.md of the table room,
// "Ranges").
#ifndef TURDB_VEC_RANGE_H_
#define TURDB_VEC_RANGE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "vec/text_context.h"
#include "vec/value.h"

namespace turdb::vec {

struct Range {
  bool empty = false;
  bool lower_inclusive = false;
  bool upper_inclusive = false;
  std::optional<Value> lower;  // nullopt: without end on this side
  std::optional<Value> upper;

  static Range Empty() {
    Range range;
    range.empty = true;
    return range;
  }
};

Range ReadRange(const Type& type, std::string_view bytes);
// Brings it into its one form first. Errors: 22000 the lower bound is above the upper one; 22003, 22008 a bound has no
// successor.
base::StatusOr<std::string> MakeRange(const Type& type, Range range);

// A bound as a place in the order of bounds.
struct RangeBound {
  const Value* value = nullptr;  // null: infinite
  bool inclusive = false;
  bool lower = false;
};
inline RangeBound LowerOf(const Range& range) { return {range.lower ? &*range.lower : nullptr, range.lower_inclusive, true}; }
inline RangeBound UpperOf(const Range& range) { return {range.upper ? &*range.upper : nullptr, range.upper_inclusive, false}; }
int CompareBounds(const RangeBound& a, const RangeBound& b);

// PostgreSQL's text form, [1,5), and what it reads. Errors: 22P02 malformed, those of MakeRange and of the bounds.
void AppendRange(const Type& type, std::string_view bytes, const TextContext& context, std::string* out);
base::StatusOr<Value> ParseRange(std::string_view text, const Type& type, const TextContext* context);

// The empty one first; by the lower bound, then by the upper one.
int CompareRanges(const Type& type, std::string_view a, std::string_view b);
uint64_t HashRange(const Type& type, std::string_view bytes);

}  // namespace turdb::vec

#endif  // TURDB_VEC_RANGE_H_
