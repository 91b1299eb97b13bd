// Builds a tree bottom-up from sorted entries: full leaves, one log record a page.
#ifndef TURDB_BTREE_BULK_BUILDER_H_
#define TURDB_BTREE_BULK_BUILDER_H_

#include "base/bytes.h"
#include "base/status.h"
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
};

}  // namespace turdb::btree

#endif  // TURDB_BTREE_BULK_BUILDER_H_
