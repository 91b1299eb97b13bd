#include "arrow/record_builder.h"

#include <cerrno>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "arrow/column_builder.h"
#include "base/check.h"

namespace turdb::arrow {

RecordBuilder::RecordBuilder(const SchemaNode& node) : kind_(node.format[0]), nested_(node.format[0] == '+') {
  if (nested_) kind_ = node.format[1];
  for (const SchemaNode& child : node.children) children_.emplace_back(child);
  if (nested_ && kind_ == 'u') {
    for (const std::string_view code : absl::StrSplit(node.format.substr(4), ',')) {
      int number = 0;
      TURDB_CHECK(absl::SimpleAtoi(code, &number));
      codes_of_.push_back(static_cast<int8_t>(number));
    }
  }
  const bool has_offsets = nested_ ? kind_ == 'l' || kind_ == 'm' : kind_ == 'u' || kind_ == 'z';
  if (has_offsets) slots_.Push(int32_t{0});
}

void RecordBuilder::Note(bool valid) {
  validity_.Push(valid);
  null_count_ += valid ? 0 : 1;
  ++length_;
}

void RecordBuilder::Null() {
  if (nested_) {
    switch (kind_) {
      case 's':
        for (RecordBuilder& child : children_) child.Null();
        break;
      case 'u':
        children_[0].Null();
        CloseMember(0);
        return;
      default:
        slots_.Push(static_cast<int32_t>(children_[0].length()));
    }
    Note(false);
    return;
  }
  switch (kind_) {
    case 'n':
      break;
    case 'b':
      bits_.Push(false);
      break;
    case 'u':
    case 'z':
      slots_.Push(static_cast<int32_t>(bytes_.size()));
      break;
    case 'g':
      slots_.Push(0.0);
      break;
    default:
      Int(0);
      --length_;
      validity_.Pop();
  }
  Note(false);
}

void RecordBuilder::Bool(bool value) {
  bits_.Push(value);
  Note(true);
}

void RecordBuilder::Int(int64_t value) {
  switch (kind_) {
    case 'c':
    case 'C':
      slots_.Push(static_cast<int8_t>(value));
      break;
    case 's':
    case 'S':
      slots_.Push(static_cast<int16_t>(value));
      break;
    case 'i':
    case 'I':
      slots_.Push(static_cast<int32_t>(value));
      break;
    default:
      slots_.Push(value);
  }
  Note(true);
}

void RecordBuilder::Double(double value) {
  slots_.Push(value);
  Note(true);
}

void RecordBuilder::Text(std::string_view value) {
  bytes_.Append(value.data(), value.size());
  slots_.Push(static_cast<int32_t>(bytes_.size()));
  Note(true);
}

void RecordBuilder::Close() {
  if (kind_ != 's') slots_.Push(static_cast<int32_t>(children_[0].length()));
  Note(true);
}

void RecordBuilder::CloseMember(size_t place) {
  slots_.Push(codes_of_[place]);
  bytes_.Push(static_cast<int32_t>(children_[place].length() - 1));
  ++length_;
}

void RecordBuilder::Finish(ArrowArray* out) {
  std::vector<ArrowArray> children(children_.size());
  for (size_t i = 0; i < children_.size(); ++i) children_[i].Finish(&children[i]);
  std::vector<Bytes> buffers;
  const auto add = [&](Bytes bytes) {
    if (bytes.data() == nullptr) bytes.Push(uint64_t{0});
    buffers.push_back(std::move(bytes));
  };
  const bool is_union = nested_ && kind_ == 'u';
  const bool is_null = !nested_ && kind_ == 'n';
  if (!is_union && !is_null) {
    Bytes validity = validity_.Take();
    buffers.push_back(null_count_ == 0 ? Bytes() : std::move(validity));
  }
  if (is_union) {
    add(std::exchange(slots_, Bytes()));
    add(std::exchange(bytes_, Bytes()));
  } else if (!nested_ && kind_ == 'b') {
    add(bits_.Take());
  } else if (!is_null && !(nested_ && kind_ == 's')) {
    add(std::exchange(slots_, Bytes()));
    if (!nested_ && (kind_ == 'u' || kind_ == 'z')) add(std::exchange(bytes_, Bytes()));
  }
  MakeArray(length_, is_union ? 0 : null_count_, std::move(buffers), std::move(children), nullptr, out);
  length_ = null_count_ = 0;
}

namespace {

struct OneBatch {
  Owned<ArrowSchema> schema;
  Owned<ArrowArray> batch;
};

// Schemas are copied without their metadata being parsed: as bytes.
SchemaNode NodeOf(const ArrowSchema& schema) {
  SchemaNode node;
  node.format = schema.format == nullptr ? std::string("n") : std::string(schema.format);
  node.name = schema.name == nullptr ? std::string() : std::string(schema.name);
  if (auto metadata = ReadMetadata(schema.metadata); metadata.ok()) {
    for (auto& [key, value] : *metadata) node.metadata.emplace_back(key, value);
  }
  node.nullable = (schema.flags & ARROW_FLAG_NULLABLE) != 0;
  node.ordered = (schema.flags & ARROW_FLAG_DICTIONARY_ORDERED) != 0;
  for (int64_t i = 0; i < schema.n_children; ++i) node.children.push_back(NodeOf(*schema.children[i]));
  if (schema.dictionary != nullptr) node.dictionary.push_back(NodeOf(*schema.dictionary));
  return node;
}

OneBatch* DataOf(ArrowArrayStream* stream) { return static_cast<OneBatch*>(stream->private_data); }

int GetSchema(ArrowArrayStream* stream, ArrowSchema* out) {
  try {
    Export(NodeOf(*DataOf(stream)->schema.get()), out);
    return 0;
  } catch (const std::bad_alloc&) {
    out->release = nullptr;
    return ENOMEM;
  }
}

int GetNext(ArrowArrayStream* stream, ArrowArray* out) {
  out->release = nullptr;
  DataOf(stream)->batch.MoveTo(out);
  return 0;
}

const char* GetLastError(ArrowArrayStream*) { return nullptr; }

void Release(ArrowArrayStream* stream) {
  delete DataOf(stream);
  stream->release = nullptr;
}

}  // namespace

void MakeStream(Owned<ArrowSchema> schema, Owned<ArrowArray> batch, ArrowArrayStream* out) {
  auto* const data = new OneBatch{std::move(schema), std::move(batch)};
  *out = ArrowArrayStream{GetSchema, GetNext, GetLastError, Release, data};
}

}  // namespace turdb::arrow
