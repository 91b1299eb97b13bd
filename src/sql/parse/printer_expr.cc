#include "sql/parse/printer_internal.h"

#include "absl/strings/escaping.h"
#include "sql/parse/keywords.h"

namespace turdb::sql::internal {

using ast::As;
using ast::ExprKind;

void Printer::Name(ast::Text name) {
  bool plain = !name.empty() && !(name[0] >= '0' && name[0] <= '9') && name[0] != '$';
  for (char c : name) plain &= (c >= 'a' && c <= 'z') || c == '_' || (c >= '0' && c <= '9');
  if (plain && FindKeyword(name, internal::HashKeyword(name)) == kNoKeyword) {
    Add(name);
    return;
  }
  out_.push_back('"');
  for (char c : name) {
    if (c == '"') out_.push_back('"');
    out_.push_back(c);
  }
  out_.push_back('"');
}

void Printer::Literal(const ast::Literal& literal) {
  switch (literal.kind) {
    case ExprKind::kNull:
      return Add("NULL");
    case ExprKind::kBoolean:
      return Add(literal.boolean ? "TRUE" : "FALSE");
    case ExprKind::kString:
      return String(literal.text);
    case ExprKind::kBlob:
      return Add("x'", absl::BytesToHexString(literal.text), "'");
    case ExprKind::kBits:
      return Add("b'", literal.text, "'");
    case ExprKind::kDefault:
      return Add("DEFAULT");
    default:  // a negative number is grouped, or its sign would bind looser than what follows
      return literal.text.starts_with("-") ? Add("(", literal.text, ")") : Add(literal.text);
  }
}

void Printer::Bound(ast::FrameBound bound, const ast::Expr* offset) {
  if (offset != nullptr) Print(*offset);
  switch (bound) {
    case ast::FrameBound::kUnboundedPreceding:
      return Add("UNBOUNDED PRECEDING");
    case ast::FrameBound::kPreceding:
      return Add(" PRECEDING");
    case ast::FrameBound::kCurrentRow:
      return Add("CURRENT ROW");
    case ast::FrameBound::kFollowing:
      return Add(" FOLLOWING");
    case ast::FrameBound::kUnboundedFollowing:
      return Add("UNBOUNDED FOLLOWING");
  }
}

void Printer::Frame(const ast::Window& window) {
  if (window.unit == ast::FrameUnit::kNone) return;
  Add(window.unit == ast::FrameUnit::kRows    ? " ROWS BETWEEN "
      : window.unit == ast::FrameUnit::kRange ? " RANGE BETWEEN "
                                              : " GROUPS BETWEEN ");
  Bound(window.start, window.start_offset);
  Add(" AND ");
  Bound(window.end, window.end_offset);
  switch (window.exclusion) {
    case ast::FrameExclusion::kNone:
      return;
    case ast::FrameExclusion::kCurrentRow:
      return Add(" EXCLUDE CURRENT ROW");
    case ast::FrameExclusion::kGroup:
      return Add(" EXCLUDE GROUP");
    case ast::FrameExclusion::kTies:
      return Add(" EXCLUDE TIES");
  }
}

void Printer::Window(const ast::Window& window) {
  Add("(");
  if (!window.name.empty()) Name(window.name.text);
  if (!window.partition_by.empty()) {
    Add(" PARTITION BY ");
    Exprs(window.partition_by);
  }
  if (!window.order_by.empty()) Order(window.order_by);
  Frame(window);
  Add(")");
}

void Printer::Call(const ast::Call& call) {
  // Words such as left or coalesce are names of functions without quotes only.
  if (call.name.parts.size() == 1 && !call.name.last().quoted) {
    Add(call.name.last().text);
  } else {
    Path(call.name);
  }
  if (call.bare && call.arguments.empty()) return;
  Add("(");
  if (call.star) Add("*");
  if (call.distinct) Add("DISTINCT ");
  for (size_t i = 0; i < call.arguments.size(); ++i) {
    if (i > 0) Add(", ");
    if (call.variadic && i + 1 == call.arguments.size()) Add("VARIADIC ");
    // EXTRACT's field is a word; as the first argument of the plain form it is a string.
    Print(*call.arguments[i]);
  }
  if (!call.order_by.empty() && !call.within_group) Order(call.order_by);
  if (call.ignore_nulls) Add(" IGNORE NULLS");
  Add(")");
  if (call.within_group) {
    Add(" WITHIN GROUP (");
    Order(call.order_by);
    Add(")");
  }
  if (call.filter != nullptr) {
    Add(" FILTER (WHERE ");
    Print(*call.filter);
    Add(")");
  }
  if (call.over == nullptr) return;
  Add(" OVER ");
  if (call.over->by_name) {
    Name(call.over->name.text);
  } else {
    Window(*call.over);
  }
}

void Printer::Like(const ast::Like& like) {
  static constexpr std::string_view kWords[] = {"LIKE ", "ILIKE ", "SIMILAR TO ", "GLOB ", "REGEXP ", "MATCH "};
  Add("(");
  Print(*like.operand);
  Add(like.negated ? " NOT " : " ", kWords[static_cast<size_t>(like.like)]);
  Print(*like.pattern);
  if (like.escape != nullptr) {
    Add(" ESCAPE ");
    Print(*like.escape);
  }
  Add(")");
}

void Printer::Is(const ast::IsPredicate& is) {
  static constexpr std::string_view kWords[] = {"NULL", "TRUE", "FALSE", "UNKNOWN", "DISTINCT FROM ", "", "JSON "};
  Add("(");
  Print(*is.operand);
  Add(is.negated ? " IS NOT " : " IS ", kWords[static_cast<size_t>(is.test)]);
  if (is.other != nullptr) Print(*is.other);
  if (is.test == ast::IsTest::kJson) Add(is.json_kind, is.unique_keys ? " WITH UNIQUE KEYS" : "");
  Add(")");
}

void Printer::In(const ast::In& in) {
  Add("(");
  Print(*in.operand);
  Add(in.negated ? " NOT IN (" : " IN (");
  if (in.subquery != nullptr) {
    Print(*in.subquery);
  } else {
    Exprs(in.list);
  }
  Add("))");
}

void Printer::Case(const ast::Case& node) {
  Add("CASE");
  if (node.operand != nullptr) {
    Add(" ");
    Print(*node.operand);
  }
  for (const ast::When& when : node.whens) {
    Add(" WHEN ");
    Print(*when.condition);
    Add(" THEN ");
    Print(*when.result);
  }
  if (node.otherwise != nullptr) {
    Add(" ELSE ");
    Print(*node.otherwise);
  }
  Add(" END");
}

void Printer::Star(const ast::Star& star) {
  if (!star.qualifier.empty()) {
    Names(star.qualifier, ".");
    Add(".");
  }
  Add("*");
  if (!star.exclude.empty()) {
    Add(" EXCLUDE ");
    Parenthesised(star.exclude);
  }
  if (star.replace.empty()) return;
  Add(" REPLACE (");
  Each(star.replace, [this](const ast::ReplaceItem& item) {
    Print(*item.value);
    Add(" AS ");
    Name(item.name.text);
  });
  Add(")");
}

void Printer::Print(const ast::Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kNull:
    case ExprKind::kBoolean:
    case ExprKind::kInteger:
    case ExprKind::kNumeric:
    case ExprKind::kString:
    case ExprKind::kBlob:
    case ExprKind::kBits:
    case ExprKind::kDefault:
      return Literal(As<ast::Literal>(expr));
    case ExprKind::kParameter:
      return Add("$", As<ast::Parameter>(expr).number);
    case ExprKind::kColumn:
      return Names(As<ast::Column>(expr).parts, ".");
    case ExprKind::kStar:
      return Star(As<ast::Star>(expr));
    case ExprKind::kUnary: {
      const auto& unary = As<ast::Unary>(expr);
      Add("(", unary.op, " ");
      Print(*unary.operand);
      return Add(")");
    }
    case ExprKind::kBinary: {
      const auto& binary = As<ast::Binary>(expr);
      Add("(");
      Print(*binary.left);
      Add(" ", binary.op, " ");
      Print(*binary.right);
      return Add(")");
    }
    case ExprKind::kAnd:
    case ExprKind::kOr: {
      Add("(");
      const auto operands = As<ast::Junction>(expr).operands;
      for (size_t i = 0; i < operands.size(); ++i) {
        if (i > 0) Add(expr.kind == ExprKind::kAnd ? " AND " : " OR ");
        Print(*operands[i]);
      }
      return Add(")");
    }
    case ExprKind::kNot:
      Add("(NOT ");
      Print(*As<ast::Not>(expr).operand);
      return Add(")");
    case ExprKind::kIs:
      return Is(As<ast::IsPredicate>(expr));
    case ExprKind::kBetween: {
      const auto& between = As<ast::Between>(expr);
      Add("(");
      Print(*between.operand);
      Add(between.negated ? " NOT BETWEEN " : " BETWEEN ", between.symmetric ? "SYMMETRIC " : "");
      Print(*between.lower);
      Add(" AND ");
      Print(*between.upper);
      return Add(")");
    }
    case ExprKind::kIn:
      return In(As<ast::In>(expr));
    case ExprKind::kLike:
      return Like(As<ast::Like>(expr));
    case ExprKind::kQuantified: {
      const auto& quantified = As<ast::Quantified>(expr);
      Add("(");
      Print(*quantified.left);
      Add(" ", quantified.op, quantified.all ? " ALL (" : " ANY (");
      if (quantified.subquery != nullptr) {
        Print(*quantified.subquery);
      } else {
        Print(*quantified.array);
      }
      return Add("))");
    }
    case ExprKind::kCase:
      return Case(As<ast::Case>(expr));
    case ExprKind::kCast: {
      const auto& cast = As<ast::Cast>(expr);
      if (cast.syntax == ast::CastSyntax::kTypedLiteral && !cast.type->interval_fields.empty()) {
        Add("INTERVAL ");
        Print(*cast.operand);
        return Add(" ", cast.type->interval_fields);
      }
      Add(cast.syntax == ast::CastSyntax::kTry ? "TRY_CAST(" : "CAST(");
      Print(*cast.operand);
      Add(" AS ");
      Print(*cast.type);
      return Add(")");
    }
    case ExprKind::kCollate: {
      Add("(");
      Print(*As<ast::Collate>(expr).operand);
      Add(" COLLATE ");
      Path(As<ast::Collate>(expr).collation);
      return Add(")");
    }
    case ExprKind::kCall:
      return Call(As<ast::Call>(expr));
    case ExprKind::kSubquery:
    case ExprKind::kExists:
    case ExprKind::kArraySubquery:
      Add(expr.kind == ExprKind::kExists ? "EXISTS (" : expr.kind == ExprKind::kSubquery ? "(" : "ARRAY(");
      Print(*As<ast::Subquery>(expr).select);
      return Add(")");
    case ExprKind::kArray:
      Add("ARRAY[");
      Exprs(As<ast::Array>(expr).elements);
      return Add("]");
    case ExprKind::kRow:
      if (const auto& row = As<ast::Row>(expr); !row.names.empty()) {
        for (size_t i = 0; i < row.elements.size(); ++i) {
          Add(i == 0 ? "{" : ", ");
          String(row.names[i].text);
          Add(": ");
          Print(*row.elements[i]);
        }
        return Add("}");
      }
      Add("ROW(");
      Exprs(As<ast::Row>(expr).elements);
      return Add(")");
    case ExprKind::kMap:
      Add("map {");
      for (size_t i = 0; i < As<ast::Map>(expr).pairs.size(); ++i) {
        if (i != 0) Add(i % 2 == 1 ? ": " : ", ");
        Print(*As<ast::Map>(expr).pairs[i]);
      }
      return Add("}");
    case ExprKind::kSubscript: {
      const auto& subscript = As<ast::Subscript>(expr);
      if (!subscript.continues) Add("(");
      Print(*subscript.operand);
      Add(subscript.continues ? "[" : ")[");
      if (subscript.lower != nullptr) Print(*subscript.lower);
      if (subscript.slice) Add(" : ");
      if (subscript.upper != nullptr) Print(*subscript.upper);
      return Add("]");
    }
    case ExprKind::kField:
      Add("(");
      Print(*As<ast::Field>(expr).operand);
      Add(").");
      if (As<ast::Field>(expr).name.empty()) return Add("*");
      return Name(As<ast::Field>(expr).name.text);
    case ExprKind::kGroupingSet: {
      static constexpr std::string_view kWords[] = {"", "ROLLUP ", "CUBE ", "GROUPING SETS "};
      const auto& set = As<ast::GroupingSet>(expr);
      Add(kWords[static_cast<size_t>(set.grouping)], "(");
      Exprs(set.elements);
      return Add(")");
    }
    case ExprKind::kLambda: {
      const auto& lambda = As<ast::Lambda>(expr);
      Parenthesised(lambda.parameters);
      Add(" -> ");
      return Print(*lambda.body);
    }
    case ExprKind::kNamedArgument:
      Name(As<ast::NamedArgument>(expr).name.text);
      Add(" => ");
      return Print(*As<ast::NamedArgument>(expr).value);
  }
}

void Printer::Print(const ast::TypeName& type) {
  if (type.set_of) Add("SETOF ");
  for (size_t i = 0; i < type.name.parts.size(); ++i) {
    if (i > 0) Add(".");
    const ast::Name& part = type.name.parts[i];
    if (part.quoted) {
      Name(part.text);
    } else {
      Add(part.text);
    }
  }
  if (!type.interval_fields.empty()) Add(" ", type.interval_fields);
  if (!type.modifiers.empty()) {
    Add("(");
    Exprs(type.modifiers);
    Add(")");
  }
  if (!type.fields.empty()) {
    Add("(");
    Each(type.fields, [this](const ast::TypeField& field) {
      Name(field.name.text);
      Add(" ");
      Print(*field.type);
    });
    Add(")");
  }
  if (!type.types.empty()) {
    Add("(");
    Each(type.types, [this](const ast::TypeName* part) { Print(*part); });
    Add(")");
  }
  for (int32_t i = 0; i < type.array_depth; ++i) Add("[]");
}

}  // namespace turdb::sql::internal
