/* Python values become packed rows, as turdb.h describes them ("Packed rows"). */

#include "module.h"

#include <datetime.h>

PyObject* adapters;
static PyObject *decimal_type, *uuid_type, *enum_type, *interval_type, *json_type;
static PyObject *name_value, *name_bytes, *name_utcoffset, *name_tolist, *name_to_bytes;

enum { MICROS_PER_SECOND = 1000000, MAX_DEPTH = 100 };

void packer_init(struct packer* packer, ConnectionObject* connection) {
  packer->data = packer->space;
  packer->size = 0;
  packer->capacity = sizeof packer->space;
  packer->on_heap = false;
  packer->connection = connection;
}

void packer_free(struct packer* packer) {
  if (packer->on_heap) PyMem_RawFree(packer->data);
  packer->data = packer->space;
  packer->capacity = sizeof packer->space;
  packer->on_heap = false;
}

static int grow(struct packer* packer, size_t more) {
  size_t capacity = packer->capacity * 2;
  while (capacity - packer->size < more) capacity *= 2;
  uint8_t* data = PyMem_RawRealloc(packer->on_heap ? packer->data : NULL, capacity);
  if (data == NULL) {
    PyErr_NoMemory();
    return -1;
  }
  if (!packer->on_heap) memcpy(data, packer->space, packer->size);
  packer->data = data;
  packer->capacity = capacity;
  packer->on_heap = true;
  return 0;
}

static inline int reserve(struct packer* packer, size_t more) {
  return packer->capacity - packer->size >= more ? 0 : grow(packer, more);
}

static inline int put_tag(struct packer* packer, int type) {
  if (reserve(packer, 1) < 0) return -1;
  packer->data[packer->size++] = (uint8_t)type;
  return 0;
}

static inline int put_fixed(struct packer* packer, int type, const void* value, size_t size) {
  if (reserve(packer, 1 + size) < 0) return -1;
  packer->data[packer->size] = (uint8_t)type;
  memcpy(packer->data + packer->size + 1, value, size);
  packer->size += 1 + size;
  return 0;
}

static int put_bytes(struct packer* packer, int type, const void* bytes, Py_ssize_t size) {
  if ((uint64_t)size > UINT32_MAX) {
    raise_named("DataError", "54000", "a value of %zd bytes is too long", size);
    return -1;
  }
  const uint32_t size32 = (uint32_t)size;
  if (reserve(packer, 5 + (size_t)size) < 0) return -1;
  packer->data[packer->size] = (uint8_t)type;
  memcpy(packer->data + packer->size + 1, &size32, 4);
  if (size != 0) memcpy(packer->data + packer->size + 5, bytes, (size_t)size);
  packer->size += 5 + (size_t)size;
  return 0;
}

static int put_str(struct packer* packer, int type, PyObject* text) {
  Py_ssize_t size;
  const char* utf8 = PyUnicode_AsUTF8AndSize(text, &size);
  return utf8 == NULL ? -1 : put_bytes(packer, type, utf8, size);
}

/* The text that str() makes of it. */
static int put_str_of(struct packer* packer, int type, PyObject* value) {
  PyObject* text = PyObject_Str(value);
  const int result = text == NULL ? -1 : put_str(packer, type, text);
  Py_XDECREF(text);
  return result;
}

static int pack_big_int(struct packer* packer, PyObject* value, int type) {
  if (type != TURDB_TYPE_DECIMAL) {
    PyObject* arguments = Py_BuildValue("(is)", 16, "little");
    PyObject* options = Py_BuildValue("{sO}", "signed", Py_True);
    PyObject* method = PyObject_GetAttr(value, name_to_bytes);
    PyObject* bytes = NULL;
    if (arguments != NULL && options != NULL && method != NULL) bytes = PyObject_Call(method, arguments, options);
    Py_XDECREF(arguments);
    Py_XDECREF(options);
    Py_XDECREF(method);
    if (bytes != NULL) {
      const int result = put_fixed(packer, TURDB_TYPE_INT128, PyBytes_AS_STRING(bytes), 16);
      Py_DECREF(bytes);
      return result;
    }
    if (!PyErr_ExceptionMatches(PyExc_OverflowError)) return -1;
    PyErr_Clear();
  }
  return put_str_of(packer, TURDB_TYPE_DECIMAL, value);
}

