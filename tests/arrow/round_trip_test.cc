// Chunks to Arrow and back: every type, with NULLs, in slices, empty; the schema is the same whatever the batch.
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "arrow/exporter.h"
#include "arrow/importer.h"
#include "gtest/gtest.h"
#include "vec/any.h"
#include "vec/array.h"
#include "vec/chunk.h"
#include "vec/dense_vector.h"
#include "vec/enum.h"
#include "vec/json_text.h"
#include "vec/numeric.h"
#include "vec/random_values.h"

namespace turdb::arrow {
namespace {

using vec::Chunk;
using vec::Type;
using vec::TypeId;
using vec::Value;

std::vector<Type> AllTypes() {
  std::vector<Type> types;
  for (size_t id = 0; id < vec::kTypeIdCount; ++id) {
    switch (static_cast<TypeId>(id)) {
      case TypeId::kDecimal:
        types.push_back(Type::Decimal(9, 2));
        types.push_back(Type::Decimal(38, 10));
        break;
      case TypeId::kEnum:
        types.push_back(Type::Enum(7));
        break;
      case TypeId::kStruct:  // their fields are the catalog's or a session's: tests/capi
      case TypeId::kMap:
        break;
      case TypeId::kArray:
        types.push_back(Type::ArrayOf(TypeId::kInt32));
        types.push_back(Type::ArrayOf(TypeId::kText));
        types.push_back(Type::ArrayOf(TypeId::kBoolean));
        types.push_back(Type::ArrayOf(Type::Decimal(9, 2)));
        break;
      case TypeId::kDenseVector:
        for (size_t element = 0; element < vec::kVectorElementCount; ++element) {
          types.push_back(Type::DenseVector(static_cast<vec::VectorElement>(element), 11));
        }
        break;
      default:
        types.push_back(static_cast<TypeId>(id));
    }
  }
  return types;
}

class Random {
 public:
  explicit Random(uint32_t seed) : engine_(seed) {}
  int64_t Below(int64_t n) { return static_cast<int64_t>(engine_() % static_cast<uint64_t>(n)); }
  uint64_t Word() { return engine_(); }
  bool OneIn(int64_t n) { return Below(n) == 0; }
  std::string Text() {
    static const char* const kPieces[] = {"a", "Zoë", "日本", " ", "\"", "\\", "🙂", "longer than twelve bytes"};
    std::string text;
    for (int64_t i = Below(5); i > 0; --i) text += kPieces[Below(8)];
    return text;
  }
  vec::Int128 Wide() { return absl::MakeInt128(static_cast<int64_t>(Word()), Word()); }

