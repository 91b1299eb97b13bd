// Arrow arrays of any shape, value by value: for results that are no chunks, as the nested ones of ADBC's metadata.
#ifndef TURDB_ARROW_RECORD_BUILDER_H_
#define TURDB_ARROW_RECORD_BUILDER_H_

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "arrow/abi.h"
#include "arrow/bytes.h"
#include "arrow/schema.h"

namespace turdb::arrow {

// One array, and those below it. Formats: n b c s i l C S I L g u z +s +l +m +ud. Not thread-safe. Throws std::bad_alloc.
//
// A struct's row: a value of each child, then Close. A list's: its elements into child(0), then Close. A union's: a value into
// the child, then CloseMember with its place.
class RecordBuilder {
 public:
  explicit RecordBuilder(const SchemaNode& node);
  RecordBuilder(RecordBuilder&&) noexcept = default;

  RecordBuilder& child(size_t i) { return children_[i]; }
  int64_t length() const { return length_; }

  // A struct's children get a NULL each, too.
  void Null();
  void Bool(bool value);
  void Int(int64_t value);  // of the format's width. REQUIRES: it fits.
  void Double(double value);
  void Text(std::string_view value);
  void Close();
  void CloseMember(size_t place);

  void Finish(ArrowArray* out);

 private:
  void Note(bool valid);

  char kind_;  // the format's first letter, or for nested ones its second
  bool nested_;
  std::vector<int8_t> codes_of_;  // of a union's children
  std::vector<RecordBuilder> children_;
  Bits validity_;
  Bits bits_;    // booleans
  Bytes slots_;  // fixed values, offsets, a union's codes
  Bytes bytes_;  // texts, a union's offsets
  int64_t length_ = 0;
  int64_t null_count_ = 0;
};

// A stream of `batch`, one that is a struct, with its schema; takes over both.
void MakeStream(Owned<ArrowSchema> schema, Owned<ArrowArray> batch, ArrowArrayStream* out);

}  // namespace turdb::arrow

#endif  // TURDB_ARROW_RECORD_BUILDER_H_
