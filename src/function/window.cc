#include "function/window.h"

namespace turdb::function {

using vec::TypeId;

namespace {

constexpr WindowFunction kFunctions[] = {
    {"row_number", WindowKind::kRowNumber, 0, 0, TypeId::kInt64, TypeId::kUnknown, 0},
    {"rank", WindowKind::kRank, 0, 0, TypeId::kInt64, TypeId::kUnknown, 0},
    {"dense_rank", WindowKind::kDenseRank, 0, 0, TypeId::kInt64, TypeId::kUnknown, 0},
    {"percent_rank", WindowKind::kPercentRank, 0, 0, TypeId::kDouble, TypeId::kUnknown, 0},
    {"cume_dist", WindowKind::kCumeDist, 0, 0, TypeId::kDouble, TypeId::kUnknown, 0},
    {"ntile", WindowKind::kNtile, 1, 1, TypeId::kInt32, TypeId::kInt32, 0},
    {"lag", WindowKind::kLag, 1, 3, TypeId::kUnknown, TypeId::kInt32, 1},
    {"lead", WindowKind::kLead, 1, 3, TypeId::kUnknown, TypeId::kInt32, 1},
    {"first_value", WindowKind::kFirstValue, 1, 1, TypeId::kUnknown, TypeId::kUnknown, 0},
    {"last_value", WindowKind::kLastValue, 1, 1, TypeId::kUnknown, TypeId::kUnknown, 0},
    {"nth_value", WindowKind::kNthValue, 2, 2, TypeId::kUnknown, TypeId::kInt32, 1},
};

}  // namespace

const WindowFunction* FindWindowFunction(std::string_view name) {
  for (const WindowFunction& function : kFunctions) {
    if (function.name == name) return &function;
  }
  return nullptr;
}

std::string_view NameOf(WindowKind kind) {
  for (const WindowFunction& function : kFunctions) {
    if (function.kind == kind) return function.name;
  }
  return {};
}

}  // namespace turdb::function