static int pack_int(struct packer* packer, PyObject* value) {
  int overflow = 0;
  const int64_t number = PyLong_AsLongLongAndOverflow(value, &overflow);
  if (overflow != 0) return pack_big_int(packer, value, TURDB_TYPE_INT128);
  if (number == -1 && PyErr_Occurred()) return -1;
  return put_fixed(packer, TURDB_TYPE_INT64, &number, sizeof number);
}

static int pack_double(struct packer* packer, double value) {
  return put_fixed(packer, TURDB_TYPE_DOUBLE, &value, sizeof value);
}

static int64_t days_from_civil(int year, int month, int day) {
  const int64_t y = month <= 2 ? year - 1 : year;
  const int64_t era = y / 400; /* years of Python are positive */
  const int64_t year_of_era = y - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static int64_t micros_of_day(int hour, int minute, int second, int micro) {
  return ((int64_t)(hour * 60 + minute) * 60 + second) * MICROS_PER_SECOND + micro;
}

static int64_t micros_of_delta(PyObject* delta) {
  return ((int64_t)PyDateTime_DELTA_GET_DAYS(delta) * 86400 + PyDateTime_DELTA_GET_SECONDS(delta)) * MICROS_PER_SECOND +
         PyDateTime_DELTA_GET_MICROSECONDS(delta);
}

static int pack_date(struct packer* packer, PyObject* value) {
  const int32_t days =
      (int32_t)days_from_civil(PyDateTime_GET_YEAR(value), PyDateTime_GET_MONTH(value), PyDateTime_GET_DAY(value));
  return put_fixed(packer, TURDB_TYPE_DATE, &days, sizeof days);
}

/* With an offset from UTC it is an instant, without one a timestamp of no zone. */
static int pack_datetime(struct packer* packer, PyObject* value) {
  int64_t micros = days_from_civil(PyDateTime_GET_YEAR(value), PyDateTime_GET_MONTH(value), PyDateTime_GET_DAY(value)) * 86400 *
                       MICROS_PER_SECOND +
                   micros_of_day(PyDateTime_DATE_GET_HOUR(value), PyDateTime_DATE_GET_MINUTE(value),
                                 PyDateTime_DATE_GET_SECOND(value), PyDateTime_DATE_GET_MICROSECOND(value));
  PyObject* offset = PyObject_CallMethodNoArgs(value, name_utcoffset);
  if (offset == NULL) return -1;
  const bool aware = offset != Py_None;
  if (aware) micros -= micros_of_delta(offset);
  Py_DECREF(offset);
  return put_fixed(packer, aware ? TURDB_TYPE_TIMESTAMPTZ : TURDB_TYPE_TIMESTAMP, &micros, sizeof micros);
}

static int pack_time(struct packer* packer, PyObject* value) {
  PyObject* offset = PyObject_CallMethodNoArgs(value, name_utcoffset);
  if (offset == NULL) return -1;
  const bool aware = offset != Py_None;
  Py_DECREF(offset);
  if (aware) {
    raise_named("NotSupportedError", "0A000", "a time with a time zone has no type in SQL: bind a datetime, or a time without");
    return -1;
  }
  const int64_t micros = micros_of_day(PyDateTime_TIME_GET_HOUR(value), PyDateTime_TIME_GET_MINUTE(value),
                                       PyDateTime_TIME_GET_SECOND(value), PyDateTime_TIME_GET_MICROSECOND(value));
  return put_fixed(packer, TURDB_TYPE_TIME, &micros, sizeof micros);
}

static int pack_interval(struct packer* packer, int32_t months, int32_t days, int64_t micros) {
  uint8_t parts[16];
  memcpy(parts, &months, 4);
  memcpy(parts + 4, &days, 4);
  memcpy(parts + 8, &micros, 8);
  return put_fixed(packer, TURDB_TYPE_INTERVAL, parts, sizeof parts);
}

static int pack_delta(struct packer* packer, PyObject* value) {
  const int64_t micros =
      (int64_t)PyDateTime_DELTA_GET_SECONDS(value) * MICROS_PER_SECOND + PyDateTime_DELTA_GET_MICROSECONDS(value);
  return pack_interval(packer, 0, PyDateTime_DELTA_GET_DAYS(value), micros);
}

static int pack_interval_object(struct packer* packer, PyObject* value) {
  int months, days;
  long long micros;
  PyObject* parts = PySequence_Tuple(value);
  int result = -1;
  if (parts != NULL && PyArg_ParseTuple(parts, "iiL", &months, &days, &micros)) {
    result = pack_interval(packer, months, days, micros);
  }
  Py_XDECREF(parts);
  return result;
}

static int pack_uuid(struct packer* packer, PyObject* value) {
  PyObject* bytes = PyObject_GetAttr(value, name_bytes);
  int result = -1;
  if (bytes != NULL && PyBytes_Check(bytes) && PyBytes_GET_SIZE(bytes) == 16) {
    result = put_fixed(packer, TURDB_TYPE_UUID, PyBytes_AS_STRING(bytes), 16);
  }
  Py_XDECREF(bytes);
  return result;
}

static int pack_buffer(struct packer* packer, PyObject* value) {
  Py_buffer view;
  if (PyObject_GetBuffer(value, &view, PyBUF_FULL_RO) < 0) return -1;
  int result;
  if (PyBuffer_IsContiguous(&view, 'C')) {
    result = put_bytes(packer, TURDB_TYPE_BLOB, view.buf, view.len);
  } else {
    PyObject* bytes = PyBytes_FromStringAndSize(NULL, view.len);
    result = -1;
    if (bytes != NULL && PyBuffer_ToContiguous(PyBytes_AS_STRING(bytes), &view, view.len, 'C') == 0) {
      result = put_bytes(packer, TURDB_TYPE_BLOB, PyBytes_AS_STRING(bytes), view.len);
    }
    Py_XDECREF(bytes);
  }
  PyBuffer_Release(&view);
  return result;
}

static int pack_json(struct packer* packer, PyObject* value) {
  PyObject* text = PyObject_CallOneArg(packer->connection->json_dumps, value);
  if (text == NULL) return -1;
  int result = -1;
  if (PyUnicode_Check(text)) {
    result = put_str(packer, TURDB_TYPE_JSON, text);
  } else if (PyBytes_Check(text)) {
    result = put_bytes(packer, TURDB_TYPE_JSON, PyBytes_AS_STRING(text), PyBytes_GET_SIZE(text));
  } else {
    PyErr_Format(PyExc_TypeError, "json_dumps must return str or bytes, not %.100s", Py_TYPE(text)->tp_name);
  }
  Py_DECREF(text);
  return result;
}

/* ---- arrays */

struct shape {
  int dimensions;
  uint32_t lengths[6];
};

static bool is_list(PyObject* value) {
  return PyList_Check(value) || (PyTuple_Check(value) && (PyObject*)Py_TYPE(value) != interval_type);
}

/* Appends the leaves of nested lists to `leaves`, and checks that they form a block. */
static int collect(PyObject* value, int depth, struct shape* shape, bool first, PyObject* leaves) {
  if (!is_list(value)) {
    if (depth != shape->dimensions && !(first && shape->dimensions == 0)) {
      raise_named("DataError", "2202E", "a list of lists must have lists of equal lengths to be an array");
      return -1;
    }
    return PyList_Append(leaves, value);
  }
  const Py_ssize_t length = PySequence_Size(value);
  if (length < 0) return -1;
  if (first) {
    if (depth == 6) {
      raise_named("DataError", "54000", "an array has at most 6 dimensions");
      return -1;
    }
    shape->lengths[depth] = (uint32_t)length;
    shape->dimensions = depth + 1;
  } else if (depth >= shape->dimensions || shape->lengths[depth] != (uint32_t)length) {
    raise_named("DataError", "2202E", "a list of lists must have lists of equal lengths to be an array");
    return -1;
  }
  for (Py_ssize_t i = 0; i < length; ++i) {
    PyObject* element = PySequence_GetItem(value, i);
    const int result = element == NULL ? -1 : collect(element, depth + 1, shape, first && i == 0, leaves);
    Py_XDECREF(element);
    if (result < 0) return -1;
  }
  return 0;
}

static int rank(int type) {
  switch (type) {
    case TURDB_TYPE_INT64:
      return 1;
    case TURDB_TYPE_INT128:
      return 2;
    case TURDB_TYPE_DECIMAL:
      return 3;
    case TURDB_TYPE_DOUBLE:
      return 4;
    default:
      return 0;
  }
}

/* A number as a type of a higher rank. */
static int pack_as(struct packer* packer, PyObject* value, int type) {
  if (type == TURDB_TYPE_DOUBLE) {
    const double number = PyFloat_AsDouble(value);
    return number == -1.0 && PyErr_Occurred() ? -1 : pack_double(packer, number);
  }
  if (type == TURDB_TYPE_DECIMAL) return put_str_of(packer, TURDB_TYPE_DECIMAL, value);
  return pack_big_int(packer, value, type);
}

/* Packs the leaves; *type is the one that they have in common. */
static int pack_leaves(struct packer* packer, PyObject* leaves, int* type) {
  const size_t begin = packer->size;
  bool again = false;
  *type = TURDB_TYPE_NULL;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(leaves); ++i) {
    const size_t at = packer->size;
    if (pack_value(packer, PyList_GET_ITEM(leaves, i)) < 0) return -1;
    const int tag = packer->data[at];
    if (tag == TURDB_TYPE_NULL || tag == *type) continue;
    if (*type == TURDB_TYPE_NULL) {
      *type = tag;
    } else if (rank(tag) != 0 && rank(*type) != 0) {
      again = true;
      if (rank(tag) > rank(*type)) *type = tag;
    } else {
      raise_named("DataError", "42804",
                  "the elements of a list must have one type to be an array; json.dumps makes JSON of it");
      return -1;
    }
  }
  if (*type == TURDB_TYPE_NULL) *type = TURDB_TYPE_TEXT;
  if (!again) return 0;
  packer->size = begin;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(leaves); ++i) {
    PyObject* leaf = PyList_GET_ITEM(leaves, i);
    if ((leaf == Py_None ? put_tag(packer, TURDB_TYPE_NULL) : pack_as(packer, leaf, *type)) < 0) return -1;
  }
  return 0;
}

