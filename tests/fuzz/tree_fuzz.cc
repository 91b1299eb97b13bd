// Files of pages that were changed behind our back, with right checksums: opening, reading, changing and checking them
// ends with an answer or an error.
//
// Input: changes of a closed database: u8 file, u16 page, u16 offset, u8 length, bytes.
#include "fuzz/fuzz_database.h"
#include "fuzz/fuzz_input.h"
#include "storage/page_files.h"

namespace turdb {
namespace {

void Damage(os::FaultFileSystem& disk, FuzzInput input) {
  static const char* const kFiles[] = {"db/root/by_number.tbd", "db/root/by_text.tbd", "db/root/by_text.by_text_n.idx",
                                       "db/turdb.meta"};
  for (int change = 0; !input.empty() && change < 64; ++change) {
    auto file = disk.Open(kFiles[input.Byte() % 4], os::OpenMode::kReadWrite);
    const auto page_no = input.Number<uint16_t>();
    const auto offset = input.Number<uint16_t>();
    const base::Bytes bytes = input.Short();
    if (!file.ok()) continue;
    const uint64_t pages = *(*file)->Size() / storage::kPageSize;
    const base::PageId id{1, static_cast<base::PageNo>(page_no % std::max<uint64_t>(1, pages))};
    std::vector<std::byte> page(storage::kPageSize);
    if (!(*file)->Read(uint64_t{id.page} * storage::kPageSize, page).ok()) continue;
    // The list of free pages is storage's, which trusts it: a page that is in use and on it would be waited for by
    // whoever holds it.
    const auto kind = static_cast<storage::PageKind>(page[offsetof(storage::PageHeader, kind)]);
    if (id.page == 0 || kind == storage::PageKind::kFree) continue;
    const size_t at = offset % storage::kPageSize;
    const base::Bytes fitting = bytes.first(std::min(bytes.size(), storage::kPageSize - at));
    std::copy(fitting.begin(), fitting.end(), page.begin() + static_cast<int64_t>(at));
    storage::SealPage(id, page.data());
    (void)(*file)->Write(uint64_t{id.page} * storage::kPageSize, page);
  }
}

}  // namespace
}  // namespace turdb

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto* const kDisk = turdb::MakeFuzzDisk(/*closed=*/true).release();
  const std::shared_ptr<turdb::os::FaultFileSystem> disk = kDisk->CrashedCopy(1);
  turdb::Damage(*disk, turdb::FuzzInput(data, size));
  auto database = turdb::OpenFuzzDatabase(disk);
  if (!database.ok()) return 0;
  turdb::UseFuzzDatabase(**database);
  (void)(*database)->Close();
  return 0;
}
