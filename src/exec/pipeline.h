// How operators run: batches are pushed through a pipeline, a pipeline is pulled from outside.
//
//   source -> operator -> operator -> ... -> whoever called Stream::Next
//
// A Stream is one pipeline: a source and the operators behind it. Pipeline breakers (build sides, sorts, aggregates)
// are sources or operators that own the Stream of their input and drain it when they first need it.
//
//  (X1) Nothing waits inside: a source that cannot go on returns kBlocked, every caller hands that on with its own
//       state kept in members, and the next call goes on there. No C++ stack, latch or pin outlives a call.
//  (X2) A batch is a chunk and the rows of it that count. It is valid until the operator that made it is called
//       again; operators narrow `rows` instead of copying values.
//  (X3) Start rewinds: memory stays (up to kKeepBytes a breaker), so running again over equal data allocates nothing.
//  (X4) Cancellation is checked by the source side of every Stream once a batch.
#ifndef TURDB_EXEC_PIPELINE_H_
#define TURDB_EXEC_PIPELINE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "exec/runtime.h"
#include "vec/chunk.h"

namespace turdb::exec {

inline constexpr size_t kKeepBytes = 64 << 10;
inline constexpr double kHeadroom = 0.125;  // of the budget, which breakers that stay in memory leave to what follows

struct Batch {
  vec::Chunk* chunk = nullptr;
  vec::Rows rows;

  bool empty() const { return rows.count == 0; }
  static Batch All(vec::Chunk& chunk) { return {&chunk, vec::Rows::All(chunk.size())}; }
};

enum class Flow : uint8_t {
  kNeedInput,  // the input is used up (operators), *out may hold rows
  kHaveMore,   // *out holds rows or nothing; call again, operators with the same input
  kDone,       // *out may hold rows, and they are the last
  kBlocked,    // *out is empty; call again later
};

// Something else that a node tells of its run: a number, or a text.
struct NodeFact {
  std::string_view name;  // lower case, words parted by blanks; EXPLAIN's JSON writes them with capitals
  std::string text;       // empty: it is the number
  uint64_t number = 0;
};

// What a node did, for EXPLAIN ANALYZE. Times are inclusive of the inputs that the operator drains itself.
struct NodeProfile {
  int64_t rows = 0;
  int64_t batches = 0;
  int64_t nanos = 0;
  int64_t peak_bytes = 0;
  int64_t spilled_bytes = 0;
  int64_t lanes = 0;  // threads that had part in it beside the calling one
  std::vector<NodeFact> facts;
};

// Both kinds belong to one Execution and are called by one thread at a time.
class Source {
 public:
  virtual ~Source() = default;
  // Rewinds to before the first row, with the runtime's present parameters and slots.
  virtual base::Status Start(Runtime& runtime) = 0;
  // kHaveMore, kDone or kBlocked.
  virtual base::StatusOr<Flow> Next(Runtime& runtime, Batch* out) = 0;
  virtual int64_t memory_bytes() const { return 0; }
  // Written to temporary files since Start.
  virtual int64_t spilled_bytes() const { return 0; }
  // How it went about it, for EXPLAIN ANALYZE.
  virtual std::vector<NodeFact> facts() const { return {}; }
};

class Operator {
 public:
  virtual ~Operator() = default;
  virtual base::Status Start(Runtime& runtime) = 0;
  // Before the stream's source is asked for its first row, so that what is done here can spare it some: kNeedInput, kDone (no
  // input is wanted at all) or kBlocked. An operator that prefers to wait for its first input does nothing.
  virtual base::StatusOr<Flow> Prepare(Runtime&) { return Flow::kNeedInput; }
  // kNeedInput, kHaveMore, kDone (the rest of the input is not wanted) or kBlocked. REQUIRES: `in` is not empty.
  virtual base::StatusOr<Flow> Push(Runtime& runtime, const Batch& in, Batch* out) = 0;
  // After Prepare: whether other threads may use what this one holds for all lanes (lanes.h).
  virtual bool CanShare() const { return true; }
  // After the last input, when no Push returned kDone: kHaveMore until everything held back is out, then kDone.
  virtual base::StatusOr<Flow> Finish(Runtime&, Batch*) { return Flow::kDone; }
  // Lets go of values shared with the last input, whose owner is about to write the next ones: it can then use the
  // same memory again (X3). What Push gave out is not read any more.
  virtual void Release() {}
  virtual int64_t memory_bytes() const { return 0; }
  virtual int64_t spilled_bytes() const { return 0; }
};

// One pipeline. Belongs to one Execution.
class Stream {
 public:
  explicit Stream(std::unique_ptr<Source> source, NodeProfile* profile = nullptr) : source_(std::move(source)) {
    profiles_.push_back(profile);
  }
  void Append(std::unique_ptr<Operator> next, NodeProfile* profile = nullptr) {
    operators_.push_back(std::move(next));
    pending_.emplace_back();
    profiles_.push_back(profile);
  }

  // Rewinds everything. Cheap when nothing ran.
  base::Status Start(Runtime& runtime);
  // What operators do before the first row; Next does it where nobody asked for it. kNeedInput, kDone: there will be no row, or
  // kBlocked.
  base::StatusOr<Flow> Prepare(Runtime& runtime);
  bool CanShare() const;
  // After kDone: asks the operators once more for what they have left.
  void FinishAgain() { finishing_ = 0; }
  // kHaveMore with a batch of at least one row, kDone without rows, or kBlocked. After kDone it stays done.
  base::StatusOr<Flow> Next(Runtime& runtime, Batch* out);

 private:
  base::StatusOr<Flow> Advance(Runtime& runtime, Batch* out);
  void ReleaseFrom(size_t first);
  base::StatusOr<Flow> PrepareNext(Runtime& runtime);
  base::StatusOr<Flow> CallSource(Runtime& runtime, Batch* out);
  base::StatusOr<Flow> CallOperator(Runtime& runtime, size_t i, const Batch* in, Batch* out);
  base::StatusOr<Flow> PushThrough(Runtime& runtime, size_t first, Batch batch, Batch* out);

  std::unique_ptr<Source> source_;
  std::vector<std::unique_ptr<Operator>> operators_;
  std::vector<Batch> pending_;  // pending_[i].chunk is set while operator i wants this input again
  std::vector<NodeProfile*> profiles_;
  size_t prepared_ = 0;  // operators, from the last to the first
  bool source_done_ = false;
  size_t finishing_ = 0;  // operators before this one have finished
};

}  // namespace turdb::exec

#endif  // TURDB_EXEC_PIPELINE_H_
