// The recursive-descent parser behind parser.h, spread over parse_*.cc by statement family.
//
// Errors: the first failure is kept in status_ and the current token becomes kEnd for good, so that every
// loop ends and every rule unwinds; rules return nodes that nobody will look at and callers check
// nothing. Rules never return null except where they say so.
//
// Expressions are parsed by precedence climbing with PostgreSQL's levels (Precedence below).
#ifndef TURDB_SQL_PARSE_PARSER_INTERNAL_H_
#define TURDB_SQL_PARSE_PARSER_INTERNAL_H_

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "sql/parse/ast.h"
#include "sql/parse/lexer.h"
#include "sql/parse/parser.h"

namespace turdb::sql {

// PostgreSQL's table, loosest first. Non-associative levels are kIs, kComparison and kLike.
enum Precedence : int {
  kAnyPrecedence = 0,
  kOrPrecedence,
  kAndPrecedence,
  kNotPrecedence,
  kIsPrecedence,
  kComparisonPrecedence,
  kLikePrecedence,  // BETWEEN, IN, LIKE
  kOperatorPrecedence,
  kAddPrecedence,
  kMultiplyPrecedence,
  kPowerPrecedence,
  kAtPrecedence,
  kCollatePrecedence,
  kUnaryPrecedence,
  kPostfixPrecedence,
};

class Parser {
 public:
  Parser(base::Arena& arena, std::string_view sql, const ParseLimits& limits);

  base::StatusOr<ParsedStatement> ParseOne();
  base::StatusOr<const ast::Expr*> ParseOnlyExpression();
  base::StatusOr<const ast::TypeName*> ParseOnlyTypeName();
  base::StatusOr<ast::List<ast::Statement*>> ParseOnlyTriggerBody();

 private:
  template <typename T>
  using Items = absl::InlinedVector<T, 8>;

  // Counts the nesting of rules; the one place where depth is checked.
  class Nested {
   public:
    explicit Nested(Parser& parser) : parser_(parser) {
      if (++parser_.depth_ > parser_.limits_.nesting_depth) parser_.FailTooDeep(parser_.token_.offset);
    }
    ~Nested() { --parser_.depth_; }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;

   private:
    Parser& parser_;
  };

  // ---- tokens (parser.cc)
  void Advance();
  const Token& Peek(int distance = 1);  // 1: the token after the current one
  bool At(Keyword keyword) const { return token_.keyword == keyword; }
  bool At(std::string_view punctuation) const { return token_.kind == TokenKind::kPunctuation && token_.text == punctuation; }
  bool AtOperator(std::string_view text) const { return token_.kind == TokenKind::kOperator && token_.text == text; }
  bool AtEnd() const { return token_.kind == TokenKind::kEnd || At(";"); }
  bool PeekIs(Keyword keyword, int distance = 1) { return Peek(distance).keyword == keyword; }
  bool PeekIs(std::string_view punctuation, int distance = 1) {
    return Peek(distance).kind == TokenKind::kPunctuation && Peek(distance).text == punctuation;
  }
  bool Accept(Keyword keyword);
  bool Accept(Keyword first, Keyword second);  // both, or neither
  bool Accept(std::string_view punctuation);
  bool AcceptOperator(std::string_view text);
  bool AcceptWord(std::string_view word);  // a word that is no key word
  void Expect(Keyword keyword);
  void Expect(std::string_view punctuation);
  void Replace(const Token& token);  // the current token was read again in another way
  void Unexpected();                 // a syntax error at the current token
  void UnexpectedWithHint(std::string_view hint);
  void Fail(base::Status status, int32_t offset);
  void FailTooDeep(int32_t offset);
  void FailSyntax(std::string_view message, int32_t offset);
  bool failed() const { return !status_.ok(); }
  int32_t last_end() const { return last_end_; }
  std::string_view TextFrom(int32_t offset) const;  // the source from offset to the last token read

