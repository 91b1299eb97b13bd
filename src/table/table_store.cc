#include "table/table_store.h"

#include <algorithm>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/check.h"
#include "base/hash_map.h"
#include "btree/bulk_builder.h"
#include "btree/cursor.h"
#include "btree/tree_file.h"
#include "hnsw/index.h"
#include "table/table_state.h"
#include "txn/transaction.h"
#include "txn/transaction_manager.h"

namespace turdb::table {

using base::Bytes;
using base::FileId;
using base::Status;
using base::StatusOr;

struct TableStore::Rep {
  std::shared_mutex mutex;
  bool recovered = false;  // guarded by mutex, like the maps
  base::HashMap<FileId, std::unique_ptr<btree::Tree>> trees;
  base::HashMap<FileId, std::unique_ptr<hnsw::Index>> vectors;
  base::HashMap<FileId, std::shared_ptr<TableState>> states;
  base::HashMap<FileId, std::shared_ptr<Sequence>> sequences;
};

TableStore::TableStore(storage::Storage& storage, txn::TransactionManager& transactions, base::MemoryBudget& budget)
    : storage_(storage), transactions_(transactions), budget_(budget), rep_(std::make_unique<Rep>()) {}

TableStore::~TableStore() = default;

namespace {
// On a full disk they wait for the next opening.
Status FreePending(btree::Tree& tree) {
  Status status = tree.FreePendingOverflow();
  return base::GetSqlState(status) == base::sqlstate::kDiskFull ? absl::OkStatus() : status;
}
}  // namespace

void TableStore::RegisterRedo(storage::RedoTable* redo) {
  btree::Tree::RegisterRedo(redo);
  hnsw::Index::RegisterRedo(redo);
}

StatusOr<btree::Tree*> TableStore::TreeOf(FileId file) {
  {
    const std::shared_lock lock(rep_->mutex);
    if (const auto found = rep_->trees.find(file); found != rep_->trees.end()) return found->second.get();
  }
  const std::unique_lock lock(rep_->mutex);
  if (const auto found = rep_->trees.find(file); found != rep_->trees.end()) return found->second.get();
  const auto failed = [file](Status status) {
    return base::WithFrame(std::move(status), absl::StrCat("opening the tree of file ", file));
  };
  StatusOr<std::unique_ptr<btree::Tree>> opened = btree::Tree::Open(storage_, transactions_, file);
  if (!opened.ok()) return failed(opened.status());
  if (rep_->recovered && !storage_.read_only()) {
    if (Status status = FreePending(**opened); !status.ok()) return failed(std::move(status));
  }
  return rep_->trees.emplace(file, *std::move(opened)).first->second.get();
}

StatusOr<hnsw::Index*> TableStore::VectorIndexOf(FileId file) {
  {
    const std::shared_lock lock(rep_->mutex);
    if (const auto found = rep_->vectors.find(file); found != rep_->vectors.end()) return found->second.get();
  }
  const std::unique_lock lock(rep_->mutex);
  if (const auto found = rep_->vectors.find(file); found != rep_->vectors.end()) return found->second.get();
  StatusOr<std::unique_ptr<hnsw::Index>> opened = hnsw::Index::Open(storage_, transactions_, file);
  if (!opened.ok()) return base::WithFrame(opened.status(), absl::StrCat("opening the vector index of file ", file));
  return rep_->vectors.emplace(file, *std::move(opened)).first->second.get();
}

StatusOr<bool> TableStore::IsVectorIndexFile(FileId file) {
  {
    const std::shared_lock lock(rep_->mutex);
    if (rep_->trees.contains(file)) return false;
    if (rep_->vectors.contains(file)) return true;
  }
  return hnsw::Index::IsIndexFile(storage_, file);
}

StatusOr<txn::UndoTarget*> TableStore::UndoTargetOf(FileId file) {
  TURDB_ASSIGN_OR_RETURN(const bool vectors, IsVectorIndexFile(file));
  if (!vectors) return TreeOf(file);
  return VectorIndexOf(file);
}

Status TableStore::PurgeQuietPage(base::PageId page) {
  TURDB_ASSIGN_OR_RETURN(const bool vectors, IsVectorIndexFile(page.file));
  if (vectors) {
    TURDB_ASSIGN_OR_RETURN(hnsw::Index* const index, VectorIndexOf(page.file));
    return index->PurgeQuietPage(page.page);
  }
  TURDB_ASSIGN_OR_RETURN(btree::Tree* const tree, TreeOf(page.file));
  return tree->PurgeQuietPage(page.page);
}

Status TableStore::CheckFile(FileId file, std::vector<std::string>* problems) {
  TURDB_ASSIGN_OR_RETURN(const bool vectors, IsVectorIndexFile(file));
  const auto check = [&](auto& checked, auto report) {
    Status status = checked.Check(&report);
    problems->insert(problems->end(), report.problems.begin(), report.problems.end());
    return status;
  };
  if (vectors) {
    TURDB_ASSIGN_OR_RETURN(hnsw::Index* const index, VectorIndexOf(file));
    return check(*index, hnsw::IndexCheckReport());
  }
  TURDB_ASSIGN_OR_RETURN(btree::Tree* const tree, TreeOf(file));
  return check(*tree, btree::CheckReport());
}

Status TableStore::FinishRecovery() {
  const std::unique_lock lock(rep_->mutex);
  rep_->recovered = true;
  if (storage_.read_only()) return absl::OkStatus();
  // Trees were opened to undo what was in them; some files went with the transactions that had made them.
  std::erase_if(rep_->trees, [&](const auto& each) { return !storage_.FileExists(each.first); });
  std::erase_if(rep_->vectors, [&](const auto& each) { return !storage_.FileExists(each.first); });
  for (const auto& [file, tree] : rep_->trees) TURDB_RETURN_IF_ERROR(FreePending(*tree));
  return absl::OkStatus();
}

std::shared_ptr<TableState> TableStore::StateOf(FileId table) {
  const std::unique_lock lock(rep_->mutex);
  std::shared_ptr<TableState>& state = rep_->states[table];
  if (state == nullptr) {
    auto made = std::make_shared<TableState>();
    made->file = table;
    state = std::move(made);
  }
  return state;
}

namespace {

// The greatest key that anybody could see; 0 when there is none. Runs before the first write of this process, so
// that what is committed is all there is.
StatusOr<int64_t> GreatestKey(btree::Tree& tree, txn::TransactionManager& transactions) {
  const txn::Snapshot snapshot = transactions.AcquireSnapshot();
  const txn::View view{snapshot.read_ts()};
  btree::Cursor cursor(tree, {}, {});
  int64_t greatest = 0;
  bool found = false;
  for (bool more = true; more && !found;) {
    TURDB_ASSIGN_OR_RETURN(more, cursor.Previous(view, 1, [&](const btree::Entries& entries) {
      std::byte key[base::kMaxKeyBytes];
      greatest = DecodeInt64Key(entries.key(0, key).data());
      found = true;
    }));
  }
  return greatest;
}

}  // namespace

StatusOr<std::shared_ptr<Table>> TableStore::Open(std::shared_ptr<const TableSchema> schema) {
  // A statement that is being prepared has no snapshot yet, and the table may be dropped at any time.
  const storage::FilePin pin = storage_.PinFile(schema->id);
  TURDB_ASSIGN_OR_RETURN(btree::Tree* const primary, TreeOf(schema->id));
  std::shared_ptr<TableState> state = StateOf(schema->id);
  {
    const std::lock_guard lock(state->mutex);
    if (!state->loaded) {
      int64_t number = 0;
      if (schema->id != base::kMetaFile) {
        TURDB_ASSIGN_OR_RETURN(const uint64_t logged, btree::ReadHeaderField(storage_, schema->id, btree::kAutoIncrementField));
        number = static_cast<int64_t>(logged);
      }
      // A damaged page in the way is for those to report who want what is on it.
      const StatusOr<uint64_t> rows = btree::EstimateEntries(*primary);
      int64_t greatest = 0;
      if (schema->key_form != KeyForm::kEncoded) {
        TURDB_ASSIGN_OR_RETURN(greatest, GreatestKey(*primary, transactions_));
      }
      state->rows.store(rows.ok() ? static_cast<int64_t>(*rows) : 0);
      state->next_key.store(std::max({int64_t{1}, number, greatest == INT64_MAX ? INT64_MAX : greatest + 1}));
      state->next_identity.store(std::max<int64_t>(1, number));
      state->logged_until.store(number);
      state->loaded = true;
    }
  }
  return std::shared_ptr<Table>(new Table(*this, std::move(schema), std::move(state), primary));
}

namespace {

hnsw::IndexOptions OptionsOf(const TableSchema& schema, const IndexSchema& index) {
  hnsw::IndexOptions options;
  options.dimension = static_cast<uint32_t>(std::max(index.parts[0].type.length, 0));
  options.metric = static_cast<hnsw::Metric>(index.vectors.metric);
  options.links = index.vectors.links;
  options.max_degree = index.vectors.max_degree;
  options.ef_construction = index.vectors.ef_construction;
  options.ef_search = index.vectors.ef_search;
  options.wide_keys = schema.key_form == KeyForm::kEncoded;
  return options;
}

}  // namespace

Status TableStore::CreateIndexFile(txn::Transaction& transaction, const TableSchema& schema, const IndexSchema& index) {
  if (index.method == IndexMethod::kHnsw) {
    return hnsw::Index::Create(storage_, transaction.log, index.id, schema.id, index.path, OptionsOf(schema, index));
  }
  const auto header = btree::IndexFileHeader(index.id, schema.id, static_cast<uint32_t>(index.parts.size()), index.unique);
  return btree::Tree::Create(storage_, transaction.log, index.id, index.path, header, btree::KeyKind::kBytes);
}

Status TableStore::CreateFiles(txn::Transaction& transaction, const TableSchema& schema) {
  TURDB_RETURN_IF_ERROR(transaction.PrepareWrite());
  const auto header = btree::TableFileHeader(schema.id, static_cast<uint32_t>(schema.columns.size()));
  const btree::KeyKind kind = schema.key_form == KeyForm::kEncoded ? btree::KeyKind::kBytes : btree::KeyKind::kInt64;
  TURDB_RETURN_IF_ERROR(btree::Tree::Create(storage_, transaction.log, schema.id, schema.path, header, kind));
  for (const IndexSchema& index : schema.indexes) TURDB_RETURN_IF_ERROR(CreateIndexFile(transaction, schema, index));
  return absl::OkStatus();
}

Status TableStore::CreateSequenceFile(txn::Transaction& transaction, const SequenceSchema& schema,
                                      std::optional<Sequence::Position> first) {
  TURDB_RETURN_IF_ERROR(transaction.PrepareWrite());
  auto header = btree::TableFileHeader(schema.file, 0);
  if (first.has_value()) {
    using State = Sequence::CounterState;
    base::StoreLE(header.data() + btree::kAutoIncrementField, static_cast<uint64_t>(first->value));
    base::StoreLE(header.data() + btree::kRowCountField,
                  static_cast<uint64_t>(first->given ? State::kGiven : State::kNextToGive));
  }
  return btree::Tree::Create(storage_, transaction.log, schema.file, schema.path, header, btree::KeyKind::kInt64);
}

std::shared_ptr<Sequence> TableStore::OpenSequence(FileId file) {
  const std::unique_lock lock(rep_->mutex);
  std::shared_ptr<Sequence>& sequence = rep_->sequences[file];
  if (sequence == nullptr) sequence = std::make_shared<Sequence>(storage_, file);
  return sequence;
}

Status TableStore::DropFile(txn::Transaction& transaction, FileId file) {
  return btree::DropTreeFile(storage_, transaction, file, [this, file] { Forget(file); });
}

Status TableStore::RenameFile(txn::Transaction& transaction, FileId file, std::string_view new_path) {
  return btree::RenameTreeFile(storage_, transaction, file, new_path);
}

void TableStore::Forget(FileId file) {
  const std::unique_lock lock(rep_->mutex);
  rep_->trees.erase(file);
  rep_->vectors.erase(file);
  rep_->states.erase(file);
  rep_->sequences.erase(file);
}

// ---- turdb.meta

StatusOr<FileId> TableStore::NewObjectId(FileId least) {
  static constexpr size_t kFields[] = {btree::kNextTableIdField, btree::kNextIndexIdField};
  uint64_t id = 0;
  TURDB_RETURN_IF_ERROR(btree::ChangeHeaderField(storage_, base::kMetaFile, kFields, [&](uint64_t next) {
                          id = std::max<uint64_t>(next, least);
                          return id > UINT32_MAX ? next : id + 1;
                        }).status());
  if (id > UINT32_MAX) return base::LimitError("no object id is left: 4294967295 objects have been made");
  return static_cast<FileId>(id);
}

Status TableStore::PrepareCatalogTree() {
  TURDB_ASSIGN_OR_RETURN(const base::PageNo pages, storage_.PageCount(base::kMetaFile));
  if (pages > 1) return absl::OkStatus();
  TURDB_ASSIGN_OR_RETURN(const base::PageNo root, btree::Tree::CreateIn(storage_, base::kMetaFile, btree::KeyKind::kBytes));
  TURDB_CHECK_EQ(root, btree::Tree::kRootPage);
  return absl::OkStatus();
}

Status TableStore::WriteSchemaFacts(uint64_t count, uint64_t default_schema_id) {
  static constexpr size_t kCount[] = {btree::kSchemaCountField}, kDefault[] = {btree::kDefaultSchemaField};
  TURDB_RETURN_IF_ERROR(btree::ChangeHeaderField(storage_, base::kMetaFile, kCount, [&](uint64_t) { return count; }).status());
  return btree::ChangeHeaderField(storage_, base::kMetaFile, kDefault, [&](uint64_t) { return default_schema_id; }).status();
}

std::vector<std::shared_ptr<TableState>> TableStore::States() {
  std::vector<std::shared_ptr<TableState>> states;
  const std::shared_lock lock(rep_->mutex);
  for (const auto& [file, state] : rep_->states) {
    if (file != base::kMetaFile) states.push_back(state);
  }
  return states;
}

Status TableStore::SettleNumbers() {
  static constexpr size_t kField[] = {btree::kAutoIncrementField};
  for (const std::shared_ptr<TableState>& state : States()) {
    const std::lock_guard lock(state->mutex);
    const int64_t next = std::max(state->next_key.load(), state->next_identity.load());
    if (next >= state->logged_until.load()) continue;
    TURDB_RETURN_IF_ERROR(btree::ChangeHeaderField(storage_, state->file, kField, [&](uint64_t) {
                            return static_cast<uint64_t>(next);
                          }).status());
    state->logged_until.store(next);
  }
  std::vector<std::shared_ptr<Sequence>> sequences;
  {
    const std::shared_lock lock(rep_->mutex);
    for (const auto& [file, sequence] : rep_->sequences) sequences.push_back(sequence);
  }
  for (const std::shared_ptr<Sequence>& sequence : sequences) TURDB_RETURN_IF_ERROR(sequence->Settle());
  return absl::OkStatus();
}

Status TableStore::WriteEstimates() {
  for (const std::shared_ptr<TableState>& state : States()) {
    static constexpr size_t kField[] = {btree::kRowCountField};
    const int64_t rows = std::max<int64_t>(0, state->rows.load());
    TURDB_RETURN_IF_ERROR(btree::ChangeHeaderField(storage_, state->file, kField, [&](uint64_t) {
                            return static_cast<uint64_t>(rows);
                          }).status());
  }
  return absl::OkStatus();
}

// ---- index build

namespace {

struct BuiltEntry {
  uint32_t key_begin, key_size, value_begin, value_size;
};

// Entries gathered until the budget refuses, then sorted.
class EntryRun {
 public:
  // A quarter of what is free: others need memory too.
  explicit EntryRun(base::MemoryBudget& budget)
      : reservation_(budget), most_bytes_(std::max<int64_t>((budget.limit_bytes() - budget.used_bytes()) / 4, 64 << 10)) {}

