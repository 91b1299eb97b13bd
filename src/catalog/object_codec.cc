#include "catalog/object_codec.h"

#include <cstring>
#include <functional>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "vec/any.h"

namespace turdb::catalog {

namespace {

using base::Status;
using base::StatusOr;
using table::Column;
using table::ForeignKey;
using table::IndexPart;
using table::IndexSchema;
using table::StoredColumn;
using table::TableSchema;
using table::TriggerSchema;

// ---- the wire: a field is a varint (tag << 1 | is_bytes), then a varint, which is the value or the bytes' length.

class Writer {
 public:
  void Number(uint32_t tag, uint64_t value) {
    if (value == 0) return;  // zero is what a missing field means
    Varint(uint64_t{tag} << 1);
    Varint(value);
  }
  // Small negative numbers are -1 only: shifted by one.
  void Position(uint32_t tag, int32_t value) { Number(tag, static_cast<uint64_t>(int64_t{value} + 1)); }
  void Text(uint32_t tag, std::string_view text) {
    if (!text.empty()) Bytes(tag, text);
  }
  // Written even when empty: an element of a list.
  void Bytes(uint32_t tag, std::string_view bytes) {
    Varint(uint64_t{tag} << 1 | 1);
    Varint(bytes.size());
    out_.append(bytes);
  }
  std::string Take() { return std::move(out_); }

 private:
  void Varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<char>(value | 0x80));
    out_.push_back(static_cast<char>(value));
  }
  std::string out_;
};

struct Field {
  uint64_t tag = 0;
  bool is_bytes = false;
  uint64_t number = 0;
  std::string_view bytes;

  int32_t position() const { return static_cast<int32_t>(static_cast<int64_t>(number) - 1); }
  bool flag() const { return number != 0; }
  std::string text() const { return std::string(bytes); }
};

