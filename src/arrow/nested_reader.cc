// Lists become arrays, structs structs, or json, maps maps, unions ANY.
#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "arrow/column_reader.h"
#include "vec/array.h"
#include "vec/json.h"
#include "vec/json_text.h"
#include "vec/scalar.h"
#include "vec/struct.h"
#include "vec/text_format.h"
#include "vec/utf8.h"

namespace turdb::arrow {

ReaderOr MakeRunEndReader(const ArrowSchema& schema, vec::StructTypes* structs);  // dictionary_reader.cc

namespace {

using base::Status;
using base::StatusOr;
using vec::StringView;
using vec::Type;
using vec::TypeId;
using vec::Vector;

const void* SlotOf(const vec::VectorView& view, size_t row, size_t width) {
  const size_t index = view.Index(row);
  if (view.validity != nullptr && !vec::TestBit(view.validity, index)) return nullptr;
  return view.data + index * width;
}

// ---- lists

// Lists of one kind inside lists of another: the levels, outermost first.
struct ListLevel {
  enum class Kind : uint8_t { kSmall, kLarge, kFixed };
  Kind kind = Kind::kSmall;
  int64_t size = 0;                   // kFixed
  const ArrowArray* array = nullptr;  // while one is open
};

class ListReader : public ColumnReader {
 public:
  ListReader(std::vector<ListLevel> levels, std::unique_ptr<ColumnReader> elements)
      : ColumnReader(Type::ArrayOf(elements->type()), levels[0].kind == ListLevel::Kind::kFixed ? 1 : 2, 1),
        levels_(std::move(levels)),
        elements_(std::move(elements)) {}

  Status Open(const ArrowArray& array) override {
    TURDB_RETURN_IF_ERROR(ColumnReader::Open(array));
    levels_[0].array = &array;
    for (size_t i = 1; i <= levels_.size(); ++i) {
      TURDB_ASSIGN_OR_RETURN(const ArrowArray* child, ChildArray(*levels_[i - 1].array, 0));
      if (i == levels_.size()) {
        TURDB_RETURN_IF_ERROR(elements_->Open(*child));
        break;
      }
      const int64_t buffers = levels_[i].kind == ListLevel::Kind::kFixed ? 1 : 2;
      if (child->length < 0 || child->offset < 0 || child->n_buffers < buffers || child->buffers == nullptr) {
        return BadArray("has lists inside lists that cannot be");
      }
      levels_[i].array = child;
    }
    return absl::OkStatus();
  }

  Status Read(int64_t first, uint32_t count, Vector* out) override {
    for (uint32_t i = 0; i < count; ++i) {
      if (!IsValid(first + i)) {
        out->SetNull(i);
        continue;
      }
      builder_.emplace(elements_->type());
      lengths_.fill(std::nullopt);
      TURDB_RETURN_IF_ERROR(Gather(0, offset() + first + i));
      out->SetString(i, Finish());
    }
    return absl::OkStatus();
  }

 private:
  // The elements of list `row` of a level, where `row` counts from the buffers' begin.
  Status Gather(size_t level, int64_t row) {
    TURDB_ASSIGN_OR_RETURN(const auto range, RangeOf(level, row));
    const auto [begin, end] = range;
    const int64_t length = end - begin;
    if (!lengths_[level].has_value()) lengths_[level] = length;
    if (*lengths_[level] != length) {
      return base::MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"2202E"},
                             "lists of different lengths inside a list of Arrow's make no array of SQL");
    }
    if (level + 1 < levels_.size()) {
      const ArrowArray& inner = *levels_[level + 1].array;
      if (end > inner.length) return BadArray("has a list that ends behind its elements");
      const auto* const validity = static_cast<const uint8_t*>(inner.buffers[0]);
      for (int64_t i = begin; i < end; ++i) {
        const int64_t at = inner.offset + i;
        if (validity != nullptr && ((validity[at / 8] >> (at % 8)) & 1) == 0) {
          return base::UnsupportedError("a NULL in place of a list inside a list of Arrow's makes no array of SQL");
        }
        TURDB_RETURN_IF_ERROR(Gather(level + 1, at));
      }
      return absl::OkStatus();
    }
    if (end > elements_->length()) return BadArray("has a list that ends behind its elements");
    if (builder_->size() + length > vec::kMaxArrayElements) return base::LimitError("an array has too many elements");
    for (int64_t at = begin; at < end;) {
      const auto count = static_cast<uint32_t>(std::min<int64_t>(end - at, vec::kDefaultChunkCapacity));
      if (values_ == nullptr) values_ = std::make_unique<Vector>(elements_->type());
      values_->Reset();
      TURDB_RETURN_IF_ERROR(elements_->Read(at, count, values_.get()));
      const vec::VectorView view = values_->View();
      for (uint32_t i = 0; i < count; ++i) {
        const void* const slot = SlotOf(view, i, elements_->type().width());
        slot == nullptr ? builder_->AddNull() : builder_->Add(slot);
      }
      at += count;
    }
    return absl::OkStatus();
  }

