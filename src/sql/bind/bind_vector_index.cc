// CREATE INDEX ... USING hnsw: in the words of pgvector.
#include <algorithm>
#include <set>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "sql/bind/binder.h"

namespace turdb::sql {

using base::Status;
using base::StatusOr;
using vec::Type;
using vec::TypeId;
namespace sqlstate = base::sqlstate;

namespace {

struct VectorOperatorClass {
  std::string_view name;  // behind "vector_", of any elements, or "halfvec_"
  table::VectorMetric metric;
};
constexpr VectorOperatorClass kVectorOperatorClasses[] = {{"l2_ops", table::VectorMetric::kL2},
                                                          {"ip_ops", table::VectorMetric::kInnerProduct},
                                                          {"cosine_ops", table::VectorMetric::kCosine}};

constexpr int32_t kMaxIndexedDimensions = 16000;

}  // namespace

Status Binder::BindVectorIndexOptions(const ast::CreateIndex& create, table::VectorIndexOptions* options) {
  struct Number {
    std::string_view name;
    uint16_t* value;
    int least, most;
  };
  const Number numbers[] = {{"m", &options->links, 2, 100},
                            {"m0", &options->max_degree, 2, 128},
                            {"ef_construction", &options->ef_construction, 4, 1000},
                            {"ef_search", &options->ef_search, 1, 1000}};
  bool m0 = false;
  std::set<std::string_view> given;
  for (const ast::Option& option : create.options) {
    if (!given.insert(option.name.text).second) {
      return Error(base::SqlState{"22023"}, absl::StrCat("parameter \"", option.name.text, "\" specified more than once"),
                   option.name.offset);
    }
    if (option.name.text == "quantization") {
      if (absl::EqualsIgnoreCase(option.value, "sq8")) continue;
      return base::WithHint(
          Unsupported(absl::StrCat("quantization \"", option.value, "\""), option.name.offset),
          "Leave it out, or write quantization = 'sq8': results are ranked by the exact distances of the rows.");
    }
    const auto* const number =
        std::find_if(std::begin(numbers), std::end(numbers), [&](const Number& n) { return n.name == option.name.text; });
    if (number == std::end(numbers)) {
      return base::WithHint(
          Error(base::SqlState{"22023"}, absl::StrCat("unrecognized parameter \"", option.name.text, "\""), option.name.offset),
          "An hnsw index has m, m0, ef_construction, ef_search and quantization.");
    }
    int value = 0;
    if (!absl::SimpleAtoi(option.value, &value) || value < number->least || value > number->most) {
      return Error(base::SqlState{"22023"},
                   absl::StrCat("value \"", option.value, "\" of parameter \"", number->name, "\" is not between ",
                                number->least, " and ", number->most),
                   option.name.offset);
    }
    *number->value = static_cast<uint16_t>(value);
    m0 |= number->name == "m0";
  }
  if (!m0) options->max_degree = static_cast<uint16_t>(std::min(2 * options->links, 128));
  if (options->max_degree < options->links || options->ef_construction < options->links) {
    return Error(base::SqlState{"22023"}, "neither m0 nor ef_construction may be below m", create.method.offset);
  }
  return absl::OkStatus();
}

StatusOr<Command> Binder::BindCreateVectorIndex(const ast::CreateIndex& create, CreateIndexCommand command) {
  if (create.unique) {
    return Error(sqlstate::kFeatureNotSupported, "access method \"hnsw\" does not support unique indexes",
                 create.method.offset);
  }
  if (create.elements.size() != 1) {
    return Error(sqlstate::kFeatureNotSupported, "access method \"hnsw\" does not support multicolumn indexes",
                 create.method.offset);
  }
  if (!create.include.empty()) {
    return Error(sqlstate::kFeatureNotSupported, "access method \"hnsw\" does not support included columns",
                 create.include[0].offset);
  }
  const ast::IndexElement& element = create.elements[0];
  if (element.direction != ast::Direction::kDefault || element.nulls != ast::NullsOrder::kDefault) {
    return Error(sqlstate::kFeatureNotSupported, "access method \"hnsw\" does not support ASC, DESC or NULLS options",
                 element.expr->offset);
  }
  command.index.name = std::string(create.name.text);
  command.index.method = table::IndexMethod::kHnsw;
  Scope row;
  OpenRow(*command.relation->schema, &row);
  TURDB_ASSIGN_OR_RETURN(command.index.parts, BindIndexParts(create.elements, *command.relation->schema, &row));
  const Type& type = command.index.parts[0].type;
  if (type.id != TypeId::kDenseVector) {
    return base::WithHint(
        Error(sqlstate::kUndefinedObject,
              absl::StrCat("data type ", type.ToString(), " has no vectors for access method \"hnsw\""), element.expr->offset),
        "Index a column of type vector(n) or halfvec(n), or an expression such as (column::vector(3)).");
  }
  if (type.vector_element() == vec::VectorElement::kBit) {
    return base::WithHint(Unsupported("an hnsw index over vectors of bits", element.expr->offset),
                          "Without an index, ORDER BY column <~> value LIMIT k compares every row.");
  }
  if (type.length == 0) {
    return base::WithHint(Error(base::SqlState{"22023"}, "column does not have dimensions", element.expr->offset),
                          "Declare how many: vector(3), or index an expression such as (column::vector(3)).");
  }
  if (type.length > kMaxIndexedDimensions) {
    return base::WithHint(
        Error(base::SqlState{"54000"},
              absl::StrCat("column cannot have more than ", kMaxIndexedDimensions, " dimensions for hnsw index"),
              element.expr->offset),
        "Without an index, ORDER BY column <-> value LIMIT k compares every row.");
  }
  if (!element.operator_class.empty()) {
    const std::string_view name = element.operator_class.last().text;
    std::string_view measure = name;
    const bool half = absl::ConsumePrefix(&measure, "halfvec_");
    const bool known = half || absl::ConsumePrefix(&measure, "vector_");
    const auto* const found = std::find_if(std::begin(kVectorOperatorClasses), std::end(kVectorOperatorClasses),
                                           [&](const VectorOperatorClass& each) { return known && each.name == measure; });
    if (found == std::end(kVectorOperatorClasses)) {
      const Status refused =
          known && measure == "l1_ops"
              ? Unsupported("an hnsw index by the L1 distance", element.operator_class.offset())
              : Error(sqlstate::kUndefinedObject,
                      absl::StrCat("operator class \"", name, "\" does not exist for access method \"hnsw\""),
                      element.operator_class.offset());
      return base::WithHint(refused,
                            "There are vector_l2_ops, vector_ip_ops and vector_cosine_ops, and halfvec_l2_ops and so on.");
    }
    if (half && type.vector_element() != vec::VectorElement::kFloat16) {
      return Error(base::SqlState{"42804"},
                   absl::StrCat("operator class \"", name, "\" does not accept data type ", type.ToString()),
                   element.operator_class.offset());
    }
    command.index.vectors.metric = found->metric;
  }
  TURDB_RETURN_IF_ERROR(BindVectorIndexOptions(create, &command.index.vectors));
  if (create.where != nullptr) {
    TURDB_ASSIGN_OR_RETURN(const Expr* bound, BindForIndex(*create.where, &row, "index predicates"));
    TURDB_RETURN_IF_ERROR(ToCondition(bound, "WHERE", create.where->offset).status());
    command.index.predicate_sql = std::string(create.where_text);
  }
  return Command(std::move(command));
}

}  // namespace turdb::sql
