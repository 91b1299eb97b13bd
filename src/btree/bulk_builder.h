// Builds a tree bottom-up from sorted entries: full leaves, one log record a page.
#ifndef TURDB_BTREE_BULK_BUILDER_H_
#define TURDB_BTREE_BULK_BUILDER_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "btree/leaf.h"
#include "btree/tree.h"

namespace turdb::btree {

// Not thread-safe. Fills an empty tree that no other transaction can see yet: one made by the running
// transaction, whose rollback drops the whole file. The tree is readable at every moment; after an error
// it holds a prefix of what was added.
class BulkBuilder {
 public:
  // REQUIRES: the tree is empty. The tree must outlive the builder.
  explicit BulkBuilder(Tree& tree);
  BulkBuilder(const BulkBuilder&) = delete;
  BulkBuilder& operator=(const BulkBuilder&) = delete;
  ~BulkBuilder();

  // REQUIRES: key is greater than every key added before (checked; a misuse error otherwise).
  Status Add(Bytes key, Bytes value);
  // Nothing may be added afterwards. Without it, entries added last may be missing.
  Status Finish();

 private:
  // An entry gathered for the leaf being filled; the bytes lie in `bytes_`.
  struct Pending {
    uint32_t offset;
    uint16_t key_size;
    uint16_t value_size;
  };
  Bytes KeyOf(const Pending& entry) const {
    return base::AsBytes(std::string_view(bytes_).substr(entry.offset, entry.key_size));
  }
  Bytes ValueOf(const Pending& entry) const {
    return base::AsBytes(std::string_view(bytes_).substr(entry.offset + entry.key_size, entry.value_size));
  }
  // What the gathered entries would take as a leaf that ends before `next`.
  size_t EstimateWith(Bytes key, size_t value_size) const;
  // Writes as many of the first gathered entries as one leaf takes, below the next one (or below `next_key`).
  Status WriteLeaf(Bytes next_key);
  Status AppendLeaf(const std::byte* leaf, Bytes separator);
  Status ReplaceLastLeaf(std::byte* leaf);
  void DropFirst(size_t count);

  Tree& tree_;
  std::string bytes_;
  std::vector<Pending> entries_;
  std::vector<leaf::EntryView> views_;
  std::string lower_;     // the lower fence of the leaf being filled
  size_t key_bytes_ = 0;  // of all gathered entries
  size_t value_bytes_ = 0;
  std::string last_key_;
  bool any_ = false;
};

}  // namespace turdb::btree

#endif  // TURDB_BTREE_BULK_BUILDER_H_
