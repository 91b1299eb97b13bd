// Running paths. A value expression gives items; a predicate one of three truths, errors below it being unknown.
#include <cmath>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "function/json_path.h"
#include "function/json_support.h"
#include "vec/datetime.h"
#include "vec/text_context.h"
#include "vec/text_format.h"

namespace turdb::function {

using base::MakeError;
using base::Status;
using base::StatusOr;
using vec::JsonKind;
using vec::JsonView;
using vec::Numeric;

namespace {

using Items = std::vector<JsonView>;
enum class Truth : uint8_t { kFalse, kTrue, kUnknown };

constexpr std::string_view kPathErrors[] = {"22012", "22033", "22034", "22038", "22039", "2203A", "2203B",
                                            "2203C", "2203F", "22036", "22003", "22023", "22031"};

Status PathError(std::string_view state, std::string_view message) {
  return MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{{state[0], state[1], state[2], state[3], state[4], '\0'}},
                   message);
}

// What .datetime() and its kin make of a string. Dates count as midnight.
enum class MomentKind : uint8_t { kDate, kTime, kTimestamp, kTimestampTz };
struct Moment {
  MomentKind kind = MomentKind::kDate;
  int64_t micros = 0;
  int64_t offset_us = 0;  // kTimestampTz: east of Greenwich, as it was written
};
constexpr int64_t kDayMicros = int64_t{86400} * 1'000'000;

std::string_view NameOf(MomentKind kind) {
  switch (kind) {
    case MomentKind::kDate:
      return "date";
    case MomentKind::kTime:
      return "time without time zone";
    case MomentKind::kTimestamp:
      return "timestamp without time zone";
    case MomentKind::kTimestampTz:
      return "timestamp with time zone";
  }
  return "";
}

// ISO 8601 and nothing else: a date, a time, or both with a blank or a T between them and perhaps a zone.
std::optional<Moment> ReadMoment(std::string_view text) {
  const auto digits = [&](size_t at, size_t count) {
    for (size_t i = at; i < at + count; ++i) {
      if (i >= text.size() || text[i] < '0' || text[i] > '9') return false;
    }
    return true;
  };
  const vec::TextContext context;
  Moment moment;
  const bool date = digits(0, 4) && text.size() >= 10 && text[4] == '-' && digits(5, 2) && text[7] == '-' && digits(8, 2);
  if (!date) {
    moment.kind = MomentKind::kTime;
    const bool time = digits(0, 2) && text.size() >= 5 && text[2] == ':' && text.find_first_not_of("0123456789:.") == text.npos;
    if (!time || vec::ParseTime(text, context, &moment.micros) != vec::ParseOutcome::kOk) return std::nullopt;
    return moment;
  }
  if (text.size() == 10) {
    int32_t days = 0;
    if (vec::ParseDate(text, context, &days) != vec::ParseOutcome::kOk) return std::nullopt;
    moment.micros = days * kDayMicros;
    return moment;
  }
  if ((text[10] != ' ' && text[10] != 'T') || !digits(11, 2)) return std::nullopt;
  const size_t zone = text.find_first_not_of("0123456789:.", 11);
  std::string local(text.substr(0, zone));
  local[10] = ' ';
  moment.kind = MomentKind::kTimestamp;
  if (vec::ParseTimestamp(local, context, &moment.micros) != vec::ParseOutcome::kOk) return std::nullopt;
  if (zone == std::string_view::npos) return moment;
  int64_t utc = 0;
  const std::string_view written = absl::StripAsciiWhitespace(text.substr(zone));
  if (written.find_first_not_of("0123456789:+-Z") != std::string_view::npos) return std::nullopt;
  if (vec::ParseTimestampTz(absl::StrCat(local, written), context, &utc) != vec::ParseOutcome::kOk) return std::nullopt;
  moment.kind = MomentKind::kTimestampTz;
  moment.offset_us = moment.micros - utc;
  moment.micros = utc;
  return moment;
}

std::string TextOf(const Moment& moment) {
  std::string text;
  switch (moment.kind) {
    case MomentKind::kDate:
      vec::AppendDate(static_cast<int32_t>(moment.micros / kDayMicros), &text);
      return text;
    case MomentKind::kTime:
      vec::AppendTime(moment.micros, &text);
      return text;
    case MomentKind::kTimestamp:
    case MomentKind::kTimestampTz:
      break;
  }
  vec::AppendTimestamp(moment.micros + moment.offset_us, &text);
  if (const size_t blank = text.find(' '); blank != std::string::npos) text[blank] = 'T';
  if (moment.kind == MomentKind::kTimestamp) return text;
  const int64_t minutes = std::abs(moment.offset_us) / 60'000'000;
  const auto two = [](int64_t value) { return absl::StrCat(value < 10 ? "0" : "", value); };
  return absl::StrCat(text, moment.offset_us < 0 ? "-" : "+", two(minutes / 60), ":", two(minutes % 60));
}

Truth Not(Truth truth) { return truth == Truth::kUnknown ? truth : truth == Truth::kTrue ? Truth::kFalse : Truth::kTrue; }

}  // namespace