bool ReadVarint(std::string_view* in, uint64_t* value) {
  *value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (in->empty()) return false;
    const unsigned char byte = static_cast<unsigned char>(in->front());
    in->remove_prefix(1);
    *value |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

// Calls `use` for each field; it returns false for a tag it does not know.
Status ReadFields(std::string_view in, std::string_view what, const std::function<StatusOr<bool>(const Field&)>& use) {
  while (!in.empty()) {
    Field field;
    uint64_t head;
    if (!ReadVarint(&in, &head) || !ReadVarint(&in, &field.number)) {
      return base::CorruptionError(absl::StrCat("the definition of a ", what, " is cut off"));
    }
    field.tag = head >> 1;
    field.is_bytes = (head & 1) != 0;
    if (field.is_bytes) {
      if (field.number > in.size()) return base::CorruptionError(absl::StrCat("the definition of a ", what, " is cut off"));
      field.bytes = in.substr(0, field.number);
      in.remove_prefix(field.number);
    }
    TURDB_ASSIGN_OR_RETURN(const bool known, use(field));
    if (!known) {
      return base::CorruptionError(
          absl::StrCat("the definition of a ", what, " has the unknown field ", field.tag, ": a newer TurDB wrote it"));
    }
  }
  return absl::OkStatus();
}

// ---- types and values

std::string EncodeType(const vec::Type& type) {
  std::string bytes(8, '\0');
  bytes[0] = static_cast<char>(type.id);
  bytes[1] = static_cast<char>(type.precision);
  bytes[2] = static_cast<char>(type.scale);
  bytes[3] = static_cast<char>(type.element);
  // Numbers of structs without a name mean nothing on disk.
  base::StoreLE(bytes.data() + 4, type.is_unnamed_struct() ? 0 : type.length);
  return bytes;
}

StatusOr<vec::Type> DecodeType(std::string_view bytes) {
  if (bytes.size() != 8 || static_cast<unsigned char>(bytes[0]) >= vec::kTypeIdCount ||
      static_cast<unsigned char>(bytes[3]) >= vec::kTypeIdCount) {
    return base::CorruptionError("a definition has a type that does not exist");
  }
  vec::Type type;
  type.id = static_cast<vec::TypeId>(bytes[0]);
  type.precision = static_cast<uint8_t>(bytes[1]);
  type.scale = static_cast<uint8_t>(bytes[2]);
  type.element = static_cast<vec::TypeId>(bytes[3]);
  type.length = base::LoadLE<int32_t>(bytes.data() + 4);
  if (static_cast<size_t>(type.collation()) >= vec::kCollationCount) {
    return base::CorruptionError("a definition has a collation that does not exist: a newer TurDB wrote it");
  }
  return type;
}

// The fields of a struct or map without a name, which may be made of others.
std::string EncodeFields(const vec::Type& type, const vec::StructTypes& types) {
  Writer out;
  const auto fields = types.Find(type.struct_number());
  for (size_t i = 0; fields != nullptr && i < fields->size(); ++i) {
    const vec::StructField& field = (*fields)[i];
    Writer one;
    one.Text(1, field.name);
    one.Bytes(2, EncodeType(field.type));
    if (field.type.is_unnamed_struct()) one.Bytes(3, EncodeFields(field.type, types));
    out.Bytes(1, one.Take());
  }
  return out.Take();
}

// Gives `type` the number of the struct with these fields.
Status DecodeFields(std::string_view bytes, vec::StructTypes& types, vec::Type* type) {
  vec::StructFields fields;
  TURDB_RETURN_IF_ERROR(ReadFields(bytes, "struct", [&](const Field& outer) -> StatusOr<bool> {
    vec::StructField one;
    std::string_view parts;
    bool has_parts = false;
    TURDB_RETURN_IF_ERROR(ReadFields(outer.bytes, "struct's field", [&](const Field& field) -> StatusOr<bool> {
      if (field.tag == 1) one.name = field.text();
      if (field.tag == 2) {
        TURDB_ASSIGN_OR_RETURN(one.type, DecodeType(field.bytes));
      }
      if (field.tag == 3) parts = field.bytes;
      has_parts |= field.tag == 3;
      return field.tag >= 1 && field.tag <= 3;
    }));
    if (has_parts) TURDB_RETURN_IF_ERROR(DecodeFields(parts, types, &one.type));
    fields.push_back(std::move(one));
    return outer.tag == 1;
  }));
  TURDB_ASSIGN_OR_RETURN(type->length, types.Intern(std::move(fields)));
  return absl::OkStatus();
}

// ANY bytes forget lengths and precisions of types, which the column knows.
vec::Value ValueOfType(const vec::Type& type, std::string_view any) {
  const vec::Value value = vec::DecodeAny(any);
  if (type.id == vec::TypeId::kAny || value.type().physical() != type.physical()) return value;
  if (type.physical() == vec::PhysicalType::kString) return vec::Value::OfBytes(type, value.bytes());
  return vec::VisitPhysical(type.physical(), [&](auto tag) -> vec::Value {
    using T = decltype(tag);
    if constexpr (std::is_same_v<T, vec::StringView>) {
      return value;
    } else {
      return vec::Value::Of(type, value.Get<T>());
    }
  });
}

// ---- parts of a definition

std::string Encode(const Column& column, const vec::StructTypes& types) {
  Writer out;
  out.Text(1, column.name);
  out.Bytes(2, EncodeType(column.type));
  out.Number(3, column.not_null);
  out.Number(4, static_cast<uint64_t>(column.generation));
  out.Text(5, column.default_sql);
  out.Text(column.type.collation() == vec::Collation::kBinary ? 6 : 12, column.collation);
  out.Text(7, column.comment);
  out.Position(8, column.stored);
  out.Number(9, column.sequence);
  for (const base::FileId sequence : column.owned_sequences) out.Number(10, sequence);
  out.Number(11, column.domain);
  if (column.type.is_unnamed_struct()) out.Bytes(13, EncodeFields(column.type, types));
  return out.Take();
}

StatusOr<Column> DecodeColumn(std::string_view bytes, vec::StructTypes& types) {
  Column column;
  TURDB_RETURN_IF_ERROR(ReadFields(bytes, "column", [&](const Field& field) -> StatusOr<bool> {
    switch (field.tag) {
      case 1:
        column.name = field.text();
        return true;
      case 2: {
        TURDB_ASSIGN_OR_RETURN(column.type, DecodeType(field.bytes));
        return true;
      }
      case 3:
        column.not_null = field.flag();
        return true;
      case 4:
        column.generation = static_cast<table::Generation>(field.number);
        return true;
      case 5:
        column.default_sql = field.text();
        return true;
      case 6:
      case 12:
        column.collation = field.text();
        return true;
      case 7:
        column.comment = field.text();
        return true;
      case 8:
        column.stored = field.position();
        return true;
      case 9:
        column.sequence = static_cast<base::FileId>(field.number);
        return true;
      case 10:
        column.owned_sequences.push_back(static_cast<base::FileId>(field.number));
        return true;
      case 11:
        column.domain = static_cast<base::FileId>(field.number);
        return true;
      case 13:
        TURDB_RETURN_IF_ERROR(DecodeFields(field.bytes, types, &column.type));
        return true;
      default:
        return false;
    }
  }));
  return column;
}

std::string Encode(const EnumLabel& label) {
  Writer out;
  out.Text(1, label.order);
  out.Text(2, label.name);
  return out.Take();
}

StatusOr<EnumLabel> DecodeLabel(std::string_view bytes) {
  EnumLabel label;
  TURDB_RETURN_IF_ERROR(ReadFields(bytes, "label", [&](const Field& field) -> StatusOr<bool> {
    if (field.tag == 1) label.order = field.text();
    if (field.tag == 2) label.name = field.text();
    return field.tag == 1 || field.tag == 2;
  }));
  return label;
}

std::string Encode(const StoredColumn& stored) {
  Writer out;
  out.Bytes(1, EncodeType(stored.type));
  out.Number(2, stored.first_version);
  out.Number(3, stored.last_version);
  if (!stored.missing.is_null()) out.Bytes(4, vec::EncodeAny(stored.missing));
  return out.Take();
}

StatusOr<StoredColumn> DecodeStored(std::string_view bytes) {
  StoredColumn stored;
  std::string_view missing;
  TURDB_RETURN_IF_ERROR(ReadFields(bytes, "stored column", [&](const Field& field) -> StatusOr<bool> {
    switch (field.tag) {
      case 1: {
        TURDB_ASSIGN_OR_RETURN(stored.type, DecodeType(field.bytes));
        return true;
      }
      case 2:
        stored.first_version = static_cast<uint16_t>(field.number);
        return true;
      case 3:
        stored.last_version = static_cast<uint16_t>(field.number);
        return true;
      case 4:
        missing = field.bytes;
        return true;
      default:
        return false;
    }
  }));
  stored.missing = missing.empty() ? vec::Value::Null(stored.type) : ValueOfType(stored.type, missing);
  return stored;
}

std::string Encode(const IndexPart& part) {
  Writer out;
  out.Position(1, part.column);
  out.Text(2, part.expression_sql);
  out.Bytes(3, EncodeType(part.type));
  out.Number(4, part.descending);
  out.Number(5, part.nulls_first);
  out.Text(part.type.collation() == vec::Collation::kBinary ? 6 : 7, part.collation);
  return out.Take();
}

StatusOr<IndexPart> DecodePart(std::string_view bytes) {
  IndexPart part;
  TURDB_RETURN_IF_ERROR(ReadFields(bytes, "key part", [&](const Field& field) -> StatusOr<bool> {
    switch (field.tag) {
      case 1:
        part.column = field.position();
        return true;
      case 2:
        part.expression_sql = field.text();
        return true;
      case 3: {
        TURDB_ASSIGN_OR_RETURN(part.type, DecodeType(field.bytes));
        return true;
      }
      case 4:
        part.descending = field.flag();
        return true;
      case 5:
        part.nulls_first = field.flag();
        return true;
      case 6:
      case 7:
        part.collation = field.text();
        return true;
      default:
        return false;
    }
  }));
  return part;
}

std::string Encode(const IndexSchema& index) {
  Writer out;
  out.Number(1, index.id);
  out.Text(2, index.name);
  out.Text(3, index.path);
  out.Number(4, static_cast<uint64_t>(index.method));
  for (const IndexPart& part : index.parts) out.Bytes(5, Encode(part));
  for (const int32_t column : index.included) out.Position(6, column);
  out.Number(7, index.unique);
  out.Number(8, index.nulls_not_distinct);
  out.Number(9, index.is_constraint);
  out.Text(10, index.predicate_sql);
  out.Text(11, index.comment);
  if (index.method == table::IndexMethod::kHnsw) {
    Writer options;
    options.Number(1, static_cast<uint64_t>(index.vectors.metric));
    options.Number(2, index.vectors.links);
    options.Number(3, index.vectors.max_degree);
    options.Number(4, index.vectors.ef_construction);
    options.Number(5, index.vectors.ef_search);
    out.Bytes(12, options.Take());
  }
  return out.Take();
}

StatusOr<table::VectorIndexOptions> DecodeVectorIndexOptions(std::string_view bytes) {
  table::VectorIndexOptions options;
  TURDB_RETURN_IF_ERROR(ReadFields(bytes, "vector index", [&](const Field& field) -> StatusOr<bool> {
    uint16_t* const numbers[] = {&options.links, &options.max_degree, &options.ef_construction, &options.ef_search};
    if (field.tag == 1) {
      options.metric = static_cast<table::VectorMetric>(field.number);
      return true;
    }
    if (field.tag < 2 || field.tag > 5) return false;
    *numbers[field.tag - 2] = static_cast<uint16_t>(field.number);
    return true;
  }));
  return options;
}

StatusOr<IndexSchema> DecodeIndex(std::string_view bytes) {
  IndexSchema index;
  TURDB_RETURN_IF_ERROR(ReadFields(bytes, "index", [&](const Field& field) -> StatusOr<bool> {
    switch (field.tag) {
      case 1:
        index.id = static_cast<base::FileId>(field.number);
        return true;
      case 2:
        index.name = field.text();
        return true;
      case 3:
        index.path = field.text();
        return true;
      case 4:
        index.method = static_cast<table::IndexMethod>(field.number);
        return true;
      case 5: {
        TURDB_ASSIGN_OR_RETURN(IndexPart part, DecodePart(field.bytes));
        index.parts.push_back(std::move(part));
        return true;
      }
      case 6:
        index.included.push_back(field.position());
        return true;
      case 7:
        index.unique = field.flag();
        return true;
      case 8:
        index.nulls_not_distinct = field.flag();
        return true;
      case 9:
        index.is_constraint = field.flag();
        return true;
      case 10:
        index.predicate_sql = field.text();
        return true;
      case 11:
        index.comment = field.text();
        return true;
      case 12: {
        TURDB_ASSIGN_OR_RETURN(index.vectors, DecodeVectorIndexOptions(field.bytes));
        return true;
      }
      default:
        return false;
    }
  }));
  return index;
}

std::string Encode(const ForeignKey& key) {
  Writer out;
  out.Text(1, key.name);
  for (const int32_t column : key.columns) out.Position(2, column);
  out.Number(3, key.referenced_table);
  for (const std::string& column : key.referenced_columns) out.Bytes(4, column);
  out.Number(5, static_cast<uint64_t>(key.on_delete));
  out.Number(6, static_cast<uint64_t>(key.on_update));
  out.Number(7, key.deferrable);
  out.Number(8, key.initially_deferred);
  out.Number(9, key.match_full);
  for (const int32_t column : key.on_delete_columns) out.Position(10, column);
  out.Text(11, key.comment);
  return out.Take();
}

StatusOr<ForeignKey> DecodeForeignKey(std::string_view bytes) {
  ForeignKey key;
  TURDB_RETURN_IF_ERROR(ReadFields(bytes, "foreign key", [&](const Field& field) -> StatusOr<bool> {
    switch (field.tag) {
      case 1:
        key.name = field.text();
        return true;
      case 2:
        key.columns.push_back(field.position());
        return true;
      case 3:
        key.referenced_table = static_cast<base::FileId>(field.number);
        return true;
      case 4:
        key.referenced_columns.push_back(field.text());
        return true;
      case 5:
        key.on_delete = static_cast<table::ForeignKeyAction>(field.number);
        return true;
      case 6:
        key.on_update = static_cast<table::ForeignKeyAction>(field.number);
        return true;
      case 7:
        key.deferrable = field.flag();
        return true;
      case 8:
        key.initially_deferred = field.flag();
        return true;
      case 9:
        key.match_full = field.flag();
        return true;
      case 10:
        key.on_delete_columns.push_back(field.position());
        return true;
      case 11:
        key.comment = field.text();
        return true;
      default:
        return false;
    }
  }));
  return key;
}

std::string Encode(const table::CheckConstraint& check) {
  Writer out;
  out.Text(1, check.name);
  out.Text(2, check.sql);
  out.Text(3, check.comment);
  return out.Take();
}

StatusOr<table::CheckConstraint> DecodeCheck(std::string_view bytes) {
  table::CheckConstraint check;
  TURDB_RETURN_IF_ERROR(ReadFields(bytes, "check", [&](const Field& field) -> StatusOr<bool> {
    if (field.tag == 1) check.name = field.text();
    if (field.tag == 2) check.sql = field.text();
    if (field.tag == 3) check.comment = field.text();
    return field.tag >= 1 && field.tag <= 3;
  }));
  return check;
}

// Numbers of any sign: zigzag, so that small ones are short.
uint64_t Zigzag(int64_t value) { return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63); }
int64_t Unzigzag(uint64_t value) { return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1); }

