#include "storage/log_record.h"

#include "absl/strings/str_cat.h"

namespace turdb::storage {

base::StatusOr<LogRecordView> ParseRecord(Lsn lsn, Bytes record) {
  TURDB_CHECK_GE(record.size(), kRecordHeaderBytes);
  RecordHeader header;
  std::memcpy(&header, record.data(), sizeof(header));
  TURDB_CHECK_EQ(header.length_bytes, record.size());
  const auto malformed = [lsn](std::string_view what) {
    return base::CorruptionError(absl::StrCat("log record at LSN ", lsn, ": ", what));
  };
  const int kind = static_cast<int>(header.kind);
  if (kind < 1 || kind >= kRecordKinds) return malformed(absl::StrCat("kind ", kind, " is unknown"));
  if (header.reserved != 0 || header.reserved2 != 0) return malformed("reserved bytes are not zero");
  LogRecordView view;
  view.lsn = lsn;
  view.end = lsn + header.length_bytes;
  view.kind = header.kind;
  view.txn = header.txn;
  view.previous_lsn = header.previous_lsn;
  Bytes rest = record.subspan(kRecordHeaderBytes);
  if (HasUndoNext(header.kind)) {
    if (rest.size() < 8) return malformed("too short for its undo LSN");
    view.undo_next = base::LoadLE<uint64_t>(rest.data());
    rest = rest.subspan(8);
  }
  view.entries = LogEntryViews(rest, header.entry_count);
  for (int i = 0; i < header.entry_count; ++i) {
    if (rest.size() < kEntryHeaderBytes) return malformed("too short for its entries");
    EntryHeader entry;
    std::memcpy(&entry, rest.data(), sizeof(entry));
    rest = rest.subspan(kEntryHeaderBytes);
    if (rest.size() < entry.payload_bytes) return malformed("too short for its payload");
    rest = rest.subspan(entry.payload_bytes);
  }
  if (rest.size() >= kRecordAlignment) return malformed("longer than its entries");
  return view;
}

}  // namespace turdb::storage
