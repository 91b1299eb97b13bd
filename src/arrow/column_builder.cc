#include "arrow/column_builder.h"

#include <cstring>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "vec/any.h"
#include "vec/array.h"
#include "vec/dense_vector.h"
#include "vec/enum.h"
#include "vec/json.h"
#include "vec/numeric.h"
#include "vec/scalar.h"
#include "vec/struct.h"
#include "vec/text_format.h"

namespace turdb::arrow {
namespace {

using base::Status;
using vec::Int128;
using vec::PhysicalType;
using vec::Rows;
using vec::StringView;
using vec::Type;
using vec::TypeId;
using vec::VectorView;

// What an exported array owns.
struct ArrayData {
  std::vector<Bytes> buffers;
  std::vector<const void*> pointers;
  std::vector<ArrowArray> children;
  std::vector<ArrowArray*> child_pointers;
  ArrowArray dictionary{};
};

void ReleaseArray(ArrowArray* array) {
  for (int64_t i = 0; i < array->n_children; ++i) {
    ArrowArray* const child = array->children[i];
    if (child->release != nullptr) child->release(child);
  }
  if (array->dictionary != nullptr && array->dictionary->release != nullptr) array->dictionary->release(array->dictionary);
  delete static_cast<ArrayData*>(array->private_data);
  array->private_data = nullptr;
  array->release = nullptr;
}

template <typename T>
T Load(const void* slot) {
  T value;
  std::memcpy(&value, slot, sizeof value);
  return value;
}

std::vector<Bytes> One(Bytes bytes) {
  std::vector<Bytes> buffers;
  buffers.push_back(std::move(bytes));
  return buffers;
}

// Values that lie in Arrow as they lie in vectors.
class PlainBuilder : public ColumnBuilder {
 public:
  explicit PlainBuilder(size_t width) : width_(width) {}

  Status Append(const void* slot) override {
    if (slot == nullptr) {
      std::memset(values_.Extend(width_), 0, width_);
      NoteNull();
    } else {
      values_.Append(slot, width_);
      NoteValid();
    }
    return absl::OkStatus();
  }
  Status AppendRows(const VectorView& view, Rows rows, size_t width) override {
    if (!view.is_flat()) return ColumnBuilder::AppendRows(view, rows, width);
    if (rows.dense()) {
      values_.Append(view.data, rows.count * width_);  // what is NULL may hold anything (V3)
    } else {
      char* out = values_.Extend(rows.count * width_);
      for (uint32_t i = 0; i < rows.count; ++i, out += width_) std::memcpy(out, view.data + rows[i] * width_, width_);
    }
    if (view.validity == nullptr) {
      NoteValid(rows.count);
    } else {
      for (uint32_t i = 0; i < rows.count; ++i) vec::TestBit(view.validity, rows[i]) ? NoteValid() : NoteNull();
    }
    return absl::OkStatus();
  }
  void Finish(ArrowArray* out) override { MakeArray(One(std::exchange(values_, Bytes())), {}, out); }
  size_t size_bytes() const override { return values_.size(); }

 private:
  const size_t width_;
  Bytes values_;
};

// Values of a fixed width that Arrow has in another form: `Convert` gives an Out, or an error.
template <typename In, typename Out, Status (*Convert)(const In&, Out*)>
class ConvertedBuilder : public ColumnBuilder {
 public:
  Status Append(const void* slot) override {
    Out value{};
    if (slot == nullptr) {
      values_.Push(value);
      NoteNull();
      return absl::OkStatus();
    }
    TURDB_RETURN_IF_ERROR(Convert(Load<In>(slot), &value));
    values_.Push(value);
    NoteValid();
    return absl::OkStatus();
  }
  void Finish(ArrowArray* out) override { MakeArray(One(std::exchange(values_, Bytes())), {}, out); }
  size_t size_bytes() const override { return values_.size(); }

