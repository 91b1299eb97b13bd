// The open trees of a database and what is done with whole tables: making, opening, indexing, dropping.
#ifndef TURDB_TABLE_TABLE_STORE_H_
#define TURDB_TABLE_TABLE_STORE_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/memory_budget.h"
#include "base/status.h"
#include "btree/tree.h"
#include "table/schema.h"
#include "table/sequence.h"
#include "table/table.h"

namespace turdb::table {

// Thread-safe. Outlives every Table; storage and transactions outlive it.
class TableStore {
 public:
  TableStore(storage::Storage& storage, txn::TransactionManager& transactions, base::MemoryBudget& budget);
  TableStore(const TableStore&) = delete;
  TableStore& operator=(const TableStore&) = delete;
  ~TableStore();

  storage::Storage& storage() const { return storage_; }
  txn::TransactionManager& transactions() const { return transactions_; }
  base::MemoryBudget& budget() const { return budget_; }

  // After recovery has undone what was unfinished: from now on a tree frees, when it is opened, the overflow chains
  // that a crash left waiting.
  base::Status FinishRecovery();

  // Before storage is opened: how records of trees and vector indexes are redone.
  static void RegisterRedo(storage::RedoTable* redo);

  // The tree of a file, opened at the first call.
  base::StatusOr<btree::Tree*> TreeOf(base::FileId file);
  base::StatusOr<hnsw::Index*> VectorIndexOf(base::FileId file);
  base::StatusOr<bool> IsVectorIndexFile(base::FileId file);
  // Where the transaction manager leaves what is to be undone, and pages without versions (Tree::PurgeQuietPage).
  base::StatusOr<txn::UndoTarget*> UndoTargetOf(base::FileId file);
  base::Status PurgeQuietPage(base::PageId page);
  // Everything in the file, as Tree::Check and hnsw::Index::Check: problems are appended.
  base::Status CheckFile(base::FileId file, std::vector<std::string>* problems);

  // Opens the table's primary tree; indexes open at first use. All tables of one id share their counters.
  base::StatusOr<std::shared_ptr<Table>> Open(std::shared_ptr<const TableSchema> schema);

  // Makes the files of a new table and its indexes, all empty. REQUIRES: ids and paths are set.
  base::Status CreateFiles(txn::Transaction& transaction, const TableSchema& schema);
  // Makes the file of index `index` of the table and fills it from the rows that the transaction sees, sorted, in
  // bounded memory. Errors: 23505 when the index is unique and the rows are not.
  // REQUIRES: writers of the table are locked out; the schema has the index.
  base::Status BuildIndex(txn::Transaction& transaction, const Table& table, int32_t index, IndexEvaluator* evaluator);
  // How many threads may build a vector index, the calling one among them; 1 unless it was set. Before the first BuildIndex.
  void set_build_threads(size_t threads) { build_threads_ = threads; }
  // ---- sequences
  // Makes the counter's file. `first`: the number that is given first, when it is not the start.
  base::Status CreateSequenceFile(txn::Transaction& transaction, const SequenceSchema& schema,
                                  std::optional<Sequence::Position> first);
  // The counter that everybody shares.
  std::shared_ptr<Sequence> OpenSequence(base::FileId file);

  // The file goes once the transaction has committed and no snapshot can read it.
  base::Status DropFile(txn::Transaction& transaction, base::FileId file);
  base::Status RenameFile(txn::Transaction& transaction, base::FileId file, std::string_view new_path);
  // The file was made by a transaction that has rolled back: what is open of it goes.
  void Forget(base::FileId file);

  // ---- turdb.meta
  // The next number of the one counter of object ids, at least `least`. Never given again, crash or not.
  base::StatusOr<base::FileId> NewObjectId(base::FileId least = 0);
  // Puts an empty tree into turdb.meta, unless there is one.
  base::Status PrepareCatalogTree();
  // Fields of the header that say how many schemas there are and which is the default.
  base::Status WriteSchemaFacts(uint64_t count, uint64_t default_schema_id);

  // Writes row estimates into the files' headers, for the next opening. To be called before a checkpoint.
  base::Status WriteEstimates();
  // Numbers of sequences and of tables that were logged ahead and not given are there again for the next opening.
  // REQUIRES: nobody writes any more.
  base::Status SettleNumbers();

 private:
  std::vector<std::shared_ptr<TableState>> States();
  std::shared_ptr<TableState> StateOf(base::FileId table);
  base::Status CreateIndexFile(txn::Transaction& transaction, const TableSchema& schema, const IndexSchema& index);
  base::Status BuildVectorIndex(txn::Transaction& transaction, const Table& table, int32_t index, IndexEvaluator* evaluator);

  storage::Storage& storage_;
  txn::TransactionManager& transactions_;
  base::MemoryBudget& budget_;
  struct Rep;
  std::unique_ptr<Rep> rep_;
  size_t build_threads_ = 1;
};

}  // namespace turdb::table

#endif  // TURDB_TABLE_TABLE_STORE_H_