std::string Encode(const table::SequenceSchema& sequence) {
  Writer out;
  out.Number(1, sequence.file);
  out.Text(2, sequence.path);
  out.Number(3, static_cast<uint64_t>(sequence.type));
  out.Number(4, Zigzag(sequence.start));
  out.Number(5, Zigzag(sequence.increment));
  out.Number(6, Zigzag(sequence.min_value));
  out.Number(7, Zigzag(sequence.max_value));
  out.Number(8, Zigzag(sequence.cache));
  out.Number(9, sequence.cycle);
  return out.Take();
}

StatusOr<table::SequenceSchema> DecodeSequence(std::string_view bytes) {
  table::SequenceSchema sequence;
  sequence.start = sequence.increment = sequence.min_value = sequence.max_value = sequence.cache = 0;  // left out: zero
  TURDB_RETURN_IF_ERROR(ReadFields(bytes, "sequence", [&](const Field& field) -> StatusOr<bool> {
    switch (field.tag) {
      case 1:
        sequence.file = static_cast<base::FileId>(field.number);
        return true;
      case 2:
        sequence.path = field.text();
        return true;
      case 3:
        sequence.type = static_cast<vec::TypeId>(field.number);
        return true;
      case 4:
        sequence.start = Unzigzag(field.number);
        return true;
      case 5:
        sequence.increment = Unzigzag(field.number);
        return true;
      case 6:
        sequence.min_value = Unzigzag(field.number);
        return true;
      case 7:
        sequence.max_value = Unzigzag(field.number);
        return true;
      case 8:
        sequence.cache = Unzigzag(field.number);
        return true;
      case 9:
        sequence.cycle = field.flag();
        return true;
      default:
        return false;
    }
  }));
  return sequence;
}

