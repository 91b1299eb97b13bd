// Set-returning functions of the function room as a table: one, or several side by side, and the number of the row.
#include "exec/table_function.h"
#include "function/set_function.h"

namespace turdb::exec {
namespace {

using base::Status;
using function::BoundSetFunction;
using vec::Value;

class SetTableScan : public TableFunctionScan {
 public:
  SetTableScan(const std::vector<BoundSetFunction>& functions, bool ordinality)
      : functions_(functions), ordinality_(ordinality) {
    for (const BoundSetFunction& bound : functions) {
      parts_.push_back({bound.function->make(bound), std::vector<Value>(bound.columns.size()), true});
    }
  }

  Status Start(Runtime& runtime, std::span<const Value> arguments) override {
    row_number_ = 0;
    for (size_t i = 0; i < parts_.size(); ++i) {
      const size_t count = functions_[i].argument_types.size();
      const std::span<const Value> own = arguments.subspan(0, count);
      arguments = arguments.subspan(count);
      parts_[i].done = false;
      for (const Value& argument : own) parts_[i].done |= functions_[i].function->strict && argument.is_null();
      if (!parts_[i].done) TURDB_RETURN_IF_ERROR(parts_[i].scan->Start(own, runtime.call()));
    }
    return absl::OkStatus();
  }

  // Until the longest one ends; what ended before gives NULLs.
  Status Next(Runtime&, uint32_t max_rows, vec::Chunk* out) override {
    uint32_t count = 0;
    while (count < max_rows) {
      bool any = false;
      for (Part& part : parts_) {
        if (part.done) continue;
        TURDB_ASSIGN_OR_RETURN(const bool more, part.scan->Next(&part.row));
        part.done = !more;
        any |= more;
      }
      if (!any) break;
      size_t column = 0;
      for (const Part& part : parts_) {
        for (const Value& value : part.row) {
          if (part.done) {
            out->column(column++).SetNull(count);
          } else {
            out->column(column++).SetValue(count, value);
          }
        }
      }
      ++row_number_;
      if (ordinality_) out->column(column).SetValue(count, Value::Int64(row_number_));
      ++count;
    }
    out->set_size(count);
    return absl::OkStatus();
  }

 private:
  struct Part {
    std::unique_ptr<function::SetScan> scan;
    std::vector<Value> row;
    bool done;
  };
  const std::vector<BoundSetFunction>& functions_;
  const bool ordinality_;
  std::vector<Part> parts_;
  int64_t row_number_ = 0;
};

class SetTable : public TableFunction {
 public:
  SetTable(std::vector<BoundSetFunction> functions, bool ordinality)
      : functions_(std::move(functions)), ordinality_(ordinality) {}
  std::string_view name() const override { return functions_[0].function->name; }
  std::unique_ptr<TableFunctionScan> NewScan() const override {
    return std::make_unique<SetTableScan>(functions_, ordinality_);
  }

 private:
  const std::vector<BoundSetFunction> functions_;
  const bool ordinality_;
};

}  // namespace

std::shared_ptr<const TableFunction> MakeSetTable(std::vector<BoundSetFunction> functions, bool ordinality) {
  return std::make_shared<SetTable>(std::move(functions), ordinality);
}

}  // namespace turdb::exec
