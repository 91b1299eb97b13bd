#include "exec/file_shape.h"

#include <algorithm>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/memory_budget.h"
#include "exec/csv_reader.h"
#include "os/file_system.h"
#include "vec/json.h"
#include "vec/value.h"

namespace turdb::exec {

using base::Status;
using base::StatusOr;
using vec::Type;
using vec::TypeId;

namespace {

constexpr int64_t kSniffBytes = 64 << 20;

bool HasWildcard(std::string_view text) { return text.find_first_of("*?") != std::string_view::npos; }

// `*` stands for any number of characters, `?` for one.
bool Matches(std::string_view name, std::string_view pattern) {
  size_t n = 0, p = 0, star = std::string_view::npos, retry = 0;
  while (n < name.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++n;
      ++p;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++retry;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

Status NoSuchFiles(std::string_view path) {
  return base::MakeError(absl::StatusCode::kNotFound, base::SqlState{"58P01"}, absl::StrCat("no file matches \"", path, "\""));
}

bool Reads(std::string_view text, const Type& type) { return vec::Value::Parse(text, type).ok(); }

bool LooksLikeBoolean(std::string_view text) {
  return absl::EqualsIgnoreCase(text, "true") || absl::EqualsIgnoreCase(text, "false") || text == "t" || text == "f";
}
// A date and nothing else: no "today", no number.
bool LooksLikeDate(std::string_view text) {
  return text.size() >= 8 && text.find_first_of("-/") != std::string_view::npos &&
         text.find_first_not_of("0123456789-/") == std::string_view::npos;
}
bool LooksLikeTimestamp(std::string_view text) {
  return text.size() >= 14 && text.find(':') != std::string_view::npos && text.find_first_of("-/") != std::string_view::npos &&
         text[0] >= '0' && text[0] <= '9';
}
bool LooksLikeTime(std::string_view text) {
  return text.find(':') != std::string_view::npos && text.find_first_not_of("0123456789:.") == std::string_view::npos;
}
bool LooksLikeNumber(std::string_view text) { return text.find_first_not_of("0123456789+-.eE") == std::string_view::npos; }

// The narrowest of a few types that every value so far has been read as.
class TypeGuess {
 public:
  void See(std::string_view text) {
    seen_ = true;
    while (place_ + 1 < std::size(kCandidates) && !Takes(kCandidates[place_], text)) {
      // What was seen before must be read as the next one, too: only numbers widen to others.
      const bool widens = kCandidates[place_] == TypeId::kInt64;
      if (any_ && !widens) {
        place_ = std::size(kCandidates) - 1;
        break;
      }
      ++place_;
      if (any_ && widens && !Takes(kCandidates[place_], text)) place_ = std::size(kCandidates) - 1;
    }
    any_ = true;
  }
  Type type() const { return seen_ ? Type(kCandidates[place_]) : Type(TypeId::kText); }
  bool is_text() const { return type().id == TypeId::kText; }

 private:
  static constexpr TypeId kCandidates[] = {TypeId::kBoolean, TypeId::kDate,   TypeId::kTime, TypeId::kTimestamp,
                                           TypeId::kInt64,   TypeId::kDouble, TypeId::kText};
  static bool Takes(TypeId id, std::string_view text) {
    switch (id) {
      case TypeId::kBoolean:
        return LooksLikeBoolean(text);
      case TypeId::kDate:
        return LooksLikeDate(text) && Reads(text, id);
      case TypeId::kTime:
        return LooksLikeTime(text) && Reads(text, id);
      case TypeId::kTimestamp:
        return LooksLikeTimestamp(text) && Reads(text, id);
      case TypeId::kInt64:
      case TypeId::kDouble:
        return LooksLikeNumber(text) && Reads(text, id);
      default:
        return true;
    }
  }
  size_t place_ = 0;
  bool seen_ = false;
  bool any_ = false;
};

StatusOr<std::unique_ptr<os::File>> OpenFirst(os::FileSystem& files, const FileShape& shape) {
  return files.Open(shape.paths[0], os::OpenMode::kReadOnly);
}

// The records at the beginning of the first file.
StatusOr<std::vector<std::vector<CsvField>>> ReadSome(os::FileSystem& files, const FileShape& shape, int64_t rows,
                                                      std::vector<std::string>* texts) {
  TURDB_ASSIGN_OR_RETURN(std::unique_ptr<os::File> file, OpenFirst(files, shape));
  base::MemoryBudget budget(kSniffBytes);
  CsvReader reader(std::move(file), shape.options, &budget);
  std::vector<std::vector<CsvField>> records;
  int64_t skipped = 0;
  for (int64_t row = 0; rows < 0 || row < rows;) {
    std::span<const CsvField> fields;
    TURDB_ASSIGN_OR_RETURN(const bool more, reader.Next(&fields));
    if (!more) break;
    if (skipped < shape.options.skip_lines) {
      ++skipped;
      continue;
    }
    ++row;
    std::vector<CsvField>& record = records.emplace_back();
    for (const CsvField& field : fields) {
      texts->emplace_back(field.text);
      record.push_back({{}, field.quoted});
    }
  }
  size_t next = 0;
  for (std::vector<CsvField>& record : records) {
    for (CsvField& field : record) field.text = (*texts)[next++];
  }
  return records;
}

// The delimiter by which the first lines have most fields, the same number each.
StatusOr<char> GuessDelimiter(os::FileSystem& files, const FileShape& shape) {
  char best = shape.options.delimiter;
  size_t most = 1;
  for (const char candidate : {',', '\t', ';', '|'}) {
    FileShape tried = shape;
    tried.options.delimiter = candidate;
    std::vector<std::string> texts;
    const auto records = ReadSome(files, tried, 20, &texts);
    if (!records.ok() || records->empty()) continue;
    const size_t fields = (*records)[0].size();
    const bool same =
        std::all_of(records->begin(), records->end(), [&](const auto& record) { return record.size() == fields; });
    if (same && fields > most) {
      most = fields;
      best = candidate;
    }
  }
  return best;
}

Status LookAtCsv(os::FileSystem& files, const FileQuestion& question, FileShape* shape) {
  if (!question.delimiter_given) {
    TURDB_ASSIGN_OR_RETURN(shape->options.delimiter, GuessDelimiter(files, *shape));
  }
  std::vector<std::string> texts;
  TURDB_ASSIGN_OR_RETURN(const auto records, ReadSome(files, *shape, question.sample_rows, &texts));
  if (records.empty()) {
    return base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                           absl::StrCat("file \"", shape->paths[0], "\" is empty: it has no columns"));
  }
  const size_t columns = records[0].size();
  const auto guess = [&](size_t from) {
    std::vector<TypeGuess> guesses(columns);
    for (size_t r = from; r < records.size(); ++r) {
      for (size_t c = 0; c < std::min(columns, records[r].size()); ++c) {
        const CsvField& field = records[r][c];
        if (!field.quoted && field.text == shape->options.null_text) continue;
        guesses[c].See(field.text);
      }
    }
    return guesses;
  };
  const std::vector<TypeGuess> rest = guess(1);
  if (!question.header_given) {
    // Names of columns are texts above values that are none, or, when all are texts, differ from each other and from what
    // follows.
    const std::vector<TypeGuess> all = guess(0);
    bool differs = false, texts_only = true, names = records.size() > 1, distinct = true;
    for (size_t c = 0; c < columns; ++c) {
      differs = differs || (all[c].is_text() && !rest[c].is_text());
      texts_only = texts_only && rest[c].is_text();
      const std::string_view name = records[0][c].text;
      names = names && (name.empty() || !LooksLikeNumber(name));
      distinct = distinct && !name.empty();
      for (size_t o = 0; o < c; ++o) distinct = distinct && records[0][o].text != name;
    }
    shape->options.header = names && (differs || (texts_only && distinct));
  }
  const std::vector<TypeGuess> guesses = shape->options.header ? rest : guess(0);
  for (size_t c = 0; c < columns; ++c) {
    std::string name = shape->options.header ? std::string(records[0][c].text) : absl::StrCat("column", c);
    if (name.empty()) name = absl::StrCat("column", c);
    const auto taken = [&] {
      return std::any_of(shape->columns.begin(), shape->columns.end(), [&](const auto& other) { return other.name == name; });
    };
    for (int n = 1; taken(); ++n) name = absl::StrCat(name, "_", n);
    shape->columns.push_back({std::move(name), question.all_text ? Type(TypeId::kText) : guesses[c].type()});
  }
  return absl::OkStatus();
}

// What the values of one member are.
struct JsonMember {
  std::string name;
  bool booleans = false, numbers = false, fractions = false, strings = false, others = false;
  TypeGuess texts;

  Type type() const {
    const int kinds = static_cast<int>(booleans) + static_cast<int>(numbers) + static_cast<int>(strings);
    if (others || kinds > 1) return TypeId::kJsonb;
    if (booleans) return TypeId::kBoolean;
    if (numbers) return fractions ? TypeId::kDouble : TypeId::kInt64;
    const TypeId text = strings ? texts.type().id : TypeId::kJsonb;
    return text == TypeId::kDate || text == TypeId::kTimestamp ? text : strings ? TypeId::kText : TypeId::kJsonb;
  }
};

void SeeMember(const vec::JsonView& value, JsonMember* member) {
  switch (value.kind()) {
    case vec::JsonKind::kNull:
      return;
    case vec::JsonKind::kFalse:
    case vec::JsonKind::kTrue:
      member->booleans = true;
      return;
    case vec::JsonKind::kNumber:
      member->numbers = true;
      member->fractions = member->fractions || !Reads(value.number().ToString(), TypeId::kInt64);
      return;
    case vec::JsonKind::kString:
      member->strings = true;
      member->texts.See(value.string());
      return;
    default:
      member->others = true;
  }
}

// Members in the order in which they are first written.
void SeeObject(const vec::JsonView& object, std::vector<JsonMember>* members) {
  std::vector<uint32_t> order(object.size());
  for (uint32_t i = 0; i < object.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return object.key(a).data() < object.key(b).data(); });
  for (const uint32_t i : order) {
    const std::string_view key = object.key(i);
    auto found = std::find_if(members->begin(), members->end(), [&](const JsonMember& member) { return member.name == key; });
    if (found == members->end()) {
      members->emplace_back().name = std::string(key);
      found = members->end() - 1;
    }
    SeeMember(object.value(i), &*found);
  }
}

StatusOr<vec::Value> ParseJson(std::string_view text, std::string_view path) {
  auto value = vec::Value::Parse(text, TypeId::kJsonb);
  if (!value.ok()) return base::WithFrame(value.status(), absl::StrCat("reading ", path));
  return value;
}

Status LookAtJson(os::FileSystem& files, const FileQuestion& question, FileShape* shape) {
  // Characters that JSON never has stand for delimiter and quote: a line is one field.
  shape->options = {};
  shape->options.delimiter = '\x01';
  shape->options.quote = shape->options.escape = '\x02';
  TURDB_ASSIGN_OR_RETURN(const std::unique_ptr<os::File> file, OpenFirst(files, *shape));
  TURDB_ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  std::string head(std::min<uint64_t>(size, 4096), ' ');
  TURDB_RETURN_IF_ERROR(file->Read(0, {reinterpret_cast<std::byte*>(head.data()), head.size()}));
  const size_t first = head.find_first_not_of(" \t\r\n");
  shape->json_array = first != std::string::npos && head[first] == '[';
  shape->options.whole_file = shape->json_array;
  std::vector<std::string> texts;
  TURDB_ASSIGN_OR_RETURN(const auto records, ReadSome(files, *shape, shape->json_array ? 1 : question.sample_rows, &texts));
  std::vector<JsonMember> members;
  for (const std::vector<CsvField>& record : records) {
    if (record[0].text.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    TURDB_ASSIGN_OR_RETURN(const vec::Value value, ParseJson(record[0].text, shape->paths[0]));
    const vec::JsonView view(value.bytes());
    if (view.kind() == vec::JsonKind::kObject) SeeObject(view, &members);
    const int64_t all = question.sample_rows < 0 ? view.size() : std::min<int64_t>(view.size(), question.sample_rows);
    for (uint32_t i = 0; view.kind() == vec::JsonKind::kArray && i < all; ++i) {
      if (view.element(i).kind() == vec::JsonKind::kObject) SeeObject(view.element(i), &members);
    }
  }
  for (const JsonMember& member : members) shape->columns.push_back({member.name, member.type()});
  if (!shape->columns.empty()) return absl::OkStatus();
  return base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                         absl::StrCat("file \"", shape->paths[0], "\" has no objects: it has no columns"));
}

}  // namespace

StatusOr<std::vector<std::string>> ExpandPath(os::FileSystem& files, std::string_view path) {
  if (!HasWildcard(path)) return std::vector<std::string>{std::string(path)};
  std::vector<std::string> found = {path.starts_with('/') ? "/" : ""};
  std::string_view rest = path;
  while (rest.starts_with('/')) rest.remove_prefix(1);
  while (!rest.empty()) {
    const size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
    if (part.empty()) continue;
    std::vector<std::string> next;
    for (const std::string& base : found) {
      const auto joined = [&](std::string_view name) {
        return base.empty() || base == "/" ? absl::StrCat(base, name) : os::JoinPath(base, name);
      };
      if (!HasWildcard(part)) {
        next.push_back(joined(part));
        continue;
      }
      auto names = files.List(base.empty() ? "." : base);
      if (!names.ok()) continue;  // a file, where a directory would have to be
      for (const std::string& name : *names) {
        if (Matches(name, part) && (part.starts_with('.') || !name.starts_with('.'))) next.push_back(joined(name));
      }
    }
    found = std::move(next);
  }
  std::vector<std::string> there;
  for (std::string& each : found) {
    TURDB_ASSIGN_OR_RETURN(const bool exists, files.Exists(each));
    if (exists) there.push_back(std::move(each));
  }
  if (there.empty()) return NoSuchFiles(path);
  return there;
}

StatusOr<FileShape> LookAtFiles(os::FileSystem& files, const FileQuestion& question) {
  FileShape shape;
  shape.options = question.options;
  for (const std::string& path : question.paths) {
    TURDB_ASSIGN_OR_RETURN(const std::vector<std::string> found, ExpandPath(files, path));
    shape.paths.insert(shape.paths.end(), found.begin(), found.end());
  }
  if (shape.paths.empty()) return NoSuchFiles("");
  if (question.format == FileFormat::kCsv) {
    TURDB_RETURN_IF_ERROR(LookAtCsv(files, question, &shape));
    return shape;
  }
  TURDB_RETURN_IF_ERROR(LookAtJson(files, question, &shape));
  return shape;
}

}  // namespace turdb::exec
