#include "exec/pipeline.h"

#include <algorithm>

#include "base/check.h"

namespace turdb::exec {

using base::Status;
using base::StatusOr;

namespace {

// Adds the time between construction and Stop to a profile, when there is one.
class Timing {
 public:
  Timing(Runtime& runtime, NodeProfile* profile) : runtime_(runtime), profile_(profile) {
    if (profile_ != nullptr) started_ns_ = Now();
  }
  void Stop(const Batch& out, int64_t memory_bytes, int64_t spilled_bytes) {
    if (profile_ == nullptr) return;
    profile_->nanos += Now() - started_ns_;
    profile_->rows += out.rows.count;
    profile_->batches += out.rows.count != 0 ? 1 : 0;
    profile_->peak_bytes = std::max(profile_->peak_bytes, memory_bytes);
    profile_->spilled_bytes = std::max(profile_->spilled_bytes, spilled_bytes);
  }

 private:
  int64_t Now() { return runtime_.context->environment->clock->MonotonicNanos(); }
  Runtime& runtime_;
  NodeProfile* profile_;
  int64_t started_ns_ = 0;
};

}  // namespace

Status Stream::Start(Runtime& runtime) {
  prepared_ = 0;
  source_done_ = false;
  finishing_ = 0;
  for (Batch& pending : pending_) pending = Batch();
  TURDB_RETURN_IF_ERROR(source_->Start(runtime));
  for (const std::unique_ptr<Operator>& op : operators_) TURDB_RETURN_IF_ERROR(op->Start(runtime));
  return absl::OkStatus();
}

// The operators above come first: what they have may spare those below their work.
StatusOr<Flow> Stream::PrepareNext(Runtime& runtime) {
  const size_t i = operators_.size() - 1 - prepared_;
  Operator& op = *operators_[i];
  Timing timing(runtime, profiles_[i + 1]);
  TURDB_ASSIGN_OR_RETURN(const Flow flow, op.Prepare(runtime));
  timing.Stop(Batch(), op.memory_bytes(), op.spilled_bytes());
  if (flow == Flow::kBlocked) return flow;
  if (flow == Flow::kDone) {
    source_done_ = true;
    finishing_ = i + 1;
    prepared_ = operators_.size();
    return flow;
  }
  ++prepared_;
  return flow;
}

StatusOr<Flow> Stream::Prepare(Runtime& runtime) {
  while (prepared_ < operators_.size()) {
    TURDB_ASSIGN_OR_RETURN(const Flow flow, PrepareNext(runtime));
    if (flow == Flow::kBlocked) return flow;
  }
  return source_done_ ? Flow::kDone : Flow::kNeedInput;
}

bool Stream::CanShare() const {
  return std::all_of(operators_.begin(), operators_.end(), [](const std::unique_ptr<Operator>& op) { return op->CanShare(); });
}

StatusOr<Flow> Stream::CallSource(Runtime& runtime, Batch* out) {
  if (profiles_[0] == nullptr) return source_->Next(runtime, out);
  Timing timing(runtime, profiles_[0]);
  StatusOr<Flow> flow = source_->Next(runtime, out);
  timing.Stop(*out, source_->memory_bytes(), source_->spilled_bytes());
  profiles_[0]->facts = source_->facts();
  return flow;
}

// `in` is null for Finish.
StatusOr<Flow> Stream::CallOperator(Runtime& runtime, size_t i, const Batch* in, Batch* out) {
  Operator& op = *operators_[i];
  if (profiles_[i + 1] == nullptr) return in != nullptr ? op.Push(runtime, *in, out) : op.Finish(runtime, out);
  Timing timing(runtime, profiles_[i + 1]);
  StatusOr<Flow> flow = in != nullptr ? op.Push(runtime, *in, out) : op.Finish(runtime, out);
  timing.Stop(*out, op.memory_bytes(), op.spilled_bytes());
  return flow;
}

StatusOr<Flow> Stream::Next(Runtime& runtime, Batch* out) {
  while (true) {
    *out = Batch();
    TURDB_ASSIGN_OR_RETURN(const Flow flow, Advance(runtime, out));
    if (flow == Flow::kBlocked || flow == Flow::kDone || !out->empty()) return flow;
  }
}

void Stream::ReleaseFrom(size_t first) {
  for (size_t i = first; i < operators_.size(); ++i) operators_[i]->Release();
}

// One step: the deepest operator that has more comes first, then the source, then the operators' last words.
StatusOr<Flow> Stream::Advance(Runtime& runtime, Batch* out) {
  for (size_t i = operators_.size(); i-- > 0;) {
    if (pending_[i].chunk == nullptr) continue;
    ReleaseFrom(i + 1);
    return PushThrough(runtime, i, pending_[i], out);
  }
  Batch batch;
  if (prepared_ < operators_.size()) {
    TURDB_ASSIGN_OR_RETURN(const Flow flow, Prepare(runtime));
    if (flow == Flow::kBlocked) return flow;
  }
  if (!source_done_) {
    ReleaseFrom(0);
    TURDB_RETURN_IF_ERROR(runtime.CheckCancelled());
    TURDB_ASSIGN_OR_RETURN(const Flow flow, CallSource(runtime, &batch));
    if (flow == Flow::kBlocked) return flow;
    if (flow == Flow::kDone) source_done_ = true;
    if (batch.empty()) return Flow::kHaveMore;
    return PushThrough(runtime, 0, batch, out);
  }
  if (finishing_ < operators_.size()) {
    TURDB_RETURN_IF_ERROR(runtime.CheckCancelled());
    const size_t finishing = finishing_;
    ReleaseFrom(finishing + 1);
    TURDB_ASSIGN_OR_RETURN(const Flow flow, CallOperator(runtime, finishing, nullptr, &batch));
    if (flow == Flow::kBlocked) return flow;
    if (flow == Flow::kDone) ++finishing_;
    if (batch.empty()) return Flow::kHaveMore;
    return PushThrough(runtime, finishing + 1, batch, out);
  }
  return Flow::kDone;
}

// Pushes a batch through the operators from `first` on, as far as it gets.
StatusOr<Flow> Stream::PushThrough(Runtime& runtime, size_t first, Batch batch, Batch* out) {
  for (size_t i = first; i < operators_.size(); ++i) {
    Batch result;
    TURDB_ASSIGN_OR_RETURN(const Flow flow, CallOperator(runtime, i, &batch, &result));
    pending_[i] = flow == Flow::kHaveMore || flow == Flow::kBlocked ? batch : Batch();
    if (flow == Flow::kBlocked) return flow;
    if (flow == Flow::kDone) {  // nothing from above is wanted any more
      for (size_t above = 0; above < i; ++above) pending_[above] = Batch();
      source_done_ = true;
      finishing_ = std::max(finishing_, i + 1);
    }
    if (result.empty()) return Flow::kHaveMore;
    batch = result;
  }
  *out = batch;
  return Flow::kHaveMore;
}

}  // namespace turdb::exec