std::string Encode(const TriggerSchema& trigger) {
  Writer out;
  out.Text(1, trigger.name);
  out.Number(2, static_cast<uint64_t>(trigger.time));
  out.Number(3, trigger.events);
  for (const int32_t column : trigger.columns) out.Position(4, column);
  out.Number(5, trigger.for_each_row);
  out.Number(6, trigger.disabled);
  out.Text(7, trigger.old_table);
  out.Text(8, trigger.new_table);
  out.Text(9, trigger.condition_sql);
  out.Text(10, trigger.body_sql);
  for (const std::string& schema_name : trigger.search_path) out.Bytes(11, schema_name);
  out.Text(12, trigger.comment);
  return out.Take();
}

StatusOr<TriggerSchema> DecodeTrigger(std::string_view bytes) {
  TriggerSchema trigger;
  trigger.for_each_row = false;
  TURDB_RETURN_IF_ERROR(ReadFields(bytes, "trigger", [&](const Field& field) -> StatusOr<bool> {
    switch (field.tag) {
      case 1:
        trigger.name = field.text();
        return true;
      case 2:
        trigger.time = static_cast<table::TriggerTime>(field.number);
        return true;
      case 3:
        trigger.events = static_cast<uint8_t>(field.number);
        return true;
      case 4:
        trigger.columns.push_back(field.position());
        return true;
      case 5:
        trigger.for_each_row = field.flag();
        return true;
      case 6:
        trigger.disabled = field.flag();
        return true;
      case 7:
        trigger.old_table = field.text();
        return true;
      case 8:
        trigger.new_table = field.text();
        return true;
      case 9:
        trigger.condition_sql = field.text();
        return true;
      case 10:
        trigger.body_sql = field.text();
        return true;
      case 11:
        trigger.search_path.push_back(field.text());
        return true;
      case 12:
        trigger.comment = field.text();
        return true;
      default:
        return false;
    }
  }));
  return trigger;
}

