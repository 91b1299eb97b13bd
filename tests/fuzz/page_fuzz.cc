// One page of a tree. Whatever its bytes, FaultOfPage says so or everything that reads and changes pages may be let
// loose on it; and what a redo operation leaves behind is again a page without a fault.
//
// Input: u16 first bytes that follow, those bytes (from byte 4 of the page on), u16 last bytes, those bytes (up to the
// end of the page); then operations: u8 op, u16 length, payload.
#include <memory>

#include "absl/log/absl_log.h"
#include "btree/interior_node.h"
#include "btree/leaf.h"
#include "btree/node_check.h"
#include "btree/node_ops.h"
#include "fuzz/fuzz_input.h"

namespace turdb::btree {
namespace {

constexpr base::PageId kId{10, 1};

void Read(const std::byte* page) {
  if (!IsNode(page)) return;
  std::byte buffer[base::kMaxKeyBytes];
  if (!IsLeaf(page)) {
    for (size_t i = 0; i < PageHead(page).cell_count; ++i) {
      const Bytes key = interior::SeparatorAt(page, i, buffer);
      TURDB_CHECK_EQ(interior::FindChild(page, key).index, i + 1);
      TURDB_CHECK_EQ(interior::FindChildBelow(page, key).index, i);
    }
    return;
  }
  uint64_t sum = 0;
  for (size_t i = 0; i < leaf::Limit(page); ++i) {
    if (!leaf::UsedAt(page, i)) continue;
    const Bytes key = leaf::KeyAt(page, i, buffer);
    const leaf::Position at = leaf::Find(page, key);
    TURDB_CHECK(at.found);
    TURDB_CHECK_EQ(at.index, i);
    TURDB_CHECK_EQ(leaf::LowerBound(page, key), i);
    for (const std::byte b : leaf::ValueAt(page, i)) sum += static_cast<uint64_t>(b);
    sum += leaf::GhostAt(page, i) ? 1 : 0;
  }
  volatile uint64_t sink = sum;  // so that the loop stays
  (void)sink;
}

// Splits and merges as the running tree does them, on copies.
void Restructure(const std::byte* page, Bytes key, size_t value_size) {
  if (!IsLeaf(page) || !Covers(page, key) || (IsInt64Tree(page) && key.size() != 8)) return;
  if (leaf::Find(page, key).found || leaf::InsertFits(page, key, value_size)) return;
  leaf::SplitPlan plan;
  leaf::PlanSplit(page, key, value_size, /*replacing=*/false, &plan);
  PageCopy left(page), right;
  leaf::BuildRight(page, plan, right.bytes);
  TURDB_CHECK(leaf::TruncateFits(page, plan.first_right, plan.separator()));
  leaf::Truncate(left.bytes, plan.first_right, plan.separator(), 7);
  for (const std::byte* part : {left.bytes, right.bytes}) {
    const char* fault = FaultOfNode(part);
    if (fault != nullptr) ABSL_LOG(FATAL) << "after a split: " << fault;
    Read(part);
  }
  if (leaf::MergedBytes(left.bytes, right.bytes) > kPageSize - kNodeHeaderEnd) return;
  PageCopy merged;
  leaf::BuildMerged(left.bytes, right.bytes, merged.bytes);
  const char* fault = FaultOfNode(merged.bytes);
  if (fault != nullptr) ABSL_LOG(FATAL) << "after a merge: " << fault;
}

void Run(FuzzInput input) {
  const auto page = std::make_unique<PageCopy>();
  std::memset(page->bytes, 0, kPageSize);
  const Bytes head = input.Take(std::min<size_t>(input.Number<uint16_t>(), kPageSize - 4));
  std::copy(head.begin(), head.end(), page->bytes + 4);
  const Bytes tail = input.Take(std::min<size_t>(input.Number<uint16_t>(), kPageSize - 4 - head.size()));
  std::copy(tail.begin(), tail.end(), page->bytes + kPageSize - tail.size());
  if (FaultOfPage(kId, page->bytes) != nullptr) return;
  Read(page->bytes);
  while (!input.empty()) {
    const uint8_t op = input.Byte();
    const Bytes payload = input.Take(input.Number<uint16_t>());
    if (op < kFirstNodeOp) {
      Restructure(page->bytes, payload, op * size_t{64});
      continue;
    }
    if (!ApplyNodeOp(op, kId, page->bytes, payload).ok()) return;
    const char* fault = FaultOfPage(kId, page->bytes);
    if (fault != nullptr) ABSL_LOG(FATAL) << "after operation " << int{op} << ": " << fault;
    Read(page->bytes);
  }
}

}  // namespace
}  // namespace turdb::btree

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  turdb::btree::Run(turdb::FuzzInput(data, size));
  return 0;
}
