/* Packed rows become tuples of Python values. */

#include "module.h"

#include <datetime.h>

static PyObject *decimal_type, *uuid_type, *interval_type, *make_vector, *sixty_four;

static const int64_t kMicrosPerDay = INT64_C(86400000000);

/* What is left of the packed rows. The library wrote them, so a check that fails is a bug, but never a crash. */
struct unpacker {
  const uint8_t* at;
  const uint8_t* end;
  ConnectionObject* connection;
};

static PyObject* unpack_value(struct unpacker* in);

static bool take(struct unpacker* in, void* value, size_t size) {
  if ((size_t)(in->end - in->at) < size) {
    raise_named("InternalError", "XX000", "a packed row ends too early");
    return false;
  }
  memcpy(value, in->at, size);
  in->at += size;
  return true;
}

static bool take_bytes(struct unpacker* in, const char** bytes, uint32_t* size) {
  if (!take(in, size, sizeof *size)) return false;
  if ((size_t)(in->end - in->at) < *size) {
    raise_named("InternalError", "XX000", "a packed row ends too early");
    return false;
  }
  *bytes = (const char*)in->at;
  in->at += *size;
  return true;
}

#define UNPACK_FIXED(name, type, make)                     \
  static PyObject* name(struct unpacker* in) {             \
    type value;                                            \
    return take(in, &value, sizeof value) ? (make) : NULL; \
  }
UNPACK_FIXED(unpack_bool, uint8_t, PyBool_FromLong(value))
UNPACK_FIXED(unpack_int8, int8_t, PyLong_FromLong(value))
UNPACK_FIXED(unpack_int16, int16_t, PyLong_FromLong(value))
UNPACK_FIXED(unpack_int32, int32_t, PyLong_FromLong(value))
UNPACK_FIXED(unpack_int64, int64_t, PyLong_FromLongLong(value))
UNPACK_FIXED(unpack_uint8, uint8_t, PyLong_FromLong(value))
UNPACK_FIXED(unpack_uint16, uint16_t, PyLong_FromLong(value))
UNPACK_FIXED(unpack_uint32, uint32_t, PyLong_FromUnsignedLong(value))
UNPACK_FIXED(unpack_uint64, uint64_t, PyLong_FromUnsignedLongLong(value))
UNPACK_FIXED(unpack_float, float, PyFloat_FromDouble(value))
UNPACK_FIXED(unpack_double, double, PyFloat_FromDouble(value))

static PyObject* unpack_int128(struct unpacker* in) {
  uint64_t low;
  int64_t high;
  if (!take(in, &low, 8) || !take(in, &high, 8)) return NULL;
  PyObject* high_part = PyLong_FromLongLong(high);
  PyObject* low_part = PyLong_FromUnsignedLongLong(low);
  PyObject* shifted = high_part == NULL ? NULL : PyNumber_Lshift(high_part, sixty_four);
  PyObject* result = shifted == NULL || low_part == NULL ? NULL : PyNumber_Or(shifted, low_part);
  Py_XDECREF(high_part);
  Py_XDECREF(low_part);
  Py_XDECREF(shifted);
  return result;
}

static PyObject* unpack_text(struct unpacker* in) {
  const char* bytes;
  uint32_t size;
  return take_bytes(in, &bytes, &size) ? PyUnicode_DecodeUTF8(bytes, (Py_ssize_t)size, NULL) : NULL;
}

static PyObject* unpack_blob(struct unpacker* in) {
  const char* bytes;
  uint32_t size;
  return take_bytes(in, &bytes, &size) ? PyBytes_FromStringAndSize(bytes, (Py_ssize_t)size) : NULL;
}

/* What `callable` makes of the text. */
static PyObject* unpack_text_by(struct unpacker* in, PyObject* callable) {
  PyObject* text = unpack_text(in);
  PyObject* result = text == NULL ? NULL : PyObject_CallOneArg(callable, text);
  Py_XDECREF(text);
  return result;
}

static PyObject* unpack_json(struct unpacker* in) {
  return in->connection->json_loads == Py_None ? unpack_text(in) : unpack_text_by(in, in->connection->json_loads);
}

static PyObject* outside(const char* what) {
  return raise_named("DataError", "22008", "a %s that Python has no value for; cast it to text", what);
}

