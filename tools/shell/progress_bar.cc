#include "shell/progress_bar.h"

#include <algorithm>
#include <utility>

namespace turdb::shell {

ProgressBar::ProgressBar(std::FILE* terminal, bool enabled, std::string label, int64_t total)
    : terminal_(terminal), enabled_(enabled), label_(std::move(label)), total_(total) {}

ProgressBar::~ProgressBar() {
  if (!drawn_) return;
  std::fputs("\r\x1b[K", terminal_);
  std::fflush(terminal_);
}

void ProgressBar::Update(int64_t done, int64_t rows) {
  if (!enabled_ || ++calls_ < 64) return;  // asking the clock costs more than a row of a small table
  calls_ = 0;
  const Clock::time_point now = Clock::now();
  if (now < next_) return;
  next_ = now + std::chrono::milliseconds(100);
  Draw(done, rows, now);
}

void ProgressBar::Draw(int64_t done, int64_t rows, Clock::time_point now) {
  constexpr int kCells = 30;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  std::string line = "\r" + label_ + " ";
  char text[96];
  if (total_ > 0) {
    const double share = std::clamp(static_cast<double>(done) / static_cast<double>(total_), 0.0, 1.0);
    const int full = static_cast<int>(share * kCells);
    for (int i = 0; i < kCells; ++i) line += i < full ? "█" : "░";
    const double left = share > 0 ? seconds / share - seconds : 0;
    std::snprintf(text, sizeof(text), " %3d%%  %.0f s left", static_cast<int>(share * 100), left);
    line += text;
  }
  std::snprintf(text, sizeof(text), "  %lld rows, %.0f/s\x1b[K", static_cast<long long>(rows),
                static_cast<double>(rows) / std::max(seconds, 0.001));
  line += text;
  std::fputs(line.c_str(), terminal_);
  std::fflush(terminal_);
  drawn_ = true;
}

}  // namespace turdb::shell