 private:
  Bytes values_;
};

Status WidenDecimal(const int64_t& value, Int128* out) {
  *out = value;
  return absl::OkStatus();
}

struct Int256 {
  uint64_t words[4];
};
Status Widen128(const Int128& value, Int256* out) {
  out->words[0] = absl::Int128Low64(value);
  out->words[1] = static_cast<uint64_t>(absl::Int128High64(value));
  out->words[2] = out->words[3] = value < 0 ? ~uint64_t{0} : 0;
  return absl::OkStatus();
}

struct MonthDayNano {
  int32_t months;
  int32_t days;
  int64_t nanos;
};
Status ToMonthDayNano(const vec::Interval& interval, MonthDayNano* out) {
  out->months = interval.months;
  out->days = interval.days;
  if (__builtin_mul_overflow(interval.micros, int64_t{1000}, &out->nanos)) {
    return base::MakeError(absl::StatusCode::kOutOfRange, base::sqlstate::kDatetimeOverflow,
                           "an interval's time has more nanoseconds than Arrow's month_day_nano holds (292 years)");
  }
  return absl::OkStatus();
}

class BoolBuilder : public ColumnBuilder {
 public:
  Status Append(const void* slot) override {
    values_.Push(slot != nullptr && Load<uint8_t>(slot) != 0);
    slot == nullptr ? NoteNull() : NoteValid();
    return absl::OkStatus();
  }
  Status AppendRows(const VectorView& view, Rows rows, size_t width) override {
    if (view.validity != nullptr || !view.is_flat() || !rows.dense()) return ColumnBuilder::AppendRows(view, rows, width);
    values_.PushBytes(view.values<bool>(), rows.count);
    NoteValid(rows.count);
    return absl::OkStatus();
  }
  void Finish(ArrowArray* out) override { MakeArray(One(values_.Take()), {}, out); }
  size_t size_bytes() const override { return values_.size() / 8; }

 private:
  Bits values_;
};

// Texts and blobs, and whatever is written as text: `Write` appends the text of a slot, or is null for bytes as they are.
class TextBuilder : public ColumnBuilder {
 public:
  using Write = std::function<Status(const void* slot, std::string* out)>;
  TextBuilder(bool views, Write write) : views_(views), write_(std::move(write)) {}

  Status Append(const void* slot) override {
    if (slot == nullptr) {
      TURDB_RETURN_IF_ERROR(Add({}));
      NoteNull();
      return absl::OkStatus();
    }
    if (write_) {
      text_.clear();
      TURDB_RETURN_IF_ERROR(write_(slot, &text_));
      TURDB_RETURN_IF_ERROR(Add(text_));
    } else {
      TURDB_RETURN_IF_ERROR(Add(static_cast<const StringView*>(slot)->view()));
    }
    NoteValid();
    return absl::OkStatus();
  }
  void Finish(ArrowArray* out) override {
    std::vector<Bytes> buffers;
    if (views_) {
      buffers.push_back(std::exchange(slots_, Bytes()));
      Bytes sizes;
      if (bytes_.size() != 0) {
        sizes.Push(static_cast<int64_t>(bytes_.size()));
        buffers.push_back(std::exchange(bytes_, Bytes()));
      }
      buffers.push_back(std::move(sizes));
    } else {
      if (slots_.size() == 0) slots_.Push(int32_t{0});
      buffers.push_back(std::exchange(slots_, Bytes()));
      buffers.push_back(std::exchange(bytes_, Bytes()));
    }
    MakeArray(std::move(buffers), {}, out);
  }
  size_t size_bytes() const override { return slots_.size() + bytes_.size(); }

 private:
  Status Add(std::string_view text) {
    if (bytes_.size() + text.size() > INT32_MAX) {
      return base::LimitError("a batch holds more than 2 GB of text in a column: ask for fewer rows");
    }
    if (!views_) {
      if (slots_.size() == 0) slots_.Push(int32_t{0});
      bytes_.Append(text.data(), text.size());
      slots_.Push(static_cast<int32_t>(bytes_.size()));
      return absl::OkStatus();
    }
    char* const view = slots_.Extend(16);
    std::memset(view, 0, 16);
    const auto size = static_cast<int32_t>(text.size());
    std::memcpy(view, &size, 4);
    if (text.size() <= StringView::kInlineBytes) {
      if (!text.empty()) std::memcpy(view + 4, text.data(), text.size());
      return absl::OkStatus();
    }
    const auto offset = static_cast<int32_t>(bytes_.size());
    std::memcpy(view + 4, text.data(), 4);
    std::memcpy(view + 12, &offset, 4);  // of buffer 0
    bytes_.Append(text.data(), text.size());
    return absl::OkStatus();
  }

