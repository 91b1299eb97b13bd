// Values to text and back, as PostgreSQL's output and input functions do. The pieces that casts over whole
// vectors use; Value::Parse and Value::ToString are the front door for single values.
#ifndef TURDB_VEC_TEXT_FORMAT_H_
#define TURDB_VEC_TEXT_FORMAT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "vec/scalar.h"
#include "vec/text_context.h"
#include "vec/type.h"

namespace turdb::vec {

// Appends the text of a present value, given where a vector of that type keeps it.
void AppendSlotText(Type type, const void* slot, const TextContext& context, std::string* out);

void AppendInt128(Int128 value, std::string* out);
// The shortest text that reads back as the same number, in PostgreSQL's layout: 1e+15, 1e-05, 0.1, -0, NaN.
void AppendDouble(double value, std::string* out);
void AppendFloat(float value, std::string* out);
void AppendUuid(const Uuid& uuid, std::string* out);
void AppendHexBlob(std::string_view bytes, std::string* out);  // \x0a1b
// value / 10^scale with exactly `scale` digits after the point.
void AppendDecimal(Int128 value, int scale, std::string* out);

enum class NumberOutcome : uint8_t { kOk, kSyntax, kRange };
// Spaces around, a sign, digits. kRange beyond 128 bits.
NumberOutcome ParseInt128(std::string_view text, Int128* value);
NumberOutcome ParseInt64(std::string_view text, int64_t* value);
NumberOutcome ParseDouble(std::string_view text, double* value);
NumberOutcome ParseFloat(std::string_view text, float* value);
bool ParseBool(std::string_view text, bool* value);
bool ParseUuid(std::string_view text, Uuid* uuid);
// \x hex or escape format. On failure *message is PostgreSQL's.
bool ParseBlob(std::string_view text, std::string* bytes, std::string* message);

// `text` as varchar(length) or char(length): cut (when `cut`, or when only blanks go) or padded.
// 22001 when too long. length 0: no limit.
base::Status FitCharacters(Type type, bool cut, std::string* text);
// Digits 0 and 1, or x and hexadecimal ones, as a bit string. False: other characters.
bool ParseBits(std::string_view text, std::string* bits);
// `bits` as bit(length) or varbit(length): cut or padded when `cut`; else 22026 or 22001 when it does not fit. length 0: no
// limit.
base::Status FitBits(Type type, bool cut, std::string* bits);
std::string_view TrimTrailingBlanks(std::string_view text);

// PostgreSQL's errors for a text that a type refuses.
base::Status InvalidTextError(Type type, std::string_view text);     // 22P02, 22007 for dates and times
base::Status TextOutOfRangeError(Type type, std::string_view text);  // 22003

// 22003 "numeric field overflow" of a value that a decimal(p,s) cannot hold.
base::Status DecimalOverflowError(Type type);

}  // namespace turdb::vec

#endif  // TURDB_VEC_TEXT_FORMAT_H_