bool IsPathError(const Status& status) {
  const base::SqlState state = base::GetSqlState(status);
  for (const std::string_view known : kPathErrors) {
    if (state.view() == known) return true;
  }
  return false;
}

class PathRun {
 public:
  PathRun(const JsonPath& path, const JsonView& root, const JsonView* variables, std::deque<std::string>* storage)
      : path_(path), root_(root), current_(root), variables_(variables), storage_(*storage) {}

  Status Run(Items* out) {
    if (IsPredicate(path_.root_)) {
      out->push_back(FromTruth(Test(path_.root_, root_)));
      return absl::OkStatus();
    }
    return Evaluate(path_.root_, root_, out);
  }

 private:
  const PathNode& node(int i) const { return path_.nodes_[static_cast<size_t>(i)]; }
  bool IsPredicate(int i) const { return node(i).kind >= PathKind::kAnd; }
  bool lax() const { return !path_.strict_; }
  // What is not there is left out: in lax mode, and behind .**, which meets values of every kind.
  bool forgiving() const { return lax() || descended_; }

  // ---- new items

  JsonView Keep(std::string bytes) {
    storage_.push_back(std::move(bytes));
    return JsonView(storage_.back());
  }
  template <typename F>
  JsonView Make(F&& write) {
    std::string bytes;
    vec::JsonWriter writer(&bytes);
    write(writer);
    return Keep(std::move(bytes));
  }
  JsonView FromNumber(const Numeric& number) {
    return Make([&](vec::JsonWriter& writer) { writer.Number(number); });
  }
  JsonView FromTruth(Truth truth) {
    return Make(
        [&](vec::JsonWriter& writer) { truth == Truth::kUnknown ? writer.Null() : writer.Boolean(truth == Truth::kTrue); });
  }
  JsonView FromText(std::string_view text) {
    return Make([&](vec::JsonWriter& writer) { writer.String(text); });
  }

  // ---- values

  // Appends the items of node `i` with `current` for @.
  Status Evaluate(int i, const JsonView& current, Items* out) {
    if (IsPredicate(i)) {
      out->push_back(FromTruth(Test(i, current)));
      return absl::OkStatus();
    }
    const PathNode& base = node(i);
    if (base.accessors.empty()) return EvaluateBase(base, current, out);
    Items items;
    TURDB_RETURN_IF_ERROR(EvaluateBase(base, current, &items));
    const bool outer = descended_;
    const Status status = FollowAccessors(base, std::move(items), out);
    descended_ = outer;
    return status;
  }

  Status FollowAccessors(const PathNode& base, Items items, Items* out) {
    for (size_t a = 0; a < base.accessors.size(); ++a) {
      Items found;
      const bool last = a + 1 == base.accessors.size();
      for (const JsonView& item : items) {
        TURDB_RETURN_IF_ERROR(Access(node(base.accessors[a]), item, lax(), last ? out : &found));
      }
      items = std::move(found);
      descended_ |= node(base.accessors[a]).kind == PathKind::kDescend;
    }
    return absl::OkStatus();
  }

