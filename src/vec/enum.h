// Values of enumerated types.
//
// A value is what orders it among the labels of its type, a zero byte, and the label: "3\0sad". So it compares, hashes and is
// indexed as its bytes are, and prints without anybody who knows the type. The order of a label is a text over '0' to 'z' that
// does not end in '0': between any two there is another (OrderBetween), and no label's order changes when others come.
#ifndef TURDB_VEC_ENUM_H_
#define TURDB_VEC_ENUM_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace turdb::vec {

std::string MakeEnum(std::string_view order, std::string_view label);
std::string_view LabelOf(std::string_view bytes);

// An order behind `low` and before `high`; an empty one of them means: no bound.
std::string OrderBetween(std::string_view low, std::string_view high);

}  // namespace turdb::vec

#endif  // TURDB_VEC_ENUM_H_
