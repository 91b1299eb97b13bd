// What rows may be seen: for every key the values that transactions wrote, with when each transaction began and ended its
// commit.
//
// A snapshot taken between two moments surely sees what had committed before the first, surely does not see what began to
// commit after the second. In between it may see a transaction, but then all of it: what is observed first decides. The same
// holds for what a crash leaves of commits that had not returned.
#ifndef TURDB_TESTS_SIM_MODEL_H_
#define TURDB_TESTS_SIM_MODEL_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace turdb::sim {

using Value = int64_t;  // 0: no row
inline constexpr Value kNoRow = 0;

// A transaction's changes and the time of its commit. `end` is kOpen until the commit has returned OK, and stays so when its
// outcome is not known.
struct Commit {
  static constexpr int64_t kOpen = INT64_MAX;
  int64_t begin = kOpen;
  int64_t end = kOpen;
  bool seen = false;  // somebody has read what it wrote
};

class Model {
 public:
  explicit Model(int64_t keys) : rows_(static_cast<size_t>(keys)) {}

  int64_t key_count() const { return static_cast<int64_t>(rows_.size()); }
  int64_t Now() { return ++now_; }

  // The commit has been asked for; it counts as possible from now on.
  std::shared_ptr<Commit> BeginCommit(const std::map<int64_t, Value>& changes) {
    auto commit = std::make_shared<Commit>();
    commit->begin = Now();
    for (const auto& [key, value] : changes) rows_[static_cast<size_t>(key)].push_back({value, commit});
    return commit;
  }
  void Committed(Commit& commit) { commit.end = Now(); }
  // It did not happen. False: but somebody has seen it.
  bool Refused(const std::shared_ptr<Commit>& commit) {
    for (std::vector<Version>& versions : rows_) {
      std::erase_if(versions, [&](const Version& version) { return version.commit == commit; });
    }
    return !commit->seen;
  }

  // What one transaction, or the database after a crash, shows.
  class Snapshot {
   public:
    // Taken at some time in [first, last].
    void Take(int64_t first, int64_t last) {
      first_ = first;
      last_ = last;
    }
    void EndsAt(int64_t last) { last_ = last; }

   private:
    friend class Model;
    enum class Sight : uint8_t { kSeen, kUnseen, kOpen };
    Sight See(const Commit* commit) const {
      if (const auto found = decided_.find(commit); found != decided_.end())
        return found->second ? Sight::kSeen : Sight::kUnseen;
      if (commit->end < first_) return Sight::kSeen;
      if (commit->begin > last_) return Sight::kUnseen;
      return Sight::kOpen;
    }
    int64_t first_ = 0;
    int64_t last_ = 0;
    std::map<const Commit*, bool> decided_;
    std::vector<std::shared_ptr<Commit>> kept_;  // what decided_ names
  };

  // Whether the snapshot may show `value` for `key`; what that says about open commits is remembered.
  bool Observe(Snapshot& snapshot, int64_t key, Value value) {
    const std::vector<Version>& versions = rows_[static_cast<size_t>(key)];
    if (value == kNoRow) return May(snapshot, key, false);  // nothing says who deleted it
    // A table that was renamed and back has the same shape twice: then which of them it is stays open.
    const Version* shown = nullptr;
    bool several = false;
    for (const Version& version : versions) {
      if (version.value != value || !MayBeNewest(snapshot, key, version.commit.get())) continue;
      several |= shown != nullptr;
      shown = &version;
    }
    if (shown == nullptr) return false;
    if (several) return true;
    Decide(snapshot, *shown, true);
    for (const Version& other : versions) {
      if (other.commit->begin > shown->commit->end) Decide(snapshot, other, false);
    }
    return true;
  }

  // A change of `key` went through, so no commit that the snapshot does not see has changed it; open ones are seen.
  bool MayChange(Snapshot& snapshot, int64_t key) {
    for (const Version& version : rows_[static_cast<size_t>(key)]) {
      const Snapshot::Sight sight = snapshot.See(version.commit.get());
      if (sight == Snapshot::Sight::kUnseen && version.commit->end != Commit::kOpen) return false;
      if (sight == Snapshot::Sight::kOpen && version.commit->end != Commit::kOpen) Decide(snapshot, version, true);
    }
    return true;
  }

