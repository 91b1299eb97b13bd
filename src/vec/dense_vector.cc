#include "vec/dense_vector.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/half.h"
#include "vec/compare.h"
#include "vec/scalar.h"
#include "vec/text_format.h"

namespace turdb::vec {
namespace {

using base::MakeError;
using base::Status;
using base::StatusOr;

constexpr base::SqlState kDataException{"22000"};

size_t CountDimensions(VectorElement element, std::string_view bytes) {
  switch (element) {
    case VectorElement::kFloat32:
      return bytes.size() / 4;
    case VectorElement::kFloat16:
      return bytes.size() / 2;
    case VectorElement::kInt8:
      return bytes.size();
    case VectorElement::kBit:
      // A damaged last byte must not lead behind the bytes.
      return bytes.size() < 2 ? 0 : (bytes.size() - 2) * 8 + std::min<size_t>(static_cast<unsigned char>(bytes.back()), 8);
  }
  return 0;
}

Status NotFinite(bool nan) {
  return base::WithHint(MakeError(absl::StatusCode::kInvalidArgument, kDataException,
                                  nan ? "NaN not allowed in vector" : "infinite value not allowed in vector"),
                        "A vector's elements are finite numbers, so that every distance is one.");
}

Status ElementOutOfRange(double value, VectorElement element) {
  std::string number;
  AppendDouble(value, &number);
  return MakeError(
      absl::StatusCode::kOutOfRange, base::sqlstate::kNumericOutOfRange,
      absl::StrCat("\"", number, "\" is out of range for an element of type ", Type::DenseVector(element, 0).ToString()));
}

Status Malformed(const Type& type, std::string_view text, std::string_view why) {
  return base::WithHint(MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidText,
                                  absl::StrCat("invalid input syntax for type ", Type(type.id).ToString(), ": \"", text, "\"")),
                        why);
}

// The fewest digits that read back as the same half.
void AppendHalf(uint16_t half, std::string* out) {
  const float value = base::HalfToFloat(half);
  char text[32];
  for (int digits = 1; digits <= 5; ++digits) {
    std::snprintf(text, sizeof(text), "%.*g", digits, static_cast<double>(value));
    float read = 0;
    if (ParseFloat(text, &read) == NumberOutcome::kOk && base::FloatToHalf(read) == half) {
      AppendFloat(read, out);
      return;
    }
  }
  AppendFloat(value, out);
}

}  // namespace

DenseVectorView::DenseVectorView(VectorElement element, std::string_view bytes)
    : element_(element), bytes_(bytes), dimensions_(CountDimensions(element, bytes)) {}

float DenseVectorView::At(size_t i) const {
  switch (element_) {
    case VectorElement::kFloat32:
      return std::bit_cast<float>(base::LoadLE<uint32_t>(bytes_.data() + i * 4));
    case VectorElement::kFloat16:
      return base::HalfToFloat(base::LoadLE<uint16_t>(bytes_.data() + i * 2));
    case VectorElement::kInt8:
      return static_cast<float>(static_cast<int8_t>(bytes_[i]));
    case VectorElement::kBit:
      return static_cast<float>((static_cast<unsigned char>(bytes_[i / 8]) >> (i % 8)) & 1);
  }
  return 0;
}

bool IsDenseVector(VectorElement element, std::string_view bytes) {
  const DenseVectorView view(element, bytes);
  if (view.dimensions() == 0 || view.dimensions() > static_cast<size_t>(kMaxVectorDimensions)) return false;
  switch (element) {
    case VectorElement::kFloat32:
      if (bytes.size() % 4 != 0) return false;
      break;
    case VectorElement::kFloat16:
      if (bytes.size() % 2 != 0) return false;
      break;
    case VectorElement::kInt8:
      return true;
    case VectorElement::kBit: {
      const int used = static_cast<unsigned char>(bytes.back());
      return used >= 1 && used <= 8 && static_cast<unsigned char>(bytes[bytes.size() - 2]) >> used == 0;
    }
  }
  for (size_t i = 0; i < view.dimensions(); ++i) {
    if (!std::isfinite(view.At(i))) return false;
  }
  return true;
}

