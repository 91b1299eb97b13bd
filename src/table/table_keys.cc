// Keys of rows and index entries, from values and from rows.
#include <algorithm>
#include <cstring>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "table/table.h"
#include "table/table_state.h"
#include "vec/chunk.h"
#include "vec/vector.h"

namespace turdb::table {

using base::Bytes;
using base::Status;
using base::StatusOr;

namespace {

// One bound of an integer range; false when nothing lies on that side.
bool PutInt64Bound(int64_t value, bool next, KeyBuffer* out) {
  if (next && value == INT64_MAX) return false;
  std::byte bytes[8];
  EncodeInt64Key(next ? value + 1 : value, bytes);
  out->Clear();
  return out->Append(Bytes(bytes));
}

// Appends one bound of a range. A bound longer than any key is cut: no whole key is a prefix of what is left, so
// every key compares with it as with the whole. `next`: the bound is behind all keys that start with the value.
// False: nothing comes behind.
bool AppendBound(const KeyPart& part, Cell cell, bool next, KeyBuffer* out) {
  if (AppendKeyPart(part, cell, out).ok()) return !next || MakePrefixUpperBound(out);
  std::string whole;
  AppendSortKeyPart(part, cell, &whole);
  return out->Append(base::AsBytes(whole).first(out->left()));
}

// Equal on the one part of an int64 tree, or a range on it.
bool EncodeInt64Range(const KeyPart& part, const Table::Range& range, KeyBuffer* lower, KeyBuffer* upper) {
  Cell from = range.lower, to = range.upper;
  bool from_inclusive = range.lower_inclusive, to_inclusive = range.upper_inclusive;
  if (!range.equal.empty()) {
    if (range.equal[0] == nullptr) return false;
    from = to = range.equal[0];
    from_inclusive = to_inclusive = true;
  }
  if (from != nullptr && !PutInt64Bound(IntegerOf(part.type, from), !from_inclusive, lower)) return false;
  if (to != nullptr) {
    const int64_t value = IntegerOf(part.type, to);
    // No key follows the greatest: an inclusive bound there is no bound.
    if (to_inclusive && value == INT64_MAX) return true;
    if (!PutInt64Bound(value, to_inclusive, upper)) return false;
  }
  return from == nullptr || to == nullptr || upper->size() == 0 || base::CompareBytes(lower->bytes(), upper->bytes()) < 0;
}

}  // namespace

std::span<const KeyPart> Table::key_parts(int32_t index) const {
  return index < 0 ? std::span<const KeyPart>(primary_parts_) : indexes_[static_cast<size_t>(index)]->parts;
}

bool Table::EncodeRowKey(std::span<const Cell> key_values, KeyBuffer* out) const {
  TURDB_CHECK_EQ(key_values.size(), primary_parts_.size());
  out->Clear();
  if (schema_->key_form != KeyForm::kEncoded) {
    if (key_values[0] == nullptr) return false;
    EncodeInt64Key(IntegerOf(primary_parts_[0].type, key_values[0]), out->end());
    out->Grow(8);
    return true;
  }
  for (size_t i = 0; i < primary_parts_.size(); ++i) {
    if (key_values[i] == nullptr || !AppendKeyPart(primary_parts_[i], key_values[i], out).ok()) return false;
  }
  return true;
}

bool Table::EncodeIndexKey(int32_t index, std::span<const Cell> key_values, KeyBuffer* out) const {
  const IndexSchema& schema = schema_->indexes[static_cast<size_t>(index)];
  out->Clear();
  bool has_null = false;
  if (!AppendParts(index, key_values, out, &has_null).ok()) return false;
  return !has_null || schema.nulls_not_distinct;
}

Status Table::AppendParts(int32_t index, std::span<const Cell> values, KeyBuffer* out, bool* has_null) const {
  const std::vector<KeyPart>& parts = indexes_[static_cast<size_t>(index)]->parts;
  TURDB_CHECK_EQ(values.size(), parts.size());
  *has_null = false;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (values[i] == nullptr) *has_null = true;
    if (Status status = AppendKeyPart(parts[i], values[i], out); !status.ok()) {
      return base::WithFrame(std::move(status),
                             absl::StrCat("making an entry of index ", schema_->indexes[static_cast<size_t>(index)].name,
                                          " of ", schema_->qualified_name()));
    }
  }
  return absl::OkStatus();
}