  const bool views_;
  const Write write_;
  Bytes slots_;  // offsets, or views
  Bytes bytes_;
  std::string text_;
};

class NumericToDoubleBuilder : public ColumnBuilder {
 public:
  Status Append(const void* slot) override {
    double value = 0;
    if (slot == nullptr) {
      NoteNull();
    } else {
      value = vec::Numeric::FromBytes(static_cast<const StringView*>(slot)->view()).ToDouble();
      NoteValid();
    }
    values_.Push(value);
    return absl::OkStatus();
  }
  void Finish(ArrowArray* out) override { MakeArray(One(std::exchange(values_, Bytes())), {}, out); }
  size_t size_bytes() const override { return values_.size(); }

 private:
  Bytes values_;
};

// Labels as a dictionary: those of the type first, in their order, so that all batches have the same; then what comes that is
// none of them, which are labels made after the statement was compiled.
class EnumBuilder : public ColumnBuilder {
 public:
  EnumBuilder(const Type& type, const BuildContext& context) {
    if (!context.labels) return;
    for (std::string& label : context.labels(type.enum_id())) Number(std::move(label));
  }

  Status Append(const void* slot) override {
    int32_t number = 0;
    if (slot == nullptr) {
      NoteNull();
    } else {
      number = Number(std::string(vec::LabelOf(static_cast<const StringView*>(slot)->view())));
      NoteValid();
    }
    indexes_.Push(number);
    return absl::OkStatus();
  }
  void Finish(ArrowArray* out) override {
    TextBuilder texts(false, nullptr);
    for (const std::string& label : labels_) {
      const StringView view{std::string_view(label)};
      texts.Append(&view).IgnoreError();  // labels are short
    }
    ArrowArray dictionary;
    texts.Finish(&dictionary);
    std::vector<Bytes> buffers;
    buffers.push_back(validity_.Take());
    buffers.push_back(std::exchange(indexes_, Bytes()));
    arrow::MakeArray(length_, null_count_, std::move(buffers), {}, &dictionary, out);
    length_ = null_count_ = 0;
  }
  size_t size_bytes() const override { return indexes_.size(); }

 private:
  int32_t Number(std::string label) {
    const auto [at, added] = numbers_.try_emplace(std::move(label), static_cast<int32_t>(labels_.size()));
    if (added) labels_.push_back(at->first);
    return at->second;
  }

  absl::flat_hash_map<std::string, int32_t> numbers_;
  std::vector<std::string> labels_;
  Bytes indexes_;
};

class ListBuilder : public ColumnBuilder {
 public:
  ListBuilder(const Type& type, const BuildContext& context)
      : type_(type), elements_(ColumnBuilder::Create(type.element_type(), context)) {}

  Status Append(const void* slot) override {
    if (offsets_.size() == 0) offsets_.Push(int32_t{0});
    if (slot == nullptr) {
      NoteNull();
    } else {
      const vec::ArrayView array(type_, static_cast<const StringView*>(slot)->view());
      if (array.dimensions() > 1) {
        return base::WithHint(
            base::UnsupportedError("an array of several dimensions cannot be a list of Arrow's, whose type says "
                                   "how many there are"),
            "cast the column to text, or unnest it");
      }
      if (elements_->length() + array.size() > INT32_MAX) return base::LimitError("a batch holds more than 2^31 elements");
      vec::ElementSlot element;
      for (uint32_t i = 0; i < array.size(); ++i) {
        TURDB_RETURN_IF_ERROR(elements_->Append(array.IsNull(i) ? nullptr : array.Load(i, &element)));
      }
      NoteValid();
    }
    offsets_.Push(static_cast<int32_t>(elements_->length()));
    return absl::OkStatus();
  }
  void Finish(ArrowArray* out) override {
    if (offsets_.size() == 0) offsets_.Push(int32_t{0});
    std::vector<ArrowArray> children(1);
    elements_->Finish(children.data());
    MakeArray(One(std::exchange(offsets_, Bytes())), std::move(children), out);
  }
  size_t size_bytes() const override { return offsets_.size() + elements_->size_bytes(); }

 private:
  const Type type_;
  std::unique_ptr<ColumnBuilder> elements_;
  Bytes offsets_;
};

// A struct array: a child a field.
class StructBuilder : public ColumnBuilder {
 public:
  StructBuilder(const vec::StructFields& fields, const BuildContext& context) {
    for (const vec::StructField& field : fields) fields_.push_back(ColumnBuilder::Create(field.type, context));
  }

