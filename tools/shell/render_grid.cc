// Boxes, ASCII tables and markdown. Widths are those of the header and the first rows, up to kMeasuredRows of
// them, so that a result of any length streams in bounded memory; a later value that is wider moves its line.
// On a terminal the widest columns give way until the grid fits, and what does not fit ends in an ellipsis.
#include <algorithm>
#include <utility>

#include "shell/renderer.h"
#include "shell/text_width.h"

namespace turdb::shell {
namespace {

constexpr size_t kMeasuredRows = 4096;
constexpr size_t kNarrowestColumn = 8;  // no column is made narrower than this

// One line across the grid: left end, between columns, right end, filling.
struct Rule {
  std::string_view left, cross, right, fill;
};

struct Border {
  Rule top, middle, bottom;
  std::string_view side;
};
constexpr Border kBoxBorder = {{"┌", "┬", "┐", "─"}, {"├", "┼", "┤", "─"}, {"└", "┴", "┘", "─"}, "│"};
constexpr Border kTableBorder = {{"+", "+", "+", "-"}, {"+", "+", "+", "-"}, {"+", "+", "+", "-"}, "|"};
constexpr Border kMarkdownBorder = {{}, {"|", "|", "|", "-"}, {}, "|"};

class GridRenderer final : public Renderer {
 public:
  GridRenderer(const RenderOptions& options, std::FILE* out)
      : options_(options),
        markdown_(options.mode == Mode::kMarkdown),
        border_(markdown_                      ? kMarkdownBorder
                : options.mode == Mode::kTable ? kTableBorder
                                               : kBoxBorder),
        out_(out) {}

  void Begin(const std::vector<ResultColumn>& columns) override {
    columns_ = columns;
    for (ResultColumn& column : columns_) column.name = Visible(column.name);
    widths_.assign(columns.size(), 1);
  }

  void Row(std::vector<Cell> cells) override {
    for (Cell& cell : cells) cell.text = cell.is_null ? options_.null_text.value_or("NULL") : Visible(cell.text);
    if (started_) {
      PutRow(cells);
      return;
    }
    rows_.push_back(std::move(cells));
    if (rows_.size() == kMeasuredRows) Start();
  }

  void End() override {
    if (!started_) Start();
    PutRule(border_.bottom);
  }

 private:
  // Markdown has neither line ends nor bars inside a cell.
  std::string Visible(std::string_view text) const {
    if (!markdown_) return Printable(text, /*keep_newlines=*/true);
    std::string result;
    for (const char c : text) {
      if (c == '\n') {
        result += "<br>";
      } else {
        if (c == '|') result.push_back('\\');
        result.push_back(c);
      }
    }
    return Printable(result, false);
  }

  static std::vector<std::string_view> Lines(std::string_view text) {
    std::vector<std::string_view> lines;
    while (true) {
      const size_t end = text.find('\n');
      lines.push_back(text.substr(0, end));
      if (end == std::string_view::npos) return lines;
      text.remove_prefix(end + 1);
    }
  }

  static size_t Width(std::string_view text) {
    size_t width = 0;
    for (const std::string_view line : Lines(text)) width = std::max(width, DisplayWidth(line));
    return width;
  }

  // All buffered rows are known, or as many as are measured: settle the widths and draw what is there.
  void Start() {
    started_ = true;
    if (options_.headers || markdown_) {
      for (size_t i = 0; i < columns_.size(); ++i) widths_[i] = std::max(widths_[i], Width(columns_[i].name));
    }
    for (const std::vector<Cell>& row : rows_) {
      for (size_t i = 0; i < row.size(); ++i) widths_[i] = std::max(widths_[i], Width(row[i].text));
    }
    if (markdown_) {
      for (size_t& width : widths_) width = std::max<size_t>(width, 3);
    } else if (options_.width > 0) {
      Narrow();
    }
    PutRule(border_.top);
    if (options_.headers || markdown_) {
      std::vector<Cell> names;
      for (const ResultColumn& column : columns_) names.push_back({column.name, false, column.kind});
      PutRow(names, /*header=*/true);
      PutRule(border_.middle);
    }
    for (const std::vector<Cell>& row : rows_) PutRow(row);
    rows_.clear();
  }

  void Narrow() {
    size_t total = 1;
    for (const size_t width : widths_) total += width + 3;
    while (total > options_.width) {
      const auto widest = std::max_element(widths_.begin(), widths_.end());
      if (widest == widths_.end() || *widest <= kNarrowestColumn) return;
      --*widest;
      --total;
      cut_ = true;
    }
  }

  void PutRule(const Rule& rule) {
    if (rule.fill.empty()) return;
    std::string line(rule.left);
    for (size_t i = 0; i < widths_.size(); ++i) {
      if (i > 0) line += rule.cross;
      // In markdown a colon at the end of the rule aligns the column to the right.
      const bool colon = markdown_ && columns_[i].kind == ValueKind::kNumber;
      for (size_t k = 0; k < widths_[i] + 2 - (colon ? 1 : 0); ++k) line += rule.fill;
      if (colon) line.push_back(':');
    }
    line += rule.right;
    line.push_back('\n');
    std::fwrite(line.data(), 1, line.size(), out_);
  }

  void PutRow(const std::vector<Cell>& cells, bool header = false) {
    std::vector<std::vector<std::string_view>> lines;
    size_t height = 1;
    for (const Cell& cell : cells) {
      lines.push_back(Lines(cell.text));
      height = std::max(height, lines.back().size());
    }
    std::string text;
    for (size_t y = 0; y < height; ++y) {
      for (size_t i = 0; i < cells.size(); ++i) {
        text += border_.side;
        text.push_back(' ');
        AppendPart(text, cells[i], y < lines[i].size() ? lines[i][y] : std::string_view(), i, header);
        text.push_back(' ');
      }
      text += border_.side;
      text.push_back('\n');
    }
    std::fwrite(text.data(), 1, text.size(), out_);
  }

  void AppendPart(std::string& text, const Cell& cell, std::string_view line, size_t column, bool header) const {
    const std::string part = cut_ ? CutToWidth(line, widths_[column]) : std::string(line);
    const size_t width = DisplayWidth(part);
    const size_t padding = width < widths_[column] ? widths_[column] - width : 0;
    const bool to_the_right = columns_[column].kind == ValueKind::kNumber;
    if (to_the_right) text.append(padding, ' ');
    const char* const color = !options_.color ? nullptr : header ? "\x1b[1m" : cell.is_null ? "\x1b[2m" : nullptr;
    if (color != nullptr) text += color;
    text += part;
    if (color != nullptr) text += "\x1b[0m";
    if (!to_the_right) text.append(padding, ' ');
  }

  const RenderOptions options_;
  const bool markdown_;
  const Border border_;
  std::FILE* const out_;
  std::vector<ResultColumn> columns_;
  std::vector<size_t> widths_;
  std::vector<std::vector<Cell>> rows_;  // until the widths are settled
  bool started_ = false;
  bool cut_ = false;
};

}  // namespace

std::unique_ptr<Renderer> NewGridRenderer(const RenderOptions& options, std::FILE* out) {
  return std::make_unique<GridRenderer>(options, out);
}

}  // namespace turdb::shell
