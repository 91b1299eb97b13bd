// Reads comma-separated values as RFC 4180 has them and as the world writes them: any one-byte delimiter,
// quoted fields with doubled quotes and line ends inside, LF, CRLF and CR line ends, a byte order mark, a last
// line without an end. What is wrong with a record is said of that record; reading goes on behind it.
#ifndef TURDB_TOOLS_SHELL_CSV_READER_H_
#define TURDB_TOOLS_SHELL_CSV_READER_H_

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace turdb::shell {

struct CsvField {
  std::string_view text;
  bool quoted = false;
};

struct CsvRecord {
  std::vector<CsvField> fields;  // point into the reader, until its next call
  int64_t line = 0;              // of its first byte, from 1
  std::string problem;           // empty when the record is well formed
  int64_t problem_column = 0;    // from 1, when there is a problem
};

// One thread at a time.
class CsvReader {
 public:
  // `file` is borrowed and read from where it stands.
  CsvReader(std::FILE* file, char delimiter);

  // Reads the next record; false at the end of the file. Blank lines are no records.
  bool Next(CsvRecord* record);
  int64_t bytes_read() const { return consumed_; }  // up to the end of the last record
  bool failed() const { return failed_; }           // the file could not be read on; errno says why

 private:
  int Peek();  // EOF at the end
  int Take();
  bool Fill();
  void EndField(size_t start, bool quoted);
  void TakeQuoted(CsvRecord* record);
  void TakeLineEnd(int first);

  std::FILE* const file_;
  const char delimiter_;
  std::vector<char> buffer_;
  size_t at_ = 0;
  size_t end_ = 0;
  int64_t consumed_ = 0;
  int64_t line_ = 1;
  bool failed_ = false;
  std::string text_;  // all fields of the record, one after the other
  struct Span {
    size_t start;
    size_t size;
    bool quoted;
  };
  std::vector<Span> spans_;
};

// The delimiter that splits the first records of `sample` most evenly, among comma, semicolon, tab and bar;
// a comma when none does.
char SniffDelimiter(std::string_view sample);

}  // namespace turdb::shell

#endif  // TURDB_TOOLS_SHELL_CSV_READER_H_
