#include "tests/sim/world.h"

#include <semaphore.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <utility>

#include "os/unsynced_file_system.h"

namespace turdb::sim {

using base::Status;
using base::StatusOr;

namespace {

// Not std::binary_semaphore: it calls sched_yield before it sleeps, and that is ours.
class Baton {
 public:
  Baton() { sem_init(&semaphore_, 0, 0); }
  ~Baton() { sem_destroy(&semaphore_); }
  void acquire() {
    while (sem_wait(&semaphore_) != 0) {
    }
  }
  void release() { sem_post(&semaphore_); }

 private:
  sem_t semaphore_;
};

struct Task {
  std::string name;
  Baton baton;
  std::thread thread;
  const void* address = nullptr;  // parked there
  int64_t deadline_ns = os::Scheduler::kForever;
  bool timed_out = false;
  bool done = false;
  uint64_t ran_last = 0;
  bool runnable() const { return !done && address == nullptr; }
};

}  // namespace

// Nothing here is locked: who holds the baton is alone, and handing it on orders memory.
class World::Scheduler final : public os::Scheduler, public os::Clock, public os::Entropy {
 public:
  explicit Scheduler(uint64_t seed) : random_(seed) {
    tasks_.push_back(std::make_unique<Task>());
    tasks_[0]->name = "driver";
    mine_ = tasks_[0].get();
    here_ = this;
  }
  ~Scheduler() override {
    mine_ = nullptr;
    here_ = nullptr;
  }

  std::unique_ptr<os::Thread> Start(std::string name, std::function<void()> body) override {
    tasks_.push_back(std::make_unique<Task>());
    Task* const task = tasks_.back().get();
    task->name = std::move(name);
    task->thread = std::thread([this, task, body = std::move(body)] {
      task->baton.acquire();
      mine_ = task;
      here_ = this;
      body();
      task->done = true;
      WakeAll(task);
      mine_ = nullptr;
      HandOn(Choose(false));
    });
    return std::make_unique<Joiner>(*this, *task);
  }

  bool Park(const void* address, absl::FunctionRef<bool()> still_waiting, int64_t deadline_ns) override {
    if (!still_waiting()) return true;
    Task& task = *mine_;
    task.address = address;
    task.deadline_ns = deadline_ns;
    task.timed_out = false;
    Switch(false);
    return !task.timed_out;
  }
  void WakeAll(const void* address) override {
    for (const std::unique_ptr<Task>& task : tasks_) {
      if (task->address == address) task->address = nullptr;
    }
  }
  void Yield() override { Switch(false); }

  // For whoever waits for something that another thread is in the middle of: all others come first.
  void YieldToAll() { Switch(true); }
  static void YieldHere() {
    if (here_ != nullptr && mine_ != nullptr) here_->YieldToAll();
  }

  int64_t NowUnixMicros() override { return kEpochMicros + now_ns_ / 1000; }
  int64_t MonotonicNanos() override { return now_ns_; }
  void Fill(base::MutableBytes bytes) override {
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random_.Next());
  }

  void TakeTime() {
    if (slowness_ns_ > 0) now_ns_ += static_cast<int64_t>(random_.Below(static_cast<uint64_t>(slowness_ns_)));
    if (random_.OneIn(4)) Yield();
  }

  Random& random() { return random_; }
  void set_slowness_ns(int64_t ns) { slowness_ns_ = ns; }
  uint64_t switches() const { return switches_; }

 private:
  class Joiner final : public os::Thread {
   public:
    Joiner(Scheduler& scheduler, Task& task) : scheduler_(scheduler), task_(task) {}
    ~Joiner() override {
      while (!task_.done)
        scheduler_.Park(
            &task_, [this] { return !task_.done; }, kForever);
      task_.thread.join();
    }

   private:
    Scheduler& scheduler_;
    Task& task_;
  };

  static constexpr int64_t kEpochMicros = 1'800'000'000'000'000;

  void Switch(bool fair) {
    Task* const next = Choose(fair);
    if (next == mine_) return;
    Task& task = *mine_;
    HandOn(next);
    task.baton.acquire();
  }

  void HandOn(Task* next) {
    ++switches_;
    next->baton.release();
  }

