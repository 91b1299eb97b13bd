// EXPLAIN [ANALYZE]: the plan as text, a row a line, or as JSON. ANALYZE runs it first, under profiles, and adds to each node
// what it did. Time is the operator's own and, for those that drain their input (sorts, aggregates, build sides), the input's
// too.
#include "exec/explain.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/format.h"
#include "catalog/table_sql.h"
#include "exec/builder.h"
#include "exec/plan_printer.h"
#include "exec/point.h"
#include "table/schema.h"
#include "table/table.h"
#include "vec/json_text.h"

namespace turdb::exec {
namespace {

using base::Status;
using base::StatusOr;

// Not thread-safe.
class PlanExplainer {
 public:
  PlanExplainer(const NodeProfiles& profiles, bool verbose) : profiles_(profiles), verbose_(verbose), printer_(true) {}

  std::vector<std::string> Lines(const Node& root) {
    AddLines(root, 0);
    return std::move(lines_);
  }

  std::string Json(const Node& root) {
    std::string json = "[{\"Plan\": ";
    AddJson(root, true, &json);
    return json + "}]";
  }

 private:
  void AddLines(const Node& node, int depth) {
    std::string line(static_cast<size_t>(depth) * 2, ' ');
    absl::StrAppend(&line, printer_.Headline(node));
    if (depth == 0 && TakesShortPath(node)) line.append(" [short path]");
    std::string notes;
    const auto note = [&](std::string_view text) { absl::StrAppend(&notes, notes.empty() ? "" : ", ", text); };
    if (node.estimated_rows >= 0) note(base::Format("estimated rows: %.0f", node.estimated_rows));
    if (const auto profile = profiles_.find(&node); profile != profiles_.end()) {
      note(base::Format("rows: %d, time: %.3f ms", profile->second.rows, static_cast<double>(profile->second.nanos) / 1e6));
      if (profile->second.lanes > 0) note(absl::StrCat("threads: ", profile->second.lanes + 1));
      if (profile->second.peak_bytes > 0) note(absl::StrCat("memory: ", (profile->second.peak_bytes + 1023) / 1024, " KB"));
      if (profile->second.spilled_bytes > 0)
        note(absl::StrCat("spilled: ", (profile->second.spilled_bytes + 1023) / 1024, " KB"));
      for (const NodeFact& fact : profile->second.facts) {
        note(fact.text.empty() ? absl::StrCat(fact.name, ": ", fact.number) : absl::StrCat(fact.name, ": ", fact.text));
      }
    }
    if (verbose_ && !node.reason.empty()) note(absl::StrCat("by: ", node.reason));
    if (!notes.empty()) absl::StrAppend(&line, " (", notes, ")");
    lines_.push_back(std::move(line));
    ForEachExpression(node, [&](const Expression& expression) {
      if (expression.subquery == nullptr) return;
      lines_.push_back(std::string(static_cast<size_t>(depth) * 2 + 2, ' ') + "Subquery");
      AddLines(*expression.subquery->plan, depth + 2);
    });
    for (const Node* input : Inputs(node)) AddLines(*input, depth + 1);
    for (const ReferencingKey* key : ReferencesOf(node)) AddForeignKey(*key, depth + 1);
    const NodeTriggers triggers = TriggersOf(node);
    for (const TriggerSet* set : {triggers.insert, triggers.update, triggers.remove}) {
      if (set == nullptr) continue;
      for (const Triggers some : {set->before_statement, set->before_row, set->after_row, set->after_statement}) {
        for (const Trigger* trigger : some) AddTrigger(*trigger, depth + 1);
      }
    }
  }

  static std::string Capitalized(std::string_view name) {
    std::string result(name);
    for (size_t i = 0; i < result.size(); ++i) {
      if (i == 0 || result[i - 1] == ' ') result[i] = absl::ascii_toupper(static_cast<unsigned char>(result[i]));
    }
    return result;
  }
  static void AddMember(std::string_view name, std::string_view value, std::string* out) {
    absl::StrAppend(out, out->back() == '{' ? "" : ", ", "\"", name, "\": ");
    vec::AppendJsonString(value, out);
  }
  static void AddMember(std::string_view name, double value, std::string* out) {
    absl::StrAppend(out, out->back() == '{' ? "" : ", ", "\"", name, "\": ", base::Format("%.15g", value));
  }
  // `add` adds the elements of a list, each with what separates it from the last; an empty list is left out.
  template <typename Add>
  static void AddList(std::string_view name, std::string* out, Add add) {
    std::string list;
    add(&list);
    if (!list.empty()) absl::StrAppend(out, ", \"", name, "\": [", list, "]");
  }

