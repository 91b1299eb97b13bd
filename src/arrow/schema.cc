#include "arrow/schema.h"

#include <array>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace turdb::arrow {
namespace {

using vec::Type;
using vec::TypeId;

// What an exported schema owns.
struct SchemaData {
  std::string format;
  std::string name;
  std::string metadata;
  std::vector<ArrowSchema> children;
  std::vector<ArrowSchema*> child_pointers;
  ArrowSchema dictionary{};
};

void ReleaseSchema(ArrowSchema* schema) {
  // A consumer may have moved children out; their release is null then.
  for (int64_t i = 0; i < schema->n_children; ++i) {
    ArrowSchema* const child = schema->children[i];
    if (child->release != nullptr) child->release(child);
  }
  if (schema->dictionary != nullptr && schema->dictionary->release != nullptr) {
    schema->dictionary->release(schema->dictionary);
  }
  delete static_cast<SchemaData*>(schema->private_data);
  schema->private_data = nullptr;
  schema->release = nullptr;
}

void AppendLength(size_t length, std::string* out) {
  const int32_t value = static_cast<int32_t>(length);
  out->append(reinterpret_cast<const char*>(&value), sizeof value);
}

std::string EncodeMetadata(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string bytes;
  if (pairs.empty()) return bytes;
  AppendLength(pairs.size(), &bytes);
  for (const auto& [key, value] : pairs) {
    AppendLength(key.size(), &bytes);
    bytes += key;
    AppendLength(value.size(), &bytes);
    bytes += value;
  }
  return bytes;
}

// By the number that turdb.h gives the type, which is its place here as well: TURDB_TYPE_NULL is first.
constexpr std::array<UnionMember, 24> kUnionMembers = {{
    {TypeId::kUnknown, 0, "null"},
    {TypeId::kBoolean, 1, "boolean"},
    {TypeId::kInt8, 2, "int8"},
    {TypeId::kInt16, 3, "int16"},
    {TypeId::kInt32, 4, "int32"},
    {TypeId::kInt64, 5, "int64"},
    {TypeId::kInt128, 6, "int128"},
    {TypeId::kUInt8, 7, "uint8"},
    {TypeId::kUInt16, 8, "uint16"},
    {TypeId::kUInt32, 9, "uint32"},
    {TypeId::kUInt64, 10, "uint64"},
    {TypeId::kFloat, 12, "float"},
    {TypeId::kDouble, 13, "double"},
    {TypeId::kNumeric, 14, "decimal"},
    {TypeId::kText, 15, "text"},
    {TypeId::kBlob, 16, "blob"},
    {TypeId::kDate, 17, "date"},
    {TypeId::kTime, 18, "time"},
    {TypeId::kTimestamp, 19, "timestamp"},
    {TypeId::kTimestampTz, 20, "timestamptz"},
    {TypeId::kInterval, 21, "interval"},
    {TypeId::kUuid, 22, "uuid"},
    {TypeId::kJson, 25, "json"},
    {TypeId::kJsonb, 26, "jsonb"},
}};

SchemaNode UnionSchema(const ExportOptions& options) {
  SchemaNode node;
  node.format = std::string("+ud:");
  ExportOptions exact = options;
  exact.numeric_as_double = false;
  for (const UnionMember& member : kUnionMembers) {
    if (node.format.back() != ':') node.format += ',';
    absl::StrAppend(&node.format, static_cast<int>(member.code));
    if (member.code == 0) {
      SchemaNode null;
      null.format = std::string("n");
      null.name = member.name;
      node.children.push_back(std::move(null));
    } else {
      node.children.push_back(SchemaOf(Field{std::string(member.name), member.type}, exact));
    }
  }
  return node;
}

// A vector has no NULLs inside.
SchemaNode VectorElementSchema(vec::VectorElement element) {
  SchemaNode node;
  node.name = "item";
  node.nullable = false;
  switch (element) {
    case vec::VectorElement::kFloat32:
      node.format = std::string("f");
      break;
    case vec::VectorElement::kFloat16:
      node.format = std::string("e");
      break;
    case vec::VectorElement::kInt8:
      node.format = std::string("c");
      break;
    case vec::VectorElement::kBit:
      node.format = std::string("b");
      break;
  }
  return node;
}

void SetFormat(const Type& type, const ExportOptions& options, SchemaNode* node) {
  const char* const text = options.string_views ? "vu" : "u";
  switch (type.id) {
    case TypeId::kBoolean:
      node->format = std::string("b");
      return;
    case TypeId::kInt8:
      node->format = std::string("c");
      return;
    case TypeId::kInt16:
      node->format = std::string("s");
      return;
    case TypeId::kInt32:
      node->format = std::string("i");
      return;
    case TypeId::kInt64:
      node->format = std::string("l");
      return;
    case TypeId::kInt128:
      node->format = std::string("d:39,0,256");
      node->metadata = {{std::string(kTypeKey), "int128"}};
      return;
    case TypeId::kUInt8:
      node->format = std::string("C");
      return;
    case TypeId::kUInt16:
      node->format = std::string("S");
      return;
    case TypeId::kUInt32:
      node->format = std::string("I");
      return;
    case TypeId::kUInt64:
      node->format = std::string("L");
      return;
    case TypeId::kFloat:
      node->format = std::string("f");
      return;
    case TypeId::kDouble:
      node->format = std::string("g");
      return;
    case TypeId::kDecimal:
      node->format = absl::StrCat("d:", static_cast<int>(type.precision), ",", static_cast<int>(type.scale));
      return;
    case TypeId::kNumeric:
      node->format = std::string(options.numeric_as_double ? "g" : text);
      if (!options.numeric_as_double) node->metadata = {{std::string(kTypeKey), "numeric"}};
      return;
    case TypeId::kUnknown:
    case TypeId::kText:
    case TypeId::kVarchar:
    case TypeId::kChar:
      node->format = std::string(text);
      return;
    case TypeId::kBlob:
      node->format = std::string(options.string_views ? "vz" : "z");
      return;
    case TypeId::kDate:
      node->format = std::string("tdD");
      return;
    case TypeId::kTime:
      node->format = std::string("ttu");
      return;
    case TypeId::kTimestamp:
      node->format = std::string("tsu:");
      return;
    case TypeId::kTimestampTz:
      node->format = std::string("tsu:UTC");
      return;
    case TypeId::kInterval:
      node->format = std::string("tin");
      return;
    case TypeId::kUuid:
      node->format = std::string("w:16");
      node->metadata = {{std::string(kExtensionNameKey), "arrow.uuid"}, {std::string(kExtensionMetadataKey), ""}};
      return;
    case TypeId::kJson:
    case TypeId::kJsonb:
      node->format = std::string(text);
      node->metadata = {{std::string(kExtensionNameKey), "arrow.json"}, {std::string(kExtensionMetadataKey), ""}};
      if (type.id == TypeId::kJsonb) node->metadata.emplace_back(std::string(kTypeKey), "jsonb");
      return;
    case TypeId::kAny: {
      if (options.any_as_text) {
        node->format = std::string(text);
        return;
      }
      SchemaNode any = UnionSchema(options);
      any.name = std::move(node->name);
      any.nullable = true;
      *node = std::move(any);
      return;
    }
    case TypeId::kEnum: {
      node->format = std::string("i");
      node->ordered = true;
      SchemaNode labels;
      labels.format = std::string("u");
      node->dictionary.push_back(std::move(labels));
      return;
    }
    case TypeId::kArray:
      node->format = std::string("+l");
      node->children.push_back(SchemaOf(Field{"item", type.element_type()}, options));
      return;
    case TypeId::kDenseVector:
      node->format = type.length == 0 ? std::string("+l") : absl::StrCat("+w:", type.length);
      if (type.length != 0) node->metadata = {{std::string(kTypeKey), "vector"}};
      node->children.push_back(VectorElementSchema(type.vector_element()));
      return;
    case TypeId::kStruct:
    case TypeId::kMap: {
      const auto fields = FieldsOf(type, options);
      if (fields == nullptr) {
        node->format = std::string(text);
        return;
      }
      SchemaNode parts;
      parts.format = std::string("+s");
      for (const vec::StructField& field : *fields) parts.children.push_back(SchemaOf(Field{field.name, field.type}, options));
      if (type.id == TypeId::kStruct) {
        node->format = std::move(parts.format);
        node->children = std::move(parts.children);
        return;
      }
      parts.name = "entries";
      parts.nullable = parts.children[0].nullable = false;
      node->format = std::string("+m");
      node->children.push_back(std::move(parts));
      return;
    }
    case TypeId::kInet:
    case TypeId::kCidr:
    case TypeId::kMacaddr:
    case TypeId::kBit:
    case TypeId::kVarbit:
    case TypeId::kInt4Range:
    case TypeId::kInt8Range:
    case TypeId::kNumRange:
    case TypeId::kTsRange:
    case TypeId::kTstzRange:
    case TypeId::kDateRange:
      node->format = std::string(text);
      return;
  }
}

}  // namespace