static int pack_list(struct packer* packer, PyObject* value) {
  struct shape shape = {0, {0}};
  PyObject* leaves = PyList_New(0);
  if (leaves == NULL || Py_EnterRecursiveCall(" while packing a list")) {
    Py_XDECREF(leaves);
    return -1;
  }
  int result = collect(value, 0, &shape, true, leaves);
  Py_LeaveRecursiveCall();
  if (result == 0 && PyList_GET_SIZE(leaves) == 0) {
    /* The empty array takes any type as a text. */
    result = put_bytes(packer, TURDB_TYPE_TEXT, "{}", 2);
  } else if (result == 0) {
    const size_t begin = packer->size;
    const size_t header = 7 + 8 * (size_t)shape.dimensions;
    int type = TURDB_TYPE_TEXT;
    result = reserve(packer, header);
    if (result == 0) {
      packer->size += header;
      result = pack_leaves(packer, leaves, &type);
    }
    if (result == 0) {
      uint8_t* at = packer->data + begin;
      const uint32_t size = (uint32_t)(packer->size - begin - 5);
      at[0] = TURDB_TYPE_ARRAY;
      memcpy(at + 1, &size, 4);
      at[5] = (uint8_t)type;
      at[6] = (uint8_t)shape.dimensions;
      for (int d = 0; d < shape.dimensions; ++d) {
        const int32_t lower = 1;
        memcpy(at + 7 + 8 * d, &lower, 4);
        memcpy(at + 11 + 8 * d, &shape.lengths[d], 4);
      }
    }
  }
  Py_DECREF(leaves);
  return result;
}

