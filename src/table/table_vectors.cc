// Vector indexes of a table: the vector that a row has in one, and keeping both in step.
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "hnsw/index.h"
#include "table/table.h"
#include "table/table_state.h"
#include "table/vector_value.h"
#include "vec/vector.h"

namespace turdb::table {

using base::Bytes;
using base::Status;

// *in_index is false where it is NULL, and when a partial index leaves the row out. `row` is resolved.
Status Table::VectorOf(int32_t index, Bytes row_key, Bytes row, IndexEvaluator* evaluator, Scratch& scratch,
                       std::vector<float>* vector, bool* in_index) const {
  const IndexSchema& schema = schema_->indexes[static_cast<size_t>(index)];
  const IndexPart& part = schema.parts[0];
  *in_index = true;
  if (NeedsEvaluator(index)) {
    TURDB_CHECK(evaluator != nullptr) << "index " << schema.name << " needs an evaluator";
    TURDB_RETURN_IF_ERROR(FillEvaluatorChunk(row_key, row, scratch));
    if (!schema.predicate_sql.empty()) {
      TURDB_RETURN_IF_ERROR(evaluator->EvaluatePredicate(index, *scratch.evaluated, std::span<bool>(in_index, 1)));
      if (!*in_index) return absl::OkStatus();
    }
  }
  if (part.column >= 0) {
    Cell cell;
    TURDB_RETURN_IF_ERROR(CellOf(part.column, row_key, row, scratch, &cell));
    *in_index = cell != nullptr;
    if (*in_index) ReadVector(part.type, *reinterpret_cast<const vec::StringView*>(cell), vector);
    return absl::OkStatus();
  }
  scratch.part = std::make_unique<vec::Vector>(part.type, 1);
  TURDB_RETURN_IF_ERROR(evaluator->EvaluatePart(index, 0, *scratch.evaluated, scratch.part.get()));
  *in_index = !scratch.part->IsNull(0);
  if (*in_index) ReadVector(part.type, scratch.part->View().Get<vec::StringView>(0), vector);
  return absl::OkStatus();
}

Status Table::AddVector(txn::Transaction& transaction, int32_t index, Bytes row_key, std::span<const float> vector) const {
  TURDB_ASSIGN_OR_RETURN(hnsw::Index* const vectors, VectorIndex(index));
  TURDB_ASSIGN_OR_RETURN(const hnsw::InsertResult result, vectors->Insert(transaction, row_key, vector));
  if (result != hnsw::InsertResult::kDuplicate) return absl::OkStatus();
  return base::MakeError(absl::StatusCode::kDataLoss, base::sqlstate::kIndexCorrupted,
                         absl::StrCat("index ", schema_->indexes[static_cast<size_t>(index)].name, " of ",
                                      schema_->qualified_name(), " has a vector of a row that was not there"));
}

Status Table::TakeVector(txn::Transaction& transaction, int32_t index, Bytes row_key) const {
  TURDB_ASSIGN_OR_RETURN(hnsw::Index* const vectors, VectorIndex(index));
  TURDB_ASSIGN_OR_RETURN(const bool removed, vectors->Remove(transaction, row_key));
  if (removed) return absl::OkStatus();
  return base::MakeError(absl::StatusCode::kDataLoss, base::sqlstate::kIndexCorrupted,
                         absl::StrCat("index ", schema_->indexes[static_cast<size_t>(index)].name, " of ",
                                      schema_->qualified_name(), " has no vector of a row that is there"));
}

Status Table::InsertVector(txn::Transaction& transaction, int32_t index, Bytes row_key, Bytes row, IndexEvaluator* evaluator,
                           Scratch& scratch) const {
  bool in_index = false;
  TURDB_RETURN_IF_ERROR(VectorOf(index, row_key, row, evaluator, scratch, &scratch.vector, &in_index));
  return in_index ? AddVector(transaction, index, row_key, scratch.vector) : absl::OkStatus();
}

Status Table::RemoveVector(txn::Transaction& transaction, int32_t index, Bytes row_key, Bytes row, IndexEvaluator* evaluator,
                           Scratch& scratch) const {
  bool in_index = false;
  TURDB_RETURN_IF_ERROR(VectorOf(index, row_key, row, evaluator, scratch, &scratch.vector, &in_index));
  TURDB_ASSIGN_OR_RETURN(const hnsw::Index* const vectors, VectorIndex(index));
  return in_index && vectors->CanIndex(scratch.vector) ? TakeVector(transaction, index, row_key) : absl::OkStatus();
}

Status Table::ChangeVector(txn::Transaction& transaction, int32_t index, Bytes row_key, Bytes old, Bytes now,
                           IndexEvaluator* evaluator, Scratch& scratch) const {
  bool was_in = false, is_in = false;
  TURDB_RETURN_IF_ERROR(VectorOf(index, row_key, old, evaluator, scratch, &scratch.old_vector, &was_in));
  TURDB_RETURN_IF_ERROR(VectorOf(index, row_key, now, evaluator, scratch, &scratch.vector, &is_in));
  TURDB_ASSIGN_OR_RETURN(const hnsw::Index* const vectors, VectorIndex(index));
  was_in = was_in && vectors->CanIndex(scratch.old_vector);
  is_in = is_in && vectors->CanIndex(scratch.vector);
  if (was_in && is_in && scratch.old_vector == scratch.vector) return absl::OkStatus();
  if (was_in) TURDB_RETURN_IF_ERROR(TakeVector(transaction, index, row_key));
  return is_in ? AddVector(transaction, index, row_key, scratch.vector) : absl::OkStatus();
}

}  // namespace turdb::table
