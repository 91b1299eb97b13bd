#include "shell/error_report.h"

#include <algorithm>

#include "shell/text_width.h"

namespace turdb::shell {
namespace {

constexpr size_t kShownBytes = 100;  // of a long line, around the place

// The line of `sql` around `position`, and a caret below that place.
std::string Excerpt(std::string_view sql, size_t position, bool color) {
  const size_t line_start = position == 0 ? 0 : sql.rfind('\n', position - 1) + 1;  // npos + 1 is 0
  std::string_view line = sql.substr(line_start, std::min(sql.find('\n', position), sql.size()) - line_start);
  size_t caret = position - line_start;
  bool cut_front = false;
  if (line.size() > kShownBytes && caret > kShownBytes / 2) {
    size_t skip = caret - kShownBytes / 2;
    while (skip < caret && (static_cast<unsigned char>(line[skip]) & 0xC0) == 0x80) ++skip;
    line.remove_prefix(skip);
    caret -= skip;
    cut_front = true;
  }
  const std::string before = Printable(line.substr(0, caret), false);
  const std::string shown = before + Printable(line.substr(caret), false);
  std::string text = cut_front ? "  …" : "  ";
  text += CutToWidth(shown, std::max(kShownBytes, DisplayWidth(before) + 2)) + "\n";
  text.append(DisplayWidth(before) + (cut_front ? 3 : 2), ' ');
  return text + (color ? "\x1b[1;31m^\x1b[0m\n" : "^\n");
}

}  // namespace

std::string Report(const ErrorText& error, std::string_view sql, std::string_view source, int64_t line, bool color) {
  const bool has_place = error.position >= 0 && static_cast<size_t>(error.position) <= sql.size() && !sql.empty();
  std::string text;
  if (!source.empty()) {
    const auto end = sql.begin() + (has_place ? static_cast<std::ptrdiff_t>(error.position) : 0);
    text += std::string(source) + ":" + std::to_string(line + std::count(sql.begin(), end, '\n')) + ": ";
  }
  text += color ? "\x1b[1;31merror\x1b[0m " : "error ";
  text += error.sqlstate + ": " + error.message + "\n";
  if (has_place) text += Excerpt(sql, static_cast<size_t>(error.position), color);
  if (!error.hint.empty()) text += "  hint: " + error.hint + "\n";
  for (const std::string& frame : error.frames) text += "  while " + frame + "\n";
  return text;
}

}  // namespace turdb::shell
