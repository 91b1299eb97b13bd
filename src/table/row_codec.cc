#include "table/row_codec.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "vec/string_view.h"

namespace turdb::table {

namespace {

using base::Bytes;
using base::Status;

bool IsVariable(const vec::Type& type) { return type.physical() == vec::PhysicalType::kString; }

RowLayout LayoutOf(const TableSchema& schema, uint16_t version) {
  RowLayout layout;
  layout.places.resize(schema.stored.size());
  uint32_t count = 0;
  for (const StoredColumn& stored : schema.stored) {
    count += static_cast<uint32_t>(stored.first_version <= version && version <= stored.last_version);
  }
  layout.null_bytes = (count + 7) / 8;
  uint32_t offset = static_cast<uint32_t>(kRowHeaderBytes) + layout.null_bytes;
  int32_t bit = 0;
  for (size_t i = 0; i < schema.stored.size(); ++i) {
    const StoredColumn& stored = schema.stored[i];
    if (version < stored.first_version || version > stored.last_version) continue;
    RowLayout::Place& place = layout.places[i];
    place.bit = bit++;
    if (IsVariable(stored.type)) {
      place.variable = static_cast<int32_t>(layout.variable_count++);
    } else {
      place.fixed = static_cast<int32_t>(offset);
      offset += static_cast<uint32_t>(stored.type.width());
    }
  }
  layout.ends_offset = offset;
  return layout;
}

// End offset `i`, without its flag, and the flag.
struct End {
  uint32_t offset;
  bool elsewhere;
};
End EndAt(const RowLayout& layout, Bytes row, bool long_ends, int32_t i) {
  const std::byte* const ends = row.data() + layout.ends_offset;
  if (long_ends) {
    const uint32_t end = base::LoadLE<uint32_t>(ends + 4 * i);
    return {end & ~kLongValueElsewhere, (end & kLongValueElsewhere) != 0};
  }
  const uint16_t end = base::LoadLE<uint16_t>(ends + 2 * i);
  return {static_cast<uint32_t>(end & ~kValueElsewhere), (end & kValueElsewhere) != 0};
}

}  // namespace

RowLayouts::RowLayouts(const TableSchema& schema) : schema_(&schema) {
  layouts_.reserve(schema.row_version);
  for (uint16_t version = 1; version <= schema.row_version; ++version) layouts_.push_back(LayoutOf(schema, version));
}

Status RowLayouts::Validate(Bytes row) const {
  const auto damaged = [&](std::string_view what) {
    return base::CorruptionError(
        absl::StrCat("a row of ", row.size(), " bytes of table ", schema_->qualified_name(), " is damaged: ", what));
  };
  if (row.size() < kRowHeaderBytes) return damaged("it has no header");
  const uint16_t word = RowHeaderWord(row);
  const RowLayout* const layout = Of(word & kVersionMask);
  if (layout == nullptr) {
    if ((word & kVersionMask) == 0) return damaged("no schema version 0 exists");
    // Written by a schema change that became known after this reader chose its schema.
    return base::SerializationFailure(
        absl::StrCat("table ", schema_->qualified_name(), " was changed by a concurrent schema change"));
  }
  const bool long_ends = (word & kLongEnds) != 0;
  if (!long_ends && base::LoadLE<uint16_t>(row.data() + 2) != row.size()) return damaged("its length is another");
  if ((word & kRowElsewhere) != 0) {
    return row.size() == kRowHeaderBytes + kOverflowRefBytes ? absl::OkStatus() : damaged("it is no reference");
  }
  if (row.size() < layout->data_offset(long_ends)) return damaged("its values are missing");
  uint32_t last = layout->data_offset(long_ends);
  for (uint32_t i = 0; i < layout->variable_count; ++i) {
    const End end = EndAt(*layout, row, long_ends, static_cast<int32_t>(i));
    if (end.offset < last || end.offset > row.size()) return damaged("its end offsets do not ascend");
    if (end.elsewhere && end.offset - last != kOverflowRefBytes) return damaged("an overflow reference is damaged");
    last = end.offset;
  }
  return absl::OkStatus();
}

RawField RowLayouts::Missing(int32_t stored) const {
  const vec::Value& missing = schema_->stored[static_cast<size_t>(stored)].missing;
  if (missing.is_null()) return {};
  if (missing.type().physical() != vec::PhysicalType::kString) {
    return {static_cast<const std::byte*>(missing.fixed_data()), 0, false};
  }
  const Bytes bytes = base::AsBytes(missing.bytes());
  static constexpr std::byte kNothing{};
  return {bytes.empty() ? &kNothing : bytes.data(), static_cast<uint32_t>(bytes.size()), false};
}

RawField RowLayouts::Read(Bytes row, int32_t stored) const {
  const uint16_t word = RowHeaderWord(row);
  const RowLayout& layout = *Of(word & kVersionMask);
  const RowLayout::Place& place = layout.places[static_cast<size_t>(stored)];
  if (place.bit == RowLayout::kAbsent) return Missing(stored);
  const auto nulls = std::to_integer<unsigned>(row[kRowHeaderBytes + static_cast<size_t>(place.bit >> 3)]);
  if (((nulls >> (place.bit & 7)) & 1u) != 0) return {};
  if (place.fixed != RowLayout::kAbsent) return {row.data() + place.fixed, 0, false};
  const bool long_ends = (word & kLongEnds) != 0;
  const End end = EndAt(layout, row, long_ends, place.variable);
  const uint32_t begin =
      place.variable == 0 ? layout.data_offset(long_ends) : EndAt(layout, row, long_ends, place.variable - 1).offset;
  return {row.data() + begin, end.offset - begin, end.elsewhere};
}

btree::OverflowRef ElsewhereRef(Bytes row) {
  TURDB_CHECK_EQ(row.size(), kRowHeaderBytes + kOverflowRefBytes);
  btree::OverflowRef ref;
  std::memcpy(&ref, row.data() + kRowHeaderBytes, sizeof(ref));
  return ref;
}

void ForEachOverflow(const RowLayouts& layouts, Bytes row, absl::FunctionRef<void(btree::OverflowRef)> visit) {
  if (IsElsewhere(row)) return visit(ElsewhereRef(row));
  const RowLayout& layout = *layouts.Of(RowHeaderWord(row) & kVersionMask);
  if (layout.variable_count == 0) return;
  for (size_t stored = 0; stored < layout.places.size(); ++stored) {
    if (layout.places[stored].variable == RowLayout::kAbsent) continue;
    const RawField field = layouts.Read(row, static_cast<int32_t>(stored));
    if (field.data != nullptr && field.elsewhere) visit(field.ref());
  }
}

RowEncoder::RowEncoder(const RowLayouts& layouts) : layouts_(layouts) {
  const TableSchema& schema = layouts.schema();
  const RowLayout& layout = layouts.newest();
  std::vector<int32_t> field_of_stored(schema.stored.size(), -1);
  for (size_t i = 0; i < schema.stored.size(); ++i) {
    if (layout.places[i].bit == RowLayout::kAbsent) continue;
    const bool variable = layout.places[i].variable != RowLayout::kAbsent;
    field_of_stored[i] = static_cast<int32_t>(fields_.size());
    fields_.push_back(
        {static_cast<int32_t>(i), variable ? 0 : static_cast<uint32_t>(schema.stored[i].type.width()), layout.places[i]});
  }
  column_of_field_.resize(fields_.size(), SIZE_MAX);
  for (size_t i = 0; i < schema.columns.size(); ++i) {
    const int32_t stored = schema.columns[i].stored;
    field_of_column_.push_back(stored < 0 ? -1 : field_of_stored[static_cast<size_t>(stored)]);
    if (field_of_column_.back() >= 0) column_of_field_[static_cast<size_t>(field_of_column_.back())] = i;
  }
  values_.resize(fields_.size());
  refs_.resize(fields_.size() * kOverflowRefBytes);
}

void RowEncoder::Clear() {
  std::fill(values_.begin(), values_.end(), RawField());
  whole_elsewhere_ = false;
}

void RowEncoder::StartFrom(Bytes row) {
  whole_elsewhere_ = false;
  for (size_t i = 0; i < fields_.size(); ++i) values_[i] = layouts_.Read(row, fields_[i].stored);
}

void RowEncoder::Set(int32_t column, Cell cell) {
  const int32_t at = field_of_column_[static_cast<size_t>(column)];
  if (at < 0) return;
  RawField& value = values_[static_cast<size_t>(at)];
  if (cell == nullptr) {
    value = {};
  } else if (fields_[static_cast<size_t>(at)].width != 0) {
    value = {static_cast<const std::byte*>(cell), 0, false};
  } else {
    // A short string lies inside its view, and cells live until Build: see the header.
    const auto* view = static_cast<const vec::StringView*>(cell);
    value = {reinterpret_cast<const std::byte*>(view->data()), view->size(), false};
  }
}

void RowEncoder::SetElsewhere(int32_t column, const btree::OverflowRef& ref) {
  const auto at = static_cast<size_t>(field_of_column_[static_cast<size_t>(column)]);
  std::byte* const to = refs_.data() + at * kOverflowRefBytes;
  std::memcpy(to, &ref, sizeof(ref));
  values_[at] = {to, static_cast<uint32_t>(kOverflowRefBytes), true};
}

bool RowEncoder::BuildPlain(std::span<const Cell> cells, std::string* out) const {
  const RowLayout& layout = layouts_.newest();
  const uint32_t data_offset = layout.data_offset(false);
  size_t size = data_offset;
  for (size_t i = 0; i < fields_.size(); ++i) {
    if (column_of_field_[i] >= cells.size()) return false;
    if (fields_[i].width != 0) continue;
    const auto* view = static_cast<const vec::StringView*>(cells[column_of_field_[i]]);
    if (view == nullptr) continue;
    if (view->size() > kMaxInlineValueBytes) return false;
    size += view->size();
  }
  if (size > base::kMaxValueBytes) return false;
  out->resize(size);
  std::byte* const to = reinterpret_cast<std::byte*>(out->data());
  base::StoreLE<uint16_t>(to, layouts_.schema().row_version);
  base::StoreLE<uint16_t>(to + 2, static_cast<uint16_t>(size));
  std::byte* const nulls = to + kRowHeaderBytes;
  for (uint32_t i = 0; i < layout.null_bytes; ++i) nulls[i] = std::byte{0};
  uint32_t end = data_offset;
  std::byte* ends = to + layout.ends_offset;
  for (size_t i = 0; i < fields_.size(); ++i) {
    const Field& field = fields_[i];
    const Cell cell = cells[column_of_field_[i]];
    if (cell == nullptr) nulls[field.place.bit >> 3] |= static_cast<std::byte>(1u << (field.place.bit & 7));
    if (field.width != 0) {
      std::byte* const at = to + field.place.fixed;
      if (cell == nullptr) {
        std::memset(at, 0, field.width);
      } else if (field.width == 8) {
        std::memcpy(at, cell, 8);
      } else {
        std::memcpy(at, cell, field.width);
      }
      continue;
    }
    if (cell != nullptr) {
      const auto* view = static_cast<const vec::StringView*>(cell);
      std::memcpy(to + end, view->data(), view->size());
      end += view->size();
    }
    base::StoreLE<uint16_t>(ends, static_cast<uint16_t>(end));
    ends += 2;
  }
  return true;
}

bool RowEncoder::Patch(Bytes row, std::span<const int32_t> columns, std::span<const Cell> cells, std::string* out) const {
  const RowLayout& layout = layouts_.newest();
  if (row.size() < layout.data_offset(false)) return false;
  if (base::LoadLE<uint16_t>(row.data()) != layouts_.schema().row_version) return false;  // another version or form
  for (const int32_t column : columns) {
    const int32_t field = field_of_column_[static_cast<size_t>(column)];
    if (field < 0 || fields_[static_cast<size_t>(field)].width == 0) return false;
  }
  out->assign(base::AsText(row));
  std::byte* const to = reinterpret_cast<std::byte*>(out->data());
  for (size_t i = 0; i < columns.size(); ++i) {
    const Field& field = fields_[static_cast<size_t>(field_of_column_[static_cast<size_t>(columns[i])])];
    std::byte& nulls = to[kRowHeaderBytes + static_cast<size_t>(field.place.bit >> 3)];
    const auto bit = static_cast<std::byte>(1u << (field.place.bit & 7));
    if (cells[i] == nullptr) {
      nulls |= bit;
      std::memset(to + field.place.fixed, 0, field.width);
    } else {
      nulls &= ~bit;
      std::memcpy(to + field.place.fixed, cells[i], field.width);
    }
  }
  return true;
}

size_t RowEncoder::DataBytes() const {
  size_t bytes = 0;
  for (const RawField& value : values_) bytes += value.data == nullptr ? 0 : value.size;
  return bytes;
}

size_t RowEncoder::SizeOf(bool long_ends) const { return layouts_.newest().data_offset(long_ends) + DataBytes(); }

size_t RowEncoder::size_bytes() const { return whole_elsewhere_ ? kRowHeaderBytes + kOverflowRefBytes : SizeOf(false); }

bool RowEncoder::Fits() const {
  if (whole_elsewhere_) return true;
  for (const RawField& value : values_) {
    if (value.data != nullptr && value.size > kMaxInlineValueBytes) return false;
  }
  return SizeOf(false) <= base::kMaxValueBytes;
}

Status RowEncoder::MoveOut(size_t field, btree::Tree& tree, txn::Transaction& transaction) {
  RawField& value = values_[field];
  TURDB_ASSIGN_OR_RETURN(const btree::OverflowRef ref, tree.WriteOverflow(transaction, {value.data, value.size}));
  std::byte* const to = refs_.data() + field * kOverflowRefBytes;
  std::memcpy(to, &ref, sizeof(ref));
  value = {to, static_cast<uint32_t>(kOverflowRefBytes), true};
  return absl::OkStatus();
}

Status RowEncoder::MakeFit(btree::Tree& tree, txn::Transaction& transaction) {
  if (whole_elsewhere_) return absl::OkStatus();
  for (size_t i = 0; i < values_.size(); ++i) {
    if (values_[i].data != nullptr && !values_[i].elsewhere && values_[i].size > kMaxInlineValueBytes) {
      TURDB_RETURN_IF_ERROR(MoveOut(i, tree, transaction));
    }
  }
  while (SizeOf(false) > base::kMaxValueBytes) {
    size_t largest = values_.size();
    for (size_t i = 0; i < values_.size(); ++i) {
      const RawField& value = values_[i];
      if (value.data == nullptr || value.elsewhere || value.size <= 4 * kOverflowRefBytes) continue;
      if (largest == values_.size() || value.size > values_[largest].size) largest = i;
    }
    if (largest == values_.size()) break;
    TURDB_RETURN_IF_ERROR(MoveOut(largest, tree, transaction));
  }
  if (SizeOf(false) <= base::kMaxValueBytes) return absl::OkStatus();
  std::vector<std::byte> whole(SizeOf(true));
  BuildInto(true, whole.data());
  TURDB_ASSIGN_OR_RETURN(whole_ref_, tree.WriteOverflow(transaction, whole));
  whole_elsewhere_ = true;
  return absl::OkStatus();
}

void RowEncoder::BuildInto(bool long_ends, std::byte* to) const {
  const RowLayout& layout = layouts_.newest();
  const uint16_t version = layouts_.schema().row_version;
  base::StoreLE<uint16_t>(to, static_cast<uint16_t>(version | (long_ends ? kLongEnds : 0)));
  std::memset(to + 2, 0, 2 + layout.null_bytes);
  uint32_t end = layout.data_offset(long_ends);
  std::byte* ends = to + layout.ends_offset;
  for (size_t i = 0; i < fields_.size(); ++i) {
    const Field& field = fields_[i];
    const RawField& value = values_[i];
    if (value.data == nullptr) {
      to[kRowHeaderBytes + static_cast<size_t>(field.place.bit >> 3)] |= static_cast<std::byte>(1u << (field.place.bit & 7));
    }
    if (field.width != 0) {
      if (value.data == nullptr) {
        std::memset(to + field.place.fixed, 0, field.width);
      } else {
        std::memcpy(to + field.place.fixed, value.data, field.width);
      }
      continue;
    }
    const uint32_t size = value.data == nullptr ? 0 : value.size;
    if (size != 0) std::memcpy(to + end, value.data, size);
    end += size;
    const bool elsewhere = value.data != nullptr && value.elsewhere;
    if (long_ends) {
      base::StoreLE<uint32_t>(ends, end | (elsewhere ? kLongValueElsewhere : 0));
      ends += 4;
    } else {
      base::StoreLE<uint16_t>(ends, static_cast<uint16_t>(end | (elsewhere ? kValueElsewhere : 0)));
      ends += 2;
    }
  }
  if (!long_ends) base::StoreLE<uint16_t>(to + 2, static_cast<uint16_t>(end));
}

void RowEncoder::BuildWhole(std::string* out) const {
  const size_t at = out->size();
  out->resize(at + SizeOf(true));
  BuildInto(true, reinterpret_cast<std::byte*>(out->data()) + at);
}

void RowEncoder::Build(std::string* out) const {
  const size_t at = out->size();
  if (whole_elsewhere_) {
    out->resize(at + kRowHeaderBytes + kOverflowRefBytes);
    std::byte* const to = reinterpret_cast<std::byte*>(out->data()) + at;
    base::StoreLE<uint16_t>(to, static_cast<uint16_t>(layouts_.schema().row_version | kRowElsewhere));
    base::StoreLE<uint16_t>(to + 2, static_cast<uint16_t>(kRowHeaderBytes + kOverflowRefBytes));
    std::memcpy(to + kRowHeaderBytes, &whole_ref_, sizeof(whole_ref_));
    return;
  }
  const size_t size = SizeOf(false);
  TURDB_CHECK_LE(size, base::kMaxValueBytes);
  out->resize(at + size);
  BuildInto(false, reinterpret_cast<std::byte*>(out->data()) + at);
}

}  // namespace turdb::table
