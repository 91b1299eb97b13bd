// SELECT ... FOR UPDATE, FOR SHARE and their kin.
//
// A row that the query's snapshot shows and that can be locked is what the snapshot shows: who changed it since makes the lock
// fail with 40001. So nothing is read or judged again, as PostgreSQL does in READ COMMITTED.
#include "exec/builder.h"
#include "table/table.h"
#include "txn/delta.h"

namespace turdb::exec {
namespace {

using base::Status;
using base::StatusOr;

txn::LockStrength ToTxn(RowLockStrength strength) {
  static_assert(static_cast<int>(RowLockStrength::kKeyShare) == static_cast<int>(txn::LockStrength::kKeyShare) &&
                static_cast<int>(RowLockStrength::kUpdate) == static_cast<int>(txn::LockStrength::kUpdate));
  return static_cast<txn::LockStrength>(strength);
}

txn::WaitPolicy ToTxn(RowLockWait wait) {
  static_assert(static_cast<int>(RowLockWait::kWait) == static_cast<int>(txn::WaitPolicy::kWait) &&
                static_cast<int>(RowLockWait::kSkipLocked) == static_cast<int>(txn::WaitPolicy::kSkipLocked));
  return static_cast<txn::WaitPolicy>(wait);
}

class LockRowsOperator : public Operator {
 public:
  LockRowsOperator(const LockRowsNode& node, LimitCounts counts, Builder& builder)
      : node_(node), counts_(std::move(counts)), selection_(builder.capacity(), builder.budget()) {}

  Status Start(Runtime& runtime) override {
    if (runtime.context->transaction == nullptr) {
      return base::MakeError(absl::StatusCode::kFailedPrecondition, base::sqlstate::kReadOnlyTransaction,
                             "cannot lock rows in a read-only transaction");
    }
    uint64_t limit, offset;
    TURDB_RETURN_IF_ERROR(counts_.Start(runtime, &limit, &offset));
    wanted_ = limit > UINT64_MAX - offset ? UINT64_MAX : limit + offset;
    return absl::OkStatus();
  }

  StatusOr<Flow> Push(Runtime& runtime, const Batch& in, Batch* out) override {
    selection_.set_size(0);
    for (uint32_t i = 0; i < in.rows.count && wanted_ != 0; ++i) {
      TURDB_ASSIGN_OR_RETURN(const bool locked, Lock(runtime, *in.chunk, in.rows[i]));
      if (!locked) continue;
      selection_.Append(in.rows[i]);
      if (wanted_ != UINT64_MAX) --wanted_;
    }
    *out = Batch{in.chunk, vec::Rows::Of(selection_)};
    return wanted_ == 0 ? Flow::kDone : Flow::kNeedInput;
  }

 private:
  StatusOr<bool> Lock(Runtime& runtime, const vec::Chunk& chunk, size_t row) {
    for (const RowLock& lock : node_.locks) {
      const vec::VectorView keys = chunk.column(static_cast<size_t>(lock.row_key)).View();
      if (!keys.IsValid(row)) continue;
      const auto& key = keys.Get<vec::StringView>(row);
      TURDB_ASSIGN_OR_RETURN(const bool locked,
                             lock.table->LockRow(runtime.context->TransactionOf(lock.table->schema().id),
                                                 {reinterpret_cast<const std::byte*>(key.data()), key.size()},
                                                 ToTxn(lock.strength), ToTxn(lock.wait)));
      if (!locked) return false;
    }
    return true;
  }

  const LockRowsNode& node_;
  LimitCounts counts_;
  vec::SelectionVector selection_;
  uint64_t wanted_ = 0;  // rows still to let through
};

}  // namespace

OperatorOr MakeLockRows(const LockRowsNode& node, Builder& builder) {
  TURDB_ASSIGN_OR_RETURN(LimitCounts counts, LimitCounts::Make(node.limit, node.offset, builder.options()));
  return std::make_unique<LockRowsOperator>(node, std::move(counts), builder);
}

}  // namespace turdb::exec
