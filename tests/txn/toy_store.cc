#include "txn/toy_store.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "gtest/gtest.h"

namespace turdb::txn {
namespace {

using base::AsBytes;
using base::AsText;

enum ToyOp : uint8_t { kOpInsert = 1, kOpRevive, kOpUpdate, kOpDelete };

std::string Encode(const std::string& key, const std::string& value) {
  std::string payload(1, static_cast<char>(key.size()));
  return payload + key + value;
}

}  // namespace

// ---- ToyLog. A record's LSN is 16 times its number; the commit timestamp is the record's end.

base::Status ToyLog::health() const {
  return poisoned_.load() ? base::IoError("the toy log is broken") : base::Status(absl::OkStatus());
}

base::Lsn ToyLog::AppendLocked(Record record, storage::TxnLog* log) {
  if (poisoned_.load()) return 16 * records_.size();
  const base::Lsn lsn = 16 * (records_.size() + 1);
  if (log != nullptr) {
    record.txn = log->id;
    record.previous = log->last_lsn;
    if (log->first_lsn.load() == base::kNoLsn) log->first_lsn.store(lsn);
    log->last_lsn = lsn;
  }
  records_.push_back(std::move(record));
  return lsn + 16;
}

base::Lsn ToyLog::Append(storage::RecordKind kind, storage::TxnLog* log, base::PageId page, uint8_t op, std::string payload,
                         base::Lsn undo_next) {
  std::lock_guard lock(mu_);
  return AppendLocked(Record{kind, 0, 0, undo_next, page, op, std::move(payload)}, log);
}

base::Lsn ToyLog::LogCommit(storage::TxnLog& log, absl::FunctionRef<void(base::Lsn)> on_reserved) {
  std::lock_guard lock(mu_);
  base::Lsn end = AppendLocked(Record{storage::RecordKind::kCommit, 0, 0, 0, {}, 0, ""}, &log);
  if (poisoned_.load()) end += 1'000'000;  // beyond everything that will ever be visible
  on_reserved(end);
  return end;
}

base::Status ToyLog::WaitCommitted(base::Lsn lsn) {
  TURDB_RETURN_IF_ERROR(health());
  base::Lsn visible = visible_.load();
  while (visible < lsn && !visible_.compare_exchange_weak(visible, lsn)) {
  }
  return absl::OkStatus();
}

void ToyLog::LogAbortEnd(storage::TxnLog& log) {
  std::lock_guard lock(mu_);
  AppendLocked(Record{storage::RecordKind::kAbortEnd, 0, 0, 0, {}, 0, ""}, &log);
}

base::StatusOr<storage::LogRecordView> ToyLog::ReadRecord(base::Lsn lsn, std::vector<std::byte>& buffer) {
  if (fail_reads_.load() || poisoned_.load()) return base::IoError("reading the toy log");
  std::lock_guard lock(mu_);
  const Record& record = records_.at(lsn / 16 - 1);
  const base::Bytes payload = AsBytes(record.payload);
  const storage::EntryHeader header{record.page.file, record.page.page, record.op, 0, static_cast<uint16_t>(payload.size())};
  const auto* const header_bytes = reinterpret_cast<const std::byte*>(&header);
  buffer.assign(header_bytes, header_bytes + sizeof(header));
  buffer.insert(buffer.end(), payload.begin(), payload.end());
  storage::LogRecordView view;
  view.lsn = lsn;
  view.end = lsn + 16;
  view.kind = record.kind;
  view.txn = record.txn;
  view.previous_lsn = record.previous;
  view.undo_next = record.undo_next;
  view.entries = storage::LogEntryViews(buffer, 1);
  return view;
}

base::Status ToyLog::UndoFileRecord(storage::TxnLog& log, const storage::LogRecordView& record) {
  file_undos_.fetch_add(1);
  Append(storage::RecordKind::kFileUndo, &log, {}, 0, "", record.previous_lsn);
  return absl::OkStatus();
}

bool ToyLog::TryChangeVersions(base::PageId page, absl::FunctionRef<void(std::atomic<void*>&)> change) {
  return store_->TryChangeVersions(page, change);
}

base::Status ToyLog::ChangeVersions(base::PageId page, absl::FunctionRef<void(std::atomic<void*>&)> change) {
  store_->ChangeVersions(page, change);
  return absl::OkStatus();
}

size_t ToyLog::record_count() const {
  std::lock_guard lock(mu_);
  return records_.size();
}

size_t ToyLog::count_of(storage::RecordKind kind) const {
  std::lock_guard lock(mu_);
  return static_cast<size_t>(
      std::count_if(records_.begin(), records_.end(), [kind](const Record& r) { return r.kind == kind; }));
}

// ---- ToyStore

ToyStore::ToyStore(ToyLog& log, TransactionManager& transactions) : log_(log), transactions_(transactions) {
  log_.set_store(this);
  transactions_.SetUndoResolver([this](base::FileId file) -> base::StatusOr<UndoTarget*> {
    if (file != kFile) return base::InternalError("no such file");
    return this;
  });
  NewPage();
}

ToyStore::~ToyStore() = default;

ToyStore::Page& ToyStore::NewPage() {
  auto page = std::make_unique<Page>();
  page->id = {kFile, next_page_++};
  Page& result = *page;
  pages_.emplace(pages_.empty() ? "" : "?", std::move(page));  // SplitLocked gives it its fence
  return result;
}

ToyStore::Page& ToyStore::PageOf(const std::string& key) { return *std::prev(pages_.upper_bound(key))->second; }

void ToyStore::Load(Page& page) {
  if (page.resident) return;
  page.versions.store(transactions_.versions().OnLoad(page.id));
  page.resident = true;
}

SplitKey ToyStore::Predecessor(Page& page, Slots::iterator at) {
  if (at == page.slots.begin()) return {};
  const std::string& key = std::prev(at)->first;
  const size_t cut = key.size() / 2;  // as a prefix-truncated node would have it
  return SplitKey{AsBytes(key).first(cut), AsBytes(key).subspan(cut)};
}

base::StatusOr<bool> ToyStore::Write(Transaction& txn, const std::string& key, Intent intent, WaitPolicy policy,
                                     absl::FunctionRef<void(Page&, Slots::iterator)> change) {
  for (;;) {
    TURDB_RETURN_IF_ERROR(txn.PrepareWrite());
    Judgement judgement;
    bool full = false;
    base::PageId unloaded;
    {
      std::shared_lock structure(structure_);
      Page& page = PageOf(key);
      std::unique_lock latch(page.latch);
      Load(page);
      if (VersionTable* table = page.table(); table != nullptr && table->spilled()) {
        unloaded = page.id;
      } else {
        auto at = page.slots.find(key);
        if (at == page.slots.end()) {
          judgement.verdict = Verdict::kAbsent;
        } else {
          const Chain chain = table == nullptr ? Chain() : table->Find(AsBytes(key));
          judgement = Judge(chain, at->second.ghost, txn.view(), intent);
        }
        const bool go = intent == Intent::kInsert ? judgement.verdict == Verdict::kAbsent : judgement.verdict == Verdict::kLive;
        if (judgement.verdict == Verdict::kLive || judgement.verdict == Verdict::kAbsent) {
          if (!go) return false;
          change(page, at);
          full = page.slots.size() > split_above_;
          if (!full) return true;
        }
      }
    }
    if (unloaded.file != 0) {
      TURDB_RETURN_IF_ERROR(transactions_.LoadVersions(unloaded));
      continue;
    }
    if (full) {
      std::unique_lock structure(structure_);
      auto at = std::prev(pages_.upper_bound(key));
      if (at->second->slots.size() > split_above_) SplitLocked(at);
      return true;
    }
    TURDB_RETURN_IF_ERROR(transactions_.Resolve(txn, judgement, policy));
  }
}

base::StatusOr<bool> ToyStore::Insert(Transaction& txn, const std::string& key, const std::string& value) {
  return Write(txn, key, Intent::kInsert, WaitPolicy::kWait, [&](Page& page, Slots::iterator at) {
    VersionTable& table = transactions_.versions().Attach(page.at(), &txn.slab_cache());
    if (at != page.slots.end()) {
      TURDB_CHECK(at->second.ghost);
      table.PushRevive(txn, AsBytes(key), AsBytes(at->second.value), AsBytes(value));
      log_.Append(storage::RecordKind::kUpdate, &txn.log, page.id, kOpRevive, Encode(key, at->second.value));
      at->second = {false, value};
      return;
    }
    if (page.slots.empty()) {
      table.PushInsert(txn, AsBytes(key), {}, AsBytes(page.fence));
      page.slots.emplace(key, Slot{false, value});
    } else {
      at = page.slots.emplace(key, Slot{false, value}).first;
      table.PushInsert(txn, AsBytes(key), Predecessor(page, at));
    }
    log_.Append(storage::RecordKind::kUpdate, &txn.log, page.id, kOpInsert, Encode(key, ""));
  });
}

base::StatusOr<bool> ToyStore::Change(Transaction& txn, const std::string& key,
                                      absl::FunctionRef<std::string(const std::string&)> change) {
  return Write(txn, key, Intent::kUpdate, WaitPolicy::kWait, [&](Page& page, Slots::iterator at) {
    const std::string value = change(at->second.value);
    transactions_.versions()
        .Attach(page.at(), &txn.slab_cache())
        .PushUpdate(txn, AsBytes(key), AsBytes(at->second.value), AsBytes(value));
    log_.Append(storage::RecordKind::kUpdate, &txn.log, page.id, kOpUpdate, Encode(key, at->second.value));
    at->second.value = value;
  });
}

base::StatusOr<bool> ToyStore::Update(Transaction& txn, const std::string& key, const std::string& value) {
  return Change(txn, key, [&value](const std::string&) { return value; });
}

base::StatusOr<bool> ToyStore::Delete(Transaction& txn, const std::string& key) {
  return Write(txn, key, Intent::kDelete, WaitPolicy::kWait, [&](Page& page, Slots::iterator at) {
    transactions_.versions().Attach(page.at(), &txn.slab_cache()).PushGhost(txn, AsBytes(key), Predecessor(page, at));
    log_.Append(storage::RecordKind::kUpdate, &txn.log, page.id, kOpDelete, Encode(key, ""));
    at->second.ghost = true;
  });
}

base::StatusOr<bool> ToyStore::Lock(Transaction& txn, const std::string& key, LockStrength strength, WaitPolicy policy) {
  return Write(txn, key, IntentToLock(strength), policy, [&](Page& page, Slots::iterator) {
    transactions_.versions().Attach(page.at(), &txn.slab_cache()).PushLock(txn, AsBytes(key), strength);
  });
}

std::optional<std::string> ToyStore::Get(const View& view, const std::string& key) {
  for (;;) {
    base::PageId unloaded;
    {
      std::shared_lock structure(structure_);
      Page& page = PageOf(key);
      std::unique_lock latch(page.latch);
      Load(page);
      const auto at = page.slots.find(key);
      if (at == page.slots.end()) return std::nullopt;
      VersionTable* table = page.table();
      if (table == nullptr) return at->second.ghost ? std::nullopt : std::optional(at->second.value);
      if (!table->spilled()) {
        Scratch scratch;
        base::Bytes value;
        if (!Reconstruct(table->Find(AsBytes(key)), view, at->second.ghost, AsBytes(at->second.value), scratch, &value)) {
          return std::nullopt;
        }
        return std::string(AsText(value));
      }
      unloaded = page.id;
    }
    TURDB_CHECK(transactions_.LoadVersions(unloaded).ok());
  }
}

std::vector<std::pair<std::string, std::string>> ToyStore::Scan(const View& view) {
  std::vector<std::pair<std::string, std::string>> rows;
  Scratch scratch;
  std::shared_lock structure(structure_);
  for (auto& [fence, owned] : pages_) {
    Page& page = *owned;
    std::unique_lock latch(page.latch);
    Load(page);
    while (page.table() != nullptr && page.table()->spilled()) {
      latch.unlock();
      TURDB_CHECK(transactions_.LoadVersions(page.id).ok());
      latch.lock();
      Load(page);
    }
    // As a scan of a leaf does it: one pass over what is unseen, then the slots.
    std::map<std::string, Chain> unseen;
    struct Range {
      std::string lower, upper;
      bool inclusive;
      Chain chain;
    };
    std::vector<Range> ranges;
    if (page.table() != nullptr) {
      page.table()->ForEachUnseen(
          view, [&](base::Bytes key, const Chain& chain) { unseen.emplace(std::string(AsText(key)), chain); },
          [&](base::Bytes lower, base::Bytes upper, bool inclusive, const Chain& chain) {
            ranges.push_back({std::string(AsText(lower)), std::string(AsText(upper)), inclusive, chain});
          });
    }
    for (const auto& [key, slot] : page.slots) {
      Chain chain;
      const auto alone = unseen.find(key);
      if (alone != unseen.end()) {
        chain = alone->second;
      } else {
        for (const Range& range : ranges) {
          if (key >= range.lower && (key < range.upper || (range.inclusive && key == range.upper))) chain = range.chain;
        }
      }
      scratch.Reset();
      base::Bytes value;
      if (Reconstruct(chain, view, slot.ghost, AsBytes(slot.value), scratch, &value)) rows.emplace_back(key, AsText(value));
    }
  }
  return rows;
}

base::Status ToyStore::Undo(storage::TxnLog& log, base::Lsn undo_next, base::PageId, uint8_t op, base::Bytes payload) {
  const std::string text(AsText(payload));
  const size_t key_size = static_cast<unsigned char>(text[0]);
  const std::string key = text.substr(1, key_size);
  const std::string old_value = text.substr(1 + key_size);
  for (;;) {
    base::PageId unloaded;
    {
      std::shared_lock structure(structure_);
      Page& page = PageOf(key);
      std::unique_lock latch(page.latch);
      Load(page);
      VersionTable* table = page.table();
      if (table != nullptr && table->spilled()) {
        unloaded = page.id;
      } else {
        const auto at = page.slots.find(key);
        if (at == page.slots.end()) return base::CorruptionError("the row to undo is gone");
        if (table != nullptr) table->Pop(AsBytes(key), log.id);
        switch (op) {
          case kOpInsert:
            page.slots.erase(at);
            break;
          case kOpRevive:
            at->second = {true, old_value};
            break;
          case kOpUpdate:
            at->second.value = old_value;
            break;
          default:
            at->second.ghost = false;
            break;
        }
        log_.Append(storage::RecordKind::kCompensation, &log, page.id, op, text, undo_next);
        return absl::OkStatus();
      }
    }
    TURDB_RETURN_IF_ERROR(transactions_.LoadVersions(unloaded));
  }
}

void ToyStore::SplitLocked(std::map<std::string, std::unique_ptr<Page>>::iterator at) {
  Page& left = *at->second;
  std::unique_lock latch(left.latch);
  Load(left);
  if (left.slots.size() < 2) return;
  if (left.table() != nullptr && left.table()->spilled()) return;  // another time
  auto middle = std::next(left.slots.begin(), static_cast<std::ptrdiff_t>(left.slots.size() / 2));
  // The shortest separator, as the tree would choose it: not always a key of the right page.
  const std::string& below = std::prev(middle)->first;
  std::string separator;
  for (size_t length = 1; separator.empty() || separator <= below; ++length) separator = middle->first.substr(0, length);
  auto owned = std::make_unique<Page>();
  owned->id = {kFile, next_page_++};
  Page& right = *owned;
  std::unique_lock right_latch(right.latch);
  right.slots.insert(middle, left.slots.end());
  left.slots.erase(middle, left.slots.end());
  owned->fence = separator;
  pages_.emplace(separator, std::move(owned));
  transactions_.versions().Split(left.at(), right.at(), AsBytes(separator));
}

void ToyStore::Split(size_t page_index) {
  std::unique_lock structure(structure_);
  SplitLocked(std::next(pages_.begin(), static_cast<std::ptrdiff_t>(page_index % pages_.size())));
}

void ToyStore::MergeWithNext(size_t page_index) {
  std::unique_lock structure(structure_);
  auto at = std::next(pages_.begin(), static_cast<std::ptrdiff_t>(page_index % pages_.size()));
  auto next = std::next(at);
  if (next == pages_.end()) return;
  Page& left = *at->second;
  Page& right = *next->second;
  std::unique_lock left_latch(left.latch);
  std::unique_lock right_latch(right.latch);
  Load(left);
  Load(right);
  if (left.slots.size() + right.slots.size() > split_above_) return;
  if ((left.table() != nullptr && left.table()->spilled()) || (right.table() != nullptr && right.table()->spilled())) return;
  left.slots.merge(right.slots);
  transactions_.versions().Merge(left.at(), right.at());
  right_latch.unlock();
  retired_.push_back(std::move(next->second));
  pages_.erase(next);
}

void ToyStore::Evict(size_t page_index) {
  std::shared_lock structure(structure_);
  Page& page = *std::next(pages_.begin(), static_cast<std::ptrdiff_t>(page_index % pages_.size()))->second;
  std::unique_lock latch(page.latch);
  if (!page.resident) return;
  if (page.table() != nullptr) transactions_.versions().OnEvict(page.id, page.table());
  page.versions.store(nullptr);
  page.resident = false;
}

void ToyStore::PurgeGhosts(base::PageId id) {
  std::shared_lock structure(structure_);
  for (auto& [fence, page] : pages_) {
    if (page->id != id) continue;
    std::unique_lock latch(page->latch);
    Load(*page);
    VersionTable* table = page->table();
    if (table != nullptr && table->spilled()) return;
    std::erase_if(page->slots, [table](const auto& slot) {
      return slot.second.ghost && (table == nullptr || table->Find(AsBytes(slot.first)).empty());
    });
  }
}

size_t ToyStore::page_count() {
  std::shared_lock structure(structure_);
  return pages_.size();
}

size_t ToyStore::slot_count() {
  std::shared_lock structure(structure_);
  size_t count = 0;
  for (auto& [fence, page] : pages_) {
    std::shared_lock latch(page->latch);
    count += page->slots.size();
  }
  return count;
}

void ToyStore::CheckInvariants() {
  std::shared_lock structure(structure_);
  for (auto& [fence, page] : pages_) {
    std::shared_lock latch(page->latch);
    if (page->table() != nullptr && !page->table()->spilled()) page->table()->CheckInvariants();
  }
}

bool ToyStore::TryChangeVersions(base::PageId id, absl::FunctionRef<void(std::atomic<void*>&)> change) {
  std::shared_lock structure(structure_, std::try_to_lock);
  if (!structure.owns_lock()) return false;
  for (auto& [fence, page] : pages_) {
    if (page->id != id) continue;
    std::unique_lock latch(page->latch, std::try_to_lock);
    if (!latch.owns_lock() || !page->resident) return false;
    change(page->versions);
    return true;
  }
  return false;
}

void ToyStore::ChangeVersions(base::PageId id, absl::FunctionRef<void(std::atomic<void*>&)> change) {
  std::shared_lock structure(structure_);
  for (auto& [fence, page] : pages_) {
    if (page->id != id) continue;
    std::unique_lock latch(page->latch);
    Load(*page);
    change(page->versions);
  }
}

// ---- ToyDatabase

ToyDatabase::ToyDatabase(int64_t budget_bytes)
    : budget(budget_bytes),
      environment(os::Environment::InMemory()),
      manager(environment, log, budget, 1),
      store(log, manager) {}

ToyDatabase::~ToyDatabase() = default;

TransactionPtr ToyDatabase::Begin() {
  TransactionPtr txn = manager.Begin();
  NextStatement(*txn);
  return txn;
}

void ToyDatabase::NextStatement(Transaction& txn) {
  if (txn.statement() != 0) manager.EndStatement(txn, txn.statement());
  ASSERT_TRUE(manager.BeginStatement(txn).ok());
}

void ToyDatabase::CollectAll() {
  for (;;) {
    base::StatusOr<size_t> freed = manager.CollectGarbage(SIZE_MAX);
    ASSERT_TRUE(freed.ok());
    if (*freed == 0) return;
  }
}

void ToyDatabase::ExpectQuiet() {
  CollectAll();
  EXPECT_EQ(manager.versions().table_count(), 0u);
  EXPECT_EQ(manager.versions().memory().words.in_use(), 0u);
  EXPECT_EQ(manager.ListTransactions().size(), 0u);
}

}  // namespace turdb::txn
