#include "vec/enum.h"

#include "absl/strings/str_cat.h"

namespace turdb::vec {

namespace {

constexpr char kLeast = '0';
constexpr char kMost = 'z';

}  // namespace

std::string MakeEnum(std::string_view order, std::string_view label) {
  return absl::StrCat(order, std::string_view("\0", 1), label);
}

std::string_view LabelOf(std::string_view bytes) {
  const size_t end = bytes.find('\0');
  return end == std::string_view::npos ? bytes : bytes.substr(end + 1);
}

// Digits of a fraction: where both agree they are kept, then comes one in the middle, or, where there is none, the lower one's
// and the search goes on behind it, without an upper bound.
std::string OrderBetween(std::string_view low, std::string_view high) {
  std::string order;
  const bool last = high.empty();
  bool bounded = !last;
  for (size_t i = 0;; ++i) {
    const int least = i < low.size() ? low[i] : kLeast;
    const int most = bounded ? (i < high.size() ? high[i] : kLeast) : kMost + 1;
    if (most - least > 1) {
      // Behind the last label there is room for many more; between two, the middle leaves most on either side.
      const int step = last && i + 1 >= low.size() ? 1 : (most - least) / 2;
      order.push_back(static_cast<char>(least + step));
      return order;
    }
    order.push_back(static_cast<char>(least));
    if (most != least) bounded = false;
  }
}

}  // namespace turdb::vec