  template <typename T>
  T* New(int32_t offset) {
    T* node = arena_.New<T>();
    node->offset = offset;
    return node;
  }
  template <typename T>
  T* NewExpr(ast::ExprKind kind, int32_t offset) {
    T* node = arena_.New<T>();
    node->kind = kind;
    node->offset = offset;
    return node;
  }
  // Sets `end` and `height`, checks the height against the limit.
  ast::Expr* Finish(ast::Expr* expr, std::initializer_list<const ast::Expr*> operands = {});
  ast::Expr* FinishList(ast::Expr* expr, ast::List<ast::Expr*> operands, const ast::Expr* other = nullptr);
  template <typename T, typename C>
  ast::List<T> Keep(const C& items) {
    if (items.empty()) return {};
    ast::List<T> list = arena_.NewArray<T>(items.size());
    for (size_t i = 0; i < items.size(); ++i) list[i] = items[i];
    return list;
  }
  template <typename C>
  auto Keep(const C& items) {
    return Keep<typename C::value_type>(items);
  }

  // ---- names and types (parse_name.cc)
  bool AtName(KeywordClass widest = KeywordClass::kColumn) const;  // could the current token be a name
  ast::Name ParseName();                                           // of a column, a table ...: unreserved and column words
  ast::Name ParseTypeOrFunctionName();
  ast::Name ParseLabel();       // any word
  ast::Name TakeName();         // the current word, whatever it is
  ast::Name ParseDottedPart();  // after a dot: any word, brackets included
  ast::QualifiedName ParseQualifiedName();
  ast::QualifiedName ParseQualifiedNameFrom(ast::Name first);
  ast::List<ast::Name> ParseNameList();  // a, b
  ast::List<ast::Name> ParseParenthesisedNames();
  ast::Name ParseOptionalTableAlias();
  ast::TypeName* ParseType(bool in_column_definition = false);
  void ParseTypeSuffix(ast::TypeName* type);
  bool AtTypeContinuation() const;
  bool AtTypedLiteral();
  ast::Text ParseIntervalFields();