std::string Encode(const FunctionSchema& function) {
  Writer out;
  for (const ParameterMode mode : function.modes) out.Number(1, static_cast<uint64_t>(mode));
  out.Number(2, static_cast<uint64_t>(function.body));
  out.Number(3, static_cast<uint64_t>(function.volatility));
  out.Number(4, function.strict);
  out.Number(5, function.returns_set);
  return out.Take();
}

StatusOr<FunctionSchema> DecodeFunction(std::string_view bytes) {
  FunctionSchema function;
  TURDB_RETURN_IF_ERROR(ReadFields(bytes, "function", [&](const Field& field) -> StatusOr<bool> {
    switch (field.tag) {
      case 1:
        function.modes.push_back(static_cast<ParameterMode>(field.number));
        return true;
      case 2:
        function.body = static_cast<FunctionBody>(field.number);
        return true;
      case 3:
        function.volatility = static_cast<Volatility>(field.number);
        return true;
      case 4:
        function.strict = field.flag();
        return true;
      case 5:
        function.returns_set = field.flag();
        return true;
      default:
        return false;
    }
  }));
  return function;
}

// The fields of a table that are lists.
// Stored columns and parts of keys lie as their columns do; the number of a struct is written once, with the column.
void ShareStructNumbers(TableSchema* schema) {
  for (const Column& column : schema->columns) {
    if (!column.type.is_unnamed_struct()) continue;
    const auto stored = static_cast<size_t>(column.stored);
    if (column.stored >= 0 && stored < schema->stored.size()) {
      StoredColumn& place = schema->stored[stored];
      const bool missing = !place.missing.is_null();
      place.type = column.type;
      place.missing = missing ? ValueOfType(place.type, vec::EncodeAny(place.missing)) : vec::Value::Null(place.type);
    }
  }
  const auto share = [&](std::vector<IndexPart>& parts) {
    for (IndexPart& part : parts) {
      if (part.column < 0 || static_cast<size_t>(part.column) >= schema->columns.size()) continue;
      const vec::Type& type = schema->columns[static_cast<size_t>(part.column)].type;
      if (type.is_unnamed_struct()) part.type = type;
    }
  };
  share(schema->primary_key);
  for (IndexSchema& index : schema->indexes) share(index.parts);
}