StatusOr<Value> CheckedVector(VectorElement element, std::string bytes) {
  if (IsDenseVector(element, bytes)) return Value::OfBytes(Type::DenseVector(element, 0), std::move(bytes));
  const DenseVectorView view(element, bytes);
  TURDB_RETURN_IF_ERROR(CheckVectorDimensions(Type::DenseVector(element, 0), view.dimensions()));
  for (size_t i = 0; element != VectorElement::kBit && i < view.dimensions(); ++i) {
    if (!std::isfinite(view.At(i))) return NotFinite(std::isnan(view.At(i)));
  }
  return MakeError(absl::StatusCode::kInvalidArgument, kDataException,
                   absl::StrCat("these bytes are no ", Type::DenseVector(element, 0).ToString()));
}

Status DenseVectorBuilder::Add(double value) {
  if (!std::isfinite(value)) return NotFinite(std::isnan(value));
  if (dimensions_ == static_cast<size_t>(kMaxVectorDimensions)) {
    return CheckVectorDimensions(Type::DenseVector(element_, 0), dimensions_ + 1);
  }
  const auto append = [&](auto element) {
    char bytes[sizeof(element)];
    base::StoreLE(bytes, element);
    bytes_.append(bytes, sizeof(element));
  };
  switch (element_) {
    case VectorElement::kFloat32: {
      if (std::abs(value) > static_cast<double>(std::numeric_limits<float>::max())) return ElementOutOfRange(value, element_);
      append(std::bit_cast<uint32_t>(static_cast<float>(value)));
      break;
    }
    case VectorElement::kFloat16: {
      if (std::abs(value) > 65504) return ElementOutOfRange(value, element_);
      append(base::FloatToHalf(static_cast<float>(value)));
      break;
    }
    case VectorElement::kInt8: {
      const double rounded = std::nearbyint(value);
      if (rounded < -128 || rounded > 127) return ElementOutOfRange(value, element_);
      bytes_.push_back(static_cast<char>(static_cast<int8_t>(rounded)));
      break;
    }
    case VectorElement::kBit: {
      if (value != 0 && value != 1) return ElementOutOfRange(value, element_);
      if (dimensions_ % 8 == 0) bytes_.push_back('\0');
      if (value != 0) bytes_.back() = static_cast<char>(static_cast<unsigned char>(bytes_.back()) | 1u << (dimensions_ % 8));
      break;
    }
  }
  ++dimensions_;
  return absl::OkStatus();
}

StatusOr<std::string> DenseVectorBuilder::Finish() {
  TURDB_RETURN_IF_ERROR(CheckVectorDimensions(Type::DenseVector(element_, 0), dimensions_));
  if (element_ == VectorElement::kBit) bytes_.push_back(static_cast<char>((dimensions_ - 1) % 8 + 1));
  return std::move(bytes_);
}

Status CheckVectorDimensions(const Type& type, size_t dimensions) {
  if (dimensions == 0) {
    return MakeError(absl::StatusCode::kInvalidArgument, kDataException, "vector must have at least 1 dimension");
  }
  if (dimensions > static_cast<size_t>(kMaxVectorDimensions)) {
    return MakeError(absl::StatusCode::kResourceExhausted, base::SqlState{"54000"},
                     absl::StrCat("vector cannot have more than ", kMaxVectorDimensions, " dimensions"));
  }
  if (type.length != 0 && static_cast<size_t>(type.length) != dimensions) {
    return MakeError(absl::StatusCode::kInvalidArgument, kDataException,
                     absl::StrCat("expected ", type.length, " dimensions, not ", dimensions));
  }
  return absl::OkStatus();
}

