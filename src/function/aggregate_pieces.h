// The state of aggregates that gather the values of a group: a list of pieces in the arena, NULLs among them, in the order
// in which rows come.
#ifndef TURDB_FUNCTION_AGGREGATE_PIECES_H_
#define TURDB_FUNCTION_AGGREGATE_PIECES_H_

#include <algorithm>

#include "function/aggregate_support.h"

namespace turdb::function {

// Pieces one behind the other: length (kNullPiece: NULL) and bytes.
struct PiecesState {
  char* bytes;
  uint64_t size;
  uint64_t capacity;
  uint64_t count;
};
inline constexpr uint32_t kNullPiece = ~0u;

inline Status AppendBytes(PiecesState& state, const void* data, uint64_t size, base::Arena* arena) {
  constexpr uint64_t kLimit = uint64_t{1} << 30;
  if (state.size + size > kLimit) return base::LimitError("the result of an aggregate is longer than 1 GB");
  if (state.size + size > state.capacity) {
    const uint64_t capacity = std::max<uint64_t>(64, (state.size + size) * 2);
    char* grown = static_cast<char*>(arena->Allocate(capacity, 1));
    if (state.size != 0) std::memcpy(grown, state.bytes, state.size);
    state.bytes = grown;
    state.capacity = capacity;
  }
  if (size != 0) std::memcpy(state.bytes + state.size, data, size);
  state.size += size;
  return absl::OkStatus();
}

inline Status AppendPiece(PiecesState& state, const Type& type, const VectorView& view, SelIndex row, base::Arena* arena) {
  ++state.count;
  if (!view.IsValid(row)) return AppendBytes(state, &kNullPiece, sizeof(kNullPiece), arena);
  if (type.physical() != vec::PhysicalType::kString) {
    const auto width = static_cast<uint32_t>(type.width());
    TURDB_RETURN_IF_ERROR(AppendBytes(state, &width, sizeof(width), arena));
    return AppendBytes(state, view.data + view.Index(row) * width, width, arena);
  }
  const StringView& text = view.Get<StringView>(row);
  const uint32_t size = text.size();
  TURDB_RETURN_IF_ERROR(AppendBytes(state, &size, sizeof(size), arena));
  return AppendBytes(state, text.data(), size, arena);
}

// Reads them back.
class PieceReader {
 public:
  explicit PieceReader(const PiecesState& state) : at_(state.bytes), end_(state.bytes + state.size) {}
  // False at the end. *null says whether it is NULL.
  bool Next(std::string_view* piece, bool* null) {
    if (at_ == end_) return false;
    uint32_t size;
    std::memcpy(&size, at_, sizeof(size));
    at_ += sizeof(size);
    *null = size == kNullPiece;
    *piece = std::string_view(at_, *null ? 0 : size);
    at_ += piece->size();
    return true;
  }

 private:
  const char* at_;
  const char* end_;
};

// What was gathered after what was gathered before.
inline Status CombinePieces(PiecesState& into, PiecesState& from, base::Arena* arena) {
  if (from.count == 0) return absl::OkStatus();
  if (into.count == 0) {
    into = from;
    into.capacity = 0;  // the bytes are from's: the next piece goes elsewhere
    return absl::OkStatus();
  }
  into.count += from.count;
  return AppendBytes(into, from.bytes, from.size, arena);
}

}  // namespace turdb::function

#endif  // TURDB_FUNCTION_AGGREGATE_PIECES_H_
