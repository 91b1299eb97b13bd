#include "exec/csv_reader.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace turdb::exec {

using base::Status;
using base::StatusOr;

CsvReader::CsvReader(std::unique_ptr<os::File> file, const CsvOptions& options, base::MemoryBudget* budget)
    : file_(std::move(file)), options_(options), reserved_(*budget) {}

StatusOr<bool> CsvReader::Next(std::span<const CsvField>* fields) {
  if (!opened_) {
    TURDB_ASSIGN_OR_RETURN(file_size_, file_->Size());
    opened_ = true;
  }
  size_t end = 0, next = 0;
  while (!FindEnd(&end, &next)) {
    if (file_offset_ < file_size_) {
      TURDB_RETURN_IF_ERROR(Refill());
      continue;
    }
    if (in_quotes_) {
      return base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kBadCopyFormat,
                             absl::StrCat("unterminated quoted field in ", file_->path(), ", line ", line_));
    }
    if (begin_ == data_end_) return false;
    end = next = data_end_;  // the last line has no line end
    break;
  }
  record_line_ = line_;
  line_ += lines_in_record_ + 1;
  if (options_.text && std::string_view(buffer_.data() + begin_, end - begin_) == "\\.") return false;  // the end of the data
  Split(end);
  begin_ = next;
  *fields = fields_;
  return true;
}

namespace {

int OctalDigit(char c) { return c >= '0' && c <= '7' ? c - '0' : -1; }
int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// What follows a backslash at data[*at], which moves to its last character.
char Unescaped(const std::vector<char>& data, size_t* at, size_t end) {
  const char c = data[*at];
  constexpr std::string_view kLetters = "bfnrtv";
  constexpr std::string_view kMeant = "\b\f\n\r\t\v";
  if (const size_t place = kLetters.find(c); place != std::string_view::npos) return kMeant[place];
  int value = 0;
  if (OctalDigit(c) >= 0) {
    value = OctalDigit(c);
    for (int more = 0; more < 2 && *at + 1 < end && OctalDigit(data[*at + 1]) >= 0; ++more)
      value = value * 8 + OctalDigit(data[++*at]);
    return static_cast<char>(value);
  }
  if (c == 'x' && *at + 1 < end && HexDigit(data[*at + 1]) >= 0) {
    for (int more = 0; more < 2 && *at + 1 < end && HexDigit(data[*at + 1]) >= 0; ++more)
      value = value * 16 + HexDigit(data[++*at]);
    return static_cast<char>(value);
  }
  return c;
}

}  // namespace

bool CsvReader::FindEnd(size_t* end, size_t* next) {
  in_quotes_ = false;
  lines_in_record_ = 0;
  if (options_.whole_file) return false;
  const char quote = options_.quote, escape = options_.escape;
  for (size_t i = begin_; i < data_end_; ++i) {
    const char c = buffer_[i];
    if (options_.text && c == '\\') {  // a line end behind it is data
      if (i + 1 == data_end_ && file_offset_ < file_size_) return false;
      if (++i < data_end_ && buffer_[i] == '\n') ++lines_in_record_;
    } else if (in_quotes_) {
      if (c == escape && i + 1 == data_end_ && file_offset_ < file_size_) return false;  // what follows decides
      if (c == escape && i + 1 < data_end_ && (buffer_[i + 1] == quote || buffer_[i + 1] == escape)) {
        ++i;
      } else if (c == quote) {
        in_quotes_ = false;
      } else if (c == '\n') {
        ++lines_in_record_;
      }
    } else if (c == quote && !options_.text) {
      in_quotes_ = true;
    } else if (c == '\n' && line_end_ != LineEnd::kReturn) {
      line_end_ = LineEnd::kNewline;
      *next = i + 1;
      *end = i > begin_ && buffer_[i - 1] == '\r' ? i - 1 : i;
      return true;
    } else if (c == '\r' && line_end_ != LineEnd::kNewline) {
      if (i + 1 == data_end_ && file_offset_ < file_size_) return false;  // what follows decides
      if (i + 1 < data_end_ && buffer_[i + 1] == '\n') continue;
      line_end_ = LineEnd::kReturn;
      *end = i;
      *next = i + 1;
      return true;
    }
  }
  return false;
}

