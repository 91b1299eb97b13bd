// Building an index from rows: records and keys by the calling thread, in the order of the keys; links by as many threads as
// are granted, since what linking takes is searching, which takes no lock.
#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>

#include "btree/cursor.h"
#include "hnsw/index.h"
#include "hnsw/tree_key.h"

namespace turdb::hnsw {

namespace {

// Nodes that are linked one after the other, before there is a graph that threads do not lose one another's nodes in.
constexpr uint64_t kFirstNodes = 1000;
constexpr size_t kWaiting = 16;  // nodes a thread that wait to be linked, at most

}  // namespace

struct Index::Builder::Node {
  Place place = kNoPlace;
  compute::Sq8Terms terms{};
  std::vector<uint8_t> code;
  QueryCode query;
};

// Thread-safe.
struct Index::Builder::Crew {
  explicit Crew(os::Scheduler& s) : scheduler(s) {}
  ~Crew() { Stop(/*drop=*/true); }

  bool idle() const { return waiting.load(std::memory_order_acquire) == 0 && !ended.load(std::memory_order_acquire); }

  // Empty: there will be none any more.
  std::optional<Node> Take() {
    for (;;) {
      {
        const std::lock_guard<std::mutex> lock(mu);
        if (!nodes.empty()) {
          Node node = std::move(nodes.front());
          nodes.pop_front();
          waiting.store(nodes.size(), std::memory_order_release);
          return node;
        }
        if (ended.load(std::memory_order_relaxed)) return std::nullopt;
      }
      scheduler.Park(
          this, [this] { return idle(); }, os::Scheduler::kForever);
    }
  }
  void Put(Node node) {
    {
      const std::lock_guard<std::mutex> lock(mu);
      nodes.push_back(std::move(node));
      waiting.store(nodes.size(), std::memory_order_release);
    }
    scheduler.WakeAll(this);
  }
  void Fail(Status status) {
    const std::lock_guard<std::mutex> lock(mu);
    if (failure.ok()) failure = std::move(status);
    failed.store(true, std::memory_order_release);
  }
  // All that wait are linked first, or nobody links them.
  void Stop(bool drop) {
    {
      const std::lock_guard<std::mutex> lock(mu);
      if (drop) nodes.clear();
      waiting.store(nodes.size(), std::memory_order_release);
      ended.store(true, std::memory_order_release);
    }
    scheduler.WakeAll(this);
    threads.clear();  // a thread that is destroyed is waited for
  }

  os::Scheduler& scheduler;
  std::mutex mu;
  std::deque<Node> nodes;  // guarded by mu, as `failure`
  Status failure;
  std::atomic<size_t> waiting{0};
  std::atomic<bool> ended{false};
  std::atomic<bool> failed{false};
  std::vector<std::unique_ptr<os::Thread>> threads;
};

Index::Builder::Builder(Index& index, size_t threads) : index_(index), threads_(threads), keys_(*index.keys_) {}
Index::Builder::~Builder() = default;

StatusOr<InsertResult> Index::Builder::Add(Bytes row_key, std::span<const float> vector) {
  std::vector<float> prepared;
  if (!index_.Admit(vector, &prepared).ok()) return InsertResult::kNotIndexed;
  Node node;
  index_.Encode(prepared, &node.code, &node.terms, &node.query);
  const bool wide = index_.options_.wide_keys;
  TURDB_RETURN_IF_ERROR(index_.storage_.PrepareChange(storage::TxnLog()));
  {
    const storage::ParkingGuard lock(index_.graph_lock_, *index_.storage_.environment().scheduler);
    TURDB_ASSIGN_OR_RETURN(node.place,
                           index_.WriteNode(node.terms, wide ? 0 : btree::DecodeInt64Key(row_key.data()), node.code));
  }
  std::byte value[4];
  base::StoreLE(value, node.place);
  TURDB_RETURN_IF_ERROR(keys_.Add(TreeKey(index_.options_, row_key).bytes(), value));
  if (wide) wide_.emplace_back(node.place, std::string(base::AsText(row_key)));
  if (++added_ > kFirstNodes && threads_ > 1) {
    TURDB_RETURN_IF_ERROR(HandToCrew(std::move(node)));
  } else {
    TURDB_RETURN_IF_ERROR(Link(node));
  }
  return InsertResult::kInserted;
}

Status Index::Builder::Link(Node& node) {
  index_.PrepareForBuilding(&node.query);
  return index_.Link(node.place, node.terms, node.code, node.query);
}

Status Index::Builder::StartCrew() {
  crew_ = std::make_unique<Crew>(*index_.storage_.environment().scheduler);
  crew_->threads.reserve(threads_);  // a thread that could not be kept would be waited for before it is told to end
  for (size_t i = 1; i < threads_; ++i) {
    std::unique_ptr<os::Thread> thread = crew_->scheduler.Start("turdb-build", [this] {
      try {
        while (std::optional<Node> node = crew_->Take()) {
          if (crew_->failed.load(std::memory_order_acquire)) continue;
          Status status = index_.storage_.PrepareChange(storage::TxnLog());
          if (status.ok()) status = Link(*node);
          if (!status.ok()) crew_->Fail(std::move(status));
        }
      } catch (const std::bad_alloc&) {
        crew_->Fail(base::NoMemory());
      }
    });
    if (thread == nullptr) break;  // fewer do as well
    crew_->threads.push_back(std::move(thread));
  }
  return absl::OkStatus();
}

// The calling thread links, too, where the others have enough to do.
Status Index::Builder::HandToCrew(Node node) {
  if (crew_ == nullptr) TURDB_RETURN_IF_ERROR(StartCrew());
  if (crew_->failed.load(std::memory_order_acquire)) {
    crew_->Stop(/*drop=*/true);
    return crew_->failure;
  }
  if (crew_->waiting.load(std::memory_order_acquire) >= kWaiting * crew_->threads.size()) return Link(node);
  crew_->Put(std::move(node));
  return absl::OkStatus();
}

Status Index::Builder::Finish() {
  if (crew_ != nullptr) {
    crew_->Stop(/*drop=*/false);
    TURDB_RETURN_IF_ERROR(crew_->failure);
  }
  std::sort(wide_.begin(), wide_.end());
  for (const auto& [place, row_key] : wide_) {
    TURDB_RETURN_IF_ERROR(keys_.Add(TreeKey(place).bytes(), base::AsBytes(row_key)));
  }
  return keys_.Finish();
}

}  // namespace turdb::hnsw