static void civil_from_days(int64_t days, int64_t* year, int* month, int* day) {
  days += 719468;
  const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const int64_t day_of_era = days - era * 146097;
  const int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted = (5 * day_of_year + 2) / 153;
  *day = (int)(day_of_year - (153 * shifted + 2) / 5 + 1);
  *month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
  *year = year_of_era + era * 400 + (*month <= 2);
}

static PyObject* unpack_date(struct unpacker* in) {
  int32_t days;
  int64_t year;
  int month, day;
  if (!take(in, &days, sizeof days)) return NULL;
  civil_from_days(days, &year, &month, &day);
  if (year < 1 || year > 9999) return outside("date");
  return PyDate_FromDate((int)year, month, day);
}

static PyObject* unpack_time(struct unpacker* in) {
  int64_t micros;
  if (!take(in, &micros, sizeof micros)) return NULL;
  if (micros >= kMicrosPerDay) return outside("time");
  const int seconds = (int)(micros / 1000000);
  return PyTime_FromTime(seconds / 3600, seconds / 60 % 60, seconds % 60, (int)(micros % 1000000));
}

static PyObject* unpack_timestamp(struct unpacker* in, PyObject* zone) {
  int64_t micros, year;
  int month, day;
  if (!take(in, &micros, sizeof micros)) return NULL;
  int64_t days = micros / kMicrosPerDay, of_day = micros % kMicrosPerDay;
  if (of_day < 0) {
    of_day += kMicrosPerDay;
    --days;
  }
  civil_from_days(days, &year, &month, &day);
  if (year < 1 || year > 9999) return outside("timestamp");
  const int seconds = (int)(of_day / 1000000);
  return PyDateTimeAPI->DateTime_FromDateAndTime((int)year, month, day, seconds / 3600, seconds / 60 % 60, seconds % 60,
                                                 (int)(of_day % 1000000), zone, PyDateTimeAPI->DateTimeType);
}

/* A timedelta when it has no months, which have no length. */
static PyObject* unpack_interval(struct unpacker* in) {
  int32_t months, days;
  int64_t micros;
  if (!take(in, &months, 4) || !take(in, &days, 4) || !take(in, &micros, 8)) return NULL;
  if (months == 0) {
    int64_t whole = micros / kMicrosPerDay, rest = micros % kMicrosPerDay;
    if (rest < 0) {
      rest += kMicrosPerDay;
      --whole;
    }
    whole += days;
    if (whole >= -999999999 && whole <= 999999999) {
      return PyDelta_FromDSU((int)whole, (int)(rest / 1000000), (int)(rest % 1000000));
    }
  }
  return PyObject_CallFunction(interval_type, "iiL", (int)months, (int)days, (long long)micros);
}

static PyObject* unpack_uuid(struct unpacker* in) {
  uint8_t bytes[16];
  if (!take(in, bytes, sizeof bytes)) return NULL;
  PyObject* packed = PyBytes_FromStringAndSize((const char*)bytes, 16);
  PyObject* nothing = PyTuple_New(0);
  PyObject* named = packed == NULL ? NULL : Py_BuildValue("{sO}", "bytes", packed);
  PyObject* result = nothing == NULL || named == NULL ? NULL : PyObject_Call(uuid_type, nothing, named);
  Py_XDECREF(packed);
  Py_XDECREF(nothing);
  Py_XDECREF(named);
  return result;
}

static PyObject* unpack_vector(struct unpacker* in) {
  const char* bytes;
  uint32_t size;
  if (!take_bytes(in, &bytes, &size)) return NULL;
  if (size == 0) return raise_named("InternalError", "XX000", "a packed vector of no kind");
  return PyObject_CallFunction(make_vector, "iy#", (int)(uint8_t)bytes[0], bytes + 1, (Py_ssize_t)size - 1);
}

static PyObject* unpack_block(struct unpacker* in, int dimensions, const uint32_t* lengths) {
  PyObject* list = PyList_New((Py_ssize_t)lengths[0]);
  for (Py_ssize_t i = 0; list != NULL && i < (Py_ssize_t)lengths[0]; ++i) {
    PyObject* element = dimensions == 1 ? unpack_value(in) : unpack_block(in, dimensions - 1, lengths + 1);
    if (element == NULL) {
      Py_CLEAR(list);
    } else {
      PyList_SET_ITEM(list, i, element);
    }
  }
  return list;
}

