// What the tree from row keys to nodes calls a row key (FORMAT.md).
#ifndef TURDB_HNSW_TREE_KEY_H_
#define TURDB_HNSW_TREE_KEY_H_

#include <cstddef>
#include <string>

#include "base/bytes.h"
#include "hnsw/index.h"

namespace turdb::hnsw {

// Wide keys: both ways in one tree.
inline constexpr std::byte kKeyTag{0};   // then the row key -> u32 place
inline constexpr std::byte kNodeTag{1};  // then the place, big-endian -> the row key

// What the tree calls a row key.
class TreeKey {
 public:
  TreeKey(const IndexOptions& options, Bytes row_key) {
    if (!options.wide_keys) {
      key_ = row_key;
      return;
    }
    bytes_.push_back(static_cast<char>(kKeyTag));
    bytes_.append(base::AsText(row_key));
    key_ = base::AsBytes(bytes_);
  }
  explicit TreeKey(Place place) {
    bytes_.resize(5);
    bytes_[0] = static_cast<char>(kNodeTag);
    base::StoreBE(reinterpret_cast<std::byte*>(bytes_.data()) + 1, place);
    key_ = base::AsBytes(bytes_);
  }
  TreeKey(const TreeKey&) = delete;
  TreeKey& operator=(const TreeKey&) = delete;
  Bytes bytes() const { return key_; }

 private:
  std::string bytes_;
  Bytes key_;
};

// Of an entry of the tree: the node of a row key; kNoPlace, where it is a way back.
inline Place PlaceOfEntry(const IndexOptions& options, Bytes key, Bytes value) {
  if (options.wide_keys && (key.empty() || key[0] != kKeyTag)) return kNoPlace;
  return value.size() == sizeof(Place) ? base::LoadLE<uint32_t>(value.data()) : kNoPlace;
}

}  // namespace turdb::hnsw

#endif  // TURDB_HNSW_TREE_KEY_H_
