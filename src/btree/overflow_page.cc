#include "btree/overflow_page.h"

#include <cstring>

#include "btree/node.h"

namespace turdb::btree {

namespace {

bool IsOverflow(const std::byte* page) { return PageHead(page).kind == PageKind::kOverflow; }

}  // namespace

const char* ApplyOverflowPage(std::byte* page, Bytes payload) {
  if (payload.size() < sizeof(OverflowHeader) || payload.size() > sizeof(OverflowHeader) + kOverflowDataBytes) {
    return "malformed overflow page";
  }
  OverflowHeader head;
  std::memcpy(&head, payload.data(), sizeof(head));
  const Bytes data = payload.subspan(sizeof(head));
  if (!IsOverflow(page) || head.data_bytes != data.size()) return "malformed overflow page";
  OverflowHead(page) = head;
  if (!data.empty()) std::memcpy(page + kOverflowDataBegin, data.data(), data.size());
  return nullptr;
}

const char* ApplyOverflowField(std::byte* page, Bytes payload) {
  if (payload.size() != 6) return "malformed payload";
  const size_t offset = base::LoadLE<uint16_t>(payload.data());
  const size_t in_header = offset - storage::kPageHeaderBytes;
  const bool known = IsOverflow(page) ? in_header == offsetof(OverflowHeader, next_page) ||
                                            in_header == offsetof(OverflowHeader, pending_previous) ||
                                            in_header == offsetof(OverflowHeader, pending_next) ||
                                            in_header == offsetof(OverflowHeader, pending)
                                      : IsNode(page) && in_header == offsetof(NodeHeader, first_pending);
  if (!known) return "no such field";
  base::StoreLE(page + offset, base::LoadLE<uint32_t>(payload.data() + 2));
  return nullptr;
}

const char* ApplyFreeLater(std::byte* page, Bytes payload) {
  if (!IsOverflow(page) || payload.size() != 4) return "not an overflow page, or malformed payload";
  OverflowHeader& head = OverflowHead(page);
  if (head.pending != 0) return "the chain is pending already";
  head.pending = 1;
  head.pending_previous = base::kNoPage;
  head.pending_next = base::LoadLE<uint32_t>(payload.data());
  return nullptr;
}

}  // namespace turdb::btree
