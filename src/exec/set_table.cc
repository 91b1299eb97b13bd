// Set-returning functions of the function room as a table: one, or several side by side, and the number of the row.
#include <numeric>
#include <optional>

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

// Columns are handed on as they are.
class NumberedScan : public TableFunctionScan {
 public:
  NumberedScan(std::unique_ptr<TableFunctionScan> scan, std::span<const vec::Type> types)
      : scan_(std::move(scan)), types_(types) {}

  Status Start(Runtime& runtime, std::span<const Value> arguments) override {
    row_number_ = 0;
    if (!chunk_.has_value()) chunk_.emplace(types_, runtime.capacity, runtime.budget);
    return scan_->Start(runtime, arguments);
  }

  Status Next(Runtime& runtime, uint32_t max_rows, vec::Chunk* out) override {
    chunk_->Reset();
    TURDB_RETURN_IF_ERROR(scan_->Next(runtime, max_rows, &*chunk_));
    for (size_t i = 0; i < types_.size(); ++i) out->column(i).Reference(chunk_->column(i));
    vec::Vector& numbers = out->column(types_.size());
    for (uint32_t i = 0; i < chunk_->size(); ++i) numbers.SetValue(i, Value::Int64(++row_number_));
    out->set_size(chunk_->size());
    return absl::OkStatus();
  }

 private:
  const std::unique_ptr<TableFunctionScan> scan_;
  const std::span<const vec::Type> types_;
  std::optional<vec::Chunk> chunk_;
  int64_t row_number_ = 0;
};

class NumberedTable : public TableFunction {
 public:
  NumberedTable(std::shared_ptr<const TableFunction> table, std::vector<vec::Type> types)
      : table_(std::move(table)), types_(std::move(types)) {}
  std::string_view name() const override { return table_->name(); }
  std::unique_ptr<TableFunctionScan> NewScan() const override {
    auto scan = table_->NewScan();
    std::vector<int32_t> all(types_.size());
    std::iota(all.begin(), all.end(), 0);
    if (table_->chooses_columns()) scan->Choose(all);
    return std::make_unique<NumberedScan>(std::move(scan), types_);
  }

 private:
  const std::shared_ptr<const TableFunction> table_;
  const std::vector<vec::Type> types_;
};

class ChosenColumns : public TableFunction {
 public:
  ChosenColumns(const TableFunction& table, std::vector<int32_t> columns) : table_(table), columns_(std::move(columns)) {}
  std::string_view name() const override { return table_.name(); }
  std::unique_ptr<TableFunctionScan> NewScan() const override {
    auto scan = table_.NewScan();
    scan->Choose(columns_);
    return scan;
  }

 private:
  const TableFunction& table_;
  const std::vector<int32_t> columns_;
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

std::shared_ptr<const TableFunction> MakeChosenColumns(const TableFunction& table, std::vector<int32_t> columns) {
  return std::make_shared<ChosenColumns>(table, std::move(columns));
}

std::shared_ptr<const TableFunction> MakeNumberedTable(std::shared_ptr<const TableFunction> table,
                                                       std::vector<vec::Type> types) {
  return std::make_shared<NumberedTable>(std::move(table), std::move(types));
}

}  // namespace turdb::exec
