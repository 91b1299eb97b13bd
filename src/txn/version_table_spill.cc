// A version table on its way to the temporary file and back. The bytes mean something to this process
// only: commit words go as addresses, since words stay where they are while a delta refers to them, and a
// delta in the file does. What remains in memory says which transactions are involved and how often, so
// that a table whose chains nobody needs any more is dropped without reading it.
#include <algorithm>
#include <cstring>
#include <new>

#include "base/check.h"
#include "txn/snapshot_registry.h"
#include "txn/version_chain.h"
#include "txn/version_table.h"

namespace turdb::txn {

struct VersionTable::Spilled {
  static constexpr size_t kMaxWords = 6;
  struct Word {
    CommitWord* word = nullptr;
    int64_t references = 0;
  };
  VersionSpill::Extent extent;
  std::array<Word, kMaxWords> words;
  bool too_many = false;

  void Count(CommitWord* word) {
    for (Word& known : words) {
      if (known.word == nullptr) known.word = word;
      if (known.word != word) continue;
      ++known.references;
      return;
    }
    too_many = true;
  }
};

namespace {

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

void VersionTable::Serialize(std::vector<std::byte>* out, Spilled* summary) const {
  out->clear();
  Put(out, static_cast<uint32_t>(run_count()));
  for (const Run* run = runs_; run != nullptr; run = run->next) {
    summary->Count(run->word);
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
      uint32_t count = 0;
      for (const Delta* delta = entry->head; delta != nullptr; delta = delta->older) ++count;
      Put(out, count);
      for (const Delta* delta = entry->head; delta != nullptr; delta = delta->older) {
        summary->Count(delta->word);
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

base::StatusOr<bool> VersionTable::Spill(std::vector<std::byte>* buffer) {
  if (spilled() || entry_count_ < kMinSpilledChains) return false;
  Spilled summary;
  Serialize(buffer, &summary);
  if (summary.too_many) return false;
  TURDB_ASSIGN_OR_RETURN(summary.extent, memory_.spill.Write(*buffer));
  FreeChainsKeepingReferences();
  spill_ = new (memory_.slabs.Allocate(sizeof(Spilled))) Spilled(summary);
  return true;
}

base::Status VersionTable::Load(std::vector<std::byte>* buffer) {
  TURDB_CHECK(spilled());
  TURDB_RETURN_IF_ERROR(memory_.spill.Read(spill_->extent, buffer));
  FreeSpilled(/*with_references=*/false);
  Rebuild(*buffer);
  return absl::OkStatus();
}

bool VersionTable::DropSpilled(const LiveSnapshots& live) {
  TURDB_CHECK(spilled());
  const Timestamp oldest = live.oldest();
  for (const Spilled::Word& word : spill_->words) {
    if (word.word == nullptr) break;
    const CommitState state = word.word->state();
    if (!state.CommittedBy(oldest) && !(state.aborted() && !state.abandoned())) return false;
  }
  FreeSpilled(/*with_references=*/true);
  return true;
}

void VersionTable::FreeSpilled(bool with_references) {
  if (with_references) {
    for (const Spilled::Word& word : spill_->words) {
      if (word.word != nullptr) memory_.words.Release(word.word, word.references);
    }
  }
  memory_.spill.Free(spill_->extent);
  memory_.slabs.Free(spill_, sizeof(Spilled));
  spill_ = nullptr;
}

}  // namespace turdb::txn
