#include "vec/struct_types.h"

#include <cstring>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace turdb::vec {

base::StatusOr<int32_t> StructTypes::Intern(StructFields fields) {
  std::string key;
  for (const StructField& field : fields) {
    absl::StrAppend(&key, field.name, std::string_view("\0", 1));
    char bytes[sizeof(Type)];
    std::memcpy(bytes, &field.type, sizeof(Type));
    key.append(bytes, sizeof(bytes));
  }
  const absl::MutexLock lock(&mu_);
  const auto found = ids_.find(key);
  if (found != ids_.end()) return found->second;
  if (types_.size() >= static_cast<size_t>(kMaxUnnamedStructs))
    return base::LimitError("there are too many different struct types");
  types_.push_back(std::make_shared<const StructFields>(std::move(fields)));
  const auto id = static_cast<int32_t>(-static_cast<int64_t>(types_.size()));
  ids_.emplace(std::move(key), id);
  return id;
}

std::shared_ptr<const StructFields> StructTypes::Find(int32_t id) const {
  const absl::MutexLock lock(&mu_);
  const auto place = static_cast<size_t>(-(int64_t{id} + 1));
  return id < 0 && place < types_.size() ? types_[place] : nullptr;
}

namespace {

std::string QuotedField(std::string_view name) {
  bool plain = !name.empty() && (absl::ascii_islower(static_cast<unsigned char>(name[0])) || name[0] == '_');
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    plain = plain && (absl::ascii_islower(byte) || absl::ascii_isdigit(byte) || c == '_');
  }
  if (plain) return std::string(name);
  std::string quoted = "\"";
  for (const char c : name) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + "\"";
}

}  // namespace

std::string StructText(const Type& type, const StructFields& fields, absl::FunctionRef<std::string(const Type&)> name_of,
                       bool written_out) {
  if (type.id == TypeId::kMap && fields.size() == 2) {
    return absl::StrCat("MAP(", name_of(fields[0].type), ", ", name_of(fields[1].type), ")");
  }
  bool unnamed = true;
  for (size_t i = 0; i < fields.size(); ++i) unnamed = unnamed && fields[i].name == absl::StrCat("f", i + 1);
  if (unnamed && !written_out) return "record";
  std::string text = "STRUCT(";
  for (size_t i = 0; i < fields.size(); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ", ", QuotedField(fields[i].name), " ", name_of(fields[i].type));
  }
  return text + ")";
}

}  // namespace turdb::vec
