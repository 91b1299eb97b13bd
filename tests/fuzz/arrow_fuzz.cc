// Arrow arrays that somebody made up: whatever lengths, offsets, indexes and codes say, reading them gives rows or an error.
// The one thing that the interface lets nobody check is how large buffers are; here they are as large as the shape of the array
// says.
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "arrow/importer.h"
#include "tests/fuzz/fuzz_input.h"
#include "vec/chunk.h"

namespace turdb::arrow {
namespace {

constexpr int64_t kMostRows = 64;
constexpr size_t kTextBytes = 256;

// A schema and an array of its shape; buffers, numbers and formats come from the input.
class Maker {
 public:
  explicit Maker(FuzzInput& input) : input_(input) {}

  void Make(int depth, int64_t rows, ArrowSchema* schema, ArrowArray* array) {
    static const char* const kFormats[] = {
        "n",   "b",   "c",  "S",   "i",    "L",   "e",       "g",       "d:9,2", "d:39,0,256", "d:5,-2",  "u",   "U",
        "vu",  "z",   "vz", "w:3", "w:16", "tdD", "tdm",     "tts",     "ttn",   "tss:",       "tsn:UTC", "tDm", "tiM",
        "tiD", "tin", "+l", "+L",  "+w:2", "+s",  "+ud:0,5", "+us:1,2", "+r",    "+m",         "d:1",     "x"};
    constexpr size_t kCount = sizeof kFormats / sizeof kFormats[0];
    const char* format = kFormats[input_.Byte() % kCount];
    if (depth > 3 && format[0] == '+') format = "u";
    *schema = ArrowSchema{};
    schema->format = format;
    schema->name = "x";
    schema->release = [](ArrowSchema* released) { released->release = nullptr; };
    *array = ArrowArray{};
    array->release = [](ArrowArray* released) { released->release = nullptr; };
    array->length = Off(rows);
    array->offset = input_.Byte() % 3;
    array->null_count = static_cast<int8_t>(input_.Byte()) % 4;
    const size_t slots = static_cast<size_t>(kMostRows) + 8;  // more than any honest length and offset
    Children(depth, format, schema, array);
    std::vector<const void*>& buffers = Keep(pointers_);
    buffers.push_back(input_.Byte() % 3 == 0 ? nullptr : Filled(slots / 8 + 1));
    const std::string_view kind = format;
    if (kind == "u" || kind == "z" || kind == "+l") {
      buffers.push_back(Offsets<int32_t>(slots));
    } else if (kind == "U" || kind == "Z" || kind == "+L") {
      buffers.push_back(Offsets<int64_t>(slots));
    } else {
      buffers.push_back(Filled(slots * 40));
    }
    if (kind[0] == 'u' || kind[0] == 'U' || kind[0] == 'z') buffers.push_back(Filled(kTextBytes));
    if (kind[0] == 'v') {
      buffers.push_back(Filled(kTextBytes));
      int64_t* const sizes = static_cast<int64_t*>(Memory(8));
      *sizes = kTextBytes;
      buffers.push_back(sizes);
    }
    if (kind.starts_with("+u")) buffers.erase(buffers.begin());  // no validity
    if (kind.starts_with("+ud")) buffers.push_back(Filled(slots * 4));
    if (kind == "+r" || kind == "n") buffers.clear();
    array->buffers = buffers.data();
    array->n_buffers = Off(static_cast<int64_t>(buffers.size()), -1);
    // Fewer buffers than a view needs would make another one the sizes.
    if (kind[0] == 'v') array->n_buffers = static_cast<int64_t>(buffers.size());
    if (input_.Byte() % 8 == 0 && depth < 3) {
      ArrowSchema& values = Keep(schemas_);
      schema->dictionary = &values;
      ArrowArray& dictionary = Keep(arrays_);
      Make(depth + 1, kMostRows, &values, &dictionary);
      array->dictionary = &dictionary;
      static const char* const kIndexes[] = {"c", "C", "s", "S", "i", "I", "l", "L", "g"};
      schema->format = kIndexes[input_.Byte() % 9];
    }
  }