  Status Append(const void* slot) override {
    if (slot == nullptr) {
      for (const auto& field : fields_) TURDB_RETURN_IF_ERROR(field->Append(nullptr));
      NoteNull();
      return absl::OkStatus();
    }
    const vec::StructView value(static_cast<const StringView*>(slot)->view());
    vec::ElementSlot part;
    for (size_t i = 0; i < fields_.size(); ++i) {
      const bool null = i >= value.size() || value.IsNull(i);
      TURDB_RETURN_IF_ERROR(fields_[i]->Append(null ? nullptr : value.Load(i, &part)));
    }
    NoteValid();
    return absl::OkStatus();
  }
  void Finish(ArrowArray* out) override {
    std::vector<ArrowArray> children(fields_.size());
    for (size_t i = 0; i < fields_.size(); ++i) fields_[i]->Finish(&children[i]);
    MakeArray({}, std::move(children), out);
  }
  size_t size_bytes() const override {
    size_t bytes = 0;
    for (const auto& field : fields_) bytes += field->size_bytes();
    return bytes;
  }

 private:
  std::vector<std::unique_ptr<ColumnBuilder>> fields_;
};

// A list of entries, which are structs of a key and a value.
class MapBuilder : public ColumnBuilder {
 public:
  MapBuilder(const vec::StructFields& fields, const BuildContext& context) : entries_(fields, context) {}

  Status Append(const void* slot) override {
    if (offsets_.size() == 0) offsets_.Push(int32_t{0});
    if (slot == nullptr) {
      NoteNull();
    } else {
      const vec::ArrayView entries = vec::MapEntries(static_cast<const StringView*>(slot)->view());
      if (entries_.length() + entries.size() > INT32_MAX) return base::LimitError("a batch holds more than 2^31 elements");
      vec::ElementSlot entry;
      for (uint32_t i = 0; i < entries.size(); ++i) TURDB_RETURN_IF_ERROR(entries_.Append(entries.Load(i, &entry)));
      NoteValid();
    }
    offsets_.Push(static_cast<int32_t>(entries_.length()));
    return absl::OkStatus();
  }
  void Finish(ArrowArray* out) override {
    if (offsets_.size() == 0) offsets_.Push(int32_t{0});
    std::vector<ArrowArray> children(1);
    entries_.Finish(children.data());
    MakeArray(One(std::exchange(offsets_, Bytes())), std::move(children), out);
  }
  size_t size_bytes() const override { return offsets_.size() + entries_.size_bytes(); }

 private:
  StructBuilder entries_;
  Bytes offsets_;
};

// Vectors: a list of one size, or, when the type says none, of any. The elements' bytes are Arrow's, but for bits.
class VectorBuilder : public ColumnBuilder {
 public:
  explicit VectorBuilder(const Type& type) : type_(type) {}

  Status Append(const void* slot) override {
    if (type_.length == 0 && offsets_.size() == 0) offsets_.Push(int32_t{0});
    if (slot == nullptr) {
      if (type_.length != 0) AppendZeros(static_cast<size_t>(type_.length));
      NoteNull();
    } else {
      AppendElements(vec::DenseVectorView(type_.vector_element(), static_cast<const StringView*>(slot)->view()));
      NoteValid();
    }
    if (count_ > INT32_MAX) return base::LimitError("a batch holds more than 2^31 elements");
    if (type_.length == 0) offsets_.Push(static_cast<int32_t>(count_));
    return absl::OkStatus();
  }
  void Finish(ArrowArray* out) override {
    if (type_.length == 0 && offsets_.size() == 0) offsets_.Push(int32_t{0});
    std::vector<Bytes> elements(2);
    elements[1] = type_.vector_element() == vec::VectorElement::kBit ? bits_.Take() : std::exchange(elements_, Bytes());
    if (elements[1].data() == nullptr) elements[1].Push(uint64_t{0});
    std::vector<ArrowArray> children(1);
    arrow::MakeArray(static_cast<int64_t>(count_), 0, std::move(elements), {}, nullptr, children.data());
    count_ = 0;
    std::vector<Bytes> buffers;
    if (type_.length == 0) buffers = One(std::exchange(offsets_, Bytes()));
    MakeArray(std::move(buffers), std::move(children), out);
  }
  size_t size_bytes() const override { return elements_.size() + offsets_.size() + count_ / 8; }

