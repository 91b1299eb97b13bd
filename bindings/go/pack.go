package turdb

/*
#include "shim.h"
*/
import "C"

import (
	"database/sql/driver"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"time"
)

// Packed rows (docs/packed.md), written.

func le32(out []byte, value uint32) []byte { return binary.LittleEndian.AppendUint32(out, value) }
func le64(out []byte, value uint64) []byte { return binary.LittleEndian.AppendUint64(out, value) }

func sized(out []byte, kind byte, value []byte) []byte {
	return append(le32(append(out, kind), uint32(len(value))), value...)
}

func sizedString(out []byte, kind byte, value string) []byte {
	return append(le32(append(out, kind), uint32(len(value))), value...)
}

func packInt(out []byte, value int64) []byte {
	return le64(append(out, C.TURDB_TYPE_INT64), uint64(value))
}

// pack appends a value as a packed one.
func pack(out []byte, value any) ([]byte, error) {
	switch value := value.(type) {
	case nil:
		return append(out, C.TURDB_TYPE_NULL), nil
	case int64:
		return packInt(out, value), nil
	case int:
		return packInt(out, int64(value)), nil
	case string:
		return packText(out, C.TURDB_TYPE_TEXT, value)
	case float64:
		return le64(append(out, C.TURDB_TYPE_DOUBLE), math.Float64bits(value)), nil
	case bool:
		if value {
			return append(out, C.TURDB_TYPE_BOOL, 1), nil
		}
		return append(out, C.TURDB_TYPE_BOOL, 0), nil
	case []byte:
		if value == nil {
			return append(out, C.TURDB_TYPE_NULL), nil
		}
		if err := checkSize(len(value)); err != nil {
			return out, err
		}
		return sized(out, C.TURDB_TYPE_BLOB, value), nil
	case time.Time:
		return packTime(out, value)
	case []float32:
		return packFloats(out, value)
	}
	return packOther(out, value)
}

// A packed size has 32 bits.
func checkSize(size int) error {
	if size > math.MaxInt32 {
		return &Error{Code: ErrLimit, State: "54000", Position: -1,
			Message: fmt.Sprintf("a value of %d bytes is too long: the limit is %d", size, math.MaxInt32)}
	}
	return nil
}

func packText(out []byte, kind byte, value string) ([]byte, error) {
	if err := checkSize(len(value)); err != nil {
		return out, err
	}
	return sizedString(out, kind, value), nil
}

// packOther packs what is less common.
func packOther(out []byte, value any) ([]byte, error) {
	switch value := value.(type) {
	case float32:
		return le32(append(out, C.TURDB_TYPE_FLOAT), math.Float32bits(value)), nil
	case uint64:
		return le64(append(out, C.TURDB_TYPE_UINT64), value), nil
	case Date:
		return le32(append(out, C.TURDB_TYPE_DATE), uint32(value)), nil
	case Timestamp:
		return le64(append(out, C.TURDB_TYPE_TIMESTAMP), uint64(value)), nil
	case TimeOfDay:
		return le64(append(out, C.TURDB_TYPE_TIME), uint64(value)), nil
	case Interval:
		out = le32(append(out, C.TURDB_TYPE_INTERVAL), uint32(value.Months))
		return le64(le32(out, uint32(value.Days)), uint64(value.Micros)), nil
	case Infinity:
		return packText(out, C.TURDB_TYPE_TEXT, string(value))
	case Decimal:
		return packText(out, C.TURDB_TYPE_DECIMAL, string(value))
	case JSON:
		return packText(out, C.TURDB_TYPE_JSON, string(value))
	case json.RawMessage:
		if value == nil {
			return append(out, C.TURDB_TYPE_NULL), nil
		}
		return packText(out, C.TURDB_TYPE_JSON, string(value))
	case UUID:
		return append(append(out, C.TURDB_TYPE_UUID), value[:]...), nil
	case *big.Int:
		return packBig(out, value), nil
	case HalfVector:
		return packHalves(out, value)
	case []int8:
		return packInt8s(out, value)
	case BitVector:
		return packBits(out, value)
	}
	normal, err := normalise(value)
	if err != nil {
		return out, err
	}
	if reflect.TypeOf(normal) != reflect.TypeOf(value) {
		return pack(out, normal)
	}
	if kind := reflect.ValueOf(normal).Kind(); kind == reflect.Slice || kind == reflect.Array {
		return packArray(out, normal)
	}
	return out, unsupported(value)
}

func unsupported(value any) error {
	return &Error{Code: ErrData, State: "42804", Position: -1, Message: fmt.Sprintf("a value of type %T cannot be a parameter", value)}
}

// decimalNumber is what packages for decimal numbers have in common.
type decimalNumber interface {
	fmt.Stringer
	Coefficient() *big.Int
	Exponent() int32
}

var (
	valuerType = reflect.TypeFor[driver.Valuer]()
	bytesOf16  = reflect.TypeFor[[16]byte]()
)

