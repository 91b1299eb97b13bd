// Rows and keys as they could lie in a damaged leaf: refused, or read without leaving their bytes.
#include <memory>
#include <span>
#include <vector>

#include "base/check.h"
#include "btree/cursor.h"
#include "fuzz/fuzz_input.h"
#include "table/key_codec.h"
#include "table/projection.h"
#include "table/row_codec.h"
#include "table/schema.h"
#include "vec/any.h"
#include "vec/chunk.h"
#include "vec/value.h"

namespace turdb::table {
namespace {

using vec::Type;
using vec::TypeId;

const std::vector<Type>& Types() {
  static const auto* const types = new std::vector<Type>{
      Type(TypeId::kBoolean),   Type(TypeId::kInt16),       Type(TypeId::kInt32),    Type(TypeId::kInt64),
      Type(TypeId::kFloat),     Type(TypeId::kDouble),      Type::Decimal(18, 4),    Type::Decimal(38, 10),
      Type(TypeId::kText),      Type(TypeId::kBlob),        Type(TypeId::kDate),     Type(TypeId::kTime),
      Type(TypeId::kTimestamp), Type(TypeId::kTimestampTz), Type(TypeId::kInterval), Type(TypeId::kUuid),
      Type(TypeId::kAny)};
  return *types;
}

// A table with columns of every type, whose rows the input pretends to be.
struct Fixture {
  Fixture() {
    schema.name = "t";
    schema.schema_name = "root";
    for (const Type& type : Types()) {
      Column column;
      column.name = type.ToString();
      column.type = type;
      schema.columns.push_back(column);
    }
    TURDB_CHECK(FinishNewTable(schema).ok());
    layouts = std::make_unique<RowLayouts>(schema);
    std::vector<int32_t> columns;
    for (size_t i = 0; i < schema.columns.size(); ++i) columns.push_back(static_cast<int32_t>(i));
    projection = std::make_unique<Projection>(*layouts, columns);
  }
  TableSchema schema;
  std::unique_ptr<RowLayouts> layouts;
  std::unique_ptr<Projection> projection;
};

void ReadRow(FuzzInput input) {
  static const auto* const fixture = new Fixture();
  std::vector<base::Bytes> rows;
  while (!input.empty() && rows.size() < 20) rows.push_back(input.Take(input.Number<uint16_t>()));
  std::byte key[8] = {};
  RowBuffer buffer;
  std::vector<const std::byte*> keys, values;
  std::vector<uint16_t> key_sizes, value_sizes;
  for (const base::Bytes row : rows) {
    keys.push_back(key);
    key_sizes.push_back(sizeof(key));
    values.push_back(row.data());
    value_sizes.push_back(static_cast<uint16_t>(row.size()));
    const auto read = fixture->projection->ReadRow(base::Bytes(key), row, &buffer);
    if (!fixture->layouts->Validate(row).ok()) continue;
    ForEachOverflow(*fixture->layouts, row, [](btree::OverflowRef) {});
    (void)read;
  }
  vec::Chunk chunk(fixture->projection->types(), 20);
  std::vector<Projection::FarValue> far;
  const btree::Entries entries{rows.size(), {}, nullptr, keys.data(), key_sizes.data(), values.data(), value_sizes.data()};
  const base::Status status = fixture->projection->ReadRows(entries, &chunk, 0, &far);
  if (!status.ok() || !far.empty()) return;
  chunk.set_size(static_cast<uint32_t>(rows.size()));
  for (size_t c = 0; c < chunk.column_count(); ++c) {
    for (size_t r = 0; r < rows.size(); ++r) (void)chunk.column(c).GetValue(r).ToString();
  }
}

void ReadKey(FuzzInput input) {
  const uint8_t options = input.Byte();
  std::vector<KeyPart> parts;
  for (size_t i = 1 + options % 4; i != 0; --i) {
    const uint8_t of = input.Byte();
    parts.push_back({Types()[of % Types().size()], (of & 0x80) != 0, (of & 0x40) != 0});
  }
  const base::Bytes whole = input.Take(base::kMaxKeyBytes);
  base::Bytes rest = whole, skipped = whole;
  KeyBuffer again;
  for (const KeyPart& part : parts) {
    vec::Value value;
    vec::Vector vector(part.type, 1);
    base::Bytes copy = rest;
    const base::Bytes before = rest;
    const base::Status status = ReadKeyPart(part, &rest, &value);
    TURDB_CHECK_EQ(ReadKeyPart(part, &copy, &vector, 0).ok(), status.ok());
    const bool can_skip = SkipKeyPart(part, &skipped);
    if (!status.ok()) return;
    TURDB_CHECK(can_skip);
    TURDB_CHECK_EQ(rest.size(), skipped.size());
    TURDB_CHECK_EQ(rest.size(), copy.size());
    (void)value.ToString();
    // What reads as a value is a key of that value; the encoder may write it shorter.
    TURDB_CHECK(AppendKeyPart(part, value, &again).ok() || before.size() - rest.size() > KeyBuffer::kCapacity / 2);
  }
}

}  // namespace
}  // namespace turdb::table

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  turdb::FuzzInput input(data, size);
  if (input.Byte() % 2 == 0) {
    turdb::table::ReadRow(input);
  } else {
    turdb::table::ReadKey(input);
  }
  return 0;
}