std::shared_ptr<const vec::StructFields> FieldsOf(const Type& type, const ExportOptions& options) {
  auto fields = options.types == nullptr || type.length == 0 ? nullptr : options.types->FieldsOf(type);
  if (fields != nullptr && type.id == TypeId::kMap && fields->size() != 2) return nullptr;
  return fields;
}

void Export(const SchemaNode& node, ArrowSchema* out) {
  auto data = std::make_unique<SchemaData>();
  data->format = node.format;
  data->name = node.name;
  data->metadata = EncodeMetadata(node.metadata);
  data->children.resize(node.children.size());
  for (size_t i = 0; i < node.children.size(); ++i) {
    data->child_pointers.push_back(&data->children[i]);
    Export(node.children[i], &data->children[i]);
  }
  if (!node.dictionary.empty()) Export(node.dictionary.front(), &data->dictionary);
  *out = ArrowSchema{};
  out->format = data->format.c_str();
  out->name = data->name.c_str();
  out->metadata = node.metadata.empty() ? nullptr : data->metadata.data();
  out->flags = (node.nullable ? ARROW_FLAG_NULLABLE : 0) | (node.ordered ? ARROW_FLAG_DICTIONARY_ORDERED : 0);
  out->n_children = static_cast<int64_t>(node.children.size());
  out->children = node.children.empty() ? nullptr : data->child_pointers.data();
  out->dictionary = node.dictionary.empty() ? nullptr : &data->dictionary;
  out->release = ReleaseSchema;
  out->private_data = data.release();
}