bool Table::EncodeRange(int32_t index, const Range& range, KeyBuffer* lower, KeyBuffer* upper) const {
  lower->Clear();
  upper->Clear();
  const std::span<const KeyPart> parts = key_parts(index);
  if (index < 0 && schema_->key_form != KeyForm::kEncoded) return EncodeInt64Range(parts[0], range, lower, upper);
  for (size_t i = 0; i < range.equal.size(); ++i) {
    // Too long for any key: nothing equals it.
    if (range.equal[i] == nullptr || !AppendKeyPart(parts[i], range.equal[i], lower).ok()) return false;
  }
  upper->Assign(lower->bytes());
  if (range.equal.size() == parts.size() || (range.lower == nullptr && range.upper == nullptr)) {
    if (!MakePrefixUpperBound(upper)) upper->Clear();
    return true;
  }
  const KeyPart& part = parts[range.equal.size()];
  // In key order; a descending part turns the range around.
  const Cell first = part.descending ? range.upper : range.lower;
  const Cell last = part.descending ? range.lower : range.upper;
  const bool first_inclusive = part.descending ? range.upper_inclusive : range.lower_inclusive;
  const bool last_inclusive = part.descending ? range.lower_inclusive : range.upper_inclusive;
  // Open ends stop at the NULLs.
  if (first != nullptr) {
    if (!AppendBound(part, first, !first_inclusive, lower)) return false;
  } else if (part.nulls_first && !AppendBound(part, nullptr, true, lower)) {
    return false;
  }
  if (last != nullptr) {
    if (!AppendBound(part, last, last_inclusive, upper)) upper->Clear();
  } else if (!part.nulls_first) {
    if (!AppendBound(part, nullptr, false, upper)) upper->Clear();
  } else if (!MakePrefixUpperBound(upper)) {
    upper->Clear();
  }
  return upper->size() == 0 || base::CompareBytes(lower->bytes(), upper->bytes()) < 0;
}

// ---- from rows

StatusOr<Bytes> Table::ResolveRow(Bytes row, std::string* holder) const {
  TURDB_RETURN_IF_ERROR(layouts_.Validate(row));
  if (!IsElsewhere(row)) return row;
  holder->clear();
  TURDB_RETURN_IF_ERROR(primary_->ReadOverflow(ElsewhereRef(row), holder));
  const Bytes whole = base::AsBytes(*holder);
  TURDB_RETURN_IF_ERROR(layouts_.Validate(whole));
  if (IsElsewhere(whole)) {
    return base::CorruptionError(absl::StrCat("an overflow row of ", schema_->qualified_name(), " refers to another"));
  }
  return whole;
}

Status Table::CellOf(int32_t column, Bytes row_key, Bytes row, Scratch& scratch, Cell* out) const {
  const size_t at = static_cast<size_t>(column);
  const vec::Type& type = schema_->columns[at].type;
  if (column == schema_->key_column()) {
    const int64_t key = DecodeInt64Key(row_key.data());
    const int32_t narrow = static_cast<int32_t>(key);
    const int16_t narrower = static_cast<int16_t>(key);
    std::byte* const to = scratch.numbers[at].bytes;
    if (type.width() == 8) {
      std::memcpy(to, &key, 8);
    } else if (type.width() == 4) {
      std::memcpy(to, &narrow, 4);
    } else {
      std::memcpy(to, &narrower, 2);
    }
    *out = to;
    return absl::OkStatus();
  }
  const RawField field = layouts_.Read(row, schema_->columns[at].stored);
  *out = field.data;
  if (field.data == nullptr || type.physical() != vec::PhysicalType::kString) return absl::OkStatus();
  std::string_view text(reinterpret_cast<const char*>(field.data), field.size);
  if (field.elsewhere) {
    scratch.far[at].clear();
    TURDB_RETURN_IF_ERROR(primary_->ReadOverflow(field.ref(), &scratch.far[at]));
    text = scratch.far[at];
  }
  scratch.views[at] = vec::StringView(text);
  *out = &scratch.views[at];
  return absl::OkStatus();
}

