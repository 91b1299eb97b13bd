// A log that was changed or written by somebody else: recovery ends with a database or an error.
//
// Input: u8 mode. 0: changes of the segments' bytes: u32 offset, u8 length, bytes; 1: the same, then checksums of header
// and control blocks are made right; else: records with right checksums after the log's end: u8 kind, u64 transaction, u64
// previous LSN back from here, u64 undo_next back from here (compensations), u8 entries, each u8 file, u16 page, u8
// operation, u16 length, payload.
#include <algorithm>

#include "base/crc32c.h"
#include "fuzz/fuzz_database.h"
#include "fuzz/fuzz_input.h"
#include "storage/log.h"
#include "storage/log_record.h"
#include "storage/log_segments.h"

namespace turdb {
namespace {

using base::Bytes;

struct Base {
  std::unique_ptr<os::FaultFileSystem> disk = MakeFuzzDisk(/*closed=*/false);
  base::Lsn end = 0;    // of the log
  std::string segment;  // that the log ends in
  std::vector<uint32_t> files;

  Base() {
    auto names = disk->List("db/wal");
    TURDB_CHECK(names.ok() && !names->empty());
    segment = "db/wal/" + *std::max_element(names->begin(), names->end());
    const std::shared_ptr<os::FaultFileSystem> copy = disk->CrashedCopy(1);
    auto database = OpenFuzzDatabase(copy);
    TURDB_CHECK(database.ok()) << base::Describe(database.status());
    end = (*database)->storage().recovery().end_lsn;
    files = (*database)->storage().Files();
    std::sort(files.begin(), files.end());
    (void)(*database)->Close();
  }
};

void ChangeBytes(os::File& file, FuzzInput input, bool seal) {
  const uint64_t size = *file.Size();
  for (int change = 0; !input.empty() && change < 64; ++change) {
    const uint64_t offset = input.Number<uint32_t>() % size;
    const Bytes bytes = input.Short();
    (void)file.Write(offset, bytes.first(std::min<uint64_t>(bytes.size(), size - offset)));
  }
  if (!seal) return;
  std::byte block[72];
  (void)file.Read(0, block);
  base::StoreLE(block + offsetof(storage::SegmentHeader, crc),
                base::Crc32c(Bytes(block).first(offsetof(storage::SegmentHeader, crc))));
  (void)file.Write(0, block);
  for (const size_t at : {storage::kControlOffset, 2 * storage::kControlOffset}) {
    std::byte control[sizeof(storage::ControlBlock)];
    (void)file.Read(at, control);
    base::StoreLE(control + offsetof(storage::ControlBlock, crc),
                  base::Crc32c(Bytes(control).first(offsetof(storage::ControlBlock, crc))));
    (void)file.Write(at, control);
  }
}

void AppendRecords(const Base& base_database, os::File& file, FuzzInput input) {
  storage::SegmentHeader header;
  std::byte block[sizeof(header)];
  (void)file.Read(0, block);
  std::memcpy(&header, block, sizeof(header));
  base::Lsn lsn = base_database.end;
  TURDB_CHECK_LE(header.start_lsn, lsn);
  for (int records = 0; !input.empty() && records < 32; ++records) {
    std::vector<std::byte> record(storage::kRecordHeaderBytes);
    record[offsetof(storage::RecordHeader, kind)] = static_cast<std::byte>(input.Byte() % 16);
    base::StoreLE<uint64_t>(record.data() + offsetof(storage::RecordHeader, txn), input.Byte());
    base::StoreLE<uint64_t>(record.data() + offsetof(storage::RecordHeader, previous_lsn),
                            lsn - 8 * uint64_t{input.Number<uint16_t>()});
    if (storage::HasUndoNext(static_cast<storage::RecordKind>(record[offsetof(storage::RecordHeader, kind)]))) {
      record.resize(record.size() + 8);
      base::StoreLE<uint64_t>(record.data() + record.size() - 8, lsn - 8 * uint64_t{input.Number<uint16_t>()});
    }
    const uint8_t entries = input.Byte() % 8;
    record[offsetof(storage::RecordHeader, entry_count)] = static_cast<std::byte>(entries);
    for (uint8_t i = 0; i < entries; ++i) {
      const uint8_t which = input.Byte();
      const uint32_t known = base_database.files[which % base_database.files.size()];
      std::byte entry[storage::kEntryHeaderBytes] = {};
      base::StoreLE<uint32_t>(entry, which < 0xf0 ? known : which);
      base::StoreLE<uint32_t>(entry + 4, input.Number<uint16_t>());
      entry[8] = static_cast<std::byte>(input.Byte());
      const Bytes payload = input.Take(input.Number<uint16_t>());
      base::StoreLE(entry + 10, static_cast<uint16_t>(payload.size()));
      record.insert(record.end(), entry, entry + sizeof(entry));
      record.insert(record.end(), payload.begin(), payload.end());
    }
    record.resize((record.size() + 7) / 8 * 8);
    if (record.size() > storage::kMaxRecordBytes) return;
    base::StoreLE(record.data() + 4, static_cast<uint32_t>(record.size()));
    base::StoreLE(record.data(), base::Crc32c(Bytes(record).subspan(4), storage::RecordSeed(lsn, header.epoch)));
    (void)file.Write(storage::kSegmentHeaderBytes + (lsn - header.start_lsn), record);
    lsn += record.size();
  }
}

}  // namespace
}  // namespace turdb

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto* const kBase = new turdb::Base();
  const std::shared_ptr<turdb::os::FaultFileSystem> disk = kBase->disk->CrashedCopy(1);
  turdb::FuzzInput input(data, size);
  const uint8_t mode = input.Byte();
  {
    auto file = disk->Open(kBase->segment, turdb::os::OpenMode::kReadWrite);
    TURDB_CHECK(file.ok());
    if (mode < 2) {
      turdb::ChangeBytes(**file, input, mode == 1);
    } else {
      turdb::AppendRecords(*kBase, **file, input);
    }
  }
  auto database = turdb::OpenFuzzDatabase(disk);
  if (!database.ok()) return 0;
  turdb::UseFuzzDatabase(**database);
  (void)(*database)->Close();
  return 0;
}
