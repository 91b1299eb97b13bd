// Options as ADBC passes them around: texts, bytes, integers and doubles, all of which are texts here.
#ifndef TURDB_ADBC_OPTIONS_H_
#define TURDB_ADBC_OPTIONS_H_

#include <charconv>
#include <cstring>
#include <string>
#include <string_view>

#include "adbc/handles.h"

namespace turdb::adbc {

inline AdbcStatusCode CopyOut(std::string_view value, bool terminated, void* out, size_t* length, AdbcError* error) {
  if (length == nullptr) return Fail(error, kInvalidArgument, "length is NULL");
  const size_t needed = value.size() + (terminated ? 1 : 0);
  if (out != nullptr && *length >= needed) {
    std::memcpy(out, value.data(), value.size());
    if (terminated) static_cast<char*>(out)[value.size()] = '\0';
  }
  *length = needed;
  return kOk;
}

// The getters and setters of one kind of handle, over `Get(handle, key, std::string* value, error)` and `Set(handle, key,
// value, error)`.
template <typename Struct, AdbcStatusCode (*Get)(Struct*, std::string_view, std::string*, AdbcError*),
          AdbcStatusCode (*Set)(Struct*, std::string_view, const char*, AdbcError*)>
struct OptionEntries {
  static AdbcStatusCode CheckKey(Struct* handle, const char* key, AdbcError* error) {
    if (handle == nullptr || handle->private_data == nullptr)
      return Fail(error, kInvalidState, "the handle is not initialised");
    return key == nullptr ? Fail(error, kInvalidArgument, "the option's key is NULL") : kOk;
  }
  static AdbcStatusCode SetText(Struct* handle, const char* key, const char* value, AdbcError* error) {
    return Guard(error, [&] {
      TURDB_ADBC_TRY(CheckKey(handle, key, error));
      return Set(handle, key, value, error);
    });
  }
  static AdbcStatusCode SetBytes(Struct* handle, const char* key, const uint8_t* value, size_t length, AdbcError* error) {
    return Guard(error, [&] {
      if (value == nullptr && length != 0) return Fail(error, kInvalidArgument, "the option's value is NULL");
      const std::string text(reinterpret_cast<const char*>(value), length);
      return SetText(handle, key, text.c_str(), error);
    });
  }
  static AdbcStatusCode SetInt(Struct* handle, const char* key, int64_t value, AdbcError* error) {
    return Guard(error, [&] { return SetText(handle, key, std::to_string(value).c_str(), error); });
  }
  static AdbcStatusCode SetDouble(Struct* handle, const char* key, double value, AdbcError* error) {
    return Guard(error, [&] {
      char text[32];
      const auto end = std::to_chars(text, text + sizeof text - 1, value).ptr;
      *end = '\0';
      return SetText(handle, key, text, error);
    });
  }
  static AdbcStatusCode GetText(Struct* handle, const char* key, char* value, size_t* length, AdbcError* error) {
    return Guard(error, [&] {
      std::string text;
      TURDB_ADBC_TRY(CheckKey(handle, key, error));
      TURDB_ADBC_TRY(Get(handle, key, &text, error));
      return CopyOut(text, true, value, length, error);
    });
  }
  static AdbcStatusCode GetBytes(Struct* handle, const char* key, uint8_t* value, size_t* length, AdbcError* error) {
    return Guard(error, [&] {
      std::string text;
      TURDB_ADBC_TRY(CheckKey(handle, key, error));
      TURDB_ADBC_TRY(Get(handle, key, &text, error));
      return CopyOut(text, false, value, length, error);
    });
  }
  template <typename T>
  static AdbcStatusCode GetNumber(Struct* handle, const char* key, T* value, AdbcError* error) {
    return Guard(error, [&] {
      std::string text;
      TURDB_ADBC_TRY(CheckKey(handle, key, error));
      if (value == nullptr) return Fail(error, kInvalidArgument, "value is NULL");
      TURDB_ADBC_TRY(Get(handle, key, &text, error));
      const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), *value);
      if (failed == std::errc() && end == text.data() + text.size()) return kOk;
      return Fail(error, kInvalidArgument, "option " + std::string(key) + " is \"" + text + "\", which is no such number");
    });
  }
  static AdbcStatusCode GetInt(Struct* handle, const char* key, int64_t* value, AdbcError* error) {
    return GetNumber(handle, key, value, error);
  }
  static AdbcStatusCode GetDouble(Struct* handle, const char* key, double* value, AdbcError* error) {
    return GetNumber(handle, key, value, error);
  }
};

inline AdbcStatusCode UnknownOption(std::string_view key, AdbcError* error) {
  return Fail(error, kNotFound, "there is no option \"" + std::string(key) + "\"");
}
inline AdbcStatusCode UnknownSetting(std::string_view key, std::string_view value, AdbcError* error) {
  return Fail(error, kNotImplemented, "option \"" + std::string(key) + "\" cannot be set to \"" + std::string(value) + "\"");
}

// "true" and "false", as ADBC writes booleans.
inline AdbcStatusCode ParseFlag(std::string_view key, std::string_view value, bool* out, AdbcError* error) {
  *out = value == kEnabled;
  if (*out || value == kDisabled) return kOk;
  return Fail(error, kInvalidArgument,
              "option \"" + std::string(key) + "\" is true or false, not \"" + std::string(value) + "\"");
}

}  // namespace turdb::adbc

#endif  // TURDB_ADBC_OPTIONS_H_