  void AddJson(const Node& node, bool is_root, std::string* out) {
    out->append("{");
    const std::string headline = printer_.Headline(node);  // before the inputs, which it names
    AddMember("Node Type", NodeName(node.kind), out);
    const std::string_view details =
        absl::StripLeadingAsciiWhitespace(std::string_view(headline).substr(NodeName(node.kind).size()));
    if (!details.empty()) AddMember("Details", details, out);
    if (is_root && TakesShortPath(node)) absl::StrAppend(out, ", \"Short Path\": true");
    if (node.estimated_rows >= 0) AddMember("Plan Rows", std::round(node.estimated_rows), out);
    if (const auto profile = profiles_.find(&node); profile != profiles_.end()) {
      AddMember("Actual Rows", static_cast<double>(profile->second.rows), out);
      AddMember("Actual Total Time", static_cast<double>(profile->second.nanos) / 1e6, out);  // milliseconds
      if (profile->second.lanes > 0) AddMember("Threads", static_cast<double>(profile->second.lanes + 1), out);
      AddMember("Memory Bytes", static_cast<double>(profile->second.peak_bytes), out);
      AddMember("Spilled Bytes", static_cast<double>(profile->second.spilled_bytes), out);
      for (const NodeFact& fact : profile->second.facts) {
        if (fact.text.empty()) {
          AddMember(Capitalized(fact.name), static_cast<double>(fact.number), out);
        } else {
          AddMember(Capitalized(fact.name), fact.text, out);
        }
      }
    }
    if (verbose_ && !node.reason.empty()) AddMember("Reason", node.reason, out);
    const auto add_plan = [this](const Node& plan, std::string* list) {
      if (!list->empty()) list->append(", ");
      AddJson(plan, false, list);
    };
    AddList("Subplans", out, [&](std::string* list) {
      ForEachExpression(node, [&](const Expression& expression) {
        if (expression.subquery != nullptr) add_plan(*expression.subquery->plan, list);
      });
    });
    AddList("Plans", out, [&](std::string* list) {
      for (const Node* input : Inputs(node)) add_plan(*input, list);
    });
    AddList("Foreign Keys", out, [&](std::string* list) {
      for (const ReferencingKey* key : ReferencesOf(node)) AddJsonForeignKey(*key, list);
    });
    const NodeTriggers triggers = TriggersOf(node);
    AddList("Triggers", out, [&](std::string* list) {
      for (const TriggerSet* set : {triggers.insert, triggers.update, triggers.remove}) {
        if (set == nullptr) continue;
        for (const Triggers some : {set->before_statement, set->before_row, set->after_row, set->after_statement}) {
          for (const Trigger* trigger : some) AddJsonTrigger(*trigger, list);
        }
      }
    });
    out->append("}");
  }

  void AddJsonForeignKey(const ReferencingKey& key, std::string* out) {
    absl::StrAppend(out, out->empty() ? "" : ", ", "{");
    AddMember("Name", key.key->name, out);
    AddMember("Table", key.table->schema().name, out);
    AddMember("Event", key.on_update ? "update" : "delete", out);
    AddMember("Action", absl::AsciiStrToLower(catalog::ActionSql(key.action)), out);
    if (std::find(explained_.begin(), explained_.end(), &key) == explained_.end()) {  // not in a circle of them
      explained_.push_back(&key);
      AddList("Plans", out, [&](std::string* list) { AddJson(*key.rows, false, list); });
    }
    out->append("}");
  }

  void AddJsonTrigger(const Trigger& trigger, std::string* out) {
    absl::StrAppend(out, out->empty() ? "" : ", ", "{");
    AddMember("Name", trigger.name, out);
    AddMember("Table", trigger.table, out);
    AddMember("Time", absl::AsciiStrToLower(catalog::TimeSql(trigger.definition->time)), out);
    absl::StrAppend(out, ", \"For Each Row\": ", trigger.definition->for_each_row ? "true" : "false");
    if (std::find(triggers_.begin(), triggers_.end(), &trigger) == triggers_.end()) {
      triggers_.push_back(&trigger);
      AddList("Plans", out, [&](std::string* list) {
        for (const TriggerStatement& statement : trigger.statements) {
          if (!list->empty()) list->append(", ");
          AddJson(*statement.node, false, list);
        }
      });
    }
    out->append("}");
  }