static PyObject* unpack_array(struct unpacker* in) {
  uint32_t size, lengths[6];
  uint8_t type, dimensions;
  if (!take(in, &size, 4) || !take(in, &type, 1) || !take(in, &dimensions, 1)) return NULL;
  if (dimensions == 0) return PyList_New(0);
  if (dimensions > 6) return raise_named("InternalError", "XX000", "a packed array has %d dimensions", (int)dimensions);
  for (int d = 0; d < dimensions; ++d) {
    int32_t lower;
    if (!take(in, &lower, 4) || !take(in, &lengths[d], 4)) return NULL;
  }
  return unpack_block(in, dimensions, lengths);
}

static PyObject* unpack_value(struct unpacker* in) {
  uint8_t tag;
  if (!take(in, &tag, 1)) return NULL;
  switch (tag) {
    case TURDB_TYPE_NULL:
      Py_RETURN_NONE;
    case TURDB_TYPE_INT64:
      return unpack_int64(in);
    case TURDB_TYPE_INT32:
      return unpack_int32(in);
    case TURDB_TYPE_TEXT:
    case TURDB_TYPE_ENUM:
      return unpack_text(in);
    case TURDB_TYPE_DOUBLE:
      return unpack_double(in);
    case TURDB_TYPE_BOOL:
      return unpack_bool(in);
    case TURDB_TYPE_BLOB:
      return unpack_blob(in);
    case TURDB_TYPE_DATE:
      return unpack_date(in);
    case TURDB_TYPE_TIME:
      return unpack_time(in);
    case TURDB_TYPE_TIMESTAMP:
      return unpack_timestamp(in, Py_None);
    case TURDB_TYPE_TIMESTAMPTZ:
      return unpack_timestamp(in, PyDateTime_TimeZone_UTC);
    case TURDB_TYPE_INTERVAL:
      return unpack_interval(in);
    case TURDB_TYPE_DECIMAL:
      return unpack_text_by(in, decimal_type);
    case TURDB_TYPE_UUID:
      return unpack_uuid(in);
    case TURDB_TYPE_JSON:
    case TURDB_TYPE_JSONB:
      return unpack_json(in);
    case TURDB_TYPE_ARRAY:
      return unpack_array(in);
    case TURDB_TYPE_VECTOR:
      return unpack_vector(in);
    case TURDB_TYPE_INT8:
      return unpack_int8(in);
    case TURDB_TYPE_INT16:
      return unpack_int16(in);
    case TURDB_TYPE_INT128:
      return unpack_int128(in);
    case TURDB_TYPE_UINT8:
      return unpack_uint8(in);
    case TURDB_TYPE_UINT16:
      return unpack_uint16(in);
    case TURDB_TYPE_UINT32:
      return unpack_uint32(in);
    case TURDB_TYPE_UINT64:
      return unpack_uint64(in);
    case TURDB_TYPE_FLOAT:
      return unpack_float(in);
    default:
      return unpack_text(in); /* [C-PACKED-2] */
  }
}

PyObject* unpack_row(const uint8_t** at, const uint8_t* end, Py_ssize_t columns, ConnectionObject* connection) {
  struct unpacker in = {*at, end, connection};
  PyObject* row = PyTuple_New(columns);
  if (row == NULL) return NULL;
  for (Py_ssize_t i = 0; i < columns; ++i) {
    PyObject* value = unpack_value(&in);
    if (value == NULL) {
      Py_DECREF(row);
      return NULL;
    }
    PyTuple_SET_ITEM(row, i, value);
  }
  *at = in.at;
  return row;
}

static PyObject* imported(const char* module_name, const char* name) {
  PyObject* module = PyImport_ImportModule(module_name);
  PyObject* object = module == NULL ? NULL : PyObject_GetAttrString(module, name);
  Py_XDECREF(module);
  return object;
}

int unpack_initialize(void) {
  PyDateTime_IMPORT;
  if (PyDateTimeAPI == NULL) return -1;
  decimal_type = imported("decimal", "Decimal");
  uuid_type = imported("uuid", "UUID");
  interval_type = imported("turdb._types", "Interval");
  make_vector = imported("turdb._types", "make_vector");
  sixty_four = PyLong_FromLong(64);
  return decimal_type == NULL || uuid_type == NULL || interval_type == NULL || make_vector == NULL || sixty_four == NULL ? -1
                                                                                                                         : 0;
}
