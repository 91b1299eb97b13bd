#include "txn/splice.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/common_bytes.h"

namespace turdb::txn {
namespace {

using base::Bytes;

// Reads and writes in the machine's own order: payloads never leave memory.
struct Splice {
  uint16_t offset = 0;
  uint16_t new_bytes = 0;
  Bytes old;
};

class SpliceReader {
 public:
  explicit SpliceReader(Bytes splices) : rest_(splices) {}
  bool done() const { return rest_.empty(); }
  Splice Next() {
    uint16_t header[3];
    TURDB_DCHECK_GE(rest_.size(), kSpliceHeaderBytes);
    std::memcpy(header, rest_.data(), kSpliceHeaderBytes);
    const Splice splice{header[0], header[1], rest_.subspan(kSpliceHeaderBytes, header[2])};
    rest_ = rest_.subspan(kSpliceHeaderBytes + header[2]);
    return splice;
  }

 private:
  Bytes rest_;
};

std::byte* WriteSplice(std::byte* out, size_t offset, size_t new_bytes, Bytes old) {
  const uint16_t header[3] = {static_cast<uint16_t>(offset), static_cast<uint16_t>(new_bytes),
                              static_cast<uint16_t>(old.size())};
  std::memcpy(out, header, kSpliceHeaderBytes);
  if (!old.empty()) std::memcpy(out + kSpliceHeaderBytes, old.data(), old.size());
  return out + kSpliceHeaderBytes + old.size();
}

// Writes the composed list: keeps, deletions and insertions in the order of the value, adjacent
// deletions and insertions becoming one splice.
class SpliceBuilder {
 public:
  SpliceBuilder(std::byte* out, size_t capacity) : out_(out), capacity_(capacity) {}
  void Keep(size_t bytes) {
    if (bytes == 0) return;
    Close();
    position_ += bytes;
  }
  void Delete(size_t bytes) {
    if (bytes == 0) return;
    Open();
    deleted_ += bytes;
    position_ += bytes;
  }
  void Insert(Bytes bytes) {
    if (bytes.empty()) return;
    Open();
    if (used_ + bytes.size() > capacity_) {
      overflow_ = true;
      return;
    }
    std::memcpy(out_ + used_, bytes.data(), bytes.size());
    used_ += bytes.size();
  }
  size_t Finish() {
    Close();
    return overflow_ ? 0 : used_;
  }

 private:
  void Open() {
    if (open_) return;
    open_ = true;
    start_ = position_;
    header_ = used_;
    deleted_ = 0;
    if (used_ + kSpliceHeaderBytes > capacity_) {
      overflow_ = true;
      used_ = header_ = 0;  // the result is thrown away; stay inside the buffer
    }
    used_ += kSpliceHeaderBytes;
  }
  void Close() {
    if (!open_) return;
    open_ = false;
    const uint16_t header[3] = {static_cast<uint16_t>(start_), static_cast<uint16_t>(deleted_),
                                static_cast<uint16_t>(used_ - header_ - kSpliceHeaderBytes)};
    std::memcpy(out_ + header_, header, kSpliceHeaderBytes);
  }

  std::byte* out_;
  size_t capacity_;
  size_t used_ = 0;
  size_t header_ = 0;
  size_t position_ = 0;  // in A
  size_t start_ = 0;
  size_t deleted_ = 0;
  bool open_ = false;
  bool overflow_ = false;
};

// Hands out the bytes of B in order, telling the builder where each came from.
class StepWalker {
 public:
  StepWalker(Bytes splices, SpliceBuilder& builder) : reader_(splices), builder_(builder) { Advance(); }

