#include "exec/change_observer.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "exec/key_range.h"
#include "exec/vector_operations.h"
#include "txn/transaction.h"

namespace turdb::exec {
namespace {

using base::Status;
using vec::Rows;
using vec::SelIndex;

std::vector<int32_t> AllColumns(const table::Table& table) {
  std::vector<int32_t> columns(table.schema().columns.size());
  for (size_t c = 0; c < columns.size(); ++c) columns[c] = static_cast<int32_t>(c);
  return columns;
}

std::vector<vec::Type> Types(const table::Table& table) {
  std::vector<vec::Type> types;
  for (const table::Column& column : table.schema().columns) types.push_back(column.type);
  return types;
}

}  // namespace

ChangeReporter::ChangeReporter(const table::Table& table, const Runtime& runtime)
    : table_(table),
      projection_(table.MakeProjection(AllColumns(table))),
      old_rows_(Types(table), runtime.capacity, runtime.budget),
      some_rows_(Types(table), runtime.capacity, runtime.budget) {}

Status ChangeReporter::ReadOld(const Runtime& runtime, const vec::Vector& row_keys, Rows rows) {
  old_rows_.Reset();
  const vec::VectorView keys = row_keys.View();
  for (uint32_t i = 0; i < rows.count; ++i) {
    TURDB_RETURN_IF_ERROR(AddOld(runtime, base::AsBytes(keys.Get<vec::StringView>(rows[i]).view())));
  }
  return absl::OkStatus();
}

Status ChangeReporter::ReadOld(const Runtime& runtime, base::Bytes row_key) {
  old_rows_.Reset();
  return AddOld(runtime, row_key);
}

Status ChangeReporter::AddOld(const Runtime& runtime, base::Bytes row_key) {
  const ExecutionContext& context = *runtime.context;
  const base::FileId id = table_.schema().id;
  // As it is now, or, where somebody else was faster, as the snapshot shows it: the change itself will say so then.
  TURDB_ASSIGN_OR_RETURN(bool found,
                         table_.Get(context.TransactionOf(id).view_with_own_changes(), row_key, projection_, &row_));
  if (!found && runtime.is_referential) {
    TURDB_ASSIGN_OR_RETURN(found, table_.Get(context.ViewOf(id), row_key, projection_, &row_));
  }
  const uint32_t at = old_rows_.size();
  for (size_t c = 0; c < old_rows_.column_count(); ++c) {
    if (found) {
      CopySlot(row_[c], &old_rows_.column(c), at);
    } else {
      old_rows_.column(c).SetNull(at);
    }
  }
  old_rows_.set_size(at + 1);
  return absl::OkStatus();
}

Status ChangeReporter::Inserted(const Runtime& runtime, const vec::Chunk& rows) {
  return Tell(runtime, ChangeKind::kInsert, nullptr, &rows);
}

Status ChangeReporter::Updated(const Runtime& runtime, const vec::Chunk& row, std::span<const bool> known) {
  some_rows_.Reset();
  for (size_t c = 0; c < some_rows_.column_count(); ++c) {
    some_rows_.column(c).Reference(known.empty() || known[c] ? row.column(c) : old_rows_.column(c));
  }
  some_rows_.set_size(old_rows_.size());
  return Tell(runtime, ChangeKind::kUpdate, &old_rows_, &some_rows_);
}

Status ChangeReporter::Deleted(const Runtime& runtime, Rows rows, Rows deleted) {
  if (deleted.count == rows.count) return Tell(runtime, ChangeKind::kDelete, &old_rows_, nullptr);
  std::vector<SelIndex> gone;
  for (uint32_t i = 0, next = 0; i < rows.count && next < deleted.count; ++i) {
    if (rows[i] != deleted[next]) continue;
    gone.push_back(static_cast<SelIndex>(i));
    ++next;
  }
  some_rows_.Reset();
  some_rows_.Slice(old_rows_, Rows{gone.data(), static_cast<uint32_t>(gone.size())});
  return Tell(runtime, ChangeKind::kDelete, &some_rows_, nullptr);
}

Status ChangeReporter::Tell(const Runtime& runtime, ChangeKind kind, const vec::Chunk* old_rows, const vec::Chunk* new_rows) {
  const uint32_t count = old_rows != nullptr ? old_rows->size() : new_rows->size();
  if (count == 0) return absl::OkStatus();
  const RowChanges changes{
      kind, &table_.schema(), old_rows, new_rows, count, runtime.is_referential, runtime.trigger_depth > 0};
  Status status = runtime.context->observer->Changed(changes);
  // Long values of the new rows are not to be kept.
  if (kind == ChangeKind::kUpdate) some_rows_.Reset();
  return base::WithFrame(std::move(status), absl::StrCat("telling of changes of ", table_.schema().qualified_name()));
}

}  // namespace turdb::exec
