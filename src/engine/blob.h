// One long value of one row, read and written in pieces: SQLite's incremental blobs.
#ifndef TURDB_ENGINE_BLOB_H_
#define TURDB_ENGINE_BLOB_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "base/bytes.h"
#include "base/status.h"
#include "btree/overflow_stream.h"
#include "catalog/catalog.h"
#include "engine/connection.h"
#include "table/row_codec.h"
#include "table/table.h"
#include "txn/snapshot_registry.h"
#include "vec/value.h"

namespace turdb::engine {

// Not thread-safe: for the thread that is inside the connection; let go of it with Connection::Adopt. Opened inside a
// transaction it sees what the transaction sees, and ends with it; opened outside one it sees what was there then. When the
// value is another one than it knows, because the transaction itself has changed it, the blob has expired: 24000.
class Blob {
 public:
  // Stands on no row yet. Empty `schema`: by the search path.
  static base::StatusOr<std::unique_ptr<Blob>> Open(std::shared_ptr<Connection> connection, std::string_view schema,
                                                    std::string_view table, std::string_view column, bool writable);
  ~Blob();
  Blob(const Blob&) = delete;
  Blob& operator=(const Blob&) = delete;

  // To the row with this key: the values of the primary key, or the rowid of a table without one. It sees what is there now. On
  // failure it stands on no row. Errors: 02000, 22004 for a NULL.
  base::Status MoveTo(std::span<const vec::Value> key);

  const std::shared_ptr<Connection>& connection() const { return connection_; }
  bool has_row() const { return has_row_; }
  uint64_t size_bytes() const { return size_bytes_; }
  // REQUIRES of both: has_row(). Errors: 22023 outside the value.
  base::Status Read(uint64_t offset, base::MutableBytes out);
  // In a transaction of its own when there is none. The value keeps its size.
  base::Status Write(uint64_t offset, base::Bytes data);
  // Likewise; longer values have zeros behind. Errors: 54000 for what is too long.
  base::Status Resize(uint64_t size_bytes);

 private:
  friend class Connection;
  void Detach();  // stands on no row; the connection closes
  // The value as a row has it.
  struct Place {
    bool is_null = false;
    bool elsewhere = false;
    btree::OverflowRef ref;  // elsewhere
    std::string bytes;       // otherwise
    size_t at = 0;           // of `bytes`, or of the reference, in the row; 0: the row is older than the column
  };

  Blob(std::shared_ptr<Connection> connection, std::shared_ptr<const catalog::Relation> relation, const table::Table& table,
       int32_t column, bool writable);
  base::Status CheckWritable() const;
  base::StatusOr<bool> Find(const txn::View& view, Place* place);
  base::Status CheckCurrent(const txn::View& view);  // it stands where it stood
  base::StatusOr<txn::View> CurrentView();
  base::Status CheckRange(uint64_t offset, size_t size_bytes) const;
  // Makes the row another one: what `make` gives is its entry in the tree; it says in *made where the value is then.
  using MakeEntry = absl::FunctionRef<base::StatusOr<std::string>(txn::Transaction& transaction, Place* made)>;
  base::Status Change(MakeEntry make);
  base::Status Replace(MakeEntry make);
  base::StatusOr<std::string> NewEntry(txn::Transaction& transaction, uint64_t offset, base::Bytes data, Place* made);
  base::StatusOr<std::string> ResizedEntry(txn::Transaction& transaction, uint64_t size_bytes, Place* made);
  base::StatusOr<btree::OverflowRef> CopyChain(txn::Transaction& transaction, uint64_t offset, base::Bytes data);
  // The value, or as much of it as there is room for, and zeros.
  base::StatusOr<btree::OverflowRef> ResizedChain(txn::Transaction& transaction, uint64_t size_bytes);
  base::Status ReadPlace(uint64_t offset, base::MutableBytes out);
  base::Status Expired(std::string_view why) const;
  storage::Storage& storage() const { return table_.store().storage(); }

  const std::shared_ptr<Connection> connection_;
  const std::shared_ptr<const catalog::Relation> relation_;
  const table::Table& table_;
  const int32_t column_;
  const bool writable_;

  bool has_row_ = false;
  bool is_expired_ = false;  // what it knows is not what the snapshot shows
  table::KeyBuffer key_;
  uint64_t size_bytes_ = 0;
  uint64_t transaction_number_ = 0;  // that it was opened in; 0: in none
  txn::Snapshot snapshot_;           // of a blob opened outside a transaction
  Place place_;
  std::unique_ptr<btree::OverflowReader> reader_;
  std::string entry_;      // of the row, as the tree has it
  std::string whole_row_;  // where the row is in a chain: the row
};

}  // namespace turdb::engine

#endif  // TURDB_ENGINE_BLOB_H_
