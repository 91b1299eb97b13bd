#include "storage/file_header.h"

#include <cstring>

#include "absl/strings/str_cat.h"

namespace turdb::storage {
namespace {

bool HasMagic(const std::byte* header, std::string_view magic) {
  char padded[16] = {};
  std::memcpy(padded, magic.data(), magic.size());
  return std::memcmp(header, padded, sizeof(padded)) == 0;
}

size_t FirstFreeOffset(const std::byte* page0) {
  return HasMagic(page0, kTableMagic) ? file_header::kFirstFreePageTable : file_header::kFirstFreePage;
}

}  // namespace

base::StatusOr<FileKind> KindOfFile(base::Bytes header) {
  if (HasMagic(header.data(), kMetaMagic)) return FileKind::kMeta;
  if (HasMagic(header.data(), kTableMagic)) return FileKind::kTable;
  if (HasMagic(header.data(), kIndexMagic)) return FileKind::kIndex;
  if (HasMagic(header.data(), kHnswMagic)) return FileKind::kHnsw;
  return base::CorruptionError("not a file of a TurDB database (the magic is wrong)");
}

uint32_t FirstFreePage(const std::byte* page0) { return base::LoadLE<uint32_t>(page0 + FirstFreeOffset(page0)); }

void SetFirstFreePage(std::byte* page0, uint32_t page) { base::StoreLE(page0 + FirstFreeOffset(page0), page); }

void SetMagic(std::byte* page0, std::string_view magic) {
  std::memset(page0, 0, 16);
  std::memcpy(page0, magic.data(), magic.size());
}

base::StatusOr<base::FileId> FileIdOf(base::Bytes header) {
  TURDB_ASSIGN_OR_RETURN(const FileKind kind, KindOfFile(header));
  if (kind == FileKind::kMeta) return base::kMetaFile;
  const uint64_t id = base::LoadLE<uint64_t>(header.data() + 16);
  if (id > UINT32_MAX)
    return base::CorruptionError(absl::StrCat("the object id ", id, " in the file's header is out of range"));
  return static_cast<base::FileId>(id);
}

}  // namespace turdb::storage