  // ---- expressions (parse_expression.cc, parse_primary.cc)
  ast::Expr* ParseExpr(int minimum = kAnyPrecedence);
  ast::Expr* ParsePrefix();
  ast::Expr* ParseInfix(ast::Expr* left, int minimum, bool* done);
  ast::Expr* ParseInfixOperator(ast::Expr* left, int minimum, bool* done);
  ast::Expr* ParseBinary(ast::Expr* left, ast::Text op, int level, int32_t offset);
  ast::Expr* ParseJunction(ast::Expr* left, ast::ExprKind kind, int level);
  ast::Expr* ParseIs(ast::Expr* left);
  ast::Expr* ParseBetween(ast::Expr* left, bool negated, int32_t offset);
  ast::Expr* ParseIn(ast::Expr* left, bool negated, int32_t offset);
  ast::Expr* ParseLike(ast::Expr* left, bool negated, int32_t offset);
  ast::Expr* ParseQuantified(ast::Expr* left, ast::Text op, int32_t offset);
  ast::Expr* ParsePostfix(ast::Expr* operand);
  ast::Expr* ParseSubscript(ast::Expr* operand, bool continues);
  ast::Expr* NegateLiteral(ast::Expr* expr, int32_t offset);  // null when it is no number
  ast::Expr* ParsePrimary();
  ast::Expr* ParseWordPrimary();
  ast::Expr* ParseSpecialFunction();  // null when the current word begins none
  ast::Expr* ParseNameOrCall();
  ast::Expr* ParseParenthesised();
  ast::Expr* ParseCase();
  ast::Expr* ParseCast();
  // ---- PIVOT and UNPIVOT (parse_pivot.cc)
  struct PivotAxis {
    ast::Expr* column = nullptr;
    std::vector<std::pair<ast::Expr*, ast::Name>> values;
  };
  bool AtPivotQuery();
  ast::TableRef* DerivedFrom(ast::SelectCore* core, int32_t offset);
  void ParsePivotValues(PivotAxis* axis);
  void AskPivotValues(std::string_view source, std::string_view column, int32_t offset, PivotAxis* axis);
  // ---- SQL/JSON (parse_json.cc)
  struct JsonBehaviour {
    enum class Kind : uint8_t { kNone, kNull, kError, kEmptyArray, kEmptyObject, kDefault, kTrue, kFalse };
    Kind kind = Kind::kNone;
    ast::Expr* value = nullptr;  // kDefault
  };
  struct JsonOutput {  // what a path's value becomes
    ast::TypeName* type = nullptr;
    bool as_json = false;
    bool exists = false;
    uint8_t wrapper = 0;  // 1: unconditional, 2: conditional
    bool omits_quotes = false;
    JsonBehaviour on_empty;
    JsonBehaviour on_error;
  };
  ast::Expr* ParseJsonFunction(std::string_view name, int32_t offset);
  ast::Expr* ParseJsonPassing();  // null: there is none
  void ParseJsonOutput(JsonOutput* output);
  JsonBehaviour ParseJsonBehaviour();
  ast::Expr* MakeJsonOutput(ast::Expr* item, ast::Expr* path, ast::Expr* passing, const JsonOutput& output, int32_t offset);
  ast::Expr* MakeJsonCast(ast::Expr* operand, ast::TypeName* type, ast::CastSyntax syntax, int32_t offset);
  ast::Expr* MakeColumn(std::initializer_list<std::string_view> parts, int32_t offset);
  ast::Expr* MakeNull(int32_t offset);
  ast::Expr* MakeCase(std::initializer_list<std::pair<ast::Expr*, ast::Expr*>> whens, ast::Expr* otherwise, int32_t offset);
  ast::TypeName* MakeTypeName(std::string_view name, int32_t offset);
  ast::TableRef* ParseJsonTable(int32_t offset);
  ast::TableRef* ParseJsonColumns(ast::Expr* document, ast::Expr* path, ast::Expr* passing, int32_t depth, int32_t offset,
                                  std::vector<ast::Name>* columns);
  ast::List<ast::SelectItem> ParsePivotAggregates();
  void AddPivotColumns(const std::vector<PivotAxis>& axes, size_t axis, ast::Expr* condition, std::string name,
                       ast::List<ast::SelectItem> aggregates, std::vector<ast::SelectItem>* items);
  ast::SelectCore* MakePivot(ast::TableRef* source, const std::vector<PivotAxis>& axes, ast::List<ast::SelectItem> aggregates,
                             ast::List<ast::Expr*> groups, bool grouped, int32_t offset);
  ast::TableRef* ParsePivot(ast::TableRef* source);
  ast::SelectCore* MakeUnpivot(ast::TableRef* source, const std::vector<std::pair<ast::Expr*, ast::Expr*>>& columns,
                               const ast::Name& name, const ast::Name& value, bool nulls, int32_t offset);
  std::vector<std::pair<ast::Expr*, ast::Expr*>> ParseUnpivotColumns();
  ast::TableRef* ParseUnpivot(ast::TableRef* source);
  ast::SelectBody* ParsePivotQuery();
  static bool TakesLambda(std::string_view name);
  bool AtLambda();
  ast::Expr* ParseLambda();
  ast::Expr* ParseStruct();
  ast::Expr* ParseMap();
  ast::Expr* ParseArrayConstructor();
  ast::Expr* ParseRow();
  ast::Expr* ParseTypedLiteral();
  ast::Expr* ParseIntervalLiteral();
  ast::Expr* ParseStarExpr(ast::List<ast::Name> qualifier, int32_t offset);
  ast::Expr* ParseParameter();
  ast::Expr* ParseLiteral();
  ast::Expr* ParseExtract();
  ast::Expr* ParsePosition();
  ast::Expr* ParseSubstring();
  ast::Expr* ParseOverlay();
  ast::Expr* ParseTrim();
  ast::Expr* ParseCall(ast::QualifiedName name);
  void ParseCallArguments(ast::Call* call);
  void ParseCallTail(ast::Call* call);
  ast::Expr* ParseArgument();
  ast::Expr* MakeCall(ast::Text name, int32_t offset, std::initializer_list<ast::Expr*> arguments);
  ast::Expr* MakeString(ast::Text text, int32_t offset);
  ast::Expr* ParseSubqueryAs(ast::ExprKind kind, int32_t offset);  // the parentheses included
  ast::List<ast::Expr*> ParseExprList();
  ast::List<ast::OrderItem> ParseOrderItems();
  ast::OrderItem ParseOrderItem();
  ast::Window* ParseWindowSpecification();
  void ParseFrame(ast::Window* window);
  ast::FrameBound ParseFrameBound(ast::Expr** offset);
  int32_t ParameterNumber(std::string_view name);

