#include "absl/strings/ascii.h"
#include "sql/parse/printer_internal.h"

namespace turdb::sql::internal {

void Printer::SequenceOptions(ast::List<ast::Option> options) {
  for (size_t i = 0; i < options.size(); ++i) {
    const ast::Option& option = options[i];
    if (i > 0) Add(" ");
    const std::string words = absl::AsciiStrToUpper(option.name.text);
    if (option.value == "no") {
      Add("NO ", words);
      continue;
    }
    Add(words);
    if (!option.names.empty()) {
      Add(option.name.text == "owned" ? " BY " : " ");
      Names(option.names, ".");
    } else if (!option.value.empty()) {
      Add(" ", option.value);
    }
  }
}

void Printer::CreateSequence(const ast::CreateSequence& create) {
  Add("CREATE ", create.temporary ? "TEMPORARY " : "", "SEQUENCE ", create.if_not_exists ? "IF NOT EXISTS " : "");
  Path(create.name);
  if (create.options.empty()) return;
  Add(" ");
  SequenceOptions(create.options);
}

void Printer::AlterSequence(const ast::AlterSequence& alter) {
  Add("ALTER SEQUENCE ", alter.if_exists ? "IF EXISTS " : "");
  Path(alter.name);
  Add(" ");
  SequenceOptions(alter.options);
}

}  // namespace turdb::sql::internal
