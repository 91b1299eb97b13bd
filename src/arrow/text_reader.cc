// Texts and blobs: 32- and 64-bit offsets, views, fixed sizes; and what has text as its Arrow form: json, numeric, uuid.
#include <cstring>
#include <limits>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "arrow/column_reader.h"
#include "vec/json_text.h"
#include "vec/numeric.h"
#include "vec/scalar.h"
#include "vec/utf8.h"

namespace turdb::arrow {
namespace {

using base::Status;
using vec::StringView;
using vec::Type;
using vec::TypeId;
using vec::Vector;

// How the bytes of a value become the type.
class BytesReader : public ColumnReader {
 protected:
  BytesReader(Type type, int64_t buffers) : ColumnReader(type, buffers, 0) {}

  // `checked`: known to be UTF-8 where that is asked for.
  Status Store(std::string_view bytes, bool checked, uint32_t row, Vector* out) {
    if (bytes.size() > std::numeric_limits<uint32_t>::max() / 2) return base::LimitError("a value of more than 2 GB");
    switch (type().id) {
      case TypeId::kBlob:
        break;
      case TypeId::kUuid: {
        vec::Uuid uuid;
        std::memcpy(uuid.bytes.data(), bytes.data(), 16);
        out->Set<vec::Uuid>(row, uuid);
        return absl::OkStatus();
      }
      case TypeId::kNumeric: {
        const auto number = vec::Numeric::Parse(bytes);
        if (!number.has_value()) return BadText("a numeric", bytes);
        out->SetString(row, number->ToBytes());
        return absl::OkStatus();
      }
      case TypeId::kJson:
        TURDB_RETURN_IF_ERROR(vec::CheckJsonText(bytes));
        break;
      case TypeId::kJsonb:
        json_.clear();
        TURDB_RETURN_IF_ERROR(vec::ParseJson(bytes, &json_));
        out->SetString(row, json_);
        return absl::OkStatus();
      default:
        if (!checked) TURDB_RETURN_IF_ERROR(vec::CheckUtf8(bytes));
        break;
    }
    out->SetString(row, bytes);
    return absl::OkStatus();
  }

 private:
  static Status BadText(std::string_view what, std::string_view text) {
    return base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidText,
                           absl::StrCat("Arrow's text \"", text.substr(0, 40), "\" is not ", what));
  }
  std::string json_;
};

template <typename Offset>
class OffsetReader : public BytesReader {
 public:
  explicit OffsetReader(Type type) : BytesReader(type, 3) {}

  Status Read(int64_t first, uint32_t count, Vector* out) override {
    if (count == 0) return absl::OkStatus();
    const auto* const bytes = static_cast<const char*>(array().buffers[2]);
    if (array().buffers[1] == nullptr) return BadArray("has rows and no buffer of offsets");
    const Offset* const offsets = Values<Offset>(1) + first;
    if (offsets[0] < 0) return BadArray(absl::StrCat("has the offset ", offsets[0]));
    for (uint32_t i = 0; i < count; ++i) {
      if (offsets[i + 1] < offsets[i]) {
        return BadArray(absl::StrCat("has the offset ", offsets[i + 1], " behind ", offsets[i]));
      }
    }
    if (bytes == nullptr && offsets[count] != offsets[0]) return BadArray("has texts and no buffer of them");
    const bool checked = type().id == TypeId::kText && AllValid(bytes, offsets, count);
    for (uint32_t i = 0; i < count; ++i) {
      if (may_have_nulls() && !IsValid(first + i)) {
        out->SetNull(i);
        continue;
      }
      const auto size = static_cast<size_t>(offsets[i + 1] - offsets[i]);
      TURDB_RETURN_IF_ERROR(Store(std::string_view(size == 0 ? "" : bytes + offsets[i], size), checked, i, out));
    }
    return absl::OkStatus();
  }

 private:
  // Looks at all of them at once. What lies under NULLs may be anything: then each value is looked at.
  bool AllValid(const char* bytes, const Offset* offsets, uint32_t count) const {
    const auto size = static_cast<size_t>(offsets[count] - offsets[0]);
    if (size == 0) return true;
    const std::string_view all(bytes + offsets[0], size);
    if (vec::FindInvalidUtf8(all) != size) return false;
    for (uint32_t i = 1; i < count; ++i) {
      const bool inside = offsets[i] < offsets[count];
      if (inside && (static_cast<unsigned char>(bytes[offsets[i]]) & 0xc0) == 0x80) return false;
    }
    return true;
  }
};

class ViewReader : public BytesReader {
 public:
  explicit ViewReader(Type type) : BytesReader(type, 3) {}

