#include "capi/handles.h"

extern "C" {

turdb_status turdb_options_new(turdb_options** out, turdb_error** error) {
  if (out == nullptr) return turdb::capi::ReportMisuse("turdb_options_new: out is NULL", error);
  *out = nullptr;
  return turdb::capi::Guarded(error, [&] {
    *out = new turdb_options;
    return absl::OkStatus();
  });
}

turdb_status turdb_options_set(turdb_options* options, const char* key, const char* value, turdb_error** error) {
  if (options == nullptr || key == nullptr || value == nullptr) {
    return turdb::capi::ReportMisuse("turdb_options_set: options, key or value is NULL", error);
  }
  return turdb::capi::Guarded(error, [&] { return turdb::engine::SetSetting(options->settings, key, value); });
}

const char* turdb_options_key(int64_t index) {
  const auto settings = turdb::engine::AllSettings();
  if (index < 0 || index >= static_cast<int64_t>(settings.size())) return nullptr;
  return settings[static_cast<size_t>(index)].key.data();  // literals, so NUL-terminated
}

const char* turdb_options_describe(const char* key) {
  if (key == nullptr) return nullptr;
  const auto* setting = turdb::engine::FindSetting(key);
  return setting == nullptr ? nullptr : setting->description.data();
}

void turdb_options_free(turdb_options* options) { delete options; }

}  // extern "C"