// normalise makes a value of a type that pack knows by name of any other; slices stay what they are.
func normalise(value any) (any, error) {
	switch v := value.(type) {
	case nil, int64, int, string, float64, bool, []byte, time.Time, []float32, float32, uint64, Date, Timestamp, TimeOfDay, Interval,
		Infinity, Decimal, JSON, json.RawMessage, UUID, HalfVector, []int8, BitVector:
		return value, nil
	case *big.Int:
		if v == nil {
			return nil, nil
		}
		return value, nil
	case decimalNumber:
		if reflected := reflect.ValueOf(value); reflected.Kind() == reflect.Pointer && reflected.IsNil() {
			return nil, nil
		}
		return Decimal(v.String()), nil
	}
	reflected := reflect.ValueOf(value)
	if reflected.Kind() == reflect.Array && reflected.Type().ConvertibleTo(bytesOf16) {
		return UUID(reflected.Convert(bytesOf16).Interface().([16]byte)), nil
	}
	if valuer, ok := value.(driver.Valuer); ok {
		// As database/sql: a nil pointer whose type has the method by its element is NULL.
		if reflected.Kind() == reflect.Pointer && reflected.IsNil() && reflected.Type().Elem().Implements(valuerType) {
			return nil, nil
		}
		inner, err := valuer.Value()
		if err != nil {
			return nil, err
		}
		if _, again := inner.(driver.Valuer); again {
			return nil, unsupported(value)
		}
		return normalise(inner)
	}
	switch reflected.Kind() {
	case reflect.Pointer:
		if reflected.IsNil() {
			return nil, nil
		}
		return normalise(reflected.Elem().Interface())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return reflected.Int(), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		if number := reflected.Uint(); number <= math.MaxInt64 {
			return int64(number), nil
		} else {
			return number, nil
		}
	case reflect.Float32:
		return float32(reflected.Float()), nil
	case reflect.Float64:
		return reflected.Float(), nil
	case reflect.Bool:
		return reflected.Bool(), nil
	case reflect.String:
		return reflected.String(), nil
	case reflect.Slice:
		switch reflected.Type().Elem().Kind() { // of named types: json.RawMessage was above
		case reflect.Uint8:
			return reflected.Bytes(), nil
		case reflect.Float32:
			return reflected.Convert(reflect.TypeFor[[]float32]()).Interface(), nil
		case reflect.Int8:
			return reflected.Convert(reflect.TypeFor[[]int8]()).Interface(), nil
		}
		if reflected.IsNil() {
			return nil, nil
		}
		return value, nil
	case reflect.Array:
		return value, nil
	}
	return nil, unsupported(value)
}

func packTime(out []byte, value time.Time) ([]byte, error) {
	// Where microseconds in 64 bits end, and TurDB's timestamps do.
	if year := value.Year(); year < -4713 || year > 294276 {
		return out, dataError("22008", "the year %d is outside of the range of timestamps", year)
	}
	return le64(append(out, C.TURDB_TYPE_TIMESTAMPTZ), uint64(value.UnixMicro())), nil
}

func packBig(out []byte, value *big.Int) []byte {
	if value == nil {
		return append(out, C.TURDB_TYPE_NULL)
	}
	limit := new(big.Int).Lsh(big.NewInt(1), 127)
	if value.Cmp(limit) >= 0 || value.Cmp(limit.Neg(limit)) < 0 {
		return sizedString(out, C.TURDB_TYPE_DECIMAL, value.String())
	}
	low := new(big.Int).And(value, new(big.Int).SetUint64(math.MaxUint64)).Uint64()
	high := new(big.Int).Rsh(value, 64).Int64()
	return le64(le64(append(out, C.TURDB_TYPE_INT128), low), uint64(high))
}

func packVectorHead(out []byte, kind byte, size int) []byte {
	return append(le32(append(out, C.TURDB_TYPE_VECTOR), uint32(size+1)), kind)
}

func packFloats(out []byte, values []float32) ([]byte, error) {
	if values == nil {
		return append(out, C.TURDB_TYPE_NULL), nil
	}
	out = packVectorHead(out, C.TURDB_VECTOR_FLOAT32, 4*len(values))
	for _, value := range values {
		out = le32(out, math.Float32bits(value))
	}
	return out, nil
}

func packHalves(out []byte, values HalfVector) ([]byte, error) {
	if values == nil {
		return append(out, C.TURDB_TYPE_NULL), nil
	}
	out = packVectorHead(out, C.TURDB_VECTOR_FLOAT16, 2*len(values))
	for i, value := range values {
		half := floatToHalf(value)
		if half&0x7c00 == 0x7c00 && !math.IsInf(float64(value), 0) && value == value {
			return out, dataError("22003", "element %d of the vector, %g, is too large for 16 bits", i+1, value)
		}
		out = binary.LittleEndian.AppendUint16(out, half)
	}
	return out, nil
}