 private:
  void AppendElements(const vec::DenseVectorView& vector) {
    if (vector.element() == vec::VectorElement::kBit) {
      for (size_t i = 0; i < vector.dimensions(); ++i) bits_.Push(vector.At(i) != 0);
    } else {
      elements_.Append(vector.data(), vector.data_bytes());
    }
    count_ += vector.dimensions();
  }
  void AppendZeros(size_t dimensions) {
    if (type_.vector_element() == vec::VectorElement::kBit) {
      bits_.PushMany(false, dimensions);
    } else {
      const size_t width = type_.vector_element() == vec::VectorElement::kFloat32   ? 4
                           : type_.vector_element() == vec::VectorElement::kFloat16 ? 2
                                                                                    : 1;
      std::memset(elements_.Extend(dimensions * width), 0, dimensions * width);
    }
    count_ += dimensions;
  }

  const Type type_;
  uint64_t count_ = 0;
  Bytes elements_;
  Bits bits_;
  Bytes offsets_;
};

class NullBuilder : public ColumnBuilder {
 public:
  Status Append(const void*) override {
    ++length_;
    return absl::OkStatus();
  }
  void Finish(ArrowArray* out) override {
    arrow::MakeArray(length_, length_, {}, {}, nullptr, out);
    length_ = 0;
  }
  size_t size_bytes() const override { return 0; }
};

// ANY: every value in the child of its type. A NULL is a value of the child "null".
class UnionBuilder : public ColumnBuilder {
 public:
  explicit UnionBuilder(const BuildContext& context) : context_(context), exact_(context) {
    exact_.options.numeric_as_double = false;
    members_.push_back(std::make_unique<NullBuilder>());
    for (const UnionMember& member : UnionMembers().subspan(1)) members_.push_back(Create(member.type, exact_));
  }

  Status Append(const void* slot) override {
    if (slot == nullptr) return Add(0, nullptr);
    const vec::Value value = vec::DecodeAny(static_cast<const StringView*>(slot)->view());
    const size_t member = UnionMemberOf(value.type().id);
    const Type child = UnionMembers()[member].type;
    if (child.physical() != PhysicalType::kString) return Add(member, value.fixed_data());
    std::string bytes;
    if (value.type().id == child.id || vec::IsText(value.type().id)) {
      bytes = value.bytes();
    } else if (child.id == TypeId::kNumeric) {  // a decimal
      const Int128 scaled = value.type().width() == 8 ? Int128{value.Get<int64_t>()} : value.Get<Int128>();
      bytes = vec::Numeric(scaled, value.type().scale).ToBytes();
    } else {
      bytes = value.ToString(&context_.text);
    }
    const StringView view{std::string_view(bytes)};
    return Add(member, &view);
  }
  void Finish(ArrowArray* out) override {
    std::vector<ArrowArray> children(members_.size());
    for (size_t i = 0; i < members_.size(); ++i) members_[i]->Finish(&children[i]);
    std::vector<Bytes> buffers;
    buffers.push_back(std::exchange(codes_, Bytes()));
    buffers.push_back(std::exchange(offsets_, Bytes()));
    arrow::MakeArray(length_, 0, std::move(buffers), std::move(children), nullptr, out);
    length_ = 0;
  }
  size_t size_bytes() const override {
    size_t bytes = codes_.size() + offsets_.size();
    for (const auto& member : members_) bytes += member->size_bytes();
    return bytes;
  }

 private:
  Status Add(size_t member, const void* slot) {
    const auto offset = static_cast<int32_t>(members_[member]->length());
    TURDB_RETURN_IF_ERROR(members_[member]->Append(slot));
    codes_.Push(UnionMembers()[member].code);
    offsets_.Push(offset);
    ++length_;
    return absl::OkStatus();
  }

