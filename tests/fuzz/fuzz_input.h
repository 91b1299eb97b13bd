// A fuzzer's bytes, taken apart from the front. What is asked for beyond the end is zero or empty.
#ifndef TURDB_TESTS_FUZZ_FUZZ_INPUT_H_
#define TURDB_TESTS_FUZZ_FUZZ_INPUT_H_

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/bytes.h"

namespace turdb {

class FuzzInput {
 public:
  FuzzInput(const uint8_t* data, size_t size) : rest_(reinterpret_cast<const std::byte*>(data), size) {}

  bool empty() const { return rest_.empty(); }
  size_t size() const { return rest_.size(); }
  base::Bytes Take(size_t size) {
    const base::Bytes taken = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  template <typename T>
  T Number() {
    T value = 0;
    const base::Bytes taken = Take(sizeof(T));
    if (!taken.empty()) std::memcpy(&value, taken.data(), taken.size());
    return value;
  }
  uint8_t Byte() { return Number<uint8_t>(); }
  // Bytes behind a length of one byte.
  base::Bytes Short() { return Take(Byte()); }

 private:
  base::Bytes rest_;
};

}  // namespace turdb

#endif  // TURDB_TESTS_FUZZ_FUZZ_INPUT_H_
