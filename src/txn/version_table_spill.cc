// A version table on its way to the temporary file and back. The bytes mean something to this process
// only: commit words go as addresses, since words stay where they are while a delta refers to them, and a
// delta in the file does. What remains in memory says which transactions are involved and how often, so
// that a table whose chains nobody needs any more is dropped without reading it.
#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <span>
#include <utility>

#include "base/check.h"
#include "txn/snapshot_registry.h"
#include "txn/spilled_versions.h"
#include "txn/version_chain.h"
#include "txn/version_table.h"

namespace turdb::txn {

// Who is referred to, and how often; and what the chains take in memory.
class VersionTable::WordCounts {
 public:
  void Count(CommitWord* word) {
    for (SpilledVersions::Word& known : words_) {
      if (known.word == nullptr) known.word = word;
      if (known.word != word) continue;
      count_ = std::max(count_, static_cast<size_t>(&known - words_.data()) + 1);
      ++known.references;
      return;
    }
    too_many_ = true;
  }
  void CountObject(size_t bytes) { bytes_ += DeltaSlabs::ClassBytes(DeltaSlabs::ClassOf(bytes)); }
  size_t bytes() const { return bytes_; }
  bool too_many() const { return too_many_; }
  std::span<const SpilledVersions::Word> words() const { return std::span(words_).first(count_); }

 private:
  std::array<SpilledVersions::Word, SpilledVersions::kMaxWords> words_;
  size_t count_ = 0;
  size_t bytes_ = 0;
  bool too_many_ = false;
};

SpilledVersions* SpilledVersions::New(VersionMemory& memory, base::PageId page, std::span<const Word> words) {
  auto* spilled = new (memory.slabs.Allocate(SizeBytes(words.size()))) SpilledVersions;
  spilled->page = page;
  spilled->word_count = static_cast<uint8_t>(words.size());
  std::copy(words.begin(), words.end(), spilled->words());
  return spilled;
}

void SpilledVersions::Free(VersionMemory& memory, SpilledVersions* spilled, bool with_references) {
  for (uint32_t i = 0; with_references && i < spilled->word_count; ++i) {
    memory.words.Release(spilled->words()[i].word, spilled->words()[i].references);
  }
  memory.spill.Free(spilled->extent);
  memory.slabs.Free(spilled, SizeBytes(spilled->word_count));
}

bool SpilledVersions::NobodyNeeds(const LiveSnapshots& live) const {
  const Timestamp oldest = live.oldest();
  return std::all_of(words(), words() + word_count, [oldest](const Word& word) {
    const CommitState state = word.word->state();
    return state.CommittedBy(oldest) || (state.aborted() && !state.abandoned());
  });
}

namespace {

constexpr size_t kRoundingBytes = 24 << 10;

template <typename T>
void Put(std::vector<std::byte>* out, const T& value) {
  const auto* bytes = reinterpret_cast<const std::byte*>(&value);
  out->insert(out->end(), bytes, bytes + sizeof(T));
}
void PutBytes(std::vector<std::byte>* out, Bytes bytes) {
  Put(out, static_cast<uint16_t>(bytes.size()));
  out->insert(out->end(), bytes.begin(), bytes.end());
}

class Reader {
 public:
  explicit Reader(Bytes rest) : rest_(rest) {}
  template <typename T>
  T Get() {
    T value;
    TURDB_CHECK_LE(sizeof(T), rest_.size());
    std::memcpy(&value, rest_.data(), sizeof(T));
    rest_ = rest_.subspan(sizeof(T));
    return value;
  }
  Bytes GetBytes() {
    const auto size = Get<uint16_t>();
    TURDB_CHECK_LE(size_t{size}, rest_.size());
    const Bytes bytes = rest_.first(size);
    rest_ = rest_.subspan(size);
    return bytes;
  }
  bool done() const { return rest_.empty(); }

