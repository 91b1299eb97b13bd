// Arrays as rows: unnest, generate_subscripts; and string_to_table.
#include "absl/strings/str_cat.h"
#include "function/set_function.h"
#include "vec/array.h"
#include "vec/utf8.h"

namespace turdb::function {
namespace {

using vec::ArrayView;

class UnnestScan : public SetScan {
 public:
  explicit UnnestScan(const Type& type) : type_(type) {}
  Status Start(std::span<const Value> arguments, CallContext&) override {
    bytes_ = arguments[0].bytes();
    array_.emplace(type_, bytes_);
    next_ = 0;
    return absl::OkStatus();
  }
  StatusOr<bool> Next(std::vector<Value>* row) override {
    if (next_ == array_->size()) return false;
    (*row)[0] = array_->Get(next_++);
    return true;
  }

 private:
  const Type type_;
  std::string bytes_;
  std::optional<ArrayView> array_;
  uint32_t next_ = 0;
};

std::unique_ptr<SetScan> MakeUnnest(const BoundSetFunction& bound) {
  return std::make_unique<UnnestScan>(bound.argument_types[0]);
}

Status BindUnnest(BoundSetFunction* bound, std::span<const Type> actual) {
  if (actual[0].id != TypeId::kArray) bound->argument_types[0] = Type::ArrayOf(TypeId::kText);
  bound->columns[0].type = bound->argument_types[0].element_type();
  return absl::OkStatus();
}

// generate_subscripts(array, dimension [, reverse]).
class SubscriptsScan : public SetScan {
 public:
  explicit SubscriptsScan(const Type& type) : type_(type) {}
  Status Start(std::span<const Value> arguments, CallContext&) override {
    const ArrayView array(type_, arguments[0].bytes());
    const int32_t d = arguments[1].Get<int32_t>();
    left_ = 0;
    if (d < 1 || d > array.dimensions()) return absl::OkStatus();
    const vec::ArrayDimension dimension = array.dimension(d - 1);
    left_ = dimension.length;
    const bool reverse = arguments.size() > 2 && arguments[2].AsBool();
    next_ = reverse ? dimension.upper() : dimension.lower;
    step_ = reverse ? -1 : 1;
    return absl::OkStatus();
  }
  StatusOr<bool> Next(std::vector<Value>* row) override {
    if (left_ == 0) return false;
    --left_;
    (*row)[0] = Value::Int32(next_);
    next_ += step_;
    return true;
  }

 private:
  const Type type_;
  uint32_t left_ = 0;
  int32_t next_ = 0;
  int32_t step_ = 1;
};

std::unique_ptr<SetScan> MakeSubscripts(const BoundSetFunction& bound) {
  return std::make_unique<SubscriptsScan>(bound.argument_types[0]);
}

Status BindSubscripts(BoundSetFunction* bound, std::span<const Type> actual) {
  if (actual[0].id != TypeId::kArray) bound->argument_types[0] = Type::ArrayOf(TypeId::kText);
  return absl::OkStatus();
}

// string_to_table(text, separator [, null_string]): pieces as string_to_array makes them.
class PiecesScan : public SetScan {
 public:
  Status Start(std::span<const Value> arguments, CallContext&) override {
    done_ = arguments[0].is_null() || arguments[0].bytes().empty();
    if (done_) return absl::OkStatus();
    text_ = arguments[0].bytes();
    separator_.reset();
    if (!arguments[1].is_null()) separator_ = arguments[1].bytes();
    null_string_.reset();
    if (arguments.size() > 2 && !arguments[2].is_null()) null_string_ = arguments[2].bytes();
    from_ = 0;
    return absl::OkStatus();
  }
  StatusOr<bool> Next(std::vector<Value>* row) override {
    if (done_) return false;
    const std::string_view text = text_;
    size_t end = std::string_view::npos, next = 0;
    if (!separator_) {
      end = from_ + vec::Utf8Length(text[from_]);
      next = end;
      if (end == text.size()) done_ = true;
    } else if (!separator_->empty()) {
      end = text.find(*separator_, from_);
      next = end + separator_->size();
    }
    if (end == std::string_view::npos) done_ = true;
    const std::string_view piece = text.substr(from_, end == std::string_view::npos ? end : end - from_);
    from_ = next;
    (*row)[0] = null_string_ && piece == *null_string_ ? Value::Null(TypeId::kText) : Value::Text(piece);
    return true;
  }

 private:
  std::string text_;
  std::optional<std::string> separator_, null_string_;
  size_t from_ = 0;
  bool done_ = true;
};

std::unique_ptr<SetScan> MakePieces(const BoundSetFunction&) { return std::make_unique<PiecesScan>(); }

}  // namespace

void AddArraySets(std::vector<SetFunction>& list) {
  constexpr TypeId kArray = TypeId::kArray, kInt = TypeId::kInt32, kText = TypeId::kText;
  list.push_back({"unnest", {kArray}, {{"", kText}}, MakeUnnest, BindUnnest});
  list.push_back({"generate_subscripts", {kArray, kInt}, {{"", kInt}}, MakeSubscripts, BindSubscripts});
  list.push_back({"generate_subscripts", {kArray, kInt, TypeId::kBoolean}, {{"", kInt}}, MakeSubscripts, BindSubscripts});
  list.push_back({"string_to_table", {kText, kText}, {{"", kText}}, MakePieces, nullptr, false});
  list.push_back({"string_to_table", {kText, kText, kText}, {{"", kText}}, MakePieces, nullptr, false});
}

}  // namespace turdb::function