// Removes quotes and escapes in place: what is written never overtakes what is read.
void CsvReader::Split(size_t end) {
  fields_.clear();
  if (options_.text) return SplitText(end);
  if (options_.whole_file) return fields_.push_back({std::string_view(buffer_.data() + begin_, end - begin_), true});
  const char quote = options_.quote, escape = options_.escape;
  size_t to = begin_, field_begin = begin_;
  bool in_quotes = false, quoted = false;
  for (size_t from = begin_; from < end; ++from) {
    const char c = buffer_[from];
    if (in_quotes) {
      if (c == escape && from + 1 < end && (buffer_[from + 1] == quote || buffer_[from + 1] == escape)) {
        buffer_[to++] = buffer_[++from];
      } else if (c == quote) {
        in_quotes = false;
      } else {
        buffer_[to++] = c;
      }
    } else if (c == quote) {
      in_quotes = quoted = true;
    } else if (c == options_.delimiter) {
      fields_.push_back({std::string_view(buffer_.data() + field_begin, to - field_begin), quoted});
      field_begin = to;
      quoted = false;
    } else {
      buffer_[to++] = c;
    }
  }
  fields_.push_back({std::string_view(buffer_.data() + field_begin, to - field_begin), quoted});
}

// PostgreSQL's text format. What NULL is written as is compared before escapes are read: anything else is never NULL.
void CsvReader::SplitText(size_t end) {
  size_t from = begin_, to = begin_;
  for (;;) {
    const size_t raw_begin = from, field_begin = to;
    size_t raw_end = from;
    for (size_t i = from; i < end && buffer_[i] != options_.delimiter; ++i) {
      if (buffer_[i] == '\\' && i + 1 < end) ++i;
      raw_end = i + 1;
    }
    if (std::string_view(buffer_.data() + raw_begin, raw_end - raw_begin) == options_.null_text) {
      fields_.push_back({options_.null_text, false});
    } else {
      for (size_t i = raw_begin; i < raw_end; ++i) {
        if (buffer_[i] == '\\' && i + 1 < raw_end) {
          const char meant = Unescaped(buffer_, &++i, raw_end);
          buffer_[to++] = meant;
        } else {
          buffer_[to++] = buffer_[i];
        }
      }
      fields_.push_back({std::string_view(buffer_.data() + field_begin, to - field_begin), true});
    }
    if (raw_end >= end) return;
    from = raw_end + 1;
    to = std::max(to, field_begin);
  }
}

Status CsvReader::Refill() {
  if (begin_ > 0) {
    if (data_end_ > begin_) std::memmove(buffer_.data(), buffer_.data() + begin_, data_end_ - begin_);
    data_end_ -= begin_;
    begin_ = 0;
  }
  if (data_end_ == buffer_.size()) {
    const size_t size_bytes = std::max(kBlockBytes, buffer_.size() * 2);
    if (size_bytes > kMaxRecordBytes) {
      return base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kBadCopyFormat,
                             absl::StrCat("a record of ", file_->path(), " that begins on line ", line_, " is larger than ",
                                          kMaxRecordBytes, " bytes; perhaps a quote is not closed"));
    }
    TURDB_RETURN_IF_ERROR(reserved_.Grow(static_cast<int64_t>(size_bytes - buffer_.size()), "reading CSV"));
    buffer_.resize(size_bytes);
  }
  const size_t want = std::min<uint64_t>(buffer_.size() - data_end_, file_size_ - file_offset_);
  TURDB_RETURN_IF_ERROR(file_->Read(file_offset_, {reinterpret_cast<std::byte*>(buffer_.data() + data_end_), want}));
  file_offset_ += want;
  data_end_ += want;
  return absl::OkStatus();
}

}  // namespace turdb::exec
