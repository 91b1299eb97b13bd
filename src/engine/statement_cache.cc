#include "engine/statement_cache.h"

#include <utility>

namespace turdb::engine {

void StatementCache::Trim(size_t most) {
  while (entries_.size() > most) {
    by_text_.erase(entries_.back().sql);
    entries_.pop_back();
  }
}

void StatementCache::set_limit(size_t limit) {
  limit_ = limit;
  Trim(limit);
}

void StatementCache::Clear() {
  by_text_.clear();
  entries_.clear();
}

const sql::CompiledStatement* StatementCache::Find(std::string_view sql, const CompilationEpochs& now) {
  const auto found = by_text_.find(sql);
  if (found == by_text_.end()) return nullptr;
  const auto entry = found->second;
  if (!(entry->epochs == now)) {
    by_text_.erase(found);
    entries_.erase(entry);
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, entry);
  return &entry->compiled;
}

void StatementCache::Put(std::string_view sql, const CompilationEpochs& now, const sql::CompiledStatement& compiled) {
  if (limit_ == 0 || sql.size() > kLongestText || by_text_.contains(sql)) return;
  Trim(limit_ - 1);
  entries_.push_front({std::string(sql), now, compiled});
  try {
    by_text_.emplace(entries_.front().sql, entries_.begin());
  } catch (...) {
    entries_.pop_front();
    throw;
  }
}

}  // namespace turdb::engine
