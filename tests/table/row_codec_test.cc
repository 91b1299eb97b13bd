#include "table/row_codec.h"

#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "table/database.h"
#include "table/projection.h"
#include "table/random_values.h"
#include "vec/any.h"

namespace turdb::table {
namespace {

using vec::Type;
using vec::TypeId;
using vec::Value;

TableSchema Plain(const std::vector<Type>& types) {
  TableSchema schema;
  schema.name = "t";
  schema.schema_name = "root";
  for (size_t i = 0; i < types.size(); ++i) schema.columns.push_back(MakeColumn("c" + std::to_string(i), types[i]));
  EXPECT_TRUE(FinishNewTable(schema).ok());
  return schema;
}

std::string Encode(const RowLayouts& layouts, const Row& row) {
  RowEncoder encoder(layouts);
  encoder.Clear();
  const Cells cells(row);
  for (size_t i = 0; i < row.size(); ++i) encoder.Set(static_cast<int32_t>(i), cells.cells()[i]);
  EXPECT_TRUE(encoder.Fits());
  std::string bytes;
  encoder.Build(&bytes);
  EXPECT_EQ(bytes.size(), encoder.size_bytes());
  EXPECT_TRUE(layouts.Validate(base::AsBytes(bytes)).ok());
  return bytes;
}

// The example of FORMAT.md.
TEST(RowCodec, WorkedExample) {
  TableSchema schema;
  schema.name = "t";
  schema.columns = {MakeColumn("id", Type::Int64()), MakeColumn("a", Type::Int32()), MakeColumn("t", Type::Text())};
  schema.primary_key = {OnColumn(0)};
  ASSERT_TRUE(FinishNewTable(schema).ok());
  const RowLayouts layouts(schema);
  EXPECT_EQ(absl::BytesToHexString(Encode(layouts, {Value::Int64(7), Value::Null(Type::Int32()), Value::Text("hi")})),
            "01000d00"
            "01"
            "00000000"
            "0d00"
            "6869");
}

// Every type comes back bit for bit, one column at a time and in batches, wherever its row lies.
TEST(RowCodec, EveryTypeComesBack) {
  Random random(21);
  const std::vector<Type> all = KeyTypes();
  for (int round = 0; round < 60; ++round) {
    std::vector<Type> types;
    for (size_t i = 1 + Below(12, random); i != 0; --i) types.push_back(all[Below(all.size(), random)]);
    const TableSchema schema = Plain(types);
    const RowLayouts layouts(schema);
    std::vector<int32_t> columns;
    for (size_t i = 0; i < types.size(); ++i) columns.push_back(static_cast<int32_t>(types.size() - 1 - i));
    const Projection projection(layouts, columns);
    vec::Chunk chunk(projection.types(), 40);
    std::vector<Row> rows;
    std::vector<std::string> encoded;
    for (int r = 0; r < 40; ++r) {
      Row row;
      for (const Type& type : types) {
        if (random() % 6 == 0) {
          row.push_back(Value::Null(type));
        } else if (type.id == TypeId::kAny) {
          row.push_back(Value::OfBytes(type, vec::EncodeAny(RandomValue(type, random))));
        } else {
          row.push_back(RandomValue(type, random));
        }
      }
      encoded.push_back(Encode(layouts, row));
      rows.push_back(std::move(row));
    }
    std::byte key[8];
    EncodeInt64Key(1, key);
    std::vector<const std::byte*> keys, values;
    std::vector<uint16_t> key_sizes, value_sizes;
    for (const std::string& bytes : encoded) {
      keys.push_back(key);
      key_sizes.push_back(sizeof(key));
      values.push_back(base::AsBytes(bytes).data());
      value_sizes.push_back(static_cast<uint16_t>(bytes.size()));
    }
    const auto entries = [&](size_t begin, size_t end) {
      return btree::Entries{end - begin, {}, nullptr, &keys[begin], &key_sizes[begin], &values[begin], &value_sizes[begin]};
    };
    std::vector<Projection::FarValue> far;
    ASSERT_TRUE(projection.ReadRows(entries(0, 15), &chunk, 0, &far).ok());
    ASSERT_TRUE(projection.ReadRows(entries(15, encoded.size()), &chunk, 15, &far).ok());
    EXPECT_TRUE(far.empty());
    RowBuffer buffer;
    for (size_t r = 0; r < rows.size(); ++r) {
      ASSERT_TRUE(*projection.ReadRow(base::Bytes(key), base::AsBytes(encoded[r]), &buffer));
      for (size_t c = 0; c < columns.size(); ++c) {
        const Value& due = rows[r][static_cast<size_t>(columns[c])];
        ASSERT_EQ(chunk.column(c).IsNull(r), due.is_null());
        ASSERT_EQ(buffer[c].is_null, due.is_null());
        if (due.is_null()) continue;
        if (due.type().physical() == vec::PhysicalType::kString) {
          const auto& view = chunk.column(c).View().Get<vec::StringView>(r);
          EXPECT_EQ(std::string_view(view.data(), view.size()), due.bytes());
          EXPECT_EQ(view, vec::StringView(std::string_view(due.bytes())));
          EXPECT_EQ(buffer[c].text(), due.bytes());
        } else {
          const size_t width = due.type().width();
          EXPECT_EQ(std::memcmp(buffer[c].fixed, due.fixed_data(), width), 0);
          EXPECT_EQ(std::memcmp(chunk.column(c).View().data + r * width, due.fixed_data(), width), 0);
        }
      }
    }
  }
}

// Damaged rows are refused, a version from the future asks for another try; nothing is read past the end.
TEST(RowCodec, RefusesDamagedRows) {
  Random random(22);
  const TableSchema schema = Plain({Type::Int32(), Type::Text(), Type::Text()});
  const RowLayouts layouts(schema);
  const std::string row = Encode(layouts, {Value::Int32(1), Value::Text("one"), Value::Text("a longer text than twelve")});
  for (size_t cut = 0; cut < row.size(); ++cut) {
    const std::vector<std::byte> bytes(base::AsBytes(row).begin(), base::AsBytes(row).begin() + static_cast<ptrdiff_t>(cut));
    EXPECT_EQ(base::GetSqlState(layouts.Validate(bytes)), base::sqlstate::kDataCorrupted);
  }
  const Projection projection(layouts, std::vector<int32_t>{0, 1, 2});
  for (int round = 0; round < 500; ++round) {
    std::string changed = row;
    changed[Below(row.size(), random)] = static_cast<char>(random());
    const base::Bytes bytes = base::AsBytes(changed);
    vec::Chunk chunk(projection.types(), 4);
    std::vector<Projection::FarValue> far;
    const base::Status batch = projection.ReadRows(btree::OneEntry({}, bytes).entries(), &chunk, 0, &far);
    const base::Status one = layouts.Validate(bytes);
    for (const base::Status& status : {batch, one}) {
      if (!status.ok()) {
        EXPECT_TRUE(base::GetSqlState(status) == base::sqlstate::kDataCorrupted ||
                    base::GetSqlState(status) == base::sqlstate::kSerializationFailure);
      }
    }
  }
  std::string future = row;
  future[0] = 2;
  EXPECT_EQ(base::GetSqlState(layouts.Validate(base::AsBytes(future))), base::sqlstate::kSerializationFailure);
}

TEST(RowCodec, PathsAreSafeNames) {
  EXPECT_EQ(TablePath("root", "users"), "root/users.tbd");
  EXPECT_EQ(IndexPath("root", "users", "by_email"), "root/users.by_email.idx");
  EXPECT_EQ(TablePath("Two", "a/b.c"), "%54wo/a%2Fb%2Ec.tbd");
  EXPECT_EQ(EncodePathName("-x"), "%2Dx");
  EXPECT_EQ(EncodePathName("\xC3\xA4"), "%C3%A4");
}

}  // namespace
}  // namespace turdb::table