/* ---- vectors */

static bool all_finite(const Py_buffer* view) {
  for (Py_ssize_t i = 0; i < view->shape[0]; ++i) {
    if (view->itemsize == 4) {
      uint32_t bits;
      memcpy(&bits, (const char*)view->buf + 4 * i, 4);
      if ((bits >> 23 & 0xff) == 0xff) return false; /* NaN or an infinity */
    } else {
      uint16_t bits;
      memcpy(&bits, (const char*)view->buf + 2 * i, 2);
      if ((bits >> 10 & 0x1f) == 0x1f) return false;
    }
  }
  return true;
}

/* One row of floats or halves, as numpy and array.array have them, is a vector. Sets *taken when it is. */
static int pack_vector(struct packer* packer, PyObject* value, bool* taken) {
  Py_buffer view;
  *taken = false;
  if (PyObject_GetBuffer(value, &view, PyBUF_FORMAT | PyBUF_C_CONTIGUOUS) < 0) {
    PyErr_Clear();
    return 0;
  }
  const char* format = view.format == NULL                              ? ""
                       : view.format[0] == '<' || view.format[0] == '=' ? view.format + 1
                                                                        : view.format;
  const bool floats = strcmp(format, "f") == 0 && view.itemsize == 4, halves = strcmp(format, "e") == 0 && view.itemsize == 2;
  int result = 0;
  if ((floats || halves) && view.ndim == 1 && view.shape[0] >= 1 && view.shape[0] <= 65535 && all_finite(&view)) {
    const uint32_t size = (uint32_t)view.len + 1;
    *taken = true;
    result = reserve(packer, 5 + (size_t)size);
    if (result == 0) {
      uint8_t* at = packer->data + packer->size;
      at[0] = TURDB_TYPE_VECTOR;
      memcpy(at + 1, &size, 4);
      at[5] = floats ? TURDB_VECTOR_FLOAT32 : TURDB_VECTOR_FLOAT16;
      memcpy(at + 6, view.buf, (size_t)view.len);
      packer->size += 5 + (size_t)size;
    }
  }
  PyBuffer_Release(&view);
  return result;
}

