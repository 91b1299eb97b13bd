#include "storage/redo.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "storage/file_header.h"
#include "storage/page.h"

namespace turdb::storage {

base::Status RedoStorageOp(uint8_t op, PageId id, std::byte* page, Bytes payload) {
  const auto wrong_size = [&] {
    return base::CorruptionError(absl::StrCat("operation ", op, " has a payload of ", payload.size(), " bytes"));
  };
  switch (op) {
    case op::kImage:
      if (payload.size() != (id.page == 0 ? kFileHeaderBytes : kPageSize)) return wrong_size();
      std::memset(page + payload.size(), 0, kPageSize - payload.size());
      std::memcpy(page, payload.data(), payload.size());
      return absl::OkStatus();
    case op::kFormat:
      if (payload.size() != 2) return wrong_size();
      std::memset(page, 0, kPageSize);
      page[offsetof(PageHeader, kind)] = payload[0];
      page[offsetof(PageHeader, flags)] = payload[1];
      return absl::OkStatus();
    case op::kFree:
      if (payload.size() != 4) return wrong_size();
      std::memset(page, 0, kPageSize);
      page[offsetof(PageHeader, kind)] = static_cast<std::byte>(PageKind::kFree);
      std::memcpy(page + kPageHeaderBytes, payload.data(), 4);
      return absl::OkStatus();
    case op::kAllocation:
      if (payload.size() != 8) return wrong_size();
      SetFirstFreePage(page, base::LoadLE<uint32_t>(payload.data()));
      std::memcpy(page + file_header::kPageCount, payload.data() + 4, 4);
      return absl::OkStatus();
    case op::kSplice: {
      if (payload.size() < 2) return wrong_size();
      const size_t offset = base::LoadLE<uint16_t>(payload.data());
      const size_t limit = id.page == 0 ? kFileHeaderBytes : kPageSize;
      if (offset + payload.size() - 2 > limit) return wrong_size();
      std::memcpy(page + offset, payload.data() + 2, payload.size() - 2);
      return absl::OkStatus();
    }
    default:
      return base::CorruptionError(absl::StrCat("operation ", op, " is unknown"));
  }
}

}  // namespace turdb::storage
