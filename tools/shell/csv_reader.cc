#include "shell/csv_reader.h"

#include <algorithm>

namespace turdb::shell {

namespace {
constexpr size_t kBufferBytes = 256 << 10;
}  // namespace

CsvReader::CsvReader(std::FILE* file, char delimiter) : file_(file), delimiter_(delimiter), buffer_(kBufferBytes) {
  if (Fill() && std::string_view(buffer_.data(), end_).starts_with("\xEF\xBB\xBF")) {
    at_ = 3;
    consumed_ = 3;
  }
}

bool CsvReader::Fill() {
  if (at_ < end_) return true;
  at_ = 0;
  end_ = std::fread(buffer_.data(), 1, buffer_.size(), file_);
  if (end_ == 0 && std::ferror(file_) != 0) failed_ = true;
  return end_ > 0;
}

int CsvReader::Peek() { return Fill() ? static_cast<unsigned char>(buffer_[at_]) : EOF; }

int CsvReader::Take() {
  const int byte = Peek();
  if (byte != EOF) {
    ++at_;
    ++consumed_;
  }
  return byte;
}

// `first` was taken and is CR or LF.
void CsvReader::TakeLineEnd(int first) {
  if (first == '\r' && Peek() == '\n') Take();
  ++line_;
}

void CsvReader::EndField(size_t start, bool quoted) { spans_.push_back({start, text_.size() - start, quoted}); }

// The opening quote was taken. Stops before the delimiter or the line end behind the closing one.
void CsvReader::TakeQuoted(CsvRecord* record) {
  const size_t start = text_.size();
  const int64_t opened_at = line_;
  const auto column = static_cast<int64_t>(spans_.size()) + 1;
  while (true) {
    const int byte = Take();
    if (byte == EOF) {
      record->problem = "a quote opened on line " + std::to_string(opened_at) + " is never closed";
      record->problem_column = column;
      break;
    }
    if (byte != '"') {
      text_.push_back(static_cast<char>(byte));
      if (byte == '\n') ++line_;
      continue;
    }
    if (Peek() != '"') break;
    text_.push_back(static_cast<char>(Take()));
  }
  EndField(start, /*quoted=*/true);
  for (int byte = Peek(); byte != EOF && byte != delimiter_ && byte != '\n' && byte != '\r'; byte = Peek()) {
    if (record->problem.empty()) {
      record->problem = "text behind the closing quote";
      record->problem_column = column;
    }
    Take();
  }
}

bool CsvReader::Next(CsvRecord* record) {
  record->fields.clear();
  record->problem.clear();
  record->problem_column = 0;
  text_.clear();
  spans_.clear();
  while (Peek() == '\n' || Peek() == '\r') TakeLineEnd(Take());
  if (Peek() == EOF) return false;
  record->line = line_;
  while (true) {
    if (Peek() == '"') {
      Take();
      TakeQuoted(record);
    } else {
      const size_t start = text_.size();
      for (int byte = Peek(); byte != EOF && byte != delimiter_ && byte != '\n' && byte != '\r'; byte = Peek()) {
        text_.push_back(static_cast<char>(Take()));
      }
      EndField(start, /*quoted=*/false);
    }
    const int separator = Take();
    if (separator == static_cast<unsigned char>(delimiter_)) continue;
    if (separator != EOF) TakeLineEnd(separator);
    break;
  }
  for (const Span& span : spans_) {
    record->fields.push_back({std::string_view(text_).substr(span.start, span.size), span.quoted});
  }
  return true;
}

char SniffDelimiter(std::string_view sample) {
  constexpr std::string_view kCandidates = ",;\t|";
  constexpr size_t kRecords = 50;
  std::vector<std::vector<size_t>> counts(kCandidates.size());
  std::vector<size_t> here(kCandidates.size());
  bool quoted = false;
  for (size_t i = 0; i < sample.size() && counts[0].size() < kRecords; ++i) {
    const char byte = sample[i];
    if (byte == '"') quoted = !quoted;  // a doubled quote turns it off and on again
    if (quoted) continue;
    if (const size_t which = kCandidates.find(byte); which != std::string_view::npos) ++here[which];
    if (byte == '\n') {
      for (size_t c = 0; c < here.size(); ++c) counts[c].push_back(here[c]);
      std::fill(here.begin(), here.end(), 0);
    }
  }
  if (counts[0].empty()) {
    for (size_t c = 0; c < here.size(); ++c) counts[c].push_back(here[c]);
  }
  char best = ',';
  size_t best_agreeing = 0;
  for (size_t c = 0; c < kCandidates.size(); ++c) {
    const size_t expected = counts[c].front();
    if (expected == 0) continue;
    const auto agreeing = static_cast<size_t>(std::count(counts[c].begin(), counts[c].end(), expected));
    if (agreeing > best_agreeing) {
      best = kCandidates[c];
      best_agreeing = agreeing;
    }
  }
  return best;
}

}  // namespace turdb::shell
