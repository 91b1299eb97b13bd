// The commands that begin with a dot.
#ifndef TURDB_TOOLS_SHELL_DOT_COMMANDS_H_
#define TURDB_TOOLS_SHELL_DOT_COMMANDS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shell/import.h"

namespace turdb::shell {

// All names with their dot, sorted.
std::vector<std::string> DotCommandNames();

// Words separated by space; 'as it is' and "with \t, \n, \\ and \" inside". Nothing when a quote is left open.
std::optional<std::vector<std::string>> SplitWords(std::string_view line);

// Reads the options of .import, which --import on the command line shares: `words[*at]` and what it takes. Returns
// whether it was one; `problem` says what is wrong with it.
bool TakeImportOption(const std::vector<std::string>& words, size_t* at, ImportOptions* options, std::string* problem);

}  // namespace turdb::shell

#endif  // TURDB_TOOLS_SHELL_DOT_COMMANDS_H_
