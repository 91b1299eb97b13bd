#include "engine/settings.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace turdb::engine {
namespace {

TEST(Settings, KeysAreAlphabeticalAndRoundTrip) {
  Settings settings;
  ASSERT_TRUE(ResolveDefaults(settings).ok());
  std::string_view last;
  for (const SettingDescription& setting : AllSettings()) {
    EXPECT_LT(last, setting.key);
    last = setting.key;
    Settings copy;
    EXPECT_TRUE(setting.set(copy, setting.show(settings)).ok()) << setting.key;
    EXPECT_EQ(setting.show(copy), setting.show(settings));
  }
}

TEST(Settings, SizesTakeUnits) {
  Settings settings;
  ASSERT_TRUE(SetSetting(settings, "memory_limit", "64 mb").ok());
  EXPECT_EQ(settings.memory_limit_bytes, 64 << 20);
  EXPECT_FALSE(SetSetting(settings, "memory_limit", "64 parsecs").ok());
  EXPECT_FALSE(SetSetting(settings, "memory_limit", "-1").ok());
  EXPECT_FALSE(SetSetting(settings, "memory_limit", "9999999999999GB").ok());
  EXPECT_FALSE(SetSetting(settings, "memory_limit", "1000").ok());
  EXPECT_EQ(settings.memory_limit_bytes, 64 << 20);
}

TEST(Settings, UnknownKeyNamesNearMisses) {
  Settings settings;
  const base::Status status = SetSetting(settings, "memory", "1GB");
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(base::GetHint(status), "did you mean memory_limit?");
}

TEST(Settings, APageCacheAboveTheLimitIsRefused) {
  Settings settings;
  ASSERT_TRUE(SetSetting(settings, "memory_limit", "1MB").ok());
  ASSERT_TRUE(SetSetting(settings, "page_cache_bytes", "2MB").ok());
  EXPECT_FALSE(ResolveDefaults(settings).ok());
}

TEST(Settings, DifferingKeysAreNamed) {
  Settings a, b;
  b.threads = 7;
  b.busy_timeout_ms = 1;
  EXPECT_EQ(DifferingKeys(a, b), "threads");
}

}  // namespace
}  // namespace turdb::engine
