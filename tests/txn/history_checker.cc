#include "txn/history_checker.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace turdb::history {
namespace {

enum class EdgeKind : uint8_t { kWw, kWr, kRw, kRealTime };
struct Edge {
  size_t to;
  EdgeKind kind;
};

constexpr size_t kNobody = SIZE_MAX;
constexpr size_t kMostOfAKind = 5;

class Checker {
 public:
  Checker(const std::vector<RecordedTransaction>& history, Level level, bool real_time)
      : history_(history), level_(level), real_time_(real_time) {}

  std::vector<Anomaly> Run() {
    FindWriters();
    for (size_t t = 0; t < history_.size(); ++t) {
      if (history_[t].outcome != Outcome::kAborted) CheckInside(t);
    }
    FindVersionOrder();
    edges_.resize(history_.size());
    for (size_t t = 0; t < history_.size(); ++t) {
      if (Counts(t)) AddEdges(t);
    }
    if (real_time_) AddRealTime();
    FindCycles();
    return std::move(anomalies_);
  }

 private:
  using Version = std::pair<int64_t, int64_t>;  // key and value; value 0 is "no row yet"

  void Report(const std::string& kind, const std::string& explanation) {
    if (++reported_[kind] <= kMostOfAKind) anomalies_.push_back({kind, explanation});
  }
  static std::string Name(size_t t) { return absl::StrCat("T", t); }

  // Committed, or its effects were seen.
  bool Counts(size_t t) const {
    return history_[t].outcome == Outcome::kCommitted || (history_[t].outcome == Outcome::kUnknown && observed_.contains(t));
  }
  size_t WriterOf(const Version& version) const {
    const auto at = writers_.find(version);
    return at == writers_.end() ? kNobody : at->second;
  }

  void FindWriters() {
    for (size_t t = 0; t < history_.size(); ++t) {
      std::map<int64_t, int64_t> last;
      for (const Op& op : history_[t].ops) {
        if (op.kind == OpKind::kRead) continue;
        writers_[{op.key, op.value}] = t;
        if (last.contains(op.key)) intermediate_.insert({op.key, last[op.key]});
        last[op.key] = op.value;
      }
    }
    for (size_t t = 0; t < history_.size(); ++t) {
      if (history_[t].outcome == Outcome::kAborted) continue;
      for (const Op& op : history_[t].ops) {
        for (const int64_t value : op.seen) {
          const size_t writer = WriterOf({op.key, value});
          if (writer != t && writer != kNobody) observed_.insert(writer);
        }
      }
    }
  }

  // What one transaction saw, by itself: its own writes, one value a key, nothing that was taken back.
  void CheckInside(size_t t) {
    struct Known {
      bool whole = false;  // `list` is all of it; otherwise it is only its end
      std::vector<int64_t> list;
    };
    std::map<int64_t, Known> known;
    for (const Op& op : history_[t].ops) {
      Known& now = known[op.key];
      if (op.kind == OpKind::kAppend) {
        now.list.push_back(op.value);
        continue;
      }
      if (op.kind == OpKind::kWrite) {
        if (!now.whole) Report("unreadable write", absl::StrCat(Name(t), " writes key ", op.key, " without having read it"));
        now.list = {op.value};
        continue;
      }
      for (const int64_t value : op.seen) {
        const size_t writer = WriterOf({op.key, value});
        if (writer == kNobody) {
          Report("phantom value", absl::StrCat(Name(t), " reads ", value, " in key ", op.key, ", which nobody wrote"));
        } else if (writer != t && history_[writer].outcome == Outcome::kAborted) {
          Report("G1a", absl::StrCat(Name(t), " reads ", value, " in key ", op.key, " of ", Name(writer), ", which aborted"));
        }
      }
      const bool fits =
          now.whole ? now.list == op.seen
                    : op.seen.size() >= now.list.size() && std::equal(now.list.rbegin(), now.list.rend(), op.seen.rbegin());
      if (!fits) {
        Report("internal", absl::StrCat(Name(t), " reads [", absl::StrJoin(op.seen, " "), "] in key ", op.key,
                                        " where its own operations so far say [", absl::StrJoin(now.list, " "), "]"));
      }
      now = {true, op.seen};
      if (!op.seen.empty() && WriterOf({op.key, op.seen.back()}) != t && intermediate_.contains({op.key, op.seen.back()})) {
        Report("G1b", absl::StrCat(Name(t), " reads ", op.seen.back(), " in key ", op.key, ", which its writer ",
                                   Name(WriterOf({op.key, op.seen.back()})), " then changed"));
      }
    }
  }

