#include "shell/csv_survey.h"

#include <algorithm>
#include <cctype>
#include <set>

namespace turdb::shell {
namespace {

constexpr size_t kLongestHeaderName = 64;

// Whether a record could be a line of names: every field a distinct text that is not the text of another type.
bool LooksLikeNames(const CsvRecord& record, const std::vector<std::string>& nulls) {
  std::set<std::string_view> seen;
  for (const CsvField& field : record.fields) {
    if (IsNull(field, nulls) || field.text.empty() || field.text.size() > kLongestHeaderName) return false;
    if (std::isdigit(static_cast<unsigned char>(field.text[0])) != 0 || TypeOf(field.text) != ColumnType::kText) return false;
    if (!seen.insert(field.text).second) return false;
  }
  return record.problem.empty();
}

void Note(const CsvRecord& record, const std::vector<std::string>& nulls, std::vector<CsvColumn>& columns) {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].type == ColumnType::kText || IsNull(record.fields[i], nulls)) continue;
    columns[i].type = Widen(columns[i].type, TypeOf(record.fields[i].text));
  }
}

}  // namespace

bool IsNull(const CsvField& field, const std::vector<std::string>& nulls) {
  if (field.quoted) return false;
  return field.text.empty() || std::find(nulls.begin(), nulls.end(), field.text) != nulls.end();
}

CsvSurvey Survey(CsvReader& reader, const CsvFormat& format, int64_t max_records,
                 const std::function<void(int64_t bytes, int64_t records)>& on_record) {
  CsvSurvey survey;
  CsvRecord record;
  for (int64_t i = 0; i < format.skip_records; ++i) {
    if (!reader.Next(&record)) return survey;
  }
  if (!reader.Next(&record)) return survey;
  // The first record: names for sure, values for sure, or to be seen from the rest.
  std::vector<std::string> first;
  for (const CsvField& field : record.fields) first.emplace_back(field.text);
  const bool may_be_header = format.header.value_or(LooksLikeNames(record, format.nulls));
  survey.columns.resize(first.size());
  std::vector<CsvColumn> first_types(first.size());
  if (!may_be_header || !format.header.has_value()) Note(record, format.nulls, first_types);

  bool values_repeat_names = false;
  while ((max_records == 0 || survey.records < max_records) && reader.Next(&record)) {
    on_record(reader.bytes_read(), ++survey.records);
    if (!record.problem.empty() || record.fields.size() != first.size()) continue;
    Note(record, format.nulls, survey.columns);
    for (size_t i = 0; i < first.size() && !values_repeat_names; ++i) values_repeat_names = record.fields[i].text == first[i];
  }
  survey.has_header = may_be_header;
  if (!format.header.has_value() && may_be_header) {
    // A text above a column of numbers is its name. Above texts it is one if it never occurs among them, and if
    // there is something below it at all.
    const bool other_types = std::any_of(survey.columns.begin(), survey.columns.end(), [](const CsvColumn& column) {
      return column.type != ColumnType::kText && column.type != ColumnType::kUnknown;
    });
    survey.has_header = survey.records > 0 && (other_types || !values_repeat_names);
  }
  if (!survey.has_header) {
    ++survey.records;
    for (size_t i = 0; i < first.size(); ++i) {
      survey.columns[i].type = Widen(survey.columns[i].type, first_types[i].type);
      first[i].clear();
    }
  }
  const std::vector<std::string> names = ColumnNames(first);
  for (size_t i = 0; i < names.size(); ++i) survey.columns[i].name = names[i];
  return survey;
}

std::string FoldName(std::string_view name) {
  const auto is_plain = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  std::string folded(name);
  if (std::all_of(name.begin(), name.end(), is_plain)) {
    for (char& c : folded) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return folded;
}

std::vector<std::string> ColumnNames(const std::vector<std::string>& header) {
  std::vector<std::string> names;
  std::set<std::string> taken;
  for (size_t i = 0; i < header.size(); ++i) {
    const size_t start = header[i].find_first_not_of(" \t");
    std::string name = start == std::string::npos ? "" : header[i].substr(start, header[i].find_last_not_of(" \t") + 1 - start);
    name = name.empty() ? "column" + std::to_string(i + 1) : FoldName(name);
    std::string unique = name;
    for (int number = 2; !taken.insert(unique).second; ++number) unique = name + "_" + std::to_string(number);
    names.push_back(unique);
  }
  return names;
}

}  // namespace turdb::shell
