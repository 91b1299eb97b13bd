#include "table/projection.h"

#include <algorithm>
#include <array>
#include <bit>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "vec/chunk.h"
#include "vec/scalar.h"
#include "vec/vector.h"

namespace turdb::table {

namespace {

using base::Bytes;
using base::Status;
using base::StatusOr;

Status DamagedRow(const RowLayouts& layouts) {
  return base::CorruptionError(absl::StrCat("a row of table ", layouts.schema().qualified_name(), " is damaged"));
}

// An int64 key as the key column's type.
void StoreKeyAs(vec::PhysicalType physical, int64_t key, std::byte* to) {
  switch (physical) {
    case vec::PhysicalType::kInt16: {
      const int16_t narrow = static_cast<int16_t>(key);
      std::memcpy(to, &narrow, sizeof(narrow));
      break;
    }
    case vec::PhysicalType::kInt32: {
      const int32_t narrow = static_cast<int32_t>(key);
      std::memcpy(to, &narrow, sizeof(narrow));
      break;
    }
    default:
      std::memcpy(to, &key, sizeof(key));
  }
}

std::byte* RawData(vec::Vector* out) {
  std::byte* data = nullptr;
  vec::VisitPhysical(out->physical(), [&](auto tag) { data = reinterpret_cast<std::byte*>(out->data<decltype(tag)>()); });
  return data;
}

// The view of a string of more than twelve bytes at `text`, a copy of `from`: reading the copy would wait for it.
void StoreLongView(const std::byte* from, uint32_t size, const char* text, vec::StringView* to) {
  uint32_t prefix;
  std::memcpy(&prefix, from, sizeof(prefix));
  const uint64_t words[2] = {size | uint64_t{prefix} << 32, reinterpret_cast<uint64_t>(text)};
  std::memcpy(static_cast<void*>(to), words, sizeof(words));
}

// Copies a string of more than twelve bytes: most are short enough for two overlapping blocks.
void CopyText(const std::byte* from, uint32_t size, char* to) {
  struct Block {
    uint64_t words[2];
  };
  if (size <= 16) {
    uint64_t head, tail;
    std::memcpy(&head, from, 8);
    std::memcpy(&tail, from + size - 8, 8);
    std::memcpy(to, &head, 8);
    std::memcpy(to + size - 8, &tail, 8);
  } else if (size <= 32) {
    Block head, tail;
    std::memcpy(&head, from, 16);
    std::memcpy(&tail, from + size - 16, 16);
    std::memcpy(to, &head, 16);
    std::memcpy(to + size - 16, &tail, 16);
  } else {
    std::memcpy(to, from, size);
  }
}

// The view of a short string that ends at `end`, sixteen bytes or more behind its row's begin: the sixteen bytes
// before the end hold it, and shifting drops what is not part of it.
void StoreInlineView(const std::byte* end, uint32_t size, vec::StringView* to) {
  static_assert(std::endian::native == std::endian::little, "string views are built from words");
  uint64_t low, high;
  std::memcpy(&high, end - 8, 8);
  std::memcpy(&low, end - 16, 8);
  if (size <= 8) {
    low = size == 0 ? 0 : high >> (64 - 8 * size);
    high = 0;
  } else {
    const uint32_t shift = 8 * (16 - size);
    low = (low >> shift) | (high << (64 - shift));
    high >>= shift;
  }
  const uint64_t words[2] = {size | low << 32, low >> 32 | high << 32};
  static_assert(sizeof(words) == sizeof(vec::StringView));
  std::memcpy(static_cast<void*>(to), words, sizeof(words));
}

void SetField(const RawField& field, vec::Vector* out, uint32_t row) {
  if (out->physical() == vec::PhysicalType::kString) {
    auto* views = out->data<vec::StringView>();
    if (field.data == nullptr) {
      views[row] = vec::StringView();
      out->SetNull(row);
    } else {
      out->SetString(row, {reinterpret_cast<const char*>(field.data), field.size});
    }
    return;
  }
  const size_t width = vec::PhysicalWidth(out->physical());
  std::byte* const to = RawData(out) + row * width;
  if (field.data == nullptr) {
    std::memset(to, 0, width);
    out->SetNull(row);
  } else {
    std::memcpy(to, field.data, width);
    out->SetValid(row);
  }
}

}  // namespace

Projection::Projection(const RowLayouts& layouts, std::span<const int32_t> columns, std::span<const int32_t> in_leaf)
    : layouts_(layouts), columns_(columns.begin(), columns.end()), newest_version_(layouts.schema().row_version) {
  const TableSchema& schema = layouts.schema();
  for (const int32_t column : columns) {
    Output output{};
    if (column == kRowKeyColumn) {
      output.source = Source::kRowKey;
      output.type = vec::Type::Blob();
    } else if (column == kRowIdColumn) {
      TURDB_CHECK(schema.key_form != KeyForm::kEncoded);
      output.source = Source::kInt64Key;
      output.type = vec::Type::Int64();
    } else {
      const Column& from = schema.columns[static_cast<size_t>(column)];
      output.type = from.type;
      output.source = column == schema.key_column() ? Source::kInt64Key : Source::kRow;
      output.stored = from.stored;
      if (output.source == Source::kRow) output.place = layouts.newest().places[static_cast<size_t>(from.stored)];
    }
    output.physical = output.type.physical();
    output.width = static_cast<uint32_t>(vec::PhysicalWidth(output.physical));
    types_.push_back(output.type);
    outputs_.push_back(output);
  }
  for (const int32_t output : in_leaf) outputs_[static_cast<size_t>(output)].in_leaf = true;
}

// ---- one row

// The common row: of the newest version, its values in place. False: it is another kind of row, or damaged.
bool Projection::ReadPlainRow(Bytes row, RowBuffer* out) const {
  const RowLayout& layout = layouts_.newest();
  const uint32_t data_offset = layout.data_offset(false);
  if (row.size() < data_offset) return false;
  const uint32_t head = newest_version_ | static_cast<uint32_t>(row.size()) << 16;
  if (base::LoadLE<uint32_t>(row.data()) != head) return false;
  const std::byte* const ends = row.data() + layout.ends_offset;
  for (size_t i = 0; i < outputs_.size(); ++i) {
    const Output& output = outputs_[i];
    if (output.source != Source::kRow) continue;
    Slot& slot = out->slots_[i];
    const RowLayout::Place& place = output.place;
    const auto nulls = std::to_integer<unsigned>(row[kRowHeaderBytes + static_cast<size_t>(place.bit >> 3)]);
    slot.is_null = ((nulls >> (place.bit & 7)) & 1u) != 0;
    if (slot.is_null) continue;
    if (place.fixed != RowLayout::kAbsent) {
      const std::byte* const from = row.data() + place.fixed;
      if (output.width == 8) {
        std::memcpy(slot.fixed, from, 8);
      } else {
        std::memcpy(slot.fixed, from, output.width);
      }
      continue;
    }
    const uint32_t begin = place.variable == 0 ? data_offset : base::LoadLE<uint16_t>(ends + 2 * (place.variable - 1));
    const uint32_t end = base::LoadLE<uint16_t>(ends + 2 * place.variable);
    // An overflow reference has its flag in the end's top bit, far above any row's size; the flag of the value before
    // says nothing about this one.
    const uint32_t first = begin & ~uint32_t{kValueElsewhere};
    if (end > row.size() || first > end || first < data_offset) return false;
    const vec::StringView view = out->Keep(row.data() + first, end - first);
    std::memcpy(slot.fixed, &view, sizeof(view));
  }
  return true;
}

void Projection::ReadSlot(const Output& output, Bytes row, uint32_t at, RowBuffer* out) const {
  const RawField field = layouts_.Read(row, output.stored);
  Slot& slot = out->slots_[at];
  slot.is_null = field.data == nullptr;
  if (slot.is_null) return;
  if (output.physical != vec::PhysicalType::kString) {
    std::memcpy(slot.fixed, field.data, output.width);
    return;
  }
  if (field.elsewhere) {
    out->far_.push_back({at, field.ref()});
    return;
  }
  const vec::StringView view = out->Keep(field.data, field.size);
  std::memcpy(slot.fixed, &view, sizeof(view));
}

StatusOr<bool> Projection::ReadRow(Bytes key, Bytes row, RowBuffer* out) const {
  if (out->slots_.size() != outputs_.size()) out->slots_.resize(outputs_.size());
  out->far_.clear();
  out->row_elsewhere_ = false;
  out->Restart(row.size() + key.size());
  if (!ReadPlainRow(row, out)) [[unlikely]] {
    TURDB_RETURN_IF_ERROR(layouts_.Validate(row));
    out->Restart(row.size() + key.size());
    if (IsElsewhere(row)) {
      out->row_elsewhere_ = true;
      out->row_ref_ = ElsewhereRef(row);
    } else {
      for (size_t i = 0; i < outputs_.size(); ++i) {
        if (outputs_[i].source == Source::kRow) ReadSlot(outputs_[i], row, static_cast<uint32_t>(i), out);
      }
    }
  }
  for (size_t i = 0; i < outputs_.size(); ++i) {
    const Output& output = outputs_[i];
    Slot& slot = out->slots_[i];
    if (output.source == Source::kInt64Key) {
      slot.is_null = false;
      StoreKeyAs(output.physical, DecodeInt64Key(key.data()), slot.fixed);
    } else if (output.source == Source::kRowKey) {
      slot.is_null = false;
      const vec::StringView view = out->Keep(key.data(), static_cast<uint32_t>(key.size()));
      std::memcpy(slot.fixed, &view, sizeof(view));
    }
  }
  return !out->row_elsewhere_ && out->far_.empty();
}

namespace {

// The value of an overflow chain, in `heap`.
base::StatusOr<vec::StringView> ReadFar(btree::Tree& tree, btree::OverflowRef ref, vec::StringHeap* heap) {
  std::string_view text;
  TURDB_RETURN_IF_ERROR(tree.ReadOverflow(ref, [&](size_t size) {
    char* const to = heap->Allocate(size);
    text = {to, size};
    return to;
  }));
  return vec::StringView(text);
}

}  // namespace

Status Projection::Fetch(btree::Tree& tree, RowBuffer* out) const {
  if (out->row_elsewhere_) {
    out->whole_row_.clear();
    TURDB_RETURN_IF_ERROR(tree.ReadOverflow(out->row_ref_, &out->whole_row_));
    const Bytes row = base::AsBytes(out->whole_row_);
    TURDB_RETURN_IF_ERROR(layouts_.Validate(row));
    if (IsElsewhere(row)) return DamagedRow(layouts_);
    // Key slots are read already; their bytes must stay, so strings of the row refer to whole_row_ instead.
    for (size_t i = 0; i < outputs_.size(); ++i) {
      if (outputs_[i].source != Source::kRow) continue;
      const RawField field = layouts_.Read(row, outputs_[i].stored);
      Slot& slot = out->slots_[i];
      slot.is_null = field.data == nullptr;
      if (slot.is_null) continue;
      if (field.elsewhere) {
        out->far_.push_back({static_cast<uint32_t>(i), field.ref()});
      } else if (outputs_[i].physical == vec::PhysicalType::kString) {
        const vec::StringView view(reinterpret_cast<const char*>(field.data), field.size);
        std::memcpy(slot.fixed, &view, sizeof(view));
      } else {
        std::memcpy(slot.fixed, field.data, vec::PhysicalWidth(outputs_[i].physical));
      }
    }
    out->row_elsewhere_ = false;
  }
  if (out->far_.empty()) return absl::OkStatus();
  if (out->far_bytes_) {
    out->far_bytes_->Reset();
  } else {
    out->far_bytes_ = vec::StringHeap::Create(&tree.budget());
  }
  for (const RowBuffer::Far& far : out->far_) {
    TURDB_ASSIGN_OR_RETURN(const vec::StringView view, ReadFar(tree, far.ref, out->far_bytes_.get()));
    std::memcpy(out->slots_[far.slot].fixed, &view, sizeof(view));
  }
  out->far_.clear();
  return absl::OkStatus();
}

// ---- many rows

void Projection::ReadKeys(const Output& output, const btree::Entries& entries, vec::Vector* out, uint32_t first) const {
  std::byte buffer[base::kMaxKeyBytes];
  if (output.source == Source::kInt64Key) {
    vec::VisitPhysical(output.physical, [&](auto tag) {
      using T = decltype(tag);
      if constexpr (std::is_integral_v<T>) {
        T* const to = out->data<T>() + first;
        if (entries.numbers != nullptr) {
          for (size_t i = 0; i < entries.count; ++i) to[i] = static_cast<T>(entries.numbers[i]);
        } else {
          for (size_t i = 0; i < entries.count; ++i) to[i] = static_cast<T>(DecodeInt64Key(entries.key(i, buffer).data()));
        }
      }
    });
    return;
  }
  for (size_t i = 0; i < entries.count; ++i) out->SetString(first + i, base::AsText(entries.key(i, buffer)));
}

template <typename T>
void Projection::ReadFixed(const Output& output, const btree::Entries& entries, vec::Vector* out, uint32_t first) const {
  T* const to = out->data<T>() + first;
  const size_t offset = static_cast<size_t>(output.place.fixed);
  for (size_t i = 0; i < entries.count; ++i) std::memcpy(to + i, entries.values[i] + offset, sizeof(T));
}

void Projection::ReadNulls(const Output& output, const btree::Entries& entries, vec::Vector* out, uint32_t first) const {
  const size_t byte = kRowHeaderBytes + static_cast<size_t>(output.place.bit >> 3);
  const unsigned shift = static_cast<unsigned>(output.place.bit & 7);
  uint64_t* validity = nullptr;  // made at the first NULL
  if (out->MayHaveNulls()) validity = out->MutableValidity();
  for (size_t i = 0; i < entries.count; ++i) {
    const uint64_t null = (std::to_integer<unsigned>(entries.values[i][byte]) >> shift) & 1u;
    if (validity == nullptr) {
      if (null == 0) continue;
      validity = out->MutableValidity();
    }
    const size_t row = first + i;
    uint64_t& word = validity[row >> 6];
    word = (word & ~(uint64_t{1} << (row & 63))) | ((null ^ 1) << (row & 63));
  }
}

bool Projection::ReadStrings(const Output& output, int32_t index, const btree::Entries& entries, uint32_t text_bytes,
                             vec::Vector* out, uint32_t first, std::vector<FarValue>* far) const {
  const RowLayout& layout = layouts_.newest();
  auto* const to = out->data<vec::StringView>() + first;
  const uint32_t data_offset = layout.data_offset(false);
  const size_t ends = layout.ends_offset + 2 * static_cast<size_t>(output.place.variable);
  const bool is_first = output.place.variable == 0;
  constexpr uint32_t kOffsetMask = uint16_t{static_cast<uint16_t>(~kValueElsewhere)};
  // Room for all long strings at once, made when the first is met.
  char* room = nullptr;
  char* next = nullptr;
  bool sound = true;
  for (size_t i = 0; i < entries.count; ++i) {
    const std::byte* const row = entries.values[i];
    const uint32_t flagged = base::LoadLE<uint16_t>(row + ends);
    const uint32_t end = flagged & kOffsetMask;
    const uint32_t begin = is_first ? data_offset : base::LoadLE<uint16_t>(row + ends - 2) & kOffsetMask;
    if (begin < data_offset || begin > end || end > entries.value_sizes[i]) [[unlikely]] {
      sound = false;
      break;
    }
    const uint32_t size = end - begin;
    if (size <= vec::StringView::kInlineBytes) {
      if (end >= sizeof(vec::StringView)) {
        StoreInlineView(row + end, size, to + i);
      } else {
        to[i] = vec::StringView(reinterpret_cast<const char*>(row + begin), size);
      }
      continue;
    }
    if ((flagged & kValueElsewhere) != 0) [[unlikely]] {
      if (size != kOverflowRefBytes) {
        sound = false;
        break;
      }
      btree::OverflowRef ref;
      std::memcpy(&ref, row + begin, sizeof(ref));
      to[i] = vec::StringView();
      far->push_back({first + static_cast<uint32_t>(i), index, ref});
      continue;
    }
    if (output.in_leaf) {
      StoreLongView(row + begin, size, reinterpret_cast<const char*>(row + begin), to + i);
      continue;
    }
    if (room == nullptr) next = room = out->heap()->Allocate(text_bytes);
    CopyText(row + begin, size, next);
    StoreLongView(row + begin, size, next, to + i);
    next += size;
  }
  if (room != nullptr) out->heap()->Trim(room, text_bytes, static_cast<size_t>(next - room));
  return sound;
}

void Projection::ReadOldRow(Bytes row, vec::Chunk* out, uint32_t at, std::vector<FarValue>* far) const {
  for (size_t i = 0; i < outputs_.size(); ++i) {
    if (outputs_[i].source != Source::kRow) continue;
    RawField field = layouts_.Read(row, outputs_[i].stored);
    if (field.elsewhere) {
      far->push_back({at, static_cast<int32_t>(i), field.ref()});
      static constexpr std::byte kNothing{};
      field = {&kNothing, 0, false};
    }
    SetField(field, &out->column(i), at);
  }
}

// Whether the rows are all of the newest version and in place, so that every column lies where `place` says.
bool Projection::ArePlain(const btree::Entries& entries, bool* any_null, uint32_t* text_bytes) const {
  const RowLayout& layout = layouts_.newest();
  const uint32_t least = layout.data_offset(false);
  const uint32_t null_bytes = layout.null_bytes;
  const uint32_t newest = layouts_.schema().row_version;
  unsigned nulls = 0;
  uint32_t bytes = 0;
  for (size_t i = 0; i < entries.count; ++i) {
    const uint32_t size = entries.value_sizes[i];
    const std::byte* const row = entries.values[i];
    // Version and length at once.
    if (size < least || base::LoadLE<uint32_t>(row) != (newest | size << 16)) return false;
    bytes += size - least;
    if (null_bytes == 1) {
      nulls |= std::to_integer<unsigned>(row[kRowHeaderBytes]);
    } else {
      for (uint32_t b = 0; b < null_bytes; ++b) nulls |= std::to_integer<unsigned>(row[kRowHeaderBytes + b]);
    }
  }
  *any_null = nulls != 0;
  *text_bytes = bytes;
  return true;
}

Status Projection::ReadRows(const btree::Entries& entries, vec::Chunk* out, uint32_t first, std::vector<FarValue>* far) const {
  TURDB_CHECK_LE(first + entries.count, out->capacity());
  bool any_null = false;
  uint32_t text_bytes = 0;
  const bool plain = ArePlain(entries, &any_null, &text_bytes);
  for (size_t i = 0; i < outputs_.size(); ++i) {
    const Output& output = outputs_[i];
    vec::Vector* const column = &out->column(i);
    if (output.source != Source::kRow) {
      ReadKeys(output, entries, column, first);
    } else if (plain) {
      bool sound = true;
      vec::VisitPhysical(output.physical, [&](auto tag) {
        using T = decltype(tag);
        if constexpr (std::is_same_v<T, vec::StringView>) {
          sound = ReadStrings(output, static_cast<int32_t>(i), entries, text_bytes, column, first, far);
        } else {
          ReadFixed<T>(output, entries, column, first);
        }
      });
      if (!sound) return DamagedRow(layouts_);
      if (any_null || column->MayHaveNulls()) ReadNulls(output, entries, column, first);
    }
  }
  if (plain) return absl::OkStatus();
  for (size_t r = 0; r < entries.count; ++r) {
    const Bytes row = entries.value(r);
    const uint32_t at = first + static_cast<uint32_t>(r);
    TURDB_RETURN_IF_ERROR(layouts_.Validate(row));
    if (!IsElsewhere(row)) {
      ReadOldRow(row, out, at, far);
      continue;
    }
    far->push_back({at, -1, ElsewhereRef(row)});
  }
  return absl::OkStatus();
}

Status Projection::FetchRows(btree::Tree& tree, std::span<const FarValue> far, vec::Chunk* out) const {
  std::string bytes;
  std::vector<FarValue> inner;
  for (const FarValue& value : far) {
    if (value.output >= 0) {
      vec::Vector& column = out->column(static_cast<size_t>(value.output));
      TURDB_ASSIGN_OR_RETURN(const vec::StringView view, ReadFar(tree, value.ref, column.heap()));
      column.Set(value.row, view);
      continue;
    }
    bytes.clear();
    TURDB_RETURN_IF_ERROR(tree.ReadOverflow(value.ref, &bytes));
    const Bytes row = base::AsBytes(bytes);
    TURDB_RETURN_IF_ERROR(layouts_.Validate(row));
    if (IsElsewhere(row)) return DamagedRow(layouts_);
    inner.clear();
    ReadOldRow(row, out, value.row, &inner);
    TURDB_RETURN_IF_ERROR(FetchRows(tree, inner, out));
  }
  return absl::OkStatus();
}

}  // namespace turdb::table
