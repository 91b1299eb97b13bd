#include "storage/recovery.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "storage/redo.h"

namespace turdb::storage {
namespace {

bool IsFileRecord(RecordKind kind) {
  return kind == RecordKind::kFileCreate || kind == RecordKind::kFileRename || kind == RecordKind::kFileDrop ||
         kind == RecordKind::kFileUndo;
}

bool HasPages(RecordKind kind) {
  return kind == RecordKind::kImage || kind == RecordKind::kStructure || kind == RecordKind::kUpdate ||
         kind == RecordKind::kCompensation;
}

}  // namespace

Status Recovery::ReadCheckpoint(Lsn begin, RecoveryInfo* info) {
  LogScanner scanner(segments_, begin);
  LogRecordView record;
  for (bool first = true;; first = false) {
    TURDB_ASSIGN_OR_RETURN(const bool more, scanner.Next(&record));
    if (!more || (first && record.kind != RecordKind::kCheckpointBegin)) {
      return base::CorruptionError(absl::StrCat("the log is damaged in its last checkpoint, at LSN ", scanner.lsn(), " (",
                                                scanner.Where(), "): ", more ? "no checkpoint begins there" : scanner.cause()));
    }
    if (record.kind == RecordKind::kCheckpointFiles) TURDB_RETURN_IF_ERROR(directory_.ReplayMap(record));
    if (record.kind != RecordKind::kCheckpointEnd) continue;
    if (record.entries.size() != 1 || record.entries.front().payload.size() != 24) {
      return base::CorruptionError(absl::StrCat("log record at LSN ", record.lsn, ": not a checkpoint's end"));
    }
    info->next_txn_id = std::max<TxnId>(info->next_txn_id, base::LoadLE<uint64_t>(record.entries.front().payload.data() + 16));
    return absl::OkStatus();
  }
}

Status Recovery::Tolerate(Status status) {
  if (status.ok() || tolerated_ == nullptr) return status;
  tolerated_->push_back(base::Describe(status));
  return absl::OkStatus();
}

// (2)
Status Recovery::CheckEnd(const LogScanner& scanner) const {
  TURDB_ASSIGN_OR_RETURN(const Lsn marked, ProvenDurable(segments_, scanner.lsn()));
  const Lsn proven = std::max(marked, segments_.control().durable_lsn);
  if (proven <= scanner.lsn()) return absl::OkStatus();
  return base::WithHint(
      base::CorruptionError(absl::StrCat("the log is damaged at LSN ", scanner.lsn(), " (", scanner.Where(),
                                         "): ", scanner.cause(), "; it was durable up to LSN ", proven)),
      "committed changes are in the damaged part: restore a backup, or salvage what can be read with `turdb recover`");
}

Status Recovery::Analyse(RecoveryInfo* info) {
  const ControlBlock& control = segments_.control();
  // Storage::Impl::OpenParts has seen to it that such a database was never written to.
  if (segments_.empty() || control.sequence == 0) {
    info->end_lsn = redo_from_ = kFirstLsn;
    info->was_clean = true;
    return absl::OkStatus();
  }
  redo_from_ = control.redo_from;
  checkpoint_lsn_ = control.checkpoint_lsn;
  const Lsn needed = checkpoint_lsn_ != 0 ? std::min(control.scan_from, checkpoint_lsn_) : control.scan_from;
  if (needed < segments_.begin_lsn()) {
    return base::CorruptionError(absl::StrCat("the log begins at LSN ", segments_.begin_lsn(), ", but is needed from LSN ",
                                              needed, ": a log segment is missing"));
  }
  if (checkpoint_lsn_ != 0) TURDB_RETURN_IF_ERROR(ReadCheckpoint(checkpoint_lsn_, info));
  if ((control.flags & kControlClean) != 0) {
    info->was_clean = true;
    info->end_lsn = redo_from_ = control.durable_lsn;
    return absl::OkStatus();
  }
  base::HashMap<TxnId, UnfinishedTransaction> unfinished;
  LogScanner scanner(segments_, control.scan_from);
  LogRecordView record;
  for (;;) {
    TURDB_ASSIGN_OR_RETURN(const bool more, scanner.Next(&record));
    if (!more) break;
    if (IsFileRecord(record.kind) && record.entries.size() != 1) {
      return base::CorruptionError(
          absl::StrCat("log record at LSN ", record.lsn, ": a change of files with ", record.entries.size(), " entries"));
    }
    TURDB_RETURN_IF_ERROR(directory_.Replay(record));
    if (record.txn == 0) continue;
    info->next_txn_id = std::max(info->next_txn_id, record.txn + 1);
    if (record.kind == RecordKind::kCommit || record.kind == RecordKind::kAbortEnd) {
      unfinished.erase(record.txn);
      continue;
    }
    UnfinishedTransaction& txn = unfinished[record.txn];
    if (txn.id == 0) txn = {record.txn, record.lsn, record.lsn};
    txn.last_lsn = record.lsn;
  }
  TURDB_RETURN_IF_ERROR(Tolerate(CheckEnd(scanner)));
  info->end_lsn = scanner.lsn();
  for (const auto& [id, txn] : unfinished) info->unfinished.push_back(txn);
  std::sort(info->unfinished.begin(), info->unfinished.end(),
            [](const UnfinishedTransaction& a, const UnfinishedTransaction& b) { return a.id < b.id; });
  return absl::OkStatus();
}

Status Recovery::Redo(RecoveryInfo* info) {
  LogScanner scanner(segments_, redo_from_);
  LogRecordView record;
  while (scanner.lsn() < info->end_lsn) {
    TURDB_ASSIGN_OR_RETURN(const bool more, scanner.Next(&record));
    if (!more)
      return base::CorruptionError(
          absl::StrCat("the log changed while it was read, at LSN ", scanner.lsn(), ": ", scanner.cause()));
    if (!HasPages(record.kind)) continue;
    TURDB_RETURN_IF_ERROR(Tolerate(RedoRecord(record)));
    ++info->records_redone;
  }
  if (waiting_.empty()) return absl::OkStatus();
  return Tolerate(
      base::CorruptionError(absl::StrCat(waiting_.size(), " pages are damaged and the log has no image of them; the first: ",
                                         std::min_element(waiting_.begin(), waiting_.end())->second)));
}

Status Recovery::RedoRecord(const LogRecordView& record) {
  absl::InlinedVector<Touched, 8> touched;
  for (const LogEntryView entry : record.entries) {
    if (directory_.IsGone(entry.page.file)) continue;
    TURDB_RETURN_IF_ERROR(RedoEntry(record, entry, &touched));
  }
  for (Touched& page : touched) {
    if (!page.apply) continue;
    if (const PageId id = page.guard.id(); page.whole && id.page != 0) {
      if (const char* fault = redo_.fault_of_page(id, page.guard.page()); fault != nullptr) {
        return base::CorruptionError(absl::StrCat("the log record at LSN ", record.lsn, " makes page ", id.page, " of file ",
                                                  id.file, " into one that cannot be: ", fault));
      }
    }
    StampPageLsn(page.guard.id(), page.guard.page(), record.end);
    Frame& frame = *page.guard.frame();
    if (!frame.dirty()) frame.first_dirty_lsn.store(record.lsn, std::memory_order_seq_cst);
  }
  return absl::OkStatus();
}

// The page, latched; `apply` says whether it needs the record. No guard: the page waits, or its file is gone.
StatusOr<ExclusiveGuard> Recovery::Fix(const LogRecordView& record, const LogEntryView& entry, bool* apply) {
  *apply = false;
  if (!directory_.Exists(entry.page.file) && entry.page.file != base::kMetaFile) {
    // Dropped and removed before the checkpoint, written to once more in between.
    if (record.lsn < checkpoint_lsn_) return ExclusiveGuard();
    return base::CorruptionError(
        absl::StrCat("log record at LSN ", record.lsn, " changes a file of unknown id ", entry.page.file));
  }
  if (OverwritesPage(entry.op)) {
    bool was_resident = false;
    TURDB_ASSIGN_OR_RETURN(ExclusiveGuard guard, pool_.FixNew(entry.page, &was_resident));
    waiting_.erase(entry.page.packed());
    *apply = !was_resident || PageLsn(entry.page, guard.page()) < record.end;
    return guard;
  }
  if (waiting_.contains(entry.page.packed())) return ExclusiveGuard();
  StatusOr<ExclusiveGuard> guard = pool_.FixExclusive(entry.page);
  if (op::IsAbsolute(entry.op)) {  // (6)
    *apply = true;
    if (absl::IsDataLoss(guard.status())) {
      TURDB_ASSIGN_OR_RETURN(ExclusiveGuard torn, FixTorn(entry.page));
      if (torn.held()) return torn;
    }
  }
  if (absl::IsDataLoss(guard.status())) {  // (4)
    waiting_.emplace(entry.page.packed(), guard.status().message());
    return ExclusiveGuard();
  }
  TURDB_RETURN_IF_ERROR(guard.status());
  *apply |= PageLsn(entry.page, guard->page()) < record.end;
  return guard;
}

// (6). Nothing held: it is no such page, or not there.
StatusOr<ExclusiveGuard> Recovery::FixTorn(PageId id) {
  StatusOr<ExclusiveGuard> guard = pool_.FixUnverified(id);
  if (absl::IsDataLoss(guard.status()) || absl::IsOutOfRange(guard.status())) return ExclusiveGuard();
  TURDB_RETURN_IF_ERROR(guard.status());
  if (NeedsNoImage(static_cast<PageKind>(guard->page()[offsetof(PageHeader, kind)]))) return guard;
  pool_.Discard(*std::move(guard));
  return ExclusiveGuard();
}

Status Recovery::RedoEntry(const LogRecordView& record, const LogEntryView& entry, absl::InlinedVector<Touched, 8>* touched) {
  Touched* page = nullptr;
  for (Touched& known : *touched) {
    if (known.guard.id() == entry.page) page = &known;
  }
  if (page == nullptr) {
    bool apply = false;
    TURDB_ASSIGN_OR_RETURN(ExclusiveGuard guard, Fix(record, entry, &apply));
    if (!guard.held()) return absl::OkStatus();
    touched->push_back(Touched{std::move(guard), apply});
    page = &touched->back();
  }
  if (!page->apply) return absl::OkStatus();
  page->whole |= entry.op < op::kFirstOfTree;
  const RedoFn redo = redo_.by_op[entry.op];
  const auto frame = [&] {
    return absl::StrCat("redoing the log record at LSN ", record.lsn, " on page ", entry.page.page, " of file ",
                        entry.page.file);
  };
  if (redo == nullptr)
    return base::WithFrame(base::CorruptionError(absl::StrCat("operation ", entry.op, " is unknown")), frame());
  if (Status status = redo(entry.op, entry.page, page->guard.page(), entry.payload); !status.ok())
    return base::WithFrame(std::move(status), frame());
  return absl::OkStatus();
}

}  // namespace turdb::storage
