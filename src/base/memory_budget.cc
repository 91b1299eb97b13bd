#include "base/memory_budget.h"

#include "absl/strings/str_cat.h"

namespace turdb::base {

bool MemoryBudget::TryReserve(int64_t bytes) {
  const int64_t before = used_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  if (before + bytes > limit_bytes()) {
    used_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }
  NotePeak(before + bytes);
  return true;
}

void MemoryBudget::ReserveBeyondLimit(int64_t bytes) {
  NotePeak(used_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes);
}

void MemoryBudget::NotePeak(int64_t used_bytes) {
  int64_t peak = peak_bytes_.load(std::memory_order_relaxed);
  while (used_bytes > peak && !peak_bytes_.compare_exchange_weak(peak, used_bytes, std::memory_order_relaxed)) {
  }
}

Status MemoryBudget::Reserve(int64_t bytes, std::string_view purpose) {
  if (TryReserve(bytes)) return absl::OkStatus();
  return WithHint(OutOfMemoryError(absl::StrCat("memory limit reached: ", purpose, " needs ", bytes, " bytes, ", used_bytes(),
                                                " of ", limit_bytes(), " are in use")),
                  "raise memory_limit, or lower the memory other statements hold");
}

}  // namespace turdb::base