  StatusOr<std::pair<int64_t, int64_t>> RangeOf(size_t level, int64_t row) const {
    const ListLevel& list = levels_[level];
    if (list.kind == ListLevel::Kind::kFixed) return std::pair(row * list.size, (row + 1) * list.size);
    const void* const offsets = list.array->buffers[1];
    if (offsets == nullptr) return BadArray("has lists and no buffer of offsets");
    std::pair<int64_t, int64_t> range;
    if (list.kind == ListLevel::Kind::kSmall) {
      range = {static_cast<const int32_t*>(offsets)[row], static_cast<const int32_t*>(offsets)[row + 1]};
    } else {
      range = {static_cast<const int64_t*>(offsets)[row], static_cast<const int64_t*>(offsets)[row + 1]};
    }
    if (range.first < 0 || range.second < range.first) {
      return BadArray(absl::StrCat("has a list from ", range.first, " to ", range.second));
    }
    return range;
  }

  std::string Finish() {
    if (levels_.size() == 1 || builder_->size() == 0) return builder_->Finish();
    std::vector<vec::ArrayDimension> dimensions;
    for (size_t i = 0; i < levels_.size(); ++i) dimensions.push_back({1, static_cast<uint32_t>(*lengths_[i])});
    return builder_->Finish(dimensions);
  }

  std::vector<ListLevel> levels_;
  const std::unique_ptr<ColumnReader> elements_;
  std::optional<vec::ArrayBuilder> builder_;
  std::array<std::optional<int64_t>, vec::kMaxArrayDimensions> lengths_;
  std::unique_ptr<Vector> values_;
};

StatusOr<std::optional<ListLevel>> LevelOf(std::string_view format) {
  if (format == "+l") return ListLevel{ListLevel::Kind::kSmall, 0, nullptr};
  if (format == "+L") return ListLevel{ListLevel::Kind::kLarge, 0, nullptr};
  if (!format.starts_with("+w:")) return std::optional<ListLevel>();
  ListLevel level{ListLevel::Kind::kFixed, 0, nullptr};
  if (!absl::SimpleAtoi(format.substr(3), &level.size) || level.size < 0 || level.size > vec::kMaxArrayElements) {
    return base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                           absl::StrCat("Arrow's format \"", format, "\" says no size"));
  }
  return level;
}

ReaderOr MakeListReader(const ArrowSchema& schema, vec::StructTypes* structs) {
  std::vector<ListLevel> levels;
  const ArrowSchema* at = &schema;
  for (;;) {
    std::optional<ListLevel> level;
    if (at->dictionary == nullptr) {
      TURDB_ASSIGN_OR_RETURN(level, LevelOf(at->format));
    }
    if (!level.has_value()) break;
    levels.push_back(*level);
    if (levels.size() > vec::kMaxArrayDimensions) return base::UnsupportedError("arrays have at most six dimensions");
    TURDB_ASSIGN_OR_RETURN(at, ChildSchema(*at, 0));
  }
  TURDB_ASSIGN_OR_RETURN(auto elements, ColumnReader::Create(*at, structs));
  if (elements->type().id == TypeId::kArray) return base::UnsupportedError("arrays of arrays behind an encoding do not exist");
  return std::make_unique<ListReader>(std::move(levels), std::move(elements));
}

