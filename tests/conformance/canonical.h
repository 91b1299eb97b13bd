// Values in the canonical form of README.md: what was fetched, shown; what is to be bound, packed.
#ifndef TURDB_TESTS_CONFORMANCE_CANONICAL_H_
#define TURDB_TESTS_CONFORMANCE_CANONICAL_H_

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace turdb::conformance {

[[noreturn]] void Die(const std::string& message);

// Backslashes, tabs, newlines and control characters, so that a value is a piece of a line.
std::string Escape(std::string_view text);
// "int64" for TURDB_TYPE_INT64.
const char* TypeName(int type);

// Reads packed rows (turdb.h).
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  template <typename T>
  T Take() {
    if (bytes_.size() < sizeof(T)) Die("a packed row ends too early");
    T value;
    std::memcpy(&value, bytes_.data(), sizeof value);
    bytes_.remove_prefix(sizeof value);
    return value;
  }
  std::string_view TakeBytes(size_t size);
  std::string_view TakeSized() { return TakeBytes(Take<uint32_t>()); }

 private:
  std::string_view bytes_;
};

// The next packed value. `loose`: of a column of type any, or an element of an array.
std::string ShowValue(Reader* in, bool loose);
// "int64:5" as a packed value.
void PackTagged(std::string_view tagged, std::string* out);

}  // namespace turdb::conformance

#endif  // TURDB_TESTS_CONFORMANCE_CANONICAL_H_
