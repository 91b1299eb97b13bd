// The 128 bytes at the start of page 0 of each file: the tables of FORMAT.md as structs. Little-endian. On disk:
// do not change. All four kinds share the bytes from 88 on (kernel rule 7), but `.tbd` keeps its first free page
// at 40 and zero at 88.
#ifndef TURDB_STORAGE_FILE_HEADER_H_
#define TURDB_STORAGE_FILE_HEADER_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/status.h"
#include "storage/page.h"

namespace turdb::storage {

static_assert(std::endian::native == std::endian::little, "headers are mapped as structs");

enum class FileKind : uint8_t { kMeta, kTable, kIndex, kHnsw };

inline constexpr std::string_view kMetaMagic = "TurDB Meta";
inline constexpr std::string_view kTableMagic = "TurDB Table";
inline constexpr std::string_view kIndexMagic = "TurDB Index";
inline constexpr std::string_view kHnswMagic = "TurDB HNSW";

// Bytes 88..127 of every header.
struct SharedHeader {
  uint32_t first_free_page;  // head of the list of free pages, 0 = none (zero in `.tbd`)
  uint32_t page_count;       // pages in use or free, page 0 included
  uint32_t format_version;   // 1
  uint32_t zero100;
  uint64_t database_id;
  uint64_t lsn;  // end of the record that changed page 0 last
  uint32_t crc;  // CRC32C of bytes 0..119
  uint32_t zero124;
};
static_assert(sizeof(SharedHeader) == 40);

struct MetaHeader {
  char magic[16];
  uint32_t version;    // = shared.format_version
  uint32_t page_size;  // 16384
  uint64_t schema_count;
  uint64_t default_schema_id;
  uint64_t next_table_id;  // one counter for all object ids:
  uint64_t next_index_id;  // the same number
  uint64_t flags;
  std::byte reserved[24];
  SharedHeader shared;
};

struct TableHeader {
  char magic[16];
  uint64_t table_id;
  uint64_t row_count;  // an estimate, written at checkpoints
  uint32_t root_page;
  uint32_t column_count;
  uint32_t first_free_page;
  uint32_t zero44;
  uint64_t auto_increment;
  std::byte reserved[32];
  SharedHeader shared;
};

struct IndexHeader {
  char magic[16];
  uint64_t index_id;
  uint64_t table_id;
  uint32_t root_page;
  uint32_t key_column_count;
  uint8_t unique;
  uint8_t type;  // 0 = btree
  std::byte reserved[46];
  SharedHeader shared;
};

struct HnswHeader {
  char magic[16];
  uint64_t index_id;
  uint64_t table_id;
  uint32_t dimension;
  uint32_t m;
  uint32_t ef_construction;
  uint32_t entry_point;
  uint64_t node_count;
  uint64_t vector_count;
  std::byte reserved[24];  // metric, quantisation, M0 and efSearch: the vector index lays them out
  SharedHeader shared;
};

static_assert(sizeof(MetaHeader) == kFileHeaderBytes && sizeof(TableHeader) == kFileHeaderBytes);
static_assert(sizeof(IndexHeader) == kFileHeaderBytes && sizeof(HnswHeader) == kFileHeaderBytes);
static_assert(offsetof(MetaHeader, version) == 16 && offsetof(MetaHeader, page_size) == 20 &&
              offsetof(MetaHeader, schema_count) == 24);
static_assert(offsetof(MetaHeader, default_schema_id) == 32 && offsetof(MetaHeader, next_table_id) == 40);
static_assert(offsetof(MetaHeader, next_index_id) == 48 && offsetof(MetaHeader, flags) == 56 &&
              offsetof(MetaHeader, shared) == 88);
static_assert(offsetof(TableHeader, table_id) == 16 && offsetof(TableHeader, row_count) == 24 &&
              offsetof(TableHeader, root_page) == 32);
static_assert(offsetof(TableHeader, column_count) == 36 &&
              offsetof(TableHeader, first_free_page) == file_header::kFirstFreePageTable);
static_assert(offsetof(TableHeader, auto_increment) == 48 && offsetof(TableHeader, shared) == 88);
static_assert(offsetof(IndexHeader, index_id) == 16 && offsetof(IndexHeader, table_id) == 24 &&
              offsetof(IndexHeader, root_page) == 32);
static_assert(offsetof(IndexHeader, key_column_count) == 36 && offsetof(IndexHeader, unique) == 40 &&
              offsetof(IndexHeader, type) == 41);
static_assert(offsetof(IndexHeader, shared) == 88);
static_assert(offsetof(HnswHeader, index_id) == 16 && offsetof(HnswHeader, table_id) == 24 &&
              offsetof(HnswHeader, dimension) == 32);
static_assert(offsetof(HnswHeader, m) == 36 && offsetof(HnswHeader, ef_construction) == 40 &&
              offsetof(HnswHeader, entry_point) == 44);
static_assert(offsetof(HnswHeader, node_count) == 48 && offsetof(HnswHeader, vector_count) == 56 &&
              offsetof(HnswHeader, shared) == 88);
static_assert(offsetof(SharedHeader, page_count) == file_header::kPageCount - 88);
static_assert(offsetof(SharedHeader, format_version) == file_header::kFormatVersion - 88);
static_assert(offsetof(SharedHeader, database_id) == file_header::kDatabaseId - 88);
static_assert(offsetof(SharedHeader, lsn) == file_header::kLsn - 88 && offsetof(SharedHeader, crc) == file_header::kCrc - 88);

// Page 0's fields, by kind of file.
base::StatusOr<FileKind> KindOfFile(base::Bytes header);  // by its magic
uint32_t FirstFreePage(const std::byte* page0);
void SetFirstFreePage(std::byte* page0, uint32_t page);
void SetMagic(std::byte* page0, std::string_view magic);
inline uint32_t PageCountOf(const std::byte* page0) { return base::LoadLE<uint32_t>(page0 + file_header::kPageCount); }
// The id in a header: 16,8 in all but the meta file, whose id is kMetaFile.
base::StatusOr<base::FileId> FileIdOf(base::Bytes header);

}  // namespace turdb::storage

#endif  // TURDB_STORAGE_FILE_HEADER_H_