// ---- structs

// What every field is read by, some rows at a time.
class StructReader : public ColumnReader {
 public:
  StructReader(const Type& type, std::vector<std::unique_ptr<ColumnReader>> readers)
      : ColumnReader(type, 1, static_cast<int64_t>(readers.size())), readers_(std::move(readers)) {
    for (const auto& reader : readers_) values_.emplace_back(reader->type());
  }

  Status Open(const ArrowArray& array) override {
    TURDB_RETURN_IF_ERROR(ColumnReader::Open(array));
    for (size_t i = 0; i < readers_.size(); ++i) {
      TURDB_ASSIGN_OR_RETURN(const ArrowArray* child, ChildArray(array, static_cast<int64_t>(i)));
      TURDB_RETURN_IF_ERROR(readers_[i]->Open(*child));
      if (readers_[i]->length() < offset() + length()) return BadArray("has a field with fewer rows than the struct");
    }
    return absl::OkStatus();
  }

  Status Read(int64_t first, uint32_t count, Vector* out) override {
    for (uint32_t done = 0; done < count;) {
      const uint32_t some = std::min<uint32_t>(count - done, vec::kDefaultChunkCapacity);
      for (size_t i = 0; i < readers_.size(); ++i) {
        values_[i].Reset();
        TURDB_RETURN_IF_ERROR(readers_[i]->Read(offset() + first + done, some, &values_[i]));
      }
      for (uint32_t row = 0; row < some; ++row) {
        if (!IsValid(first + done + row)) {
          out->SetNull(done + row);
          continue;
        }
        Compose(row, &bytes_);
        out->SetString(done + row, bytes_);
      }
      done += some;
    }
    return absl::OkStatus();
  }

 protected:
  virtual void Compose(uint32_t row, std::string* out) = 0;
  size_t field_count() const { return readers_.size(); }
  const Type& field_type(size_t i) const { return readers_[i]->type(); }
  // Null: NULL.
  const void* Field(size_t i, uint32_t row) const { return SlotOf(values_[i].View(), row, field_type(i).width()); }

 private:
  const std::vector<std::unique_ptr<ColumnReader>> readers_;
  std::vector<Vector> values_;
  std::string bytes_;
};

// Where the types of structs are nobody's business: an object with a member a field.
class JsonStructReader : public StructReader {
 public:
  JsonStructReader(const std::vector<std::string>& names, std::vector<std::unique_ptr<ColumnReader>> readers)
      : StructReader(TypeId::kJson, std::move(readers)) {
    for (const std::string& name : names) {
      std::string quoted;
      vec::AppendJsonString(name, &quoted);
      keys_.push_back(std::move(quoted));
    }
  }

 protected:
  void Compose(uint32_t row, std::string* out) override {
    out->assign(1, '{');
    for (size_t i = 0; i < field_count(); ++i) {
      if (i != 0) *out += ", ";
      absl::StrAppend(out, keys_[i], ": ");
      AppendJsonOf(field_type(i), Field(i, row), {}, out);
    }
    *out += '}';
  }

 private:
  std::vector<std::string> keys_;  // quoted
};

class TypedStructReader : public StructReader {
 public:
  using StructReader::StructReader;

 protected:
  void Compose(uint32_t row, std::string* out) override {
    vec::StructBuilder builder;
    for (size_t i = 0; i < field_count(); ++i) {
      const void* const slot = Field(i, row);
      slot == nullptr ? builder.AddNull(field_type(i)) : builder.Add(field_type(i), slot);
    }
    *out = builder.Finish();
  }
};

