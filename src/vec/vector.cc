#include "vec/vector.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "vec/any.h"

namespace turdb::vec {
namespace {

// `buffer` for writing: the one at hand if nobody else reads it, the spare one, or a new one.
void EnsureOwn(Ref<Buffer>& buffer, bool& owned, Ref<Buffer>& spare, size_t size_bytes, base::MemoryBudget* budget) {
  if (buffer && owned) return;
  if (spare && spare->is_unique()) {
    buffer = std::move(spare);
  } else {
    spare.reset();
    buffer = Buffer::Allocate(size_bytes, budget);
  }
  owned = true;
}

void DropForReset(Ref<Buffer>& buffer, bool& owned, Ref<Buffer>& spare) {
  if (!owned) buffer = std::move(spare);
  spare = {};
  if (buffer && !buffer->is_unique()) buffer.reset();
  owned = true;
}

// The buffer stops being what rows are read from.
void Stash(Ref<Buffer>& buffer, bool& owned, Ref<Buffer>& spare) {
  if (buffer && owned) spare = std::move(buffer);
  buffer = {};
  owned = false;
}

}  // namespace

Vector::Vector(Type type, uint32_t capacity, base::MemoryBudget* budget)
    : type_(type),
      physical_(type.physical()),
      width_(static_cast<uint8_t>(type.width())),
      capacity_(capacity),
      budget_(budget) {}

std::byte* Vector::MutableData() {
  if (!data_ || !owns_data_) {
    EnsureOwn(data_, owns_data_, spare_data_, size_t{capacity_} * width_, budget_);
    // So that no slot ever reads as uninitialised memory (V3, V6).
    std::memset(data_->data(), 0, size_t{capacity_} * width_);
  }
  return data_->data();
}

uint64_t* Vector::MutableValidity() {
  if (!validity_ || !owns_validity_) {
    EnsureOwn(validity_, owns_validity_, spare_validity_, ValidityWords(capacity_) * 8, budget_);
    std::memset(validity_->data(), 0xff, ValidityWords(capacity_) * 8);
  }
  return reinterpret_cast<uint64_t*>(validity_->data());
}

void Vector::SetAllValid() { Stash(validity_, owns_validity_, spare_validity_); }

void Vector::SetNull(size_t row) {
  ClearBit(MutableValidity(), row);
  std::memset(MutableData() + row * width_, 0, width_);
}

void Vector::StashOwn() {
  Stash(data_, owns_data_, spare_data_);
  Stash(validity_, owns_validity_, spare_validity_);
  Stash(selection_, owns_selection_, spare_selection_);
}

void Vector::ResetBuffers() {
  encoding_ = Encoding::kFlat;
  DropForReset(data_, owns_data_, spare_data_);
  // A validity buffer that is there would say something about the rows (V1), so it waits as a spare.
  DropForReset(validity_, owns_validity_, spare_validity_);
  Stash(validity_, owns_validity_, spare_validity_);
  DropForReset(selection_, owns_selection_, spare_selection_);
  Stash(selection_, owns_selection_, spare_selection_);
}

void Vector::Reset() {
  ResetBuffers();
  heap_.reset();
  if (!heap_is_chunks_ && own_heap_) {
    if (own_heap_->is_unique()) {
      own_heap_->Reset();
    } else {
      own_heap_.reset();
    }
  }
}

StringHeap* Vector::heap() {
  if (!own_heap_) own_heap_ = StringHeap::Create(budget_);
  if (heap_.get() != own_heap_.get()) {
    own_heap_->KeepAlive(heap_);  // what is there already stays valid (V5)
    heap_ = own_heap_;
  }
  return heap_.get();
}

void Vector::KeepAlive(const Ref<StringHeap>& other) {
  if (other && other.get() != heap_.get()) heap()->KeepAlive(other);
}

void Vector::SetValue(size_t row, const Value& value) {
  if (value.is_null()) {
    SetNull(row);
  } else if (type_.id == TypeId::kAny) {
    SetString(row, EncodeAny(value));
  } else if (physical_ == PhysicalType::kString) {
    SetString(row, value.bytes());
  } else {
    TURDB_CHECK_EQ(value.type().width(), size_t{width_});
    std::memcpy(MutableData() + row * width_, value.fixed_data(), width_);
    SetValid(row);
  }
}

Value Vector::GetValue(size_t row) const {
  const VectorView view = View();
  if (!view.IsValid(row)) return Value::Null(type_);
  if (physical_ == PhysicalType::kString) {
    const std::string_view bytes = view.Get<StringView>(row).view();
    return type_.id == TypeId::kAny ? DecodeAny(bytes) : Value::OfBytes(type_, std::string(bytes));
  }
  return VisitPhysical(physical_, [&](auto tag) -> Value {
    using T = decltype(tag);
    if constexpr (std::is_same_v<T, StringView>) {
      return Value::Null(type_);  // handled above
    } else {
      return Value::Of(type_, view.Get<T>(row));
    }
  });
}

void Vector::SetConstant(const Value& value) {
  Reset();
  SetValue(0, value);
  encoding_ = Encoding::kConstant;
}

void Vector::SetConstantNull() {
  Reset();
  SetNull(0);
  encoding_ = Encoding::kConstant;
}

void Vector::SetSequence(int64_t start, int64_t step) {
  TURDB_CHECK(physical_ >= PhysicalType::kInt8 && physical_ <= PhysicalType::kUInt64);
  Reset();
  encoding_ = Encoding::kSequence;
  sequence_start_ = start;
  sequence_step_ = step;
  // Until View needs them there are no values; the buffer waits as a spare.
  Stash(data_, owns_data_, spare_data_);
}

void Vector::Fill() const {
  // Const because reading asks for it: the values were determined by SetSequence (see the class comment).
  auto* self = const_cast<Vector*>(this);
  if (data_) return;
  EnsureOwn(self->data_, self->owns_data_, self->spare_data_, size_t{capacity_} * width_, budget_);
  VisitPhysical(physical_, [&](auto tag) {
    using T = decltype(tag);
    if constexpr (std::is_integral_v<T> || std::is_same_v<T, Int128>) {
      T* values = reinterpret_cast<T*>(self->data_->data());
      for (uint32_t i = 0; i < capacity_; ++i) {
        values[i] = static_cast<T>(static_cast<uint64_t>(sequence_start_) + static_cast<uint64_t>(sequence_step_) * i);
      }
    }
  });
}

void Vector::Reference(const Vector& source) {
  TURDB_CHECK(physical_ == source.physical_);
  if (this == &source) return;
  StashOwn();
  encoding_ = source.encoding_;
  data_ = source.data_;
  validity_ = source.validity_;
  selection_ = source.selection_;
  heap_ = source.heap_;
  sequence_start_ = source.sequence_start_;
  sequence_step_ = source.sequence_step_;
}

void Vector::Slice(const Vector& source, Rows rows) {
  TURDB_CHECK(physical_ == source.physical_);
  TURDB_CHECK_LE(rows.count, capacity_);
  if (rows.dense() || source.is_constant()) {
    Reference(source);
    return;
  }
  const VectorView view = source.View();
  Ref<Buffer> being_read;
  if (this != &source) {
    StashOwn();
    data_ = source.data_;
    validity_ = source.validity_;
    heap_ = source.heap_;
  } else if (selection_) {
    // Ascending rows can be composed in place, because what is read lies at or after what is written.
    bool in_place = owns_selection_ && selection_->is_unique();
    for (uint32_t i = 0; in_place && i < rows.count; ++i) in_place = rows.rows[i] >= i;
    if (!in_place) {
      being_read = std::move(selection_);
      owns_selection_ = false;
    }
  }
  EnsureOwn(selection_, owns_selection_, spare_selection_, size_t{capacity_} * sizeof(SelIndex), budget_);
  auto* selection = reinterpret_cast<SelIndex*>(selection_->data());
  for (uint32_t i = 0; i < rows.count; ++i) selection[i] = static_cast<SelIndex>(view.Index(rows.rows[i]));
  encoding_ = Encoding::kDictionary;
}

void Vector::CopyFrom(const Vector& source, Rows rows, uint32_t offset) {
  TURDB_CHECK(physical_ == source.physical_);
  TURDB_CHECK(encoding_ == Encoding::kFlat);
  TURDB_CHECK_LE(offset + rows.count, capacity_);
  const VectorView view = source.View();
  if (view.validity != nullptr) {
    uint64_t* validity = MutableValidity();
    for (uint32_t i = 0; i < rows.count; ++i) {
      view.IsValid(rows[i]) ? SetBit(validity, offset + i) : ClearBit(validity, offset + i);
    }
  } else if (validity_) {
    uint64_t* validity = MutableValidity();
    for (uint32_t i = 0; i < rows.count; ++i) SetBit(validity, offset + i);
  }
  VisitPhysical(physical_, [&](auto tag) {
    using T = decltype(tag);
    T* to = reinterpret_cast<T*>(MutableData()) + offset;
    if constexpr (std::is_same_v<T, StringView>) {
      for (uint32_t i = 0; i < rows.count; ++i) {
        const size_t row = rows[i];
        to[i] = view.IsValid(row) ? MakeString(view.Get<StringView>(row).view()) : StringView();
      }
    } else if (rows.dense() && view.is_flat()) {
      if (rows.count != 0) std::memcpy(to, view.data, rows.count * sizeof(T));
    } else {
      for (uint32_t i = 0; i < rows.count; ++i) to[i] = view.Get<T>(rows[i]);
    }
  });
}

void Vector::Flatten(uint32_t count) {
  const bool own = encoding_ == Encoding::kFlat && (!data_ || owns_data_) && (!validity_ || owns_validity_);
  if (own) return;
  TURDB_CHECK_LE(count, capacity_);
  Vector source(type_, capacity_, budget_);
  source.Reference(*this);
  const Ref<StringHeap> heap = heap_;
  const VectorView view = source.View();
  ResetBuffers();
  VisitPhysical(physical_, [&](auto tag) {
    using T = decltype(tag);
    T* to = reinterpret_cast<T*>(MutableData());
    for (uint32_t i = 0; i < count; ++i) to[i] = view.Get<T>(i);
  });
  if (view.validity != nullptr) {
    uint64_t* validity = MutableValidity();
    for (uint32_t i = 0; i < count; ++i) {
      if (!view.IsValid(i)) ClearBit(validity, i);
    }
  }
  heap_ = heap;
}

VectorView Vector::View() const {
  VectorView view;
  if (encoding_ == Encoding::kSequence) Fill();
  view.data = data_ ? data_->data() : nullptr;
  view.validity = validity_ ? reinterpret_cast<const uint64_t*>(validity_->data()) : nullptr;
  if (encoding_ == Encoding::kDictionary) view.selection = reinterpret_cast<const SelIndex*>(selection_->data());
  if (encoding_ == Encoding::kConstant) view.row_mask = 0;
  return view;
}

size_t Vector::memory_bytes() const {
  size_t bytes = 0;
  for (const Ref<Buffer>* buffer : {&data_, &validity_, &selection_, &spare_data_, &spare_validity_, &spare_selection_}) {
    if (*buffer) bytes += (*buffer)->size_bytes();
  }
  if (heap_) bytes += heap_->allocated_bytes();
  return bytes;
}

}  // namespace turdb::vec