  const BuildContext& context_;
  BuildContext exact_;
  std::vector<std::unique_ptr<ColumnBuilder>> members_;
  Bytes codes_;
  Bytes offsets_;
};

TextBuilder::Write JsonbText() {
  return [](const void* slot, std::string* out) {
    vec::AppendJson(vec::JsonView(static_cast<const StringView*>(slot)->view()), vec::JsonLayout::kSpaced, out);
    return absl::OkStatus();
  };
}

TextBuilder::Write SlotText(const Type& type, const BuildContext& context) {
  return [type, &context](const void* slot, std::string* out) {
    vec::AppendSlotText(type, slot, context.text, out);
    return absl::OkStatus();
  };
}

}  // namespace

void MakeArray(int64_t length, int64_t null_count, std::vector<Bytes> buffers, std::vector<ArrowArray> children,
               ArrowArray* dictionary, ArrowArray* out) {
  auto data = std::make_unique<ArrayData>();
  data->buffers = std::move(buffers);
  data->children = std::move(children);
  for (const Bytes& buffer : data->buffers) data->pointers.push_back(buffer.data());
  for (ArrowArray& child : data->children) data->child_pointers.push_back(&child);
  if (dictionary != nullptr) data->dictionary = *dictionary;
  *out = ArrowArray{};
  out->length = length;
  out->null_count = null_count;
  out->n_buffers = static_cast<int64_t>(data->pointers.size());
  out->buffers = data->pointers.data();
  out->n_children = static_cast<int64_t>(data->child_pointers.size());
  out->children = data->child_pointers.empty() ? nullptr : data->child_pointers.data();
  out->dictionary = dictionary == nullptr ? nullptr : &data->dictionary;
  out->release = ReleaseArray;
  out->private_data = data.release();
}

void ColumnBuilder::MakeArray(std::vector<Bytes> buffers, std::vector<ArrowArray> children, ArrowArray* out,
                              bool has_validity) {
  if (has_validity) buffers.insert(buffers.begin(), validity_.Take());
  // Consumers may look for a buffer also where there is nothing in it; only the validity may be missing.
  for (size_t i = has_validity ? 1 : 0; i < buffers.size(); ++i) {
    if (buffers[i].data() == nullptr)
      buffers[i] = [] {
        Bytes empty;
        empty.Push(uint64_t{0});
        return empty;
      }();
  }
  arrow::MakeArray(length_, null_count_, std::move(buffers), std::move(children), nullptr, out);
  length_ = null_count_ = 0;
}

Status ColumnBuilder::AppendRows(const VectorView& view, Rows rows, size_t width) {
  for (uint32_t i = 0; i < rows.count; ++i) {
    const size_t index = view.Index(rows[i]);
    const bool valid = view.validity == nullptr || vec::TestBit(view.validity, index);
    TURDB_RETURN_IF_ERROR(Append(valid ? view.data + index * width : nullptr));
  }
  return absl::OkStatus();
}

std::unique_ptr<ColumnBuilder> ColumnBuilder::Create(const Type& type, const BuildContext& context) {
  const bool views = context.options.string_views;
  switch (type.id) {
    case TypeId::kBoolean:
      return std::make_unique<BoolBuilder>();
    case TypeId::kInt128:
      return std::make_unique<ConvertedBuilder<Int128, Int256, Widen128>>();
    case TypeId::kDecimal:
      if (type.physical() == PhysicalType::kInt128) break;
      return std::make_unique<ConvertedBuilder<int64_t, Int128, WidenDecimal>>();
    case TypeId::kInterval:
      return std::make_unique<ConvertedBuilder<vec::Interval, MonthDayNano, ToMonthDayNano>>();
    case TypeId::kNumeric:
      if (context.options.numeric_as_double) return std::make_unique<NumericToDoubleBuilder>();
      return std::make_unique<TextBuilder>(views, SlotText(type, context));
    case TypeId::kUnknown:
    case TypeId::kText:
    case TypeId::kVarchar:
    case TypeId::kChar:
    case TypeId::kBlob:
    case TypeId::kJson:
      return std::make_unique<TextBuilder>(views, nullptr);
    case TypeId::kJsonb:
      return std::make_unique<TextBuilder>(views, JsonbText());
    case TypeId::kAny:
      if (context.options.any_as_text) return std::make_unique<TextBuilder>(views, SlotText(type, context));
      return std::make_unique<UnionBuilder>(context);
    case TypeId::kEnum:
      return std::make_unique<EnumBuilder>(type, context);
    case TypeId::kArray:
      return std::make_unique<ListBuilder>(type, context);
    case TypeId::kDenseVector:
      return std::make_unique<VectorBuilder>(type);
    case TypeId::kStruct:
      if (const auto fields = FieldsOf(type, context.options)) return std::make_unique<StructBuilder>(*fields, context);
      return std::make_unique<TextBuilder>(views, SlotText(type, context));
    case TypeId::kMap:
      if (const auto fields = FieldsOf(type, context.options)) return std::make_unique<MapBuilder>(*fields, context);
      return std::make_unique<TextBuilder>(views, SlotText(type, context));
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
      return std::make_unique<TextBuilder>(views, SlotText(type, context));
    default:
      break;
  }
  return std::make_unique<PlainBuilder>(type.width());
}

}  // namespace turdb::arrow
