#include "os/fault_tree.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace turdb::os {

uint64_t FaultRandom::Next() {
  state_ += 0x9e3779b97f4a7c15u;
  uint64_t mixed = state_;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
  return mixed ^ (mixed >> 31);
}

CrashDraw::CrashDraw(uint64_t seed) : seed_(seed), random_(seed) {
  constexpr uint64_t kSurvival[] = {1, 4, 7};
  survival_in_8_ = kSurvival[random_.Below(3)];
}

size_t CrashDraw::Survivor(size_t count) {
  if (seed_ == 0) return 0;
  if (seed_ == 1) return count;
  if (count == 0 || random_.Below(8) >= survival_in_8_) return 0;
  return 1 + static_cast<size_t>(random_.Below(count));
}

FaultFileContent::Sector FaultFileContent::CurrentSector(uint64_t number) const {
  Sector sector = {};
  const uint64_t start = number * kSectorBytes;
  if (start < current_.size_bytes()) {
    const auto count = static_cast<size_t>(std::min(kSectorBytes, current_.size_bytes() - start));
    current_.Read(start, base::MutableBytes(sector).first(count));
  }
  return sector;
}

void FaultFileContent::NoteSector(uint64_t number) {
  Pending& pending = pending_[number];
  if (pending.versions.size() == kMaxVersions) pending.versions.erase(pending.versions.begin() + 1);
  pending.versions.push_back(CurrentSector(number));
  pending.doubtful = false;
}

void FaultFileContent::Write(uint64_t offset, base::Bytes from) {
  if (from.empty()) return;
  const uint64_t old_size_bytes = current_.size_bytes();
  current_.Write(offset, from);
  if (current_.size_bytes() != old_size_bytes) pending_sizes_.push_back(current_.size_bytes());
  const uint64_t last = (offset + from.size() - 1) / kSectorBytes;
  for (uint64_t number = offset / kSectorBytes; number <= last; ++number) NoteSector(number);
}

void FaultFileContent::Resize(uint64_t size_bytes) {
  const uint64_t old_size_bytes = current_.size_bytes();
  if (size_bytes == old_size_bytes) return;
  std::vector<uint64_t> cut;
  for (uint64_t number = size_bytes / kSectorBytes; number * kSectorBytes < old_size_bytes; ++number) {
    if (CurrentSector(number) != Sector{}) cut.push_back(number);
  }
  current_.Resize(size_bytes);
  pending_sizes_.push_back(size_bytes);
  for (const uint64_t number : cut) NoteSector(number);
}

void FaultFileContent::SyncSucceeded() {
  std::map<uint64_t, Pending> doubtful;
  for (auto& [number, pending] : pending_) {
    if (pending.doubtful) {
      doubtful.emplace(number, std::move(pending));
    } else {
      durable_.Write(number * kSectorBytes, pending.versions.back());
    }
  }
  pending_ = std::move(doubtful);
  durable_.Resize(current_.size_bytes());
  pending_sizes_.clear();
}

void FaultFileContent::SyncSucceeded(uint64_t offset, uint64_t count) {
  if (count == 0) return;
  const uint64_t last = (offset + count - 1) / kSectorBytes;
  for (uint64_t number = offset / kSectorBytes; number <= last; ++number) {
    const auto found = pending_.find(number);
    // A sector beyond the durable size is lost with it, as on a disk.
    if (found == pending_.end() || found->second.doubtful || (number + 1) * kSectorBytes > durable_.size_bytes()) continue;
    durable_.Write(number * kSectorBytes, found->second.versions.back());
    pending_.erase(found);
  }
}

void FaultFileContent::SyncFailed() {
  for (auto& [number, pending] : pending_) pending.doubtful = true;
}

void FaultFileContent::FlipBits(uint64_t offset, std::byte mask) {
  const auto flip = [&](SparseBytes& bytes) {
    if (offset >= bytes.size_bytes()) return;
    std::byte byte;
    bytes.Read(offset, {&byte, 1});
    byte ^= mask;
    bytes.Write(offset, {&byte, 1});
  };
  flip(current_);
  flip(durable_);
  const auto pending = pending_.find(offset / kSectorBytes);
  if (pending == pending_.end()) return;
  for (Sector& version : pending->second.versions) version[offset % kSectorBytes] ^= mask;
}

