#include "function/parameter_names.h"

namespace turdb::function {
namespace {

constexpr Parameter kInterval[] = {{"years", "0"}, {"months", "0"}, {"weeks", "0"}, {"days", "0"},
                                   {"hours", "0"}, {"mins", "0"},   {"secs", "0"}};
constexpr Parameter kDate[] = {{"year", ""}, {"month", ""}, {"day", ""}};
constexpr Parameter kTime[] = {{"hour", ""}, {"min", ""}, {"sec", ""}};
constexpr Parameter kStamp[] = {{"year", ""}, {"month", ""}, {"mday", ""}, {"hour", ""}, {"min", ""}, {"sec", ""}};
constexpr Parameter kStampTz[] = {{"year", ""}, {"month", ""}, {"mday", ""},    {"hour", ""},
                                  {"min", ""},  {"sec", ""},   {"timezone", ""}};
constexpr Parameter kJsonbSet[] = {{"jsonb_in", ""}, {"path", ""}, {"replacement", ""}, {"create_if_missing", "true"}};
constexpr Parameter kJsonbInsert[] = {{"jsonb_in", ""}, {"path", ""}, {"replacement", ""}, {"insert_after", "false"}};
constexpr Parameter kJsonPath[] = {{"target", ""}, {"path", ""}, {"vars", "{}"}, {"silent", "false"}};

struct Named {
  std::string_view function;
  std::span<const Parameter> parameters;
};

constexpr Named kNamed[] = {
    {"make_interval", kInterval},
    {"make_date", kDate},
    {"make_time", kTime},
    {"make_timestamp", kStamp},
    {"make_timestamptz", kStampTz},
    {"jsonb_set", kJsonbSet},
    {"jsonb_insert", kJsonbInsert},
    {"jsonb_path_exists", kJsonPath},
    {"jsonb_path_match", kJsonPath},
    {"jsonb_path_query", kJsonPath},
    {"jsonb_path_query_array", kJsonPath},
    {"jsonb_path_query_first", kJsonPath},
};

}  // namespace

std::span<const Parameter> ParametersOf(std::string_view function) {
  for (const Named& named : kNamed) {
    if (named.function == function) return named.parameters;
  }
  return {};
}

}  // namespace turdb::function