  // False: no memory for it.
  bool Add(Bytes key, Bytes value) {
    const size_t bytes = bytes_.size() + key.size() + value.size();
    if (bytes > kMostBytes) return false;
    const int64_t due = static_cast<int64_t>(bytes * 2 + (entries_.size() + 1) * 2 * sizeof(BuiltEntry));
    if (due > most_bytes_ && !entries_.empty()) return false;
    while (reservation_.bytes() < due) {
      if (!reservation_.TryGrow(std::max<int64_t>(64 << 10, reservation_.bytes()))) return false;
    }
    BuiltEntry entry{static_cast<uint32_t>(bytes_.size()), static_cast<uint32_t>(key.size()), 0,
                     static_cast<uint32_t>(value.size())};
    bytes_.append(base::AsText(key));
    entry.value_begin = static_cast<uint32_t>(bytes_.size());
    bytes_.append(base::AsText(value));
    entries_.push_back(entry);
    return true;
  }
  void Sort() {
    std::sort(entries_.begin(), entries_.end(),
              [this](const BuiltEntry& a, const BuiltEntry& b) { return base::CompareBytes(Key(a), Key(b)) < 0; });
  }
  Bytes Key(const BuiltEntry& entry) const { return base::AsBytes(bytes_).subspan(entry.key_begin, entry.key_size); }
  Bytes Value(const BuiltEntry& entry) const { return base::AsBytes(bytes_).subspan(entry.value_begin, entry.value_size); }
  const std::vector<BuiltEntry>& entries() const { return entries_; }
  void Clear() {
    entries_.clear();
    bytes_.clear();
  }