 private:
  // Mostly `value`; now and then something near it, or absurd.
  int64_t Off(int64_t value, int64_t least = INT64_MIN) {
    const uint8_t choice = input_.Byte();
    if (choice < 200) return value;
    if (choice < 250) return std::max(least, value - choice % 4);
    return least == INT64_MIN ? -(input_.Number<int64_t>() & INT64_MAX) : 0;  // more could not be told from the truth
  }
  template <typename T>
  T& Keep(std::vector<std::unique_ptr<T>>& list) {
    list.push_back(std::make_unique<T>());
    return *list.back();
  }
  void* Memory(size_t bytes) {
    memory_.push_back(std::make_unique<char[]>(bytes));
    std::memset(memory_.back().get(), 0, bytes);
    return memory_.back().get();
  }
  void* Filled(size_t bytes) {
    void* const memory = Memory(bytes);
    const base::Bytes given = input_.Take(std::min(bytes, size_t{input_.Byte()}));
    if (!given.empty()) std::memcpy(memory, given.data(), given.size());
    return memory;
  }
  // Inside the texts or the elements, but in no particular order.
  template <typename T>
  void* Offsets(size_t count) {
    T* const offsets = static_cast<T*>(Memory((count + 1) * sizeof(T)));
    const bool ascending = input_.Byte() % 4 != 0;
    T last = 0;
    for (size_t i = 0; i <= count; ++i) {
      const auto step = static_cast<int>(static_cast<int8_t>(input_.Byte()) % 8);
      last = static_cast<T>(last + (ascending ? std::abs(step) : step));
      if (last > static_cast<T>(kTextBytes)) last = static_cast<T>(kTextBytes);
      offsets[i] = last;
    }
    return offsets;
  }
  void Children(int depth, std::string_view format, ArrowSchema* schema, ArrowArray* array) {
    int64_t count = format[0] != '+' ? 0 : format == "+s" || format.starts_with("+u") || format == "+r" ? 2 : 1;
    if (count == 0) return;
    std::vector<ArrowSchema*>& schemas = Keep(schema_pointers_);
    std::vector<ArrowArray*>& arrays = Keep(array_pointers_);
    for (int64_t i = 0; i < count; ++i) {
      ArrowSchema& child = Keep(schemas_);
      ArrowArray& values = Keep(arrays_);
      Make(depth + 1, kMostRows, &child, &values);
      if (format == "+r" && i == 0) child.format = input_.Byte() % 2 == 0 ? "i" : "s";
      schemas.push_back(&child);
      arrays.push_back(&values);
    }
    schema->children = schemas.data();
    schema->n_children = count;
    array->children = arrays.data();
    array->n_children = Off(count, 0);
    if (array->n_children > count) array->n_children = count;
  }

  FuzzInput& input_;
  std::vector<std::unique_ptr<char[]>> memory_;
  std::vector<std::unique_ptr<ArrowSchema>> schemas_;
  std::vector<std::unique_ptr<ArrowArray>> arrays_;
  std::vector<std::unique_ptr<std::vector<ArrowSchema*>>> schema_pointers_;
  std::vector<std::unique_ptr<std::vector<ArrowArray*>>> array_pointers_;
  std::vector<std::unique_ptr<std::vector<const void*>>> pointers_;
};

void Read(FuzzInput& input) {
  Maker maker(input);
  ArrowSchema column;
  ArrowArray values;
  maker.Make(0, kMostRows, &column, &values);
  ArrowSchema* columns[] = {&column};
  ArrowArray* arrays[] = {&values};
  ArrowSchema schema{};
  schema.format = "+s";
  schema.children = columns;
  schema.n_children = 1;
  schema.release = [](ArrowSchema* released) { released->release = nullptr; };
  ArrowArray batch{};
  batch.length = kMostRows - 8;
  batch.children = arrays;
  batch.n_children = 1;
  batch.release = [](ArrowArray* released) { released->release = nullptr; };
  auto importer = Importer::Create(schema);
  if (!importer.ok()) return;
  std::vector<vec::Type> types = {(*importer)->fields()[0].type};
  if (!(*importer)->Open(Owned<ArrowArray>::Take(&batch)).ok()) return;
  vec::Chunk chunk(types, 16);
  for (;;) {
    chunk.Reset();
    const auto count = (*importer)->Next(16, &chunk);
    if (!count.ok() || *count == 0) return;
    for (uint32_t row = 0; row < *count; ++row) chunk.column(0).GetValue(row).ToString();
  }
}

}  // namespace
}  // namespace turdb::arrow

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  turdb::FuzzInput input(data, size);
  turdb::arrow::Read(input);
  return 0;
}
