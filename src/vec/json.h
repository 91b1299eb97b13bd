// jsonb: a JSON value as bytes in which a member is found without reading the rest. json, the other type, is text that
// was checked (json_text.h).
//
// A node is read from its end, so that it is written in one pass: what it holds, a directory of it, and one byte that
// says what it is. On disk: do not change (FORMAT.md of the table room, "jsonb").
//
//   null, false, true   tag
//   number              numeric (numeric.h), tag
//   string              UTF-8 without U+0000, tag
//   array               elements, end of each, their count, tag
//   object              key and value of each member, {begin of key, begin of value, end of value} of each, their count, tag
//
//   tag   bits 0..2 JsonKind, bits 3..4 the width of the numbers in the directory and of the count: 0, 1, 2 for one,
//         two, four bytes, little-endian; offsets count from the first byte of the node
//
// The directory of an object is sorted by the length of the keys, then by their bytes; of keys that were given twice
// only the last is in it.
#ifndef TURDB_VEC_JSON_H_
#define TURDB_VEC_JSON_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "vec/numeric.h"

namespace turdb::vec {

// On disk: do not change a number. In the order of values.
enum class JsonKind : uint8_t { kNull = 0, kFalse = 1, kTrue = 2, kNumber = 3, kString = 4, kArray = 5, kObject = 6 };

// Arrays and objects inside each other; more is 54001.
inline constexpr int kMaxJsonDepth = 1000;
inline constexpr size_t kMaxJsonbBytes = size_t{1} << 30;

// Reads one node. Owns nothing; REQUIRES: bytes that JsonWriter made.
class JsonView {
 public:
  JsonView() = default;  // null
  explicit JsonView(std::string_view bytes);

  std::string_view bytes() const { return bytes_; }
  JsonKind kind() const { return static_cast<JsonKind>(Tag() & 7); }
  bool is_boolean() const { return kind() == JsonKind::kTrue || kind() == JsonKind::kFalse; }
  bool is_container() const { return kind() == JsonKind::kArray || kind() == JsonKind::kObject; }
  // REQUIRES: a number, a string.
  Numeric number() const { return Numeric::FromBytes(bytes_.substr(0, bytes_.size() - 1)); }
  std::string_view string() const { return bytes_.substr(0, bytes_.size() - 1); }

  // Elements of an array, members of an object; 0 for others.
  uint32_t size() const { return count_; }
  // REQUIRES: an array, i < size().
  JsonView element(uint32_t i) const;
  // REQUIRES: an object, i < size(). In the order of the directory.
  std::string_view key(uint32_t i) const;
  JsonView value(uint32_t i) const;
  // The member of this name. REQUIRES: an object.
  std::optional<JsonView> Find(std::string_view name) const;

 private:
  uint8_t Tag() const { return static_cast<uint8_t>(bytes_.back()); }
  uint32_t Read(size_t number) const;  // of the directory

  static constexpr char kNullBytes[] = {0};
  std::string_view bytes_{kNullBytes, 1};
  size_t directory_ = 0;  // where it begins
  uint32_t count_ = 0;
  uint32_t width_ = 1;
};

// Order of keys: by length, then by bytes, as jsonb prints them.
bool JsonKeyLess(std::string_view a, std::string_view b);

// Appends one value to a string, which may hold something before. Calls nest as the value does; between BeginObject
// and EndObject a Key comes before each value.
class JsonWriter {
 public:
  explicit JsonWriter(std::string* out) : out_(out) {}

  void Null() { Scalar({}, JsonKind::kNull); }
  void Boolean(bool value) { Scalar({}, value ? JsonKind::kTrue : JsonKind::kFalse); }
  void Number(const Numeric& number) { Scalar(number.ToBytes(), JsonKind::kNumber); }
  // REQUIRES: UTF-8 without U+0000.
  void String(std::string_view text) { Scalar(text, JsonKind::kString); }
  void Value(const JsonView& value);
  void BeginArray() { Begin(false); }
  void EndArray();
  void BeginObject() { Begin(true); }
  void Key(std::string_view key);
  void EndObject();

 private:
  struct Entry {  // of an array only value_end counts
    size_t key_begin;
    size_t value_begin;
    size_t value_end;
  };
  struct Level {
    size_t begin;        // in *out_
    size_t first_entry;  // in entries_
    bool object;
  };
  void Begin(bool object) { levels_.push_back({out_->size(), entries_.size(), object}); }
  void Scalar(std::string_view body, JsonKind kind);
  void ValueEnded();
  void End(JsonKind kind, size_t numbers_per_entry);
  void SortMembers(const Level& level);

  std::string* out_;
  std::vector<Level> levels_;
  std::vector<Entry> entries_;
};

// null < false < true < numbers < strings < arrays < objects; arrays element by element, objects member by member in
// the order of their keys. 1 equals 1.0. This is the order of keys in storage, not that of PostgreSQL's jsonb.
int CompareJson(const JsonView& a, const JsonView& b);
uint64_t HashJson(const JsonView& value);

// 54001 when a value that was put together is nested deeper than kMaxJsonDepth: all that walks values recurses.
base::Status CheckJsonbDepth(const JsonView& value);

// How a value is written as text.
enum class JsonLayout : uint8_t {
  kSpaced,   // {"a": 1, "b": [1, 2]}, as jsonb prints
  kCompact,  // {"a":1,"b":[1,2]}
  kPretty,   // a member a line, four blanks a level
};
void AppendJson(const JsonView& value, JsonLayout layout, std::string* out);

}  // namespace turdb::vec

#endif  // TURDB_VEC_JSON_H_
