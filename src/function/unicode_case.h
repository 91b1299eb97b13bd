// Upper and lower case of single code points, for the scripts that have case: Latin, Greek, Cyrillic,
// Armenian, full-width. Simple mappings only (one code point to one), the same on every platform: no locale.
#ifndef TURDB_FUNCTION_UNICODE_CASE_H_
#define TURDB_FUNCTION_UNICODE_CASE_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace turdb::function {

uint32_t ToUpper(uint32_t code_point);
uint32_t ToLower(uint32_t code_point);
bool IsAlphanumeric(uint32_t code_point);  // ASCII letters and digits, and everything from U+00C0 up that is cased

std::string UpperText(std::string_view text);
std::string LowerText(std::string_view text);

}  // namespace turdb::function

#endif  // TURDB_FUNCTION_UNICODE_CASE_H_