  Status Open(const ArrowArray& array) override {
    TURDB_RETURN_IF_ERROR(ColumnReader::Open(array));
    data_buffers_ = array.n_buffers - 3;
    sizes_ = static_cast<const int64_t*>(array.buffers[array.n_buffers - 1]);
    if (data_buffers_ > 0 && sizes_ == nullptr) return BadArray("has data buffers of views and not their sizes");
    return absl::OkStatus();
  }
  Status Read(int64_t first, uint32_t count, Vector* out) override {
    if (count == 0) return absl::OkStatus();
    const auto* views = static_cast<const char*>(array().buffers[1]);
    if (views == nullptr) return BadArray("has rows and no buffer of views");
    views += (offset() + first) * 16;
    for (uint32_t i = 0; i < count; ++i, views += 16) {
      if (may_have_nulls() && !IsValid(first + i)) {
        out->SetNull(i);
        continue;
      }
      int32_t size;
      std::memcpy(&size, views, 4);
      if (size < 0) return BadArray(absl::StrCat("has a view of ", size, " bytes"));
      const char* bytes = views + 4;
      if (static_cast<uint32_t>(size) > StringView::kInlineBytes) {
        int32_t buffer, at;
        std::memcpy(&buffer, views + 8, 4);
        std::memcpy(&at, views + 12, 4);
        if (buffer < 0 || buffer >= data_buffers_ || at < 0 || int64_t{at} + size > sizes_[buffer] ||
            array().buffers[2 + buffer] == nullptr) {
          return BadArray(
              absl::StrCat("has a view of ", size, " bytes at ", at, " of buffer ", buffer, ", which is outside it"));
        }
        bytes = static_cast<const char*>(array().buffers[2 + buffer]) + at;
      }
      TURDB_RETURN_IF_ERROR(Store(std::string_view(bytes, static_cast<size_t>(size)), false, i, out));
    }
    return absl::OkStatus();
  }

 private:
  int64_t data_buffers_ = 0;
  const int64_t* sizes_ = nullptr;
};

class FixedReader : public BytesReader {
 public:
  FixedReader(Type type, size_t size) : BytesReader(type, 2), size_(size) {}

  Status Read(int64_t first, uint32_t count, Vector* out) override {
    if (count == 0) return absl::OkStatus();
    const auto* values = static_cast<const char*>(array().buffers[1]);
    if (values == nullptr && size_ != 0) return BadArray("has rows and no buffer of values");
    for (uint32_t i = 0; i < count; ++i) {
      if (may_have_nulls() && !IsValid(first + i)) {
        out->SetNull(i);
        continue;
      }
      const auto at = static_cast<size_t>(offset() + first + i) * size_;
      TURDB_RETURN_IF_ERROR(Store(size_ == 0 ? std::string_view("") : std::string_view(values + at, size_), true, i, out));
    }
    return absl::OkStatus();
  }

 private:
  const size_t size_;
};

}  // namespace

ReaderOr MakeTextReader(std::string_view format, std::string_view extension, std::string_view named_type) {
  if (format.starts_with("w:")) {
    uint32_t size = 0;
    if (!absl::SimpleAtoi(format.substr(2), &size) || size > (1u << 30)) {
      return base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                             absl::StrCat("Arrow's format \"", format, "\" says no size"));
    }
    const bool uuid = size == 16 && extension == "arrow.uuid";
    return std::make_unique<FixedReader>(uuid ? TypeId::kUuid : TypeId::kBlob, size);
  }
  const bool text = format == "u" || format == "U" || format == "vu";
  if (!text && format != "z" && format != "Z" && format != "vz") return std::unique_ptr<ColumnReader>();
  Type type = text ? TypeId::kText : TypeId::kBlob;
  if (text && extension == "arrow.json") type = named_type == "jsonb" ? TypeId::kJsonb : TypeId::kJson;
  if (text && named_type == "numeric") type = TypeId::kNumeric;
  if (format[0] == 'v') return std::make_unique<ViewReader>(type);
  if (format == "U" || format == "Z") return std::make_unique<OffsetReader<int64_t>>(type);
  return std::make_unique<OffsetReader<int32_t>>(type);
}

}  // namespace turdb::arrow
