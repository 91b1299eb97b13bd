#include "sql/parse/printer_internal.h"

namespace turdb::sql::internal {

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

}  // namespace turdb::sql::internal
