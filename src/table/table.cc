#include "table/table.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "btree/cursor.h"
#include "hnsw/index.h"
#include "table/table_state.h"
#include "table/table_store.h"
#include "txn/transaction_manager.h"
#include "txn/view.h"
#include "vec/chunk.h"

namespace turdb::table {

using base::Bytes;
using base::Status;
using base::StatusOr;

namespace {

KeyPart PartOf(const IndexPart& part) { return {part.type, part.descending, part.nulls_first}; }

}  // namespace

WriteScratch::State::State(const Table& table) : encoder(table.layouts()), waiting(table.store().storage().budget()) {
  const size_t columns = table.schema().columns.size();
  cells.reserve(columns);
  numbers.resize(columns);
  views.resize(columns);
  far.resize(columns);
}

WriteScratch::WriteScratch(const Table& table) : state_(std::make_unique<State>(table)) {}
WriteScratch::WriteScratch(WriteScratch&&) noexcept = default;
WriteScratch::~WriteScratch() = default;

void WriteScratch::Restart() { state_->waiting.Release(); }

int64_t WriteScratch::last_row_number() const {
  return state_->row_key.size() == 8 ? DecodeInt64Key(state_->row_key.bytes().data()) : 0;
}

Table::Table(TableStore& store, std::shared_ptr<const TableSchema> schema, std::shared_ptr<TableState> state,
             btree::Tree* primary)
    : store_(store), schema_(std::move(schema)), layouts_(*schema_), state_(std::move(state)), primary_(primary) {
  if (schema_->key_form == KeyForm::kRowId) {
    primary_parts_.push_back({vec::Type::Int64(), false, false});
  } else {
    for (const IndexPart& part : schema_->primary_key) primary_parts_.push_back(PartOf(part));
  }
  for (const IndexSchema& index : schema_->indexes) {
    auto parts = std::make_unique<IndexParts>();
    parts->needs_evaluator = !index.predicate_sql.empty();
    for (const IndexPart& part : index.parts) {
      parts->parts.push_back(PartOf(part));
      parts->needs_evaluator |= part.column < 0;
    }
    indexes_.push_back(std::move(parts));
  }
  for (size_t i = 0; i < schema_->columns.size(); ++i) {
    const Generation generation = schema_->columns[i].generation;
    const bool numbered = static_cast<int32_t>(i) == schema_->key_column() || generation == Generation::kIdentityByDefault ||
                          generation == Generation::kIdentityAlways;
    auto_numbered_.push_back(numbered && schema_->columns[i].sequence == base::kNoFile);
    if (auto_numbered_.back()) numbered_columns_.push_back(i);
    if (schema_->columns[i].not_null) not_null_columns_.push_back(i);
  }
}

Table::~Table() = default;

bool Table::IsVectorIndex(int32_t index) const {
  return schema_->indexes[static_cast<size_t>(index)].method == IndexMethod::kHnsw;
}

StatusOr<hnsw::Index*> Table::VectorIndex(int32_t index) const {
  const IndexParts& parts = *indexes_[static_cast<size_t>(index)];
  if (hnsw::Index* const vectors = parts.vectors.load(std::memory_order_acquire); vectors != nullptr) return vectors;
  TURDB_ASSIGN_OR_RETURN(hnsw::Index* const vectors, store_.VectorIndexOf(schema_->indexes[static_cast<size_t>(index)].id));
  parts.vectors.store(vectors, std::memory_order_release);
  return vectors;
}

StatusOr<btree::Tree*> Table::IndexTree(int32_t index) const {
  const IndexParts& parts = *indexes_[static_cast<size_t>(index)];
  if (btree::Tree* const tree = parts.tree.load(std::memory_order_acquire); tree != nullptr) return tree;
  TURDB_ASSIGN_OR_RETURN(btree::Tree* const tree, store_.TreeOf(schema_->indexes[static_cast<size_t>(index)].id));
  parts.tree.store(tree, std::memory_order_release);
  return tree;
}

bool Table::NeedsEvaluator(int32_t index) const { return indexes_[static_cast<size_t>(index)]->needs_evaluator; }

int64_t Table::row_estimate() const { return std::max<int64_t>(0, state_->rows.load(std::memory_order_relaxed)); }
StatusOr<std::vector<std::string>> Table::Separators(size_t about) const { return btree::Separators(*primary_, about); }
int64_t Table::last_identity() const { return state_->last_identity.load(std::memory_order_relaxed); }

// ---- reads

StatusOr<uint64_t> Table::CountAbout(int32_t index, Bytes lower, Bytes upper, uint64_t most) const {
  if (index < 0) return primary_->CountAbout(lower, upper, most);
  TURDB_ASSIGN_OR_RETURN(btree::Tree* const tree, IndexTree(index));
  return tree->CountAbout(lower, upper, most);
}

StatusOr<bool> Table::Get(const txn::View& view, Bytes row_key, const Projection& projection, RowBuffer* out) const {
  Status status;
  bool whole = true;
  TURDB_ASSIGN_OR_RETURN(const bool found, primary_->Get(view, row_key, [&](Bytes row) {
    StatusOr<bool> read = projection.ReadRow(row_key, row, out);
    if (read.ok()) {
      whole = *read;
    } else {
      status = std::move(read).status();
    }
  }));
  TURDB_RETURN_IF_ERROR(status);
  if (found && !whole) TURDB_RETURN_IF_ERROR(projection.Fetch(*primary_, out));
  return found;
}

StatusOr<bool> Table::FindUnique(const txn::View& view, int32_t index, Bytes index_key, KeyBuffer* row_key) const {
  TURDB_ASSIGN_OR_RETURN(btree::Tree* const tree, IndexTree(index));
  return tree->Get(view, index_key, [&](Bytes value) { row_key->Assign(value); });
}

StatusOr<bool> Table::LockRow(txn::Transaction& transaction, Bytes row_key, txn::LockStrength strength,
                              txn::WaitPolicy policy) const {
  return primary_->Lock(transaction, row_key, strength, policy);
}

namespace {

// A transaction with more marks in one tree locks the table instead, if that is to be had at once.
constexpr uint32_t kMostKeyMarks = 4096;

}  // namespace

StatusOr<bool> Table::ShareKey(txn::Transaction& transaction, int32_t index, Bytes key) const {
  btree::Tree* tree = primary_;
  if (index >= 0) {
    TURDB_ASSIGN_OR_RETURN(tree, IndexTree(index));
  }
  txn::Transaction::KeyMarks& marks = transaction.MarksIn(tree->file());
  if (!marks.whole_table && ++marks.count > kMostKeyMarks) [[unlikely]] {
    marks.count = 0;
    marks.whole_table =
        store_.transactions().LockTable(transaction, schema_->id, txn::TableLockMode::kShare, txn::WaitPolicy::kNoWait).ok();
  }
  const auto is_newest = [&] { return tree->Get(transaction.view_of_newest(transaction.statement() + 1), key, [](Bytes) {}); };
  bool found = false;
  if (marks.whole_table) {
    TURDB_ASSIGN_OR_RETURN(found, is_newest());
    if (found) return true;
    TURDB_ASSIGN_OR_RETURN(found, tree->Get(transaction.view_with_own_changes(), key, [](Bytes) {}));
  } else {
    TURDB_ASSIGN_OR_RETURN(found, tree->Lock(transaction, key, txn::LockStrength::kKeyShare, txn::WaitPolicy::kWait));
    if (found) return true;
    if (transaction.reads() != nullptr) transaction.reads()->AddKey(*tree, key);
    TURDB_ASSIGN_OR_RETURN(found, is_newest());
  }
  if (!found) return false;
  return base::SerializationFailure(
      absl::StrCat("could not serialize access: a key of ", schema_->qualified_name(), " that a foreign key refers to was ",
                   marks.whole_table ? "deleted" : "committed", " after this transaction's snapshot"));
}

// ---- check

namespace {

// Errors of a check, up to a limit.
class Findings {
 public:
  explicit Findings(std::vector<std::string>* errors) : errors_(errors) {}
  void Add(std::string error) {
    if (errors_->size() < kMost) errors_->push_back(std::move(error));
  }