  // ---- queries (parse_select.cc, parse_from.cc)
  bool AtQuery();  // SELECT, VALUES, WITH, TABLE, FROM, or parentheses around one
  bool AtParenthesisedQuery();
  ast::Select* ParseSelect();
  ast::Select* ParseSelectAfterWith(ast::With* with);
  void ParseSelectTail(ast::Select* select);
  void ParseLimit(ast::Select* select);
  ast::With* ParseWith();
  ast::SelectBody* ParseBody(int minimum);
  ast::SelectBody* ParseBodyPrimary();
  ast::SelectBody* ParseCore();
  void ParseCoreClauses(ast::SelectCore* core);
  ast::SelectBody* ParseValues();
  ast::List<ast::SelectItem> ParseSelectItems();
  ast::SelectItem ParseSelectItem();
  ast::Name ParseOptionalLabel();
  ast::List<ast::Expr*> ParseGroupBy(ast::SelectCore* core);
  ast::Expr* ParseGroupItem();
  ast::List<ast::TableRef*> ParseFromList();
  ast::TableRef* ParseTableRef();
  ast::TableRef* ParseJoinTail(ast::TableRef* left);
  bool ParseJoinKind(ast::JoinKind* kind, bool* natural);
  ast::TableRef* ParseTablePrimary();
  ast::TableRef* ParsePlainTable();
  ast::TableRef* ParseParenthesisedTable(bool lateral);
  ast::TableRef* ParseFunctionTable(ast::TableRef* table);
  ast::TableRef* NewTableRef(ast::TableRef* ref, ast::TableRefKind kind, int32_t offset);
  void ParseTableAlias(ast::TableRef* ref);
  ast::NamedTable* ParseTargetTable();
  void ParseSample(ast::NamedTable* table);

  // ---- statements (parse_change.cc, parse_schema.cc, parse_alter.cc, parse_session.cc)
  ast::Statement* ParseStatementBody();
  ast::Statement* ParseExplainable();
  ast::Statement* ParseWithStatement();
  template <typename T>
  T* NewStatement(ast::StatementKind kind, int32_t offset) {
    T* statement = New<T>(offset);
    statement->kind = kind;
    return statement;
  }
  ast::Statement* SelectAsStatement(ast::Select* select);
  ast::Statement* ParseInsert(ast::With* with);
  ast::ConflictAction ParseConflictAction();
  ast::OnConflict* ParseOnConflict();
  ast::Statement* ParseUpdate(ast::With* with);
  ast::Statement* ParseDelete(ast::With* with);
  ast::Statement* ParseMerge(ast::With* with);
  ast::MergeWhen ParseMergeWhen();
  ast::List<ast::SetItem> ParseSetItems();
  ast::Name ParseSetTarget(ast::List<ast::SetStep>* path);
  ast::List<ast::SelectItem> ParseReturning();
  ast::Statement* ParseTruncate();
  ast::Statement* ParseCopy();
  void ParseCopyOldOptions(Items<ast::Option>* options);
  ast::List<ast::Option> ParseOptionList();  // (name value, ...)
  ast::Option ParseOption();