StatusOr<std::string> ConvertVector(VectorElement from, std::string_view bytes, VectorElement to) {
  const DenseVectorView view(from, bytes);
  DenseVectorBuilder builder(to);
  for (size_t i = 0; i < view.dimensions(); ++i) TURDB_RETURN_IF_ERROR(builder.Add(static_cast<double>(view.At(i))));
  return builder.Finish();
}

void AppendDenseVector(const DenseVectorView& vector, std::string* out) {
  out->push_back('[');
  for (size_t i = 0; i < vector.dimensions(); ++i) {
    if (i != 0) out->push_back(',');
    switch (vector.element()) {
      case VectorElement::kFloat32:
        AppendFloat(vector.At(i), out);
        break;
      case VectorElement::kFloat16:
        AppendHalf(base::LoadLE<uint16_t>(vector.data() + i * 2), out);
        break;
      case VectorElement::kInt8:
      case VectorElement::kBit:
        absl::StrAppend(out, static_cast<int>(vector.At(i)));
        break;
    }
  }
  out->push_back(']');
}

StatusOr<Value> ParseDenseVector(std::string_view text, const Type& type) {
  const VectorElement element = type.vector_element();
  const std::string_view trimmed = absl::StripAsciiWhitespace(text);
  DenseVectorBuilder builder(element);
  if (element == VectorElement::kBit && !trimmed.starts_with('[')) {
    for (const char c : trimmed) {
      if (c != '0' && c != '1') return Malformed(type, text, "Bits are written as '101' or as '[1,0,1]'.");
      TURDB_RETURN_IF_ERROR(builder.Add(c - '0'));
    }
  } else {
    if (!trimmed.starts_with('[')) return Malformed(type, text, "Vector contents must start with \"[\".");
    if (!trimmed.ends_with(']') || trimmed.size() < 2) return Malformed(type, text, "Vector contents must end with \"]\".");
    std::string_view inside = absl::StripAsciiWhitespace(trimmed.substr(1, trimmed.size() - 2));
    for (bool more = !inside.empty(); more;) {
      const size_t comma = inside.find(',');
      more = comma != std::string_view::npos;
      const std::string_view number = inside.substr(0, comma);
      double value = 0;
      float single = 0;
      // A float32 is read as one, not rounded twice.
      const NumberOutcome outcome =
          element == VectorElement::kFloat32 ? ParseFloat(number, &single) : ParseDouble(number, &value);
      if (element == VectorElement::kFloat32) value = static_cast<double>(single);
      if (outcome == NumberOutcome::kRange) {
        return TextOutOfRangeError(type, absl::StripAsciiWhitespace(number));
      }
      const bool fraction = element == VectorElement::kInt8 && value != std::nearbyint(value);
      if (outcome != NumberOutcome::kOk || fraction)
        return Malformed(type, text, "A vector is numbers between commas: '[1,2.5,-3]'.");
      TURDB_RETURN_IF_ERROR(builder.Add(value));
      if (more) inside.remove_prefix(comma + 1);
    }
  }
  TURDB_RETURN_IF_ERROR(CheckVectorDimensions(type, builder.dimensions()));
  TURDB_ASSIGN_OR_RETURN(std::string bytes, builder.Finish());
  return Value::OfBytes(type, std::move(bytes));
}

int CompareDenseVectors(const DenseVectorView& a, const DenseVectorView& b) {
  if (a.dimensions() != b.dimensions()) return a.dimensions() < b.dimensions() ? -1 : 1;
  for (size_t i = 0; i < a.dimensions(); ++i) {
    const float x = a.At(i), y = b.At(i);
    if (x != y) return x < y ? -1 : 1;
  }
  return 0;
}

uint64_t HashDenseVector(const DenseVectorView& vector) {
  uint64_t hash = vector.dimensions();
  for (size_t i = 0; i < vector.dimensions(); ++i) {
    const float value = vector.At(i) + 0.0f;  // -0 and 0 are equal
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof(bits));
    hash = CombineHash(hash, bits);
  }
  return hash;
}

}  // namespace turdb::vec