Status Table::FillEvaluatorChunk(Bytes row_key, Bytes row, Scratch& scratch) const {
  if (scratch.evaluated == nullptr) {
    std::vector<vec::Type> types;
    for (const Column& column : schema_->columns) types.push_back(column.type);
    scratch.evaluated = std::make_unique<vec::Chunk>(types, 1);
  }
  scratch.evaluated->Reset();
  for (size_t i = 0; i < schema_->columns.size(); ++i) {
    Cell cell;
    TURDB_RETURN_IF_ERROR(CellOf(static_cast<int32_t>(i), row_key, row, scratch, &cell));
    vec::Vector& column = scratch.evaluated->column(i);
    vec::VisitPhysical(column.physical(), [&](auto tag) {
      using T = decltype(tag);
      T value{};
      if (cell != nullptr) std::memcpy(&value, cell, sizeof(T));
      if constexpr (std::is_same_v<T, vec::StringView>) {
        column.SetString(0, {value.data(), value.size()});
      } else {
        column.Set(0, value);
      }
      if (cell == nullptr) column.SetNull(0);
    });
  }
  scratch.evaluated->set_size(1);
  return absl::OkStatus();
}

// The entry of the row in the index; *in_index is false when a partial index leaves it out. `row` is resolved.
Status Table::EntryOf(int32_t index, Bytes row_key, Bytes row, IndexEvaluator* evaluator, Scratch& scratch, KeyBuffer* entry,
                      bool* in_index) const {
  const IndexSchema& schema = schema_->indexes[static_cast<size_t>(index)];
  const IndexParts& parts = *indexes_[static_cast<size_t>(index)];
  *in_index = true;
  if (parts.needs_evaluator) {
    TURDB_CHECK(evaluator != nullptr) << "index " << schema.name << " needs an evaluator";
    TURDB_RETURN_IF_ERROR(FillEvaluatorChunk(row_key, row, scratch));
    if (!schema.predicate_sql.empty()) {
      TURDB_RETURN_IF_ERROR(evaluator->EvaluatePredicate(index, *scratch.evaluated, std::span<bool>(in_index, 1)));
      if (!*in_index) return absl::OkStatus();
    }
  }
  entry->Clear();
  bool has_null = false;
  for (size_t i = 0; i < schema.parts.size(); ++i) {
    Status status;
    if (schema.parts[i].column >= 0) {
      Cell cell;
      TURDB_RETURN_IF_ERROR(CellOf(schema.parts[i].column, row_key, row, scratch, &cell));
      has_null |= cell == nullptr;
      status = AppendKeyPart(parts.parts[i], cell, entry);
    } else {
      scratch.part = std::make_unique<vec::Vector>(schema.parts[i].type, 1);
      TURDB_RETURN_IF_ERROR(evaluator->EvaluatePart(index, static_cast<int32_t>(i), *scratch.evaluated, scratch.part.get()));
      has_null |= scratch.part->IsNull(0);
      status = AppendKeyPart(parts.parts[i], *scratch.part, 0, entry);
    }
    if (!status.ok()) {
      return base::WithFrame(std::move(status),
                             absl::StrCat("making an entry of index ", schema.name, " of ", schema_->qualified_name()));
    }
  }
  if (!schema.unique || (has_null && !schema.nulls_not_distinct)) {
    if (!entry->Append(row_key)) {
      return base::LimitError(absl::StrCat("an entry of index ", schema.name, " of ", schema_->qualified_name(),
                                           " is longer than ", KeyBuffer::kCapacity, " bytes with the primary key"));
    }
  }
  return absl::OkStatus();
}

}  // namespace turdb::table
