#include "shell/renderer.h"

#include <algorithm>
#include <utility>

#include "shell/text_width.h"

namespace turdb::shell {
namespace {

struct ModeEntry {
  std::string_view name;
  Mode mode;
};
constexpr ModeEntry kModes[] = {{"box", Mode::kBox},   {"table", Mode::kTable}, {"markdown", Mode::kMarkdown},
                                {"csv", Mode::kCsv},   {"tabs", Mode::kTabs},   {"list", Mode::kList},
                                {"line", Mode::kLine}, {"json", Mode::kJson},   {"jsonlines", Mode::kJsonLines}};

void Put(std::FILE* out, std::string_view text) { std::fwrite(text.data(), 1, text.size(), out); }

// csv, tabs and list: a line a row, a separator between fields.
class SeparatedRenderer final : public Renderer {
 public:
  SeparatedRenderer(const RenderOptions& options, std::FILE* out)
      : options_(options),
        separator_(options.mode == Mode::kCsv    ? ','
                   : options.mode == Mode::kTabs ? '\t'
                                                 : '|'),
        out_(out) {}

  void Begin(const std::vector<ResultColumn>& columns) override {
    if (!options_.headers) return;
    std::vector<Cell> names;
    for (const ResultColumn& column : columns) names.push_back({column.name, false, ValueKind::kText});
    Row(std::move(names));
  }
  void Row(std::vector<Cell> cells) override {
    std::string line;
    for (size_t i = 0; i < cells.size(); ++i) {
      if (i > 0) line.push_back(separator_);
      line += Text(cells[i]);
    }
    line.push_back('\n');
    Put(out_, line);
  }
  void End() override {}

 private:
  std::string Text(const Cell& cell) const {
    if (cell.is_null) return options_.null_text.value_or("");
    if (options_.mode != Mode::kCsv) return cell.text;
    // An empty text differs from a NULL by its quotes; so does a text that looks like the NULL marker.
    if (cell.text == options_.null_text.value_or("")) return "\"" + cell.text + "\"";
    return CsvText(cell.text, separator_);
  }

  const RenderOptions options_;
  const char separator_;
  std::FILE* const out_;
};

class LineRenderer final : public Renderer {
 public:
  LineRenderer(const RenderOptions& options, std::FILE* out) : options_(options), out_(out) {}

  void Begin(const std::vector<ResultColumn>& columns) override {
    for (const ResultColumn& column : columns) {
      names_.push_back(Printable(column.name, false));
      width_ = std::max(width_, DisplayWidth(names_.back()));
    }
  }
  void Row(std::vector<Cell> cells) override {
    std::string text;
    if (rows_++ > 0) text.push_back('\n');
    for (size_t i = 0; i < cells.size(); ++i) {
      text.append(width_ - DisplayWidth(names_[i]), ' ');
      text += names_[i] + " = " + (cells[i].is_null ? options_.null_text.value_or("NULL") : cells[i].text) + "\n";
    }
    Put(out_, text);
  }
  void End() override {}

 private:
  const RenderOptions options_;
  std::FILE* const out_;
  std::vector<std::string> names_;
  size_t width_ = 0;
  int64_t rows_ = 0;
};

// json: one array of objects, one object a line. jsonlines: the objects alone.
class JsonRenderer final : public Renderer {
 public:
  JsonRenderer(const RenderOptions& options, std::FILE* out) : lines_(options.mode == Mode::kJsonLines), out_(out) {}

  void Begin(const std::vector<ResultColumn>& columns) override {
    for (const ResultColumn& column : columns) names_.push_back(JsonString(column.name));
    if (!lines_) Put(out_, "[");
  }
  void Row(std::vector<Cell> cells) override {
    std::string text = rows_++ > 0 && !lines_ ? ",\n{" : "{";
    for (size_t i = 0; i < cells.size(); ++i) {
      if (i > 0) text.push_back(',');
      text += names_[i];
      text.push_back(':');
      text += Value(cells[i]);
    }
    text += lines_ ? "}\n" : "}";
    Put(out_, text);
  }
  void End() override {
    if (!lines_) Put(out_, "]\n");
  }

 private:
  static std::string Value(const Cell& cell) {
    if (cell.is_null) return "null";
    // Infinities and NaN are no JSON numbers.
    const bool digits = cell.text.find_first_of("0123456789") != std::string::npos;
    if ((cell.kind == ValueKind::kNumber && digits) || cell.kind == ValueKind::kBool) {
      if (cell.kind == ValueKind::kNumber) return cell.text;
      return cell.text == "t" || cell.text == "true" ? "true" : "false";
    }
    return JsonString(cell.text);
  }

  const bool lines_;
  std::FILE* const out_;
  std::vector<std::string> names_;
  int64_t rows_ = 0;
};

}  // namespace

const std::string_view kModeNames = "box, table, markdown, csv, tabs, list, line, json, jsonlines";

std::optional<Mode> ModeNamed(std::string_view name) {
  for (const ModeEntry& entry : kModes) {
    if (entry.name == name) return entry.mode;
  }
  return std::nullopt;
}

std::string_view ModeName(Mode mode) {
  for (const ModeEntry& entry : kModes) {
    if (entry.mode == mode) return entry.name;
  }
  return "";
}

std::string JsonString(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"':
        result += "\\\"";
        break;
      case '\\':
        result += "\\\\";
        break;
      case '\n':
        result += "\\n";
        break;
      case '\r':
        result += "\\r";
        break;
      case '\t':
        result += "\\t";
        break;
      default:
        if (byte >= 0x20) {
          result.push_back(c);
        } else {
          result += "\\u00";
          result.push_back(kHex[byte >> 4]);
          result.push_back(kHex[byte & 15]);
        }
    }
  }
  return result + "\"";
}

std::string CsvText(std::string_view text, char delimiter) {
  const bool plain = text.find_first_of("\"\r\n") == std::string_view::npos && text.find(delimiter) == std::string_view::npos &&
                     !text.starts_with(' ') && !text.ends_with(' ');
  if (plain) return std::string(text);
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"') result.push_back('"');
    result.push_back(c);
  }
  return result + "\"";
}

std::unique_ptr<Renderer> NewRenderer(const RenderOptions& options, std::FILE* out) {
  switch (options.mode) {
    case Mode::kBox:
    case Mode::kTable:
    case Mode::kMarkdown:
      return NewGridRenderer(options, out);
    case Mode::kLine:
      return std::make_unique<LineRenderer>(options, out);
    case Mode::kJson:
    case Mode::kJsonLines:
      return std::make_unique<JsonRenderer>(options, out);
    case Mode::kCsv:
    case Mode::kTabs:
    case Mode::kList:
      break;
  }
  return std::make_unique<SeparatedRenderer>(options, out);
}

}  // namespace turdb::shell
