// One line on a terminal that says how far something has come; silent elsewhere.
#ifndef TURDB_TOOLS_SHELL_PROGRESS_BAR_H_
#define TURDB_TOOLS_SHELL_PROGRESS_BAR_H_

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

namespace turdb::shell {

// One thread at a time. Erases itself at the end.
class ProgressBar {
 public:
  // `total` 0: not known.
  ProgressBar(std::FILE* terminal, bool enabled, std::string label, int64_t total);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // Cheap enough for every row: draws ten times a second at most.
  void Update(int64_t done, int64_t rows);

 private:
  using Clock = std::chrono::steady_clock;
  void Draw(int64_t done, int64_t rows, Clock::time_point now);

  std::FILE* const terminal_;
  const bool enabled_;
  const std::string label_;
  const int64_t total_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point next_ = start_ + std::chrono::milliseconds(300);  // what is quick needs no bar
  int calls_ = 0;
  bool drawn_ = false;
};

}  // namespace turdb::shell

#endif  // TURDB_TOOLS_SHELL_PROGRESS_BAR_H_