  // The next `bytes` bytes of B are kept, or dropped, in C.
  void Consume(size_t bytes, bool keep) {
    while (bytes > 0) {
      if (!inserted_.empty()) {
        const size_t part = std::min(bytes, inserted_.size());
        if (keep) builder_.Insert(inserted_.first(part));
        inserted_ = inserted_.subspan(part);
        bytes -= part;
      } else if (pending_ && next_.offset == position_) {
        EnterSplice();
      } else {
        const size_t gap = pending_ ? next_.offset - position_ : bytes;
        const size_t part = std::min(bytes, gap);
        keep ? builder_.Keep(part) : builder_.Delete(part);
        position_ += part;
        bytes -= part;
      }
    }
  }
  void ConsumeRest() {
    builder_.Insert(inserted_);
    inserted_ = {};
    while (pending_) {
      builder_.Keep(next_.offset - position_);
      position_ = next_.offset;
      EnterSplice();
      builder_.Insert(inserted_);
      inserted_ = {};
    }
  }

 private:
  void Advance() {
    pending_ = !reader_.done();
    if (pending_) next_ = reader_.Next();
  }
  void EnterSplice() {
    builder_.Delete(next_.new_bytes);
    position_ += next_.new_bytes;
    inserted_ = next_.old;
    Advance();
  }

  SpliceReader reader_;
  SpliceBuilder& builder_;
  Splice next_;
  bool pending_ = false;
  size_t position_ = 0;  // in A
  Bytes inserted_;       // bytes of B that come from the splice entered last
};

}  // namespace

size_t MakeSplices(Bytes older, Bytes newer, std::byte* out) {
  const std::byte* const begin = out;
  const size_t prefix = base::CommonPrefixBytes(older, newer);
  older = older.subspan(prefix);
  newer = newer.subspan(prefix);
  const size_t suffix = base::CommonSuffixBytes(older, newer);
  older = older.first(older.size() - suffix);
  newer = newer.first(newer.size() - suffix);
  if (older.empty() && newer.empty()) return 0;
  // A stretch that is worth leaving out has a difference on either side.
  if (older.size() != newer.size() || older.size() <= kSpliceHeaderBytes + 2)
    return static_cast<size_t>(WriteSplice(out, prefix, newer.size(), older) - begin);

  // Same length: leave out stretches of equal bytes that are longer than the header of another splice.
  size_t at = 0;
  while (at < older.size()) {
    size_t end = at;  // one past the last difference of this splice
    size_t equal = 0;
    for (size_t i = at; i < older.size() && equal <= kSpliceHeaderBytes; ++i) {
      if (older[i] == newer[i]) {
        ++equal;
      } else {
        equal = 0;
        end = i + 1;
      }
    }
    out = WriteSplice(out, prefix + at, end - at, older.subspan(at, end - at));
    at = end;
    while (at < older.size() && older[at] == newer[at]) ++at;
  }
  return static_cast<size_t>(out - begin);
}

size_t OlderSize(Bytes splices, size_t newer_size) {
  size_t size = newer_size;
  for (SpliceReader reader(splices); !reader.done();) {
    const Splice splice = reader.Next();
    size = size + splice.old.size() - splice.new_bytes;
  }
  return size;
}

void ApplySplices(Bytes splices, Bytes newer, std::byte* out) {
  size_t position = 0;
  const auto copy = [&out](Bytes bytes) {
    if (!bytes.empty()) std::memcpy(out, bytes.data(), bytes.size());
    out += bytes.size();
  };
  for (SpliceReader reader(splices); !reader.done();) {
    const Splice splice = reader.Next();
    TURDB_DCHECK_LE(position, size_t{splice.offset});
    TURDB_DCHECK_LE(size_t{splice.offset} + splice.new_bytes, newer.size());
    copy(newer.subspan(position, splice.offset - position));
    copy(splice.old);
    position = size_t{splice.offset} + splice.new_bytes;
  }
  copy(newer.subspan(position));
}

size_t ComposeSplices(Bytes newer, Bytes older, std::byte* out, size_t capacity) {
  SpliceBuilder builder(out, capacity);
  StepWalker walker(newer, builder);
  size_t position = 0;  // in B
  for (SpliceReader reader(older); !reader.done();) {
    const Splice splice = reader.Next();
    walker.Consume(splice.offset - position, true);
    walker.Consume(splice.new_bytes, false);
    builder.Insert(splice.old);
    position = size_t{splice.offset} + splice.new_bytes;
  }
  walker.ConsumeRest();
  return builder.Finish();
}

}  // namespace turdb::txn
