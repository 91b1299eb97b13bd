// The statement's first word, and statements about the session: transactions, settings, maintenance,
// EXPLAIN, PREPARE.
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "sql/parse/parser_internal.h"

namespace turdb::sql {

using ast::Name;
using ast::Statement;
using ast::StatementKind;
using ast::TransactionAction;

Statement* Parser::ParseStatementBody() {
  const Nested nested(*this);
  const int32_t offset = token_.offset;
  if (token_.kind == TokenKind::kWord) {
    switch (token_.keyword) {
      case "create"_kw:
        return ParseCreate();
      case "drop"_kw:
        return ParseDrop();
      case "alter"_kw:
        return ParseAlter();
      case "truncate"_kw:
        return ParseTruncate();
      case "copy"_kw:
        return ParseCopy();
      case "comment"_kw:
        return ParseComment();
      case "begin"_kw:
      case "start"_kw:
      case "commit"_kw:
      case "end"_kw:
      case "rollback"_kw:
      case "abort"_kw:
      case "savepoint"_kw:
      case "release"_kw:
        return ParseTransaction();
      case "set"_kw:
        return ParseSet();
      case "reset"_kw:
        return ParseReset();
      case "show"_kw:
        return ParseShow();
      case "pragma"_kw:
        return ParsePragma();
      case "vacuum"_kw:
        return ParseVacuum();
      case "analyze"_kw:
      case "analyse"_kw:
        return ParseAnalyze(StatementKind::kAnalyze);
      case "checkpoint"_kw:
        return ParseAnalyze(StatementKind::kCheckpoint);
      case "refresh"_kw:
        return ParseRefresh();
      case "reindex"_kw:
        return ParseAnalyze(StatementKind::kReindex);
      case "explain"_kw:
        return ParseExplain();
      case "prepare"_kw:
        return ParsePrepare();
      case "execute"_kw:
        return ParseExecute();
      case "deallocate"_kw:
        return ParseDeallocate();
      case "attach"_kw:
      case "detach"_kw:
        return ParseAttach();
      case "describe"_kw:
      case "desc"_kw:
        return ParseDescribe(false);
      case "summarize"_kw:
        return ParseDescribe(true);
      case "call"_kw:
      case "close"_kw:
      case "cluster"_kw:
      case "declare"_kw:
      case "discard"_kw:
      case "do"_kw:
      case "fetch"_kw:
      case "grant"_kw:
      case "import"_kw:
      case "listen"_kw:
      case "load"_kw:
      case "lock"_kw:
      case "move"_kw:
      case "notify"_kw:
      case "revoke"_kw:
      case "security"_kw:
      case "unlisten"_kw:
        return ParseOther(offset, token_.text);
      default:
        break;
    }
  }
  return ParseExplainable();
}

Statement* Parser::SelectAsStatement(ast::Select* select) {
  auto* statement = NewStatement<ast::SelectStatement>(StatementKind::kSelect, select->offset);
  statement->select = select;
  return statement;
}

// A query or a change: what EXPLAIN, PREPARE, COPY and WITH take.
Statement* Parser::ParseExplainable() {
  switch (token_.keyword) {
    case "insert"_kw:
    case "replace"_kw:
      return ParseInsert(nullptr);
    case "update"_kw:
      return ParseUpdate(nullptr);
    case "delete"_kw:
      return ParseDelete(nullptr);
    case "merge"_kw:
      return ParseMerge(nullptr);
    case "with"_kw:
      return ParseWithStatement();
    case "execute"_kw:
      return ParseExecute();
    case "create"_kw:
      return ParseCreate();
    default:
      break;
  }
  if (!AtQuery() && !At("(")) Unexpected();
  return SelectAsStatement(ParseSelect());
}

Statement* Parser::ParseWithStatement() {
  const Nested nested(*this);
  ast::With* with = ParseWith();
  switch (token_.keyword) {
    case "insert"_kw:
    case "replace"_kw:
      return ParseInsert(with);
    case "update"_kw:
      return ParseUpdate(with);
    case "delete"_kw:
      return ParseDelete(with);
    case "merge"_kw:
      return ParseMerge(with);
    default:
      return SelectAsStatement(ParseSelectAfterWith(with));
  }
}

// ---- transactions ------------------------------------------------------------------------------

Statement* Parser::ParseTransaction() {
  auto* statement = NewStatement<ast::Transaction>(StatementKind::kTransaction, token_.offset);
  const Keyword word = token_.keyword;
  Advance();
  const auto noise = [this] {
    if (!Accept("work"_kw)) Accept("transaction"_kw);
  };
  switch (word) {
    case "start"_kw:
      Expect("transaction"_kw);
      statement->modes = ParseTransactionModes();
      return statement;
    case "begin"_kw:
      if (Accept("deferred"_kw)) {
        statement->mode = ast::BeginMode::kDeferred;
      } else if (Accept("immediate"_kw)) {
        statement->mode = ast::BeginMode::kImmediate;
      } else if (Accept("exclusive"_kw)) {
        statement->mode = ast::BeginMode::kExclusive;
      }
      noise();
      statement->modes = ParseTransactionModes();
      return statement;
    case "savepoint"_kw:
      statement->action = TransactionAction::kSavepoint;
      statement->savepoint = ParseName();
      return statement;
    case "release"_kw:
      statement->action = TransactionAction::kRelease;
      Accept("savepoint"_kw);
      statement->savepoint = ParseName();
      return statement;
    case "commit"_kw:
    case "end"_kw:
      statement->action = TransactionAction::kCommit;
      break;
    default:
      statement->action = TransactionAction::kRollback;
      break;
  }
  if (At("prepared"_kw)) return ParseOther(statement->offset, "two-phase commit");
  noise();
  if (word == "rollback"_kw && Accept("to"_kw)) {
    statement->action = TransactionAction::kRollbackTo;
    Accept("savepoint"_kw);
    statement->savepoint = ParseName();
    return statement;
  }
  if (Accept("and"_kw)) {
    statement->chain = !Accept("no"_kw);
    Expect("chain"_kw);
  }
  return statement;
}

ast::TransactionModes Parser::ParseTransactionModes() {
  ast::TransactionModes modes;
  for (;;) {
    if (Accept("isolation"_kw)) {
      Expect("level"_kw);
      if (Accept("serializable"_kw)) {
        modes.isolation = ast::IsolationLevel::kSerializable;
      } else if (Accept("repeatable"_kw)) {
        Expect("read"_kw);
        modes.isolation = ast::IsolationLevel::kRepeatableRead;
      } else {
        Expect("read"_kw);
        const bool committed = Accept("committed"_kw);
        if (!committed) Expect("uncommitted"_kw);
        modes.isolation = committed ? ast::IsolationLevel::kReadCommitted : ast::IsolationLevel::kReadUncommitted;
      }
    } else if (At("read"_kw) && (PeekIs("only"_kw) || PeekIs("write"_kw))) {
      Advance();
      (At("only"_kw) ? modes.read_only : modes.read_write) = true;
      Advance();
    } else if (At("not"_kw) && PeekIs("deferrable"_kw)) {
      Advance();
      Advance();
    } else if (!Accept("deferrable"_kw) && !Accept(",")) {
      return modes;
    }
  }
}

// ---- settings ----------------------------------------------------------------------------------

// a.b, or one of the names of several words.
ast::Text Parser::ParseSettingName() {
  if (At("time"_kw) && PeekIs("zone"_kw)) {
    Advance();
    Advance();
    return "timezone";
  }
  if (At("session"_kw) && PeekIs("authorization"_kw)) {
    Advance();
    Advance();
    return "session_authorization";
  }
  if (At("transaction"_kw) && PeekIs("isolation"_kw)) {
    Advance();
    Advance();
    Expect("level"_kw);
    return "transaction_isolation";
  }
  if (At("all"_kw)) return TakeName().text;
  const Name first = ParseName();
  if (!Accept(".")) return first.text;
  return arena_.Copy(absl::StrCat(first.text, ".", ParseLabel().text));
}

ast::Literal* Parser::ParseSettingValue() {
  const int32_t offset = token_.offset;
  const bool minus = AcceptOperator("-");
  if (!minus) AcceptOperator("+");
  if (token_.kind == TokenKind::kInteger || token_.kind == TokenKind::kNumeric) {
    ast::Expr* literal = ParseLiteral();
    if (minus) NegateLiteral(literal, offset);
    return static_cast<ast::Literal*>(literal);
  }
  if (minus ||
      (token_.kind != TokenKind::kString && token_.kind != TokenKind::kWord && token_.kind != TokenKind::kQuotedName)) {
    Unexpected();
  }
  auto* literal = NewExpr<ast::Literal>(ast::ExprKind::kString, offset);
  literal->text = token_.text;
  Advance();
  Finish(literal);
  return literal;
}

Statement* Parser::ParseSet() {
  auto* set = NewStatement<ast::Set>(StatementKind::kSet, token_.offset);
  Expect("set"_kw);
  if (At("session"_kw) && !PeekIs("authorization"_kw) && !(Peek().kind == TokenKind::kOperator)) {
    Advance();
    if (AcceptWord("characteristics")) {
      Expect("as"_kw);
      Expect("transaction"_kw);
      set->name = "session_transaction";
      set->modes = ParseTransactionModes();
      return set;
    }
  } else if (At("local"_kw) && Peek().kind != TokenKind::kOperator) {
    Advance();
    set->scope = ast::SettingScope::kLocal;
  } else if (At("global"_kw) && Peek().kind != TokenKind::kOperator) {
    Advance();
    set->scope = ast::SettingScope::kGlobal;
  }
  if (AcceptWord("constraints")) return ParseSetConstraints(set->offset);
  if (At("role"_kw)) return ParseOther(set->offset, "set");
  if (At("transaction"_kw) && !PeekIs("to"_kw)) {
    Advance();
    set->name = "transaction";
    set->modes = ParseTransactionModes();
    return set;
  }
  if (token_.kind == TokenKind::kWord && At("schema"_kw) && Peek().kind == TokenKind::kString) {
    Advance();
    set->name = "search_path";
  } else if (At("names"_kw)) {
    Advance();
    set->name = "client_encoding";
  } else {
    set->name = ParseSettingName();
    if (set->name != "timezone" && set->name != "session_authorization") {
      if (!Accept("to"_kw) && !AcceptOperator("=")) Unexpected();
    } else if (!Accept("to"_kw)) {
      AcceptOperator("=");
    }
  }
  if (Accept("default"_kw)) {
    set->to_default = true;
    return set;
  }
  if (At("interval"_kw)) return ParseOther(set->offset, "set time zone interval");
  Items<ast::Literal*> values;
  do {
    values.push_back(ParseSettingValue());
  } while (Accept(","));
  set->values = Keep(values);
  return set;
}

// After SET CONSTRAINTS.
Statement* Parser::ParseSetConstraints(int32_t offset) {
  auto* set = NewStatement<ast::SetConstraints>(StatementKind::kSetConstraints, offset);
  if (!Accept("all"_kw)) {
    Items<ast::QualifiedName> names;
    do {
      names.push_back(ParseQualifiedName());
    } while (Accept(","));
    set->names = Keep(names);
  }
  set->deferred = Accept("deferred"_kw);
  if (!set->deferred) Expect("immediate"_kw);
  return set;
}

Statement* Parser::ParseReset() {
  auto* set = NewStatement<ast::Set>(StatementKind::kSet, token_.offset);
  Expect("reset"_kw);
  set->name = ParseSettingName();
  set->to_default = true;
  return set;
}

Statement* Parser::ParseShow() {
  auto* show = NewStatement<ast::Show>(StatementKind::kShow, token_.offset);
  Expect("show"_kw);
  show->name = ParseSettingName();
  return show;
}

Statement* Parser::ParsePragma() {
  auto* pragma = NewStatement<ast::Pragma>(StatementKind::kPragma, token_.offset);
  Expect("pragma"_kw);
  pragma->name = ParseLabel();
  if (Accept(".")) {
    pragma->schema = pragma->name;
    pragma->name = ParseLabel();
  }
  if (AcceptOperator("=")) {
    pragma->value = ParseSettingValue();
  } else if (Accept("(")) {
    pragma->call = true;
    pragma->value = ParseSettingValue();
    Expect(")");
  }
  return pragma;
}

// ---- maintenance -------------------------------------------------------------------------------

Statement* Parser::ParseVacuum() {
  auto* vacuum = NewStatement<ast::Vacuum>(StatementKind::kVacuum, token_.offset);
  Expect("vacuum"_kw);
  if (At("(")) {
    for (const ast::Option& option : ParseOptionList()) {
      vacuum->full |= option.name.text == "full";
      vacuum->analyze |= option.name.text == "analyze";
    }
  }
  for (;;) {
    if (Accept("full"_kw)) {
      vacuum->full = true;
    } else if (Accept("analyze"_kw) || Accept("analyse"_kw)) {
      vacuum->analyze = true;
    } else if (!Accept("freeze"_kw) && !Accept("verbose"_kw)) {
      break;
    }
  }
  if (!AtEnd() && !At("into"_kw)) {
    vacuum->table = ParseQualifiedName();
    if (At("(")) ParseParenthesisedNames();
  }
  if (Accept("into"_kw)) {
    if (token_.kind != TokenKind::kString) Unexpected();
    vacuum->into = token_.text;
    vacuum->has_into = true;
    Advance();
  }
  return vacuum;
}

// ANALYZE [VERBOSE] [t [(columns)], ...]; CHECKPOINT; REINDEX [TABLE | INDEX | ...] [name].
Statement* Parser::ParseAnalyze(StatementKind kind) {
  auto* analyze = NewStatement<ast::Analyze>(kind, token_.offset);
  Advance();
  if (At("(")) ParseOptionList();
  Accept("verbose"_kw);
  if (kind == StatementKind::kReindex) {
    if (!Accept("table"_kw) && !Accept("index"_kw) && !Accept("schema"_kw) && !Accept("system"_kw)) Accept("database"_kw);
    Accept("concurrently"_kw);
  }
  if (AtEnd()) return analyze;
  Items<ast::QualifiedName> tables;
  do {
    tables.push_back(ParseQualifiedName());
    if (At("(")) ParseParenthesisedNames();
  } while (Accept(","));
  analyze->tables = Keep(tables);
  return analyze;
}

Statement* Parser::ParseExplain() {
  auto* explain = NewStatement<ast::Explain>(StatementKind::kExplain, token_.offset);
  Expect("explain"_kw);
  const Nested nested(*this);
  if (At("(") && !PeekIs("select"_kw) && !PeekIs("with"_kw) && !PeekIs("(") && !PeekIs("values"_kw)) {
    explain->options = ParseOptionList();
    for (const ast::Option& option : explain->options) {
      const bool on = option.value.empty() || option.value == "true" || option.value == "on" || option.value == "1";
      if (option.name.text == "analyze") explain->analyze = on;
      if (option.name.text == "verbose") explain->verbose = on;
      if (option.name.text == "format" && option.value == "json") {
        explain->json = true;
      } else if (option.name.text == "format" && option.value != "text") {
        Fail(base::UnsupportedError(absl::StrCat("EXPLAIN format \"", option.value, "\" is not supported")),
             option.name.offset);
      }
    }
  } else if (At("query"_kw) && Peek().text == "plan") {
    Advance();
    Advance();
    explain->query_plan = true;
  } else {
    explain->analyze = Accept("analyze"_kw) || Accept("analyse"_kw);
    explain->verbose = Accept("verbose"_kw);
  }
  explain->statement = ParseExplainable();
  return explain;
}

Statement* Parser::ParsePrepare() {
  auto* prepare = NewStatement<ast::Prepare>(StatementKind::kPrepare, token_.offset);
  Expect("prepare"_kw);
  if (At("transaction"_kw)) return ParseOther(prepare->offset, "two-phase commit");
  prepare->name = ParseName();
  if (Accept("(")) {
    Items<ast::TypeName*> types;
    do {
      types.push_back(ParseType());
    } while (Accept(","));
    Expect(")");
    prepare->types = Keep(types);
  }
  Expect("as"_kw);
  const int32_t begin = token_.offset;
  prepare->statement = ParseExplainable();
  if (failed()) return prepare;
  prepare->text = absl::StripTrailingAsciiWhitespace(sql_.substr(begin, token_.offset - begin));
  prepare->parameter_count = static_cast<int32_t>(parameters_.size());
  parameters_.clear();
  return prepare;
}

Statement* Parser::ParseExecute() {
  auto* execute = NewStatement<ast::Execute>(StatementKind::kExecute, token_.offset);
  Expect("execute"_kw);
  execute->name = ParseName();
  if (Accept("(")) {
    if (!At(")")) execute->arguments = ParseExprList();
    Expect(")");
  }
  return execute;
}

Statement* Parser::ParseDeallocate() {
  auto* deallocate = NewStatement<ast::Execute>(StatementKind::kDeallocate, token_.offset);
  Expect("deallocate"_kw);
  Accept("prepare"_kw);
  if (!Accept("all"_kw)) deallocate->name = ParseName();
  return deallocate;
}

Statement* Parser::ParseAttach() {
  const bool detach = At("detach"_kw);
  auto* attach = NewStatement<ast::Attach>(detach ? StatementKind::kDetach : StatementKind::kAttach, token_.offset);
  Advance();
  Accept("database"_kw);
  if (!detach) {
    attach->path = ParseExpr();
    Expect("as"_kw);
  }
  attach->name = ParseName();
  return attach;
}

Statement* Parser::ParseDescribe(bool summarize) {
  auto* describe = NewStatement<ast::Describe>(StatementKind::kDescribe, token_.offset);
  describe->summarize = summarize;
  Advance();
  if (AtQuery() || At("(")) {
    describe->query = SelectAsStatement(ParseSelect());
  } else {
    describe->table = ParseQualifiedName();
  }
  return describe;
}

}  // namespace turdb::sql
