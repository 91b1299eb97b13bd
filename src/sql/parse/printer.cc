#include "sql/parse/printer.h"

#include <string_view>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "sql/parse/keywords.h"

namespace turdb::sql {
namespace {

using ast::As;
using ast::ExprKind;
using ast::Text;

class Printer {
 public:
  std::string Take() { return std::move(out_); }

  void Print(const ast::Expr& expr);
  void Print(const ast::TypeName& type);
  void Print(const ast::Select& select);
  void Print(const ast::Statement& statement);

 private:
  template <typename... Parts>
  void Add(const Parts&... parts) {
    absl::StrAppend(&out_, parts...);
  }
  // Quoted unless it is a plain word that no rule reserves.
  void Name(Text name) {
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
  void String(Text text) {
    out_.push_back('\'');
    for (char c : text) {
      if (c == '\'') out_.push_back('\'');
      out_.push_back(c);
    }
    out_.push_back('\'');
  }
  void Names(ast::List<ast::Name> names, std::string_view separator) {
    for (size_t i = 0; i < names.size(); ++i) {
      if (i > 0) Add(separator);
      Name(names[i].text);
    }
  }
  void Path(const ast::QualifiedName& name) { Names(name.parts, "."); }
  void Parenthesised(ast::List<ast::Name> names) {
    Add("(");
    Names(names, ", ");
    Add(")");
  }
  template <typename List, typename F>
  void Each(const List& list, F&& print) {
    for (size_t i = 0; i < list.size(); ++i) {
      if (i > 0) Add(", ");
      print(list[i]);
    }
  }
  void Exprs(ast::List<ast::Expr*> exprs) {
    Each(exprs, [this](const ast::Expr* e) { Print(*e); });
  }
  void Order(ast::List<ast::OrderItem> order) {
    Add(" ORDER BY ");
    Each(order, [this](const ast::OrderItem& item) {
      Print(*item.expr);
      Ordering(item.direction, item.nulls);
    });
  }
  void Ordering(ast::Direction direction, ast::NullsOrder nulls) {
    if (direction == ast::Direction::kAscending) Add(" ASC");
    if (direction == ast::Direction::kDescending) Add(" DESC");
    if (nulls == ast::NullsOrder::kFirst) Add(" NULLS FIRST");
    if (nulls == ast::NullsOrder::kLast) Add(" NULLS LAST");
  }
  void Items(ast::List<ast::SelectItem> items) {
    Each(items, [this](const ast::SelectItem& item) {
      Print(*item.expr);
      if (item.alias.empty()) return;
      Add(" AS ");
      Name(item.alias.text);
    });
  }
  void Returning(ast::List<ast::SelectItem> items) {
    if (items.empty()) return;
    Add(" RETURNING ");
    Items(items);
  }
  void Where(const ast::Expr* where) {
    if (where == nullptr) return;
    Add(" WHERE ");
    Print(*where);
  }

  void Literal(const ast::Literal& literal);
  void Call(const ast::Call& call);
  void Window(const ast::Window& window);
  void Frame(const ast::Window& window);
  void Bound(ast::FrameBound bound, const ast::Expr* offset);
  void Like(const ast::Like& like);
  void Is(const ast::IsPredicate& is);
  void In(const ast::In& in);
  void Case(const ast::Case& node);
  void Star(const ast::Star& star);
  void Body(const ast::SelectBody& body);
  void Core(const ast::SelectCore& core);
  void From(ast::List<ast::TableRef*> from);
  void Table(const ast::TableRef& ref);
  void Alias(const ast::TableRef& ref);
  void With(const ast::With* with);
  void Sets(ast::List<ast::SetItem> items);
  void Insert(const ast::Insert& insert);
  void Update(const ast::Update& update);
  void Delete(const ast::Delete& statement);
  void CreateTable(const ast::CreateTable& create);
  void CreateIndex(const ast::CreateIndex& create);
  void Constraint(const ast::Constraint& constraint);
  void Elements(ast::List<ast::IndexElement> elements);

  std::string out_;
};

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
  static constexpr std::string_view kWords[] = {"NULL", "TRUE", "FALSE", "UNKNOWN", "DISTINCT FROM ", ""};
  Add("(");
  Print(*is.operand);
  Add(is.negated ? " IS NOT " : " IS ", kWords[static_cast<size_t>(is.test)]);
  if (is.other != nullptr) Print(*is.other);
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
      Add("ROW(");
      Exprs(As<ast::Row>(expr).elements);
      return Add(")");
    case ExprKind::kSubscript: {
      const auto& subscript = As<ast::Subscript>(expr);
      Add("(");
      Print(*subscript.operand);
      Add(")[");
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

// ---- queries

void Printer::With(const ast::With* with) {
  if (with == nullptr) return;
  Add(with->recursive ? "WITH RECURSIVE " : "WITH ");
  Each(with->tables, [this](const ast::CommonTable& table) {
    Name(table.name.text);
    if (!table.columns.empty()) Parenthesised(table.columns);
    Add(table.materialized == ast::Materialized::kYes  ? " AS MATERIALIZED ("
        : table.materialized == ast::Materialized::kNo ? " AS NOT MATERIALIZED ("
                                                       : " AS (");
    Print(*table.statement);
    Add(")");
  });
  Add(" ");
}

void Printer::Print(const ast::Select& select) {
  With(select.with);
  Body(*select.body);
  if (select.order_by_all) Add(" ORDER BY ALL");
  if (!select.order_by.empty()) Order(select.order_by);
  if (select.limit != nullptr) {
    Add(select.with_ties ? " FETCH FIRST " : " LIMIT ");
    Print(*select.limit);
    if (select.with_ties) Add(" ROWS WITH TIES");
  }
  if (select.limit_offset != nullptr) {
    Add(" OFFSET ");
    Print(*select.limit_offset);
  }
  for (const ast::LockingClause& clause : select.locking) {
    static constexpr std::string_view kStrengths[] = {"UPDATE", "NO KEY UPDATE", "SHARE", "KEY SHARE"};
    static constexpr std::string_view kWaits[] = {"", " NOWAIT", " SKIP LOCKED"};
    Add(" FOR ", kStrengths[static_cast<size_t>(clause.strength)]);
    if (!clause.tables.empty()) {
      Add(" OF ");
      Names(clause.tables, ", ");
    }
    Add(kWaits[static_cast<size_t>(clause.wait)]);
  }
}

void Printer::Body(const ast::SelectBody& body) {
  switch (body.kind) {
    case ast::BodyKind::kCore:
      return Core(static_cast<const ast::SelectCore&>(body));
    case ast::BodyKind::kValues:
      Add("VALUES ");
      return Each(static_cast<const ast::Values&>(body).rows, [this](const auto& row) {
        Add("(");
        Exprs(row);
        Add(")");
      });
    case ast::BodyKind::kSetOperation: {
      static constexpr std::string_view kWords[] = {" UNION", " INTERSECT", " EXCEPT"};
      const auto& operation = static_cast<const ast::SetOperation&>(body);
      Add("(");
      Body(*operation.left);
      Add(")", kWords[static_cast<size_t>(operation.op)], operation.all ? " ALL" : "", operation.by_name ? " BY NAME" : "",
          " (");
      Body(*operation.right);
      return Add(")");
    }
    case ast::BodyKind::kNested:
      return Print(*static_cast<const ast::NestedSelect&>(body).select);
  }
}

void Printer::Core(const ast::SelectCore& core) {
  Add("SELECT ");
  if (core.distinct == ast::DistinctKind::kDistinct) Add("DISTINCT ");
  if (core.distinct == ast::DistinctKind::kOn) {
    Add("DISTINCT ON (");
    Exprs(core.distinct_on);
    Add(") ");
  }
  Items(core.items);
  if (!core.into.empty()) {
    Add(" INTO ");
    Path(core.into);
  }
  if (!core.from.empty()) {
    Add(" FROM ");
    From(core.from);
  }
  Where(core.where);
  if (core.group_by_all) Add(" GROUP BY ALL");
  if (!core.group_by.empty()) {
    Add(core.group_by_distinct ? " GROUP BY DISTINCT " : " GROUP BY ");
    Exprs(core.group_by);
  }
  if (core.having != nullptr) {
    Add(" HAVING ");
    Print(*core.having);
  }
  if (!core.windows.empty()) {
    Add(" WINDOW ");
    Each(core.windows, [this](const ast::NamedWindow& window) {
      Name(window.name.text);
      Add(" AS ");
      Window(*window.window);
    });
  }
  if (core.qualify == nullptr) return;
  Add(" QUALIFY ");
  Print(*core.qualify);
}

void Printer::From(ast::List<ast::TableRef*> from) {
  Each(from, [this](const ast::TableRef* ref) { Table(*ref); });
}

void Printer::Alias(const ast::TableRef& ref) {
  if (ref.alias.empty()) return;
  Add(" AS ");
  Name(ref.alias.text);
  if (!ref.column_aliases.empty()) Parenthesised(ref.column_aliases);
}

void Printer::Table(const ast::TableRef& ref) {
  if (ref.lateral) Add("LATERAL ");
  switch (ref.kind) {
    case ast::TableRefKind::kNamed: {
      const auto& table = static_cast<const ast::NamedTable&>(ref);
      if (table.only) Add("ONLY ");
      Path(table.name);
      Alias(ref);
      if (table.sample == nullptr) return;
      Add(" TABLESAMPLE ", table.sample->method.text, "(");
      Exprs(table.sample->arguments);
      return Add(")");
    }
    case ast::TableRefKind::kDerived:
      Add("(");
      Print(*static_cast<const ast::DerivedTable&>(ref).select);
      Add(")");
      return Alias(ref);
    case ast::TableRefKind::kFunction: {
      const auto& table = static_cast<const ast::FunctionTable&>(ref);
      if (table.calls.size() == 1) {
        Print(*table.calls[0]);
      } else {
        Add("ROWS FROM (");
        Exprs(table.calls);
        Add(")");
      }
      if (table.with_ordinality) Add(" WITH ORDINALITY");
      return Alias(ref);
    }
    case ast::TableRefKind::kFile:
      String(static_cast<const ast::FileTable&>(ref).path);
      return Alias(ref);
    case ast::TableRefKind::kJoin:
      break;
  }
  static constexpr std::string_view kWords[] = {" JOIN ",      " LEFT JOIN ", " RIGHT JOIN ", " FULL JOIN ",     " CROSS JOIN ",
                                                " SEMI JOIN ", " ANTI JOIN ", " ASOF JOIN ",  " ASOF LEFT JOIN "};
  const auto& join = static_cast<const ast::Join&>(ref);
  const bool bare_inner =
      join.join == ast::JoinKind::kInner && !join.natural && join.using_columns.empty() && join.on == nullptr;
  Add("(");
  Table(*join.left);
  if (join.natural) Add(" NATURAL");
  Add(bare_inner ? " CROSS JOIN " : kWords[static_cast<size_t>(join.join)]);
  Table(*join.right);
  if (!join.using_columns.empty()) {
    Add(" USING ");
    Parenthesised(join.using_columns);
  }
  if (join.on != nullptr) {
    Add(" ON ");
    Print(*join.on);
  }
  Add(")");
  Alias(ref);
}

// ---- statements

void Printer::Sets(ast::List<ast::SetItem> items) {
  Add(" SET ");
  Each(items, [this](const ast::SetItem& item) {
    if (item.multiple) {
      Parenthesised(item.columns);
    } else {
      Name(item.columns[0].text);
    }
    Add(" = ");
    Print(*item.value);
  });
}

void Printer::Insert(const ast::Insert& insert) {
  static constexpr std::string_view kActions[] = {"", "OR REPLACE ", "OR IGNORE ", "OR ABORT ", "OR FAIL ", "OR ROLLBACK "};
  With(insert.with);
  Add("INSERT ", kActions[static_cast<size_t>(insert.or_action)], "INTO ");
  Path(insert.table);
  if (!insert.alias.empty()) {
    Add(" AS ");
    Name(insert.alias.text);
  }
  if (insert.has_columns) {
    Add(" ");
    Parenthesised(insert.columns);
  }
  if (insert.source != nullptr) {
    Add(" ");
    Print(*insert.source);
  } else {
    Add(" DEFAULT VALUES");
  }
  for (const ast::OnConflict* conflict : insert.on_conflict) {
    Add(" ON CONFLICT");
    if (!conflict->target.empty()) {
      Add(" ");
      Elements(conflict->target);
      Where(conflict->target_where);
    }
    if (!conflict->constraint.empty()) {
      Add(" ON CONSTRAINT ");
      Name(conflict->constraint.text);
    }
    Add(conflict->update ? " DO UPDATE" : " DO NOTHING");
    if (!conflict->update) continue;
    Sets(conflict->set);
    Where(conflict->where);
  }
  Returning(insert.returning);
}

void Printer::Update(const ast::Update& update) {
  With(update.with);
  Add("UPDATE ");
  Table(*update.table);
  Sets(update.set);
  if (!update.from.empty()) {
    Add(" FROM ");
    From(update.from);
  }
  Where(update.where);
  Returning(update.returning);
}

void Printer::Delete(const ast::Delete& statement) {
  With(statement.with);
  Add("DELETE FROM ");
  Table(*statement.table);
  if (!statement.using_tables.empty()) {
    Add(" USING ");
    From(statement.using_tables);
  }
  Where(statement.where);
  Returning(statement.returning);
}

void Printer::Elements(ast::List<ast::IndexElement> elements) {
  Add("(");
  Each(elements, [this](const ast::IndexElement& element) {
    if (element.expr->kind == ExprKind::kColumn) {
      Print(*element.expr);
    } else {
      Add("(");
      Print(*element.expr);
      Add(")");
    }
    if (!element.collation.empty()) {
      Add(" COLLATE ");
      Path(element.collation);
    }
    if (!element.operator_class.empty()) {
      Add(" ");
      Path(element.operator_class);
    }
    Ordering(element.direction, element.nulls);
  });
  Add(")");
}

void Printer::Constraint(const ast::Constraint& constraint) {
  static constexpr std::string_view kActions[] = {"NO ACTION", "RESTRICT", "CASCADE", "SET NULL", "SET DEFAULT"};
  if (!constraint.name.empty()) {
    Add(" CONSTRAINT ");
    Name(constraint.name.text);
  }
  switch (constraint.kind) {
    case ast::ConstraintKind::kNotNull:
      Add(" NOT NULL");
      break;
    case ast::ConstraintKind::kNull:
      Add(" NULL");
      break;
    case ast::ConstraintKind::kDefault:
      Add(" DEFAULT (");
      Print(*constraint.expr);
      Add(")");
      break;
    case ast::ConstraintKind::kCheck:
      Add(" CHECK (");
      Print(*constraint.expr);
      Add(")");
      break;
    case ast::ConstraintKind::kUnique:
      Add(" UNIQUE", constraint.nulls_not_distinct ? " NULLS NOT DISTINCT" : "");
      break;
    case ast::ConstraintKind::kPrimaryKey:
      Add(" PRIMARY KEY");
      Ordering(constraint.direction, ast::NullsOrder::kDefault);
      Add(constraint.autoincrement ? " AUTOINCREMENT" : "");
      break;
    case ast::ConstraintKind::kForeignKey:
      Add(constraint.columns.empty() ? "" : " FOREIGN KEY");
      break;
    case ast::ConstraintKind::kGenerated:
      Add(" GENERATED ALWAYS AS (");
      Print(*constraint.expr);
      Add(constraint.stored ? ") STORED" : ")");
      break;
    case ast::ConstraintKind::kIdentity:
      Add(constraint.always ? " GENERATED ALWAYS AS IDENTITY" : " GENERATED BY DEFAULT AS IDENTITY");
      break;
    case ast::ConstraintKind::kCollate:
      Add(" COLLATE ");
      Path(constraint.collation);
      break;
    case ast::ConstraintKind::kExclude:
      Add(" EXCLUDE");
      break;
  }
  if (!constraint.columns.empty()) {
    Add(" ");
    Elements(constraint.columns);
  }
  if (constraint.references.empty()) return;
  Add(" REFERENCES ");
  Path(constraint.references);
  if (!constraint.referenced_columns.empty()) Parenthesised(constraint.referenced_columns);
  Add(constraint.match == ast::MatchKind::kFull      ? " MATCH FULL"
      : constraint.match == ast::MatchKind::kPartial ? " MATCH PARTIAL"
                                                     : "");
  Add(" ON DELETE ", kActions[static_cast<size_t>(constraint.on_delete)]);
  if (!constraint.on_delete_columns.empty()) Parenthesised(constraint.on_delete_columns);
  Add(" ON UPDATE ", kActions[static_cast<size_t>(constraint.on_update)]);
  Add(constraint.deferrable ? " DEFERRABLE" : constraint.not_deferrable ? " NOT DEFERRABLE" : "");
  Add(constraint.initially_deferred ? " INITIALLY DEFERRED" : "");
}

void Printer::CreateTable(const ast::CreateTable& create) {
  Add("CREATE ", create.temporary ? "TEMPORARY " : "", "TABLE ", create.if_not_exists ? "IF NOT EXISTS " : "");
  Path(create.name);
  if (create.as != nullptr) {
    if (!create.as_columns.empty()) Parenthesised(create.as_columns);
    Add(" AS ");
    Print(*create.as);
    if (create.with_no_data) Add(" WITH NO DATA");
    return;
  }
  Add(" (");
  bool first = true;
  for (const ast::ColumnDefinition* column : create.columns) {
    if (!first) Add(", ");
    first = false;
    Name(column->name.text);
    if (column->type != nullptr) {
      Add(" ");
      Print(*column->type);
    }
    for (const ast::Constraint* constraint : column->constraints) Constraint(*constraint);
  }
  for (const ast::Constraint* constraint : create.constraints) {
    Add(first ? "" : ",");
    first = false;
    Constraint(*constraint);
  }
  for (const ast::LikeTable& like : create.like_tables) {
    Add(first ? "LIKE " : ", LIKE ");
    first = false;
    Path(like.table);
    for (const ast::Name& name : like.including) Add(" INCLUDING ", name.text);
  }
  Add(")", create.without_rowid ? " WITHOUT ROWID" : "", create.strict ? " STRICT" : "");
}

void Printer::CreateIndex(const ast::CreateIndex& create) {
  Add("CREATE ", create.unique ? "UNIQUE " : "", "INDEX ", create.if_not_exists ? "IF NOT EXISTS " : "");
  if (!create.name.empty()) Name(create.name.text);
  Add(" ON ");
  Path(create.table);
  if (!create.method.empty()) {
    Add(" USING ");
    Name(create.method.text);
  }
  Add(" ");
  Elements(create.elements);
  if (!create.include.empty()) {
    Add(" INCLUDE ");
    Parenthesised(create.include);
  }
  Where(create.where);
}

void Printer::Print(const ast::Statement& statement) {
  switch (statement.kind) {
    case ast::StatementKind::kSelect:
      return Print(*static_cast<const ast::SelectStatement&>(statement).select);
    case ast::StatementKind::kInsert:
      return Insert(static_cast<const ast::Insert&>(statement));
    case ast::StatementKind::kUpdate:
      return Update(static_cast<const ast::Update&>(statement));
    case ast::StatementKind::kDelete:
      return Delete(static_cast<const ast::Delete&>(statement));
    case ast::StatementKind::kCreateTable:
      return CreateTable(static_cast<const ast::CreateTable&>(statement));
    case ast::StatementKind::kCreateIndex:
      return CreateIndex(static_cast<const ast::CreateIndex&>(statement));
    case ast::StatementKind::kExplain:
      Add("EXPLAIN ");
      return Print(*static_cast<const ast::Explain&>(statement).statement);
    case ast::StatementKind::kOther:
      return Add(static_cast<const ast::Other&>(statement).words);
    default:
      return Add("statement ", static_cast<int>(statement.kind));
  }
}

template <typename T>
std::string PrintOne(const T& what) {
  Printer printer;
  printer.Print(what);
  return printer.Take();
}

}  // namespace

std::string ToSql(const ast::Expr& expr) { return PrintOne(expr); }
std::string ToSql(const ast::TypeName& type) { return PrintOne(type); }
std::string ToSql(const ast::Select& select) { return PrintOne(select); }
std::string ToSql(const ast::Statement& statement) { return PrintOne(statement); }

}  // namespace turdb::sql