 private:
  static constexpr size_t kMost = 100;
  std::vector<std::string>* errors_;
};

std::string KeyText(const Table& table, Bytes row_key) {
  if (table.schema().key_form != KeyForm::kEncoded) return absl::StrCat(DecodeInt64Key(row_key.data()));
  std::string text;
  for (const KeyPart& part : table.key_parts(-1)) {
    vec::Value value;
    if (!ReadKeyPart(part, &row_key, &value).ok()) return "a damaged key";
    absl::StrAppend(&text, text.empty() ? "" : ", ", value.ToString());
  }
  return text;
}

struct CopiedEntry {
  std::string key;
  std::string value;
};

// The entries that `view` sees, some at a time; a cursor's visitor may not call the engine.
Status ForEachEntry(btree::Tree& tree, const txn::View& view, absl::FunctionRef<Status(const CopiedEntry&)> visit) {
  btree::Cursor cursor(tree, {}, {});
  std::vector<CopiedEntry> entries;
  for (bool more = true; more;) {
    entries.clear();
    TURDB_ASSIGN_OR_RETURN(more, cursor.Next(view, 256, [&](const btree::Entries& found) {
      std::byte key[base::kMaxKeyBytes];
      for (size_t i = 0; i < found.count; ++i) {
        entries.push_back({std::string(base::AsText(found.key(i, key))), std::string(base::AsText(found.value(i)))});
      }
    }));
    for (const CopiedEntry& entry : entries) TURDB_RETURN_IF_ERROR(visit(entry));
  }
  return absl::OkStatus();
}

}  // namespace

Status Table::Check(const txn::View& view, IndexEvaluator* evaluator, bool trees, std::vector<std::string>* errors) const {
  Findings findings(errors);
  const std::string name = schema_->qualified_name();
  const auto check_tree = [&](btree::Tree& tree) -> Status {
    btree::CheckReport report;
    TURDB_RETURN_IF_ERROR(tree.Check(&report));
    for (const std::string& problem : report.problems) findings.Add(problem);
    return absl::OkStatus();
  };
  if (trees) TURDB_RETURN_IF_ERROR(check_tree(*primary_));
  const int32_t count = static_cast<int32_t>(indexes_.size());
  std::vector<uint64_t> entries_due(indexes_.size(), 0);
  WriteScratch scratch(*this);
  Scratch& state = *scratch.state_;
  // Every row reads, and every index has its entry.
  TURDB_RETURN_IF_ERROR(ForEachEntry(*primary_, view, [&](const CopiedEntry& row_entry) -> Status {
    const Bytes row_key = base::AsBytes(row_entry.key);
    const StatusOr<Bytes> row = ResolveRow(base::AsBytes(row_entry.value), &state.whole);
    if (!row.ok()) {
      findings.Add(absl::StrCat(name, ", row ", KeyText(*this, row_key), ": ", row.status().message()));
      return absl::OkStatus();
    }
    for (int32_t i = 0; i < count; ++i) {
      bool in_index;
      if (IsVectorIndex(i)) {
        TURDB_RETURN_IF_ERROR(VectorOf(i, row_key, *row, evaluator, state, &state.vector, &in_index));
        TURDB_ASSIGN_OR_RETURN(hnsw::Index* const vectors, VectorIndex(i));
        if (!in_index || !vectors->CanIndex(state.vector)) continue;
        TURDB_ASSIGN_OR_RETURN(const bool found, vectors->HasRow(view, row_key, state.vector));
        if (!found) {
          findings.Add(absl::StrCat("index ", schema_->indexes[static_cast<size_t>(i)].name, " of ", name,
                                    " has no node, or a wrong one, for row ", KeyText(*this, row_key)));
        }
        ++entries_due[static_cast<size_t>(i)];
        continue;
      }
      TURDB_RETURN_IF_ERROR(EntryOf(i, row_key, *row, evaluator, state, &state.entry, &in_index));
      if (!in_index) continue;
      const IndexSchema& index = schema_->indexes[static_cast<size_t>(i)];
      TURDB_ASSIGN_OR_RETURN(btree::Tree* const tree, IndexTree(i));
      bool right_value = true;
      TURDB_ASSIGN_OR_RETURN(const bool found, tree->Get(view, state.entry.bytes(), [&](Bytes value) {
        right_value = base::CompareBytes(value, index.unique ? row_key : Bytes()) == 0;
      }));
      if (!found || !right_value) {
        findings.Add(absl::StrCat("index ", index.name, " of ", name,
                                  found ? " has a wrong entry for row " : " has no entry for row ", KeyText(*this, row_key)));
      }
      ++entries_due[static_cast<size_t>(i)];
    }
    return absl::OkStatus();
  }));
  // No index has entries besides.
  for (int32_t i = 0; i < count; ++i) {
    uint64_t entries = 0;
    if (IsVectorIndex(i)) {
      TURDB_ASSIGN_OR_RETURN(hnsw::Index* const vectors, VectorIndex(i));
      if (trees) {
        hnsw::IndexCheckReport report;
        TURDB_RETURN_IF_ERROR(vectors->Check(&report));
        for (const std::string& problem : report.problems) findings.Add(problem);
      }
      TURDB_ASSIGN_OR_RETURN(entries, vectors->CountKeys(view));
    } else {
      TURDB_ASSIGN_OR_RETURN(btree::Tree* const tree, IndexTree(i));
      if (trees) TURDB_RETURN_IF_ERROR(check_tree(*tree));
      TURDB_RETURN_IF_ERROR(ForEachEntry(*tree, view, [&](const CopiedEntry&) {
        ++entries;
        return absl::OkStatus();
      }));
    }
    if (entries != entries_due[static_cast<size_t>(i)]) {
      findings.Add(absl::StrCat("index ", schema_->indexes[static_cast<size_t>(i)].name, " of ", name, " has ", entries,
                                " entries for ", entries_due[static_cast<size_t>(i)], " rows"));
    }
  }
  return absl::OkStatus();
}

}  // namespace turdb::table