func packInt8s(out []byte, values []int8) ([]byte, error) {
	if values == nil {
		return append(out, C.TURDB_TYPE_NULL), nil
	}
	out = packVectorHead(out, C.TURDB_VECTOR_INT8, len(values))
	for _, value := range values {
		out = append(out, byte(value))
	}
	return out, nil
}

func packBits(out []byte, values BitVector) ([]byte, error) {
	if values == nil {
		return append(out, C.TURDB_TYPE_NULL), nil
	}
	if len(values) == 0 {
		return out, dataError("22000", "a vector needs at least one element")
	}
	bytes := make([]byte, (len(values)+7)/8)
	for i, value := range values {
		if value {
			bytes[i/8] |= 1 << (i % 8)
		}
	}
	out = packVectorHead(out, C.TURDB_VECTOR_BIT, len(bytes)+1)
	return append(append(out, bytes...), byte((len(values)-1)%8+1)), nil
}

// floatToHalf rounds to the nearest, ties to even.
func floatToHalf(value float32) uint16 {
	bits := math.Float32bits(value)
	sign, magnitude := uint16(bits>>16&0x8000), bits&0x7fffffff
	switch {
	case magnitude > 0x7f800000: // NaN
		return sign | 0x7e00
	case magnitude >= 0x47800000: // beyond the largest
		return sign | 0x7c00
	case magnitude < 0x38800000: // subnormal: a multiple of 2^-24
		return sign | uint16(math.RoundToEven(float64(math.Float32frombits(magnitude))*(1<<24)))
	}
	magnitude += 0xfff + magnitude>>13&1
	return sign | uint16((magnitude-0x38000000)>>13)
}

// packArray packs a slice or array, nested for more dimensions, as an array of SQL.
func packArray(out []byte, value any) ([]byte, error) {
	lengths := []int{}
	for level := reflect.ValueOf(value); ; {
		lengths = append(lengths, level.Len())
		if level.Len() == 0 {
			break
		}
		inner := level.Index(0)
		if inner.Kind() == reflect.Interface {
			inner = inner.Elem()
		}
		if !isNested(inner) {
			break
		}
		level = inner
	}
	body := []byte{C.TURDB_TYPE_TEXT, byte(len(lengths))}
	if lengths[len(lengths)-1] == 0 {
		return sized(out, C.TURDB_TYPE_ARRAY, []byte{C.TURDB_TYPE_TEXT, 0}), nil
	}
	if len(lengths) > 6 {
		return out, dataError("54000", "an array has at most 6 dimensions")
	}
	for _, length := range lengths {
		body = le32(le32(body, 1), uint32(length))
	}
	body, err := packBlock(body, reflect.ValueOf(value), lengths)
	if err != nil {
		return out, err
	}
	if err := checkSize(len(body)); err != nil {
		return out, err
	}
	return sized(out, C.TURDB_TYPE_ARRAY, body), nil
}

// isNested tells a dimension from an element: a []byte is an element, and so is a UUID.
func isNested(value reflect.Value) bool {
	if !value.IsValid() || value.Kind() != reflect.Slice && value.Kind() != reflect.Array {
		return false
	}
	if value.Type().Implements(valuerType) || value.Kind() == reflect.Array && value.Type().ConvertibleTo(bytesOf16) {
		return false
	}
	return value.Type().Elem().Kind() != reflect.Uint8
}

func packBlock(body []byte, block reflect.Value, lengths []int) ([]byte, error) {
	if block.Len() != lengths[0] {
		return body, dataError("2202E", "an array's parts must have the same length: one has %d elements, another %d", lengths[0],
			block.Len())
	}
	for i := range block.Len() {
		element := block.Index(i)
		if element.Kind() == reflect.Interface {
			element = element.Elem()
		}
		if nested := isNested(element); nested != (len(lengths) > 1) {
			return body, dataError("2202E", "an array's parts must all be arrays, or none of them")
		} else if nested {
			var err error
			if body, err = packBlock(body, element, lengths[1:]); err != nil {
				return body, err
			}
			continue
		}
		var value any
		if element.IsValid() {
			value = element.Interface()
		}
		at := len(body)
		var err error
		if body, err = pack(body, value); err != nil {
			return body, err
		}
		if body, err = takeElementType(body, at); err != nil {
			return body, err
		}
	}
	return body, nil
}

// takeElementType makes the type of the element at `at` that of the array, or checks that it is.
func takeElementType(body []byte, at int) ([]byte, error) {
	kind := body[at]
	if kind == C.TURDB_TYPE_NULL {
		return body, nil
	}
	head := 2 + 8*int(body[1])
	first := body[0] == C.TURDB_TYPE_TEXT && kind != C.TURDB_TYPE_TEXT
	for i := head; first && i < at; i++ {
		first = body[i] == C.TURDB_TYPE_NULL // each a byte
	}
	if first {
		body[0] = kind
	}
	if body[0] != kind {
		return body, dataError("42804", "the elements of an array must all have one type")
	}
	return body, nil
}
