// SQL text through lexer and parser: no text harms, and what parses prints as text that parses to the same.
#include <string>

#include "absl/log/absl_log.h"
#include "base/arena.h"
#include "base/check.h"
#include "sql/parse/parser.h"
#include "sql/parse/printer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace turdb;  // NOLINT: the entry point has no namespace
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  while (!rest.empty()) {
    base::Arena arena;
    const auto parsed = sql::ParseStatement(arena, rest);
    if (!parsed.ok()) {
      const std::optional<int64_t> position = base::GetPosition(parsed.status());
      if (position.has_value()) TURDB_CHECK_LE(*position, static_cast<int64_t>(rest.size()));
      return 0;
    }
    if (parsed->statement != nullptr && parsed->statement->kind == sql::ast::StatementKind::kSelect) {
      const std::string text = sql::ToSql(*parsed->statement);
      base::Arena again_arena;
      const auto again = sql::ParseStatement(again_arena, text);
      // What is printed has more parentheses, and may be nested too deeply for that.
      if (again.ok()) {
        const std::string twice = sql::ToSql(*again->statement);
        if (twice != text) ABSL_LOG(FATAL) << "printed as\n" << text << "\nwhich parses to\n" << twice;
      } else if (base::GetSqlState(again.status()) != base::SqlState{"54001"}) {
        ABSL_LOG(FATAL) << "printed as\n" << text << "\nwhich does not parse: " << base::Describe(again.status());
      }
    }
    if (parsed->end_offset == 0) return 0;
    rest.remove_prefix(parsed->end_offset);
  }
  return 0;
}