/* ---- values */

/* What an adapter of its class, or of one that it derives from, makes of the value. Sets *found to NULL when there is none. */
static int adapt(PyObject* value, PyObject** found) {
  *found = NULL;
  if (PyDict_GET_SIZE(adapters) == 0) return 0;
  PyObject* mro = Py_TYPE(value)->tp_mro;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(mro); ++i) {
    PyObject* adapter = PyDict_GetItemWithError(adapters, PyTuple_GET_ITEM(mro, i));
    if (adapter == NULL) {
      if (PyErr_Occurred()) return -1;
      continue;
    }
    Py_INCREF(adapter);
    *found = PyObject_CallOneArg(adapter, value);
    Py_DECREF(adapter);
    return *found == NULL ? -1 : 0;
  }
  return 0;
}

static int is_instance(PyObject* value, PyObject* type) {
  return (PyObject*)Py_TYPE(value) == type || PyType_IsSubtype(Py_TYPE(value), (PyTypeObject*)type);
}

/* Packs what `made` is, which code of users made of a value. Takes the reference. */
static int pack_made(struct packer* packer, PyObject* made) {
  int result = -1;
  if (made != NULL && Py_EnterRecursiveCall(" while adapting a parameter") == 0) {
    result = pack_value(packer, made);
    Py_LeaveRecursiveCall();
  }
  Py_XDECREF(made);
  return result;
}

static int pack_other(struct packer* packer, PyObject* value) {
  PyObject* made;
  if (adapt(value, &made) < 0) return -1;
  if (made != NULL) return pack_made(packer, made);
  if (is_instance(value, enum_type)) return pack_made(packer, PyObject_GetAttr(value, name_value));
  if (PyUnicode_Check(value)) return put_str(packer, TURDB_TYPE_TEXT, value);
  if (PyLong_Check(value)) return pack_int(packer, value);
  if (PyFloat_Check(value)) return pack_double(packer, PyFloat_AS_DOUBLE(value));
  if (is_instance(value, interval_type)) return pack_interval_object(packer, value);
  if (is_instance(value, json_type)) {
    PyObject* wrapped = PyObject_GetAttr(value, name_value);
    const int result = wrapped == NULL ? -1 : pack_json(packer, wrapped);
    Py_XDECREF(wrapped);
    return result;
  }
  if (is_list(value)) return pack_list(packer, value);
  if (PyDict_Check(value)) return pack_json(packer, value);
  if (PyBytes_Check(value) || PyByteArray_Check(value) || PyMemoryView_Check(value)) return pack_buffer(packer, value);
  if (is_instance(value, decimal_type)) return put_str_of(packer, TURDB_TYPE_DECIMAL, value);
  if (PyDateTime_Check(value)) return pack_datetime(packer, value);
  if (PyDate_Check(value)) return pack_date(packer, value);
  if (PyTime_Check(value)) return pack_time(packer, value);
  if (PyDelta_Check(value)) return pack_delta(packer, value);
  if (is_instance(value, uuid_type)) return pack_uuid(packer, value);
  if (PyObject_CheckBuffer(value)) {
    bool taken;
    const int result = pack_vector(packer, value, &taken);
    if (taken || result < 0) return result;
  }
  /* Arrays and numbers of numpy know what they are in Python. */
  PyObject* method = PyObject_GetAttr(value, name_tolist);
  if (method == NULL) {
    PyErr_Clear();
  } else {
    made = PyObject_CallNoArgs(method);
    Py_DECREF(method);
    if (made != NULL && Py_TYPE(made) != Py_TYPE(value)) return pack_made(packer, made);
    Py_XDECREF(made);
    if (PyErr_Occurred()) return -1;
  }
  if (PyIndex_Check(value)) return pack_made(packer, PyNumber_Index(value));
  raise_named("ProgrammingError", "07006", "a parameter of type %.200s cannot be bound; register_adapter says how",
              Py_TYPE(value)->tp_name);
  return -1;
}