  Task* Choose(bool fair) {
    now_ns_ += static_cast<int64_t>(1000 + random_.Below(20'000));
    if (mine_ != nullptr) mine_->ran_last = ++turns_;
    for (;;) {
      ready_.clear();
      int64_t next_deadline = kForever;
      for (const std::unique_ptr<Task>& task : tasks_) {
        if (task->address != nullptr && task->deadline_ns <= now_ns_) {
          task->address = nullptr;
          task->timed_out = true;
        }
        if (task->runnable()) ready_.push_back(task.get());
        if (task->address != nullptr) next_deadline = std::min(next_deadline, task->deadline_ns);
      }
      if (!ready_.empty()) break;
      if (next_deadline == kForever) {
        std::fprintf(stderr, "all threads wait for ever:");
        for (const std::unique_ptr<Task>& task : tasks_) std::fprintf(stderr, " %s", task->done ? "" : task->name.c_str());
        std::fprintf(stderr, "\n");
        std::abort();
      }
      now_ns_ = next_deadline;
    }
    if (!fair) return ready_[random_.Below(ready_.size())];
    return *std::min_element(ready_.begin(), ready_.end(),
                             [](const Task* a, const Task* b) { return a->ran_last < b->ran_last; });
  }

  static thread_local Task* mine_;
  static thread_local Scheduler* here_;
  Random random_;
  std::vector<std::unique_ptr<Task>> tasks_;
  std::vector<Task*> ready_;
  int64_t now_ns_ = 0;
  int64_t slowness_ns_ = 0;
  uint64_t turns_ = 0;
  uint64_t switches_ = 0;
};

thread_local Task* World::Scheduler::mine_ = nullptr;
thread_local World::Scheduler* World::Scheduler::here_ = nullptr;

// Any file system, with operations that take time.
class World::Files final : public os::FileSystem {
 public:
  Files(std::shared_ptr<os::FileSystem> files, std::shared_ptr<Scheduler> scheduler)
      : files_(std::move(files)), scheduler_(std::move(scheduler)) {}

  StatusOr<std::unique_ptr<os::File>> Open(const std::string& path, os::OpenMode mode) override {
    scheduler_->TakeTime();
    TURDB_ASSIGN_OR_RETURN(std::unique_ptr<os::File> file, files_->Open(path, mode));
    return std::make_unique<SlowFile>(std::move(file), scheduler_);
  }
  Status CreateDirectory(const std::string& path) override { return Slowly(&os::FileSystem::CreateDirectory, path); }
  Status RemoveDirectory(const std::string& path) override { return Slowly(&os::FileSystem::RemoveDirectory, path); }
  Status Remove(const std::string& path) override { return Slowly(&os::FileSystem::Remove, path); }
  Status SyncDirectory(const std::string& path) override { return Slowly(&os::FileSystem::SyncDirectory, path); }
  Status Rename(const std::string& from, const std::string& to) override {
    scheduler_->TakeTime();
    return files_->Rename(from, to);
  }
  StatusOr<bool> Exists(const std::string& path) override { return files_->Exists(path); }
  StatusOr<std::vector<std::string>> List(const std::string& path) override { return files_->List(path); }
  StatusOr<std::unique_ptr<os::FileLock>> Lock(const std::string& path, os::LockMode mode) override {
    return files_->Lock(path, mode);
  }
  StatusOr<std::string> Identity(const std::string& path) override { return files_->Identity(path); }

 private:
  class SlowFile final : public os::File {
   public:
    SlowFile(std::unique_ptr<os::File> file, std::shared_ptr<Scheduler> scheduler)
        : file_(std::move(file)), scheduler_(std::move(scheduler)) {}
    Status Read(uint64_t offset, base::MutableBytes into) override {
      scheduler_->TakeTime();
      return file_->Read(offset, into);
    }
    Status Write(uint64_t offset, base::Bytes from) override {
      scheduler_->TakeTime();
      return file_->Write(offset, from);
    }
    Status ReadBatch(std::span<const os::ReadRequest> requests) override {
      scheduler_->TakeTime();
      return file_->ReadBatch(requests);
    }
    Status WriteBatch(std::span<const os::WriteRequest> requests) override {
      scheduler_->TakeTime();
      return file_->WriteBatch(requests);
    }
    Status Sync() override {
      scheduler_->TakeTime();
      return file_->Sync();
    }
    Status WriteDurably(uint64_t offset, base::Bytes from) override {
      scheduler_->TakeTime();
      return file_->WriteDurably(offset, from);
    }
    Status Extend(uint64_t size_bytes) override {
      scheduler_->TakeTime();
      return file_->Extend(size_bytes);
    }
    Status Truncate(uint64_t size_bytes) override {
      scheduler_->TakeTime();
      return file_->Truncate(size_bytes);
    }
    StatusOr<uint64_t> Size() override { return file_->Size(); }
    const std::string& path() const override { return file_->path(); }

   private:
    std::unique_ptr<os::File> file_;
    std::shared_ptr<Scheduler> scheduler_;
  };

  Status Slowly(Status (os::FileSystem::*operation)(const std::string&), const std::string& path) {
    scheduler_->TakeTime();
    return (files_.get()->*operation)(path);
  }

  std::shared_ptr<os::FileSystem> files_;
  std::shared_ptr<Scheduler> scheduler_;
};

void World::YieldHere() { Scheduler::YieldHere(); }
World::World(uint64_t seed) : scheduler_(std::make_shared<Scheduler>(seed)) {}
World::~World() = default;
os::Scheduler& World::scheduler() { return *scheduler_; }
Random& World::random() { return scheduler_->random(); }
void World::set_slowness_ns(int64_t ns) { scheduler_->set_slowness_ns(ns); }
uint64_t World::switches() const { return scheduler_->switches(); }

os::Environment World::EnvironmentOver(std::shared_ptr<os::FaultFileSystem> disk, bool lying) {
  os::Environment environment;
  std::shared_ptr<os::FileSystem> files = std::move(disk);
  if (lying) files = os::NewUnsyncedFileSystem(std::move(files));
  environment.files = std::make_shared<Files>(std::move(files), scheduler_);
  environment.clock = scheduler_;
  environment.entropy = scheduler_;
  environment.scheduler = scheduler_;
  return environment;
}

// std::this_thread::yield ends here. Outside a simulation nothing is lost by not yielding: the caller looks again.
extern "C" int sched_yield() noexcept {
  World::YieldHere();
  return 0;
}

}  // namespace turdb::sim