  void FindVersionOrder() {
    std::map<int64_t, std::vector<int64_t>> longest;
    std::set<int64_t> lists;
    for (size_t t = 0; t < history_.size(); ++t) {
      for (const Op& op : history_[t].ops) {
        if (op.kind == OpKind::kAppend) lists.insert(op.key);
        if (!Counts(t) || op.kind != OpKind::kRead) continue;
        if (op.seen.size() > longest[op.key].size()) longest[op.key] = op.seen;
      }
    }
    for (size_t t = 0; t < history_.size(); ++t) {
      if (!Counts(t)) continue;
      std::map<int64_t, int64_t> before;  // of registers: what the transaction read or wrote last
      for (const Op& op : history_[t].ops) {
        if (lists.contains(op.key)) {
          const std::vector<int64_t>& all = longest[op.key];
          if (op.kind == OpKind::kRead && !std::equal(op.seen.begin(), op.seen.end(), all.begin())) {
            Report("incompatible order", absl::StrCat(Name(t), " reads [", absl::StrJoin(op.seen, " "), "] in key ", op.key,
                                                      ", another [", absl::StrJoin(all, " "), "]"));
          }
          continue;
        }
        if (op.kind == OpKind::kRead) {
          before[op.key] = op.seen.empty() ? 0 : op.seen.back();
        } else {
          if (const auto at = before.find(op.key); at != before.end()) SetNext(op.key, at->second, op.value);
          before[op.key] = op.value;
        }
      }
    }
    for (const int64_t key : lists) {
      int64_t previous = 0;
      for (const int64_t value : longest[key]) {
        SetNext(key, previous, value);
        previous = value;
      }
    }
  }

  void SetNext(int64_t key, int64_t version, int64_t next) {
    const auto [at, fresh] = next_.emplace(Version{key, version}, next);
    if (!fresh && at->second != next) {
      Report("lost update", absl::StrCat(Name(WriterOf({key, at->second})), " and ", Name(WriterOf({key, next})),
                                         " both replaced ", version, " in key ", key));
    }
  }

  void AddEdge(size_t from, size_t to, EdgeKind kind) {
    if (from == to || from == kNobody || to == kNobody) return;
    if (from < history_.size() && !Counts(from)) return;
    if (to < history_.size() && !Counts(to)) return;
    edges_[from].push_back({to, kind});
  }

  void AddEdges(size_t t) {
    for (const Op& op : history_[t].ops) {
      const Version version{op.key, op.kind == OpKind::kRead ? (op.seen.empty() ? 0 : op.seen.back()) : op.value};
      const auto next = next_.find(version);
      const size_t overwriter = next == next_.end() ? kNobody : WriterOf({op.key, next->second});
      if (op.kind != OpKind::kRead) {
        AddEdge(t, overwriter, EdgeKind::kWw);
        continue;
      }
      AddEdge(WriterOf(version), t, EdgeKind::kWr);
      AddEdge(t, overwriter, EdgeKind::kRw);
    }
  }

  // An edge from each transaction to those that began after it had ended, through a chain of moments.
  void AddRealTime() {
    std::map<int64_t, std::vector<size_t>> ends;
    for (size_t t = 0; t < history_.size(); ++t) {
      if (history_[t].outcome == Outcome::kCommitted && history_[t].ended != 0) ends[history_[t].ended].push_back(t);
    }
    std::map<int64_t, size_t> moments;
    for (const auto& [when, ended] : ends) {
      const size_t node = edges_.size();
      edges_.emplace_back();
      if (!moments.empty()) edges_[moments.rbegin()->second].push_back({node, EdgeKind::kRealTime});
      moments[when] = node;
      for (const size_t t : ended) AddEdge(t, node, EdgeKind::kRealTime);
    }
    for (size_t t = 0; t < history_.size(); ++t) {
      const auto after = moments.lower_bound(history_[t].began);
      if (after == moments.begin() || history_[t].began == 0) continue;
      AddEdge(std::prev(after)->second, t, EdgeKind::kRealTime);
    }
  }

  // Nodes of the searched graph are (transaction, whether the last edge was an anti-dependency). For
  // snapshots an anti-dependency may not follow another; for serializability it may; for read committed
  // there are none.
  bool Follows(bool after_rw, EdgeKind kind) const {
    if (kind != EdgeKind::kRw) return true;
    return level_ == Level::kSerializable || (level_ == Level::kSnapshot && !after_rw);
  }
  size_t NodeAfter(const Edge& edge) const {
    return edge.to * 2 + (edge.kind == EdgeKind::kRw && level_ == Level::kSnapshot ? 1 : 0);
  }

  void FindCycles() {
    const std::vector<size_t> component = Components();
    std::set<size_t> done;
    for (size_t node = 0; node < component.size(); ++node) {
      if (component_size_[component[node]] > 1 && done.insert(component[node]).second) ReportCycle(node, component);
    }
  }

