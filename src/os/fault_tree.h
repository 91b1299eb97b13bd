// What a disk holds and what it has only been told: the state behind FaultFileSystem, without its faults.
// Rules (F1) to (F5) are those of fault_file_system.h. One thread at a time.
#ifndef TURDB_OS_FAULT_TREE_H_
#define TURDB_OS_FAULT_TREE_H_

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "os/sparse_bytes.h"

namespace turdb::os {

// splitmix64: small, and the same everywhere.
class FaultRandom {
 public:
  explicit FaultRandom(uint64_t seed) : state_(seed) {}
  uint64_t Next();
  uint64_t Below(uint64_t bound) { return Next() % bound; }

 private:
  uint64_t state_;
};

// What becomes of the changes that no sync covered.
class CrashDraw {
 public:
  explicit CrashDraw(uint64_t seed);
  // Of a durable version and `count` later ones: 0 for the durable one, i for the ith later one.
  size_t Survivor(size_t count);

 private:
  const uint64_t seed_;
  FaultRandom random_;
  uint64_t survival_in_8_ = 0;  // a crash may keep little, half or most
};

class FaultFileContent {
 public:
  static constexpr uint64_t kSectorBytes = 512;

  uint64_t size_bytes() const { return current_.size_bytes(); }
  void Read(uint64_t offset, base::MutableBytes into) const { current_.Read(offset, into); }
  void Write(uint64_t offset, base::Bytes from);
  void Resize(uint64_t size_bytes);
  void SyncSucceeded();                                 // of the whole file
  void SyncSucceeded(uint64_t offset, uint64_t count);  // of a range within the durable size
  void SyncFailed();
  void FlipBits(uint64_t offset, std::byte mask);
  // A file whose content survived a crash, with nothing pending.
  FaultFileContent Crashed(CrashDraw& draw) const;

 private:
  using Sector = std::array<std::byte, kSectorBytes>;
  struct Pending {
    std::vector<Sector> versions;  // oldest first
    bool doubtful = false;         // (F5)
  };
  // More versions of one sector than this tell a test nothing new: the second oldest goes.
  static constexpr size_t kMaxVersions = 4;
  Sector CurrentSector(uint64_t number) const;
  void NoteSector(uint64_t number);

  SparseBytes current_;
  SparseBytes durable_;
  std::map<uint64_t, Pending> pending_;  // by sector number
  std::vector<uint64_t> pending_sizes_;  // since the last sync, oldest first
};

struct FaultNode {
  bool is_directory = false;
  uint64_t number = 0;
  FaultFileContent content;                                   // of a file
  std::map<std::string, std::shared_ptr<FaultNode>> entries;  // of a directory, as programs see it
  std::map<std::string, std::shared_ptr<FaultNode>> durable;  // as a crash would leave it at worst
};
using FaultNodePtr = std::shared_ptr<FaultNode>;

class FaultTree {
 public:
  FaultTree();

  const FaultNodePtr& root() const { return root_; }
  FaultNodePtr NewNode(bool is_directory);
  // Binds and unbinds names, as one operation on `node`; null removes the name.
  struct NameChange {
    FaultNodePtr directory;
    std::string name;
    FaultNodePtr now;
  };
  void ChangeNames(const FaultNodePtr& node, std::vector<NameChange> changes);
  void SyncDirectory(const FaultNodePtr& directory);
  FaultTree Crashed(uint64_t seed) const;

 private:
  struct NameOperation {
    FaultNodePtr node;
    std::vector<NameChange> changes;
    std::vector<bool> synced;  // for each change, whether its directory was synced since
  };
  static bool MustFollow(const NameOperation& later, const NameOperation& earlier);
  // Adds what the kept operations cannot do without.
  void AddEarlierOnes(std::vector<bool>& keep) const;
  using Names = std::map<std::string, FaultNodePtr>;
  FaultNodePtr CrashedNode(const FaultNodePtr& node, const std::map<const FaultNode*, Names>& names, CrashDraw& draw,
                           FaultTree& into, std::map<const FaultNode*, FaultNodePtr>& made) const;

  FaultNodePtr root_;
  uint64_t last_number_ = 0;
  std::vector<NameOperation> pending_;  // oldest first
};

}  // namespace turdb::os

#endif  // TURDB_OS_FAULT_TREE_H_