 private:
  Bytes rest_;
};

}  // namespace

void VersionTable::Serialize(std::vector<std::byte>* out, WordCounts* words) const {
  out->clear();
  Put(out, static_cast<uint32_t>(run_count()));
  for (const Run* run = runs_; run != nullptr; run = run->next) {
    words->Count(run->word);
    words->CountObject(sizeof(Run));
    Put(out, run->word);
    Put(out, run->settled);
    Put(out, run->tail);
    Put(out, run->kind);
    Put(out, run->upper_inclusive);
    Put(out, run->ordered);
    PutBytes(out, run->lower.key());
    PutBytes(out, run->tail_lower.key());
    PutBytes(out, run->upper.key());
  }
  for (uint32_t i = 0; i < bucket_count_; ++i) {
    for (const Entry* entry = buckets_[i]; entry != nullptr; entry = entry->next) {
      PutBytes(out, entry->key());
      words->CountObject(sizeof(Entry) + entry->key_size);
      uint32_t count = 0;
      for (const Delta* delta = entry->head; delta != nullptr; delta = delta->older) ++count;
      Put(out, count);
      for (const Delta* delta = entry->head; delta != nullptr; delta = delta->older) {
        words->Count(delta->word);
        words->CountObject(sizeof(Delta) + delta->payload_size);
        Put(out, delta->word);
        Put(out, delta->statement);
        Put(out, delta->kind);
        Put(out, delta->strength);
        PutBytes(out, delta->payload());
      }
    }
  }
}

void VersionTable::Rebuild(Bytes bytes) {
  Reader reader(bytes);
  Run* last = nullptr;
  for (auto runs = reader.Get<uint32_t>(); runs > 0; --runs) {
    auto* word = reader.Get<CommitWord*>();
    const auto settled = reader.Get<StatementNo>();
    const auto tail = reader.Get<StatementNo>();
    const auto kind = reader.Get<DeltaKind>();
    const auto upper_inclusive = reader.Get<bool>();
    const auto ordered = reader.Get<bool>();
    const Bytes lower = reader.GetBytes();
    const Bytes tail_lower = reader.GetBytes();
    last = NewRun(last, lower, tail_lower, reader.GetBytes());
    last->word = word;
    last->settled = settled;
    last->tail = tail;
    last->kind = kind;
    last->upper_inclusive = upper_inclusive;
    last->ordered = ordered;
  }
  while (!reader.done()) {
    Entry* entry = AddEntry(reader.GetBytes(), nullptr);
    Delta** link = &entry->head;
    for (auto count = reader.Get<uint32_t>(); count > 0; --count) {
      auto* word = reader.Get<CommitWord*>();
      const auto statement = reader.Get<StatementNo>();
      const auto kind = reader.Get<DeltaKind>();
      const auto strength = reader.Get<LockStrength>();
      *link = NewDelta(word, statement, kind, strength, reader.GetBytes(), nullptr);
      link = &(*link)->older;
    }
  }
  last_entry_ = nullptr;
}

void VersionTable::FreeChainsKeepingReferences() {
  for (uint32_t i = 0; i < bucket_count_; ++i) {
    while (Entry* entry = buckets_[i]) {
      buckets_[i] = entry->next;
      while (Delta* delta = entry->head) {
        entry->head = delta->older;
        memory_.slabs.Free(delta, sizeof(Delta) + delta->payload_size);
      }
      FreeEntry(entry, nullptr);
    }
  }
  entry_count_ = 0;
  last_entry_ = nullptr;
  while (runs_ != nullptr) {
    Run* run = runs_;
    runs_ = run->next;
    run->word->references.fetch_add(1, std::memory_order_relaxed);  // the file's own
    FreeRun(run);
  }
  Clear();
}

base::StatusOr<bool> VersionTable::Spill(bool page_is_resident, std::vector<std::byte>* buffer) {
  if (spilled() || quiet() || (page_is_resident && entry_count_ < kMinSpilledChains)) return false;
  WordCounts words;
  Serialize(buffer, &words);
  if (words.too_many()) return false;
  TURDB_ASSIGN_OR_RETURN(const VersionSpill::Extent extent, memory_.spill.Write(*buffer));
  const size_t bucket_count = bucket_count_;
  FreeChainsKeepingReferences();
  spill_ = SpilledVersions::New(memory_, page_, words.words());
  spill_->extent = extent;
  // Buckets double on the way, and the last block of each class is hardly ever full.
  spill_->loaded_bytes = static_cast<uint32_t>(words.bytes() + 2 * bucket_count * sizeof(Entry*) + kRoundingBytes);
  return true;
}

base::Status VersionTable::Load(std::vector<std::byte>* buffer) {
  TURDB_CHECK(spilled());
  memory_.slabs.ExpectRoom(spill_->loaded_bytes);
  TURDB_RETURN_IF_ERROR(memory_.spill.Read(spill_->extent, buffer));
  SpilledVersions::Free(memory_, TakeSpilled(), /*with_references=*/false);
  Rebuild(*buffer);
  used_ = true;
  return absl::OkStatus();
}

int64_t VersionTable::LoadedBytes() const { return spill_->loaded_bytes; }

bool VersionTable::DropSpilled(const LiveSnapshots& live) {
  TURDB_CHECK(spilled());
  if (!spill_->NobodyNeeds(live)) return false;
  SpilledVersions::Free(memory_, TakeSpilled(), /*with_references=*/true);
  return true;
}

SpilledVersions* VersionTable::TakeSpilled() {
  TURDB_CHECK(spilled());
  spill_->ghosts = ghosts_;
  return std::exchange(spill_, nullptr);
}

void VersionTable::GiveSpilled(SpilledVersions* spilled) {
  TURDB_CHECK(quiet() && spilled->page == page_);
  spill_ = spilled;
  ghosts_ = spilled->ghosts;
}

}  // namespace turdb::txn