ReaderOr MakeStructReader(const ArrowSchema& schema, vec::StructTypes* structs) {
  std::vector<std::string> names;
  std::vector<std::unique_ptr<ColumnReader>> readers;
  for (int64_t i = 0; i < schema.n_children; ++i) {
    TURDB_ASSIGN_OR_RETURN(const ArrowSchema* child, ChildSchema(schema, i));
    TURDB_ASSIGN_OR_RETURN(auto reader, ColumnReader::Create(*child, structs));
    readers.push_back(std::move(reader));
    names.emplace_back(child->name == nullptr ? "" : child->name);
    TURDB_RETURN_IF_ERROR(vec::CheckUtf8(names.back()));
  }
  // Fields that have no names of their own cannot be told apart in SQL, but in an object of JSON they can.
  std::vector<std::string> sorted = names;
  std::sort(sorted.begin(), sorted.end());
  const bool told_apart =
      !names.empty() && !sorted[0].empty() && std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end();
  if (structs == nullptr || !told_apart || names.size() > vec::kMaxStructFields) {
    return std::make_unique<JsonStructReader>(names, std::move(readers));
  }
  vec::StructFields fields;
  for (size_t i = 0; i < names.size(); ++i) fields.push_back({names[i], readers[i]->type()});
  TURDB_ASSIGN_OR_RETURN(const int32_t number, structs->Intern(std::move(fields)));
  return std::make_unique<TypedStructReader>(Type::Struct(number), std::move(readers));
}

// ---- maps

class MapReader : public ColumnReader {
 public:
  MapReader(const Type& type, std::unique_ptr<ColumnReader> keys, std::unique_ptr<ColumnReader> values)
      : ColumnReader(type, 2, 1), keys_(std::move(keys)), values_(std::move(values)) {}

  Status Open(const ArrowArray& array) override {
    TURDB_RETURN_IF_ERROR(ColumnReader::Open(array));
    TURDB_ASSIGN_OR_RETURN(const ArrowArray* entries, ChildArray(array, 0));
    if (entries->length < 0 || entries->offset < 0 || entries->n_children != 2)
      return BadArray("has entries of a map that are none");
    TURDB_ASSIGN_OR_RETURN(const ArrowArray* keys, ChildArray(*entries, 0));
    TURDB_ASSIGN_OR_RETURN(const ArrowArray* values, ChildArray(*entries, 1));
    TURDB_RETURN_IF_ERROR(keys_->Open(*keys));
    TURDB_RETURN_IF_ERROR(values_->Open(*values));
    first_ = entries->offset;
    count_ = entries->length;
    if (std::min(keys_->length(), values_->length()) < first_ + count_)
      return BadArray("has fewer keys or values than entries");
    return absl::OkStatus();
  }

  Status Read(int64_t first, uint32_t count, Vector* out) override {
    for (uint32_t i = 0; i < count; ++i) {
      if (!IsValid(first + i)) {
        out->SetNull(i);
        continue;
      }
      const auto* const offsets = static_cast<const int32_t*>(array().buffers[1]);
      if (offsets == nullptr) return BadArray("has maps and no buffer of offsets");
      const int64_t row = offset() + first + i, begin = offsets[row], end = offsets[row + 1];
      if (begin < 0 || end < begin || end > count_) return BadArray(absl::StrCat("has a map from ", begin, " to ", end));
      if (end - begin > vec::kMaxArrayElements) return base::LimitError("a map has too many entries");
      std::vector<vec::Value> keys, values;
      TURDB_RETURN_IF_ERROR(Gather(*keys_, first_ + begin, end - begin, &keys));
      TURDB_RETURN_IF_ERROR(Gather(*values_, first_ + begin, end - begin, &values));
      TURDB_ASSIGN_OR_RETURN(const std::string bytes, vec::MakeMap(keys, values, keys_->type(), values_->type()));
      out->SetString(i, bytes);
    }
    return absl::OkStatus();
  }

 private:
  static Status Gather(ColumnReader& reader, int64_t at, int64_t count, std::vector<vec::Value>* out) {
    for (Vector some(reader.type()); count > 0;) {
      const auto part = static_cast<uint32_t>(std::min<int64_t>(count, vec::kDefaultChunkCapacity));
      some.Reset();
      TURDB_RETURN_IF_ERROR(reader.Read(at, part, &some));
      for (uint32_t i = 0; i < part; ++i) out->push_back(some.GetValue(i));
      at += part;
      count -= part;
    }
    return absl::OkStatus();
  }