StatusOr<bool> DecodeList(const Field& field, vec::StructTypes& types, TableSchema* schema) {
  switch (field.tag) {
    case 10: {
      TURDB_ASSIGN_OR_RETURN(Column column, DecodeColumn(field.bytes, types));
      schema->columns.push_back(std::move(column));
      return true;
    }
    case 11: {
      TURDB_ASSIGN_OR_RETURN(StoredColumn stored, DecodeStored(field.bytes));
      schema->stored.push_back(std::move(stored));
      return true;
    }
    case 12: {
      TURDB_ASSIGN_OR_RETURN(IndexPart part, DecodePart(field.bytes));
      schema->primary_key.push_back(std::move(part));
      return true;
    }
    case 13: {
      TURDB_ASSIGN_OR_RETURN(IndexSchema index, DecodeIndex(field.bytes));
      schema->indexes.push_back(std::move(index));
      return true;
    }
    case 14: {
      TURDB_ASSIGN_OR_RETURN(table::CheckConstraint check, DecodeCheck(field.bytes));
      schema->checks.push_back(std::move(check));
      return true;
    }
    case 15: {
      TURDB_ASSIGN_OR_RETURN(ForeignKey key, DecodeForeignKey(field.bytes));
      schema->foreign_keys.push_back(std::move(key));
      return true;
    }
    case 20: {
      TURDB_ASSIGN_OR_RETURN(TriggerSchema trigger, DecodeTrigger(field.bytes));
      schema->triggers.push_back(std::move(trigger));
      return true;
    }
    default:
      return false;
  }
}

}  // namespace