  Value Make(const Type& type) {
    switch (type.id) {
      case TypeId::kBoolean:
        return Value::Boolean(OneIn(2));
      case TypeId::kInt8:
        return Value::Of(type, static_cast<int8_t>(Word()));
      case TypeId::kInt16:
        return Value::Of(type, static_cast<int16_t>(Word()));
      case TypeId::kInt32:
        return Value::Of(type, static_cast<int32_t>(Word()));
      case TypeId::kInt64:
        return Value::Of(type, static_cast<int64_t>(Word()));
      case TypeId::kInt128:
        return Value::Of(type, Wide());
      case TypeId::kUInt8:
        return Value::Of(type, static_cast<uint8_t>(Word()));
      case TypeId::kUInt16:
        return Value::Of(type, static_cast<uint16_t>(Word()));
      case TypeId::kUInt32:
        return Value::Of(type, static_cast<uint32_t>(Word()));
      case TypeId::kUInt64:
        return Value::Of(type, Word());
      case TypeId::kFloat:
        return Value::Of(type, static_cast<float>(Below(1000)) / 8);
      case TypeId::kDouble:
        return Value::Of(type, OneIn(10) ? HUGE_VAL : static_cast<double>(Below(1000)) / -8);
      case TypeId::kDecimal:
        if (type.width() == 8) return Value::Of(type, Below(1'999'999'999) - 999'999'999);
        return Value::Of(type, Wide() % static_cast<vec::Int128>(vec::Power10(38)));
      case TypeId::kNumeric:
        if (OneIn(10)) return Value::OfBytes(type, vec::Numeric::NaN().ToBytes());
        return Value::OfBytes(type, vec::Numeric(Wide(), static_cast<int>(Below(20))).ToBytes());
      case TypeId::kBlob:
        return Value::Blob(std::string(static_cast<size_t>(Below(30)), static_cast<char>(Below(256))));
      case TypeId::kDate:
        return Value::Of(type, OneIn(10) ? INT32_MAX : static_cast<int32_t>(Below(40000)));
      case TypeId::kTime:
        return Value::Of(type, Below(vec::kMicrosPerDay));
      case TypeId::kTimestamp:
      case TypeId::kTimestampTz:
        return Value::Of(type, OneIn(10) ? INT64_MIN : Below(int64_t{1} << 52));
      case TypeId::kInterval:
        return Value::Of(type,
                         vec::Interval{static_cast<int32_t>(Below(100)), -static_cast<int32_t>(Below(100)), Below(1 << 30)});
      case TypeId::kUuid: {
        vec::Uuid uuid;
        for (uint8_t& byte : uuid.bytes) byte = static_cast<uint8_t>(Word());
        return Value::Of(type, uuid);
      }
      case TypeId::kEnum:
        return Value::OfBytes(type, OneIn(2) ? vec::MakeEnum("3", "sad") : vec::MakeEnum("5", "happy"));
      case TypeId::kJson:
        return Value::OfBytes(type, OneIn(2) ? R"({"a":[1, null,  "x"]})" : "17");
      case TypeId::kJsonb: {
        std::string bytes;
        EXPECT_TRUE(vec::ParseJson(OneIn(2) ? R"({"a": [1, null, "x"], "bc": true})" : "17", &bytes).ok());
        return Value::OfBytes(type, bytes);
      }
      case TypeId::kArray: {
        vec::ArrayBuilder builder(type.element_type());
        for (int64_t i = Below(4); i > 0; --i) {
          OneIn(4) ? builder.AddNull() : builder.AddValue(Make(type.element_type()));
        }
        return Value::OfBytes(type, builder.Finish());
      }
      case TypeId::kDenseVector: {
        vec::DenseVectorBuilder builder(type.vector_element());
        for (int32_t i = 0; i < type.length; ++i) {
          EXPECT_TRUE(
              builder.Add(static_cast<double>(Below(type.vector_element() == vec::VectorElement::kBit ? 2 : 100))).ok());
        }
        return Value::OfBytes(type, *builder.Finish());
      }
      case TypeId::kAny: {
        static const TypeId kMembers[] = {TypeId::kBoolean, TypeId::kInt64,  TypeId::kDouble,    TypeId::kText,
                                          TypeId::kBlob,    TypeId::kDate,   TypeId::kTimestamp, TypeId::kUuid,
                                          TypeId::kJsonb,   TypeId::kNumeric};
        return Make(kMembers[Below(10)]);
      }
      case TypeId::kText:
      case TypeId::kVarchar:
      case TypeId::kChar:
        return Value::OfBytes(type, Text());
      case TypeId::kInet:
        return *Value::Parse(OneIn(2) ? "10.1.2.3/8" : "2001:db8::1", type);
      case TypeId::kCidr:
        return *Value::Parse("192.168.0.0/16", type);
      case TypeId::kMacaddr:
        return *Value::Parse("08:00:2b:01:02:03", type);
      case TypeId::kBit:
      case TypeId::kVarbit:
        return *Value::Parse(OneIn(2) ? "1" : "0", type);
      case TypeId::kInt4Range:
      case TypeId::kInt8Range:
      case TypeId::kNumRange:
        return *Value::Parse(OneIn(4) ? "empty" : "[1,5)", type);
      case TypeId::kTsRange:
      case TypeId::kTstzRange:
      case TypeId::kDateRange:
        return *Value::Parse(OneIn(4) ? "(,)" : "[2024-01-01,2024-02-01)", type);
      default:
        return vec::RandomValue(type, engine_);
    }
  }

 private:
  std::mt19937_64 engine_;
};

BuildContext ContextWith(ExportOptions options = {}) {
  BuildContext context;
  context.options = options;
  context.labels = [](uint32_t) { return std::vector<std::string>{"sad", "ok", "happy"}; };
  return context;
}

std::vector<Field> FieldsOf(const std::vector<Type>& types) {
  std::vector<Field> fields;
  for (const Type& type : types) fields.push_back({type.ToString(), type});
  return fields;
}

// What a value is after the journey: types that Arrow has no other form for come back as their nearest.
std::string Shown(const Value& value) {
  if (value.is_null()) return "(null)";
  if (value.type().id == TypeId::kEnum) return std::string(vec::LabelOf(value.bytes()));
  return value.ToString();
}

Chunk RandomChunk(const std::vector<Type>& types, uint32_t rows, int64_t null_one_in, Random& random) {
  Chunk chunk(types, std::max(rows, 1u));
  for (uint32_t row = 0; row < rows; ++row) {
    std::vector<Value> values;
    for (const Type& type : types) {
      values.push_back(null_one_in != 0 && random.OneIn(null_one_in) ? Value::Null(type) : random.Make(type));
    }
    chunk.AppendRow(values);
    chunk.set_size(row + 1);
  }
  return chunk;
}

void ExpectReadsAs(Importer& importer, Owned<ArrowArray> batch, const Chunk& chunk, uint32_t from) {
  std::vector<Type> types;
  for (const Field& field : importer.fields()) types.push_back(field.type);
  ASSERT_TRUE(importer.Open(std::move(batch)).ok());
  Chunk read(types, 37);
  uint32_t row = from;
  for (;;) {
    read.Reset();
    const auto count = importer.Next(37, &read);
    ASSERT_TRUE(count.ok()) << base::Describe(count.status());
    if (*count == 0) break;
    for (uint32_t i = 0; i < *count; ++i, ++row) {
      for (size_t c = 0; c < types.size(); ++c) {
        ASSERT_EQ(Shown(chunk.column(c).GetValue(row)), Shown(read.column(c).GetValue(i)))
            << importer.fields()[c].name << ", row " << row;
      }
    }
  }
  EXPECT_EQ(row, chunk.size());
}

void RoundTrip(uint32_t rows, int64_t null_one_in, ExportOptions options, uint32_t seed) {
  Random random(seed);
  const std::vector<Type> types = AllTypes();
  const Chunk chunk = RandomChunk(types, rows, null_one_in, random);
  Exporter exporter(FieldsOf(types), ContextWith(options));
  Owned<ArrowSchema> schema;
  exporter.ExportSchema(schema.get());
  auto importer = Importer::Create(*schema.get());
  ASSERT_TRUE(importer.ok()) << base::Describe(importer.status());
  const auto export_all = [&] {
    Owned<ArrowArray> batch;
    EXPECT_TRUE(exporter.Append(chunk, vec::Rows::All(rows)).ok());
    exporter.Finish(batch.get());
    EXPECT_EQ(batch->length, rows);
    return batch;
  };
  ExpectReadsAs(**importer, export_all(), chunk, 0);
  if (rows < 3) return;
  // A slice of the whole, and slices of the columns.
  const uint32_t skipped = rows / 3;
  Owned<ArrowArray> sliced = export_all();
  sliced.get()->offset = skipped;
  sliced.get()->length -= skipped;
  ExpectReadsAs(**importer, std::move(sliced), chunk, skipped);
  Owned<ArrowArray> columns = export_all();
  columns.get()->length -= skipped;
  for (int64_t i = 0; i < columns->n_children; ++i) {
    columns->children[i]->offset = skipped;
    columns->children[i]->length -= skipped;
    columns->children[i]->null_count = -1;
  }
  ExpectReadsAs(**importer, std::move(columns), chunk, skipped);
}

// A list of one size, of floats, is a vector, unless it has what a vector cannot have, or says that it is an array.
TEST(Vectors, ListsOfOneSize) {
  const auto child_of = [](std::string format) {
    SchemaNode child;
    child.name = "item";
    child.format = std::move(format);
    return child;
  };
  const auto rows_of = [](SchemaNode list) {
    list.name = "v";
    SchemaNode root;
    root.format = std::string("+s");
    root.children.push_back(std::move(list));
    return root;
  };
  const auto type_of = [&](std::string format, std::string element, std::string named) {
    SchemaNode list;
    list.format = std::move(format);
    list.children.push_back(child_of(std::move(element)));
    if (!named.empty()) list.metadata = {{std::string(kTypeKey), named}};
    Owned<ArrowSchema> schema;
    Export(rows_of(std::move(list)), schema.get());
    const auto importer = Importer::Create(*schema.get());
    return importer.ok() ? (*importer)->fields()[0].type.ToString() : std::string(importer.status().message());
  };
  EXPECT_EQ(type_of("+w:3", "f", ""), "vector(3)");
  EXPECT_EQ(type_of("+w:3", "e", ""), "halfvec(3)");
  EXPECT_EQ(type_of("+w:3", "c", ""), "tinyint[]");
  EXPECT_EQ(type_of("+w:3", "c", "vector"), "vector(3,int8)");
  EXPECT_EQ(type_of("+w:9", "b", "vector"), "vector(9,bit)");
  EXPECT_EQ(type_of("+w:3", "f", "array"), "real[]");
  EXPECT_EQ(type_of("+w:0", "f", ""), "real[]");
  EXPECT_EQ(type_of("+w:65536", "f", ""), "real[]");
  EXPECT_EQ(type_of("+l", "f", ""), "real[]");

  // Two vectors of two elements; then one that is short, has a NULL, has NaN.
  SchemaNode list;
  list.format = std::string("+w:2");
  list.children.push_back(child_of("f"));
  Owned<ArrowSchema> schema;
  Export(rows_of(std::move(list)), schema.get());
  auto importer = Importer::Create(*schema.get());
  ASSERT_TRUE(importer.ok());
  float elements[4] = {1, 2, 3, 4};
  uint8_t validity = 0x0f;
  const void* child_buffers[2] = {&validity, elements};
  const void* list_buffers[1] = {nullptr};
  const auto read = [&](int64_t child_length, int64_t null_count) -> std::string {
    const auto release = [](ArrowArray* array) { array->release = nullptr; };
    ArrowArray child{}, vectors{}, root{};
    ArrowArray *children[1] = {&child}, *columns[1] = {&vectors};
    child.length = child_length;
    child.null_count = null_count;
    child.n_buffers = 2;
    child.buffers = child_buffers;
    child.release = release;
    vectors.length = 2;
    vectors.n_buffers = 1;
    vectors.buffers = list_buffers;
    vectors.n_children = 1;
    vectors.children = children;
    vectors.release = release;
    root.length = 2;
    root.n_buffers = 1;
    root.buffers = list_buffers;
    root.n_children = 1;
    root.children = columns;
    root.release = release;
    Owned<ArrowArray> batch;
    *batch.get() = root;
    base::Status opened = (*importer)->Open(std::move(batch));
    if (!opened.ok()) return std::string(opened.message());
    const std::vector<Type> types = {Type::DenseVector(vec::VectorElement::kFloat32, 2)};
    Chunk chunk(types, 8);
    const auto count = (*importer)->Next(8, &chunk);
    (*importer)->Close();
    if (!count.ok()) return std::string(count.status().message());
    std::string shown;
    for (uint32_t i = 0; i < *count; ++i) shown += chunk.column(0).GetValue(i).ToString();
    return shown;
  };
  EXPECT_EQ(read(4, 0), "[1,2][3,4]");
  EXPECT_EQ(read(3, 0), "an Arrow array has a list that ends behind its elements");
  EXPECT_EQ(read(4, -1), "[1,2][3,4]");
  validity = 0x07;
  EXPECT_EQ(read(4, 1), "a vector cannot have a NULL among its elements");
  validity = 0x0f;
  elements[2] = std::nanf("");
  EXPECT_EQ(read(4, 0), "a vector cannot have NaN or an infinity among its elements");
}

TEST(RoundTrip, RandomChunksOfEveryType) {
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    for (const int64_t null_one_in : {0, 3, 1}) RoundTrip(100 + seed, null_one_in, {}, seed);
  }
}

TEST(RoundTrip, StringViews) {
  for (uint32_t seed = 1; seed <= 10; ++seed) RoundTrip(200, 4, ExportOptions{.string_views = true}, seed);
}

TEST(RoundTrip, EmptyBatches) { RoundTrip(0, 0, {}, 1); }

TEST(RoundTrip, TypesComeBack) {
  const std::vector<Type> types = AllTypes();
  const Exporter exporter(FieldsOf(types), ContextWith());
  Owned<ArrowSchema> schema;
  exporter.ExportSchema(schema.get());
  auto importer = Importer::Create(*schema.get());
  ASSERT_TRUE(importer.ok());
  for (size_t i = 0; i < types.size(); ++i) {
    Type expected = types[i];
    if (expected.physical() == vec::PhysicalType::kString &&
        (expected.id == TypeId::kUnknown || vec::IsText(expected.id) || expected.id == TypeId::kEnum ||
         (expected.id > TypeId::kArray && expected.id != TypeId::kDenseVector))) {
      expected = TypeId::kText;
    }
    EXPECT_EQ((*importer)->fields()[i].type, expected) << types[i].ToString();
    EXPECT_EQ((*importer)->fields()[i].name, types[i].ToString());
  }
}

// Batches own their memory: what they were made of is gone.
TEST(RoundTrip, BatchesOutliveTheirSource) {
  Owned<ArrowArray> batch;
  {
    Random random(5);
    base::MemoryBudget budget(64 << 20);
    {
      Chunk chunk(std::vector<Type>{TypeId::kText}, 100, &budget);
      for (uint32_t row = 0; row < 100; ++row) chunk.column(0).SetString(row, "some text of more than twelve bytes");
      chunk.set_size(100);
      Exporter exporter({{"a", TypeId::kText}}, ContextWith());
      const int64_t used = budget.used_bytes();
      ASSERT_TRUE(exporter.Append(chunk, vec::Rows::All(100)).ok());
      exporter.Finish(batch.get());
      EXPECT_EQ(budget.used_bytes(), used);
    }
    EXPECT_EQ(budget.used_bytes(), 0);
  }
  const ArrowArray& texts = *batch->children[0];
  const auto* offsets = static_cast<const int32_t*>(texts.buffers[1]);
  EXPECT_EQ(offsets[100], 3500);
  EXPECT_EQ(std::memcmp(static_cast<const char*>(texts.buffers[2]) + offsets[99], "some text", 9), 0);
}

// Vectors of every encoding, and rows that are not all of their chunk.
TEST(RoundTrip, EncodingsAndSelections) {
  Chunk chunk(std::vector<Type>{TypeId::kInt64, TypeId::kText, TypeId::kBoolean}, 64);
  chunk.column(0).SetSequence(10, 5);
  chunk.column(1).SetConstant(Value::Text("constant, and rather long"));
  vec::Vector flags(TypeId::kBoolean, 2);
  flags.Set<bool>(0, true);
  flags.SetNull(1);
  const vec::SelIndex which[] = {0, 1, 0, 1, 1, 0};
  chunk.column(2).Slice(flags, vec::Rows{which, 6});
  chunk.set_size(6);
  Exporter exporter({{"n", TypeId::kInt64}, {"t", TypeId::kText}, {"b", TypeId::kBoolean}}, ContextWith());
  const vec::SelIndex odd[] = {1, 3, 5};
  ASSERT_TRUE(exporter.Append(chunk, vec::Rows{odd, 3}).ok());
  ASSERT_TRUE(exporter.Append(chunk, vec::Rows::All(6)).ok());
  Owned<ArrowArray> batch;
  exporter.Finish(batch.get());
  EXPECT_EQ(batch->length, 9);
  const auto* numbers = static_cast<const int64_t*>(batch->children[0]->buffers[1]);
  EXPECT_EQ(numbers[0], 15);
  EXPECT_EQ(numbers[2], 35);
  EXPECT_EQ(numbers[3], 10);
  EXPECT_EQ(batch->children[2]->null_count, 5);
}

TEST(Export, WhatArrowCannotHoldIsAnError) {
  Chunk chunk(std::vector<Type>{Type::ArrayOf(TypeId::kInt32)}, 1);
  const auto square = Value::Parse("{{1,2},{3,4}}", Type::ArrayOf(TypeId::kInt32));
  ASSERT_TRUE(square.ok());
  chunk.column(0).SetValue(0, *square);
  chunk.set_size(1);
  Exporter exporter({{"square", Type::ArrayOf(TypeId::kInt32)}}, ContextWith());
  const auto status = exporter.Append(chunk, vec::Rows::All(1));
  EXPECT_EQ(base::GetSqlState(status), base::sqlstate::kFeatureNotSupported);
  EXPECT_NE(base::Describe(status).find("\"square\""), std::string::npos);
}

}  // namespace
}  // namespace turdb::arrow