  Status EvaluateBase(const PathNode& base, const JsonView& current, Items* out) {
    switch (base.kind) {
      case PathKind::kRoot:
        out->push_back(root_);
        return absl::OkStatus();
      case PathKind::kCurrent:
        out->push_back(current);
        return absl::OkStatus();
      case PathKind::kLiteral:
        out->push_back(JsonView(base.literal));
        return absl::OkStatus();
      case PathKind::kLast:
        out->push_back(FromNumber(Numeric(vec::Int128{last_})));
        return absl::OkStatus();
      case PathKind::kVariable: {
        std::optional<JsonView> value;
        if (variables_ != nullptr) value = variables_->Find(base.text);
        if (!value) {
          return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kUndefinedObject,
                           absl::StrCat("could not find jsonpath variable \"", base.text, "\""));
        }
        out->push_back(*value);
        return absl::OkStatus();
      }
      case PathKind::kPlus:
      case PathKind::kMinus: {
        TURDB_ASSIGN_OR_RETURN(const Items operands, Unwrapped(base.left, current));
        for (const JsonView& operand : operands) {
          if (operand.kind() != JsonKind::kNumber) {
            return PathError("2203B", absl::StrCat("operand of unary jsonpath operator ",
                                                   base.kind == PathKind::kPlus ? "+" : "-", " is not a numeric value"));
          }
          out->push_back(base.kind == PathKind::kPlus ? operand : FromNumber(operand.number().Negate()));
        }
        return absl::OkStatus();
      }
      default:
        return Arithmetic(base, current, out);
    }
  }

  // The items of a node; in lax mode arrays give their elements.
  StatusOr<Items> Unwrapped(int i, const JsonView& current) {
    Items items;
    TURDB_RETURN_IF_ERROR(Evaluate(i, current, &items));
    if (!lax()) return items;
    Items flat;
    for (const JsonView& item : items) {
      if (item.kind() != JsonKind::kArray) {
        flat.push_back(item);
        continue;
      }
      for (uint32_t e = 0; e < item.size(); ++e) flat.push_back(item.element(e));
    }
    return flat;
  }

  StatusOr<Numeric> Operand(int i, const JsonView& current, std::string_view side, std::string_view symbol) {
    TURDB_ASSIGN_OR_RETURN(const Items items, Unwrapped(i, current));
    if (items.size() != 1 || items[0].kind() != JsonKind::kNumber) {
      return PathError("22038", absl::StrCat(side, " operand of jsonpath operator ", symbol, " is not a single numeric value"));
    }
    return items[0].number();
  }

  Status Arithmetic(const PathNode& base, const JsonView& current, Items* out) {
    const std::string_view symbol = base.kind == PathKind::kAdd        ? "+"
                                    : base.kind == PathKind::kSubtract ? "-"
                                    : base.kind == PathKind::kMultiply ? "*"
                                    : base.kind == PathKind::kDivide   ? "/"
                                                                       : "%";
    TURDB_ASSIGN_OR_RETURN(const Numeric a, Operand(base.left, current, "left", symbol));
    TURDB_ASSIGN_OR_RETURN(const Numeric b, Operand(base.right, current, "right", symbol));
    std::optional<Numeric> result;
    switch (base.kind) {
      case PathKind::kAdd:
        result = a + b;
        break;
      case PathKind::kSubtract:
        result = a - b;
        break;
      case PathKind::kMultiply:
        result = a * b;
        break;
      case PathKind::kDivide:
        result = Numeric::Divide(a, b);
        break;
      default:
        result = Numeric::Modulo(a, b);
    }
    if (!result) return PathError("22012", "division by zero");
    if (!result->InRange()) return PathError("22003", "value overflows numeric format");
    out->push_back(FromNumber(*result));
    return absl::OkStatus();
  }

  // ---- accessors

  // Appends what `accessor` finds in `item`; `unwrap`: an array gives its elements first, where that is the lax way.
  Status Access(const PathNode& accessor, const JsonView& item, bool unwrap, Items* out) {
    switch (accessor.kind) {
      case PathKind::kMember:
        return Member(accessor, item, unwrap, out);
      case PathKind::kAnyMember:
        if (item.kind() == JsonKind::kObject) {
          for (uint32_t i = 0; i < item.size(); ++i) out->push_back(item.value(i));
          return absl::OkStatus();
        }
        if (unwrap && item.kind() == JsonKind::kArray) return EachElement(accessor, item, out);
        return forgiving() ? absl::OkStatus()
                           : PathError("2203C", "jsonpath wildcard member accessor can only be applied to an object");
      case PathKind::kDescend:
        return Descend(accessor, item, 0, out);
      case PathKind::kAnyElement:
        if (item.kind() == JsonKind::kArray) {
          for (uint32_t i = 0; i < item.size(); ++i) out->push_back(item.element(i));
          return absl::OkStatus();
        }
        if (descended_ && !lax()) return absl::OkStatus();
        if (!lax()) return PathError("22039", "jsonpath wildcard array accessor can only be applied to an array");
        out->push_back(item);
        return absl::OkStatus();
      case PathKind::kElements:
        return Elements(accessor, item, out);
      case PathKind::kFilter:
        if (unwrap && item.kind() == JsonKind::kArray) return EachElement(accessor, item, out);
        return Filter(accessor, item, out);
      default:
        return Method(accessor, item, unwrap, out);
    }
  }

  Status Filter(const PathNode& accessor, const JsonView& item, Items* out) {
    const JsonView outer = current_;
    current_ = item;
    if (Test(accessor.left, item) == Truth::kTrue) out->push_back(item);
    current_ = outer;
    return absl::OkStatus();
  }

  Status EachElement(const PathNode& accessor, const JsonView& array, Items* out) {
    for (uint32_t i = 0; i < array.size(); ++i) TURDB_RETURN_IF_ERROR(Access(accessor, array.element(i), false, out));
    return absl::OkStatus();
  }

  Status Member(const PathNode& accessor, const JsonView& item, bool unwrap, Items* out) {
    if (item.kind() == JsonKind::kObject) {
      if (const std::optional<JsonView> found = item.Find(accessor.text); found) {
        out->push_back(*found);
        return absl::OkStatus();
      }
      if (forgiving()) return absl::OkStatus();
      return PathError("2203A", absl::StrCat("JSON object does not contain key \"", accessor.text, "\""));
    }
    if (unwrap && item.kind() == JsonKind::kArray) return EachElement(accessor, item, out);
    return forgiving() ? absl::OkStatus() : PathError("2203A", "jsonpath member accessor can only be applied to an object");
  }

  Status Descend(const PathNode& accessor, const JsonView& item, uint32_t level, Items* out) {
    const bool last_only = accessor.from == ~0u;
    if (last_only ? !item.is_container() || item.size() == 0 : level >= accessor.from && level <= accessor.to) {
      out->push_back(item);
    }
    if (level >= accessor.to && !last_only) return absl::OkStatus();
    for (uint32_t i = 0; i < item.size(); ++i) {
      const JsonView child = item.kind() == JsonKind::kArray ? item.element(i) : item.value(i);
      TURDB_RETURN_IF_ERROR(Descend(accessor, child, level + 1, out));
    }
    return absl::OkStatus();
  }

  StatusOr<int64_t> Subscript(int i) {
    Items items;
    TURDB_RETURN_IF_ERROR(Evaluate(i, current_, &items));
    if (items.size() != 1 || items[0].kind() != JsonKind::kNumber) {
      return PathError("22033", "jsonpath array subscript is not a single numeric value");
    }
    const std::optional<vec::Int128> index = items[0].number().Truncate(0).ToInt128();
    if (!index || *index < INT32_MIN || *index > INT32_MAX) {
      return PathError("22033", "jsonpath array subscript is out of integer range");
    }
    return static_cast<int64_t>(*index);
  }

  Status Elements(const PathNode& accessor, const JsonView& item, Items* out) {
    const bool array = item.kind() == JsonKind::kArray;
    if (!array && !lax() && descended_) return absl::OkStatus();
    if (!array && !lax()) return PathError("22039", "jsonpath array accessor can only be applied to an array");
    const int64_t size = array ? item.size() : 1;
    const int64_t outer_last = last_;
    last_ = size - 1;
    Status status;
    for (const auto& [from_node, to_node] : accessor.subscripts) {
      status = AppendRange(from_node, to_node, item, array, size, out);
      if (!status.ok()) break;
    }
    last_ = outer_last;
    return status;
  }

  Status AppendRange(int from_node, int to_node, const JsonView& item, bool array, int64_t size, Items* out) {
    TURDB_ASSIGN_OR_RETURN(int64_t from, Subscript(from_node));
    int64_t to = from;
    if (to_node >= 0) {
      TURDB_ASSIGN_OR_RETURN(to, Subscript(to_node));
    }
    if (!forgiving() && (from < 0 || from > to || to >= size))
      return PathError("22033", "jsonpath array subscript is out of bounds");
    from = std::max<int64_t>(from, 0);
    to = std::min(to, size - 1);
    for (int64_t i = from; i <= to; ++i) out->push_back(array ? item.element(static_cast<uint32_t>(i)) : item);
    return absl::OkStatus();
  }

  // ---- methods

  Status Method(const PathNode& accessor, const JsonView& item, bool unwrap, Items* out) {
    const std::string_view name = accessor.text;
    if (name == "type") {
      if (const Moment* const moment = MomentOf(item); moment != nullptr) {
        out->push_back(FromText(NameOf(moment->kind)));
        return absl::OkStatus();
      }
      out->push_back(FromText(JsonTypeName(item.kind())));
      return absl::OkStatus();
    }
    if (name == "size") {
      if (item.kind() != JsonKind::kArray && !lax()) {
        return PathError("22039", "jsonpath item method .size() can only be applied to an array");
      }
      out->push_back(FromNumber(Numeric(vec::Int128{item.kind() == JsonKind::kArray ? item.size() : 1u})));
      return absl::OkStatus();
    }
    if (unwrap && item.kind() == JsonKind::kArray) return EachElement(accessor, item, out);
    if (name == "keyvalue") return KeyValue(item, out);
    if (name == "string") return String(item, out);
    if (name == "boolean") return Boolean(item, out);
    if (name == "datetime" || name == "date" || name.starts_with("time")) return DateTime(name, item, out);
    return Number(name, item, out);
  }

  Status KeyValue(const JsonView& item, Items* out) {
    if (item.kind() != JsonKind::kObject) {
      return PathError("2203C", "jsonpath item method .keyvalue() can only be applied to an object");
    }
    // Members of one object have one id: where it lies in the value.
    const char* const begin = root_.bytes().data();
    const bool inside = item.bytes().data() >= begin && item.bytes().data() < begin + root_.bytes().size();
    const auto id = inside ? static_cast<int64_t>(item.bytes().data() - begin) : int64_t{0};
    for (uint32_t i = 0; i < item.size(); ++i) {
      out->push_back(Make([&](vec::JsonWriter& writer) {
        writer.BeginObject();
        writer.Key("id");
        writer.Number(Numeric(vec::Int128{id}));
        writer.Key("key");
        writer.String(item.key(i));
        writer.Key("value");
        writer.Value(item.value(i));
        writer.EndObject();
      }));
    }
    return absl::OkStatus();
  }

  // The date or time that an item stands for; null: it is plain JSON.
  const Moment* MomentOf(const JsonView& item) const {
    const auto found = moments_.find(item.bytes().data());
    return found == moments_.end() ? nullptr : &found->second;
  }

  Status DateTime(std::string_view name, const JsonView& item, Items* out) {
    if (item.kind() != JsonKind::kString) {
      return PathError("22031", absl::StrCat("jsonpath item method .", name, "() can only be applied to a string"));
    }
    const std::optional<Moment> read = ReadMoment(item.string());
    if (!read) {
      return PathError("22031", absl::StrCat(name, " format is not recognized: \"", item.string(), "\""));
    }
    Moment moment = *read;
    const MomentKind wanted = name == "date"           ? MomentKind::kDate
                              : name == "time"         ? MomentKind::kTime
                              : name == "timestamp"    ? MomentKind::kTimestamp
                              : name == "timestamp_tz" ? MomentKind::kTimestampTz
                                                       : moment.kind;
    if (moment.kind != wanted) {
      const bool zoned = moment.kind == MomentKind::kTimestampTz || wanted == MomentKind::kTimestampTz;
      const bool has_date = moment.kind != MomentKind::kTime;
      if (zoned || !has_date || (wanted == MomentKind::kTime && moment.kind == MomentKind::kDate)) {
        return PathError("22031", absl::StrCat("cannot convert value from ", NameOf(moment.kind), " to ", NameOf(wanted),
                                               zoned ? " without time zone usage" : ""));
      }
      int64_t in_day = moment.micros % kDayMicros;
      if (in_day < 0) in_day += kDayMicros;
      if (wanted == MomentKind::kDate) moment.micros -= in_day;
      if (wanted == MomentKind::kTime) moment.micros = in_day;
      moment.kind = wanted;
    }
    const JsonView made = FromText(TextOf(moment));
    moments_[made.bytes().data()] = moment;
    out->push_back(made);
    return absl::OkStatus();
  }

  Status String(const JsonView& item, Items* out) {
    if (item.is_container() || item.kind() == JsonKind::kNull) {
      return PathError("22036",
                       "jsonpath item method .string() can only be applied to a boolean, string, numeric, or datetime value");
    }
    std::string text;
    TURDB_RETURN_IF_ERROR(JsonbSource::AppendPlain(item, &text));
    out->push_back(FromText(text));
    return absl::OkStatus();
  }

  Status Boolean(const JsonView& item, Items* out) {
    bool value = false;
    if (item.is_boolean()) {
      value = item.kind() == JsonKind::kTrue;
    } else if (item.kind() == JsonKind::kNumber) {
      value = !item.number().is_zero();
    } else if (item.kind() != JsonKind::kString || !vec::ParseBool(item.string(), &value)) {
      return PathError("22036", "jsonpath item method .boolean() can only be applied to a boolean, string, or numeric value");
    }
    out->push_back(FromTruth(value ? Truth::kTrue : Truth::kFalse));
    return absl::OkStatus();
  }

  // Methods on numbers; those that convert take strings, too.
  Status Number(std::string_view name, const JsonView& item, Items* out) {
    const bool rounds = name == "abs" || name == "floor" || name == "ceiling";
    std::optional<Numeric> number;
    if (item.kind() == JsonKind::kNumber) number = item.number();
    if (!rounds && item.kind() == JsonKind::kString) number = Numeric::Parse(item.string());
    if (!number || !number->is_finite()) {
      return PathError("22036", absl::StrCat("jsonpath item method .", name, "() can only be applied to a ",
                                             rounds ? "numeric value" : "string or numeric value"));
    }
    if (name == "abs") {
      number = number->Abs();
    } else if (name == "floor") {
      number = number->Floor();
    } else if (name == "ceiling") {
      number = number->Ceil();
    } else if (name == "double") {
      const double value = number->ToDouble();
      std::string text;
      vec::AppendDouble(value, &text);
      number = std::isfinite(value) ? Numeric::Parse(text) : std::nullopt;
      if (!number) return PathError("22036", "the argument of jsonpath item method .double() is out of range");
    } else if (name == "integer" || name == "bigint") {
      const std::optional<vec::Int128> whole = number->ToInt128();
      const int64_t most = name == "integer" ? INT32_MAX : INT64_MAX;
      if (!whole || *whole > vec::Int128{most} || *whole < -vec::Int128{most} - 1) {
        return PathError("22036", absl::StrCat("argument \"", number->ToString(), "\" of jsonpath item method .", name,
                                               "() is invalid for type ", name));
      }
      number = Numeric(*whole);
    }
    out->push_back(FromNumber(*number));
    return absl::OkStatus();
  }

  // ---- predicates

  Truth Test(int i, const JsonView& current) {
    const PathNode& predicate = node(i);
    switch (predicate.kind) {
      case PathKind::kAnd: {
        const Truth left = Test(predicate.left, current);
        if (left == Truth::kFalse) return left;
        const Truth right = Test(predicate.right, current);
        return right == Truth::kFalse ? right : left == Truth::kUnknown ? left : right;
      }
      case PathKind::kOr: {
        const Truth left = Test(predicate.left, current);
        if (left == Truth::kTrue) return left;
        const Truth right = Test(predicate.right, current);
        return right == Truth::kTrue ? right : left == Truth::kUnknown ? left : right;
      }
      case PathKind::kNot:
        return Not(Test(predicate.left, current));
      case PathKind::kIsUnknown:
        return Test(predicate.left, current) == Truth::kUnknown ? Truth::kTrue : Truth::kFalse;
      case PathKind::kExists: {
        Items items;
        if (!Evaluate(predicate.left, current, &items).ok()) return Truth::kUnknown;
        return items.empty() ? Truth::kFalse : Truth::kTrue;
      }
      default:
        return TestItems(predicate, current);
    }
  }

  // Whether some pair of items makes it true. In strict mode an unknown pair leaves it unknown.
  Truth TestItems(const PathNode& predicate, const JsonView& current) {
    const StatusOr<Items> left = Unwrapped(predicate.left, current);
    if (!left.ok()) return Truth::kUnknown;
    Items right = {JsonView()};
    if (predicate.right >= 0) {
      StatusOr<Items> items = Unwrapped(predicate.right, current);
      if (!items.ok()) return Truth::kUnknown;
      right = *std::move(items);
    }
    bool unknown = false, found = false;
    for (const JsonView& a : *left) {
      for (const JsonView& b : right) {
        const Truth truth = TestPair(predicate, a, b);
        if (truth == Truth::kUnknown) {
          if (!lax()) return truth;
          unknown = true;
        } else if (truth == Truth::kTrue) {
          if (lax()) return truth;
          found = true;
        }
      }
    }
    return found ? Truth::kTrue : unknown ? Truth::kUnknown : Truth::kFalse;
  }

  Truth TestPair(const PathNode& predicate, const JsonView& a, const JsonView& b) const {
    if (predicate.kind == PathKind::kStartsWith) {
      if (a.kind() != JsonKind::kString || b.kind() != JsonKind::kString) return Truth::kUnknown;
      return a.string().starts_with(b.string()) ? Truth::kTrue : Truth::kFalse;
    }
    if (predicate.kind == PathKind::kLikeRegex) {
      if (a.kind() != JsonKind::kString) return Truth::kUnknown;
      return predicate.regex->Matches(a.string()) ? Truth::kTrue : Truth::kFalse;
    }
    const Moment* const x = MomentOf(a);
    const Moment* const y = MomentOf(b);
    if (x == nullptr && y == nullptr) return Compare(predicate.kind, a, b);
    const auto comparable = [](MomentKind p, MomentKind q) {
      const auto local = [](MomentKind kind) { return kind == MomentKind::kDate || kind == MomentKind::kTimestamp; };
      return p == q || (local(p) && local(q));
    };
    if (x == nullptr || y == nullptr || !comparable(x->kind, y->kind)) {  // a null differs, others cannot be compared
      const bool null = a.kind() == JsonKind::kNull || b.kind() == JsonKind::kNull;
      return !null ? Truth::kUnknown : predicate.kind == PathKind::kNotEqual ? Truth::kTrue : Truth::kFalse;
    }
    return Holds(predicate.kind, x->micros < y->micros ? -1 : x->micros > y->micros ? 1 : 0);
  }

  static Truth Compare(PathKind relation, const JsonView& a, const JsonView& b) {
    const bool same_kind = a.kind() == b.kind() || (a.is_boolean() && b.is_boolean());
    if (!same_kind) {  // null differs from everything else; what else differs in kind cannot be compared
      if (a.kind() != JsonKind::kNull && b.kind() != JsonKind::kNull) return Truth::kUnknown;
      return relation == PathKind::kNotEqual ? Truth::kTrue : Truth::kFalse;
    }
    if (a.is_container()) return Truth::kUnknown;
    return Holds(relation, vec::CompareJson(a, b));
  }

  static Truth Holds(PathKind relation, int order) {
    bool holds = false;
    switch (relation) {
      case PathKind::kEqual:
        holds = order == 0;
        break;
      case PathKind::kNotEqual:
        holds = order != 0;
        break;
      case PathKind::kLess:
        holds = order < 0;
        break;
      case PathKind::kLessOrEqual:
        holds = order <= 0;
        break;
      case PathKind::kGreater:
        holds = order > 0;
        break;
      default:
        holds = order >= 0;
    }
    return holds ? Truth::kTrue : Truth::kFalse;
  }

  const JsonPath& path_;
  const JsonView root_;
  JsonView current_;  // what @ is, for subscripts
  const JsonView* const variables_;
  std::deque<std::string>& storage_;
  std::map<const char*, Moment> moments_;  // by where the item lies
  bool descended_ = false;                 // behind .**
  int64_t last_ = -1;                      // of the array whose subscripts are being computed
};

Status JsonPath::Query(const JsonView& target, const JsonView* variables, std::deque<std::string>* storage,
                       std::vector<JsonView>* items) const {
  return PathRun(*this, target, variables, storage).Run(items);
}

}  // namespace turdb::function