  ast::Statement* ParseCreate();
  ast::Statement* ParseCreateTable(int32_t offset, bool temporary, bool or_replace);
  void ParseTableElements(ast::CreateTable* create);
  void ParseTableTail(ast::CreateTable* create);
  void NoteUnsupported(ast::CreateTable* create, std::string_view clause);
  ast::ColumnDefinition* ParseColumnDefinition();
  ast::List<ast::Constraint*> ParseColumnConstraints();
  ast::Constraint* ParseColumnConstraint();  // null when there is none
  ast::Constraint* ParseTableConstraint();
  bool AtTableConstraint();
  void ParseForeignKey(ast::Constraint* constraint);
  void ParseConstraintAttributes(ast::Constraint* constraint);
  void ParseConstraintConflict(ast::Constraint* constraint);
  ast::ReferentialAction ParseReferentialAction();
  void ParseGenerated(ast::Constraint* constraint);
  void ParseCheck(ast::Constraint* constraint);  // after CHECK
  ast::Statement* ParseCreateIndex(int32_t offset, bool unique);
  ast::IndexElement ParseIndexElement();
  ast::List<ast::IndexElement> ParseIndexElements();
  ast::Statement* ParseCreateSchema(int32_t offset);
  ast::Statement* ParseCreateExtension(int32_t offset);
  ast::Statement* ParseCreateView(int32_t offset, bool or_replace, bool temporary, bool materialized, bool recursive);
  // ---- triggers (parse_trigger.cc)
  ast::Statement* ParseCreateTrigger(int32_t offset, bool or_replace, bool temporary);
  void ParseTriggerEvents(ast::CreateTrigger* create);
  void ParseTransitionTables(ast::CreateTrigger* create);
  void ParseTriggerAction(ast::CreateTrigger* create);
  ast::List<ast::Statement*> ParseTriggerStatements();  // up to END, or the end
  ast::Statement* ParseTriggerStatement();
  ast::Statement* ParseSetNew();
  ast::Statement* ParseAlterTrigger(int32_t offset);
  // ---- functions (parse_function.cc)
  bool AtParameterName();
  ast::FunctionParameter ParseFunctionParameter();
  ast::List<ast::FunctionParameter> ParseFunctionParameters();
  ast::List<ast::FunctionParameter> ParseMacroParameters();
  ast::FunctionName ParseFunctionName();
  void ParseMacroBody(ast::CreateFunction* create);
  void RefuseParameters(std::string_view what, int32_t offset);
  bool ParseFunctionOption(ast::CreateFunction* create);
  ast::Statement* ParseCreateMacro(int32_t offset, bool or_replace, bool temporary);
  ast::Statement* ParseCreateFunction(int32_t offset, bool or_replace, bool temporary);
  ast::Statement* ParseAlterFunction(int32_t offset);
  ast::Statement* ParseAlterType(int32_t offset, bool domain);
  ast::Text ParseLabelText();
  bool AcceptAttribute();
  bool AtAttributeChange();
  void AcceptBehaviour();
  ast::List<ast::AttributeChange> ParseAttributeChanges();
  ast::Statement* ParseCreateSequence(int32_t offset, bool temporary);
  ast::Statement* ParseAlterSequence(int32_t offset);
  ast::Statement* ParseRefresh();
  ast::List<ast::Option> ParseSequenceOptions();
  ast::Option ParseSequenceOption();
  ast::Text ParseSignedNumber();
  void ParseAlterIdentity(ast::AlterItem* item);
  ast::Overriding ParseOverriding();
  ast::Statement* ParseCreateType(int32_t offset, bool domain);
  ast::Statement* ParseOther(int32_t offset, std::string_view words);
  bool AcceptIfNotExists();
  bool AcceptIfExists();
  ast::Statement* ParseDrop();
  ast::ObjectKind ParseObjectKind(ast::Text* words);
  ast::Statement* ParseAlter();
  ast::Statement* ParseAlterTable(int32_t offset, ast::ObjectKind object);
  ast::AlterItem ParseAlterItem();
  void ParseAlterColumn(ast::AlterItem* item);
  ast::Statement* ParseComment();

  ast::Statement* ParseTransaction();
  ast::TransactionModes ParseTransactionModes();
  ast::Statement* ParseSet();
  ast::Statement* ParseSetConstraints(int32_t offset);
  ast::Literal* ParseSettingValue();
  ast::Text ParseSettingName();
  ast::Statement* ParseReset();
  ast::Statement* ParseShow();
  ast::Statement* ParsePragma();
  ast::Statement* ParseVacuum();
  ast::Statement* ParseAnalyze(ast::StatementKind kind);
  ast::Statement* ParseExplain();
  ast::Statement* ParsePrepare();
  ast::Statement* ParseExecute();
  ast::Statement* ParseDeallocate();
  ast::Statement* ParseAttach();
  ast::Statement* ParseDescribe(bool summarize);

  base::Arena& arena_;
  std::string_view sql_;
  const ParseLimits& limits_;
  Lexer lexer_;
  Token token_;
  Token ahead_[5];
  int ahead_count_ = 0;
  int32_t last_end_ = 0;
  int32_t depth_ = 0;
  base::Status status_;
  std::vector<std::string_view> parameters_;
  std::string_view with_text_;  // the last WITH clause, as it was written
  bool keeps_text_ = false;     // the catalog is to keep what is being read
  bool asked_pivot_values_ = false;
};

}  // namespace turdb::sql

#endif  // TURDB_SQL_PARSE_PARSER_INTERNAL_H_
