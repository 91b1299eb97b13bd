#include "engine/temporary.h"

#include <algorithm>
#include <array>
#include <new>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace turdb::engine {

using base::Status;
using base::StatusOr;

namespace {

constexpr std::string_view kPrefix = "tables-";
constexpr std::string_view kSuffix = ".tmp";
constexpr size_t kCollectPages = 64;

}  // namespace

bool TemporaryObjects::IsName(std::string_view name) { return name.starts_with(kPrefix) && name.ends_with(kSuffix); }

StatusOr<std::unique_ptr<TemporaryObjects>> TemporaryObjects::Open(Database& of, std::string_view schema_name,
                                                                   std::function<bool()> poll) {
  std::shared_ptr<os::FileSystem> files = of.environment().files;
  std::string directory = of.spill_directory();
  if (of.settings().read_only && of.settings().temp_directory.empty()) {
    // There is no place on disk that may be written to.
    files = os::NewMemoryFileSystem();
    directory.clear();
  }
  for (int attempt = 1;; ++attempt) {
    std::array<std::byte, 8> random;
    of.environment().entropy->Fill(random);
    const std::string name =
        absl::StrCat(kPrefix, absl::BytesToHexString({reinterpret_cast<const char*>(random.data()), random.size()}), kSuffix);
    StatusOr<std::shared_ptr<Database>> database =
        Database::OpenTemporary(of, files, directory.empty() ? name : os::JoinPath(directory, name), std::string(schema_name));
    // A place that is not locked yet may be taken for what a dead process left.
    if (!database.ok() && attempt < 3) continue;
    TURDB_RETURN_IF_ERROR(database.status());
    return std::unique_ptr<TemporaryObjects>(new TemporaryObjects(of, *std::move(database), std::move(poll)));
  }
}

TemporaryObjects::~TemporaryObjects() {
  if (!database_->of_this_process()) {
    (void)transaction_.release();
    (void)changes_.release();
    return;
  }
  try {
    End(false).IgnoreError();
  } catch (const std::bad_alloc&) {
    // Nobody will read what is not rolled back.
  }
  changes_.reset();
  transaction_.reset();
  merged_.reset();
  merged_of_.reset();
  merged_with_.reset();
  database_->Discard();
}

void TemporaryObjects::Begin() {
  outcome_ = absl::OkStatus();
  transaction_ = transactions().Begin();
  transaction_->set_poll(poll_);
}

Status TemporaryObjects::End(bool commit) {
  if (transaction_ == nullptr) return absl::OkStatus();
  if (!ended_) {
    outcome_ = commit ? transactions().Commit(*transaction_, has_changes() ? changes_.get() : nullptr)
                      : transactions().Rollback(*transaction_);
    ended_ = true;
  }
  if (changes_ != nullptr && commit && outcome_.ok()) {
    changes_->Committed();
    // Cursors that still read what was there keep the snapshot that their plans were made of.
    database_->catalog().ForgetBefore(transactions().oldest_snapshot());
  } else if (changes_ != nullptr) {
    changes_->Rollback();
  }
  const bool dropped = changes_ != nullptr;
  changes_.reset();
  transaction_.reset();
  ended_ = false;
  // Nobody else does: files of what was dropped go when no cursor reads them.
  if (dropped) transactions().CollectGarbage(kCollectPages).IgnoreError();
  return std::exchange(outcome_, absl::OkStatus());
}

catalog::SchemaChanges& TemporaryObjects::Changes() {
  if (changes_ == nullptr) changes_ = std::make_unique<catalog::SchemaChanges>(database_->catalog(), *transaction_);
  return *changes_;
}

std::shared_ptr<const catalog::Snapshot> TemporaryObjects::Visible() const {
  if (transaction_ == nullptr || !transaction_->has_snapshot()) return database_->catalog().Current();
  return has_changes() ? changes_->Visible(transaction_->read_ts()) : database_->catalog().At(transaction_->read_ts());
}

std::shared_ptr<const catalog::Snapshot> TemporaryObjects::MergeInto(const std::shared_ptr<const catalog::Snapshot>& snapshot) {
  std::shared_ptr<const catalog::Snapshot> own = Visible();
  if (merged_of_ != snapshot || merged_with_ != own) {
    merged_ = of_.catalog().Merge(*snapshot, *own);
    merged_of_ = snapshot;
    merged_with_ = std::move(own);
  }
  return merged_;
}

TemporaryObjects::CommitActions TemporaryObjects::ActionsOfCommit() const {
  CommitActions actions;
  if (transaction_ == nullptr || !transaction_->is_writer()) return actions;
  Visible()->ForEachRelation([&](const std::shared_ptr<const catalog::Relation>& relation) {
    if (relation->schema->on_commit == table::OnCommit::kDeleteRows) actions.emptied.push_back(relation);
    if (relation->schema->on_commit == table::OnCommit::kDrop) actions.dropped.push_back(relation);
  });
  // Those that refer to others come before them.
  std::vector<std::shared_ptr<const catalog::Relation>> ordered;
  while (!actions.emptied.empty()) {
    const auto next = std::find_if(actions.emptied.begin(), actions.emptied.end(), [&](const auto& relation) {
      return std::none_of(actions.emptied.begin(), actions.emptied.end(), [&](const auto& other) {
        const auto& keys = other->schema->foreign_keys;
        return other != relation && std::any_of(keys.begin(), keys.end(), [&](const table::ForeignKey& key) {
                 return key.referenced_table == relation->id;
               });
      });
    });
    const auto chosen = next == actions.emptied.end() ? actions.emptied.begin() : next;  // a circle has no first
    ordered.push_back(*chosen);
    actions.emptied.erase(chosen);
  }
  actions.emptied = std::move(ordered);
  return actions;
}

}  // namespace turdb::engine
