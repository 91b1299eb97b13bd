// How results look: one renderer a mode, fed row by row, writing as it goes.
#ifndef TURDB_TOOLS_SHELL_RENDERER_H_
#define TURDB_TOOLS_SHELL_RENDERER_H_

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turdb::shell {

enum class Mode : uint8_t { kBox, kTable, kMarkdown, kCsv, kTabs, kList, kLine, kJson, kJsonLines };
std::optional<Mode> ModeNamed(std::string_view name);
std::string_view ModeName(Mode mode);
extern const std::string_view kModeNames;  // all of them, for messages

// What a value is in JSON, and how it stands in a column.
enum class ValueKind : uint8_t { kText, kNumber, kBool };

struct ResultColumn {
  std::string name;
  ValueKind kind = ValueKind::kText;
};

struct Cell {
  std::string text;  // empty for NULL
  bool is_null = false;
  ValueKind kind = ValueKind::kText;
};

struct RenderOptions {
  Mode mode = Mode::kBox;
  bool headers = true;
  std::optional<std::string> null_text;  // none: NULL in the drawn modes, nothing in csv, tabs and list
  bool color = false;
  size_t width = 0;  // of the terminal; 0: lines may be as long as they like
};

// One thread at a time. Begin, then Row any number of times, then End.
class Renderer {
 public:
  virtual ~Renderer() = default;
  virtual void Begin(const std::vector<ResultColumn>& columns) = 0;
  virtual void Row(std::vector<Cell> cells) = 0;
  virtual void End() = 0;
};

std::unique_ptr<Renderer> NewRenderer(const RenderOptions& options, std::FILE* out);
// A JSON string with its quotes.
std::string JsonString(std::string_view text);
// A CSV field, quoted when it has to be.
std::string CsvText(std::string_view text, char delimiter);

// box, table and markdown (render_grid.cc).
std::unique_ptr<Renderer> NewGridRenderer(const RenderOptions& options, std::FILE* out);

}  // namespace turdb::shell

#endif  // TURDB_TOOLS_SHELL_RENDERER_H_