std::string EncodeRelation(const RelationDefinition& definition, const vec::StructTypes& types) {
  const TableSchema& schema = definition.schema;
  Writer out;
  out.Number(1, definition.kind);
  out.Number(2, definition.schema_id);
  out.Number(3, schema.id);
  out.Text(4, schema.name);
  out.Text(5, schema.path);
  out.Number(6, static_cast<uint64_t>(schema.key_form));
  out.Text(7, schema.primary_key_name);
  out.Number(8, schema.autoincrement);
  out.Number(9, schema.row_version);
  for (const Column& column : schema.columns) out.Bytes(10, Encode(column, types));
  for (const StoredColumn& stored : schema.stored) out.Bytes(11, Encode(stored));
  for (const IndexPart& part : schema.primary_key) out.Bytes(12, Encode(part));
  for (const IndexSchema& index : schema.indexes) out.Bytes(13, Encode(index));
  for (const table::CheckConstraint& check : schema.checks) out.Bytes(14, Encode(check));
  for (const ForeignKey& key : schema.foreign_keys) out.Bytes(15, Encode(key));
  out.Text(16, schema.comment);
  out.Text(17, definition.view_sql);
  for (const std::string& schema_name : definition.view_search_path) out.Bytes(18, schema_name);
  if (definition.sequence.file != base::kNoFile) out.Bytes(19, Encode(definition.sequence));
  for (const TriggerSchema& trigger : schema.triggers) out.Bytes(20, Encode(trigger));
  out.Number(21, definition.unpopulated);
  out.Text(22, schema.primary_key_comment);
  out.Number(23, static_cast<uint64_t>(schema.on_commit));
  for (const EnumLabel& label : definition.labels) out.Bytes(24, Encode(label));
  if (definition.kind == static_cast<uint8_t>(RelationKind::kFunction)) out.Bytes(25, Encode(definition.function));
  return out.Take();
}

StatusOr<RelationDefinition> DecodeRelation(std::string_view bytes, vec::StructTypes& types) {
  RelationDefinition definition;
  TableSchema& schema = definition.schema;
  TURDB_RETURN_IF_ERROR(ReadFields(bytes, "relation", [&](const Field& field) -> StatusOr<bool> {
    switch (field.tag) {
      case 1:
        definition.kind = static_cast<uint8_t>(field.number);
        return true;
      case 2:
        definition.schema_id = field.number;
        return true;
      case 3:
        schema.id = static_cast<base::FileId>(field.number);
        return true;
      case 4:
        schema.name = field.text();
        return true;
      case 5:
        schema.path = field.text();
        return true;
      case 6:
        schema.key_form = static_cast<table::KeyForm>(field.number);
        return true;
      case 7:
        schema.primary_key_name = field.text();
        return true;
      case 8:
        schema.autoincrement = field.flag();
        return true;
      case 9:
        schema.row_version = static_cast<uint16_t>(field.number);
        return true;
      case 16:
        schema.comment = field.text();
        return true;
      case 17:
        definition.view_sql = field.text();
        return true;
      case 18:
        definition.view_search_path.push_back(field.text());
        return true;
      case 19: {
        TURDB_ASSIGN_OR_RETURN(definition.sequence, DecodeSequence(field.bytes));
        return true;
      }
      case 21:
        definition.unpopulated = field.flag();
        return true;
      case 22:
        schema.primary_key_comment = field.text();
        return true;
      case 23:
        schema.on_commit = static_cast<table::OnCommit>(field.number);
        return true;
      case 24: {
        TURDB_ASSIGN_OR_RETURN(EnumLabel label, DecodeLabel(field.bytes));
        definition.labels.push_back(std::move(label));
        return true;
      }
      case 25: {
        TURDB_ASSIGN_OR_RETURN(definition.function, DecodeFunction(field.bytes));
        return true;
      }
      default:
        return DecodeList(field, types, &schema);
    }
  }));
  ShareStructNumbers(&schema);
  if (definition.function.modes.size() != schema.columns.size() &&
      definition.kind == static_cast<uint8_t>(RelationKind::kFunction)) {
    return base::CorruptionError(absl::StrCat("function ", schema.name, " has ", schema.columns.size(), " columns and ",
                                              definition.function.modes.size(), " modes"));
  }
  return definition;
}

}  // namespace turdb::catalog