  const std::unique_ptr<ColumnReader> keys_, values_;
  int64_t first_ = 0, count_ = 0;  // of the entries
};

ReaderOr MakeMapReader(const ArrowSchema& schema, vec::StructTypes* structs) {
  if (structs == nullptr) return std::unique_ptr<ColumnReader>();
  TURDB_ASSIGN_OR_RETURN(const ArrowSchema* entries, ChildSchema(schema, 0));
  if (std::string_view(entries->format) != "+s" || entries->n_children != 2) {
    return base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                           "a map of Arrow's has no entries of a key and a value");
  }
  TURDB_ASSIGN_OR_RETURN(const ArrowSchema* key, ChildSchema(*entries, 0));
  TURDB_ASSIGN_OR_RETURN(const ArrowSchema* value, ChildSchema(*entries, 1));
  TURDB_ASSIGN_OR_RETURN(auto keys, ColumnReader::Create(*key, structs));
  TURDB_ASSIGN_OR_RETURN(auto values, ColumnReader::Create(*value, structs));
  TURDB_ASSIGN_OR_RETURN(const int32_t number, structs->Intern({{"key", keys->type()}, {"value", values->type()}}));
  return std::make_unique<MapReader>(Type::Map(number), std::move(keys), std::move(values));
}

// ---- unions

class UnionReader : public ColumnReader {
 public:
  UnionReader(bool dense, std::array<int8_t, 128> places, std::vector<std::unique_ptr<ColumnReader>> readers,
              std::vector<bool> null_members)
      : ColumnReader(TypeId::kAny, dense ? 2 : 1, static_cast<int64_t>(readers.size()), false),
        dense_(dense),
        places_(places),
        readers_(std::move(readers)),
        null_members_(std::move(null_members)) {
    for (const auto& reader : readers_) values_.emplace_back(reader->type(), 1);
  }

  Status Open(const ArrowArray& array) override {
    TURDB_RETURN_IF_ERROR(ColumnReader::Open(array));
    for (size_t i = 0; i < readers_.size(); ++i) {
      TURDB_ASSIGN_OR_RETURN(const ArrowArray* child, ChildArray(array, static_cast<int64_t>(i)));
      TURDB_RETURN_IF_ERROR(readers_[i]->Open(*child));
    }
    return absl::OkStatus();
  }

  Status Read(int64_t first, uint32_t count, Vector* out) override {
    if (count == 0) return absl::OkStatus();
    if (array().buffers[0] == nullptr || (dense_ && array().buffers[1] == nullptr)) {
      return BadArray("has rows and no buffer of type codes or offsets");
    }
    const auto* const codes = static_cast<const int8_t*>(array().buffers[0]) + offset() + first;
    for (uint32_t i = 0; i < count; ++i) {
      const int place = codes[i] < 0 ? -1 : places_[static_cast<size_t>(codes[i])];
      if (place < 0) return BadArray(absl::StrCat("has the type code ", static_cast<int>(codes[i]), ", which its union lacks"));
      const auto member = static_cast<size_t>(place);
      const int64_t at =
          dense_ ? int64_t{static_cast<const int32_t*>(array().buffers[1])[offset() + first + i]} : offset() + first + i;
      if (at < 0 || at >= readers_[member]->length())
        return BadArray(absl::StrCat("refers to value ", at, " of a child of its union"));
      if (null_members_[member]) {
        out->SetNull(i);
        continue;
      }
      values_[member].Reset();
      TURDB_RETURN_IF_ERROR(readers_[member]->Read(at, 1, &values_[member]));
      out->SetValue(i, values_[member].GetValue(0));
    }
    return absl::OkStatus();
  }

 private:
  const bool dense_;
  const std::array<int8_t, 128> places_;  // by type code: the child, or -1
  const std::vector<std::unique_ptr<ColumnReader>> readers_;
  const std::vector<bool> null_members_;
  std::vector<Vector> values_;
};