  // Tarjan's strongly connected components, without recursion.
  std::vector<size_t> Components() {
    const size_t count = edges_.size() * 2;
    std::vector<size_t> component(count, kNobody), index(count, kNobody), low(count, 0), next_edge(count, 0);
    std::vector<size_t> stack, path;
    std::vector<bool> on_stack(count, false);
    size_t clock = 0;
    for (size_t root = 0; root < count; ++root) {
      if (index[root] != kNobody) continue;
      path.push_back(root);
      while (!path.empty()) {
        const size_t node = path.back();
        if (index[node] == kNobody) {
          index[node] = low[node] = clock++;
          stack.push_back(node);
          on_stack[node] = true;
        }
        const std::vector<Edge>& out = edges_[node / 2];
        bool descended = false;
        while (next_edge[node] < out.size() && !descended) {
          const Edge& edge = out[next_edge[node]++];
          if (!Follows(node % 2 == 1, edge.kind)) continue;
          const size_t to = NodeAfter(edge);
          if (index[to] == kNobody) {
            path.push_back(to);
            descended = true;
          } else if (on_stack[to]) {
            low[node] = std::min(low[node], index[to]);
          }
        }
        if (descended) continue;
        path.pop_back();
        if (!path.empty()) low[path.back()] = std::min(low[path.back()], low[node]);
        if (low[node] != index[node]) continue;
        component_size_.push_back(0);
        size_t member;
        do {
          member = stack.back();
          stack.pop_back();
          on_stack[member] = false;
          component[member] = component_size_.size() - 1;
          ++component_size_.back();
        } while (member != node);
      }
    }
    return component;
  }

  // The shortest cycle through `start`, inside its component.
  void ReportCycle(size_t start, const std::vector<size_t>& component) {
    std::map<size_t, std::pair<size_t, Edge>> reached_by;
    std::deque<size_t> queue = {start};
    while (!queue.empty() && !reached_by.contains(start)) {
      const size_t node = queue.front();
      queue.pop_front();
      for (const Edge& edge : edges_[node / 2]) {
        const size_t to = NodeAfter(edge);
        if (!Follows(node % 2 == 1, edge.kind) || component[to] != component[start]) continue;
        if (reached_by.emplace(to, std::pair(node, edge)).second) queue.push_back(to);
      }
    }
    std::vector<std::pair<size_t, EdgeKind>> cycle;
    size_t node = start;
    do {
      const auto& [from, edge] = reached_by.at(node);
      cycle.emplace_back(from / 2, edge.kind);
      node = from;
    } while (node != start);
    std::reverse(cycle.begin(), cycle.end());

    size_t count[4] = {0, 0, 0, 0};
    std::string text;
    bool real_time = false;
    for (const auto& [from, kind] : cycle) {
      ++count[static_cast<size_t>(kind)];
      static constexpr const char* kNames[4] = {" ww-> ", " wr-> ", " rw-> ", " then-> "};
      if (kind == EdgeKind::kRealTime && real_time) continue;  // moments in a row
      real_time = kind == EdgeKind::kRealTime;
      absl::StrAppend(&text, from < history_.size() ? Name(from) : "", kNames[static_cast<size_t>(kind)]);
    }
    absl::StrAppend(&text, Name(cycle.front().first));
    const size_t rw = count[static_cast<size_t>(EdgeKind::kRw)];
    std::string kind = "G0";
    if (count[static_cast<size_t>(EdgeKind::kRealTime)] > 0) {
      kind = "stale read";
    } else if (rw >= 2) {
      kind = level_ == Level::kSnapshot ? "G-nonadjacent" : "G2";
    } else if (rw == 1) {
      kind = "G-single";
    } else if (count[static_cast<size_t>(EdgeKind::kWr)] > 0) {
      kind = "G1c";
    }
    Report(kind, text);
  }

  const std::vector<RecordedTransaction>& history_;
  Level level_;
  bool real_time_;
  std::map<Version, size_t> writers_;
  std::set<Version> intermediate_;  // values that their own transaction replaced
  std::set<size_t> observed_;       // whose writes others read
  std::map<Version, int64_t> next_;
  std::vector<std::vector<Edge>> edges_;  // of transactions, then of moments
  std::vector<size_t> component_size_;
  std::vector<Anomaly> anomalies_;
  std::map<std::string, size_t> reported_;
};

}  // namespace

std::vector<Anomaly> Check(const std::vector<RecordedTransaction>& history, Level level, bool real_time) {
  return Checker(history, level, real_time).Run();
}

std::string Describe(const std::vector<Anomaly>& anomalies) {
  std::string text;
  for (const Anomaly& anomaly : anomalies) absl::StrAppend(&text, anomaly.kind, ": ", anomaly.explanation, "\n");
  return text;
}

}  // namespace turdb::history
