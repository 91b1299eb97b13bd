#include "btree/tree_file.h"

#include <utility>

#include "absl/container/inlined_vector.h"
#include "storage/buffer_pool.h"
#include "storage/file_header.h"
#include "storage/log_record.h"
#include "storage/storage.h"
#include "txn/transaction.h"

namespace turdb::btree {

using base::FileId;
using base::PageId;
using base::Status;
using base::StatusOr;

namespace {

static_assert(kFileHeaderBytes == storage::kFileHeaderBytes);
static_assert(kRowCountField == offsetof(storage::TableHeader, row_count));
static_assert(kAutoIncrementField == offsetof(storage::TableHeader, auto_increment));
static_assert(kSchemaCountField == offsetof(storage::MetaHeader, schema_count));
static_assert(kDefaultSchemaField == offsetof(storage::MetaHeader, default_schema_id));
static_assert(kNextTableIdField == offsetof(storage::MetaHeader, next_table_id));
static_assert(kNextIndexIdField == offsetof(storage::MetaHeader, next_index_id));

template <typename Header>
std::array<std::byte, kFileHeaderBytes> ToBytes(const Header& header, std::string_view magic) {
  static_assert(sizeof(Header) == kFileHeaderBytes);
  std::array<std::byte, kFileHeaderBytes> bytes;
  std::memcpy(bytes.data(), &header, sizeof(header));
  storage::SetMagic(bytes.data(), magic);
  return bytes;
}

}  // namespace

std::array<std::byte, kFileHeaderBytes> TableFileHeader(FileId table, uint32_t column_count) {
  storage::TableHeader header{};
  header.table_id = table;
  header.column_count = column_count;
  return ToBytes(header, storage::kTableMagic);
}

std::array<std::byte, kFileHeaderBytes> IndexFileHeader(FileId index, FileId table, uint32_t key_columns, bool unique) {
  storage::IndexHeader header{};
  header.index_id = index;
  header.table_id = table;
  header.key_column_count = key_columns;
  header.unique = unique ? 1 : 0;
  return ToBytes(header, storage::kIndexMagic);
}

StatusOr<uint64_t> ReadHeaderField(storage::Storage& storage, FileId file, size_t offset) {
  TURDB_ASSIGN_OR_RETURN(const storage::SharedGuard page0, storage.pool().FixShared(PageId{file, 0}));
  return base::LoadLE<uint64_t>(page0.page() + offset);
}

StatusOr<uint64_t> ChangeHeaderField(storage::Storage& storage, FileId file, std::span<const size_t> offsets,
                                     absl::FunctionRef<uint64_t(uint64_t)> change) {
  TURDB_RETURN_IF_ERROR(storage.PrepareChange(storage::TxnLog()));
  TURDB_ASSIGN_OR_RETURN(storage::ExclusiveGuard page0, storage.pool().FixExclusive(PageId{file, 0}));
  const uint64_t before = base::LoadLE<uint64_t>(page0.page() + offsets[0]);
  const uint64_t after = change(before);
  if (after == before) return before;
  storage::ExclusiveGuard* const guards[] = {&page0};
  storage.BeginChange(guards);
  std::byte value[8];
  base::StoreLE(value, after);
  absl::InlinedVector<std::array<std::byte, 2>, 4> places(offsets.size());
  storage::LogEntries entries;
  for (size_t i = 0; i < offsets.size(); ++i) {
    base::StoreLE(page0.page() + offsets[i], after);
    base::StoreLE(places[i].data(), static_cast<uint16_t>(offsets[i]));
    entries.push_back({page0.id(), storage::op::kSplice, {base::Bytes(places[i]), base::Bytes(value), {}}});
  }
  storage.LogChange(storage::RecordKind::kStructure, nullptr, entries, guards);
  return before;
}

Status SetHeaderFields(storage::Storage& storage, FileId file, std::span<const HeaderField> fields) {
  TURDB_RETURN_IF_ERROR(storage.PrepareChange(storage::TxnLog()));
  TURDB_ASSIGN_OR_RETURN(storage::ExclusiveGuard page0, storage.pool().FixExclusive(PageId{file, 0}));
  storage::ExclusiveGuard* const guards[] = {&page0};
  storage.BeginChange(guards);
  struct Splice {
    std::array<std::byte, 2> place;
    std::array<std::byte, 8> value;
  };
  absl::InlinedVector<Splice, 4> splices(fields.size());
  storage::LogEntries entries;
  for (size_t i = 0; i < fields.size(); ++i) {
    base::StoreLE(page0.page() + fields[i].offset, fields[i].value);
    base::StoreLE(splices[i].place.data(), static_cast<uint16_t>(fields[i].offset));
    base::StoreLE(splices[i].value.data(), fields[i].value);
    entries.push_back({page0.id(), storage::op::kSplice, {base::Bytes(splices[i].place), base::Bytes(splices[i].value), {}}});
  }
  storage.LogChange(storage::RecordKind::kStructure, nullptr, entries, guards);
  return absl::OkStatus();
}

Status DropTreeFile(storage::Storage& storage, txn::Transaction& transaction, FileId file, std::function<void()> forget) {
  TURDB_RETURN_IF_ERROR(transaction.PrepareWrite());
  TURDB_RETURN_IF_ERROR(storage.DropFile(transaction.log, file));
  transaction.DeferUntilUnneeded(
      [&storage, file, forget = std::move(forget)]() -> Status {
        forget();
        return storage.RemoveDroppedFile(file);
      },
      [&storage, file] { return storage.CanRemoveFile(file); });
  return absl::OkStatus();
}

Status RenameTreeFile(storage::Storage& storage, txn::Transaction& transaction, FileId file, std::string_view new_path) {
  TURDB_RETURN_IF_ERROR(transaction.PrepareWrite());
  return storage.RenameFile(transaction.log, file, new_path);
}

}  // namespace turdb::btree