FaultFileContent FaultFileContent::Crashed(CrashDraw& draw) const {
  const size_t survivor = draw.Survivor(pending_sizes_.size());
  const uint64_t size_bytes = survivor == 0 ? durable_.size_bytes() : pending_sizes_[survivor - 1];
  FaultFileContent crashed;
  crashed.durable_ = durable_.Copy();
  for (const auto& [number, pending] : pending_) {
    const size_t version = draw.Survivor(pending.versions.size());
    if (version != 0) crashed.durable_.Write(number * kSectorBytes, pending.versions[version - 1]);
  }
  crashed.durable_.Resize(size_bytes);
  crashed.current_ = crashed.durable_.Copy();
  return crashed;
}

FaultTree::FaultTree() : root_(NewNode(/*is_directory=*/true)) {}

FaultNodePtr FaultTree::NewNode(bool is_directory) {
  auto node = std::make_shared<FaultNode>();
  node->is_directory = is_directory;
  node->number = ++last_number_;
  return node;
}

namespace {

void Apply(std::map<std::string, FaultNodePtr>& names, const FaultTree::NameChange& change) {
  if (change.now == nullptr) {
    names.erase(change.name);
  } else {
    names.insert_or_assign(change.name, change.now);
  }
}

}  // namespace

void FaultTree::ChangeNames(const FaultNodePtr& node, std::vector<NameChange> changes) {
  for (const NameChange& change : changes) Apply(change.directory->entries, change);
  const size_t count = changes.size();
  pending_.push_back({node, std::move(changes), std::vector<bool>(count)});
}

bool FaultTree::MustFollow(const NameOperation& later, const NameOperation& earlier) {
  if (later.node == earlier.node) return true;
  for (const NameChange& a : later.changes) {
    for (const NameChange& b : earlier.changes) {
      if (a.directory == b.directory && a.name == b.name) return true;
    }
  }
  return false;
}

void FaultTree::AddEarlierOnes(std::vector<bool>& keep) const {
  for (size_t later = pending_.size(); later-- > 0;) {
    if (!keep[later]) continue;
    for (size_t earlier = 0; earlier < later; ++earlier) {
      if (!keep[earlier] && MustFollow(pending_[later], pending_[earlier])) keep[earlier] = true;
    }
  }
}

void FaultTree::SyncDirectory(const FaultNodePtr& directory) {
  std::vector<bool> settled;
  for (NameOperation& operation : pending_) {
    for (size_t i = 0; i < operation.changes.size(); ++i) {
      if (operation.changes[i].directory == directory) operation.synced[i] = true;
    }
    settled.push_back(std::find(operation.synced.begin(), operation.synced.end(), false) == operation.synced.end());
  }
  AddEarlierOnes(settled);
  std::vector<NameOperation> rest;
  for (size_t i = 0; i < pending_.size(); ++i) {
    if (!settled[i]) {
      rest.push_back(std::move(pending_[i]));
      continue;
    }
    for (const NameChange& change : pending_[i].changes) Apply(change.directory->durable, change);
  }
  pending_ = std::move(rest);
}

FaultNodePtr FaultTree::CrashedNode(const FaultNodePtr& node, const std::map<const FaultNode*, Names>& names, CrashDraw& draw,
                                    FaultTree& into, std::map<const FaultNode*, FaultNodePtr>& made) const {
  if (const auto known = made.find(node.get()); known != made.end()) return known->second;
  FaultNodePtr copy = into.NewNode(node->is_directory);
  made.emplace(node.get(), copy);
  if (!node->is_directory) {
    copy->content = node->content.Crashed(draw);
    return copy;
  }
  const auto changed = names.find(node.get());
  for (const auto& [name, child] : changed == names.end() ? node->durable : changed->second) {
    copy->durable.emplace(name, CrashedNode(child, names, draw, into, made));
  }
  copy->entries = copy->durable;
  return copy;
}

FaultTree FaultTree::Crashed(uint64_t seed) const {
  CrashDraw draw(seed);
  std::vector<bool> keep;
  for (size_t i = 0; i < pending_.size(); ++i) keep.push_back(draw.Survivor(1) != 0);
  AddEarlierOnes(keep);
  std::map<const FaultNode*, Names> names;  // of the directories that differ from their durable names
  for (size_t i = 0; i < pending_.size(); ++i) {
    if (!keep[i]) continue;
    for (const NameChange& change : pending_[i].changes) {
      Apply(names.try_emplace(change.directory.get(), change.directory->durable).first->second, change);
    }
  }
  FaultTree crashed;
  std::map<const FaultNode*, FaultNodePtr> made;
  crashed.root_ = CrashedNode(root_, names, draw, crashed, made);
  return crashed;
}

}  // namespace turdb::os
