// Undo is logical: the entry is looked for by key wherever splits and merges have brought it, changed back,
// and a compensation record says so (kernel rule 2). Taking back a long value's shrinking may need a split.
//
//   logged      undone by      what happens
//   kInsert     kRemove        the entry goes; nobody else can have seen it
//   kUpdate     kUpdate        the inverse splice
//   kGhost      kRevive        an empty splice; the ghost lives again
//   kRevive     kUnrevive      the inverse splice; a ghost again
//   kOverflowTaken, kFreeLater: overflow.cc
#include "absl/strings/str_cat.h"
#include "btree/leaf.h"
#include "btree/node_ops.h"
#include "btree/tree.h"
#include "txn/transaction_manager.h"
#include "txn/version_directory.h"

namespace turdb::btree {

using storage::ExclusiveGuard;
using storage::FrameReservation;
using storage::RecordKind;

Status Tree::Undo(storage::TxnLog& log, base::Lsn undo_next, base::PageId logged_page, uint8_t op, Bytes payload) {
  return Undo(log, undo_next, logged_page, op, payload, [](Bytes, Bytes) {});
}

Status Tree::Undo(storage::TxnLog& log, base::Lsn undo_next, base::PageId logged_page, uint8_t op, Bytes payload,
                  absl::FunctionRef<void(Bytes key, Bytes value)> taken_back) {
  const auto logged = static_cast<NodeOp>(op);
  if (logged == NodeOp::kOverflowTaken) return UndoOverflowTaken(log, undo_next, payload);
  if (logged == NodeOp::kFreeLater) return UndoFreeLater(log, undo_next, logged_page.page);
  EntryPayload entry;
  if (!DecodeEntryPayload(logged, payload, &entry) || logged == NodeOp::kRemove || logged == NodeOp::kUnrevive) {
    return Damaged(logged_page.page, absl::StrCat("undoing operation ", op, ": the record cannot be undone"));
  }
  const Splice inverse = Inverse(entry.splice);
  for (;;) {
    FrameReservation frames = pool_.ReserveFrames(3);
    TURDB_ASSIGN_OR_RETURN(ExclusiveGuard guard, FixLeaf<ExclusiveGuard>(entry.key));
    txn::VersionTable* versions = txn::TableOf(guard);
    if (versions != nullptr && versions->spilled()) {
      const base::PageId id = guard.id();
      guard.Release();
      frames.Release();
      TURDB_RETURN_IF_ERROR(transactions_.LoadVersions(id));
      continue;
    }
    leaf::Position at = leaf::Find(guard.page(), entry.key);
    const bool should_be_ghost = logged == NodeOp::kGhost;
    if (!at.found || leaf::GhostAt(guard.page(), at.index) != should_be_ghost) {
      return Damaged(guard.id().page, absl::StrCat("undoing operation ", op, ": the changed entry is not there"));
    }
    ExclusiveGuard* const guards[] = {&guard};
    if (logged == NodeOp::kInsert || logged == NodeOp::kGhost) {
      storage_.BeginChange(guards);
      if (logged == NodeOp::kInsert) {
        taken_back(entry.key, leaf::ValueAt(guard.page(), at.index));
        LogEntryChange(RecordKind::kCompensation, &log, guard, static_cast<uint8_t>(NodeOp::kRemove), entry.key, Bytes(),
                       undo_next);
        leaf::RemoveAt(guard.page(), at.index);
      } else {
        LogSplice(RecordKind::kCompensation, &log, guard, static_cast<uint8_t>(NodeOp::kRevive), entry.key, Splice{},
                  undo_next);
        leaf::SetGhost(guard.page(), at.index, false);
      }
    } else {
      const Bytes now = leaf::ValueAt(guard.page(), at.index);
      std::byte before[base::kMaxValueBytes];
      size_t before_size = 0;
      if (!ApplySplice(inverse, now, before, &before_size) ||
          base::CompareBytes(now.subspan(inverse.offset, inverse.old.size()), inverse.old) != 0) {
        return Damaged(guard.id().page, absl::StrCat("undoing operation ", op, ": the changed bytes are not there"));
      }
      if (!leaf::ReplaceFits(guard.page(), at.index, before_size)) {
        // Without versions this is recovery, and a ghost may belong to a deletion that is still to be undone.
        if (versions != nullptr && PurgeGarbage(guard, at.index)) at = leaf::Find(guard.page(), entry.key);
        if (!leaf::ReplaceFits(guard.page(), at.index, before_size)) {
          guard.Release();
          frames.Release();
          TURDB_RETURN_IF_ERROR(MakeRoom(entry.key, before_size, true));
          continue;
        }
      }
      if (logged == NodeOp::kRevive) taken_back(entry.key, now);
      storage_.BeginChange(guards);
      LogSplice(RecordKind::kCompensation, &log, guard,
                static_cast<uint8_t>(logged == NodeOp::kUpdate ? NodeOp::kUpdate : NodeOp::kUnrevive), entry.key, inverse,
                undo_next);
      leaf::Replace(guard.page(), at.index, Bytes(before, before_size));
      if (logged == NodeOp::kRevive) leaf::SetGhost(guard.page(), at.index, true);
    }
    if (txn::VersionTable* table = txn::TableOf(guard); table != nullptr) table->Pop(entry.key, log.id);
    return absl::OkStatus();
  }
}

}  // namespace turdb::btree
