// What files of rows look like: asked before a query over them is planned, since its columns are theirs.
#ifndef TURDB_EXEC_FILE_SHAPE_H_
#define TURDB_EXEC_FILE_SHAPE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "exec/plan.h"
#include "vec/type.h"

namespace turdb::os {
class FileSystem;
}

namespace turdb::exec {

enum class FileFormat : uint8_t { kCsv, kJson };

struct FileQuestion {
  std::vector<std::string> paths;  // with * and ?, which stand for whatever names there are
  FileFormat format = FileFormat::kCsv;
  CsvOptions options;
  bool delimiter_given = false;
  bool header_given = false;
  bool all_text = false;        // no types but text
  int64_t sample_rows = 20480;  // negative: all
};

struct FileShape {
  struct Column {
    std::string name;
    vec::Type type;
  };
  std::vector<std::string> paths;  // that there are
  std::vector<Column> columns;
  CsvOptions options;
  bool json_array = false;  // one array of objects, not an object a line
};

// Errors: those of files; 22023 when none fits.
base::StatusOr<FileShape> LookAtFiles(os::FileSystem& files, const FileQuestion& question);

// The files that a path with * and ? stands for, in order; itself when it has none of these. Errors: NOT_FOUND.
base::StatusOr<std::vector<std::string>> ExpandPath(os::FileSystem& files, std::string_view path);

}  // namespace turdb::exec

#endif  // TURDB_EXEC_FILE_SHAPE_H_
