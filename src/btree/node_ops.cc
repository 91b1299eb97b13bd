#include "btree/node_ops.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/common_bytes.h"
#include "btree/interior_node.h"
#include "btree/leaf.h"
#include "btree/node_check.h"
#include "btree/overflow_page.h"

namespace turdb::btree {

using base::LoadLE;
using base::Status;
using base::StoreLE;

Splice SpliceBetween(Bytes from, Bytes to) {
  const size_t head = base::CommonPrefixBytes(from, to);
  const size_t tail = base::CommonSuffixBytes(from.subspan(head), to.subspan(head));
  return {head, from.subspan(head, from.size() - head - tail), to.subspan(head, to.size() - head - tail)};
}

void EncodeSpliceHeader(const Splice& splice, std::byte* to) {
  StoreLE(to, static_cast<uint16_t>(splice.offset));
  StoreLE(to + 2, static_cast<uint16_t>(splice.old.size()));
  StoreLE(to + 4, static_cast<uint16_t>(splice.now.size()));
}

bool ApplySplice(const Splice& splice, Bytes value, std::byte* to, size_t* size) {
  if (splice.offset + splice.old.size() > value.size()) return false;
  const size_t new_size = value.size() - splice.old.size() + splice.now.size();
  if (new_size > base::kMaxValueBytes) return false;
  const Bytes tail = value.subspan(splice.offset + splice.old.size());
  if (splice.offset != 0) std::memcpy(to, value.data(), splice.offset);
  if (!splice.now.empty()) std::memcpy(to + splice.offset, splice.now.data(), splice.now.size());
  if (!tail.empty()) std::memcpy(to + splice.offset + splice.now.size(), tail.data(), tail.size());
  *size = new_size;
  return true;
}

bool DecodeEntryPayload(NodeOp op, Bytes payload, EntryPayload* decoded) {
  if (payload.size() < 2) return false;
  const size_t key_size = LoadLE<uint16_t>(payload.data());
  if (key_size > base::kMaxKeyBytes || payload.size() < 2 + key_size) return false;
  decoded->key = payload.subspan(2, key_size);
  const Bytes rest = payload.subspan(2 + key_size);
  switch (op) {
    case NodeOp::kInsert:
      decoded->value = rest;
      return rest.size() <= base::kMaxValueBytes;
    case NodeOp::kGhost:
    case NodeOp::kRemove:
      return rest.empty();
    case NodeOp::kUpdate:
    case NodeOp::kRevive:
    case NodeOp::kUnrevive: {
      if (rest.size() < kSpliceHeaderBytes) return false;
      const size_t old_size = LoadLE<uint16_t>(rest.data() + 2), new_size = LoadLE<uint16_t>(rest.data() + 4);
      if (rest.size() != kSpliceHeaderBytes + old_size + new_size) return false;
      decoded->splice = {LoadLE<uint16_t>(rest.data()), rest.subspan(kSpliceHeaderBytes, old_size),
                         rest.subspan(kSpliceHeaderBytes + old_size)};
      return true;
    }
    default:
      return false;
  }
}

namespace {

Status Mismatch(uint8_t op, base::PageId id, std::string_view why) {
  return base::CorruptionError(absl::StrCat("redoing operation ", op, " on page ", id.page, " of file ", id.file, ": ", why));
}

// The changes of one entry. Null: done; otherwise what does not fit.
const char* ApplyEntryOp(NodeOp op, std::byte* page, Bytes payload) {
  EntryPayload entry;
  if (!DecodeEntryPayload(op, payload, &entry)) return "malformed payload";
  if (!IsLeaf(page)) return "the page is not a leaf";
  if (IsInt64Tree(page) && entry.key.size() != 8) return "the key is not an int64";
  if (!Covers(page, entry.key)) return "the key lies outside the leaf";
  const leaf::Position at = leaf::Find(page, entry.key);
  if (op == NodeOp::kInsert) {
    if (at.found || !leaf::InsertFits(page, entry.key, entry.value.size())) return "the entry is there already or has no room";
    leaf::Insert(page, entry.key, entry.value, false);
    return nullptr;
  }
  if (!at.found) return "there is no such entry";
  if (op == NodeOp::kRemove) {
    leaf::RemoveAt(page, at.index);
    return nullptr;
  }
  if (op == NodeOp::kGhost) {
    leaf::SetGhost(page, at.index, true);
    return nullptr;
  }
  std::byte value[base::kMaxValueBytes];
  size_t size = 0;
  if (!ApplySplice(entry.splice, leaf::ValueAt(page, at.index), value, &size)) return "the splice exceeds the value";
  if (!leaf::ReplaceFits(page, at.index, size)) return "the new value has no room";
  leaf::Replace(page, at.index, Bytes(value, size));
  if (op == NodeOp::kRevive) leaf::SetGhost(page, at.index, false);
  if (op == NodeOp::kUnrevive) leaf::SetGhost(page, at.index, true);
  return nullptr;
}

const char* ApplyPurge(std::byte* page, Bytes payload) {
  if (!IsLeaf(page) || payload.size() % 2 != 0) return "not a leaf, or malformed payload";
  for (size_t at = payload.size(); at > 0; at -= 2) {
    const size_t index = LoadLE<uint16_t>(payload.data() + at - 2);
    if (index >= leaf::Limit(page) || !leaf::UsedAt(page, index)) return "there is no such entry";
    leaf::RemoveAt(page, index);
  }
  return nullptr;
}

const char* ApplyTruncate(std::byte* page, Bytes payload) {
  if (!IsLeaf(page) || payload.size() < 7 || payload.size() > 6 + base::kMaxKeyBytes) return "not a leaf, or malformed payload";
  const size_t first_right = LoadLE<uint16_t>(payload.data());
  const Bytes separator = payload.subspan(6);
  if (!leaf::TruncateFits(page, first_right, separator)) return "the leaf cannot be cut there";
  leaf::Truncate(page, first_right, separator, LoadLE<uint32_t>(payload.data() + 2));
  return nullptr;
}

const char* ApplyInsertSeparator(std::byte* page, Bytes payload) {
  if (PageHead(page).kind != PageKind::kInterior || payload.size() < 5) return "not an interior node, or malformed payload";
  const Bytes separator = payload.subspan(4);
  const PageNo right = LoadLE<uint32_t>(payload.data());
  if (separator.size() > (IsInt64Tree(page) ? 8 : base::kMaxKeyBytes) || !interior::IsShortest(page, separator) ||
      right == base::kNoPage || !Covers(page, separator) || base::CompareBytes(separator, LowerFence(page)) == 0 ||
      !interior::InsertFits(page, separator.size()) ||
      interior::FindChild(page, separator).index != interior::FindChildBelow(page, separator).index) {
    return "the separator does not fit the node";
  }
  interior::InsertSeparator(page, separator, right);
  return nullptr;
}

const char* ApplyRemoveSeparator(std::byte* page, Bytes payload) {
  if (PageHead(page).kind != PageKind::kInterior || payload.size() != 2) return "not an interior node, or malformed payload";
  const size_t index = LoadLE<uint16_t>(payload.data());
  if (index >= PageHead(page).cell_count) return "there is no such separator";
  interior::RemoveSeparator(page, index);
  return nullptr;
}

const char* ApplySetChild(std::byte* page, Bytes payload) {
  if (PageHead(page).kind != PageKind::kInterior || payload.size() != 6) return "not an interior node, or malformed payload";
  const size_t index = LoadLE<uint16_t>(payload.data());
  const PageNo child = LoadLE<uint32_t>(payload.data() + 2);
  if (index > PageHead(page).cell_count || child == base::kNoPage) return "there is no such child";
  interior::SetChild(page, index, child);
  return nullptr;
}

const char* ApplySetNextLeaf(std::byte* page, Bytes payload) {
  if (!IsLeaf(page) || payload.size() != 4) return "not a leaf, or malformed payload";
  Header(page).next_leaf = LoadLE<uint32_t>(payload.data());
  return nullptr;
}

}  // namespace

Status ApplyNodeOp(uint8_t op, base::PageId id, std::byte* page, Bytes payload) {
  const char* why = nullptr;
  switch (static_cast<NodeOp>(op)) {
    case NodeOp::kInsert:
    case NodeOp::kUpdate:
    case NodeOp::kGhost:
    case NodeOp::kRevive:
    case NodeOp::kUnrevive:
    case NodeOp::kRemove:
      why = ApplyEntryOp(static_cast<NodeOp>(op), page, payload);
      break;
    case NodeOp::kPurge:
      why = ApplyPurge(page, payload);
      break;
    case NodeOp::kImage:
      why = NodeImageIsSound(payload) ? nullptr : "malformed node image";
      if (why != nullptr) break;
      ApplyNodeImage(page, payload);
      why = FaultOfNode(page);
      break;
    case NodeOp::kTruncate:
      why = ApplyTruncate(page, payload);
      break;
    case NodeOp::kInsertSeparator:
      why = ApplyInsertSeparator(page, payload);
      break;
    case NodeOp::kRemoveSeparator:
      why = ApplyRemoveSeparator(page, payload);
      break;
    case NodeOp::kSetChild:
      why = ApplySetChild(page, payload);
      break;
    case NodeOp::kSetNextLeaf:
      why = ApplySetNextLeaf(page, payload);
      break;
    case NodeOp::kOverflowTaken:
      break;
    case NodeOp::kOverflowPage:
      why = ApplyOverflowPage(page, payload);
      break;
    case NodeOp::kOverflowField:
      why = ApplyOverflowField(page, payload);
      break;
    case NodeOp::kFreeLater:
      why = ApplyFreeLater(page, payload);
      break;
    default:
      why = "unknown operation";
  }
  return why == nullptr ? absl::OkStatus() : Mismatch(op, id, why);
}

}  // namespace turdb::btree
