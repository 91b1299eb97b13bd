// What stays in memory of a page's versions while they are in the temporary file: where they are, which transactions they
// belong to and how often, so that versions nobody needs any more are dropped without reading them. Private to the room.
#ifndef TURDB_TXN_SPILLED_VERSIONS_H_
#define TURDB_TXN_SPILLED_VERSIONS_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/ids.h"
#include "txn/commit_word.h"
#include "txn/version_spill.h"

namespace turdb::txn {

struct LiveSnapshots;
struct VersionMemory;

// Hangs from the version table of a resident page; of any other, from the directory, in the table's stead. A transaction
// may change more pages than there is memory for tables.
struct SpilledVersions {
  struct Word {
    CommitWord* word = nullptr;
    int64_t references = 0;
  };
  static constexpr size_t kMaxWords = 32;

  SpilledVersions* next = nullptr;  // in the directory
  base::PageId page;
  VersionSpill::Extent extent;
  uint32_t loaded_bytes = 0;  // about what they take in memory
  uint8_t word_count = 0;
  bool ghosts = false;  // VersionTable::ghosts_

  static SpilledVersions* New(VersionMemory& memory, base::PageId page, std::span<const Word> words);
  // `with_references`: nobody takes over the references that the file has to the words.
  static void Free(VersionMemory& memory, SpilledVersions* spilled, bool with_references);
  // Every change in it is seen by all, or was undone.
  bool NobodyNeeds(const LiveSnapshots& live) const;
  std::span<const Word> list() const { return {words(), word_count}; }

 private:
  static size_t SizeBytes(size_t word_count) { return sizeof(SpilledVersions) + word_count * sizeof(Word); }
  // They follow.
  Word* words() { return reinterpret_cast<Word*>(this + 1); }
  const Word* words() const { return reinterpret_cast<const Word*>(this + 1); }
};
static_assert(sizeof(SpilledVersions) == 32 && alignof(SpilledVersions) == alignof(SpilledVersions::Word));

}  // namespace turdb::txn

#endif  // TURDB_TXN_SPILLED_VERSIONS_H_
