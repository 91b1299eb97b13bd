// How wide UTF-8 text is on a terminal, and how to cut it.
#ifndef TURDB_TOOLS_SHELL_TEXT_WIDTH_H_
#define TURDB_TOOLS_SHELL_TEXT_WIDTH_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace turdb::shell {

// Columns that `text` takes: 2 for wide characters, 0 for combining ones. REQUIRES: no control characters.
size_t DisplayWidth(std::string_view text);
// The longest start of `text` that is at most `columns` wide; with an ellipsis in its last column when cut.
std::string CutToWidth(std::string_view text, size_t columns);
// Control characters as visible text: "\t", "\x1b"; line ends stay when `keep_newlines`.
std::string Printable(std::string_view text, bool keep_newlines);

}  // namespace turdb::shell

#endif  // TURDB_TOOLS_SHELL_TEXT_WIDTH_H_