SchemaNode SchemaOf(const Field& field, const ExportOptions& options) {
  SchemaNode node;
  node.name = field.name;
  SetFormat(field.type, options, &node);
  return node;
}

SchemaNode SchemaOf(std::span<const Field> fields, const ExportOptions& options) {
  SchemaNode node;
  node.format = std::string("+s");
  node.nullable = false;
  for (const Field& field : fields) node.children.push_back(SchemaOf(field, options));
  return node;
}

SchemaNode ParameterSchemaOf(std::span<const Field> fields, const ExportOptions& options) {
  SchemaNode node = SchemaOf(fields, options);
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].type.id != TypeId::kUnknown && fields[i].type.id != TypeId::kAny) continue;
    SchemaNode null;
    null.format = std::string("n");
    null.name = fields[i].name;
    node.children[i] = std::move(null);
  }
  return node;
}

std::span<const UnionMember> UnionMembers() { return kUnionMembers; }

size_t UnionMemberOf(TypeId type) {
  switch (type) {
    case TypeId::kDecimal:
      type = TypeId::kNumeric;
      break;
    case TypeId::kVarchar:
    case TypeId::kChar:
    case TypeId::kEnum:
    case TypeId::kArray:
      type = TypeId::kText;
      break;
    default:
      break;
  }
  for (size_t i = 1; i < kUnionMembers.size(); ++i) {
    if (kUnionMembers[i].type == type) return i;
  }
  return UnionMemberOf(TypeId::kText);
}

base::StatusOr<std::map<std::string, std::string>> ReadMetadata(const char* metadata) {
  std::map<std::string, std::string> pairs;
  if (metadata == nullptr) return pairs;
  constexpr int32_t kMostPairs = 1 << 16, kMostBytes = 1 << 28;
  const char* at = metadata;
  const auto number = [&at] {
    int32_t value;
    std::memcpy(&value, at, sizeof value);
    at += sizeof value;
    return value;
  };
  const auto malformed = [] {
    return base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                           "the metadata of an Arrow schema has lengths that cannot be");
  };
  const int32_t count = number();
  if (count < 0 || count > kMostPairs) return malformed();
  for (int32_t i = 0; i < count; ++i) {
    std::string texts[2];
    for (std::string& text : texts) {
      const int32_t size = number();
      if (size < 0 || size > kMostBytes) return malformed();
      text.assign(at, static_cast<size_t>(size));
      at += size;
    }
    pairs[texts[0]] = texts[1];
  }
  return pairs;
}

}  // namespace turdb::arrow