ReaderOr MakeUnionReader(const ArrowSchema& schema) {
  const std::string_view format = schema.format;
  const auto bad = [&] {
    return base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                           absl::StrCat("Arrow's format \"", format, "\" and the children of the union disagree"));
  };
  std::array<int8_t, 128> places;
  places.fill(-1);
  const std::string_view list = format.substr(4);
  const std::vector<std::string_view> codes = list.empty() ? std::vector<std::string_view>() : absl::StrSplit(list, ',');
  if (static_cast<int64_t>(codes.size()) != schema.n_children) return bad();
  std::vector<std::unique_ptr<ColumnReader>> readers;
  std::vector<bool> null_members;
  for (size_t i = 0; i < codes.size(); ++i) {
    int code = 0;
    if (!absl::SimpleAtoi(codes[i], &code) || code < 0 || code > 127) return bad();
    places[static_cast<size_t>(code)] = static_cast<int8_t>(i);
    TURDB_ASSIGN_OR_RETURN(const ArrowSchema* child, ChildSchema(schema, static_cast<int64_t>(i)));
    TURDB_ASSIGN_OR_RETURN(auto reader, ColumnReader::Create(*child, nullptr));  // ANY holds no structs
    if (reader->type().id == TypeId::kAny) return base::UnsupportedError("a union inside a union of Arrow's");
    readers.push_back(std::move(reader));
    null_members.push_back(std::string_view(child->format) == "n");
  }
  return std::make_unique<UnionReader>(format.starts_with("+ud:"), places, std::move(readers), std::move(null_members));
}

}  // namespace

void AppendJsonOf(const Type& type, const void* slot, const vec::TextContext& context, std::string* out) {
  if (slot == nullptr) {
    out->append("null");
    return;
  }
  switch (type.id) {
    case TypeId::kBoolean:
      out->append(*static_cast<const bool*>(slot) ? "true" : "false");
      return;
    case TypeId::kText:
      vec::AppendJsonString(static_cast<const StringView*>(slot)->view(), out);
      return;
    case TypeId::kJson:
      out->append(static_cast<const StringView*>(slot)->view());
      return;
    case TypeId::kJsonb:
      vec::AppendJson(vec::JsonView(static_cast<const StringView*>(slot)->view()), vec::JsonLayout::kSpaced, out);
      return;
    case TypeId::kDenseVector:  // its text is JSON
      return vec::AppendSlotText(type, slot, context, out);
    case TypeId::kArray: {
      const vec::ArrayView array(type, static_cast<const StringView*>(slot)->view());
      vec::ElementSlot element;
      out->push_back('[');
      for (uint32_t i = 0; i < array.size(); ++i) {
        if (i != 0) out->append(", ");
        AppendJsonOf(array.element_type(), array.IsNull(i) ? nullptr : array.Load(i, &element), context, out);
      }
      out->push_back(']');
      return;
    }
    default:
      break;
  }
  std::string text;
  vec::AppendSlotText(type, slot, context, &text);
  // What a number's text is other than digits (NaN, Infinity) is no number of JSON's.
  const bool number = vec::IsNumber(type.id) && (text.back() >= '0' && text.back() <= '9');
  number ? static_cast<void>(out->append(text)) : vec::AppendJsonString(text, out);
}

ReaderOr MakeNestedReader(const ArrowSchema& schema, vec::StructTypes* structs) {
  const std::string_view format = schema.format;
  if (format == "+s") return MakeStructReader(schema, structs);
  if (format == "+m") return MakeMapReader(schema, structs);
  if (format == "+r") return MakeRunEndReader(schema, structs);
  if (format.starts_with("+ud:") || format.starts_with("+us:")) return MakeUnionReader(schema);
  if (format == "+l" || format == "+L" || format.starts_with("+w:")) return MakeListReader(schema, structs);
  return std::unique_ptr<ColumnReader>();
}

}  // namespace turdb::arrow
