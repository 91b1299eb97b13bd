// What a serializable transaction has read: keys and ranges of keys, by tree. README.md, "Serializable".
//
// Only where was read is kept, not what: at commit the trees are asked whether anything there was changed by a commit
// that the snapshot does not see. The answer may err on one side: a range may grow to cover what lies between two
// reads, and then a transaction fails that need not have failed.
#ifndef TURDB_TXN_READ_SET_H_
#define TURDB_TXN_READ_SET_H_

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/memory_budget.h"
#include "base/status.h"
#include "txn/view.h"

namespace turdb::txn {

// A range of keys of one tree: `lower` is inclusive, `upper` exclusive, and open where it is empty.
struct KeyRange {
  Bytes lower;
  Bytes upper;
};

// Something with keys that can be read: a tree. It lives while a snapshot does that has read in it.
class ReadSource {
 public:
  virtual ~ReadSource() = default;
  // When a key in the range was changed last, if `view` does not see that change and its transaction has committed;
  // 0 if none was. Called with no latch held.
  virtual base::StatusOr<Timestamp> NewerCommitIn(const View& view, const KeyRange& range) = 0;
};

// Thread-safe: the threads of one statement read at once.
class ReadSet {
 public:
  // Of one source; beyond it neighbouring ranges become one.
  static constexpr size_t kMaxSourceBytes = size_t{64} << 10;

  explicit ReadSet(base::MemoryBudget& budget) : budget_(budget) {}
  ReadSet(const ReadSet&) = delete;
  ReadSet& operator=(const ReadSet&) = delete;

  void AddKey(ReadSource& source, Bytes key);
  // A range that begins where the one added before it ended goes on with that.
  void AddRange(ReadSource& source, const KeyRange& range);

  // The timestamp of a commit that changed what was read and that `view` does not see; 0 if there is none.
  // REQUIRES: nobody reads for the transaction any more.
  base::StatusOr<Timestamp> FindNewerCommit(const View& view);
  void Clear();

  size_t range_count() const;
  int64_t reserved_bytes() const;

 private:
  // Ranges one after the other: u16 sizes of the bounds, the bounds.
  struct SourceReads {
    ReadSource* source;
    std::string ranges;
    size_t last = 0;  // where the newest range begins
    bool everything = false;
    base::MemoryReservation memory;
  };
  static constexpr size_t kHeaderBytes = 4;

  static KeyRange RangeAt(std::string_view ranges, size_t offset, size_t* next);
  static void Append(const KeyRange& range, std::string* out);
  static std::string Merged(std::string_view ranges, const std::vector<uint32_t>& sorted, size_t group);
  SourceReads& ReadsOf(ReadSource& source);
  // False: the source counts as read as a whole now.
  bool MakeRoom(SourceReads& reads, size_t size_bytes);
  bool Coarsen(SourceReads& reads);
  static void TakeEverything(SourceReads& reads);

  base::MemoryBudget& budget_;
  mutable std::mutex mu_;
  std::vector<SourceReads> sources_;  // guarded by mu_
};

}  // namespace turdb::txn

#endif  // TURDB_TXN_READ_SET_H_