  // Whether a commit that the snapshot does not see had changed `key`, for sure, before `moment`.
  bool ChangedBefore(const Snapshot& snapshot, int64_t key, int64_t moment) const {
    const std::vector<Version>& versions = rows_[static_cast<size_t>(key)];
    return std::any_of(versions.begin(), versions.end(), [&](const Version& version) {
      return snapshot.See(version.commit.get()) == Snapshot::Sight::kUnseen && version.commit->end < moment;
    });
  }

  // Whether some snapshot of the window may show a row, or none.
  bool MayExist(const Snapshot& snapshot, int64_t key) const { return May(snapshot, key, true); }
  bool MayBeAbsent(const Snapshot& snapshot, int64_t key) const { return May(snapshot, key, false); }
  // Whether any commit, also one that is under way, leaves a row.
  bool AnyRow(int64_t key) const {
    const std::vector<Version>& versions = rows_[static_cast<size_t>(key)];
    return std::any_of(versions.begin(), versions.end(), [](const Version& version) { return version.value != kNoRow; });
  }

  // What is known of a key, and how much of it the snapshot sees: for the report of a violation.
  std::string Describe(const Snapshot& snapshot, int64_t key) const {
    std::string text = "snapshot of " + std::to_string(snapshot.first_) + " to " + std::to_string(snapshot.last_) + ", written";
    for (const Version& version : rows_[static_cast<size_t>(key)]) {
      static constexpr const char* kSights[] = {"seen", "unseen", "open"};
      const Commit& commit = *version.commit;
      text += " [" + std::to_string(version.value) + " at " + std::to_string(commit.begin) + " to " +
              (commit.end == Commit::kOpen ? "?" : std::to_string(commit.end)) + " " +
              kSights[static_cast<size_t>(snapshot.See(&commit))] + "]";
    }
    return text;
  }

  // After a crash: `values` is what there is, and all that there is to know.
  void Restart(const std::vector<Value>& values) {
    for (size_t key = 0; key < rows_.size(); ++key) {
      auto commit = std::make_shared<Commit>();
      commit->begin = commit->end = Now();
      rows_[key].clear();
      if (values[key] != kNoRow) rows_[key].push_back({values[key], commit});
    }
  }

 private:
  struct Version {
    Value value;
    std::shared_ptr<Commit> commit;
  };

  static void Decide(Snapshot& snapshot, const Version& version, bool seen) {
    if (snapshot.decided_.emplace(version.commit.get(), seen).second) snapshot.kept_.push_back(version.commit);
    version.commit->seen |= seen;
  }
  // Whether no commit that the snapshot surely sees came surely later; null: than none at all. Of two commits that overlap
  // either may have come later: who waits for a row in autocommit began long before the other ended.
  bool MayBeNewest(const Snapshot& snapshot, int64_t key, const Commit* commit) const {
    if (commit != nullptr && snapshot.See(commit) == Snapshot::Sight::kUnseen) return false;
    const std::vector<Version>& versions = rows_[static_cast<size_t>(key)];
    return std::none_of(versions.begin(), versions.end(), [&](const Version& other) {
      return snapshot.See(other.commit.get()) == Snapshot::Sight::kSeen &&
             (commit == nullptr || other.commit->begin > commit->end);
    });
  }
  bool May(const Snapshot& snapshot, int64_t key, bool exist) const {
    const std::vector<Version>& versions = rows_[static_cast<size_t>(key)];
    if (!exist && MayBeNewest(snapshot, key, nullptr)) return true;
    return std::any_of(versions.begin(), versions.end(), [&](const Version& version) {
      return (version.value != kNoRow) == exist && MayBeNewest(snapshot, key, version.commit.get());
    });
  }

  std::vector<std::vector<Version>> rows_;  // by key, in no order
  int64_t now_ = 0;
};

}  // namespace turdb::sim

#endif  // TURDB_TESTS_SIM_MODEL_H_