  // What it does. One that was explained already, in a circle of them, is only named.
  void AddTrigger(const Trigger& trigger, int depth) {
    std::string line(static_cast<size_t>(depth) * 2, ' ');
    absl::StrAppend(&line, "Trigger ", trigger.name, " on ", trigger.table, ": ",
                    absl::AsciiStrToLower(catalog::TimeSql(trigger.definition->time)),
                    trigger.definition->for_each_row ? " each row" : " the statement");
    const bool again = std::find(triggers_.begin(), triggers_.end(), &trigger) != triggers_.end();
    if (again) line.append(", as above");
    if (!again && trigger.condition != nullptr) absl::StrAppend(&line, " when ", ToText(*trigger.condition));
    lines_.push_back(std::move(line));
    if (again) return;
    triggers_.push_back(&trigger);
    for (const TriggerStatement& statement : trigger.statements) AddLines(*statement.node, depth + 1);
  }

  // What becomes of rows that refer. A foreign key that was explained already, in a circle of them, is only named.
  void AddForeignKey(const ReferencingKey& key, int depth) {
    const std::string& table = key.table->schema().name;
    std::string line(static_cast<size_t>(depth) * 2, ' ');
    absl::StrAppend(&line, "ForeignKey ", key.key->name, " of ", table, ": on ", key.on_update ? "update " : "delete ",
                    absl::AsciiStrToLower(catalog::ActionSql(key.action)));
    const bool again = std::find(explained_.begin(), explained_.end(), &key) != explained_.end();
    if (again) line.append(", as above");
    if (!again && ReadsAll(*key.rows, *key.table))
      absl::StrAppend(&line, " (reads all of ", table, ": it has no index on the columns)");
    lines_.push_back(std::move(line));
    if (again) return;
    explained_.push_back(&key);
    AddLines(*key.rows, depth + 1);
  }

  static bool ReadsAll(const Node& node, const table::Table& table) {
    if (node.kind == NodeKind::kTableScan && static_cast<const TableScanNode&>(node).table == &table) return true;
    const std::vector<const Node*> inputs = Inputs(node);
    return std::any_of(inputs.begin(), inputs.end(), [&](const Node* input) { return ReadsAll(*input, table); });
  }

  const NodeProfiles& profiles_;
  const bool verbose_;
  PlanPrinter printer_;
  std::vector<std::string> lines_;
  std::vector<const ReferencingKey*> explained_;
  std::vector<const Trigger*> triggers_;  // explained already
};

class ExplainSource : public Source {
 public:
  ExplainSource(const ExplainNode& node, vec::Chunk chunk) : node_(node), chunk_(std::move(chunk)) {}

  Status Build(Builder& builder) {
    if (!node_.analyze) return absl::OkStatus();
    Builder profiled(builder.budget(), builder.capacity(), &profiles_, builder.parallelism());
    TURDB_ASSIGN_OR_RETURN(stream_, profiled.BuildStream(*node_.plan));
    return absl::OkStatus();
  }

  Status Start(Runtime& runtime) override {
    lines_.clear();
    next_line_ = 0;
    for (auto& [node, profile] : profiles_) profile = NodeProfile();
    return stream_ != nullptr ? stream_->Start(runtime) : absl::OkStatus();
  }

  StatusOr<Flow> Next(Runtime& runtime, Batch* out) override {
    if (lines_.empty()) {
      while (stream_ != nullptr) {
        Batch ignored;
        TURDB_ASSIGN_OR_RETURN(const Flow flow, stream_->Next(runtime, &ignored));
        if (flow == Flow::kBlocked) return flow;
        if (flow == Flow::kDone) break;
      }
      if (node_.json) {
        lines_.push_back(ExplainJson(*node_.plan, profiles_, node_.verbose));
      } else {
        lines_ = ExplainLines(*node_.plan, profiles_, node_.verbose);
      }
    }
    chunk_.Reset();
    uint32_t count = 0;
    while (next_line_ < lines_.size() && count < chunk_.capacity()) chunk_.column(0).SetString(count++, lines_[next_line_++]);
    chunk_.set_size(count);
    *out = Batch::All(chunk_);
    return next_line_ == lines_.size() ? Flow::kDone : Flow::kHaveMore;
  }

 private:
  const ExplainNode& node_;
  vec::Chunk chunk_;
  NodeProfiles profiles_;
  std::unique_ptr<Stream> stream_;
  std::vector<std::string> lines_;
  size_t next_line_ = 0;
};

}  // namespace

std::vector<std::string> ExplainLines(const Node& root, const NodeProfiles& profiles, bool verbose) {
  return PlanExplainer(profiles, verbose).Lines(root);
}

std::string ExplainJson(const Node& root, const NodeProfiles& profiles, bool verbose) {
  return PlanExplainer(profiles, verbose).Json(root);
}

SourceOr MakeExplain(const ExplainNode& node, Builder& builder) {
  auto source = std::make_unique<ExplainSource>(node, builder.NewChunk(node.types));
  TURDB_RETURN_IF_ERROR(source->Build(builder));
  return source;
}

}  // namespace turdb::exec