int pack_value(struct packer* packer, PyObject* value) {
  if (value == Py_None) return put_tag(packer, TURDB_TYPE_NULL);
  if (PyLong_CheckExact(value)) return pack_int(packer, value);
  if (PyUnicode_CheckExact(value)) return put_str(packer, TURDB_TYPE_TEXT, value);
  if (PyFloat_CheckExact(value)) return pack_double(packer, PyFloat_AS_DOUBLE(value));
  if (PyBool_Check(value)) {
    const uint8_t byte = value == Py_True;
    return put_fixed(packer, TURDB_TYPE_BOOL, &byte, 1);
  }
  if (PyBytes_CheckExact(value)) return put_bytes(packer, TURDB_TYPE_BLOB, PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value));
  return pack_other(packer, value);
}

/* ---- rows */

static int wrong_count(StatementObject* statement, Py_ssize_t given) {
  raise_named("ProgrammingError", "07001", "the statement has %zd parameter%s, and %zd %s given", statement->parameters,
              statement->parameters == 1 ? "" : "s", given, given == 1 ? "was" : "were");
  return -1;
}

static int pack_mapping(struct packer* packer, StatementObject* statement, PyObject* parameters) {
  for (Py_ssize_t i = 0; i < statement->parameters; ++i) {
    PyObject* name = PyTuple_GET_ITEM(statement->names, i);
    if (name == Py_None) {
      raise_named("ProgrammingError", "07001", "parameter %zd has no name, so it cannot come from a mapping", i + 1);
      return -1;
    }
    PyObject* value = PyObject_GetItem(parameters, name);
    if (value == NULL) {
      if (PyErr_ExceptionMatches(PyExc_LookupError)) {
        PyErr_Clear();
        raise_named("ProgrammingError", "07001", "there is no value for parameter :%U", name);
      }
      return -1;
    }
    const int result = pack_value(packer, value);
    Py_DECREF(value);
    if (result < 0) return -1;
  }
  return 0;
}

int pack_row(struct packer* packer, StatementObject* statement, PyObject* parameters) {
  if (PyTuple_CheckExact(parameters)) {
    const Py_ssize_t count = PyTuple_GET_SIZE(parameters);
    if (count != statement->parameters) return wrong_count(statement, count);
    for (Py_ssize_t i = 0; i < count; ++i) {
      if (pack_value(packer, PyTuple_GET_ITEM(parameters, i)) < 0) return -1;
    }
    return 0;
  }
  if (PyDict_Check(parameters) || (!PyList_CheckExact(parameters) && PyObject_HasAttrString(parameters, "keys"))) {
    return pack_mapping(packer, statement, parameters);
  }
  if (PyUnicode_Check(parameters) || !PySequence_Check(parameters)) {
    raise_named("ProgrammingError", "07001", "parameters are a sequence or a mapping, not %.200s",
                Py_TYPE(parameters)->tp_name);
    return -1;
  }
  const Py_ssize_t count = PySequence_Size(parameters);
  if (count < 0) return -1;
  if (count != statement->parameters) return wrong_count(statement, count);
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* value = PySequence_GetItem(parameters, i);
    const int result = value == NULL ? -1 : pack_value(packer, value);
    Py_XDECREF(value);
    if (result < 0) return -1;
  }
  return 0;
}

static PyObject* imported(const char* module_name, const char* name) {
  PyObject* module = PyImport_ImportModule(module_name);
  PyObject* object = module == NULL ? NULL : PyObject_GetAttrString(module, name);
  Py_XDECREF(module);
  return object;
}

int pack_initialize(void) {
  PyDateTime_IMPORT;
  if (PyDateTimeAPI == NULL) return -1;
  adapters = PyDict_New();
  decimal_type = imported("decimal", "Decimal");
  uuid_type = imported("uuid", "UUID");
  enum_type = imported("enum", "Enum");
  interval_type = imported("turdb._types", "Interval");
  json_type = imported("turdb._types", "Json");
  name_value = PyUnicode_InternFromString("value");
  name_bytes = PyUnicode_InternFromString("bytes");
  name_utcoffset = PyUnicode_InternFromString("utcoffset");
  name_tolist = PyUnicode_InternFromString("tolist");
  name_to_bytes = PyUnicode_InternFromString("to_bytes");
  return adapters == NULL || decimal_type == NULL || uuid_type == NULL || enum_type == NULL || interval_type == NULL ||
                 json_type == NULL || name_value == NULL || name_bytes == NULL || name_utcoffset == NULL ||
                 name_tolist == NULL || name_to_bytes == NULL
             ? -1
             : 0;
}