 private:
  static constexpr size_t kMostBytes = size_t{1} << 30;
  base::MemoryReservation reservation_;
  const int64_t most_bytes_;
  std::vector<BuiltEntry> entries_;
  std::string bytes_;
};

// The rows that the transaction sees, in the order of their keys; no latch is held while they are visited.
Status ForEachRow(txn::Transaction& transaction, const Table& table,
                  absl::FunctionRef<Status(Bytes row_key, Bytes row)> visit) {
  btree::Cursor cursor(table.primary(), {}, {});
  struct Row {
    std::string key, row;
  };
  std::vector<Row> rows;
  for (bool more = true; more;) {
    TURDB_RETURN_IF_ERROR(transaction.CheckCanceled());
    rows.clear();
    TURDB_ASSIGN_OR_RETURN(more, cursor.Next(transaction.view_with_own_changes(), 128, [&](const btree::Entries& found) {
      std::byte key[base::kMaxKeyBytes];
      for (size_t i = 0; i < found.count; ++i) {
        rows.push_back({std::string(base::AsText(found.key(i, key))), std::string(base::AsText(found.value(i)))});
      }
    }));
    for (const Row& row : rows) TURDB_RETURN_IF_ERROR(visit(base::AsBytes(row.key), base::AsBytes(row.row)));
  }
  return absl::OkStatus();
}

}  // namespace

Status TableStore::BuildIndex(txn::Transaction& transaction, const Table& table, int32_t index, IndexEvaluator* evaluator) {
  const IndexSchema& schema = table.schema().indexes[static_cast<size_t>(index)];
  TURDB_RETURN_IF_ERROR(transaction.PrepareWrite());
  TURDB_RETURN_IF_ERROR(CreateIndexFile(transaction, table.schema(), schema));
  if (schema.method == IndexMethod::kHnsw) return BuildVectorIndex(transaction, table, index, evaluator);
  TURDB_ASSIGN_OR_RETURN(btree::Tree* const tree, TreeOf(schema.id));
  EntryRun run(budget_);
  bool first_run = true;
  const auto duplicate = [&](Bytes key) -> Status {
    std::vector<std::string> columns, values;
    for (size_t i = 0; i < schema.parts.size(); ++i) {
      const int32_t column = schema.parts[i].column;
      columns.push_back(column < 0 ? schema.parts[i].expression_sql : table.schema().columns[static_cast<size_t>(column)].name);
      vec::Value value;
      TURDB_RETURN_IF_ERROR(ReadKeyPart(table.key_parts(index)[i], &key, &value));
      values.push_back(value.ToString());
    }
    return base::MakeError(absl::StatusCode::kAlreadyExists, base::sqlstate::kUniqueViolation,
                           absl::StrCat("could not create unique index \"", schema.name, "\": Key (",
                                        absl::StrJoin(columns, ", "), ")=(", absl::StrJoin(values, ", "), ") is duplicated."));
  };
  // What fits into memory is sorted and built bottom-up; when it did not all fit, later runs are inserted in order.
  // Nobody else sees the tree before the commit, so that no entry needs a version.
  const auto flush = [&](bool last) -> Status {
    run.Sort();
    const std::vector<BuiltEntry>& entries = run.entries();
    for (size_t i = 1; i < entries.size(); ++i) {
      if (base::CompareBytes(run.Key(entries[i - 1]), run.Key(entries[i])) == 0) return duplicate(run.Key(entries[i]));
    }
    if (first_run) {
      btree::BulkBuilder builder(*tree);
      for (const BuiltEntry& entry : entries) TURDB_RETURN_IF_ERROR(builder.Add(run.Key(entry), run.Value(entry)));
      TURDB_RETURN_IF_ERROR(builder.Finish());
    } else {
      for (const BuiltEntry& entry : entries) {
        TURDB_ASSIGN_OR_RETURN(const btree::Tree::InsertResult result,
                               tree->InsertUnversioned(run.Key(entry), run.Value(entry)));
        if (result == btree::Tree::InsertResult::kDuplicate) return duplicate(run.Key(entry));
      }
    }
    first_run = false;
    if (!last) run.Clear();
    return absl::OkStatus();
  };
  WriteScratch scratch(table);
  WriteScratch::State& state = *scratch.state_;
  TURDB_RETURN_IF_ERROR(ForEachRow(transaction, table, [&](Bytes row_key, Bytes row) -> Status {
    TURDB_ASSIGN_OR_RETURN(const Bytes resolved, table.ResolveRow(row, &state.whole));
    bool in_index;
    TURDB_RETURN_IF_ERROR(table.EntryOf(index, row_key, resolved, evaluator, state, &state.entry, &in_index));
    if (!in_index) return absl::OkStatus();
    const Bytes value = schema.unique ? row_key : Bytes();
    if (run.Add(state.entry.bytes(), value)) return absl::OkStatus();
    if (run.entries().empty()) return base::OutOfMemoryError("no memory is left to build an index");
    TURDB_RETURN_IF_ERROR(flush(false));
    return run.Add(state.entry.bytes(), value) ? absl::OkStatus()
                                               : base::OutOfMemoryError("no memory is left to build an index");
  }));
  return flush(true);
}

Status TableStore::BuildVectorIndex(txn::Transaction& transaction, const Table& table, int32_t index,
                                    IndexEvaluator* evaluator) {
  TURDB_ASSIGN_OR_RETURN(hnsw::Index* const vectors, VectorIndexOf(table.schema().indexes[static_cast<size_t>(index)].id));
  // A small cache holds the pages that one thread needs.
  constexpr size_t kManyFrames = 1024;
  const bool is_large = storage_.pool().stats().frame_limit >= kManyFrames;
  hnsw::Index::Builder builder(*vectors, is_large ? build_threads_ : 1);
  WriteScratch scratch(table);
  WriteScratch::State& state = *scratch.state_;
  TURDB_RETURN_IF_ERROR(ForEachRow(transaction, table, [&](Bytes row_key, Bytes row) -> Status {
    TURDB_ASSIGN_OR_RETURN(const Bytes resolved, table.ResolveRow(row, &state.whole));
    bool in_index;
    TURDB_RETURN_IF_ERROR(table.VectorOf(index, row_key, resolved, evaluator, state, &state.vector, &in_index));
    return in_index ? builder.Add(row_key, state.vector).status() : absl::OkStatus();
  }));
  return builder.Finish();
}

}  // namespace turdb::table
